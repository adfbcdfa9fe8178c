// The shell itself: lazy routes, policy, theme, the page for addresses that lead nowhere.
import { expect, project, test } from "../fixtures/test";

const home = `/p/${project}`;

test("a lazy route is drawn by the server, hydrated, left for another, and reloaded there", async ({
  page,
  open,
  hydrated,
}) => {
  await open(home);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();

  // A mark that only a full page load would remove.
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await page.getByRole("navigation").getByRole("link", { name: "Traces" }).click();
  await expect(page).toHaveURL(`${home}/traces`);
  await expect(page.getByRole("heading", { level: 1, name: "Traces" })).toBeVisible();
  expect(await page.evaluate(() => "sameDocument" in window)).toBe(true);

  await page.reload();
  await hydrated();
  await expect(page.getByRole("heading", { level: 1, name: "Traces" })).toBeVisible();
  await page.getByRole("navigation").getByRole("link", { name: "Prompts" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Prompts" })).toBeVisible();
});

test("the policy allows no inline script and no inline style", async ({ request }) => {
  const response = await request.get(home);
  const policy = response.headers()["content-security-policy"];
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src 'self' 'nonce-[\w-]{16,}' 'wasm-unsafe-eval';/);
  expect(policy).toContain("style-src 'self';");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe-inline");
  const html = await response.text();
  expect(html).not.toMatch(/\sstyle=/);
});

test("an inline script without the nonce is stopped", async ({ page, open, expectedErrors }) => {
  expectedErrors.push(/Content Security Policy/);
  await open(home);
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.injected = true";
    document.body.append(script);
    return "injected" in window;
  });
  expect(ran).toBe(false);
});

for (const theme of ["light", "dark"] as const) {
  test(`a chosen ${theme} theme is in the first byte of the page`, async ({ request }) => {
    const html = await (await request.get(home, { headers: { cookie: `assay_theme=${theme}` } })).text();
    expect(html).toContain(`<html lang="en" data-theme="${theme}">`);
  });
}

test("without a choice the system's theme is used", async ({ request }) => {
  const html = await (await request.get(home)).text();
  expect(html).toContain('<html lang="en">');
});

test("an address that leads nowhere is a designed 404", async ({ page, open, expectedErrors, checkAccessibility }) => {
  expectedErrors.push(/404 \(Not Found\)/);
  const response = await page.request.get("/no/such/page");
  expect(response.status()).toBe(404);
  await open("/no/such/page");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no page at this address");
  await checkAccessibility();
});

test("files of a build never change and come compressed where they are", async ({ request }) => {
  const html = await (await request.get(home)).text();
  const script = /src="(\/pkg\/[0-9a-f]{16}\/boot\.js)"/.exec(html)?.[1];
  const response = await request.get(script ?? "");
  expect(response.status()).toBe(200);
  expect(response.headers()["cache-control"]).toBe("public, max-age=31536000, immutable");
  const again = await request.get(script ?? "", { headers: { "if-none-match": response.headers()["etag"] ?? "" } });
  expect(again.status()).toBe(304);
});
