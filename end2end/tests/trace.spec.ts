import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/traces/0123`;

test("trace is accessible", async ({ page, open, checkAccessibility }) => {
  await open(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Trace");
  await expect(page).toHaveTitle("Trace · Assay");
  await checkAccessibility();
});
