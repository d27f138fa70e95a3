"""Checks of what a request has done, by asking again."""

import os
import urllib.parse
import uuid

import requests
import schemathesis

from checks import effective

KEY = os.environ.get("PANAL_CONTRACT_KEY")
STRANGER = os.environ.get("PANAL_CONTRACT_STRANGER")  # another company's key

COLLECTIONS = {
    "createCustomer": "customers", "getCustomer": "customers", "updateCustomer": "customers",
    "createInvoice": "invoices", "getInvoice": "invoices",
}
TAKEN_AWAY = {"deactivateCustomer": "customers", "deleteInvoice": "invoices"}

session = requests.Session()


def ask(response, path, key=KEY):
    """GETs a path from the server that gave the response."""
    base = response.request.url.partition("/v1/")[0]
    return session.get(f"{base}/v1/{path}", headers={"Authorization": f"Bearer {key}"}, timeout=30)


@schemathesis.check
def stored_is_read(ctx, response, case):
    """What an answer says is stored is what the next request gets, to the letter."""
    match effective(case, response):
        case "createCustomer" | "updateCustomer" | "createInvoice" as operation if not replayed(response):
            assert_read(response, f"{COLLECTIONS[operation]}/{response.json()['data']['id']}", response.json()["data"])
        case "createCustomersBulk" if response.status_code == 201 and not replayed(response):
            last = response.json()["data"]["customers"][-1]
            assert_read(response, f"customers/{last['id']}", last)
        case "listCustomers":
            for customer in response.json()["data"]["customers"][:1]:
                assert_read(response, f"customers/{customer['id']}", customer)


def assert_read(response, path, data):
    again = ask(response, path)
    assert again.status_code == 200, f"GET {path} answers {again.status_code}"
    assert again.json()["data"] == data, f"GET {path} answers something else"
    tag = response.headers.get("etag")
    assert tag is None or tag == [again.headers.get("ETag")], f"GET {path} answers another ETag"


def replayed(response):
    """Whether the answer is an earlier request's, and what it tells of may have changed since."""
    return "idempotency-replay" in response.headers


@schemathesis.check
def gone_is_gone(ctx, response, case):
    """What was deactivated or deleted is not found any more."""
    operation = effective(case, response)
    paths = []
    if operation in TAKEN_AWAY:
        identifier = urllib.parse.urlsplit(response.request.url).path.rpartition("/")[2]
        paths = [f"{TAKEN_AWAY[operation]}/{identifier}"]
    if operation == "deactivateCustomersBulk":
        paths = [f"customers/{identifier}" for identifier in response.json()["data"]["deactivated_ids"][:3]]
    for path in paths:
        assert ask(response, path).status_code == 404, f"{path} is still there"


@schemathesis.check
def repeat_changes_nothing(ctx, response, case):
    """The same request under the same idempotency key gets the same answer, marked as a replay."""
    declared = case.operation.responses.find_by_status_code(response.status_code)
    if not effective(case, response) or "Idempotency-Key" not in response.request.headers:
        return
    if "Idempotency-Replay" not in dict(declared.headers.items()):
        return
    again = session.send(response.request, timeout=30)
    assert again.status_code == response.status_code, f"a repetition answers {again.status_code}"
    assert again.json()["data"] == response.json()["data"], "a repetition answers something else"
    assert again.headers.get("Idempotency-Replay") == "true", "a repetition is not marked"


@schemathesis.check
def dry_run_stores_nothing(ctx, response, case):
    """After a dry run nobody has the identifiers of the rows that could be stored."""
    if effective(case, response) != "createCustomersBulk" or "dry_run=true" not in response.request.url or replayed(response):
        return
    report = response.json()["data"]
    assert report["metadata"]["is_dry_run"] and report["statistics"]["imported"] == 0, "a dry run imported"
    for row in report["customers_validation"]:
        if row["status"] in ("VALID", "WARNING") and "nif" in row["customer"]:
            found = ask(response, f"customers?nif={row['customer']['nif']}")
            assert found.json()["data"]["pagination"]["total_items"] == 0, "a dry run stored a customer"
            return


@schemathesis.check
def surplus_parameter_refused(ctx, response, case):
    """An unknown query parameter is not passed over, which schemathesis would put up with."""
    if effective(case, response) not in ("listCustomers", "getCustomer", "getInvoice"):
        return
    path = response.request.url.partition("/v1/")[2]
    refused = ask(response, f"{path}{'&' if '?' in path else '?'}surplus=1")
    assert refused.status_code == 400, f"a request with an unknown parameter is answered {refused.status_code}"


@schemathesis.check
def strangers_find_nothing(ctx, response, case):
    """What a company reads is to another company's key what does not exist."""
    operation = effective(case, response)
    if operation not in ("getCustomer", "getInvoice"):
        return
    collection = COLLECTIONS[operation]
    there = ask(response, f"{collection}/{response.json()['data']['id']}", STRANGER)
    nowhere = ask(response, f"{collection}/{uuid.uuid4()}", STRANGER)
    assert there.status_code == nowhere.status_code == 404, f"a stranger is answered {there.status_code}"
    assert there.json()["error"] == nowhere.json()["error"], "a stranger can tell that it exists"
