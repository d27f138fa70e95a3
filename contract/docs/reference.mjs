// The reference pages, as somebody with a mouse uses them.

import assert from "node:assert/strict";

/** Opens the pages of a server and notes in faults what no page of ours may do. */
export async function openReference(browser, address, viewport, faults) {
  const context = await browser.newContext({ viewport, acceptDownloads: true });
  const page = await context.newPage();
  const { origin } = new URL(address);
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin && !/^(data|blob):/.test(request.url())) faults.push(`asked another host: ${request.url()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.stack}`));
  page.on("console", (message) => {
    // What the API refuses is noted by the browser itself, and is what a test asked for.
    const refused = message.text().startsWith("Failed to load resource") && message.location().url.includes("/api/v1/");
    if (["error", "warning"].includes(message.type()) && !refused) faults.push(`console: ${message.text()}`);
  });
  await page.exposeFunction("noteViolation", (text) => faults.push(`against the policy: ${text}`));
  await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) =>
    window.noteViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)));
  await page.goto(`${address}/docs`);
  await page.locator(".opblock").first().waitFor();
  return new Reference(page);
}

class Reference {
  constructor(page) {
    this.page = page;
  }

  /** Gives the dialog a key, in place of the one that it has. */
  async authorize(key) {
    const { page } = this;
    await page.locator(".auth-wrapper > .authorize").click();
    const dialog = page.locator(".modal-ux");
    await dialog.waitFor();
    const logout = dialog.getByRole("button", { name: "Remove authorization" });
    if (await logout.count()) await logout.click();
    await dialog.locator("input").fill(key);
    await dialog.getByRole("button", { name: "Apply credentials" }).click();
    await dialog.getByRole("button", { name: "Close" }).click();
  }

  /** Opens an operation, ready to be tried. */
  async try(operation) {
    const block = this.page.locator(`.opblock[id$="-${operation}"]`);
    if (!/is-open/.test(await block.getAttribute("class"))) await block.locator(".opblock-summary-control").click();
    await block.locator(".try-out").waitFor();
    const start = block.getByRole("button", { name: "Try it out" });
    if (await start.count()) await start.click();
    return new Trial(this.page, block);
  }

  /** Opens all operations, with the schemas of their bodies. */
  async openAll() {
    const { page } = this;
    const click = (selector) => page.locator(selector).evaluateAll((elements) => elements.forEach((element) => element.click()));
    await click(".opblock:not(.is-open) .opblock-summary-control");
    const operations = await page.locator(".opblock").count();
    await page.waitForFunction((count) => document.querySelectorAll(".opblock .responses-table").length >= count, operations);
    await click(".opblock-section-request-body .tabitem:nth-child(2) .tablinks");
    const bodies = await page.locator(".opblock-section-request-body .tab").count();
    await page.waitForFunction((count) => document.querySelectorAll(".opblock-section-request-body .model-box").length === count, bodies);
  }
}

class Trial {
  constructor(page, block) {
    this.page = page;
    this.block = block;
  }

  field(name) {
    return this.block.locator(`tr[data-param-name="${name}"]`).locator("input, select").first();
  }

  /** Sends the request and resolves to it and what the page shows of the answer. */
  async execute() {
    const sent = this.page.waitForRequest((request) => request.url().includes("/api/v1/"));
    await this.block.getByRole("button", { name: "Execute" }).click();
    const request = await sent;
    const answer = await request.response();
    const id = await answer.headerValue("x-request-id");
    const shown = this.block.locator(".live-responses-table .response", { has: this.page.locator(".headerline", { hasText: id }) });
    await shown.waitFor();
    const headers = await shown.locator(".headerline").allInnerTexts();
    return {
      request,
      status: Number(await shown.locator(".response-col_status").innerText()),
      text: await shown.locator(".response-col_description").innerText(),
      headers: Object.fromEntries(headers.map((line) => line.split(/:(.*)/s).slice(0, 2).map((part) => part.trim()))),
    };
  }
}

/** The envelope that an answer shows. */
export function envelope(answer) {
  const text = answer.text.slice(answer.text.indexOf("{"), answer.text.lastIndexOf("}") + 1);
  assert.ok(text, `no envelope is shown:\n${answer.text}`);
  return JSON.parse(text);
}
