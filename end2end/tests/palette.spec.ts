// Finding anything from anywhere, and the help for keys.
import { expect, project, test, type Page } from "../fixtures/test";
import { prompt, traceId } from "../fixtures/seed";

const home = `/p/${project}`;
const palette = (page: Page) => page.getByRole("dialog", { name: "Find anything" });
const field = (page: Page) => palette(page).getByRole("combobox");
const options = (page: Page) => palette(page).getByRole("option");

test("Ctrl and K opens it, arrows choose, Enter opens, and what was chosen comes first next time", async ({
  page,
  open,
  checkAccessibility,
}) => {
  await open(home);
  await page.keyboard.press("Control+k");
  await expect(field(page)).toBeFocused();
  await expect(options(page).first()).toHaveAttribute("aria-selected", "true");
  await checkAccessibility(".palette");

  await field(page).fill("sett");
  await expect(options(page).first()).toContainText("Settings");
  await field(page).fill("environ");
  await expect(options(page).first()).toContainText("Environments");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  const active = await field(page).getAttribute("aria-activedescendant");
  expect(active).toBe(await options(page).first().getAttribute("id"));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`${home}/settings/environments`);
  await expect(page.getByRole("heading", { level: 1, name: "Environments" })).toBeVisible();
  await expect(palette(page)).toBeHidden();

  await page.keyboard.press("Control+k");
  await expect(field(page)).toHaveValue("");
  await expect(palette(page).getByRole("group", { name: "Recent" }).getByRole("option").first()).toContainText("Environments");
});

test("prompts, versions, traces, sessions and users are found", async ({ page, open }) => {
  await open(`${home}/traces`);
  await page.getByRole("button", { name: "Find" }).first().click();
  const group = (name: string) => palette(page).getByRole("group", { name });

  await field(page).fill("answer");
  await expect(group("Prompts").getByRole("option").filter({ hasText: prompt.name })).toBeVisible();
  await field(page).fill(`${prompt.name} v1`);
  await group("Versions").getByRole("option").filter({ hasText: `${prompt.name} v1` }).click();
  await expect(page).toHaveURL(new RegExp(`${prompt.path}\\?tab=versions&v=1$`));

  await page.keyboard.press("Control+k");
  await field(page).fill(traceId(3).toUpperCase());
  await expect(group("Traces").getByRole("option")).toContainText("answer-customer");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`${home}/traces/${traceId(3)}`);

  await page.keyboard.press("Control+k");
  await field(page).fill("session-1");
  await expect(group("Sessions").getByRole("option").first()).toContainText("session-1");
  await field(page).fill("user-");
  await expect(group("Users").getByRole("option").first()).toContainText("user-");
});

test("an answer that comes while a choice is pressed does not take the click away", async ({ page, open }) => {
  await open(`${home}/traces`);
  await page.keyboard.press("Control+k");
  await field(page).fill(prompt.name);
  const version = options(page).filter({ hasText: `${prompt.name} v1` });
  await expect(version).toBeVisible();

  let answer = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route(/\/sfn\/.*find.*v1/, async (route) => {
    await held;
    await route.continue();
  });
  const asked = page.waitForRequest(/\/sfn\/.*find.*v1/);
  await field(page).fill(`${prompt.name} v1`);
  await asked;
  await version.hover();
  await page.mouse.down();
  const answered = page.waitForResponse(/\/sfn\/.*find.*v1/);
  answer();
  await (await answered).finished();
  // By then the browser has drawn whatever the answer draws.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  await page.mouse.up();
  await expect(page).toHaveURL(new RegExp(`${prompt.path}\\?tab=versions&v=1$`));
});

test("Escape closes it and gives the focus back; nothing found teaches", async ({ page, open, checkAccessibility }) => {
  await open(home);
  const opener = page.getByRole("button", { name: "Find" }).first();
  await opener.focus();
  await page.keyboard.press("Enter");
  await field(page).fill("no such thing anywhere");
  await expect(palette(page)).toContainText("Nothing is called “no such thing anywhere”");
  await checkAccessibility(".palette");
  await page.keyboard.press("Escape");
  await expect(palette(page)).toBeHidden();
  await expect(opener).toBeFocused();
});

test("the theme is changed from it", async ({ page, open }) => {
  await open(home);
  await page.keyboard.press("Control+k");
  await field(page).fill("dark");
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("button", { name: "Dark theme" })).toHaveAttribute("aria-pressed", "true");
});

test("what the server refuses is said, and pages are found all the same", async ({ page, open, expectedErrors }) => {
  expectedErrors.push(/503/);
  await page.route(/\/sfn\/.*find/, (route) => route.fulfill({ status: 503, body: "busy" }));
  await open(home);
  await page.keyboard.press("Control+k");
  await field(page).fill("traces");
  await expect(palette(page).getByRole("alert")).toContainText("Only pages are found");
  await expect(options(page).first()).toContainText("Traces");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 800 } });
  test("the dock opens it over the whole screen", async ({ page, open, checkAccessibility }) => {
    await open(home);
    await page.getByRole("navigation", { name: "Main places" }).getByRole("button", { name: "Find" }).click();
    await expect(field(page)).toBeFocused();
    await expect(options(page).first()).toBeVisible();
    const box = await palette(page).boundingBox();
    expect(box).toMatchObject({ x: 0, y: 0, width: 360, height: 800 });
    await checkAccessibility(".palette");
    await palette(page).getByRole("button", { name: "Close" }).click();
    await expect(palette(page)).toBeHidden();
  });
});

test("the help lists the keys of everywhere, of places and of the page, and the keys do what it says", async ({
  page,
  open,
  checkAccessibility,
}) => {
  await open(`${home}/traces`);
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  for (const line of ["Find anything", "Next row", "Go to a place", "Prompts", "Settings", "Search"]) {
    await expect(help.locator(".keys__row").filter({ hasText: line }).first()).toBeVisible();
  }
  await checkAccessibility("#help");
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press(",");
  await expect(page).toHaveURL(`${home}/settings`);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await expect(page).toHaveURL(`${home}/prompts`);
});
