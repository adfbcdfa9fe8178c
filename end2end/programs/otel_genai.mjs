// Plain OpenTelemetry (JavaScript) with GenAI attributes, as JSON and as protobuf, around a call of a stub of the OpenAI API.
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { NodeSDK, resources, tracing } from "@opentelemetry/sdk-node";
import { trace } from "@opentelemetry/api";
import { ANSWER, BASE, BASIC, MODEL, equal, finish, generationOf, openaiStub, step } from "./common.mjs";

const stub = await openaiStub();
const headers = { Authorization: BASIC };
const QUESTION = [{ role: "user", parts: [{ type: "text", content: "What is the capital of France?" }] }];
const ANSWERED = [{ role: "assistant", parts: [{ type: "text", content: ANSWER }], finish_reason: "stop" }];

async function call(tracer) {
  return tracer.startActiveSpan("chat gpt-4o-mini", async (span) => {
    const body = JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: QUESTION[0].parts[0].content }] });
    const answer = await (await fetch(stub.url + "/chat/completions", { method: "POST", body })).json();
    span.setAttributes({
      "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini",
      "gen_ai.response.model": answer.model, "gen_ai.request.temperature": 0.25, "gen_ai.conversation.id": "c-1",
      "gen_ai.usage.input_tokens": answer.usage.prompt_tokens, "gen_ai.usage.output_tokens": answer.usage.completion_tokens,
      "gen_ai.usage.cache_read.input_tokens": answer.usage.prompt_tokens_details.cached_tokens,
      "gen_ai.prompt.name": "js/greet", "gen_ai.prompt.version": "5",
      "gen_ai.input.messages": JSON.stringify(QUESTION), "gen_ai.output.messages": JSON.stringify(ANSWERED),
    });
    span.end();
    return span.spanContext().traceId;
  });
}

const paths = { json: [JsonExporter, "/v1/traces"], protobuf: [ProtobufExporter, "/api/public/otel/v1/traces"] };
for (const [name, [Exporter, path]] of Object.entries(paths)) {
  await step(name, async () => {
    const processor = new tracing.BatchSpanProcessor(new Exporter({ url: BASE + path, headers }));
    const sdk = new NodeSDK({ spanProcessors: [processor], resource: resources.resourceFromAttributes({ "service.name": "shop" }) });
    sdk.start();
    const sent = await call(trace.getTracer("shop.chat", "1.0"));
    await processor.forceFlush();
    const [whole, found] = await generationOf(sent);
    equal([found.model, found.promptName, found.promptVersion], [MODEL, "js/greet", 5], "model and prompt");
    equal([found.input, found.output], [QUESTION, ANSWERED], "content");
    equal([found.usage.input, found.usage.output, found.usage.total], [21, 9, 30], "tokens");
    equal([whole.sessionId, found.modelParameters.temperature], ["c-1", 0.25], "session and temperature");
    await sdk.shutdown();
    trace.disable();
  });
}
stub.close();
finish();
