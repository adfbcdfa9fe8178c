// What is set up wrongly is told at its field, with what would be right; what two people do at once is told to the later one.
import { headers, newPrompt } from "../fixtures/api";
import { expect, project, test } from "../fixtures/test";

const list = `/p/${project}/experiments`;

test("mistakes stand at their fields, and nobody overwrites anybody", async ({ page, open, hydrated, request, checkAccessibility, expectedErrors }) => {
  test.slow();
  expectedErrors.push(/400 \(Bad Request\)/, /409 \(Conflict\)/, /503 \(Service Unavailable\)/);
  const run = Date.now().toString(36);
  const [prompt, key] = [`bad/${run}`, `bad-${run}`];
  await newPrompt(request, prompt, ["Greet them.", "Greet them warmly."]);
  await open(`${list}/new?prompt=${encodeURIComponent(prompt)}&label=production`);
  await page.locator("#key").fill(key);

  await test.step("each mistake at its field", async () => {
    await page.locator("#arm-1-version").selectOption("");
    await page.locator("#arm-1-weight").fill("30");
    await page.getByText("Exclusion group, holdout, testers").click();
    await page.locator("#group").fill(key);
    await page.locator("#ranges").fill("0-50, 40-90");
    await page.locator("#metric-0-margin").fill("-5");
    await page.locator("#start").fill("2031-05-02T10:00");
    await page.locator("#end").fill("2031-05-01T10:00");
    await page.locator("#alpha").fill("50");
    await page.getByRole("button", { name: "Save and check" }).click();
    const fields: [string, RegExp][] = [
      ["#arm-1-version", /no version; give the number of one of the prompt's/i],
      ["#ranges", /`?40\.\.90`? shares buckets with `?0\.\.50/i],
      ["#metric-0-margin", /is no margin; it is above 0 whichever way is better/i],
      ["#end", /is not after the start/i],
      ["#alpha", /is no error level; give 0\.001 to 0\.2/i],
    ];
    for (const [field, says] of fields) {
      await expect(page.locator(field)).toHaveAttribute("aria-invalid", "true");
      await expect(page.locator(field)).toHaveAccessibleDescription(says);
    }
    await expect(page.locator("fieldset").filter({ hasText: "Arms" })).toContainText(/weights sum to .?8000/i);
    await checkAccessibility();
    // The plan waits for what it needs.
    await expect(page.locator("#plan")).toContainText("Once the form adds up:");
    expect((await request.get(`/api/v1/experiments/${key}`, { headers })).status()).toBe(404);
  });

  await test.step("a reload keeps what was typed, and mending takes a mistake back", async () => {
    await page.reload();
    await hydrated();
    await expect(page.locator("#ranges")).toHaveValue("0-50, 40-90");
    await expect(page.locator("#end")).toHaveValue("2031-05-01T10:00");
    await page.getByRole("button", { name: "Save and check" }).click();
    await expect(page.locator("#metric-0-margin")).toHaveAttribute("aria-invalid", "true");
    await page.locator("#metric-0-margin").fill("5");
    await expect(page.locator("#metric-0-margin")).not.toHaveAttribute("aria-invalid", "true");
    await page.locator("#arm-1-version").selectOption("2");
    await page.getByRole("button", { name: "Split evenly" }).click();
    await page.getByLabel("Whoever met an arm keeps it").check();
    await page.locator("#ranges").fill("0-5000");
    await page.locator("#start").fill("");
    await page.locator("#end").fill("");
    await page.route(/plan_draft/, (route) => route.fulfill({ status: 503, body: "down" }));
    await page.locator("#alpha").fill("5");
    // What no field can mend is not blamed on one.
    await expect(page.locator("#plan").getByRole("alert")).toBeVisible();
    await expect(page.locator("#plan")).not.toContainText("Once the form adds up");
    await page.unroute(/plan_draft/);
    await page.getByRole("button", { name: "Save and check" }).click();
    await expect(page).toHaveURL(new RegExp(`/experiments/${key}$`));
    await expect(page.getByText("Everything a launch needs is there.")).toBeVisible();
  });

  await test.step("two change the same revision", async () => {
    const edit = `${list}/${key}/edit`;
    await open(edit);
    const other = await page.context().newPage();
    await other.goto(edit);
    await expect(other.locator("html")).toHaveAttribute("data-hydrated", "");
    await other.locator("#name").fill("By somebody else");
    await other.getByRole("button", { name: "Save and check" }).click();
    await expect(other).toHaveURL(new RegExp(`/experiments/${key}$`));
    await other.close();
    await expect(page.getByLabel("Whoever met an arm keeps it")).toBeChecked();
    await page.locator("#hypothesis").fill("Mine.");
    await page.getByRole("button", { name: "Save and check" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "Somebody changed it meanwhile; nothing was saved" })).toContainText("edited by");
    await expect(page.locator("#hypothesis")).toHaveValue("Mine.");
    const { design } = await (await request.get(`/api/v1/experiments/${key}`, { headers })).json();
    expect([design.name, design.hypothesis, design.sticky]).toEqual(["By somebody else", "", true]);
  });

  await test.step("a label that is taken, and buckets that are", async () => {
    expect((await request.post(`/api/v1/experiments/${key}/launch`, { headers, data: {} })).ok()).toBe(true);
    const { design } = await (await request.get(`/api/v1/experiments/${key}`, { headers })).json();
    const second = { key: `${key}-2`, prompt, design: { ...design, exclusion: { group: key, ranges: [{ start: 4000, end: 6000 }] } } };
    expect((await request.post("/api/v1/experiments", { headers, data: second })).ok()).toBe(true);
    await open(`${list}/${key}-2`);
    await expect(page.getByText(new RegExp(`is split by the experiment .${key}. already; end that one first`))).toBeVisible();
    await expect(page.getByText(/4000\.\.6000.? shares buckets with .?0\.\.5000/)).toBeVisible();
    await expect(page.getByRole("button", { name: "Launch", exact: true })).toHaveCount(0);
    expect((await request.post(`/api/v1/experiments/${key}/stop`, { headers, data: {} })).ok()).toBe(true);
  });
});
