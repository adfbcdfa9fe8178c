// Run by `cargo xtask test --only e2e`, which builds, starts a server with a fresh data folder and sets:
//   ASSAY_URL                  its address
//   ASSAY_INIT_*               the owner, project and key pair it was started with
//   CHROMIUM                   the browser
//   ASSAY_CHROMIUM_NO_SANDBOX  1 when running as root
//   ASSAY_BINARY, ASSAY_SITE,  what some specs start a server of their own with, and the Python that has the SDK
//   ASSAY_PYTHON
//   ASSAY_JOURNEY_PYTHON       the one that has flag clients and scipy, too
//   ASSAY_E2E_OUTPUT           where traces and screenshots of failures go
// To work on a page with a server of your own: ASSAY_URL=http://127.0.0.1:3000 npx playwright test
import path from "node:path";
import { defineConfig, devices } from "@playwright/test";
import { output, ownerState } from "./fixtures/state";

const noSandbox = process.env.ASSAY_CHROMIUM_NO_SANDBOX === "1";

export default defineConfig({
  testDir: "tests",
  outputDir: path.join(output, "results"),
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  retries: 0,
  workers: 2,
  timeout: 30_000,
  expect: { timeout: 10_000 },
  projects: [
    { name: "setup", testMatch: "setup.ts" },
    { name: "chromium", testMatch: "*.spec.ts", dependencies: ["setup"], use: { storageState: ownerState } },
  ],
  reporter: [["list", { printSteps: false }]],
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1440, height: 900 },
    baseURL: process.env.ASSAY_URL ?? "http://127.0.0.1:3000",
    contextOptions: { reducedMotion: "reduce" },
    locale: "en-GB",
    timezoneId: "UTC",
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM,
      args: [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        ...(noSandbox ? ["--no-sandbox"] : []),
      ],
    },
  },
});
