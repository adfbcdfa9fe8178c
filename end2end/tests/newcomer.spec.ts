// The newcomer's path, on a server nobody has set up: the link from the terminal, a look around in the demo project, then a
// key and the copied program, run for real, until the checklist is green.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { need, startServer } from "../fixtures/server";
import { signedOut } from "../fixtures/state";
import { expect, test } from "../fixtures/test";

/** Started as a person starts one: nobody is set up, and `link` is what it prints for whoever comes first. */
async function start(folder: string): Promise<{ link: string; stop: () => Promise<void> }> {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("ASSAY_INIT_")));
  const { greeting, stop } = await startServer(folder, /https?:\S+\/setup\?token=\S+/, environment);
  return { link: greeting[0], stop };
}

test.use({ storageState: signedOut });

test("from the first link to a green checklist", async ({ page, hydrated }) => {
  test.setTimeout(150_000);
  const folder = await mkdtemp(path.join(tmpdir(), "assay-newcomer-"));
  const server = await start(path.join(folder, "data"));
  try {
    await test.step("the link makes an account and a project", async () => {
      await page.goto(server.link);
      await page.getByLabel("E-mail").fill("ana@example.com");
      await page.getByLabel("Password").fill("a long enough password");
      await page.getByLabel("Project").fill("Help desk");
      await page.getByRole("button", { name: "Create account and project" }).click();
      await expect(page).toHaveURL(/\/p\/help-desk$/);
      await hydrated();
    });

    await test.step("the demo project is one click away", async () => {
      await page.getByRole("button", { name: "Look around in a demo project" }).click();
      await expect(page).toHaveURL(/\/p\/demo$/, { timeout: 90_000 });
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Demo");
    });

    await test.step("prompt, version, numbers, trace", async () => {
      await page.getByRole("link", { name: "Prompts", exact: true }).first().click();
      await page.getByRole("main").getByRole("link", { name: "solve", exact: true }).first().click();
      await expect(page.getByRole("heading", { level: 1 })).toContainText("math/solve");
      await page.getByRole("link", { name: /^v1\b/ }).first().click();
      await expect(page).toHaveURL(/[?&]v=1/);
      await page.getByRole("link", { name: "Metrics" }).click();
      await expect(page.getByRole("table").first()).toBeVisible();
      await page.getByRole("link", { name: "Traces", exact: true }).first().click();
      const row = page.getByRole("table", { name: "Traces" }).locator("a[data-row]").first();
      const name = (await row.textContent()) ?? "";
      await row.click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
      await expect(page.getByRole("tree")).toBeVisible();
    });

    await test.step("the demo goes in one click", async () => {
      await page.getByTitle("Switch project").click();
      await page.getByRole("button", { name: "Remove demo" }).click();
      await expect(page).toHaveURL(/\/p\/help-desk$/, { timeout: 60_000 });
      await hydrated();
    });

    await test.step("a key, and the copied program run for real", async () => {
      await page.getByRole("button", { name: "Make a key and fill it in below" }).click();
      const program = page.locator("pre", { hasText: "from langfuse import Langfuse" }).first();
      await expect(program).toContainText("sk-assay-");
      const file = path.join(folder, "first.py");
      await writeFile(file, (await program.textContent()) ?? "");
      await promisify(execFile)(need("ASSAY_PYTHON"), [file], { timeout: 60_000 });
      // It watches by itself, and folds away when nothing is left to do.
      await expect(page.locator(".setup")).toHaveCount(0, { timeout: 30_000 });
      await page.reload();
      await expect(page.getByText("hello").first()).toBeVisible();
    });
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
