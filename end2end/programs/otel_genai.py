"""Plain OpenTelemetry (Python): GenAI attributes of the present and of the past, and messages as log records."""

import json
import os

from openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import format_span_id, format_trace_id

from common import ANSWER, BASE, BASIC, MODEL, QUESTION, USAGE, check_tokens, equal, finish, generation_of, openai_stub, post, step

# What the documentation of every exporter says: one endpoint, and the credentials as a header.
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = BASE
os.environ["OTEL_EXPORTER_OTLP_HEADERS"] = "Authorization=" + BASIC.replace(" ", "%20")
provider = TracerProvider(resource=Resource({"service.name": "shop", "deployment.environment.name": "qa"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("shop.chat", "1.0")
openai = OpenAI(base_url=openai_stub(), api_key="sk-stub")
PARTS = [{"role": "user", "parts": [{"type": "text", "content": QUESTION[0]["content"]}]}]
ANSWERED = [{"role": "assistant", "parts": [{"type": "text", "content": ANSWER}], "finish_reason": "stop"}]


def call(span):
    """Asks the model and notes what every dialect notes."""
    answer = openai.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
    span.set_attribute("gen_ai.operation.name", "chat")
    span.set_attribute("gen_ai.request.model", "gpt-4o-mini")
    span.set_attribute("gen_ai.response.model", answer.model)
    span.set_attribute("gen_ai.prompt.name", "otel/greet")
    span.set_attribute("gen_ai.prompt.version", "v3")
    return answer


def check(observation, content, output):
    equal((observation["model"], observation["environment"]), (MODEL, "qa"), "model and environment")
    equal((observation["promptName"], observation["promptVersion"]), ("otel/greet", 3), "prompt")
    equal((observation["input"], observation["output"]), (content, output), "input and output")
    check_tokens(observation)


def present():
    """The names of today, with content as JSON text."""
    with tracer.start_as_current_span("chat gpt-4o-mini") as span:
        usage = call(span).usage
        span.set_attribute("gen_ai.usage.input_tokens", usage.prompt_tokens)
        span.set_attribute("gen_ai.usage.output_tokens", usage.completion_tokens)
        span.set_attribute("gen_ai.usage.cache_read.input_tokens", usage.prompt_tokens_details.cached_tokens)
        span.set_attribute("gen_ai.usage.reasoning.output_tokens", usage.completion_tokens_details.reasoning_tokens)
        span.set_attribute("gen_ai.input.messages", json.dumps(PARTS))
        span.set_attribute("gen_ai.output.messages", json.dumps(ANSWERED))
        trace = format_trace_id(span.get_span_context().trace_id)
    provider.force_flush()
    _, found = generation_of(trace)
    check(found, PARTS, ANSWERED)
    equal(found["usageDetails"]["cache_read_input_tokens"], USAGE["prompt_tokens_details"]["cached_tokens"], "cached")


def past():
    """The names of version 1.36 and before, with messages as events of the span."""
    with tracer.start_as_current_span("chat gpt-4o-mini") as span:
        usage = call(span).usage
        span.set_attribute("gen_ai.system", "openai")
        span.set_attribute("gen_ai.usage.prompt_tokens", usage.prompt_tokens)
        span.set_attribute("gen_ai.usage.completion_tokens", usage.completion_tokens)
        span.add_event("gen_ai.user.message", {"gen_ai.system": "openai", "content": QUESTION[0]["content"]})
        span.add_event("gen_ai.choice", {"gen_ai.system": "openai", "index": 0, "content": ANSWER})
        trace = format_trace_id(span.get_span_context().trace_id)
    provider.force_flush()
    _, found = generation_of(trace)
    check(found, QUESTION, [{"role": "assistant", "index": 0, "content": ANSWER}])


def logged():
    """Content that comes as log records, before its span; and an evaluation."""
    with tracer.start_as_current_span("chat gpt-4o-mini") as span:
        usage = call(span).usage
        span.set_attribute("gen_ai.usage.input_tokens", usage.prompt_tokens)
        span.set_attribute("gen_ai.usage.output_tokens", usage.completion_tokens)
        context = span.get_span_context()
        trace, identity = format_trace_id(context.trace_id), format_span_id(context.span_id)

        def record(event, number, body, attributes):
            return {
                "traceId": trace, "spanId": identity, "eventName": event, "timeUnixNano": str(span.start_time + number),
                "body": {"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": body}}]}},
                "attributes": [{"key": key, "value": value} for key, value in attributes.items()],
            }

        evaluation = {
            "gen_ai.evaluation.name": {"stringValue": "relevance"},
            "gen_ai.evaluation.score.value": {"doubleValue": 0.75},
        }
        records = [
            record("gen_ai.user.message", 1, QUESTION[0]["content"], {}),
            record("gen_ai.choice", 2, ANSWER, {}),
            record("gen_ai.evaluation.result", 3, "", evaluation),
        ]
        sent = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
        for path in ("/v1/logs", "/api/public/otel/v1/logs"):
            equal(post(path, sent), {}, path)
    provider.force_flush()
    whole, found = generation_of(trace)
    check(found, QUESTION, [{"role": "assistant", "content": ANSWER}])
    equal([(score["name"], score["value"]) for score in whole["scores"]], [("relevance", 0.75)], "evaluation")


for run in (present, past, logged):
    step(run.__name__, run)
provider.shutdown()
finish()
