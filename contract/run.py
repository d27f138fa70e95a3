"""Holds the program against its contract: builds it, starts it on SQLite and on
PostgreSQL, and lets schemathesis loose on each, with a key and without.

    run.py [--cases N]

With --cases there are at least as many requests, of seeds that are drawn and printed;
without, short runs of two seeds on each database.
"""

import argparse
import collections
import contextlib
import json
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import databases
from explore import explore
from program import ROOT, build, other_key, panal


def timed(name, what, *arguments, **settings):
    """Lets schemathesis loose once and prints a line, and all it said if it failed; how many cases there were, and whether it passed."""
    begin = time.monotonic()
    output, passed = explore(*arguments, **settings)
    cases = re.search(r"^ +(\d+) generated", output, re.MULTILINE)
    number = int(cases[1]) if cases else 0
    passed = passed and number > 0
    print(f"{name:10}  {what:30}  {number:7} cases  {time.monotonic() - begin:4.0f} s  {'ok' if passed else 'FAILED'}", flush=True)
    if not passed:
        print(output, flush=True)
    return number, passed


def explore_all(name, binary, seeds, examples):
    """The runs against a database, and whether sequences led every life."""
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="panal-contract-")))
        database_url = stack.enter_context(databases.postgres()) if name == "PostgreSQL" else ""
        address, key = stack.enter_context(panal(binary, directory, database_url))
        stranger = other_key(binary, directory, database_url)
        results, lives = [], collections.Counter()
        for seed in seeds:
            # Examples and bounds hang on the contract alone, so once will do.
            phases = "examples,coverage,fuzzing" if seed == seeds[0] else "fuzzing"
            results.append(timed(name, f"single requests, seed {seed}", directory, address, key, "--phases", phases,
                                 "--seed", str(seed), "--max-examples", str(examples), stranger=stranger))
        # No link leads from one kind to the other, and among both a sequence seldom gets far.
        for tag in ("Customers", "Invoices"):
            walks = directory / f"{tag}.json"
            results.append(timed(name, f"sequences of {tag.lower()}", directory, address, key, "--phases", "stateful", "--include-tag", tag,
                                 "--seed", str(seeds[0]), "--max-examples", str(examples), stranger=stranger, walks=walks))
            lives.update(json.loads(walks.read_text()) if walks.exists() else {})
        # Nobody gets past the key, so a few examples say it all.
        results.append(timed(name, f"without a key, seed {seeds[0]}", directory, address, None,
                             "--seed", str(seeds[0]), "--max-examples", "10"))
        for life, number in lives.items():
            print(f"{name:10}  {number:4} × {life}  {'ok' if number else 'FAILED'}", flush=True)
        return results, bool(lives) and all(lives.values())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int)
    options = parser.parse_args()
    seeds, examples = {"SQLite": [1, 2], "PostgreSQL": [1, 3]}, 30
    if options.cases:
        paths = (ROOT / "openapi.yaml").read_text().partition("\ncomponents:")[0]
        operations = paths.count("operationId:")
        # Schemathesis remembers all of a run, so many cases are many runs.
        runs = max(1, options.cases // (2 * operations * 400))
        drawn = [secrets.randbelow(10**9) for _ in range(runs)]
        seeds = dict.fromkeys(seeds, drawn)
        examples = max(1, options.cases // (2 * operations * runs))
    with tempfile.TemporaryDirectory(prefix="panal-contract-") as directory:
        binary = build(pathlib.Path(directory))
        with ThreadPoolExecutor() as pool:
            tried = list(pool.map(lambda name: explore_all(name, binary, seeds[name], examples), seeds))
    results = [result for of_database, _ in tried for result in of_database]
    failed = sum(not passed for _, passed in results)
    print(f"{sum(number for number, _ in results)} cases in {len(results)} runs, {failed} of them failed")
    sys.exit(failed > 0 or not all(led for _, led in tried))


if __name__ == "__main__":
    main()
