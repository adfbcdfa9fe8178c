// What the programs share: a report of one JSON line a step, reading back, and a stub of the OpenAI API on loopback.
import { createServer } from "node:http";
import { isDeepStrictEqual } from "node:util";

export const BASE = process.env.LANGFUSE_BASE_URL;
export const BASIC =
  "Basic " + Buffer.from(`${process.env.LANGFUSE_PUBLIC_KEY}:${process.env.LANGFUSE_SECRET_KEY}`).toString("base64");
export const BEARER = "Bearer " + process.env.ABV_API_KEY;

// What the stub always answers; programs check that exactly this is read back.
export const MODEL = "gpt-4o-mini-2024-07-18";
export const ANSWER = "Paris.";
export const USAGE = {
  prompt_tokens: 21, completion_tokens: 9, total_tokens: 30,
  prompt_tokens_details: { cached_tokens: 8 }, completion_tokens_details: { reasoning_tokens: 4 },
};

const failed = [];
export const id = () => Math.random().toString(16).slice(2, 10).padEnd(8, "0");

export async function step(name, run) {
  try {
    await run();
    console.log(JSON.stringify({ step: name, ok: true }));
  } catch (error) {
    failed.push(name);
    console.log(JSON.stringify({ step: name, ok: false, error: String(error?.stack ?? error).slice(0, 600) }));
  }
}

export function finish() {
  console.log(JSON.stringify({ step: "done", ok: failed.length === 0, failed }));
  process.exit(failed.length ? 1 : 0);
}

export function equal(got, wanted, what) {
  if (!isDeepStrictEqual(got, wanted)) throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
}

// The trace once `ready` says so; exporters send in the background.
export async function traceWhen(trace, ready, authorization = BASIC) {
  let last;
  for (let tries = 0; tries < 40; tries++) {
    const answer = await fetch(`${BASE}/api/public/traces/${trace}`, { headers: { Authorization: authorization } });
    last = answer.ok ? await answer.json() : answer.status;
    if (answer.ok && ready(last)) return last;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error(`trace ${trace} is not complete: ${JSON.stringify(last).slice(0, 400)}`);
}

// A trace and its one generation.
export async function generationOf(trace, authorization = BASIC) {
  const generations = (of) => of.observations.filter((observation) => observation.type === "GENERATION");
  const found = await traceWhen(trace, (of) => generations(of).length > 0, authorization);
  equal(generations(found).length, 1, "generations");
  return [found, generations(found)[0]];
}

// A stub of chat completions; gives its base address and how to end it.
export async function openaiStub() {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const message = { role: "assistant", content: ANSWER };
      response.setHeader("Content-Type", "application/json").end(
        JSON.stringify({
          id: "chatcmpl-1", object: "chat.completion", created: 1795262400, model: MODEL, usage: USAGE,
          choices: [{ index: 0, message, finish_reason: "stop" }],
        }),
      );
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}/v1`, close: () => server.close() };
}
