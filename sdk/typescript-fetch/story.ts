// One story: every step builds on those before it.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { Address, CreateCustomerRequest, paths } from "../generated/typescript-fetch/panal.js";

const api = clientWithKey(setting("PANAL_KEY"));
const address: Address = {
  street: "Calle Mayor", number: "12", postal_code: "28013", city: "Madrid", province: "Madrid", country: "España",
};
const nandu: CreateCustomerRequest = {
  legal_name: "Panadería Ñandú S.L.", nif: "B12345674", address, general_discount: 5.5,
};

await step("a wrong key is refused with a typed code", async () => {
  const { error, response } = await clientWithKey("beel_sk_test_wrong").GET("/v1/customers");
  assert.equal(response.status, 401);
  assert.equal(error?.error.code, "UNAUTHORIZED");
});

const customer = await step("a created customer comes back typed", async () => {
  const { data, error, response } = await api.POST("/v1/customers", { body: nandu });
  assert.equal(response.status, 201, error?.error.message);
  assert(data);
  assert.match(data.data.id, /^[0-9a-f-]{36}$/);
  assert.equal(data.data.nif, "B12345674");
  assert.equal(data.data.general_discount, 5.5);
  assert.equal(data.data.address.country_code, "ES");
  return data.data;
});

await step("filters, order and page are parameters of the list", async () => {
  const { data } = await api.GET("/v1/customers", {
    params: { query: { search: "nandu", active: true, limit: 5, sort_by: "created_at", sort_order: "desc" } },
  });
  assert(data);
  assert.deepEqual(data.data.customers.map(({ id }) => id), [customer.id]);
  assert.deepEqual(data.data.pagination, {
    current_page: 1, total_pages: 1, total_items: 1, items_per_page: 5, has_next: false, has_previous: false,
  });
});

const invoice = await step("a draft's totals are exact", async () => {
  const { data, response } = await api.POST("/v1/invoices", {
    body: {
      type: "STANDARD",
      recipient: { customer_id: customer.id },
      lines: [{
        description: "Pan de molde", quantity: 3.333, unit_price: 0.1234, main_tax: { type: "IVA", percentage: 4 },
      }],
    },
  });
  assert.equal(response.status, 201);
  assert(data);
  const { status, invoice_number, lines, totals } = data.data;
  assert.equal(status, "DRAFT");
  assert.equal(invoice_number, null);
  assert.equal(lines[0]?.unit_price, 0.1234);
  assert.deepEqual([totals.taxable_base, totals.total_vat, totals.invoice_total], [0.41, 0.02, 0.43]);
  return data.data;
});

const path = { customer_id: customer.id };

await step("a refused deactivation names its blockers", async () => {
  const { error, response } = await api.DELETE("/v1/customers/{customer_id}", { params: { path } });
  assert.equal(response.status, 400);
  assert.equal(error?.error.code, "CLIENT_HAS_INVOICES");
  const details = error.error.details;
  assert.equal(details?.invoice_count, 1);
  assert.equal(details.invoices?.[0]?.id, invoice.id);
  assert.equal(details.invoices[0].status, "DRAFT");
  assert(details.hint);
});

await step("without the draft the customer is deactivated and gone", async () => {
  const deleted = await api.DELETE("/v1/invoices/{invoice_id}", { params: { path: { invoice_id: invoice.id } } });
  assert.equal(deleted.response.status, 204);
  const deactivated = await api.DELETE("/v1/customers/{customer_id}", { params: { path } });
  assert.equal(deactivated.response.status, 200);
  const gone = await api.GET("/v1/customers/{customer_id}", { params: { path } });
  assert.equal(gone.response.status, 404);
  assert.equal(gone.error?.error.code, "NOT_FOUND");
});

await step("the tax number of a deactivated customer is free again", async () => {
  const { data } = await api.POST("/v1/customers", { body: nandu });
  assert(data);
  assert.notEqual(data.data.id, customer.id);
});

await step("a repetition under an idempotency key has no effect and says so", async () => {
  const send = () => api.POST("/v1/customers", {
    params: { header: { "Idempotency-Key": "story-1" } },
    body: { legal_name: "Lucía García Peña", nif: "12345678Z", address },
  });
  const first = await send();
  const second = await send();
  assert.deepEqual([first.response.status, second.response.status], [201, 201]);
  assert(first.data && second.data);
  assert.equal(second.data.data.id, first.data.data.id);
  assert.equal(first.response.headers.get("Idempotency-Replay"), null);
  assert.equal(second.response.headers.get("Idempotency-Replay"), "true");
});

await step("faults of a body are readable by field", async () => {
  const several = await api.POST("/v1/customers", { body: { legal_name: "", nif: "B12345675", address } });
  assert.equal(several.response.status, 422);
  assert.equal(several.error?.error.code, "VALIDATION_ERROR");
  for (const field of ["legal_name", "nif"]) {
    assert.equal(typeof several.error.error.details?.[field], "string", field);
  }
  const digit = await api.POST("/v1/customers", { body: { legal_name: "Horno S.L.", nif: "B12345675", address } });
  assert.equal(digit.error?.error.code, "NIF_INVALID_CONTROL_DIGIT");
});

function clientWithKey(key: string) {
  return createClient<paths>({ baseUrl: setting("PANAL_URL"), headers: { Authorization: `Bearer ${key}` } });
}

function setting(name: string): string {
  const value = process.env[name];
  assert(value, `${name} is not set`);
  return value;
}

async function step<T>(guarantee: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    throw new Error(`not so: ${guarantee}`, { cause });
  }
}
