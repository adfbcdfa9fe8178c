// A split that moves by itself: set up in the form, refused where it cannot be, met through the door that deals its arms, and said on
// the experiment's page.
import { headers, newPrompt, post, sendSpans, text } from "../fixtures/api";
import { expectRefused } from "../fixtures/form";
import { picture } from "../fixtures/picture";
import { expect, project, test } from "../fixtures/test";

const list = `/p/${project}/experiments`;
const users = 140;

test("an adaptive experiment is set up, launched, met, and says that its split moves", async ({
  page,
  open,
  request,
  checkAccessibility,
  expectedErrors,
}) => {
  test.slow();
  // What cannot be is refused.
  expectedErrors.push(/400 \(Bad Request\)/);
  const run = Date.now().toString(36);
  const [prompt, key] = [`moves/${run}`, `moves-${run}`];
  await newPrompt(request, prompt, ["Greet {{name}}.", "Greet {{name}}, shortly."]);

  await open(`${list}/new?prompt=${encodeURIComponent(prompt)}&label=production`);
  await page.locator("#key").fill(key);
  await expect(page.locator("#batch-hours")).toHaveCount(0);
  await page.locator("#allocation").selectOption("adaptive");
  await page.locator("#batch-hours").fill("0");
  await page.locator("#floor").fill("60");
  // What cannot decide such a split is said where it is chosen.
  const unfit = page.locator("#unfit");
  await expect(unfit).toContainText("goal: Latency, p95; guardrail: Cost, mean; guardrail: Errors, mean.");
  await page.getByRole("button", { name: "Save and check" }).click();
  // Each at its field: the batch, the floor, and a goal that cannot be corrected.
  await expectRefused(page, [
    ["#batch-hours", "0 hours; a batch lasts 1 to 168"],
    ["#floor", "60% cannot be kept by each of 2 arms; give 1% to 50%"],
    ["#metric-0-what", "cannot be corrected for weights that move"],
  ]);
  await checkAccessibility();
  await picture(page, "adaptive-form-refused");

  await page.locator("#batch-hours").fill("1");
  await page.locator("#floor").fill("20");
  await page.locator("#minimum-hours").fill("0");
  await page.locator("#metric-0-what").selectOption("cost mean");
  await expect(unfit).not.toContainText("goal:");
  await page.getByRole("button", { name: "Make these guardrails secondary" }).click();
  await expect(unfit).toHaveCount(0);
  await expect(page.locator("#metric-1-role")).toHaveValue("secondary");
  await picture(page, "adaptive-form");
  await page.getByRole("button", { name: "Save and check" }).click();
  await expect(page).toHaveURL(new RegExp(`/experiments/${key}$`));
  await expect(page.getByText("adaptive: it may move every 1 hour, and every arm keeps 20%")).toBeVisible();
  await page.getByRole("button", { name: "Launch", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Launch" }).click();
  await expect(page.getByRole("heading", { name: "100% of the traffic is split." })).toBeVisible();

  // No program is offered that would deal arms by itself, and why is said; a generation alone exposes nobody here.
  const wire = page.locator("#wire");
  await expect(wire.getByRole("button", { name: "OpenFeature" })).toBeVisible();
  await expect(wire.getByRole("button", { name: "GrowthBook" })).toHaveCount(0);
  await expect(wire).toContainText("only a question for this one slot deals an arm");
  await expect(page.getByText("A unit is exposed when a program asks for this slot with the unit’s id. Wire")).toBeVisible();
  const refused = await request.post("/api/v1/exposures", { headers, data: [{ experiment: key, unit: "u", arm: "control" }] });
  expect(refused.status(), await refused.text()).toBe(400);

  // Users ask, and what their answers cost is known.
  const spans: unknown[] = [];
  const arms = new Map<string, number>();
  for (let user = 0; user < users; user += 1) {
    const unit = `${key}-${user}`;
    const { arm, version } = await post(request, "/api/v1/resolve", { prompt, unit });
    arms.set(arm, (arms.get(arm) ?? 0) + 1);
    const start = BigInt(Date.now() + 5) * 1_000_000n;
    const id = `${run}${user}`.split("").map((letter) => letter.charCodeAt(0).toString(16)).join("");
    spans.push({
      traceId: id.padStart(32, "a").slice(-32),
      spanId: id.padStart(16, "b").slice(-16),
      name: "greet",
      kind: 1,
      startTimeUnixNano: String(start),
      endTimeUnixNano: String(start + 400_000_000n),
      attributes: [
        text("langfuse.observation.type", "generation"),
        text("langfuse.observation.prompt.name", prompt),
        { key: "langfuse.observation.prompt.version", value: { intValue: String(version) } },
        text("langfuse.observation.cost_details", JSON.stringify({ total: (version === 1 ? 0.004 : 0.002) + (user % 5) / 10_000 })),
        text("user.id", unit),
      ],
    });
  }
  expect([...arms.keys()].sort()).toEqual(["control", "treatment"]);
  await sendSpans(request, "moves", spans);
  await expect
    .poll(async () => {
      const { exposed, partial } = await (await request.get(`/api/v1/experiments/${key}/results`, { headers })).json();
      return [exposed, partial];
    })
    .toEqual([users, null]);

  await open(`${list}/${key}`);
  await expect(page.getByText("The split is adaptive and has not moved yet.")).toBeVisible();
  await expect(page.getByRole("table", { name: "Results by metric" })).toContainText(`n ${arms.get("control")} users`);
  const served = page.getByRole("table", { name: "Phases and epochs" });
  await expect(served.getByRole("row").filter({ hasText: "Epoch 0" })).toContainText(/100%.*control v1 50% · treatment v2 50%/);
  await checkAccessibility();
  await picture(page, "adaptive-results");

  // Who goes on after a pause begins an epoch of the same weights; the last ones are shown, and earlier ones folded.
  for (let turn = 0; turn < 5; turn += 1) {
    await post(request, `/api/v1/experiments/${key}/pause`, {});
    await post(request, `/api/v1/experiments/${key}/resume`, {});
  }
  await page.reload();
  await expect(served.getByRole("row").filter({ hasText: /Epoch \d/ })).toHaveCount(8);
  const earlier = page.locator("details", { hasText: "3 earlier epochs" });
  await expect(earlier.getByRole("table")).toBeHidden();
  await earlier.locator("summary").click();
  await expect(earlier.getByRole("row").filter({ hasText: "Epoch 0" })).toContainText("control v1 50% · treatment v2 50%");
  await checkAccessibility();
  await picture(page, "adaptive-served");
});
