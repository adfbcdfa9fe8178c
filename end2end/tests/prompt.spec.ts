import { headers, newPrompt, post } from "../fixtures/api";
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

test("a label an experiment owns moves with a choice of what becomes of it", async ({ page, open, request, checkAccessibility, expectedErrors }) => {
  const name = `owned-${test.info().workerIndex}-${Date.now()}`;
  await newPrompt(request, name, ["Hello", "Good day", "Hey"]);
  const goal = { key: "buy", source: "event:buy", aggregation: "rate", direction: "higher" };
  const arms = [
    { key: "control", version: 1, weight: 5000 },
    { key: "formal", version: 2, weight: 5000 },
  ];
  await post(request, "/api/v1/experiments", { key: name, prompt: name, design: { arms, metrics: [{ metric: goal, role: "goal" }] } });
  await post(request, `/api/v1/experiments/${name}/launch`, {});

  await open(`/p/${project}/prompts/${name}?v=3`);
  await expect(page.getByText(`production belongs to the experiment ${name}.`)).toBeVisible();
  await checkAccessibility();
  expectedErrors.push(/409 \(Conflict\)/);
  await page.getByRole("button", { name: "Move to v3" }).click();
  await expect(page.getByRole("alert")).toContainText("Say what becomes of the experiment");
  await page.getByLabel("The label’s experiment").selectOption({ label: "Make this its control: a new phase" });
  await page.getByRole("button", { name: "Move to v3" }).click();
  await expect(page.getByRole("status").filter({ hasText: "production moved to v3" })).toBeVisible();
  const rebased = await (await request.get(`/api/v1/experiments/${name}`, { headers })).json();
  expect([rebased.state, rebased.phases.length, rebased.design.arms[0].version]).toEqual(["running", 2, 3]);

  await open(`/p/${project}/prompts/${name}?v=2`);
  await page.getByLabel("Point a label here").fill("production");
  await page.getByLabel("The label’s experiment").selectOption({ label: "Stop it, then move" });
  await page.getByRole("button", { name: "Move to v2" }).click();
  await expect(page.getByRole("status").filter({ hasText: "production moved to v2" })).toBeVisible();
  await expect(page.getByText("belongs to the experiment")).toHaveCount(0);
  expect((await (await request.get(`/api/v1/experiments/${name}`, { headers })).json()).state).toBe("stopped");
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
  await expect(page).toHaveURL(/metric=count/);
  await expect(page.getByRole("heading", { level: 2, name: "Generations" })).toBeVisible();
  // The link of a number opens exactly the traces behind it.
  await row.getByRole("link", { name: "20", exact: true }).click();
  await expect(page).toHaveURL(/prompt=support\/answer&range=24h&version=2/);
  await expect(page.getByRole("table", { name: "Traces" }).locator("tbody tr")).toHaveCount(20);
});

test("rows are versions, models, environments or users, and every table is an address", async ({ page, open }) => {
  await open(`${path}?tab=metrics&range=24h`);
  const rows = page.getByRole("group", { name: "One row for each" });
  await rows.getByRole("link", { name: "Model" }).click();
  await expect(page).toHaveURL(/by=model/);
  const byModel = page.getByRole("table", { name: "Numbers by model" });
  await expect(byModel.getByRole("row").filter({ hasText: "gpt-4o-mini" })).toContainText("40");
  await rows.getByRole("link", { name: "User" }).click();
  const byUser = page.getByRole("table", { name: "Numbers by user" });
  await expect(byUser.locator("tbody tr")).toHaveCount(7);
  await expect(byUser.getByRole("link", { name: "user-0" })).toHaveAttribute("href", /user=user-0/);
  await rows.getByRole("link", { name: "Version" }).click();

  const tables = page.getByRole("group", { name: "Which numbers" });
  const byVersion = page.getByRole("table", { name: "Numbers by version" });
  for (const [name, heading] of [
    ["Speed", "Time to first token, median"],
    ["Tokens", "Tokens out, median"],
    ["Cost", "Cost of output, total"],
    ["Traffic", "Share of traffic"],
    ["Quality", "Null responses, share"],
  ] as const) {
    await tables.getByRole("link", { name }).click();
    await expect(byVersion.getByRole("columnheader", { name: heading, exact: true })).toBeVisible();
  }
  await page.reload();
  await expect(byVersion.getByRole("columnheader", { name: "Null responses, share", exact: true })).toBeVisible();
  await page.goBack();
  await expect(byVersion.getByRole("columnheader", { name: "Share of traffic", exact: true })).toBeVisible();
});

test("choices made in a row all count, also before the numbers of the first one came", async ({ page, open }) => {
  await open(`${path}?tab=metrics&range=24h`);
  let answer = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route(/\/sfn\/.*=model/, async (route) => {
    await held;
    await route.continue();
  });
  await page.getByRole("group", { name: "One row for each" }).getByRole("link", { name: "Model" }).click();
  await page.getByRole("group", { name: "Which numbers" }).getByRole("link", { name: "Speed" }).click();
  await page.getByRole("group", { name: "What the chart shows" }).getByRole("link", { name: "Volume" }).click();
  await expect(page).toHaveURL(/by=model&show=speed&metric=count/);
  await expect(page.getByRole("table", { name: "Numbers by version" })).toBeVisible();
  answer();
  const byModel = page.getByRole("table", { name: "Numbers by model" });
  await expect(byModel.getByRole("columnheader", { name: "Time to first token, median", exact: true })).toBeVisible();
  await expect(page.getByRole("heading", { level: 2, name: "Generations" })).toBeVisible();
});

test("all trends are small charts, each leads to itself large", async ({ page, open, checkAccessibility }) => {
  await open(`${path}?tab=metrics&range=24h&metric=all`);
  await expect(page.locator(".trends__one")).toHaveCount(9);
  await expect(page.locator("[data-ready]").first()).toBeVisible();
  await checkAccessibility();
  await page.getByRole("link", { name: "Null responses, share" }).click();
  await expect(page).toHaveURL(/metric=null_rate/);
  await expect(page.locator(".chart")).toHaveCount(1);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("link", { name: "Latency, p99" }).click();
  await expect(page.getByRole("heading", { level: 2, name: "Latency, p99" })).toBeVisible();
});

test("a zone moves the days and stays in the address", async ({ page, open }) => {
  await open(`${path}?tab=metrics&range=7d`);
  await page.getByRole("button", { name: "UTC" }).click();
  await page.getByLabel("Days begin at midnight in").fill("Asia/Kolkata");
  await page.getByLabel("Days begin at midnight in").press("Enter");
  await expect(page).toHaveURL(/zone=Asia%2FKolkata|zone=Asia\/Kolkata/);
  await expect(page.getByRole("button", { name: "Asia/Kolkata" })).toBeVisible();
  await expect(page.getByRole("table", { name: "Numbers by version" })).toContainText("n 20");
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

test("GSM8K: two versions are compared in words and with intervals", async ({ page, open, checkAccessibility }) => {
  await open(`/p/${project}/prompts/gsm8k%2Fsolve?tab=metrics&range=24h&a=3&b=4`);
  const card = page.getByRole("heading", { level: 2, name: "Comparison" }).locator("xpath=ancestor::section[1]");
  await expect(card).toContainText(/correct: higher with v4 than with v3 by 0\.215 \(95% sure of/);
  const table = page.getByRole("table", { name: "v4 compared with v3" });
  const correct = table.getByRole("row").filter({ hasText: "correct" });
  await expect(correct).toContainText("0.347");
  await expect(correct).toContainText("0.563");
  await expect(correct).toContainText("Differs");
  await checkAccessibility();
  await card.getByLabel("From").selectOption({ label: "v2" });
  await card.getByRole("button", { name: "Compare" }).click();
  await expect(page).toHaveURL(/a=2&b=4/);
  await expect(page.getByRole("table", { name: "v4 compared with v2" })).toBeVisible();
});

test("GSM8K: the distribution says the shares of right and wrong", async ({ page, open }) => {
  await open(`/p/${project}/prompts/gsm8k%2Fsolve?tab=metrics&range=24h&spread=score:correct`);
  const card = page.getByRole("heading", { level: 2, name: "Distribution of correct" }).locator("xpath=ancestor::section[1]");
  await expect(card).toContainText("0: 65.3%, 1: 34.7%");
  await card.getByRole("button", { name: "correct" }).click();
  await card.getByRole("link", { name: "Latency" }).click();
  await expect(page.getByRole("heading", { level: 2, name: "Distribution of Latency" })).toBeVisible();
});
