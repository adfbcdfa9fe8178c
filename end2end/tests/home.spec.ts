import { post } from "../fixtures/api";
import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}`;

test("home shows how things are with numbers that lead to traces", async ({ page, open, checkAccessibility }) => {
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

test("home tells what changed this week and leads to it", async ({ page, open, request }) => {
  // The newest changes are listed, and other tests make some meanwhile: one of our own.
  const name = `changes/${Date.now().toString(36)}`;
  const data = { name, prompt: "Hi {{name}}.", labels: ["production"], commitMessage: "Shorter, quote the policy" };
  await post(request, "/api/public/v2/prompts", data);
  await open(path);
  const changes = page.locator(".changes__item");
  const saved = changes.filter({ hasText: `${name} v1 saved` });
  await expect(saved).toContainText("Shorter, quote the policy");
  await expect(changes.filter({ hasText: new RegExp(`production\\s+set to\\s+${name}\\s+v1`) })).toHaveCount(1);
  await expect(page.getByRole("heading", { name: "Numbers that moved" })).toBeVisible();
  await saved.getByRole("link").click();
  await expect(page).toHaveURL(new RegExp(`prompts/${encodeURIComponent(name)}\\?v=1`));
});

test("home lists the experiments under way with what is known of them", async ({ page, open }) => {
  await open(path);
  // The newest ones are listed, whichever tests run beside this one.
  const rows = page.getByRole("table", { name: "Experiments" }).getByRole("row");
  // Under way is what runs or is paused.
  const running = rows.filter({ has: page.locator(".experiment__known") }).first();
  await expect(running).toContainText(/running|paused/);
  await expect(running.locator(".experiment__known")).not.toBeEmpty();
  const link = running.getByRole("link").first();
  const href = await link.getAttribute("href");
  expect(href).toContain(`${path}/experiments/`);
  await link.click();
  await expect(page).toHaveURL(new RegExp(`${href}$`));
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
