import { headers, sendSpans, signedWith, text } from "../fixtures/api";
import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/settings/keys`;

test("a key is made, shown once, used, and revoked", async ({ page, open, request, checkAccessibility }) => {
  await open(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("API keys");
  await checkAccessibility();
  await page.locator("#new-key").getByLabel("Name").fill("nightly job");
  await page.getByRole("button", { name: "Make key" }).click();
  const shown = page.locator(".new-key");
  await expect(shown).toContainText("nightly job");
  const [publicKey, secretKey] = await shown.locator(".copyline code").allTextContents();
  const made = { headers: signedWith(publicKey, secretKey) };
  const use = async () => (await request.get("/api/public/projects", made)).status();
  expect(await use()).toBe(200);
  await checkAccessibility();

  const row = page.getByRole("row").filter({ hasText: "nightly job" }).first();
  await row.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke key" }).click();
  await expect(row).toContainText("revoked");
  expect(await use()).toBe(401);
});

test("members are invited with a link, change role, and leave", async ({ page, open, browser, checkAccessibility }) => {
  await open(`/p/${project}/settings/members`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Members");
  await checkAccessibility();
  await page.getByLabel("E-mail").fill("ben@example.com");
  await page.getByRole("button", { name: "Invite" }).click();
  const link = (await page.locator(".new-key code").first().textContent()) ?? "";
  expect(link).toContain("/setup?token=");

  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const guest = await context.newPage();
  await guest.goto(link);
  await guest.getByLabel("New password").fill("a long enough password");
  await guest.getByRole("button", { name: "Set password" }).click();
  await expect(guest).toHaveURL(new RegExp(`/p/${project}$`));
  await guest.goto(`/p/${project}/settings/keys`);
  await expect(guest.getByRole("alert")).toContainText("owner");
  await context.close();

  await page.reload();
  const row = page.getByRole("row").filter({ hasText: "ben@example.com" }).first();
  await row.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove member" }).click();
  await expect(page.getByText("ben@example.com")).toHaveCount(0);
});

test("every settings page is one click from every other", async ({ page, open }) => {
  await open(`/p/${project}/settings`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("General");
  for (const name of ["Environments", "API keys", "Members", "Prices", "Feedback", "Import", "Projects", "General"]) {
    const link = page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name, exact: true });
    await link.click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
    await expect(link).toHaveAttribute("aria-current", "page");
  }
});

test("a project is renamed and segmented, and both are undone", async ({ page, open, expectedErrors }) => {
  expectedErrors.push(/422|400/);
  await open(`/p/${project}/settings`);
  const name = page.getByLabel("Name");
  const before = await name.inputValue();
  await name.fill("Renamed project");
  await page.getByRole("button", { name: "Rename" }).click();
  await expect(page.getByText("The project has its new name")).toBeVisible();
  await page.reload();
  await expect(name).toHaveValue("Renamed project");
  await name.fill(before);
  await page.getByRole("button", { name: "Rename" }).click();
  await expect(page.getByText("The project has its new name")).toBeVisible();

  await page.getByLabel("Attribute").fill("plan");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "metadata.KEY" })).toBeVisible();
  await page.getByLabel("Attribute").fill("metadata.plan");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("No generation of the last 90 days says metadata.plan")).toBeVisible();
  await page.getByLabel("Attribute").fill("");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Nothing is chosen")).toBeVisible();
});

test("environments lead to exactly their traces", async ({ page, open }) => {
  await open(`/p/${project}/settings/environments`);
  const row = page.getByRole("row").filter({ hasText: "production" });
  await expect(row).toContainText(/[1-9]/);
  await row.getByRole("link", { name: "production" }).click();
  await expect(page).toHaveURL(/\/traces\?environment=production$/);
});

test("a user's data is deleted once their id is typed", async ({ page, open, request, expectedErrors, checkAccessibility }) => {
  expectedErrors.push(/422|400|404/);
  const user = "somebody who asked to be forgotten";
  const nanos = `${Date.now() - 60_000}000000`;
  const span = { traceId: "f0".repeat(16), spanId: "f0".repeat(8), name: "answer", startTimeUnixNano: nanos, endTimeUnixNano: nanos };
  const spans = [{ ...span, attributes: [text("langfuse.observation.type", "generation"), text("user.id", user)] }];
  await sendSpans(request, "forgotten", spans);

  const own = `/p/${project}/users/${encodeURIComponent(user)}`;
  await open(own);
  await page.getByRole("button", { name: "Delete this user’s data" }).click();
  const dialog = page.getByRole("dialog");
  await checkAccessibility();
  await dialog.getByRole("textbox").fill("somebody else");
  await dialog.getByRole("button", { name: "Delete data" }).click();
  await expect(page.getByRole("alert")).toContainText("nothing was deleted");
  await page.getByRole("button", { name: "Delete this user’s data" }).click();
  await dialog.getByRole("textbox").fill(user);
  await dialog.getByRole("button", { name: "Delete data" }).click();
  await expect(page).toHaveURL(/\/settings#delete-data$/);
  const row = page.getByRole("row").filter({ hasText: user });
  await expect(row).toContainText("done");
  await expect(row).toContainText("1 trace");
  const answer = await page.goto(own);
  expect(answer?.status()).toBe(404);
});

test("how long events are kept is chosen, and for ever again", async ({ page, open, expectedErrors, checkAccessibility }) => {
  expectedErrors.push(/422|400/);
  await open(`/p/${project}/settings`);
  await checkAccessibility();
  const days = page.getByLabel("Days");
  const save = page.getByRole("button", { name: "Set days" });
  await days.fill("0");
  await save.click();
  await expect(page.getByRole("alert").filter({ hasText: "1 to 3650 days" })).toBeVisible();
  await days.fill("3000");
  await save.click();
  await expect(page.getByText("Events are kept for 3,000 days.")).toBeVisible();
  await days.fill("");
  await save.click();
  await expect(page.getByText("Events are kept for ever.")).toBeVisible();
});

test("fewer days say what they would delete, and ask", async ({ page, open, request, expectedErrors, checkAccessibility }) => {
  expectedErrors.push(/422|400/);
  const nanos = `${Date.now() - 3_600 * 24 * 3_000 * 1_000}000000`;
  const span = { traceId: "e1".repeat(16), spanId: "e1".repeat(8), name: "long ago", startTimeUnixNano: nanos, endTimeUnixNano: nanos };
  await sendSpans(request, "old", [span]);

  await open(`/p/${project}/settings`);
  const days = page.getByLabel("Days");
  const save = page.getByRole("button", { name: "Set days" });
  await days.fill("2900");
  await save.click();
  await expect(page.getByRole("alert").filter({ hasText: /^1 trace from before .* would be deleted at once, for good/ })).toBeVisible();
  await checkAccessibility();
  await expect(page.getByText("Events are kept for ever.")).toBeVisible();
  await page.locator("#confirm-retention").fill(project);
  await save.click();
  await expect(page.getByText("Events are kept for 2,900 days.")).toBeVisible();
  await days.fill("");
  await save.click();
  await expect(page.getByText("Events are kept for ever.")).toBeVisible();
});
