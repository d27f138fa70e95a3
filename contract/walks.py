"""Counts the lives that sequences of requests have led customers and invoices through.

That links are followed is easily believed. run.py fails if in all its runs against a
database nothing was led from its creation to its end.
"""

import collections
import json
import os
import pathlib
import urllib.parse

import schemathesis

REPORT = os.environ.get("PANAL_CONTRACT_WALKS")  # the file for the counts

LIVES = [
    ("createCustomer 201", "getCustomer 200", "deactivateCustomer 200", "getCustomer 404"),
    ("createCustomer 201", "updateCustomer 200", "getCustomer 200"),
    ("createInvoice 201", "getInvoice 200", "deleteInvoice 204", "getInvoice 404"),
]


@schemathesis.check
class LivesAreCounted:
    """Writes down how many ids led each life, which is not for one run to judge."""

    def __init__(self):
        self.steps = collections.defaultdict(dict)  # by id, each case once

    def after_response(self, ctx, response, case):
        if case.meta is None or case.meta.phase.name.value != "stateful":
            return
        operation = case.operation.definition.raw["operationId"]
        identifier = urllib.parse.urlsplit(response.request.url).path.rpartition("/")[2]
        if operation in ("createCustomer", "createInvoice"):
            if response.status_code != 201:
                return
            identifier = response.json()["data"]["id"]
        elif identifier not in self.steps:
            return
        self.steps[identifier][case.id] = f"{operation} {response.status_code}"

    def after_run(self, ctx):
        counts = {" → ".join(life): sum(led(life, steps.values()) for steps in self.steps.values()) for life in LIVES}
        if REPORT:
            pathlib.Path(REPORT).write_text(json.dumps(counts))


def led(life, steps):
    """Whether the steps of a life are among these, in their order."""
    steps = iter(steps)
    return all(step in steps for step in life)
