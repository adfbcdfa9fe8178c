import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/prompts/folder%2Fsub%20prompt`;

test("prompt is accessible", async ({ page, open, checkAccessibility }) => {
  await open(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Prompt");
  await expect(page).toHaveTitle("Prompt · Assay");
  await checkAccessibility();
});
