import { prompt } from "../fixtures/seed";
import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/prompts`;

test("prompts are listed with labels and volume, and can be searched", async ({ page, open, checkAccessibility }) => {
  await open(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Prompts");
  await expect(page).toHaveTitle("Prompts · Assay");
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "answer", exact: true }) });
  await expect(row).toContainText("production v2");
  await checkAccessibility();

  await page.getByRole("searchbox", { name: "Search prompts" }).fill("nothing like it");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=nothing/);
  await expect(page.getByText("No prompt matches")).toBeVisible();
  await page.goBack();
  await expect(row).toBeVisible();
});

test("a folder narrows the list and a row opens by keyboard", async ({ page, open }) => {
  await open(path);
  await page.getByRole("link", { name: "support", exact: true }).first().click();
  await expect(page).toHaveURL(/folder=support/);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/prompts/${prompt.path}`));
});
