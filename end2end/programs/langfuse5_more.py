"""langfuse 5 (Python) beyond tracing: scores, the OpenAI wrapper, media, datasets and experiments, and its reads."""

import base64
import uuid

import httpx
from langfuse import Langfuse, get_client, observe
from langfuse.media import LangfuseMedia
from langfuse.openai import OpenAI

from common import ANSWER, MODEL, QUESTION, check_tokens, equal, finish, generation_of, get, openai_stub, step, trace_when

langfuse = Langfuse()
openai = OpenAI(base_url=openai_stub(), api_key="sk-stub")
NAME = "more-" + uuid.uuid4().hex[:8]
prompt = langfuse.create_prompt(name=NAME, prompt="Answer {{style}}.", labels=["production"])
ids = {}


def wrapper():
    """The wrapper's generation: model, tokens, prompt version, input and output are what was sent."""
    with langfuse.start_as_current_observation(name="wrapped") as root:
        openai.chat.completions.create(
            model="gpt-4o-mini", messages=QUESTION, temperature=0.25, langfuse_prompt=langfuse.get_prompt(NAME), name="call",
        )
        ids["wrapped"] = root.trace_id
    langfuse.flush()
    _, call = generation_of(ids["wrapped"])
    equal((call["name"], call["model"]), ("call", MODEL), "name and model")
    equal((call["promptName"], call["promptVersion"]), (NAME, prompt.version), "prompt")
    equal(call["input"], QUESTION, "input")
    equal(call["output"]["content"], ANSWER, "output")
    equal(call["modelParameters"]["temperature"], 0.25, "temperature")
    check_tokens(call)


def streamed():
    """The same as a stream: the time to the first token is known as well."""
    with langfuse.start_as_current_observation(name="streamed") as root:
        pieces = openai.chat.completions.create(
            model="gpt-4o-mini", messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
        said = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
        equal(said, ANSWER, "what was streamed")
        trace = root.trace_id
    langfuse.flush()
    _, call = generation_of(trace)
    equal(call["model"], MODEL, "model")
    check_tokens(call)
    if call["timeToFirstToken"] is None:
        raise AssertionError("no time to the first token")
    output = call["output"]
    equal(output["content"] if isinstance(output, dict) else output, ANSWER, "output")


@observe(as_type="generation", name="scored")
def scored():
    client = get_client()
    ids["trace"], ids["span"] = client.get_current_trace_id(), client.get_current_observation_id()
    client.score_current_span(name="span-number", value=0.75, comment="c")
    client.score_current_trace(name="trace-word", value="good", data_type="CATEGORICAL")


def scores():
    """Every way to score, read back by the SDK's own model."""
    scored()
    langfuse.create_score(name="by-hand", value=3, trace_id=ids["trace"], metadata={"k": "v"}, score_id=NAME)
    langfuse.create_score(name="truth", value=1, data_type="BOOLEAN", trace_id=ids["trace"], observation_id=ids["span"])
    langfuse.create_score(name="session", value=0.5, session_id=NAME)
    langfuse.flush()
    trace_when(ids["trace"], lambda trace: len(trace["scores"]) == 4)
    page = langfuse.api.scores.get_many(trace_id=ids["trace"], fields="details,subject", limit=100)
    found = {score.name: score for score in page.data}
    equal(sorted(found), ["by-hand", "span-number", "trace-word", "truth"], "names")
    equal(found["span-number"].value, 0.75, "number")
    equal(found["span-number"].subject.kind, "observation", "subject")
    equal(found["trace-word"].value, "good", "category")
    equal(found["truth"].value, True, "truth")
    equal(found["by-hand"].metadata, {"k": "v"}, "metadata")
    of_session = langfuse.api.scores.get_many(session_id=NAME, fields="subject")
    equal([score.subject.kind for score in of_session.data], ["session"], "subject of the session's")
    langfuse.api.scores.delete(NAME)
    left = langfuse.api.scores.get_many(trace_id=ids["trace"])
    equal(len(left.data), 3, "scores after one was deleted")


def observations():
    """The second API of observations, page by page."""
    seen, cursor = [], None
    while True:
        page = langfuse.api.observations.get_many(
            trace_id=ids["wrapped"], fields="basic,io,model,usage,prompt,metrics", limit=1, cursor=cursor
        )
        seen.extend(page.data)
        cursor = page.meta.cursor
        if cursor is None:
            break
    call = next(observation for observation in seen if observation.type == "GENERATION")
    equal((call.model, call.prompt_name, call.prompt_version), (MODEL, NAME, prompt.version), "model and prompt")
    equal(len(seen), 2, "observations")


def media():
    """A data URI and a Media object come back byte for byte, under what they are."""
    picture, document = b"\x89PNG" + uuid.uuid4().bytes, b"%PDF" + uuid.uuid4().bytes
    uri = "data:image/png;base64," + base64.b64encode(picture).decode()
    with langfuse.start_as_current_observation(name="media", input={"url": uri}) as span:
        span.update(output={"file": LangfuseMedia(content_bytes=document, content_type="application/pdf")})
        trace = span.trace_id
    langfuse.flush()
    found = trace_when(trace, lambda trace: trace["observations"])["observations"][0]
    for reference, content in ((found["input"]["url"], picture), (found["output"]["file"], document)):
        parsed = LangfuseMedia.parse_reference_string(reference)
        piece = langfuse.api.media.get(parsed["media_id"])
        equal(piece.content_length, len(content), "length")
        answer = httpx.get(piece.url)
        equal((answer.status_code, answer.content), (200, content), "bytes")
        equal(answer.headers["x-content-type-options"], "nosniff", "sniffing")
    equal(answer.headers["content-disposition"], "attachment", "what could run")
    resolved = langfuse.resolve_media_references(obj=found["input"], resolve_with="base64_data_uri")
    equal(resolved["url"], uri, "resolved")


def datasets():
    """A dataset, and an experiment over it, whose run is told by attributes of its spans."""
    name = "set-" + NAME
    langfuse.create_dataset(name=name, description="d", metadata={"k": 1})
    for number in range(2):
        langfuse.create_dataset_item(dataset_name=name, input={"q": number}, expected_output=number)
    dataset = langfuse.get_dataset(name)
    equal(sorted(item.input["q"] for item in dataset.items), [0, 1], "items")
    result = dataset.run_experiment(name="try", run_name="run " + NAME, task=lambda *, item, **_: item.input["q"])
    equal(len(result.item_results), 2, "results")
    langfuse.flush()
    path = f"/api/public/datasets/{name}/runs"
    runs = get(path)["data"]
    equal(len(runs), 1, "runs")
    run = get(f"{path}/{runs[0]['name'].replace(' ', '%20')}")
    equal(len(run["datasetRunItems"]), 2, "items of the run")
    traces = {item["traceId"] for item in run["datasetRunItems"]}
    equal(traces, {result.trace_id for result in result.item_results}, "traces")


for run in (wrapper, streamed, scores, observations, media, datasets):
    step(run.__name__, run)
langfuse.shutdown()
finish()
