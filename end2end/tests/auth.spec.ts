// Signing in and out, and what happens to somebody who is not signed in.
import { signedOut } from "../fixtures/state";
import { expect, owner, project, test } from "../fixtures/test";

test.use({ storageState: signedOut });

test("sign-in is accessible and works by keyboard alone", async ({ page, open, tabTo, checkAccessibility }) => {
  await open("/signin");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in to Assay");
  await checkAccessibility();
  await tabTo(page.getByLabel("E-mail"));
  await page.keyboard.type(owner.email);
  await tabTo(page.getByLabel("Password"));
  await page.keyboard.type(owner.password);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/p/${project}$`));
});

test("a wrong password says so and keeps the visitor out", async ({ page, open, expectedErrors }) => {
  expectedErrors.push(/401 \(Unauthorized\)/);
  await open("/signin");
  await page.getByLabel("E-mail").fill("nobody@example.com");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "wrong" })).toBeVisible();
  await expect(page).toHaveURL(/\/signin/);
});

test("a page of a project asks to sign in and comes back", async ({ page }) => {
  await page.goto(`/p/${project}/traces?range=7d`);
  await expect(page).toHaveURL(/\/signin\?next=/);
  await page.getByLabel("E-mail").fill(owner.email);
  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`/p/${project}/traces?range=7d`);
});

test("signing out ends the session", async ({ page, open }) => {
  await open("/signin");
  await page.getByLabel("E-mail").fill(owner.email);
  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(new RegExp(`/p/${project}$`));
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/signin/);
  await page.goto(`/p/${project}`);
  await expect(page).toHaveURL(/\/signin\?next=/);
});

test("a one-time link that does not work says so", async ({ page, open, expectedErrors, checkAccessibility }) => {
  expectedErrors.push(/404 \(Not Found\)/);
  await open("/setup?token=wrong");
  await expect(page.getByRole("alert").filter({ hasText: "link" })).toBeVisible();
  await checkAccessibility();
});
