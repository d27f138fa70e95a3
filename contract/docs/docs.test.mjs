import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { chromium } from "playwright-core";

import { startProgram, startProxy } from "./program.mjs";
import { envelope, openReference } from "./reference.mjs";

const screenshots = join(import.meta.dirname, "screenshots");
const desktop = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };

describe("the reference pages", { timeout: 600_000 }, () => {
  const faults = [];
  let program;
  let browser;
  // One page for all tests that need no other: drawing it is what takes the time.
  let reference;

  before(async () => {
    mkdirSync(screenshots, { recursive: true });
    program = await startProgram();
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    reference = await openReference(browser, program.address, desktop, faults);
    await picture(reference, "desktop");
  });
  after(async () => {
    await browser?.close();
    await program?.stop();
  });

  const picture = ({ page }, name) => page.screenshot({ path: join(screenshots, `${name}.png`) });
  const isNowhereTooWide = async ({ page }, { width }) => assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);

  test("the dialog asks for a key and for nothing else", async () => {
    const { page } = reference;
    await page.locator(".auth-wrapper > .authorize").click();
    const dialog = page.locator(".modal-ux");
    await dialog.locator(".auth-container").waitFor();
    assert.equal(await dialog.locator(".auth-container").count(), 1);
    assert.equal(await dialog.locator("input").count(), 1);
    assert.doesNotMatch(await dialog.innerText(), /oauth|client_id|scope/i);
    await picture(reference, "dialog");
    await dialog.getByRole("button", { name: "Close" }).click();
  });

  test("a wrong key is refused", async () => {
    await reference.authorize("beel_sk_test_wrong");
    const refusal = await (await reference.try("listCustomers")).execute();
    assert.equal(refusal.status, 401);
    assert.equal(envelope(refusal).error.code, "UNAUTHORIZED");
  });

  test("what the example creates is found in the list", async () => {
    await reference.authorize(program.key);
    const create = await reference.try("createCustomer");
    const creation = await create.execute();
    assert.equal(creation.status, 201);
    assert.match(creation.headers.etag, /^"\w+"$/);
    await create.block.locator(".live-responses-table").scrollIntoViewIfNeeded();
    await picture(reference, "created");
    const list = await (await reference.try("listCustomers")).execute();
    assert.equal(list.status, 200);
    assert.deepEqual(envelope(list).data.customers.map((customer) => customer.id), [envelope(creation).data.id]);
  });

  test("nothing is filled in but defaults", async () => {
    const list = await (await reference.try("listCustomers")).execute();
    assert.deepEqual([...new URL(list.request.url()).searchParams.keys()].sort(), ["limit", "page", "sort_by", "sort_order"]);
    const update = await reference.try("updateCustomer");
    assert.equal(await update.field("customer_id").inputValue(), "");
    assert.equal(await update.field("If-Match").inputValue(), "");
  });

  test("Idempotency-Key and If-Match are sent", async () => {
    const create = await reference.try("createCustomer");
    await create.block.locator(".examples-select-element").first().selectOption("person");
    await create.field("Idempotency-Key").fill("docs-test");
    const first = await create.execute();
    assert.equal(first.status, 201);
    const { id } = envelope(first).data;
    const second = await create.execute();
    assert.equal(second.headers["idempotency-replay"], "true");
    assert.equal(envelope(second).data.id, id);

    const update = await reference.try("updateCustomer");
    await update.field("customer_id").fill(id);
    await update.field("If-Match").fill('"1"');
    assert.equal((await update.execute()).status, 412);
    await update.field("If-Match").fill(first.headers.etag);
    assert.equal((await update.execute()).status, 200);
  });

  test("a file is downloaded and a file is uploaded", async () => {
    const template = await reference.try("downloadCustomerTemplateCsv");
    await template.execute();
    const download = reference.page.waitForEvent("download");
    await template.block.getByRole("link", { name: "Download file" }).click();
    const path = await (await download).path();
    assert.match(readFileSync(path, "utf8"), /nombre_fiscal;nif;/);

    const upload = await reference.try("importCustomersCsvPreview");
    await upload.block.locator("input[type=file]").setInputFiles({ name: "clientes.csv", mimeType: "text/csv", buffer: readFileSync(path) });
    const report = await upload.execute();
    assert.equal(report.status, 200);
    assert.equal(envelope(report).data.metadata.is_dry_run, true);
    assert.equal(envelope(report).data.statistics.total_processed, 2);
  });

  test("a refusal opens into its example", async () => {
    const { block } = await reference.try("getCustomer");
    await block.locator(".folded", { hasText: "404" }).getByRole("button").click();
    await block.locator('.response[data-code="404"] pre', { hasText: "NOT_FOUND" }).waitFor();
  });

  test("nothing is wider than the window of a desktop", async () => {
    await reference.openAll();
    await isNowhereTooWide(reference, desktop);
  });

  test("the key is kept nowhere but in the open page", async () => {
    const { page } = reference;
    assert.equal((await (await reference.try("listCustomers")).execute()).status, 200);
    assert.deepEqual(await page.context().storageState({ indexedDB: true }), { cookies: [], origins: [] });
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await page.reload();
    await page.locator(".auth-wrapper > .authorize.unlocked").waitFor();
    assert.ok(!program.log.includes("beel_sk_"), program.log);
  });

  test("nothing is wider than the window of a phone", async () => {
    const small = await openReference(browser, program.address, phone, faults);
    await picture(small, "phone");
    await small.openAll();
    await isNowhereTooWide(small, phone);
    await small.page.locator('.opblock[id$="-createCustomer"]').screenshot({ path: join(screenshots, "phone-operation.png") });
  });

  test("below a prefix that a proxy takes off, the same works", async () => {
    const proxy = await startProxy(program.address, "/panal");
    try {
      const proxied = await openReference(browser, proxy.address, desktop, faults);
      await proxied.authorize(program.key);
      const list = await (await proxied.try("listCustomers")).execute();
      assert.equal(list.status, 200);
      assert.equal(new URL(list.request.url()).pathname, "/panal/api/v1/customers");
      assert.equal(new URL(proxied.page.url()).pathname, "/panal/docs/");
    } finally {
      proxy.stop();
    }
  });

  // Last, since it is about all of the above.
  test("nothing was asked of another host, refused by the policy, thrown or complained about", () => {
    assert.deepEqual(faults, []);
  });
});
