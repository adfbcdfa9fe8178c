import { headers } from "../fixtures/api";
import { traceId } from "../fixtures/seed";
import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/traces/${traceId(4)}`;

test("a trace shows its tree, and the span chosen is in the address", async ({ page, open, checkAccessibility }) => {
  await open(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("answer-customer");
  await expect(page).toHaveTitle("answer-customer · Assay");
  const tree = page.getByRole("tree", { name: "Spans" });
  await expect(tree.getByRole("treeitem")).toHaveCount(3);
  await expect(tree.getByRole("treeitem", { level: 1 })).toHaveText(/answer-customer/);
  await expect(tree.getByRole("treeitem", { level: 2 })).toHaveCount(2);
  await checkAccessibility();

  await tree.getByRole("treeitem").filter({ hasText: "write-answer" }).click();
  await expect(page).toHaveURL(/span=5eed/);
  const detail = page.getByRole("region", { name: "Span" });
  await expect(detail.getByRole("heading", { level: 2 })).toHaveText("write-answer");
  await expect(detail).toContainText("gpt-4o-mini");
  await expect(detail).toContainText("Where is order 4?");
  await expect(detail).toContainText("the model did not answer in time");
  await expect(detail.getByRole("link", { name: "support/answer v1" })).toHaveAttribute("href", /support%2Fanswer\?v=1/);
  await checkAccessibility();

  await page.reload();
  await expect(detail.getByRole("heading", { level: 2 })).toHaveText("write-answer");
  await detail.getByRole("link", { name: "JSON" }).click();
  await expect(page).toHaveURL(/view=json/);
  await expect(detail.locator(".json").first()).toContainText("role");
});

test("the tree is walked by keyboard and `e` finds the error", async ({ page, open }) => {
  await open(path);
  const tree = page.getByRole("tree", { name: "Spans" });
  await tree.getByRole("treeitem").first().focus();
  await page.keyboard.press("ArrowDown");
  await expect(tree.getByRole("treeitem").nth(1)).toBeFocused();
  await page.keyboard.press("e");
  await expect(tree.getByRole("treeitem").filter({ hasText: "write-answer" })).toBeFocused();
});

test("scores are shown with what they are on", async ({ page, open }) => {
  await open(path);
  await expect(page.getByRole("region", { name: "Span" })).toContainText("thumbs_up (trace): yes");
});

test("a score given by hand is there at once, can be changed, deleted and undone", async ({
  page,
  open,
  checkAccessibility,
}) => {
  await open(`/p/${project}/traces/${traceId(8)}`);
  const scores = page.getByRole("list", { name: "Scores" });
  await page.keyboard.press("s");
  await page.getByLabel("Name").fill("politeness");
  await page.getByLabel("Type").selectOption("Category");
  await page.getByLabel("Value").fill("polite");
  await page.getByLabel("Comment").fill("says please");
  await checkAccessibility();
  await page.getByRole("button", { name: "Add score" }).click();
  const line = scores.getByRole("listitem").filter({ hasText: "politeness" });
  await expect(line).toContainText("politeness: polite");
  await expect(line).toContainText("says please");
  await expect(line).toContainText("by owner@example.com");

  await line.getByText("Change").click();
  await line.getByLabel("Value").fill("rude");
  await line.getByRole("button", { name: "Save" }).click();
  await expect(line).toContainText("politeness: rude");
  await page.locator(".toast", { hasText: "politeness changed" }).getByRole("button", { name: "Undo" }).click();
  await expect(line).toContainText("politeness: polite");

  await line.getByRole("button", { name: "Delete politeness" }).click();
  await expect(line).toHaveCount(0);
  await page.locator(".toast", { hasText: "politeness deleted" }).getByRole("button", { name: "Undo" }).click();
  await expect(line).toContainText("politeness: polite");
  await page.reload();
  await expect(line).toContainText("politeness: polite");
  // The test leaves nothing behind.
  await line.getByRole("button", { name: "Delete politeness" }).click();
  await expect(line).toHaveCount(0);
});

test("a score that cannot be is refused with what would be right", async ({ page, open, expectedErrors }) => {
  expectedErrors.push(/422 \(Unprocessable|400 \(Bad Request/);
  await open(`/p/${project}/traces/${traceId(7)}`);
  await page.getByText("Add score").first().click();
  await page.getByLabel("Name").fill("quality");
  await page.getByLabel("Value").fill("many");
  await page.getByRole("button", { name: "Add score" }).click();
  await expect(page.getByRole("alert")).toContainText("`many` is not a number");
});

test("a trace that is not there says so with its own status", async ({ page, open, expectedErrors }) => {
  expectedErrors.push(/404 \(Not Found\)/);
  const missing = `/p/${project}/traces/${"0".repeat(31)}1`;
  expect((await page.request.get(missing)).status()).toBe(404);
  await open(missing);
  await expect(page.getByRole("alert")).toContainText("There is no trace");
});

test("the address SDKs print leads here", async ({ page, request }) => {
  const projects = await (await request.get("/api/public/projects", { headers })).json();
  await page.goto(`/project/${projects.data[0].id}/traces/${traceId(4)}`);
  await expect(page).toHaveURL(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("answer-customer");
});
