"""MLflow's tracing SDK: automatic spans of the OpenAI client and decorated functions, exported by OTLP."""

import os
import time

from common import ANSWER, BASE, BASIC, MODEL, QUESTION, check_tokens, equal, finish, generation_of, get, openai_stub, step

os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = BASE + "/v1/traces"
os.environ["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] = "Authorization=" + BASIC.replace(" ", "%20")
os.environ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf"
# Spans go by OTLP alone; without an address of its own the SDK looks for a store it does not bring along.
os.environ["MLFLOW_TRACKING_URI"] = BASE

import mlflow  # noqa: E402 - reads the environment
from openai import OpenAI  # noqa: E402

openai = OpenAI(base_url=openai_stub(), api_key="sk-stub")


@mlflow.trace(span_type="CHAT_MODEL", name="ask")
def ask(question):
    span = mlflow.get_current_active_span()
    answer = openai.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": question}])
    usage = answer.usage
    span.set_attributes({
        "mlflow.llm.model": answer.model,
        "mlflow.chat.tokenUsage": {
            "input_tokens": usage.prompt_tokens,
            "output_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        },
        "gen_ai.prompt.name": "mlflow/greet",
        "gen_ai.prompt.version": 4,
    })
    return answer.choices[0].message.content


def newest():
    """The trace just sent; MLflow names it by an id of its own."""
    for _ in range(40):
        found = get("/api/public/traces?limit=20&fields=core,observations")["data"]
        for trace in found:
            if trace["name"] == "ask":
                return trace["id"]
        time.sleep(0.25)
    raise AssertionError("no trace of MLflow came")


def decorated():
    equal(ask(QUESTION[0]["content"]), ANSWER, "answer")
    mlflow.flush_trace_async_logging()
    _, found = generation_of(newest())
    equal(found["model"], MODEL, "model")
    equal((found["promptName"], found["promptVersion"]), ("mlflow/greet", 4), "prompt")
    equal((found["input"], found["output"]), ({"question": QUESTION[0]["content"]}, ANSWER), "input and output")
    check_tokens(found)


step("decorated", decorated)
finish()
