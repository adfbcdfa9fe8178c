// The API reference: every operation of this server's own document, as a page to read, search and copy from.
import { expect, project, test } from "../fixtures/test";

const page_ = `/p/${project}/docs/api`;

type Document = { paths: Record<string, Record<string, { operationId: string; summary: string }>> };

test("every operation of the document is on the page, with a page of its own", async ({ page, open, request }) => {
  const document = (await (await request.get("/openapi.json")).json()) as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, summary }]) => ({ path, method, operationId, summary })),
  );
  expect(operations.length).toBeGreaterThan(100);
  await open(page_);
  const list = page.getByRole("navigation", { name: "Operations" });
  await expect(list.getByText(`${operations.length} operations`)).toBeVisible();
  const hrefs = await list.getByRole("link").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  for (const { operationId } of operations) expect(hrefs).toContain(`?op=${operationId}`);

  for (const { operationId, summary, method, path } of operations) {
    const html = await (await request.get(`${page_}?op=${operationId}`)).text();
    expect(html, operationId).toContain('id="operation"');
    expect(html, operationId).toContain(summary.replaceAll("`", ""));
    expect(html, operationId).toContain(path);
    expect(html, operationId).toContain(method === "get" ? "curl " : `curl -X ${method.toUpperCase()}`);
  }
});

test("a search is in the address, and an operation is read and copied with the real address and key", async ({
  page,
  open,
  context,
  baseURL,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page_);
  await page.keyboard.press("/");
  await page.keyboard.type("label put");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/[?]q=label[+%20]+put$/);
  const list = page.getByRole("navigation", { name: "Operations" });
  await expect(list.getByRole("link")).toHaveCount(1);
  await list.getByRole("link", { name: "Point a label at a version" }).click();
  await expect(page).toHaveURL(/op=move_label/);
  await expect(page.getByRole("heading", { level: 2, name: "Point a label at a version" })).toBeVisible();
  await expect(page.getByText("a key pair with the scope write, or an editor or higher")).toBeVisible();
  await expect(page.getByText("The body is larger than is read here.")).toBeVisible();

  await page.getByRole("button", { name: "Copy curl code" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain("curl -X PUT");
  expect(copied).toContain(`${baseURL}/api/v1/prompts/{name}/labels/{label}`);
  expect(copied).toMatch(/-u "pk-assay-[0-9a-f-]+:SECRET_KEY"/);
  expect(copied).toContain('"version":1');

  await page.goBack();
  await expect(page).not.toHaveURL(/op=/);
  await page.goto(`${page_}?q=nothing+of+the+kind`);
  await expect(list.getByText("No operation has")).toBeVisible();
  await list.getByRole("link", { name: "Show all" }).click();
  await expect(list.getByRole("link")).not.toHaveCount(0);
});

test("it is found from the navigation, by its keys and in the palette", async ({ page, open, expectedErrors }) => {
  await open(`/p/${project}`);
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await expect(page.getByRole("heading", { level: 1, name: "API reference" })).toBeVisible();
  await open(`/p/${project}`);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("api ref");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(page_);
  expectedErrors.push(/404 \(Not Found\)/);
  await page.goto(`${page_}?op=ghost`);
  await expect(page.getByText("There is no operation")).toBeVisible();
});

test("without script everything is there to read and to search", async ({ browser, baseURL, storageState }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: baseURL ?? "", storageState: storageState ?? {} });
  const page = await context.newPage();
  await page.goto(page_);
  await page.getByRole("searchbox", { name: "Search operations" }).fill("feedback");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: /Give feedback/ }).click();
  await expect(page.getByRole("heading", { level: 2, name: "Give feedback" })).toBeVisible();
  await expect(page.getByText("kept as the numeric score", { exact: false })).toBeVisible();
  await context.close();
});
