"""Holds the program against its contract: builds it, starts it on SQLite and on
PostgreSQL, and lets schemathesis loose on each, with a key and without.

    run.py [--cases N]

With --cases there are about as many requests, of a seed that is drawn and printed;
without, three short runs on each database.
"""

import argparse
import contextlib
import os
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import databases

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent


@contextlib.contextmanager
def panal(binary, directory, database_url):
    """A running server's address and the key of its demo company."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PANAL_", "DATABASE_URL"))}
    environment |= {
        "DATABASE_URL": database_url,
        "PANAL_DATA_DIR": str(directory / "data"),
        "PANAL_ADDR": "127.0.0.1:0",
        "PANAL_RATE_LIMIT": "off",
        "PANAL_DEMO": "true",
    }
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


def explore(name, directory, address, key, seed, examples):
    """Runs schemathesis once, prints one line, and all it said if it failed."""
    command = [
        pathlib.Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml",
        "run", ROOT / "openapi.yaml", "--url", address, "--seed", str(seed), "--max-examples", str(examples), "--no-color",
    ]
    environment = os.environ | {"PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1", "PANAL_CONTRACT_URL": address}
    environment.pop("PANAL_CONTRACT_KEY", None)
    if key:
        environment["PANAL_CONTRACT_KEY"] = key
        command += ["--header", f"Authorization: Bearer {key}"]
    else:
        # To be refused everywhere is what this run is about.
        command += ["--warnings", "off"]
    begin = time.monotonic()
    done = subprocess.run(command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    cases = re.search(r"^ +(\d+) generated", done.stdout, re.MULTILINE)
    number = int(cases[1]) if cases else 0
    passed = done.returncode == 0 and number > 0
    who = "with a key" if key else "without one"
    print(f"{name:10}  seed {seed:<10}  {who:11}  {number:7} cases  {time.monotonic() - begin:4.0f} s  "
          f"{'ok' if passed else 'FAILED'}", flush=True)
    if not passed:
        print(done.stdout, flush=True)
    return number, passed


def explore_all(name, binary, seeds, examples):
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="panal-contract-")))
        database_url = stack.enter_context(databases.postgres()) if name == "PostgreSQL" else ""
        address, key = stack.enter_context(panal(binary, directory, database_url))
        results = [explore(name, directory, address, key, seed, examples) for seed in seeds]
        # Nobody gets past the key, so a few examples say it all.
        results.append(explore(name, directory, address, None, seeds[0], 10))
        return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int)
    options = parser.parse_args()
    seeds, examples = [1, 2, 3], 40
    if options.cases:
        paths = (ROOT / "openapi.yaml").read_text().partition("\ncomponents:")[0]
        operations = paths.count("operationId:")
        seeds, examples = [secrets.randbelow(10**9)], max(1, options.cases // (2 * operations))
    with tempfile.TemporaryDirectory(prefix="panal-contract-") as directory:
        binary = pathlib.Path(directory) / "panal"
        subprocess.run(["go", "build", "-o", binary, "."], cwd=ROOT, check=True)
        with ThreadPoolExecutor() as pool:
            databases_tried = pool.map(lambda name: explore_all(name, binary, seeds, examples), ["SQLite", "PostgreSQL"])
            results = [result for results in databases_tried for result in results]
    failed = sum(not passed for _, passed in results)
    print(f"{sum(number for number, _ in results)} cases in {len(results)} runs, {failed} of them failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
