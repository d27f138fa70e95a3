#!/usr/bin/env python3
"""Makes clients from openapi.yaml with the generators that people use, and lets each
of them tell the same story to a running program.

    run.py generate [client...]
    run.py test [client...]

A client is a folder beside this file. Its programs "generate", "run" and "names" make
it, compile it and tell its story, and list the names that it gives to programmers;
those have to be the kept ones of names.txt. A test of everything also runs what
docs/quickstart.md has for copying.
"""

import argparse
import contextlib
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import quickstart

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "contract"))
from program import build, panal  # noqa: E402  found by the line above

QUICKSTART = "quickstart-"

# What generators call things that the contract has no name for.
MADE_UP = re.compile(r"Inline|Anonymous|AllOf|AnyOf|OneOf|Inner\b|(Data|Model|Object|Response|Type)\d+\b")


class Failed(Exception):
    """Carries what the failed step said."""


def command(arguments, directory=HERE, **variables):
    """Runs a program and returns what it printed. Settings of a server of the caller's stay out."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PANAL_")} | variables
    done = subprocess.run(arguments, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failed(f"{pathlib.Path(arguments[0]).name} ended with status {done.returncode}:\n{done.stdout}")
    return done.stdout


@contextlib.contextmanager
def server(binary):
    """A server of one's own, as address and key, so that stories do not disturb each other."""
    with tempfile.TemporaryDirectory(prefix="panal-sdk-") as directory:
        with panal(binary, pathlib.Path(directory), "") as (address, key):
            yield address, key


def generate(client):
    command([HERE / client / "generate"])


def tell_story(client, binary):
    with server(binary) as (address, key):
        command([HERE / client / "run"], PANAL_URL=address, PANAL_KEY=key)


def check_names(client):
    names = command([HERE / client / "names"]).splitlines()
    if made_up := [name for name in names if MADE_UP.search(name)]:
        raise Failed("\n".join(["the contract should give these a name:", *made_up]))
    kept = HERE / client / "names.txt"
    known = kept.read_text().splitlines() if kept.exists() else []
    if names != known:
        raise Failed("\n".join([f"other names than in {kept}; if they are meant, keep what ./names prints:",
                                *difflib.unified_diff(known, names, "kept", "generated", n=0, lineterm="")]))


def steps(job, action, binary):
    """What there is to do for a job: pairs of a word and a function."""
    if job.startswith(QUICKSTART):
        return [("copy and run", lambda: copy_and_run(job.removeprefix(QUICKSTART), binary))]
    wanted = [("generate", lambda: generate(job))]
    if action == "test":
        wanted += [("story", lambda: tell_story(job, binary)), ("names", lambda: check_names(job))]
    return wanted


def copy_and_run(language, binary):
    """What a newcomer does: paste the block into a shell in an empty directory."""
    with server(binary) as (address, key), tempfile.TemporaryDirectory(prefix="panal-quickstart-") as directory:
        said = command(["bash", "-euc", quickstart.blocks()[language]], directory,
                       PANAL_URL=address.removesuffix("/api"), PANAL_KEY=key)
        request = urllib.request.Request(f"{address}/v1/customers", headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request) as answer:
            customers = json.load(answer)["data"]["customers"]
    if not any(customer["id"] in said for customer in customers):
        raise Failed(f"printed the id of no customer that is there:\n{said}")


def work(job, action, binary):
    """Does a job, prints one line and, if it failed, all it said."""
    times, complaint = [], None
    for name, step in steps(job, action, binary):
        begin = time.monotonic()
        try:
            step()
        except (Failed, OSError) as failure:
            complaint = f"{name}: {failure}"
        times.append(f"{name} {time.monotonic() - begin:.0f} s")
        if complaint:
            break
    line = f"{job:22}  {'FAILED' if complaint else 'ok':6}  {', '.join(times)}"
    print(f"{line}\n{complaint}" if complaint else line, flush=True)
    return complaint is None


def main():
    clients = sorted(path.parent.name for path in HERE.glob("*/generate"))
    quickstarts = [QUICKSTART + language for language in quickstart.blocks()]
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["generate", "test"])
    parser.add_argument("clients", nargs="*", metavar="client", help=", ".join(clients + quickstarts))
    options = parser.parse_args()
    jobs = options.clients or (clients + quickstarts if options.action == "test" else clients)
    if unknown := set(jobs) - set(clients + quickstarts):
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="panal-sdk-") as directory:
        binary = build(pathlib.Path(directory)) if options.action == "test" else None
        with ThreadPoolExecutor(max_workers=2) as pool:
            passed = list(pool.map(lambda job: work(job, options.action, binary), jobs))
    print(f"{len(jobs)} of {len(clients) + len(quickstarts)}, {passed.count(False)} failed, "
          f"{time.monotonic() - begin:.0f} s")
    sys.exit(not all(passed))


if __name__ == "__main__":
    main()
