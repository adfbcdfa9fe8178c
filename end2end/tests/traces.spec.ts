import { sendTrace, traceCount } from "../fixtures/seed";
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

  await page.getByRole("button", { name: "Errors" }).click();
  await page.getByRole("link", { name: "Only with errors" }).click();
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

test("filters are set in menus and forms, shown as chips and taken off again", async ({ page, open, checkAccessibility }) => {
  await open(`${path}?prompt=support/answer`);
  const rows = page.getByRole("table", { name: "Traces" }).locator("tbody tr");
  await expect(rows).toHaveCount(traceCount);

  // A score, by form: yes counts as 1.
  await page.getByRole("button", { name: "Score" }).click();
  await checkAccessibility();
  await page.getByLabel("Score", { exact: true }).last().selectOption("thumbs_up");
  await page.getByLabel(/^At least(?!,)/).first().fill("1");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/score=thumbs_up&score_min=1/);
  const scored = traceCount - Math.ceil(traceCount / 3);
  await expect(rows).toHaveCount(scored);

  // A duration beside it, from the keyboard alone; the seed's traces last 900 ms and 20 ms more each.
  await page.getByRole("button", { name: "Duration" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type("1500");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/duration_min_ms=1500/);
  await expect(rows).toHaveCount(Array.from({ length: traceCount }, (_, n) => n).filter((n) => n % 3 && n >= 30).length);

  // A model nobody called there would be an empty list that says what to do.
  await page.getByRole("link", { name: /Remove filter Score/ }).click();
  await page.getByRole("link", { name: /Remove filter Duration/ }).click();
  await expect(rows).toHaveCount(traceCount);
  await page.getByRole("button", { name: "Model" }).click();
  await page.getByRole("link", { name: "gpt-4o-mini", exact: true }).click();
  await expect(page).toHaveURL(/model=gpt-4o-mini/);
  await expect(rows).toHaveCount(traceCount);
  await open(`${path}?prompt=support/answer&model=gpt-4o-mini&score=thumbs_up&score_is=maybe`);
  await expect(page.getByText("No trace matches")).toBeVisible();
  await page.reload();
  await expect(page.getByRole("link", { name: /Remove filter Score thumbs_up is maybe/ })).toBeVisible();
});

test("a filter that cannot be read says which and what would be right", async ({ page, expectedErrors }) => {
  expectedErrors.push(/400 \(Bad Request\)/);
  await page.goto(`${path}?duration_min_ms=soon`);
  await expect(page.getByText(/`soon` is not a number/).first()).toBeVisible();
});

test("filters work without script", async ({ browser, baseURL, storageState }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: baseURL ?? "", storageState: storageState ?? {} });
  const page = await context.newPage();
  await page.goto(`${path}?prompt=support/answer`);
  await page.getByRole("button", { name: "User" }).click();
  await page.getByLabel("User", { exact: true }).last().fill("user-4");
  await page.getByRole("button", { name: "Show" }).locator("visible=true").click();
  await expect(page).toHaveURL(/prompt=support%2Fanswer&user=user-4/);
  await expect(page.getByRole("link", { name: /Remove filter User/ })).toBeVisible();
  await context.close();
});

test("new traces wait until they are asked for, and come by themselves when live is on", async ({ page, open, request }) => {
  const user = `live-${Date.now()}`;
  await sendTrace(request, { user, name: "first" });
  await open(`${path}?user=${user}&range=1h`);
  const rows = page.getByRole("table", { name: "Traces" }).locator("tbody tr");
  await expect(rows).toHaveCount(1);

  await sendTrace(request, { user, name: "second" });
  const news = page.getByRole("button", { name: "1 new" });
  await expect(news).toBeVisible({ timeout: 15_000 });
  await expect(rows, "nothing moves by itself").toHaveCount(1);
  await page.keyboard.press("u");
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText("second");
  await expect(news).toBeHidden();

  // The list is asked anew and drawn anew: a row is stood on after that.
  const listed = page.waitForResponse((response) => response.url().includes("/list_traces"));
  await page.getByRole("link", { name: /^Live/ }).click();
  await expect(page).toHaveURL(/live=on/);
  await (await listed).finished();
  await expect(async () => {
    await page.keyboard.press("j");
    await expect(page.locator(":focus")).toHaveAttribute("href", /traces/, { timeout: 500 });
  }).toPass();
  const focused = await page.locator(":focus").getAttribute("href");
  await sendTrace(request, { user, name: "third" });
  await expect(rows).toHaveCount(3, { timeout: 15_000 });
  await expect(rows.first()).toContainText("third");
  await expect(page.locator(":focus"), "who stands on a row stays on it").toHaveAttribute("href", focused ?? "");
});
