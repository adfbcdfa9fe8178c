// Runs before every spec: fills the project, signs the owner in once and keeps the cookie for the others.
import { test as setup } from "@playwright/test";
import { ownerState } from "../fixtures/state";
import { expect, owner, project } from "../fixtures/test";
import { stories, tell } from "../fixtures/results";
import { seed, seedExperiment } from "../fixtures/seed";

setup("fill the project", async ({ request }) => {
  await seed(request);
  await seedExperiment(request);
});

setup("tell the stories of experiments", async ({ request }) => {
  setup.slow();
  for (const story of Object.values(stories)) await tell(request, story);
});

setup("sign in", async ({ page }) => {
  await page.goto("/signin");
  await page.getByLabel("E-mail").fill(owner.email);
  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(new RegExp(`/p/${project}$`));
  await page.context().storageState({ path: ownerState });
});
