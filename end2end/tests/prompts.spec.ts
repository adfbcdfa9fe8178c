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

test("the list is sorted by its numbers, and numbers lead to traces", async ({ page, open, checkAccessibility }) => {
  await open(path);
  const rows = page.getByRole("table", { name: "Prompts" }).locator("tbody tr");
  const heading = page.getByRole("columnheader", { name: "Generations" });
  await heading.getByRole("link").click();
  await expect(page).toHaveURL(/sort=-volume/);
  await expect(heading).toHaveAttribute("aria-sort", "descending");
  const counts = await rows.evaluateAll((all) =>
    all.map((row) => Number(row.querySelectorAll("td")[2]?.textContent?.replace(/\D/g, "") ?? 0)),
  );
  expect(counts, "greatest first").toEqual([...counts].sort((a, b) => b - a));
  await heading.getByRole("link").click();
  await expect(page).toHaveURL(/sort=volume/);
  await expect(heading).toHaveAttribute("aria-sort", "ascending");

  const row = rows.filter({ has: page.getByRole("link", { name: "answer", exact: true }) });
  // Thumbs of 40 traces, 14 of them down.
  await expect(row).toContainText("0.65");
  await checkAccessibility();
  await row.getByRole("link", { name: "40", exact: true }).click();
  await expect(page).toHaveURL(/traces\?prompt=support\/answer&range=7d/);
  await expect(page.getByRole("table", { name: "Traces" }).locator("tbody tr")).toHaveCount(40);
});

test("folders and tags narrow the list from beside it", async ({ page, open }) => {
  await open(path);
  const folders = page.getByRole("navigation", { name: "Folders" });
  await folders.getByRole("link", { name: /^support/ }).click();
  await expect(page).toHaveURL(/folder=support/);
  await expect(folders.getByRole("link", { name: /^support/ })).toHaveAttribute("aria-current", "page");
  await page.getByRole("button", { name: "Tag" }).click();
  await page.getByRole("link", { name: "support (1)" }).click();
  await expect(page).toHaveURL(/folder=support&tag=support/);
  await expect(page.getByRole("table", { name: "Prompts" }).locator("tbody tr")).toHaveCount(1);

  // Both are taken off before the list without the first one came.
  await page.route(/\/sfn\/.*list_prompts/, () => undefined);
  await page.getByRole("link", { name: "Remove filter Tag support" }).click();
  await folders.getByRole("link", { name: "All prompts" }).click();
  await expect(page).toHaveURL(new RegExp(`${path}\\??$`));
});

test("a folder narrows the list and a row opens by keyboard", async ({ page, open }) => {
  await open(path);
  await page.getByRole("link", { name: "support", exact: true }).first().click();
  await expect(page).toHaveURL(/folder=support/);
  await expect(page.getByRole("table", { name: "Prompts" }).locator("tbody tr")).toHaveCount(1);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/prompts/${prompt.path}`));
});
