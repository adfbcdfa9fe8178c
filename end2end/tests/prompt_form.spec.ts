// Writing a prompt and a version of one in the browser.
import { headers } from "../fixtures/api";
import { expect, project, test, type Page } from "../fixtures/test";
import { prompt } from "../fixtures/seed";

const made = (what: string) => `written/${what}-${Date.now()}`;
const variables = (page: Page) => page.locator("[data-variables]");

test("a prompt is written from the list, mistakes are at their fields, and its version opens", async ({
  page,
  open,
  request,
  expectedErrors,
  tabTo,
}) => {
  expectedErrors.push(/400 \(Bad Request\)/);
  const name = made("text");
  await open(`/p/${project}/prompts`);
  await page.keyboard.press("n");
  await expect(page.getByRole("heading", { level: 1, name: "New prompt" })).toBeVisible();
  await page.getByLabel("Name").fill("a//b");
  await page.getByLabel("Labels that move here").fill("latest");
  await page.getByLabel("What the model is told").fill("Answer {{question}} for {{ customer }} and {{question}}");
  await page.getByLabel("Config").fill("{model");
  await page.getByLabel("Config").blur();
  await expect(page.getByText("has an empty or blank-edged part")).toBeVisible();
  await expect(page.getByText("`latest` always sits on the newest version")).toBeVisible();
  await expect(variables(page)).toHaveText(/^question\s*customer$/);

  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Labels that move here").fill("production, staging");
  await page.getByRole("button", { name: "Save the prompt" }).click();
  await expect(page.locator("#config-error")).toContainText("It is not JSON");
  await page.getByLabel("Config").fill('{"model": "gpt-4o-mini"}');
  await page.getByLabel("What changed, and why").fill("First");
  await page.getByLabel("Tags of the prompt").fill("written, live");
  await tabTo(page.getByRole("button", { name: "Save the prompt" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/tab=versions&v=1$/);
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  await expect(page.getByText("Answer {{question}}")).toBeVisible();

  const saved = await (await request.get(`/api/v1/prompts/${encodeURIComponent(name)}/versions/production`, { headers })).json();
  expect(saved).toMatchObject({ version: 1, config: { model: "gpt-4o-mini" }, commit_message: "First", tags: ["live", "written"] });

  await open(`/p/${project}/new-prompt?name=${encodeURIComponent(name)}`);
  await page.getByLabel("What the model is told").fill("x");
  await page.getByRole("button", { name: "Save the prompt" }).click();
  await expect(page.locator("#name-error")).toContainText("There is a prompt of this name");
});

test("a chat is written message by message, and a version of it follows the one that is open", async ({
  page,
  open,
  request,
  checkAccessibility,
}) => {
  const name = made("chat");
  await open(`/p/${project}/new-prompt`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Type").selectOption("chat");
  await page.getByLabel("Content").first().fill("You help {{shop}}.");
  await page.getByRole("button", { name: "Add a placeholder" }).click();
  await expect(page.getByLabel("Content").nth(1)).toBeFocused();
  await page.keyboard.type("history");
  await page.getByRole("button", { name: "Add a message" }).click();
  await page.keyboard.type("{{question}}");
  await page.getByRole("button", { name: "Add a message" }).click();
  await page.keyboard.type("to be removed");
  await page.getByRole("group", { name: "Message 4" }).getByRole("button", { name: "Remove this message" }).click();
  await page.getByRole("group", { name: "Message 3" }).getByRole("button", { name: "Move up" }).click();
  await expect(page.getByLabel("Content").nth(1)).toHaveValue("{{question}}");
  await expect(variables(page)).toHaveText(/^shop\s*question$/);
  await checkAccessibility();
  await page.getByRole("button", { name: "Save the prompt" }).click();
  await expect(page).toHaveURL(/v=1$/);

  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  await page.keyboard.press("n");
  await expect(page.getByRole("heading", { level: 1, name: "New version" })).toBeVisible();
  await expect(page.getByText("The text is that of v1")).toBeVisible();
  await page.getByLabel("Content").first().fill("You help {{shop}}. Be brief.");
  await page.getByLabel("What changed, and why").fill("Brief");
  // A reload loses nothing.
  await page.reload();
  await expect(page.getByText("This is what you had typed when you left.")).toBeVisible();
  await expect(page.getByLabel("Content").first()).toHaveValue("You help {{shop}}. Be brief.");
  await page.getByRole("button", { name: "Save as v2" }).click();
  await expect(page).toHaveURL(/v=2$/);
  const saved = await (await request.get(`/api/v1/prompts/${encodeURIComponent(name)}/versions/2`, { headers })).json();
  expect(saved.prompt).toEqual([
    { type: "chatmessage", role: "system", content: "You help {{shop}}. Be brief." },
    { type: "chatmessage", role: "user", content: "{{question}}" },
    { type: "placeholder", name: "history" },
  ]);
  expect(saved.commit_message).toBe("Brief");
});

test("what somebody else saved meanwhile is not built over", async ({ page, open, request, expectedErrors }) => {
  expectedErrors.push(/409 \(Conflict\)/);
  const name = made("race");
  const save = (text: string) => request.post("/api/v1/prompts", { headers, data: { name, prompt: text } });
  expect((await save("one")).status()).toBe(201);
  await open(`/p/${project}/prompts/${encodeURIComponent(name)}/new`);
  await expect(page.getByLabel("What the model is told")).toHaveValue("one");
  expect((await save("two")).status()).toBe(201);
  await page.getByLabel("What the model is told").fill("three");
  await page.getByRole("button", { name: "Save as v2" }).click();
  await expect(page.getByText("Nothing was saved")).toBeVisible();
  await expect(page.getByRole("link", { name: "Look at the prompt as it is now" })).toBeVisible();
});

test("without script a version is saved, too", async ({ browser, baseURL, storageState }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: baseURL ?? "", storageState: storageState ?? {} });
  const page = await context.newPage();
  const name = made("plain");
  await page.goto(`/p/${project}/new-prompt?name=${encodeURIComponent(name)}`);
  await page.getByLabel("What the model is told").fill("Line one\nline two");
  await page.getByRole("button", { name: "Save the prompt" }).click();
  await expect(page).toHaveURL(/v=1$/);
  await expect(page.getByText("line two")).toBeVisible();
  await page.goto(`/p/${project}/prompts/${prompt.path}/new`);
  await expect(page.getByRole("heading", { level: 1, name: "New version" })).toBeVisible();
  await context.close();
});
