"""Holds that the gate notices faults: lets schemathesis loose on the program with one
fault at a time between the two, and wants the one check that is there for it to fail.

Without a fault every check has to pass, and every check that ran needs a fault of its own.

    mutants.py [NAME...]
"""

import contextlib
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from explore import explore
from program import ROOT, build, other_key, panal

# Checks that no fault can reach, with the reason.
IDLE = {
    "missing_required_header": "no operation requires a header besides the key",
    "object_level_authorization": "it takes several identities of one run; strangers_find_nothing does the same",
    "LivesAreCounted": "it only counts; run.py judges",
}


@contextlib.contextmanager
def spoiled(proxy, upstream, key, name):
    """The address of a proxy with the fault; it ends when its standard input does."""
    server = upstream.removesuffix("/api")
    process = subprocess.Popen([proxy, "-upstream", server, "-key", key, "-mutant", name],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()
        if not address:
            sys.exit(f"{name} did not start")
        yield f"{address}/api"
    finally:
        process.stdin.close()
        process.wait(timeout=60)


def tried(binary, proxy, mutant, examples):
    """What schemathesis printed, and the outcomes of all checks as pairs of name and status."""
    with tempfile.TemporaryDirectory(prefix="panal-mutant-") as directory:
        directory = pathlib.Path(directory)
        with panal(binary, directory, "") as (server, key), spoiled(proxy, server, key, mutant.get("name", "")) as address:
            arguments = ["--seed", "1", "--max-examples", str(examples), "--no-shrink", "--report-ndjson-path", directory / "events"]
            for operation in mutant.get("operations", []):
                arguments += ["--include-operation-id", operation]
            if mutant:
                arguments += ["--phases", mutant.get("phase", "fuzzing")]
            output, content = explore(directory, address, None if mutant.get("keyless") else key, *arguments,
                                      url=server, stranger=other_key(binary, directory, ""))
        outcomes = {
            (check["name"], check["status"])
            for event in map(json.loads, open(directory / "events"))
            for checks in event.get("ScenarioFinished", {}).get("recorder", {}).get("checks", {}).values()
            for check in checks
        }
        return output, content, outcomes


def hunt(binary, proxy, mutant):
    begin = time.monotonic()
    # A sequence is many requests.
    output, _, outcomes = tried(binary, proxy, mutant, examples=6 if mutant.get("phase") == "stateful" else 40)
    failed = sorted(name for name, status in outcomes if status == "failure")
    caught = mutant["check"] in failed
    others = ", ".join(name for name in failed if name != mutant["check"])
    print(f"{'caught' if caught else 'MISSED':7} {mutant['name']:24} {mutant['check']:30} {time.monotonic() - begin:3.0f} s"
          f"{f'  also {others}' if others else ''}", flush=True)
    if not caught:
        print(output, flush=True)
    return caught


def control(binary, proxy):
    """Whether everything passes without a fault, and the names of the checks that ran."""
    output, content, outcomes = tried(binary, proxy, {}, examples=5)
    print(f"{'passed' if content else 'FAILED':7} (no fault)", flush=True)
    if not content:
        print(output, flush=True)
    return content, {name for name, _ in outcomes}


def main():
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="panal-mutants-") as directory, ThreadPoolExecutor(2) as pool:
        directory = pathlib.Path(directory)
        binary, proxy = build(directory), directory / "mutants"
        subprocess.run(["go", "build", "-o", proxy, "./contract/mutants"], cwd=ROOT, check=True)
        listed = subprocess.run([proxy, "-list"], stdout=subprocess.PIPE, check=True)
        mutants = json.loads(listed.stdout)
        wanted = set(sys.argv[1:]) or {mutant["name"] for mutant in mutants}
        if unknown := wanted - {mutant["name"] for mutant in mutants}:
            sys.exit(f"There is no mutant {', '.join(sorted(unknown))}.")
        checked = {mutant["check"] for mutant in mutants} | set(IDLE)
        mutants = [mutant for mutant in mutants if mutant["name"] in wanted]
        clean = pool.submit(control, binary, proxy)
        caught = list(pool.map(hunt, itertools.repeat(binary), itertools.repeat(proxy), mutants))
        passed, ran = clean.result()
    unchecked = ran - checked
    if unchecked:
        print(f"No mutant is there for {', '.join(sorted(unchecked))}.")
    print(f"{sum(caught)} of {len(caught)} mutants caught in {time.monotonic() - begin:.0f} s")
    sys.exit(not passed or not all(caught) or bool(unchecked))


if __name__ == "__main__":
    main()
