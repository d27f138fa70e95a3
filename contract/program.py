"""The program itself: built from this tree, and running."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def build(directory):
    """Builds the program in the directory and returns its path."""
    binary = directory / "panal"
    if subprocess.run(["go", "build", "-o", binary, "."], cwd=ROOT).returncode != 0:
        sys.exit("the program could not be built")
    return binary


def settings(directory, database_url):
    """The environment of every command on this database."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PANAL_", "DATABASE_URL"))}
    return environment | {
        "DATABASE_URL": database_url,
        "PANAL_DATA_DIR": str(directory / "data"),
        "PANAL_ADDR": "127.0.0.1:0",
        "PANAL_RATE_LIMIT": "off",
        "PANAL_DEMO": "true",
    }


def other_key(binary, directory, database_url):
    """A key of a new company, beside the demo one."""
    def made(*command):
        done = subprocess.run([binary, *command, "--json"], env=settings(directory, database_url), stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=True)
        return json.loads(done.stdout)

    company = made("company", "create", "--environment", "test", "--legal-name", "Otra S.L.", "--nif", "B12345674")
    return made("key", "create", "--company", company["id"], "--name", "other", "--scopes", "all")["key"]


@contextlib.contextmanager
def panal(binary, directory, database_url):
    """A running server's address and the key of its demo company."""
    environment = settings(directory, database_url)
    with open(directory / "log", "w") as log:
        server = subprocess.Popen([binary, "serve"], env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        # The greeting comes once it listens: the key first, the address in the example beneath.
        key = address = None
        while not (key and address):
            line = server.stdout.readline()
            if not line:
                sys.exit(f"panal did not start:\n{(directory / 'log').read_text()}")
            key = key or next(iter(re.findall(r"beel_sk_test_\w+", line)), None)
            address = address or next(iter(re.findall(r"http://[^/]+/api", line)), None)
        yield address, key
    finally:
        server.terminate()
        if server.wait(timeout=60) != 0:
            sys.exit(f"panal ended with status {server.returncode}")
