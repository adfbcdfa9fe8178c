// @abvdev/client + @abvdev/tracing + @abvdev/otel (JavaScript): prompts, tracing with links, scores, media, datasets.
// Env: ABV_BASE_URL, ABV_API_KEY.
process.env.ABV_TRACING_ENVIRONMENT ??= "acceptance";
import { BASE, BEARER as AUTH, equal, finish, generationOf, id, step, traceWhen } from "./common.mjs";
const { ABVClient } = await import("@abvdev/client");
const { ABVSpanProcessor } = await import("@abvdev/otel");
const { observe, startActiveObservation, startObservation, updateActiveObservation, updateActiveTrace, getActiveTraceId } =
  await import("@abvdev/tracing");
const { NodeSDK } = await import("@opentelemetry/sdk-node");

const processor = new ABVSpanProcessor();
const sdk = new NodeSDK({ spanProcessors: [processor] });
sdk.start();
const abv = new ABVClient();
const NAME = "abvjs-" + id();
let prompt;
const seen = {};

await step("prompts", async () => {
  await abv.prompt.create({ name: NAME, prompt: "Hello {{name}}", labels: ["production"], config: { m: 1 } });
  await abv.prompt.create({ name: NAME, prompt: "Hi {{name}}", labels: ["staging"] });
  prompt = await abv.prompt.get(NAME);
  equal([prompt.version, prompt.compile({ name: "Ann" })], [1, "Hello Ann"], "production");
  equal((await abv.prompt.get(NAME, { label: "staging" })).version, 2, "staging");
  await abv.prompt.update({ name: NAME, version: 2, newLabels: ["production"] });
  prompt = await abv.prompt.get(NAME, { cacheTtlSeconds: 0 });
  equal(prompt.version, 2, "after the label moved");
});

await step("tracing", async () => {
  const call = observe(
    async (question) => {
      updateActiveObservation("generation", {
        model: "gpt-4o-mini", prompt, modelParameters: { temperature: 0.5 }, completionStartTime: new Date(),
        usageDetails: { input: 11, output: 7, total: 18 }, costDetails: { input: 0.1, total: 0.2 },
      });
      return "out " + question;
    },
    { name: "call", asType: "generation" },
  );
  const root = observe(
    async (question) => {
      updateActiveTrace({ name: "checkout", userId: "u-1", sessionId: NAME, tags: ["a"], metadata: { n: 1 }, input: { ti: 1 }, output: "to" });
      seen.trace = getActiveTraceId();
      return call(question);
    },
    { name: "root" },
  );
  await root("hello");
  await processor.forceFlush();
  const [trace, found] = await generationOf(seen.trace, AUTH);
  equal([trace.name, trace.userId, trace.sessionId, trace.environment], ["checkout", "u-1", NAME, "acceptance"], "trace");
  equal([trace.input, trace.output], [{ ti: 1 }, "to"], "content of the trace");
  equal([found.model, found.promptName, found.promptVersion], ["gpt-4o-mini", NAME, 2], "model and prompt");
  equal([found.input, found.output], ["hello", "out hello"], "content");
  equal(found.usageDetails, { input: 11, output: 7, total: 18 }, "tokens");
  equal(found.costDetails.total, 0.2, "cost");
});

await step("scores", async () => {
  await startActiveObservation("scored", async (span) => {
    seen.scored = span.traceId;
    abv.score.activeObservation({ name: "truth", value: 1, dataType: "BOOLEAN" });
    abv.score.activeTrace({ name: "number", value: 0.5 });
    abv.score.trace(span, { name: "word", value: "good", dataType: "CATEGORICAL" });
  });
  await processor.forceFlush();
  await abv.flush();
  const trace = await traceWhen(seen.scored, (trace) => trace.scores.length === 3, AUTH);
  const scores = Object.fromEntries(trace.scores.map((score) => [score.name, score]));
  equal([scores.number.value, scores.word.stringValue, scores.truth.value], [0.5, "good", 1], "values");
  equal(Boolean(scores.truth.observationId), true, "on the observation");
});

await step("media", async () => {
  const bytes = Buffer.from("89504e47" + id() + id(), "hex");
  const span = startObservation("media", { input: { url: "data:image/png;base64," + bytes.toString("base64") } });
  span.end();
  await processor.forceFlush();
  const trace = await traceWhen(span.traceId, (trace) => trace.observations.length === 1, AUTH);
  const reference = trace.observations[0].input.url;
  const media = /^@@@abv(?:dev)?Media:type=image\/png\|id=([\w-]{22})\|source=\w+@@@$/.exec(reference);
  if (!media) throw new Error("not a reference: " + reference);
  let piece;
  for (let tries = 0; tries < 20 && !piece; tries++) {
    const answer = await fetch(`${BASE}/api/public/media/${media[1]}`, { headers: { Authorization: AUTH } });
    if (answer.ok) piece = await answer.json();
    else await new Promise((done) => setTimeout(done, 250));
  }
  const read = await fetch(piece.url);
  equal(Buffer.from(await read.arrayBuffer()).equals(bytes), true, "bytes");
  equal(read.headers.get("content-type"), "image/png", "type");
});

await step("datasets", async () => {
  const name = "set-" + NAME;
  await abv.api.datasets.create({ name });
  await abv.api.datasetItems.create({ datasetName: name, input: { q: 1 }, expectedOutput: { a: 2 } });
  const dataset = await abv.dataset.get(name);
  equal(dataset.items.length, 1, "items");
  const span = startObservation("run", { input: "x" });
  await dataset.items[0].link(span, "run 1");
  span.end();
  await processor.forceFlush();
  const run = await abv.api.datasets.getRun(name, "run 1");
  equal(run.datasetRunItems.map((item) => item.traceId), [span.traceId], "items of the run");
});

await sdk.shutdown();
finish();
