import { prompt, unlinkedTrace } from "../fixtures/seed";
import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/unlinked`;

test("unlinked generations are told by what they lack, and lead to their traces", async ({ page, open, checkAccessibility }) => {
  await open(`${path}?range=24h`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Unlinked generations");
  await expect(page).toHaveTitle("Unlinked · Assay");
  const reasons = page.getByRole("table", { name: "What unlinked generations lack" });
  const alone = reasons.getByRole("row").filter({ hasText: `“${prompt.name}” without a version` });
  await expect(alone).toContainText("Set gen_ai.prompt.version.");
  await expect(alone).toContainText("shop.chat");
  await expect(reasons.getByRole("row").filter({ hasText: "No prompt is named" })).toBeVisible();
  await checkAccessibility();

  await alone.getByRole("link").first().click();
  await expect(page).toHaveURL(new RegExp(`/traces/${unlinkedTrace}\\?span=`));
});

test("versions that are not here lead to what used them", async ({ page, open }) => {
  await open(`${path}?range=24h`);
  const unknown = page.getByRole("table", { name: "Generations of versions the registry does not have" });
  const ghost = unknown.getByRole("row").filter({ hasText: "ghost/prompt" });
  await expect(ghost).toContainText("No prompt of this name is here");
  await ghost.getByRole("link", { name: "1", exact: true }).click();
  await expect(page).toHaveURL(/\/traces\?.*prompt=ghost/);
  await expect(page.getByRole("table", { name: "Traces" }).locator("tbody tr")).toHaveCount(1);
});

test("a range without generations says so", async ({ page, open }) => {
  await open(`${path}?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z`);
  await expect(page.getByText("No generation in this range")).toBeVisible();
});

test("the prompts lead here", async ({ page, open }) => {
  await open(`/p/${project}/prompts`);
  await page.getByRole("link", { name: "Unlinked" }).click();
  await expect(page).toHaveURL(new RegExp(`${path}$`));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Unlinked generations");
});
