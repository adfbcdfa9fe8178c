import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/traces`;

test("traces is accessible", async ({ page, open, checkAccessibility }) => {
  await open(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Traces");
  await expect(page).toHaveTitle("Traces · Assay");
  await checkAccessibility();
});
