import type { APIRequestContext } from "@playwright/test";
import { sendSpans, text } from "../fixtures/api";
import { traceId } from "../fixtures/seed";
import { expect, project, test } from "../fixtures/test";

const path = `/p/${project}/settings/prices`;

/** Sends one call of a model: 1,200 tokens read, 300 written. */
async function call(request: APIRequestContext, model: string, trace: string): Promise<void> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const span = {
    traceId: trace,
    spanId: "00000000000000aa",
    name: "answer",
    startTimeUnixNano: String(now - 1_000_000_000n),
    endTimeUnixNano: String(now),
    attributes: [
      text("langfuse.observation.type", "generation"),
      text("langfuse.observation.model.name", model),
      text("langfuse.observation.usage_details", JSON.stringify({ input: 1200, output: 300 })),
    ],
  };
  await sendSpans(request, "langfuse-sdk", [span]);
}

test("an unknown model is priced where it stands, stored calls follow, and undoing takes it back", async ({
  page,
  open,
  request,
  checkAccessibility,
  expectedErrors,
}) => {
  test.slow();
  // A rate that is none.
  expectedErrors.push(/400 \(Bad Request\)/);
  const run = Date.now().toString(16).padStart(12, "0");
  const [model, trace] = [`house-${run}`, `5eedc057${run.padStart(24, "0")}`];
  await call(request, model, trace);

  // No price is no cost, and says so.
  await open(`/p/${project}/traces/${trace}`);
  const detail = page.getByRole("region", { name: "Span" });
  await expect(detail).toContainText("no cost");
  await expect(detail).toContainText("No price is known for this model");
  await checkAccessibility();
  await detail.getByRole("link", { name: "Set a price" }).click();

  // The form stands open below the model it prices.
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Prices");
  const unpriced = page.getByRole("table", { name: "Models without a price" });
  await expect(unpriced.getByRole("row").filter({ hasText: model }).first()).toContainText("no price is known");
  const form = unpriced.locator("form");
  await expect(form.getByLabel("Model")).toHaveValue(model);
  await checkAccessibility();
  await form.getByLabel("Input", { exact: true }).fill("cheap");
  await form.getByRole("button", { name: "Set price" }).click();
  await expect(page.getByRole("alert")).toContainText("rates.input");
  await form.getByLabel("Input", { exact: true }).fill("2.5");
  await form.getByLabel("Output").first().fill("10");
  await form.getByRole("button", { name: "Set price" }).click();
  await expect(page.getByText(`Calls of ${model} have a price now.`)).toBeVisible();

  // The job runs through, and the model is no longer among those without a price.
  const jobs = page.getByRole("table", { name: "Stored calls priced again" });
  const job = jobs.getByRole("row").filter({ hasText: model });
  await expect(job).toContainText("done");
  await expect(job.getByRole("cell").nth(2)).toHaveText("1");
  await expect(page.getByRole("table", { name: "Models without a price" }).getByText(model)).toHaveCount(0);
  const own = page.getByRole("table", { name: "Own prices" }).getByRole("row").filter({ hasText: model });
  await expect(own).toContainText("in force");
  await expect(own).toContainText("2.50");

  // The cost is on the trace, with what it rests on and what it was.
  await open(`/p/${project}/traces/${trace}`);
  await expect(page.locator(".trace__facts")).toContainText("$0.0060");
  await expect(detail).toContainText("Cost by your own price");
  await expect(detail).toContainText("input $0.0030 + output $0.0030");
  await expect(detail).toContainText("Cost before it was priced again");
  await expect(detail).toContainText("no cost until");

  await open(path);
  await own.getByRole("button", { name: "End" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Undo" }).click();
  await expect(own).toContainText("undone");
  const again = page.getByRole("button", { name: "Price again" });
  await page.locator("#reprice-model").fill(model);
  await again.click();
  await expect(jobs.getByRole("row").filter({ hasText: model })).toHaveCount(2);
  await open(`/p/${project}/traces/${trace}`);
  await expect(detail).toContainText("no cost");
  await expect(detail).toContainText("$0.0060 until");
});

test("the catalogue is searched, and an override begins with its rates", async ({ page, open }) => {
  await open(path);
  await page.getByRole("searchbox", { name: "Search models" }).fill("gpt-4o");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=gpt-4o/);
  const catalogue = page.getByRole("table", { name: "Published prices" });
  const first = catalogue.getByRole("row").nth(1);
  await expect(first).toContainText("prices this name");
  await expect(first).toContainText("input 2.50");
  await first.getByRole("link", { name: "Override" }).click();
  await expect(page).toHaveURL(/price=gpt-4o/);
  const form = page.locator("#set-price");
  await expect(form.getByLabel("Model")).toHaveValue("gpt-4o");
  await expect(form.getByLabel("Input", { exact: true })).toHaveValue("2.5");
  await expect(form.getByLabel("Output").first()).toHaveValue("10");
  await form.getByRole("link", { name: "Cancel" }).click();
  await expect(form.getByLabel("Model")).toHaveValue("");
});

test("a trace says by which price its cost was worked out", async ({ page, open }) => {
  await open(`/p/${project}/traces/${traceId(2)}?span=5eed${String(22).padStart(12, "0")}`);
  const detail = page.getByRole("region", { name: "Span" });
  await expect(detail).toContainText("Cost by the catalogue’s price of openai/gpt-4o-mini");
  await expect(detail).toContainText("edition of");
  await detail.getByRole("link", { name: "openai/gpt-4o-mini" }).click();
  await expect(page).toHaveURL(/settings\/prices\?q=gpt-4o-mini/);
  await expect(page.getByRole("table", { name: "Published prices" })).toContainText("prices this name");
});
