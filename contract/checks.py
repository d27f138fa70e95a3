"""Checks of an answer, by the contract's prose and the request that it answers."""

import json
import re
from decimal import Decimal

import schemathesis

SOMETIMES = {"Idempotency-Replay"}  # says something about a few answers only
ECHOED = {"invalid_value", "value"}  # the details that hold what the caller sent
INTERNALS = re.compile(
    r"\b(select|insert|update|delete)\b.*\b(from|into|set|where)\b|sqlstate|constraint|goroutine|panic|\.go\b|/(home|root|usr|var|tmp)/",
    re.IGNORECASE,
)

tags = set()  # every ETag that was seen


def effective(case, response):
    """The operation that was carried out; None if the request was refused or meant another one."""
    if response.request.method == case.operation.method.upper() and 200 <= response.status_code < 300:
        return case.operation.definition.raw["operationId"]
    return None


def is_json(response):
    return response.headers.get("content-type", [""])[0].startswith("application/json")


@schemathesis.check
def request_id_agrees(ctx, response, case):
    """The envelope and the header name the same request."""
    if is_json(response) and response.content:
        assert [response.json()["meta"]["request_id"]] == response.headers.get("x-request-id")


@schemathesis.check
def declared_headers_sent(ctx, response, case):
    """Headers are optional in OpenAPI; here each that the contract lists is sent."""
    declared = case.operation.responses.find_by_status_code(response.status_code)
    if declared is None:
        return
    # 409 has two causes, and waiting helps against one of them.
    sometimes = SOMETIMES | ({"Retry-After"} if response.status_code == 409 else set())
    missing = {name for name, _ in declared.headers.items() if name.lower() not in response.headers} - sometimes
    assert not missing, f"{response.status_code} without {', '.join(sorted(missing))}"


@schemathesis.check
def error_code_listed(ctx, response, case):
    """An error has one of the codes that the contract lists with the response."""
    declared = case.operation.responses.find_by_status_code(response.status_code)
    if declared is None or response.status_code < 400 or not is_json(response) or not response.content:
        return
    code = response.json()["error"]["code"]
    # An id can make another path.
    listed = [*declared.definition.get("x-error-codes", []), "ENDPOINT_NOT_FOUND"]
    assert code in listed, f"{response.status_code} with the code {code}"


@schemathesis.check
def nothing_internal_shown(ctx, response, case):
    """No refusal or failure tells of SQL, source or paths."""
    if response.status_code < 400 or not is_json(response) or not response.content:
        return
    shown = [text for text in texts(response.json()["error"]) if INTERNALS.search(text)]
    assert not shown, f"an answer shows internals: {shown[0]}"


def texts(value):
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from texts(item)
        case dict():
            for name, item in value.items():
                if name not in ECHOED:
                    yield from texts(item)


@schemathesis.check
def preconditions_hold(ctx, response, case):
    """Nothing is changed under a tag that no customer had, and nothing sent again under "*"."""
    tags.update(response.headers.get("etag", []))
    if not effective(case, response):
        return
    sent = response.request.headers
    match = text(sent.get("If-Match", "*")).strip()
    assert match == "*" or any(tag.strip() in tags for tag in match.split(",")), f"changed in spite of If-Match: {match}"
    assert text(sent.get("If-None-Match", "")).strip() != "*", "sent again in spite of If-None-Match: *"


def text(header):
    return header.decode("latin-1") if isinstance(header, bytes) else header


@schemathesis.check
def invoice_adds_up(ctx, response, case):
    """The totals are the sums that the contract says they are."""
    if effective(case, response) not in ("createInvoice", "getInvoice"):
        return
    invoice = json.loads(response.content, parse_float=Decimal, parse_int=Decimal)["data"]
    totals = invoice["totals"]

    def amounts(breakdown):
        return sum(row["amount"] for row in totals[breakdown])

    sums = {
        "taxable_base": sum(line["taxable_base"] for line in invoice["lines"]),
        "total_vat": amounts("vat_breakdown"),
        "total_equivalence_surcharge": amounts("surcharge_breakdown"),
        "total_irpf": amounts("irpf_breakdown"),
        "invoice_total": totals["taxable_base"] + totals["total_vat"] + totals["total_equivalence_surcharge"] - totals["total_irpf"],
    }
    wrong = {name: f"{totals[name]}, not {value}" for name, value in sums.items() if totals[name] != value}
    assert not wrong, f"the invoice does not add up: {wrong}"
