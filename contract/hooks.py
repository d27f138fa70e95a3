"""Teaches schemathesis what the contract's schemas cannot say.

Half of the requests that fit their schema are mended before they are sent: they name
customers and invoices that exist and keep the rules of lawful.py. Of these the
server must refuse none. Which half a case is in hangs on what was generated, so
that one which is repeated is mended again.
"""

import copy
import csv
import io
import os
import uuid
import zlib

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import RejectedPositiveData

import lawful

BASE = os.environ["PANAL_CONTRACT_URL"]
KEY = os.environ.get("PANAL_CONTRACT_KEY")  # none: nothing may be answered

session = requests.Session()
session.headers["Authorization"] = f"Bearer {KEY}"

mended = set()  # the ids of the cases whose body or parameters are lawful


def stored(path, body):
    answer = session.post(f"{BASE}/v1/{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()["data"]["id"]


def new_customer():
    return stored("customers", {
        "legal_name": lawful.NAME,
        "address": lawful.ADDRESS,
        "alternative_id": {"type": "03", "number": uuid.uuid4().hex[:20]},
    })


def new_invoice(customer_id):
    return stored("invoices", {
        "type": "STANDARD",
        "recipient": {"customer_id": customer_id},
        "lines": [{"description": "Pan", "quantity": 1, "unit_price": 1}],
    })


MENDERS = {
    "createCustomer": lawful.customer,
    "createCustomersBulk": lawful.bulk,
    "updateCustomer": lawful.update,
    "createInvoice": lambda body, number: lawful.invoice(body, number, new_customer() if number % 3 else None),
    "validateNif": lawful.validation,
}

numbers = st.integers(0, 10**6)
schemathesis.openapi.format(
    "binary", st.one_of(numbers.map(lawful.csv_file), numbers.map(lawful.holded_file), numbers.map(lawful.csv_file), st.binary()),
)


@schemathesis.hook
def before_call(context, case, kwargs):
    if not KEY or case.meta is None:
        return
    operation = context.operation.definition.raw["operationId"]
    made = repr((operation, case.path_parameters, case.query, dict(case.headers), case.body))
    number = zlib.crc32(made.encode(errors="replace"))
    faulty = {location for location, part in case.meta.components.items() if part.mode.is_negative}
    sequence = case.meta.phase.name.value == "stateful"
    if sequence and ParameterLocation.HEADER not in faulty:
        # A replayed creation names what may have been deleted since.
        fresh_key(case)
    if number % 2:
        return
    number //= 2
    # In sequences the ids come from the answers before.
    if ParameterLocation.PATH not in faulty and not sequence:
        mend_path(operation, case, number)
    if operation == "deactivateCustomersBulk" and ParameterLocation.QUERY not in faulty:
        ids = [new_customer() for _ in range(1 + number % 3)]
        if number % 4 == 0:
            new_invoice(ids[0])
        case.query = {**case.query, "ids": ",".join(ids)}
    if operation in MENDERS and ParameterLocation.BODY not in faulty and isinstance(case.body, dict):
        case.body = MENDERS[operation](copy.deepcopy(case.body), number)
    if ParameterLocation.HEADER not in faulty:
        mend_headers(case, number)
    # Files come as they were drawn, and so do the texts of a query.
    whole = not operation.startswith("import") and "\0" not in "".join(map(str, case.query.values()))
    if whole and case.meta.generation.mode.is_positive:
        mended.add(case.id)


def mend_headers(case, number):
    """Most keys are fresh, since a repeated one keeps a request from its operation."""
    if number % 8:
        fresh_key(case)
    if "If-Match" in case.headers and number % 8:
        case.headers = {**case.headers, "If-Match": "*"}


def fresh_key(case):
    if "Idempotency-Key" in case.headers:
        case.headers = {**case.headers, "Idempotency-Key": uuid.uuid4().hex}


def mend_path(operation, case, number):
    if "customer_id" in case.path_parameters:
        customer = new_customer()
        if operation == "deactivateCustomer" and number % 4 == 0:
            new_invoice(customer)
        case.path_parameters = {"customer_id": customer}
    if "invoice_id" in case.path_parameters:
        case.path_parameters = {"invoice_id": new_invoice(new_customer())}


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps what is a failure, too, to those who have read the contract's prose."""
    if response.status_code == 431 and len(response.request.url) > 8000:
        return False  # no operation lists it, because none is reached: see ErrorCode
    if isinstance(failure, RejectedPositiveData):
        return not refused_for_any_schema(response)
    if isinstance(failure, AcceptedNegativeData):
        return not reported_by_dry_run(response)
    return True


def refused_for_any_schema(response):
    """NUL cannot be stored, and the digits of numbers are bounded, whatever holds them."""
    if response.status_code != 400:
        return False
    details = response.json()["error"].get("details", {})
    nul = any(str(problem).endswith("without NUL") for problem in details.values())
    extreme = details.get("expected_format") == "number" and "e" in details["invalid_value"].lower()
    return nul or extreme


def reported_by_dry_run(response):
    """A dry run answers 200 and tells of the rows that the real one would refuse."""
    data = response.json().get("data", {})
    return data.get("metadata", {}).get("is_dry_run") and data["statistics"]["not_importable"] > 0


@schemathesis.check
def lawful_request_accepted(ctx, response, case):
    """What keeps every rule is never called invalid, and the key opens every operation."""
    if case.id not in mended or response.status_code not in (400, 401, 403, 422):
        return
    error = response.json()["error"]
    rows = error.get("errors", [])
    taken = rows and all("identifier of another" in row["message"] for row in rows)
    assert taken or error["code"] == "CLIENT_HAS_INVOICES", f"a lawful request was refused with {error['code']}"


@schemathesis.check
def nothing_without_a_key(ctx, response, case):
    """Without a key the route is all that shows."""
    if KEY:
        return
    if response.request.method == "OPTIONS":
        assert (response.status_code, response.content) == (204, b"")
        return
    assert response.status_code in (401, 404, 405, 431), f"{response.status_code} without a key"
    if response.request.method != "HEAD":
        error = response.json()["error"]
        assert set(error) == {"code", "message"}, f"more than code and message: {sorted(error)}"


@schemathesis.check
def request_id_agrees(ctx, response, case):
    """The envelope and the header name the same request."""
    if response.headers.get("content-type", [""])[0].startswith("application/json"):
        assert [response.json()["meta"]["request_id"]] == response.headers["x-request-id"]


@schemathesis.deserializer("text/csv")
def read_csv(ctx, response):
    """Holds that the file is one, then passes it on as the text that the schema describes."""
    text = response.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))
    if len({len(row) for row in rows}) != 1:
        raise ValueError("rows of different lengths")
    return text
