import { traceCount } from "../fixtures/seed";
import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/traces`;

test("traces are listed newest first and filtered through the address", async ({ page, open, checkAccessibility }) => {
  await open(`${path}?prompt=support/answer`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Traces");
  await expect(page).toHaveTitle("Traces · Assay");
  const rows = page.getByRole("table", { name: "Traces" }).locator("tbody tr");
  await expect(rows).toHaveCount(traceCount);
  const times = await rows.locator("time").evaluateAll((all) => all.map((time) => time.getAttribute("datetime") ?? ""));
  expect(times).toEqual([...times].sort().reverse());
  await checkAccessibility();

  await page.getByRole("link", { name: "Only errors" }).click();
  await expect(page).toHaveURL(/errors=yes/);
  await expect(rows).toHaveCount(traceCount / 5);
  await page.getByRole("link", { name: "user-4" }).first().click();
  await expect(page).toHaveURL(/user=user-4/);
  await page.goBack();
  await expect(rows).toHaveCount(traceCount / 5);
});

test("pages follow one another without loss", async ({ page, open }) => {
  await open(`${path}?range=24h`);
  const names = () => page.getByRole("table", { name: "Traces" }).locator("tbody tr a.trace-name__link");
  await expect(names()).toHaveCount(50);
  const first = await names().evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  await page.getByRole("link", { name: "Older" }).click();
  await expect(page).toHaveURL(/cursor=/);
  await expect(page.getByRole("link", { name: "Newest" })).toBeVisible();
  const second = await names().evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  expect(second.filter((href) => first.includes(href))).toEqual([]);
});

test("a row opens by keyboard", async ({ page, open }) => {
  await open(`${path}?prompt=support/answer`);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/traces\/5eed/);
});
