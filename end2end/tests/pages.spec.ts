// What holds for every page in every dress: it can be read by everybody, fits its window, does not jump while it becomes
// interactive, and the browser has nothing to report. `ASSAY_SHOTS=folder` keeps a picture of each.
import path from "node:path";
import { pages } from "../fixtures/pages";
import { signedOut } from "../fixtures/state";
import { expect, test } from "../fixtures/test";

/** A tenth of what counts as good (Core Web Vitals); below it lies what the browser draws between two chunks of a stream. */
const LARGEST_SHIFT = 0.01;

const windows = [
  { name: "desk", width: 1440, height: 900 },
  { name: "phone", width: 360, height: 800 },
];

for (const { name: windowName, width, height } of windows) {
  for (const theme of ["light", "dark"] as const) {
    test.describe(`${windowName}, ${theme}`, () => {
      test.use({ viewport: { width, height }, colorScheme: theme });
      for (const subject of pages) {
        test.describe(() => {
          if (subject.signedOut) test.use({ storageState: signedOut });
          test(subject.name, async ({ page, open, expectedErrors, checkAccessibility }) => {
            expectedErrors.push(...(subject.expectedErrors ?? []));
            await page.addInitScript(() => {
              const seen: [number, string][] = [];
              Object.assign(window, { shifts: seen });
              new PerformanceObserver((list) => {
                for (const entry of list.getEntries() as (PerformanceEntry & {
                  value: number;
                  hadRecentInput: boolean;
                  sources: { node?: Element }[];
                })[]) {
                  if (entry.hadRecentInput) continue;
                  const where = entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? node?.nodeName ?? "?");
                  seen.push([entry.value, where.join(" | ")]);
                }
              }).observe({ type: "layout-shift", buffered: true });
            });
            await open(subject.path);
            await expect(page.getByRole("heading", { level: 1, name: subject.heading })).toBeVisible();
            if (subject.ready) await expect(page.locator(subject.ready).first()).toBeVisible();

            // A macro swallows code that lost its brace, and prints it.
            await expect(page.locator("body")).not.toContainText(/\.into_any\(|view! ?\{|\|\| \{/);

            const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
            expect(overflow, "pixels the page is wider than its window").toBeLessThanOrEqual(0);
            await checkAccessibility();
            const shifts = await page.evaluate(() => (window as unknown as { shifts: [number, string][] }).shifts);
            const jumped = shifts.reduce((sum, [value]) => sum + value, 0);
            expect(jumped, `parts that jumped:\n${shifts.join("\n")}`).toBeLessThan(LARGEST_SHIFT);

            const folder = process.env.ASSAY_SHOTS;
            if (folder) {
              await page.screenshot({ path: path.join(folder, `${subject.name}-${windowName}-${theme}.png`), fullPage: true });
            }
          });
        });
      }
    });
  }
}
