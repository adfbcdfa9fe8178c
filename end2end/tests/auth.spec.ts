import { expect, test } from "../fixtures/test";

for (const [path, heading] of [
  ["/signin", "Sign in"],
  ["/setup?token=wrong", "Set up Assay"],
] as const) {
  test(`${path} is accessible`, async ({ page, open, checkAccessibility }) => {
    await open(path);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
    await checkAccessibility();
  });
}
