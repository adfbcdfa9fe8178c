import type { APIRequestContext } from "@playwright/test";
import { keys, newPrompt, post } from "../fixtures/api";
import { expect, project, test } from "../fixtures/test";

const list = `/p/${project}/experiments`;

async function versionFor(request: APIRequestContext, prompt: string, unit: string): Promise<{ version: number; reason: string }> {
  return post(request, "/api/v1/resolve", { prompt, unit });
}

test("an experiment is set up, launched, paused, stopped, taken back and shipped", async ({
  page,
  open,
  hydrated,
  request,
  checkAccessibility,
  expectedErrors,
}) => {
  test.slow();
  // Weights that do not add up are refused.
  expectedErrors.push(/400 \(Bad Request\)/);
  const run = Date.now().toString(36);
  const prompt = `tone/${run}`;
  await newPrompt(request, prompt, ["Greet {{name}}.", "Greet {{name}} warmly."]);

  await open(`${list}/new`);
  const slots = page.getByRole("table", { name: "Prompts and labels" });
  await slots.getByRole("row").filter({ hasText: prompt }).getByRole("link", { name: "production" }).click();
  await expect(page).toHaveURL(/prompt=tone/);
  await page.getByLabel("Name", { exact: true }).or(page.locator("#name")).first().fill("Warmer greeting");
  await page.locator("#key").fill(`warm-${run}`);
  await page.locator("#hypothesis").fill("A warmer greeting is liked better.");
  // The control is what the label serves, the other version stands against it.
  await expect(page.locator("#arm-0-version")).toHaveValue("1");
  await expect(page.locator("#arm-1-version")).toHaveValue("2");

  // The preview follows while one types, by the code that assigns.
  const preview = page.locator(".experiment-form__aside");
  await expect(preview).toContainText(/Of 2000 made-up units of the audience: \d+ control, \d+ treatment\./);
  await page.locator("#arm-1-weight").fill("30");
  await expect(preview).toContainText("The split has to add up first.");
  await page.getByRole("button", { name: "Save and check" }).click();
  await expect(page.getByRole("alert").first()).toContainText("weights sum to");
  await expect(page.locator("fieldset").filter({ hasText: "Arms" })).toContainText("weights sum to");
  await checkAccessibility();
  await page.getByRole("button", { name: "Split evenly" }).click();
  await expect(page.locator("#arm-1-weight")).toHaveValue("50");
  await expect(page.locator("fieldset").filter({ hasText: "Arms" })).not.toContainText("weights sum to");

  await page.getByRole("button", { name: "Add a rule" }).click();
  await expect(page.locator("#rule-0-attribute")).toBeFocused();
  await page.keyboard.type("plan");
  await page.locator("#rule-0-value").fill("pro");
  await expect(preview).toContainText("the audience’s rules do not hold");
  await page.locator("#preview").fill("id = user-1\nplan = pro");
  await expect(preview.getByRole("status")).toContainText("at place");
  await page.locator("#minimum-hours").fill("0");
  await expect(page.getByText("A verdict may come before every weekday was seen.")).toBeVisible();

  // A reload loses nothing.
  await page.reload();
  await hydrated();
  await expect(page.getByText("This is what you had typed when you left.")).toBeVisible();
  await expect(page.locator("#key")).toHaveValue(`warm-${run}`);
  await expect(page.locator("#rule-0-value")).toHaveValue("pro");
  await expect(page.locator("#minimum-hours")).toHaveValue("0");

  // Rows go, too.
  await page.getByRole("button", { name: "Remove rule" }).click();
  await expect(page.locator("#rule-0-value")).toHaveCount(0);
  await expect(page.locator("#add-rule")).toBeFocused();
  await page.getByRole("button", { name: "Save and check" }).click();
  await expect(page).toHaveURL(new RegExp(`/experiments/warm-${run}$`));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Warmer greeting");
  await expect(page.getByText("Everything a launch needs is there.")).toBeVisible();
  await checkAccessibility();
  expect((await versionFor(request, prompt, "user-1")).reason).toBe("no_experiment");

  // Launched: the label is split.
  await page.getByRole("button", { name: "Launch", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("takes over the label production");
  await checkAccessibility();
  await dialog.getByRole("button", { name: "Launch" }).click();
  await expect(page.getByRole("heading", { name: "100% of the traffic is split." })).toBeVisible();
  const arms = new Set<number>();
  for (let n = 0; n < 40; n += 1) arms.add((await versionFor(request, prompt, `user-${n}`)).version);
  expect([...arms].sort()).toEqual([1, 2]);
  const code = page.locator("#code-openfeature");
  await expect(code).toContainText(keys.public);

  // Who acts on an older page is told what happened meanwhile. Its questions whether something happened are not answered yet.
  await page.route(/results_stamp/, () => undefined);
  const other = await page.context().newPage();
  await other.goto(`${list}/warm-${run}`);
  await expect(other.locator("html")).toHaveAttribute("data-hydrated", "");
  await other.getByRole("button", { name: "Pause" }).click();
  await other.getByRole("dialog").getByRole("textbox", { name: "Why" }).fill("lunch");
  await other.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await expect(other.getByRole("heading", { name: "Paused." })).toBeVisible();
  await other.close();
  expectedErrors.push(/409 \(Conflict\)/);
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Stop" }).click();
  const conflict = page.getByRole("alert").filter({ hasText: "Nothing was done" });
  await expect(conflict).toContainText("paused by");
  await page.unroute(/results_stamp/);
  await conflict.getByRole("button", { name: "Show it as it is now" }).click();
  await expect(page.getByRole("heading", { name: "Paused." })).toBeVisible();
  for (let n = 0; n < 10; n += 1) expect((await versionFor(request, prompt, `user-${n}`)).version).toBe(1);

  // Stopping can be taken back.
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Stop" }).click();
  await expect(page.getByRole("heading", { name: "Stopped: everybody gets v1." })).toBeVisible();
  await page.getByRole("region", { name: "Messages" }).getByRole("button", { name: "Undo" }).first().click();
  await expect(page.getByRole("heading", { name: "Paused." })).toBeVisible();

  // Shipping moves the label.
  await page.getByRole("button", { name: "Ship an arm" }).click();
  await page.getByRole("dialog").getByLabel("Arm").selectOption("treatment");
  await page.getByRole("dialog").getByRole("button", { name: "Ship an arm" }).click();
  await expect(page.getByRole("heading", { name: "treatment was shipped: production points at v2 now." })).toBeVisible();
  expect((await versionFor(request, prompt, "user-1")).version).toBe(2);

  // What was saved is not kept as half-filled.
  await open(`${list}/new?prompt=${encodeURIComponent(prompt)}&label=production`);
  await expect(page.locator("#hypothesis")).toHaveValue("");
  await expect(page.getByText("This is what you had typed when you left.")).toHaveCount(0);

  await open(`${list}?status=ended`);
  const row = page.getByRole("row").filter({ hasText: `warm-${run}` });
  await expect(row).toContainText("shipped");
  await checkAccessibility();
});
