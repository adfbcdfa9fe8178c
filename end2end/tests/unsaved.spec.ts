// A prompt that generations name and nobody saved here.
import { sendSpans, text } from "../fixtures/api";
import { expect, project, test } from "../fixtures/test";

test("a prompt only traces know shows what they say and how to save it", async ({ page, open, request, checkAccessibility }) => {
  const end = BigInt(Date.now()) * 1_000_000n;
  const span = {
    traceId: "f5eed000000000000000000000000001",
    spanId: "f5eed00000000001",
    name: "write",
    kind: 1,
    startTimeUnixNano: String(end - 5_000_000n),
    endTimeUnixNano: String(end),
    attributes: [
      text("langfuse.observation.type", "generation"),
      text("langfuse.observation.prompt.name", "elsewhere/kept"),
      { key: "langfuse.observation.prompt.version", value: { intValue: "7" } },
    ],
  };
  await sendSpans(request, "test", [span]);

  const path = `/p/${project}/prompts/elsewhere%2Fkept`;
  await expect.poll(async () => (await page.request.get(path)).status()).toBe(200);
  await open(path);
  await expect(page.getByRole("heading", { level: 1, name: "elsewhere/kept" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Its text is not here" })).toBeVisible();
  await expect(page.getByText("v7, last 90 days")).toBeVisible();
  await checkAccessibility();
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
  await checkAccessibility();
  if (process.env.ASSAY_SHOTS) await page.screenshot({ path: `${process.env.ASSAY_SHOTS}/unsaved-phone.png`, fullPage: true });
  await page.setViewportSize({ width: 1440, height: 900 });
  if (process.env.ASSAY_SHOTS) await page.screenshot({ path: `${process.env.ASSAY_SHOTS}/unsaved-desk.png`, fullPage: true });
  await page.getByRole("link", { name: "1 generation" }).click();
  await expect(page).toHaveURL(/\/traces\?prompt=elsewhere\/kept&version=7$/);
});
