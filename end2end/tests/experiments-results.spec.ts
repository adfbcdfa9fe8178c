import { readFile } from "node:fs/promises";
import { stories } from "../fixtures/results";
import { expect, project, test } from "../fixtures/test";

const page = (key: string) => `/p/${project}/experiments/${key}`;

test("the verdict comes first, then why it can be trusted, then every number with its traces", async ({
  page: window,
  open,
  checkAccessibility,
}) => {
  await open(page(stories.better.key));
  await expect(window.getByRole("main").getByRole("heading", { level: 2 }).first()).toHaveText(/^Shorter is better: Thumbs up rises by \d+(\.\d+)?%\.$/);
  await expect(window.getByText("Ship now")).toBeVisible();
  await expect(window.getByText(/We are 95% sure that the true change of Thumbs up lies between \+/)).toBeVisible();
  const health = window.getByRole("list", { name: "Health" });
  await expect(health).toContainText("Split as planned");
  await expect(health).toContainText("Served as assigned");
  const table = window.getByRole("table", { name: "Results by metric" });
  const thumbs = table.getByRole("row").filter({ hasText: "Thumbs up" });
  await expect(thumbs).toContainText("Better");
  await expect(thumbs.getByRole("img").first()).toHaveAttribute("aria-label", /^Thumbs up: \+.+ to \+/);
  await expect(table.getByRole("row").filter({ hasText: "Cost per user" })).toContainText("Within margin");
  await checkAccessibility();

  // A number leads to the traces behind it.
  const link = thumbs.getByRole("link").nth(2);
  await expect(link).toHaveAttribute("href", /\/traces\?prompt=story\/story-better&version=2&from=.+&to=.+/);
  await link.click();
  await expect(window.getByRole("heading", { level: 1 })).toHaveText("Traces");
  await expect(window.getByRole("row").nth(1)).toBeVisible();
});

test("another method, level or difference is worked out without a request", async ({ page: window, open, checkAccessibility }) => {
  await open(page(stories.better.key));
  const table = window.getByRole("table", { name: "Results by metric" });
  const thumbs = table.getByRole("row").filter({ hasText: "Thumbs up" });
  const headline = await window.getByRole("main").getByRole("heading", { level: 2 }).first().textContent();
  await window.waitForLoadState("networkidle");
  const asked: string[] = [];
  window.on("request", (request) => {
    // The browser looks the icon up again with every address, and the page whether there is news.
    if (!/favicon\.svg$|results_stamp/.test(request.url())) asked.push(request.url());
  });

  const method = window.getByRole("group", { name: "Method" });
  await method.getByRole("link", { name: "Bayesian" }).click();
  await expect(thumbs).toContainText("Likely better");
  await expect(window).toHaveURL(/method=bayesian/);
  await expect(window.getByRole("status").filter({ hasText: "For looking" })).toContainText(
    "method bayesian instead of always valid. The plan decides",
  );
  await expect(window.getByRole("main").getByRole("heading", { level: 2 }).first()).toHaveText(headline ?? "");
  await window.getByRole("group", { name: "Difference" }).getByRole("link", { name: "Absolute" }).click();
  await expect(window).toHaveURL(/difference=absolute/);
  await method.getByRole("link", { name: "Fixed horizon" }).click();
  await expect(thumbs).toContainText("<0.001");
  // Cards on a phone name it as the heading does.
  await expect(thumbs.locator('[data-label="Luck"]')).toContainText("<0.001");
  await window.getByRole("button", { name: "Change error level" }).click();
  await window.getByRole("link", { name: "1.0%", exact: true }).click();
  await expect(window.getByText("error level 1.0% instead of 5.0%")).toBeVisible();
  await checkAccessibility();
  expect(asked, "requests").toEqual([]);

  // Back undoes, and a link shows the same to somebody else.
  await window.goBack();
  await expect(window).not.toHaveURL(/alpha=/);
  await window.getByRole("link", { name: "Look as planned" }).click();
  await expect(window).toHaveURL(new RegExp(`${page(stories.better.key)}\\??$`));
  await expect(thumbs).toContainText("Better");
  await open(`${page(stories.better.key)}?method=bayesian&alpha=0.01`);
  await expect(thumbs).toContainText("Likely better");
});

test("a metric opens its course, its distribution and its quantiles, with the keyboard too", async ({
  page: window,
  open,
  tabTo,
  checkAccessibility,
}) => {
  await open(page(stories.better.key));
  const latency = window.getByRole("link", { name: "Median latency", exact: true });
  await tabTo(latency);
  await window.keyboard.press("Enter");
  await expect(window).toHaveURL(/metric=latency/);
  await expect(latency).toHaveAttribute("aria-expanded", "true");
  await expect(window.getByRole("heading", { name: "Median latency, effect over time" })).toBeVisible();
  await expect(window.getByRole("img", { name: /^Shorter: .+, between .+ and .+; zero is still inside\.$/ })).toBeVisible();
  await expect(window.getByRole("img", { name: "Distribution of Median latency in Today" })).toBeVisible();
  await expect(window.getByRole("table", { name: "Quantiles by arm" }).getByRole("row")).toHaveCount(3);
  const look = window.getByRole("slider", { name: "Look" });
  await look.focus();
  await window.keyboard.press("Home");
  await expect(look).toHaveAttribute("aria-valuetext", /^Shorter, \w+ \d+: .+ units$/);
  await window.getByText(/Shorter: 1 look, one a day|Shorter: 2 looks, one a day/).click();
  await expect(window.getByRole("table", { name: "Shorter: every look" })).toBeVisible();
  await checkAccessibility();
  await latency.click();
  await expect(window.getByRole("heading", { name: "Median latency, effect over time" })).toHaveCount(0);
});

test("numbers that cannot be trusted are covered until somebody wants them anyway", async ({
  page: window,
  open,
  checkAccessibility,
}) => {
  await open(page(stories.uneven.key));
  await expect(window.getByRole("main").getByRole("heading", { level: 2 }).first()).toHaveText("Do not use these results.");
  await expect(window.getByRole("list", { name: "Health" })).toContainText("Split not as planned");
  await expect(window.getByRole("table", { name: "Results by metric" })).toBeHidden();
  await checkAccessibility();
  await window.getByRole("link", { name: "Show them anyway" }).click();
  await expect(window.getByRole("table", { name: "Results by metric" })).toBeVisible();
  await expect(window).toHaveURL(/show=anyway/);
});

test("an experiment nobody met yet says what to do", async ({ page: window, open, checkAccessibility }) => {
  await open(page(stories.empty.key));
  await expect(window.getByRole("heading", { name: "No users yet." })).toBeVisible();
  await expect(window.getByRole("heading", { name: "Nobody was exposed yet" })).toBeVisible();
  await expect(window.getByRole("table", { name: "Results by metric" })).toHaveCount(0);
  await checkAccessibility();
});

test("without script the choices are links and the table is there", async ({ browser, baseURL, storageState }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: baseURL ?? "", storageState: storageState ?? {} });
  const window = await context.newPage();
  await window.goto(`${page(stories.better.key)}?metric=thumbs`);
  const thumbs = window.getByRole("table", { name: "Results by metric" }).getByRole("row").filter({ hasText: "Thumbs up" });
  await expect(thumbs.first()).toContainText("Better");
  await expect(window.getByRole("heading", { name: "Thumbs up, effect over time" })).toBeVisible();
  await window.getByRole("group", { name: "Method" }).getByRole("link", { name: "Bayesian" }).click();
  await expect(thumbs.first()).toContainText("Likely better");
  await context.close();
});

test("the table goes into a spreadsheet as it stands", async ({ page: window, open }) => {
  await open(`${page(stories.better.key)}?method=fixed`);
  const download = window.waitForEvent("download");
  await window.getByRole("link", { name: "CSV" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("results.csv");
  const lines = (await readFile(await file.path(), "utf8")).trim().split("\r\n");
  expect(lines[0]).toMatch(/^metric,role,source,/);
  expect(lines).toHaveLength(6);
  expect(lines[1]).toMatch(/^thumbs,goal,score:thumbs,ratio,higher,shorter,control,.+,fixed_horizon,0\.05$/);
});
