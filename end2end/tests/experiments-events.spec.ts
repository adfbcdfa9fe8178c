// An outcome event as a metric: chosen in the form with a cap and a window, sent over REST, read on the experiment's page.
import { headers, newPrompt, post } from "../fixtures/api";
import { expectRefused } from "../fixtures/form";
import { picture } from "../fixtures/picture";
import { expect, project, test } from "../fixtures/test";

const list = `/p/${project}/experiments`;
const users = 60;

test("an outcome event decides, with a cap and a window", async ({ page, open, hydrated, request, checkAccessibility, expectedErrors }) => {
  test.slow();
  // A cap and a window that are none are refused.
  expectedErrors.push(/400 \(Bad Request\)/);
  const run = Date.now().toString(36);
  const [prompt, key, event] = [`sells/${run}`, `sells-${run}`, `bought.${run}`];
  await newPrompt(request, prompt, ["Greet {{name}}.", "Greet {{name}} and sell."]);
  const bought = (unit: string, value: number, at?: string) => ({ name: event, unit: { kind: "user", id: unit }, value, at });
  await post(request, "/api/v1/events", [bought("somebody", 3), bought("somebody-else", 4)]);

  await open(`${list}/new?prompt=${encodeURIComponent(prompt)}&label=production`);
  await page.locator("#key").fill(key);
  await page.locator("#minimum-hours").fill("0");
  // Without scores latency stands first, where less is better. Which way is better goes with what is chosen.
  await expect(page.locator("#metric-0-direction")).toHaveValue("lower");
  await page.locator("#metric-0-what").selectOption(`event:${event} mean`);
  await expect(page.locator("#metric-0-direction")).toHaveValue("higher");
  const row = page.locator(".rows__row--metric").first();
  await expect(row).toContainText("2 so far, the newest");
  await expect(row.locator("option:checked").nth(1)).toHaveText(`${event}, sum a unit (event)`);

  // Cap and window are folded away.
  await expect(page.locator("#metric-0-window")).toBeHidden();
  await row.locator("summary").click();
  await expect(row).toContainText("As usual: none, so a few large values may decide.");
  await expect(page.locator("#metric-0-cap")).toHaveCount(0);
  await page.locator("#metric-0-cap-of").selectOption("value");
  await page.locator("#metric-0-cap").fill("-5");
  await page.locator("#metric-0-window").fill("soon");
  await page.getByRole("button", { name: "Save and check" }).click();
  await expectRefused(page, [
    ["#metric-0-window", "soon is no whole number"],
    ["#metric-0-cap", "-5 is no cap; give a number above 0"],
  ]);
  // Each says it where it is; what is measured is not at fault.
  await expect(page.locator("#metric-0-what")).not.toHaveAttribute("aria-invalid", "true");
  await checkAccessibility();
  await picture(page, "event-form-refused");
  await page.locator("#metric-0-cap").fill("50");
  await page.locator("#metric-0-window").fill("2");
  await expect(page.locator("#metric-0-cap")).not.toHaveAttribute("aria-invalid", "true");

  // A reload loses nothing.
  await page.reload();
  await hydrated();
  await expect(page.getByText("This is what you had typed when you left.")).toBeVisible();
  await expect(page.locator("#metric-0-what")).toHaveValue(`event:${event} mean`);
  await expect(page.locator("#metric-0-cap-of")).toHaveValue("value");
  await expect(page.locator("#metric-0-cap")).toHaveValue("50");
  await expect(page.locator("#metric-0-window")).toHaveValue("2");
  await expect(page.locator("#metric-0-window")).toBeVisible();
  await picture(page, "event-form");
  await page.getByRole("button", { name: "Save and check" }).click();
  await expect(page).toHaveURL(new RegExp(`/experiments/${key}$`));
  const planned = `mean of event:${event}, capped at 50, within 2 days of the first exposure`;
  await expect(page.getByText(planned)).toBeVisible();

  // The form shows it again.
  await page.goto(`${list}/${key}/edit`);
  await hydrated();
  await expect(page.locator("#metric-0-cap")).toHaveValue("50");
  await expect(page.locator("#metric-0-window")).toHaveValue("2");
  await expect(page.locator("#metric-0-window-of")).toHaveValue("days");

  await open(`${list}/${key}`);
  await page.getByRole("button", { name: "Launch", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Launch" }).click();
  await expect(page.getByRole("heading", { name: "100% of the traffic is split." })).toBeVisible();

  // Who has the control buys for 10 to 14; who has the treatment twice for 40, which counts for 50.
  const sums: Record<string, number[]> = { control: [], treatment: [] };
  const events: unknown[] = [];
  const past = new Date(Date.now() - 3_600_000).toISOString();
  for (let user = 0; user < users; user += 1) {
    const unit = `${key}-${user}`;
    const { arm } = await post(request, "/api/v1/resolve", { prompt, unit });
    const spent = 10 + (user % 5);
    sums[arm]?.push(arm === "control" ? spent : 50);
    events.push(...(arm === "control" ? [bought(unit, spent)] : [bought(unit, 40), bought(unit, 40)]));
    // Before it met the experiment: that counts nowhere.
    events.push(bought(unit, 1_000, past));
  }
  await post(request, "/api/v1/events", events);
  const mean = (numbers: number[] | undefined) => (numbers ?? []).reduce((sum, one) => sum + one, 0) / (numbers?.length ?? 1);
  const results = async () => (await request.get(`/api/v1/experiments/${key}/results`, { headers })).json();
  const round = (value: number | null) => Math.round((value ?? 0) * 1e6) / 1e6;
  await expect
    .poll(async () => {
      const { exposed, partial, table } = await results();
      return [exposed, partial, ...table.rows[0].values.map(({ value }: { value: number | null }) => round(value))];
    })
    .toEqual([users, null, round(mean(sums.control)), 50]);

  await open(`${list}/${key}`);
  const table = page.getByRole("table", { name: "Results by metric" });
  const line = table.getByRole("row").filter({ hasText: event }).first();
  await expect(line).toContainText("mean per user, within 2 days");
  await expect(line).toContainText("50");
  await expect(line).toContainText((Math.round(mean(sums.control) * 10) / 10).toString());
  await checkAccessibility();
  await picture(page, "event-results");
});
