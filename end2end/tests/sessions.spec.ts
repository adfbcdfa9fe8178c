import { traceId } from "../fixtures/seed";
import { expect, project, test } from "../fixtures/test";

const base = `/p/${project}`;

test("sessions are listed, found by how their id begins, and read from the first trace on", async ({
  page,
  open,
  checkAccessibility,
}) => {
  await open(`${base}/sessions`);
  await expect(page).toHaveTitle("Sessions · Assay");
  const rows = page.getByRole("table", { name: "Sessions" }).locator("tbody tr");
  const times = await rows.locator("td:nth-child(3) time").evaluateAll((all) => all.map((time) => time.getAttribute("datetime") ?? ""));
  expect(times, "last seen first").toEqual([...times].sort().reverse());

  await page.keyboard.press("/");
  await page.keyboard.type("session-1");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=session-1/);
  const ids = rows.locator("a[data-row]");
  await expect(ids).toHaveText(["session-1", "session-10"]);
  await checkAccessibility();

  // The seed's traces 1, 12, 23 and 34 are of this session.
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`${base}/sessions/session-1$`));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("session-1");
  const turns = page.locator("article.turn");
  await expect(turns).toHaveCount(4);
  await expect(turns.locator("h2 a").first()).toHaveAttribute("href", `${base}/traces/${traceId(1)}`);
  await expect(turns.first()).toContainText("Where is order 1?");
  await expect(turns.first()).toContainText("Order 1 arrives tomorrow.");
  await expect(turns.last()).toContainText("Where is order 34?");
  await expect(turns.nth(3), "trace 34 failed").toContainText("1 error");
  await checkAccessibility();
});

test("users are listed, and a user's numbers lead to their traces", async ({ page, open, checkAccessibility }) => {
  await open(`${base}/users?q=user-3`);
  await expect(page).toHaveTitle("Users · Assay");
  await page.getByRole("link", { name: "user-3", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`${base}/users/user-3$`));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("user-3");
  // 3, 10, 17, 24, 31 and 38 of the seed's 40 traces; 24 failed; those divisible by 3 got a thumb down.
  await expect(page.locator(".health-strip__item").first()).toContainText("6");
  const scores = page.getByRole("table", { name: "Scores" }).locator("tbody tr");
  await expect(scores).toHaveCount(1);
  await expect(scores).toContainText("thumbs_up");
  await expect(page.getByRole("table", { name: "Newest traces" }).locator("tbody tr")).toHaveCount(6);
  await checkAccessibility();
  await page.locator(".health-strip__item").nth(1).click();
  await expect(page).toHaveURL(/user=user-3.*errors=yes/);
  await expect(page.getByRole("table", { name: "Traces" }).locator("tbody tr")).toHaveCount(1);
});

test("an id nobody has says so", async ({ page, expectedErrors }) => {
  expectedErrors.push(/404 \(Not Found\)/);
  await page.goto(`${base}/users/nobody%2Fat-all`);
  await expect(page.getByText("nobody/at-all").first()).toBeVisible();
  await page.goto(`${base}/sessions?q=nobody`);
  await expect(page.getByText("No session has an id that begins with")).toBeVisible();
});

test("a trace leads to its session and its user", async ({ page, open }) => {
  await open(`${base}/traces/${traceId(4)}`);
  await page.getByRole("link", { name: "session-4", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`${base}/sessions/session-4$`));
  await page.getByRole("link", { name: /^user-/ }).first().click();
  await expect(page).toHaveURL(new RegExp(`${base}/users/user-`));
});
