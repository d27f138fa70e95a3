"""One run of schemathesis against a server."""

import os
import pathlib
import subprocess
import sys

from program import ROOT

HERE = pathlib.Path(__file__).resolve().parent


def explore(directory, address, key, *arguments, **settings):
    """What schemathesis printed and whether it was content.

    The settings go to the hooks as variables PANAL_CONTRACT_…; url is where these
    make what they need, if that is not the address under test.
    """
    command = [
        pathlib.Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml",
        "run", ROOT / "openapi.yaml", "--url", address, "--no-color", *arguments,
    ]
    settings = {"url": address} | settings
    if key:
        command += ["--header", f"Authorization: Bearer {key}"]
        settings["key"] = key
    else:
        # To be refused everywhere is what this run is about.
        command += ["--warnings", "off"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PANAL_")}
    environment |= {"PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {f"PANAL_CONTRACT_{name.upper()}": str(value) for name, value in settings.items()}
    done = subprocess.run(command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout, done.returncode == 0
