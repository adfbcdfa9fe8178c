import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/settings/keys`;

test("settings is accessible", async ({ page, open, checkAccessibility }) => {
  await open(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("API keys");
  await expect(page).toHaveTitle("API keys · Assay");
  await checkAccessibility();
});
