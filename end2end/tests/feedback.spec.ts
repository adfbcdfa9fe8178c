// Feedback as its users meet it: an owner makes a client key, a page of another origin embeds the element, and what its
// reader presses is a score of the trace.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sendTrace } from "../fixtures/seed";
import { expect, project, test } from "../fixtures/test";

const settings = `/p/${project}/settings`;

test("a page of another origin gives feedback with a client key made in the browser", async ({ page, open, baseURL, request }) => {
  const trace = await sendTrace(request, { user: "reader", name: "answer" });
  let html = "";
  const site = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(html)).listen(0, "127.0.0.1");
  await new Promise((ready) => site.once("listening", ready));
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;

  await open(`${settings}/keys`);
  const form = page.locator(".card", { hasText: "New client key for a web page" });
  await form.getByLabel("Name").fill("help centre");
  await form.getByLabel("Origins").fill(origin);
  await form.getByRole("button", { name: "Make client key" }).click();
  const row = page.getByRole("row").filter({ hasText: "help centre" }).first();
  await expect(row).toContainText(`on ${origin}`);
  const key = (await row.locator(".copyline code").textContent()) ?? "";
  expect(key).toMatch(/^ck-assay-/);

  html = `<!doctype html><title>Help</title><link rel="icon" href="data:,">
    <script type="module" src="${baseURL}/feedback.js"></script>
    <p>Order 4 arrives tomorrow.</p>
    <assay-feedback key="${key}" trace="${trace}" user="reader"></assay-feedback>`;
  await page.goto(origin);
  await page.getByRole("button", { name: "Good answer" }).click();
  await expect(page.getByRole("status")).toHaveText("Thank you");
  await page.getByRole("button", { name: "Bad answer" }).click();
  await page.getByRole("textbox").fill("it did not arrive");
  await page.getByRole("button", { name: "Send comment" }).click();
  await expect(page.getByRole("status")).toHaveText("Thank you for the comment");
  await expect(page.getByRole("button", { name: "Bad answer" })).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("button", { name: "Good answer" })).toHaveAttribute("aria-pressed", "false");
  site.close();

  await page.goto(`/p/${project}/traces/${trace}`);
  await expect(page.getByText("it did not arrive")).toBeVisible();
});

test("the settings page has the lines to copy and the element itself to try", async ({ page, open, request, checkAccessibility }) => {
  await sendTrace(request, { user: "reader", name: "newest" });
  await open(`${settings}/feedback`);
  const first = page.getByRole("button", { name: "Make client key" });
  // The other test may have made the first key already.
  if (await first.isVisible()) {
    await page.getByLabel("Name").fill("try it");
    await page.getByLabel("Origins").fill("https://app.example.com");
    await first.click();
  }
  await expect(page.locator("#feedback-code, [id^=feedback-code]").first()).toContainText("assay-feedback");
  const stars = page.locator('assay-feedback[kind="rating"]');
  await stars.getByRole("button", { name: "4 of 5" }).click();
  await expect(stars.getByRole("status")).toHaveText("Thank you");
  await checkAccessibility();
});

test("an origin that is none is named in the form", async ({ page, open, expectedErrors }) => {
  expectedErrors.push(/400|422/);
  await open(`${settings}/keys`);
  const form = page.locator(".card", { hasText: "New client key for a web page" });
  await form.getByLabel("Name").fill("wrong");
  await form.getByLabel("Origins").fill("app.example.com/path");
  await form.getByRole("button", { name: "Make client key" }).click();
  await expect(page.getByRole("alert")).toContainText("https://app.example.com");
});
