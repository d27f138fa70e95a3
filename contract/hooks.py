"""Teaches schemathesis what the contract's schemas cannot say.

Half of the requests that fit their schema, and three in four without a body or in a
sequence, are mended before they are sent: they name customers and invoices that exist
and keep the rules of lawful.py. Of these the server must refuse none. Which a case is
among hangs on what was generated, so that one which is repeated is mended again.
"""

import copy
import csv
import functools
import io
import os
import secrets
import uuid
import zlib

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import RejectedPositiveData

import checks, effects, lists, walks  # noqa: E401, F401: schemathesis finds them here
import lawful

BASE = os.environ["PANAL_CONTRACT_URL"]
KEY = os.environ.get("PANAL_CONTRACT_KEY")  # none: nothing may be answered

session = requests.Session()
session.headers["Authorization"] = f"Bearer {KEY}"

mended = set()  # the ids of the cases whose body or parameters are lawful
invoiced = set()  # customers with an invoice that no case knows of


def call(method, path, body):
    answer = session.request(method, f"{BASE}/v1/{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()["data"]["id"]


def new_customer(**properties):
    return call("POST", "customers", {
        "legal_name": lawful.NAME,
        "address": lawful.ADDRESS,
        "alternative_id": {"type": "03", "number": uuid.uuid4().hex[:20]},
    } | properties)


def new_invoice(customer_id):
    return call("POST", "invoices", {
        "type": "STANDARD",
        "recipient": {"customer_id": customer_id},
        "lines": [{"description": "Pan", "quantity": 1, "unit_price": 1}],
    })


def new_invoiced_customer():
    customer = new_customer()
    new_invoice(customer)
    invoiced.add(customer)
    return customer


@functools.cache
def stock():
    """Customers of either activity whom the filters of lawful.query let pass."""
    for name in ("Ávila Norte S.L.", "Muñoz y Cía. S.L.", "Zurrón e Hijos S.L."):
        for active in (True, False):
            customer = new_customer(legal_name=name, nif=lawful.nif(90_000_000 + secrets.randbelow(10**7)), alternative_id=None,
                                    email="hola@panaderia.example", phone="+34 910 000 000")
            call("PUT", f"customers/{customer}", {"active": active})


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
    sequence = case.meta.phase.name.value == "stateful"
    # In sequences the ids come from the answers before, and are others when one is repeated.
    path = None if sequence else case.path_parameters
    made = repr((operation, path, case.query, dict(case.headers), case.body))
    number = zlib.crc32(made.encode(errors="replace"))
    faulty = {location for location, part in case.meta.components.items() if part.mode.is_negative}
    if sequence and ParameterLocation.HEADER not in faulty:
        # A replayed creation names what may have been deleted since.
        fresh_key(case)
    if operation == "listCustomers":
        stock()
    if number % 8 >= (4 if operation in MENDERS and not sequence else 6):
        return
    number //= 8
    if ParameterLocation.PATH not in faulty and not sequence:
        mend_path(operation, case, number)
    if operation == "deactivateCustomersBulk" and ParameterLocation.QUERY not in faulty:
        ids = [new_customer() for _ in range(1 + number % 3)]
        if number % 4 == 0:
            ids.append(new_invoiced_customer())
        case.query = {**case.query, "ids": ",".join(ids)}
    if operation == "listCustomers" and ParameterLocation.QUERY not in faulty:
        case.query = lawful.query(case.query, number)
    if operation in MENDERS and ParameterLocation.BODY not in faulty and isinstance(case.body, dict):
        # Hypothesis gives up sequences that do not end alike each time, as with identifiers that are taken the second time.
        case.body = MENDERS[operation](copy.deepcopy(case.body), secrets.randbelow(10**8) if sequence else number)
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
    if "If-Match" in case.headers and number % 4:
        case.headers = {**case.headers, "If-Match": "*"}
    if "If-None-Match" in case.headers and number % 2:
        case.headers = {**case.headers, "If-None-Match": "*"}


def fresh_key(case):
    if "Idempotency-Key" in case.headers:
        case.headers = {**case.headers, "Idempotency-Key": uuid.uuid4().hex}


def mend_path(operation, case, number):
    if "customer_id" in case.path_parameters:
        refused = operation == "deactivateCustomer" and number % 2 == 0
        case.path_parameters = {"customer_id": new_invoiced_customer() if refused else new_customer()}
    if "invoice_id" in case.path_parameters:
        case.path_parameters = {"invoice_id": new_invoice(new_customer())}


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps what is a failure, too, to those who have read the contract's prose."""
    if response.status_code == 431 and len(response.request.url) > 8000:
        return False  # no operation lists it, because none is reached: see ErrorCode
    if isinstance(failure, RejectedPositiveData):
        # Without a key nothing is accepted, which nothing_without_a_key holds.
        return KEY and not refused_for_any_schema(response)
    if isinstance(failure, AcceptedNegativeData):
        return not reported_by_dry_run(response) and not absent_from_form(case)
    return True


def refused_for_any_schema(response):
    """NUL cannot be stored, and the digits of numbers are bounded, whatever holds them."""
    if response.status_code != 400:
        return False
    details = response.json()["error"].get("details", {})
    nul = any(str(problem).endswith("without NUL") for problem in details.values())
    extreme = details.get("expected_format") == "number" and "e" in details["invalid_value"].lower()
    return nul or extreme


def absent_from_form(case):
    """A form has a field for each item of a list or object, so an empty one is not sent at all."""
    form = case.body if case.media_type == "multipart/form-data" and isinstance(case.body, dict) else {}
    return any(value in ([], {}) for value in form.values())


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
def invoiced_customer_stays(ctx, response, case):
    """A customer with an invoice is refused, alone and among others."""
    match checks.effective(case, response):
        case "deactivateCustomer":
            gone = {response.request.url.rpartition("/")[2]}
        case "deactivateCustomersBulk":
            gone = set(response.json()["data"]["deactivated_ids"])
        case _:
            return
    assert not gone & invoiced, "a customer with an invoice was deactivated"


@schemathesis.deserializer("text/csv")
def read_csv(ctx, response):
    """Holds that the file is one, then passes it on as the text that the schema describes."""
    text = response.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))
    if len({len(row) for row in rows}) != 1:
        raise ValueError("rows of different lengths")
    return text
