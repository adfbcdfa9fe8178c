import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}`;

test("home is accessible", async ({ page, open, checkAccessibility }) => {
  await open(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Home");
  await expect(page).toHaveTitle("Home · Assay");
  await checkAccessibility();
});
