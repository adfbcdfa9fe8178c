import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}`;

test("home shows the last day with numbers that lead to traces", async ({ page, open, checkAccessibility }) => {
  await open(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("demo");
  await expect(page).toHaveTitle("Home · Assay");
  await checkAccessibility();
  const generations = page.locator(".health-strip__item").first();
  await expect(generations.locator(".health-strip__value")).not.toHaveText("0");
  await generations.click();
  await expect(page).toHaveURL(/\/traces\?range=24h/);
  await expect(page.getByRole("table", { name: "Traces" })).toBeVisible();
});

test("keys go to every place and say which they are", async ({ page, open }) => {
  await open(path);
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await expect(page).toHaveURL(`${path}/traces`);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await expect(page).toHaveURL(`${path}/prompts`);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("g t");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
});
