// A file of another tool: checked first, then brought, and what was wrong is named by its line.
import { headers } from "../fixtures/api";
import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/settings/import`;
const name = `brought-${Date.now()}`;
const lines = [
  { kind: "prompt", name, version: 1, prompt: "Hello {{name}}", labels: ["production"] },
  { kind: "trace", id: `${name}-trace`, timestamp: new Date().toISOString(), name: "an old trace", userId: "imported-user" },
  { kind: "trace", id: "without a time" },
].map((line) => JSON.stringify(line));
const file = { name: `${name}.jsonl`, mimeType: "application/jsonl", buffer: Buffer.from([...lines, "not json"].join("\n")) };

// One file at a time in a project.
test.describe.configure({ mode: "serial" });

test("a file is checked, then imported, and its report names what was wrong", async ({ page, open, request, checkAccessibility }) => {
  await open(path);
  await page.getByLabel("File").setInputFiles(file);
  await page.getByRole("button", { name: "Check the file" }).click();
  await expect(page.getByRole("heading", { name: `Check of ${file.name}` })).toBeVisible();
  const notes = page.getByRole("table", { name: "What was left out or changed" });
  await expect(notes.getByRole("row").filter({ hasText: "line 3" })).toContainText("`timestamp` is missing");
  await expect(notes.getByRole("row").filter({ hasText: "line 4" })).toContainText("not JSON");
  await checkAccessibility();

  const prompt = async () => (await request.get(`/api/v1/prompts/${name}`, { headers })).status();
  expect(await prompt()).toBe(404);

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download the report" }).click();
  expect((await download).suggestedFilename()).toBe("import-report.json");

  await page.getByRole("button", { name: `Import “${file.name}”` }).click();
  await expect(page.getByRole("heading", { name: `Import of ${file.name}` })).toBeVisible();
  await expect(page.getByRole("table", { name: "Records of the file" }).getByRole("row").filter({ hasText: "Traces" })).toContainText("1");
  expect(await prompt()).toBe(200);
  await page.goto(`/p/${project}/users/imported-user`);
  await expect(page.getByText("an old trace").first()).toBeVisible();
});

test("a file that is none of it is refused in words, and a name that says nothing asks for the format", async ({
  page,
  open,
  expectedErrors,
}) => {
  expectedErrors.push(/422|400|409/);
  await open(path);
  await page.getByLabel("File").setInputFiles({ ...file, name: "export.txt" });
  await page.getByRole("button", { name: "Check the file" }).click();
  await expect(page.getByRole("alert")).toContainText("choose a format");
  await page.getByLabel("Format").selectOption("langfuse");
  await page.getByRole("button", { name: "Check the file" }).click();
  await expect(page.getByRole("row").filter({ hasText: "export.txt" }).first()).toContainText("it cannot be read");
  await page.getByLabel("File").setInputFiles({ ...file, name: "empty.csv", buffer: Buffer.from("") });
  await page.getByLabel("Format").selectOption("");
  await page.getByRole("button", { name: "Check the file" }).click();
  await expect(page.getByRole("alert")).toContainText("it is empty");
});

test("how much of a large file has left is shown while it is sent", async ({ page, open }) => {
  const trace = (at: number) =>
    JSON.stringify({ kind: "trace", id: `${name}-large-${at}`, timestamp: "2026-01-01T00:00:00Z", input: "x".repeat(2000) });
  const large = Array.from({ length: 1000 }, (_, at) => trace(at)).join("\n");
  await open(path);
  const network = await page.context().newCDPSession(page);
  await network.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: 700_000,
  });
  await page.getByLabel("File").setInputFiles({ ...file, name: "large.jsonl", buffer: Buffer.from(large) });
  await page.getByRole("button", { name: "Check the file" }).click();
  await expect(page.getByText(/Sending the file · [1-9]\d?%/)).toBeVisible();
  await expect(page.getByRole("progressbar", { name: "Sending" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Check of large.jsonl" })).toBeVisible();
  await expect(page.getByRole("progressbar", { name: "Sending" })).toBeHidden();
});
