import { prompt } from "../fixtures/seed";
import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/prompts/${prompt.path}`;

test("versions show where production points and what each says", async ({ page, open, checkAccessibility }) => {
  await open(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(prompt.name);
  await expect(page.getByRole("heading", { level: 2, name: "v2" })).toBeVisible();
  await expect(page.getByText("Quote the policy.")).toBeVisible();
  await checkAccessibility();
  await page.getByRole("list", { name: "Versions" }).getByRole("link").last().click();
  await expect(page).toHaveURL(/v=1/);
  await expect(page.getByText("Answer the customer.")).toBeVisible();
});

test("a label moves at once and can be moved back", async ({ page, open }) => {
  await open(`${path}?v=1`);
  await page.getByLabel("Point a label here").fill("canary");
  await page.getByLabel("Why").fill("to try it");
  await page.getByRole("button", { name: "Move to v1" }).click();
  const toast = page.getByRole("status").filter({ hasText: "canary moved to v1" });
  await expect(toast).toBeVisible();
  const moves = page.getByRole("heading", { name: "Label moves" }).locator("xpath=ancestor::section[1]");
  await expect(moves).toContainText("new on v1");
  await toast.getByRole("button", { name: "Undo" }).click();
  await expect(moves).toContainText("taken off v1");
});

test("metrics show a chart, a table beside it, and every number with its n", async ({ page, open, checkAccessibility }) => {
  await open(`${path}?tab=metrics&range=24h`);
  const table = page.getByRole("table", { name: "Numbers by version" });
  const row = table.getByRole("row").filter({ hasText: "v2" });
  await expect(row).toContainText("20");
  await expect(row).toContainText("n 20");
  await expect(page.locator("[data-ready]")).toBeVisible();
  await checkAccessibility();

  await page.getByRole("link", { name: "Volume" }).click();
  await expect(page).toHaveURL(/metric=volume/);
  await expect(page.getByRole("heading", { level: 2, name: "Generations" })).toBeVisible();
  // The link of a number opens exactly the traces behind it.
  await row.getByRole("link", { name: "20", exact: true }).click();
  await expect(page).toHaveURL(/prompt=support\/answer&version=2/);
  await expect(page.getByRole("table", { name: "Traces" }).locator("tbody tr")).toHaveCount(20);
});

test("ECharts is loaded on the metrics tab only", async ({ page, open }) => {
  const charts: string[] = [];
  page.on("request", (request) => {
    if (/charts\.js/.test(request.url())) charts.push(request.url());
  });
  await open(path);
  expect(charts).toEqual([]);
  await page.getByRole("link", { name: "Metrics" }).click();
  await expect(page.locator("[data-ready]")).toBeVisible();
  expect(charts).toHaveLength(1);
});

test("GSM8K: the real answers of four models give the known counts", async ({ page, open }) => {
  await open(`/p/${project}/prompts/gsm8k%2Fsolve?tab=metrics&range=24h`);
  const table = page.getByRole("table", { name: "Numbers by version" });
  for (const [version, correct] of [["v1", 286], ["v2", 515], ["v3", 458], ["v4", 742]] as const) {
    const row = table.getByRole("row").filter({ has: page.getByRole("link", { name: version, exact: true }) });
    await expect(row).toContainText(`${correct} of 1,319`);
    await expect(row).toContainText("1,319");
  }
});
