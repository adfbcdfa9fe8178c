// The programs an experiment's page shows, run as shown: each finds the arm the server gives, and its unit counts as exposed.
import { spawn } from "node:child_process";
import { headers, keys } from "../fixtures/api";
import { need } from "../fixtures/server";
import { expect, project, test } from "../fixtures/test";


const doors = [
  { name: "OpenFeature", code: "code-openfeature", door: "ofrep" },
  { name: "GrowthBook", code: "code-growthbook", door: "tracking" },
  { name: "Plain HTTP", code: "code-http", door: "resolve" },
];
/** Tabs in the page's order, what runs them, and how a program's version is printed where it is only assigned. */
const languages = [
  { name: "Python", run: () => [need("ASSAY_JOURNEY_PYTHON"), "-"], print: "print(version)" },
  { name: "JavaScript", run: () => ["node", "--input-type=module", "-"], print: "console.log(version);" },
  { name: "curl", run: () => ["sh", "-s"], print: "" },
];

/** Runs a program given on standard input; what it printed comes back. Packages are those of `end2end`, where tests run. */
async function run([command, ...rest]: string[], text: string): Promise<string> {
  const program = spawn(command, rest, { env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" }, stdio: ["pipe", "pipe", "pipe"], timeout: 30_000 });
  let [said, complained] = ["", ""];
  program.stdout.on("data", (part) => (said += String(part)));
  program.stderr.on("data", (part) => (complained += String(part)));
  program.stdin.end(text);
  const code = await new Promise((done) => program.once("exit", done));
  expect(code, `${text}\n${complained}`).toBe(0);
  return said.trim();
}

test("every program the page shows runs as shown", async ({ page, open, request }) => {
  test.setTimeout(120_000);
  const stamp = Date.now().toString(36);
  const post = async (address: string, data: unknown, more = {}) => {
    const response = await request.post(address, { headers: { ...headers, ...more }, data });
    expect(response.ok(), `${address}: ${await response.text()}`).toBe(true);
    return response.json();
  };
  // A client key is made by a person; the cookie says who.
  const origin = new URL(page.url() === "about:blank" ? (process.env.ASSAY_URL ?? "") : page.url()).origin;
  const made = await request.post("/api/v1/keys", {
    headers: { origin, "x-assay-project": project },
    data: { kind: "client", name: `snippets ${stamp}`, scopes: ["resolve", "ingest"], origins: ["https://app.example.com"] },
  });
  expect(made.ok(), await made.text()).toBe(true);
  for (const { name, code, door } of doors) {
    for (const [place, language] of languages.entries()) {
      if (language.name === "curl" && door !== "resolve") continue;
      // One experiment each: what one program exposed says nothing of the next.
      const key = `snippet-${door}-${place}-${stamp}`;
      const prompt = `snippets/${stamp}/${door}-${place}`;
      for (const text of ["Greet them.", "Greet them warmly."]) {
        await post("/api/v1/prompts", { name: prompt, prompt: text, labels: text === "Greet them." ? ["production"] : [] });
      }
      const goal = { key: "thumbs", source: "score:thumbs", aggregation: "ratio", direction: "higher" };
      const arms = [
        { key: "control", version: 1, weight: 5_000 },
        { key: "warm", version: 2, weight: 5_000 },
      ];
      await post("/api/v1/experiments", { key, prompt, design: { arms, metrics: [{ metric: goal, role: "goal" }] } });
      await post(`/api/v1/experiments/${key}/launch`, {});

      await open(`/p/${project}/experiments/${key}`);
      await page.getByRole("group", { name: "Client" }).getByText(name, { exact: true }).click();
      const panel = page.locator(`#${code} .code__panel[data-panel="${place}"]`);
      await expect(panel).toHaveCount(1);
      const shown = (await panel.locator("code").textContent()) ?? "";
      // The secret is the one thing a page never shows again.
      const text = shown.replaceAll("sk-…", keys.secret);
      expect(text).not.toContain("…");
      const printed = await run(language.run(), door === "resolve" ? text : `${text}${language.print}\n`);

      // The unit was counted by the door the program used, before anybody else asked for it.
      const explain = async () => {
        const answer = await request.get(`/api/v1/experiments/${key}/explain?unit=user-1`, { headers });
        return ((await answer.json()).exposures as { door: string; arm: string }[]).map((one) => one.door);
      };
      await expect.poll(explain, { message: `${name}, ${language.name}` }).toEqual([door]);
      const { version, arm } = await post("/api/v1/resolve", { prompt, unit: "user-1" });
      if (language.name === "curl") {
        expect(JSON.parse(printed)).toMatchObject({ version, arm });
      } else {
        expect(printed.split(/\s+/).slice(0, door === "resolve" ? 2 : 1), `${name}, ${language.name}`).toEqual(
          door === "resolve" ? [String(version), arm] : [String(version)],
        );
      }
      await post(`/api/v1/experiments/${key}/stop`, {});
    }
  }
});
