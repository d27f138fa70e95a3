"""Checks that a list of customers is the one that was asked for."""

import datetime
import unicodedata
import urllib.parse

import schemathesis

from checks import effective

PARTS = {
    "search": ("legal_name", "nif", "email"),
    "legal_name": ("legal_name",), "nif": ("nif",), "email": ("email",), "phone": ("phone",),
}


@schemathesis.check
def list_obeys_its_request(ctx, response, case):
    """Every customer passes every filter, in the order, on the page and within the limit asked for."""
    if effective(case, response) != "listCustomers":
        return
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(response.request.url).query, keep_blank_values=True))
    data = response.json()["data"]
    customers = data["customers"]
    for customer in customers:
        failed = [name for name, term in asked.items() if not passes(customer, name, term)]
        assert not failed, f"customer {customer['id']} does not pass {failed}"
    order = asked.get("sort_by", "legal_name")
    keys = [(sort_key(customer, order), customer["id"]) for customer in customers]
    assert keys == sorted(keys, reverse=asked.get("sort_order") == "desc"), f"not in the order of {order}"
    assert_page(data["pagination"], len(customers), int(asked.get("page", 1)), int(asked.get("limit", 20)))


def passes(customer, name, term):
    if name == "active":
        return customer["active"] == (term == "true")
    if name in ("city", "province"):
        return fold(customer["address"][name]) == fold(term)
    if name in PARTS:
        return any(fold(term) in fold(customer.get(column) or "") for column in PARTS[name])
    return True


def fold(text):
    """Text without case and accents, as the server compares it."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFD", text)
    return "".join(letter.lower() for letter in letters if unicodedata.category(letter) != "Mn")


def sort_key(customer, order):
    match order:
        case "created_at":
            return datetime.datetime.fromisoformat(customer["created_at"])
        case "active":
            return customer["active"]
        case "nif" | "phone":
            return customer.get(order) or ""
        case "city" | "province":
            return fold(customer["address"][order])
    return fold(customer.get(order) or "")


def assert_page(pagination, shown, page, limit):
    total = pagination["total_items"]
    pages = -(-total // limit)
    expected = {
        "current_page": page, "items_per_page": limit, "total_items": total, "total_pages": pages,
        "has_next": page < pages, "has_previous": page > 1,
    }
    assert pagination == expected, f"{pagination} where it should be {expected}"
    assert shown == max(0, min(limit, total - (page - 1) * limit)), f"{shown} customers on page {page} of {pagination}"
