// The first journey: an experiment is made in the browser, launched, watched for days and shipped, while a real program beside
// it serves 3,000 users with real answers of two models and is never restarted. Days pass by the clock of the test build. What
// the page and REST say is compared with what scipy makes of the raw data.
import { spawn } from "node:child_process";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { headers, keys } from "../fixtures/api";
import { need, startServer } from "../fixtures/server";
import { signedOut } from "../fixtures/state";
import { expect, owner, project, test } from "../fixtures/test";

const PROMPT = "gsm8k/solve";
const FLAG = "gsm8k-solve.production";
const KEY = "gsm8k-model";
const DAYS = 5;
const A_DAY = 600;
/** Users who come before there is an experiment. */
const BEFORE = 300;
/** How long the program keeps what a label points at. */
const CACHE_S = 2;

type Reply = Record<string, unknown>;
type Arm = {
  units: number;
  rows: number;
  right: number;
  ratio: number;
  ratio_variance: number;
  unit_mean: number;
  mean_words: number;
};

/** The program, told one thing at a time. */
async function startProgram(url: string): Promise<{ ask: (told: Reply) => Promise<Reply>; pid: number; end: () => Promise<number | null> }> {
  const program = spawn(need("ASSAY_JOURNEY_PYTHON"), ["programs/journey.py"], {
    env: {
      ...process.env,
      LANGFUSE_BASE_URL: url,
      LANGFUSE_HOST: url,
      LANGFUSE_PUBLIC_KEY: keys.public,
      LANGFUSE_SECRET_KEY: keys.secret,
      JOURNEY_PROMPT: PROMPT,
      JOURNEY_FLAG: FLAG,
      JOURNEY_CACHE_S: String(CACHE_S),
      PYTHONDONTWRITEBYTECODE: "1",
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((done) => program.once("exit", (code) => done(code)));
  let said = "";
  program.stderr.on("data", (text) => (said = (said + String(text)).slice(-4_000)));
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Reply> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the program ended: ${said}`);
    return JSON.parse(value) as Reply;
  };
  const { started } = await next();
  const ask = async (told: Reply) => {
    program.stdin.write(`${JSON.stringify(told)}\n`);
    return next();
  };
  const end = async () => {
    program.stdin.end();
    return ended;
  };
  return { ask, pid: Number(started), end };
}

/** c(α) of STATS.md §2.3. */
function tuning(alpha: number): number {
  let y = 10;
  for (let step = 0; step < 200; step += 1) y = 1 - 2 * Math.log(alpha) + Math.log(y);
  return y - 1;
}

/** Half the width of the always-valid interval: se·√((1+r)/r · ln((1+r)/α²)), r = c(α)·n/n*. */
function reach(error: number, units: number, alpha: number, tightest: number): number {
  const r = (tuning(alpha) * units) / tightest;
  return error * Math.sqrt(((1 + r) / r) * Math.log((1 + r) / (alpha * alpha)));
}

function close(got: unknown, expected: number, what: string): void {
  expect(typeof got, what).toBe("number");
  expect(Math.abs((got as number) - expected), `${what}: ${got}, not ${expected}`).toBeLessThanOrEqual(1e-9 * Math.max(Math.abs(expected), 1e-3));
}

test.use({ storageState: signedOut });

test("an experiment from the form to the shipped version, with a program beside it", async ({ page, hydrated, request, checkAccessibility }) => {
  test.setTimeout(240_000);
  const folder = await mkdtemp(path.join(tmpdir(), "assay-journey-"));
  const clock = path.join(folder, "clock");
  const pass = async (days: number) => {
    // Whole or not at all: the server reads it whenever it wants to know the time.
    await writeFile(`${clock}.new`, String(days * 86_400));
    await rename(`${clock}.new`, clock);
  };
  await pass(0);
  const server = await startServer(path.join(folder, "data"), /Assay is running at (\S+)/, { ...process.env, ASSAY_TEST_CLOCK: clock });
  const url = server.greeting[1].replace(/\/$/, "");
  const read = async (address: string) => {
    const response = await request.get(`${url}${address}`, { headers });
    expect(response.ok(), `${address}: ${await response.text()}`).toBe(true);
    return response.json();
  };
  let program: Awaited<ReturnType<typeof startProgram>> | undefined;
  try {
    program = await startProgram(url);
    const { ask, pid } = program;

    await test.step("the program serves everybody the label's version", async () => {
      const day = await ask({ do: "serve", from: 10_000, to: 10_000 + BEFORE, ahead_s: 0 });
      expect(day.versions).toEqual({ 1: BEFORE });
    });

    await test.step("the experiment is made in the form", async () => {
      await page.goto(`${url}/signin`);
      await page.getByLabel("E-mail").fill(owner.email);
      await page.getByLabel("Password").fill(owner.password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page).toHaveURL(/\/p\//);
      const question = { measures: ["score:correct.count"], filters: [{ dimension: "prompt", values: [PROMPT] }], range: "24h" };
      await expect
        .poll(async () => (await (await request.post(`${url}/api/v1/query`, { headers, data: question })).json()).rows?.[0]?.values?.[0]?.value)
        .toBe(BEFORE + Math.ceil(BEFORE / 3));
      await page.goto(`${url}/p/${project}/experiments/new?prompt=${encodeURIComponent(PROMPT)}&label=production`);
      await hydrated();
      await page.locator("#name").fill("A larger model");
      await page.locator("#key").fill(KEY);
      await page.locator("#hypothesis").fill("The larger model is right more often.");
      await expect(page.locator("#arm-0-version")).toHaveValue("1");
      await expect(page.locator("#arm-1-version")).toHaveValue("2");
      await expect(page.locator("#metric-0-what")).toHaveValue("score:correct ratio");
      await page.locator("#metric-0-of").selectOption("absolute");
      await page.locator("#metric-0-margin").fill("0.06");
      await page.locator("#metric-1-what").selectOption("score:correct unit_mean");
      await page.locator("#metric-1-role").selectOption("secondary");
      await page.locator("#metric-1-direction").selectOption("higher");
      await page.locator("#metric-1-margin").fill("");
      await page.locator("#metric-2-what").selectOption("output_tokens ratio");
      await page.locator("#metric-2-margin").fill("50");
      await page.getByRole("button", { name: "Remove metric" }).last().click();
      await page.locator("#minimum-hours").fill("0");
      await expect(page.getByText("A verdict may come before every weekday was seen.")).toBeVisible();
      // How long it takes, from what the program served so far.
      const plan = page.locator("#plan");
      await expect(plan).toContainText(/About \d+ days? to find a change of 0\.06/);
      await expect(plan).toContainText(`${BEFORE} users`);
      await page.getByRole("button", { name: "Try it on yesterday’s units" }).click();
      await expect(page.locator("#dry-run")).toContainText(`${BEFORE} units used this prompt in the last day.`);
      await expect(page.locator("#dry-run")).toContainText("Traffic splits as planned.");
      await expect(page.locator("#dry-run").getByRole("listitem").first().getByRole("link")).toHaveAttribute("href", /\/traces\/[0-9a-f]{32}/);
      await checkAccessibility();
      await page.getByRole("button", { name: "Save and check" }).click();
      await expect(page).toHaveURL(new RegExp(`/experiments/${KEY}$`));
      await hydrated();
      await page.getByRole("button", { name: "Launch", exact: true }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Launch" }).click();
      await expect(page.getByRole("heading", { name: "100% of the traffic is split." })).toBeVisible();
    });

    const results = (query = "") => read(`/api/v1/experiments/${KEY}/results${query}`);
    await test.step("days pass, and the program serves both versions without a restart", async () => {
      for (let day = 1; day <= DAYS; day += 1) {
        await pass(day);
        const [from, to] = [(day - 1) * A_DAY, day * A_DAY];
        const done = await ask({ do: "serve", from, to, ahead_s: day * 86_400, counts: true });
        expect(done).toMatchObject({ pid, served: A_DAY, reasons: { SPLIT: A_DAY } });
        expect(Object.keys(done.versions as object).sort()).toEqual(["1", "2"]);
        await expect.poll(async () => (await results()).exposed, { timeout: 20_000 }).toBe(to);
      }
    });

    const raw = (await ask({ do: "statistics" })) as unknown as {
      arms: Record<string, Arm>;
      welch: { p: number; interval: [number, number]; statistic: number };
    };
    const [control, treatment] = [raw.arms["1"], raw.arms["2"]];
    await test.step("counts, means, Welch and the sequence equal what the raw data say", async () => {
      expect(control.units + treatment.units).toBe(DAYS * A_DAY);
      // Whatever is under way arrives: every answer, and its score.
      await expect
        .poll(async () => {
          const { partial, table } = await results();
          return [partial, ...[table.rows[0], table.rows[2]].flatMap(({ values }) => values.map((value: { rows: number }) => Math.round(value.rows)))];
        }, { timeout: 20_000 })
        .toEqual([null, control.rows, treatment.rows, control.rows, treatment.rows]);
      const { sheet, table } = await results();
      expect(sheet.arms.map((arm: { units: number }) => arm.units)).toEqual([control.units, treatment.units]);
      // Nothing complains; the self-check may not have looked yet since there is traffic.
      const complaints = ["warn", "broken"];
      expect(sheet.checks.filter((check: { status: string }) => complaints.includes(check.status)), "health").toEqual([]);
      for (const [place, arm] of [control, treatment].entries()) {
        close(table.rows[0].values[place].value, arm.ratio, "mean an answer");
        close(table.rows[1].values[place].value, arm.unit_mean, "mean of users' means");
        close(table.rows[2].values[place].value, arm.mean_words, "words");
      }
      const error = Math.sqrt(control.ratio_variance + treatment.ratio_variance);
      const difference = treatment.ratio - control.ratio;
      const [comparison] = table.rows[0].comparisons;
      close(comparison.difference, difference, "difference");
      close(comparison.standard_error, error, "standard error");
      const { alpha, tuning_units } = sheet.plan;
      const half = reach(error, control.units + treatment.units, alpha, 2 * tuning_units);
      close(comparison.interval[0], difference - half, "lower end of the sequence");
      close(comparison.interval[1], difference + half, "upper end of the sequence");

      const fixed = await results("?method=fixed_horizon&correction=none");
      const [welch] = fixed.table.rows[1].comparisons;
      close(welch.difference, treatment.unit_mean - control.unit_mean, "difference of users' means");
      close(welch.interval[0], raw.welch.interval[0], "lower end of Welch's interval");
      close(welch.interval[1], raw.welch.interval[1], "upper end of Welch's interval");
      close(welch.difference / welch.standard_error, raw.welch.statistic, "t");
      // Smaller than a number with nine decimals can tell apart from 0: by its ratio.
      expect(Math.abs(welch.p / raw.welch.p - 1), `p: ${welch.p}, not ${raw.welch.p}`).toBeLessThan(1e-6);

      const { looks } = await read(`/api/v1/experiments/${KEY}/timeseries`);
      expect(looks.map((look: { units: number }) => look.units).filter((units: number) => units > 0)).toEqual(
        Array.from({ length: DAYS }, (_, day) => (day + 1) * A_DAY),
      );
      expect(table.verdicts[0]).toMatchObject({ arm: "treatment", verdict: "ship" });
    });

    await test.step("the page says it in a sentence", async () => {
      await page.reload();
      await hydrated();
      await expect(page.getByText("Ship now")).toBeVisible();
      await expect(page.getByRole("main").getByRole("heading", { level: 2 }).first()).toContainText(/rises by/);
      await expect(page.getByRole("list", { name: "Health" })).toContainText("Split as planned");
      const table = page.getByRole("table", { name: "Results by metric" });
      await expect(table.getByRole("row").filter({ hasText: "correct, mean" }).first()).toContainText("Better");
      await expect(table.getByRole("row").filter({ hasText: "Output tokens" })).toContainText("Within margin");
      await checkAccessibility();
    });

    await test.step("every look is read with pointer and arrow keys", async () => {
      await page.getByRole("link", { name: "correct, mean", exact: true }).click();
      const look = page.getByRole("slider", { name: "Look" });
      const reading = page.locator(".course__reading");
      const units = (days: number) => new RegExp(`${(days * A_DAY).toLocaleString("en-GB")} units`);
      await expect(reading).toHaveText(units(DAYS));
      await look.focus();
      await page.keyboard.press("ArrowLeft");
      await expect(look).toHaveAttribute("aria-valuetext", units(DAYS - 1));
      await expect(reading).toHaveText(units(DAYS - 1));
      const box = await look.boundingBox();
      await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) - 1, (box?.y ?? 0) + 20);
      await expect(reading).toHaveText(units(DAYS));
      await checkAccessibility();
    });

    await test.step("the winner is shipped with the button, and the program follows", async () => {
      expect(await ask({ do: "label" })).toMatchObject({ version: 1, pid });
      await page.getByRole("button", { name: "Ship an arm" }).click();
      await page.getByRole("dialog").getByLabel("Arm").selectOption("treatment");
      const pressed = Date.now();
      await page.getByRole("dialog").getByRole("button", { name: "Ship an arm" }).click();
      await expect(page.getByRole("heading", { name: "treatment was shipped: production points at v2 now." })).toBeVisible();
      const moved = Date.now();
      // Through the flag at once: everybody who comes gets the version shipped.
      const after = await ask({ do: "serve", from: 20_000, to: 20_060, ahead_s: DAYS * 86_400 });
      expect(after).toMatchObject({ versions: { 2: 60 }, reasons: { STATIC: 60 }, pid });
      // By the label alone within the time the SDK keeps it, and the moment it takes to ask anew.
      await expect.poll(async () => (await ask({ do: "label" })).version).toBe(2);
      const { changed_ms } = await ask({ do: "label" });
      expect(changed_ms as number).toBeGreaterThan(pressed);
      expect((changed_ms as number) - moved).toBeLessThan((CACHE_S + 1.5) * 1_000);
      // What it was decided on stays as it was: nobody else counts.
      expect((await results()).exposed).toBe(DAYS * A_DAY);
      const decided = page.getByRole("table", { name: "The numbers of the decision" });
      await expect(decided.getByRole("row").filter({ hasText: "correct, mean" }).first()).toContainText("the same");
      await expect(page.getByText(`met ${(DAYS * A_DAY).toLocaleString("en-GB")} users`)).toBeVisible();
      await checkAccessibility();
    });
    expect(await program.end(), "the program ran from before the launch until now").toBe(0);
    program = undefined;
  } finally {
    await program?.end();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
