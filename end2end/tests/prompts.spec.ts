import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/prompts`;

test("prompts is accessible", async ({ page, open, checkAccessibility }) => {
  await open(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Prompts");
  await expect(page).toHaveTitle("Prompts · Assay");
  await checkAccessibility();
});
