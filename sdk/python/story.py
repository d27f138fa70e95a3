"""The story, told by the generated client; every step builds on those before it."""

import os
from typing import Any, TypeVar

from panal import AuthenticatedClient
from panal.api.customer_templates import download_customer_template_csv
from panal.api.customers import create_customer, deactivate_customer, get_customer, list_customers
from panal.api.invoices import create_invoice, delete_invoice
from panal.models import (
    Address, CreateCustomerRequest, CreateInvoiceRequest, CustomerDeactivationEnvelope, CustomerEnvelope,
    CustomerListEnvelope, CustomerSortField, ErrorCode, ErrorDetail, ErrorDetails, ErrorEnvelope, InvoiceEnvelope,
    InvoiceLineRequest, InvoiceStatus, InvoiceType, Recipient, SortOrder, TaxInfo, TaxType,
)
from panal.types import UNSET, File, Response

T = TypeVar("T")

ADDRESS = Address(street="Calle Mayor", number="12", postal_code="28013", city="Madrid", province="Madrid", country="España")
NANDU = CreateCustomerRequest(legal_name="Panadería Ñandú S.L.", nif="B12345674", address=ADDRESS, general_discount=5.5)


def answered(answer: Response[Any], status: int, kind: type[T]) -> T:
    """The body, which has to be of this kind."""
    assert answer.status_code == status, answer
    assert isinstance(answer.parsed, kind), answer
    return answer.parsed


def refused(answer: Response[Any], status: int, code: ErrorCode) -> ErrorDetail:
    error = answered(answer, status, ErrorEnvelope).error
    assert error.code is code, error
    return error


def tell(client: AuthenticatedClient, stranger: AuthenticatedClient) -> None:
    # A wrong key is refused with a typed code.
    refused(list_customers.sync_detailed(client=stranger), 401, ErrorCode.UNAUTHORIZED)

    # A created customer comes back typed.
    customer = answered(create_customer.sync_detailed(client=client, body=NANDU), 201, CustomerEnvelope).data
    assert customer.legal_name == "Panadería Ñandú S.L."
    assert customer.general_discount == 5.5
    assert customer.alternative_id is None
    assert customer.trade_name is UNSET
    assert customer.active
    assert customer.address.country_code == "ES"

    # Filters, order and page are parameters of the list.
    page = answered(list_customers.sync_detailed(
        client=client, search="nandu", active=True, limit=5, sort_by=CustomerSortField.CREATED_AT, sort_order=SortOrder.DESC,
    ), 200, CustomerListEnvelope).data
    assert [found.id for found in page.customers] == [customer.id]
    assert page.pagination.total_items == 1
    assert page.pagination.items_per_page == 5
    assert not page.pagination.has_next

    # A draft's totals are exact to the cent.
    invoice = answered(create_invoice.sync_detailed(client=client, body=CreateInvoiceRequest(
        type_=InvoiceType.STANDARD,
        recipient=Recipient(customer_id=customer.id),
        lines=[InvoiceLineRequest(
            description="Pan de molde", quantity=3.333, unit_price=0.1234, main_tax=TaxInfo(type_=TaxType.IVA, percentage=4),
        )],
    )), 201, InvoiceEnvelope).data
    assert invoice.status is InvoiceStatus.DRAFT
    assert invoice.invoice_number is None
    assert invoice.lines[0].unit_price == 0.1234
    assert (invoice.totals.taxable_base, invoice.totals.total_vat, invoice.totals.invoice_total) == (0.41, 0.02, 0.43)

    # A refused deactivation names its blockers.
    details = refused(deactivate_customer.sync_detailed(customer.id, client=client), 400, ErrorCode.CLIENT_HAS_INVOICES).details
    assert isinstance(details, ErrorDetails)
    assert details.invoice_count == 1
    assert details.invoices
    assert details.invoices[0].id == invoice.id
    assert details.invoices[0].status is InvoiceStatus.DRAFT
    assert details.hint

    # Without the draft the customer is deactivated and gone.
    assert delete_invoice.sync_detailed(invoice.id, client=client).status_code == 204
    answered(deactivate_customer.sync_detailed(customer.id, client=client), 200, CustomerDeactivationEnvelope)
    refused(get_customer.sync_detailed(customer.id, client=client), 404, ErrorCode.NOT_FOUND)

    # The tax number of a deactivated customer is free again.
    again = answered(create_customer.sync_detailed(client=client, body=NANDU), 201, CustomerEnvelope).data
    assert again.id != customer.id

    # A repetition under an idempotency key has no effect and says so.
    lucia = CreateCustomerRequest(legal_name="Lucía García Peña", nif="12345678Z", address=ADDRESS)
    first = create_customer.sync_detailed(client=client, body=lucia, idempotency_key="story-1")
    second = create_customer.sync_detailed(client=client, body=lucia, idempotency_key="story-1")
    assert answered(first, 201, CustomerEnvelope).data.id == answered(second, 201, CustomerEnvelope).data.id
    assert "Idempotency-Replay" not in first.headers
    assert second.headers["Idempotency-Replay"] == "true"

    # Faults of a body are readable by field.
    nameless = CreateCustomerRequest(legal_name="", nif="B12345675", address=ADDRESS)
    details = refused(create_customer.sync_detailed(client=client, body=nameless), 422, ErrorCode.VALIDATION_ERROR).details
    assert isinstance(details, ErrorDetails)
    assert details["legal_name"]
    assert details["nif"]
    mistyped = CreateCustomerRequest(legal_name="Horno S.L.", nif="B12345675", address=ADDRESS)
    refused(create_customer.sync_detailed(client=client, body=mistyped), 422, ErrorCode.NIF_INVALID_CONTROL_DIGIT)

    # A file comes as it is, byte order mark and all.
    template = answered(download_customer_template_csv.sync_detailed(client=client), 200, File)
    assert template.payload.read().startswith(b"\xef\xbb\xbfnombre_fiscal;nif;")


with (
    AuthenticatedClient(os.environ["PANAL_URL"], token=os.environ["PANAL_KEY"]) as own,
    AuthenticatedClient(os.environ["PANAL_URL"], token="beel_sk_test_wrong") as wrong,
):
    tell(own, wrong)
