// An experiment's page while it runs: numbers come by themselves, nothing moves under whoever reads, and what can be done does
// not wait for numbers.
import type { APIRequestContext } from "@playwright/test";
import { headers, post } from "../fixtures/api";
import { stories, tell, type Story } from "../fixtures/results";
import { expect, project, test } from "../fixtures/test";

const page = (key: string) => `/p/${project}/experiments/${key}`;

/** An experiment nobody met yet. */
async function begun(request: APIRequestContext, name: string): Promise<string> {
  const key = `${name}-${Date.now().toString(36)}`;
  const story: Story = { key, users: 0, gain: 0 };
  await tell(request, story);
  return key;
}

async function meet(request: APIRequestContext, key: string, from: number, to: number): Promise<void> {
  const at = new Date().toISOString();
  const data = Array.from({ length: to - from }, (_, place) => ({
    experiment: key,
    unit: `${key}-${from + place}`,
    arm: place % 2 ? "shorter" : "control",
    at,
  }));
  await post(request, "/api/v1/exposures", data);
}

test("numbers come without a reload, and nothing moves under whoever reads", async ({ page: window, open, request, checkAccessibility }) => {
  test.slow();
  const key = await begun(request, "live");
  await open(page(key));
  await window.evaluate(() => Object.assign(globalThis, { same: true }));
  await expect(window.getByRole("heading", { name: "No users yet." })).toBeVisible();
  const fresh = window.locator(".results__fresh");
  await expect(fresh).toContainText("updated");
  await meet(request, key, 0, 120);
  await expect(fresh).toContainText("120 users", { timeout: 20_000 });
  await expect(window.getByRole("heading", { name: "Nobody was exposed yet" })).toHaveCount(0);

  // Somebody looks otherwise, has a row open, and stands on it.
  await window.getByRole("group", { name: "Method" }).getByRole("link", { name: "Bayesian" }).click();
  await expect(window.getByRole("status").filter({ hasText: "For looking" })).toBeVisible();
  const metric = window.getByRole("link", { name: "Error rate", exact: true });
  await metric.focus();
  await window.keyboard.press("Enter");
  await expect(metric).toHaveAttribute("aria-expanded", "true");
  await expect(metric).toBeFocused();
  const row = window.getByRole("table", { name: "Results by metric" }).getByRole("row").filter({ hasText: "Cost per user" });
  await expect(row).toContainText("n 60 users");
  // The verdict, whose words may grow, is above what they read.
  await row.evaluate((element) => element.scrollIntoView({ block: "start" }));
  const before = (await row.boundingBox())?.y ?? 0;

  await meet(request, key, 120, 220);
  await expect(fresh).toContainText("220 users", { timeout: 30_000 });
  await expect(row).toContainText("n 110 users");
  await expect(metric).toBeFocused();
  await expect(metric).toHaveAttribute("aria-expanded", "true");
  await expect(window.getByRole("status").filter({ hasText: "For looking" })).toBeVisible();
  await expect(window).toHaveURL(/method=bayesian.*metric=errors|metric=errors.*method=bayesian/);
  expect(Math.abs(((await row.boundingBox())?.y ?? 0) - before), "pixels the row moved").toBeLessThan(3);
  expect(await window.evaluate(() => "same" in globalThis), "the page was not loaded again").toBe(true);
  await checkAccessibility();
});

test("a page nobody sees asks nothing, and catches up when somebody comes back", async ({ page: window, open, request }) => {
  const key = await begun(request, "hidden");
  await window.clock.install();
  await open(page(key));
  const stamps: string[] = [];
  window.on("request", (sent) => {
    if (sent.url().includes("results_stamp")) stamps.push(sent.url());
  });
  await window.clock.runFor(6_000);
  await expect.poll(() => stamps.length).toBeGreaterThan(0);
  const hide = (hidden: boolean) =>
    window.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      globalThis.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  const seen = stamps.length;
  await meet(request, key, 0, 40);
  await window.clock.runFor(60_000);
  expect(stamps.length).toBe(seen);
  await hide(false);
  await expect.poll(() => stamps.length).toBeGreaterThan(seen);
  await expect
    .poll(async () => {
      await window.clock.runFor(5_000);
      return window.locator(".results__fresh").textContent();
    })
    .toContain("40 users");
});

test("what can be done does not wait for numbers that cannot be had", async ({ page: window, open, expectedErrors }) => {
  expectedErrors.push(/503 \(Service Unavailable\)/);
  await window.route(/open_results/, (route) => route.fulfill({ status: 503, body: "down" }));
  await open(`/p/${project}/experiments`);
  await window.getByRole("link", { name: "Quote the policy" }).click();
  await expect(window.getByRole("heading", { level: 1 })).toHaveText("Quote the policy");
  await expect(window.getByRole("alert").first()).toBeVisible();
  await expect(window.getByRole("heading", { name: /of the traffic is split/ })).toBeVisible();
  await expect(window.getByRole("button", { name: "Pause", exact: true })).toBeVisible();
});

test("an earlier phase stays to be looked at", async ({ page: window, open, request, checkAccessibility }) => {
  test.slow();
  const key = await begun(request, "phases");
  await meet(request, key, 0, 120);
  await expect
    .poll(async () => (await (await request.get(`/api/v1/experiments/${key}/results`, { headers })).json()).exposed)
    .toBe(120);
  const { revision, design } = await (await request.get(`/api/v1/experiments/${key}`, { headers })).json();
  const [control, shorter] = design.arms;
  design.arms = [{ ...control, name: "Before", weight: 3000 }, { ...shorter, weight: 7000 }];
  const changed = await request.put(`/api/v1/experiments/${key}`, { headers, data: { revision, design } });
  expect(changed.ok(), await changed.text()).toBe(true);

  await open(page(key));
  await expect(window.getByRole("heading", { name: "Nobody was exposed yet" })).toBeVisible();
  await window.getByRole("list", { name: "Other phases" }).getByRole("link", { name: "Phase 0" }).click();
  await expect(window).toHaveURL(/phase=0/);
  await expect(window.locator(".results__fresh")).toHaveText(/^120 users\s*$/);
  await expect(window.getByText(/You look at phase 0, .+ to .+\. What follows now is said by phase 1\./)).toBeVisible();
  // Its arms are those of then.
  await expect(window.getByRole("columnheader", { name: /^Today v1/ })).toBeVisible();
  await window.getByRole("link", { name: "Error rate", exact: true }).click();
  await expect(window.getByRole("heading", { name: "Error rate, effect over time" }).or(window.getByText("No look has an interval yet"))).toBeVisible();
  await checkAccessibility();
  await window.getByRole("button", { name: "Change phase" }).click();
  await window.getByRole("link", { name: /^1, since/ }).click();
  await expect(window).not.toHaveURL(/phase=/);
  await expect(window.getByRole("heading", { name: "Nobody was exposed yet" })).toBeVisible();
});

test("asking about a unit keeps how somebody looks", async ({ page: window, open, hydrated }) => {
  await open(page(stories.better.key));
  await window.getByRole("group", { name: "Method" }).getByRole("link", { name: "Bayesian" }).click();
  await expect(window).toHaveURL(/method=bayesian/);
  await window.getByLabel("Unit").fill(`${stories.better.key}-3`);
  await window.getByRole("button", { name: "Explain" }).click();
  await expect(window).toHaveURL(/method=bayesian.*unit=/);
  await hydrated();
  await expect(window.getByText("It counts.")).toBeVisible();
});
