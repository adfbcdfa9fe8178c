"""OpenInference's instrumentation of the OpenAI client, exported by plain OpenTelemetry to the SDKs' address."""

import json

from openai import OpenAI
from openinference.instrumentation import using_prompt_template, using_session, using_user
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import format_trace_id

from common import ANSWER, BASE, BASIC, MODEL, QUESTION, check_tokens, equal, finish, generation_of, openai_stub, step

provider = TracerProvider()
exporter = OTLPSpanExporter(endpoint=BASE + "/api/public/otel/v1/traces", headers={"Authorization": BASIC})
provider.add_span_processor(BatchSpanProcessor(exporter))
OpenAIInstrumentor().instrument(tracer_provider=provider)
openai = OpenAI(base_url=openai_stub(), api_key="sk-stub")
tracer = provider.get_tracer("program")


def ask(**more):
    with tracer.start_as_current_span("root") as root:
        # The instrumentation knows a template's version but not its prompt's name; that is the standard attribute beside it.
        template = using_prompt_template(template="Answer.", version="v2", variables={"style": "briefly"})
        with using_session("session-1"), using_user("user-1"), template:
            answer = openai.chat.completions.create(
                model="gpt-4o-mini", messages=QUESTION, temperature=0.25, **more
            )
            said = "".join(p.choices[0].delta.content or "" for p in answer if p.choices) if more else ""
    provider.force_flush()
    trace, found = generation_of(format_trace_id(root.get_span_context().trace_id))
    return trace, found, said


def check(trace, found):
    equal(found["model"], MODEL, "model")
    equal((trace["userId"], trace["sessionId"]), ("user-1", "session-1"), "user and session")
    equal(found["input"]["messages"], QUESTION, "input")
    equal(found["modelParameters"]["temperature"], 0.25, "temperature")
    check_tokens(found)


def plain():
    trace, found, _ = ask()
    check(trace, found)
    output = found["output"]
    output = json.loads(output) if isinstance(output, str) else output
    equal(output["choices"][0]["message"]["content"], ANSWER, "output")


def streamed():
    trace, found, said = ask(stream=True, stream_options={"include_usage": True})
    equal(said, ANSWER, "what was streamed")
    check(trace, found)
    if found["timeToFirstToken"] is None:
        raise AssertionError("no time to the first token")


def linked():
    """A span that names its prompt passes it on to the call below it."""
    with tracer.start_as_current_span("root", attributes={"prompt.id": "oi/greet", "llm.prompt_template.version": "v2"}) as root:
        openai.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
    provider.force_flush()
    _, found = generation_of(format_trace_id(root.get_span_context().trace_id))
    equal((found["promptName"], found["promptVersion"]), ("oi/greet", 2), "prompt")


for run in (plain, streamed, linked):
    step(run.__name__, run)
provider.shutdown()
finish()
