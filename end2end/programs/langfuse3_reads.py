"""langfuse 3 (Python): what its `api` reads, through the SDK's own models."""

import uuid

from langfuse import Langfuse

from common import equal, finish, step, trace_when

langfuse = Langfuse()
api = langfuse.api
NAME = "reads-" + uuid.uuid4().hex[:8]
ids = {}


def send():
    with langfuse.start_as_current_span(name="root", input={"q": 1}) as root:
        root.update_trace(name=NAME, user_id=NAME, session_id=NAME, tags=["beta"])
        with langfuse.start_as_current_generation(name="call", model="m", input="a", output="b") as call:
            call.update(usage_details={"input": 3, "output": 2})
            call.score(name="number", value=0.5)
            call.score_trace(name="word", value="good", data_type="CATEGORICAL")
            ids["call"] = call.id
        ids["trace"] = root.trace_id
    langfuse.create_score(name="session", value=1, data_type="BOOLEAN", session_id=NAME)
    langfuse.flush()
    trace_when(ids["trace"], lambda trace: len(trace["observations"]) == 2 and len(trace["scores"]) == 2)


def traces():
    whole = api.trace.get(ids["trace"])
    equal(sorted(score.name for score in whole.scores), ["number", "word"], "scores")
    page = api.trace.list(user_id=NAME, tags="beta", limit=10)
    equal([trace.id for trace in page.data], [ids["trace"]], "traces")
    equal((page.data[0].input, sorted(page.data[0].scores)), ({"q": 1}, sorted(score.id for score in whole.scores)), "trace")


def observations():
    page = api.observations.get_many(trace_id=ids["trace"], type="GENERATION")
    equal([(found.id, found.model, found.usage_details) for found in page.data], [(ids["call"], "m", {"input": 3, "output": 2})], "observations")
    one = api.observations.get(ids["call"])
    equal((one.input, one.output, one.trace_id), ("a", "b", ids["trace"]), "observation")


def sessions():
    page = api.sessions.list(limit=50)
    equal(NAME in [session.id for session in page.data], True, "listed")
    equal([trace.id for trace in api.sessions.get(NAME).traces], [ids["trace"]], "traces")


def scores():
    of_user = api.score_v_2.get(user_id=NAME)
    equal(sorted(score.name for score in of_user.data), ["number", "word"], "of the user")
    word = next(score for score in of_user.data if score.name == "word")
    equal((word.data_type, word.string_value, word.trace.tags), ("CATEGORICAL", "good", ["beta"]), "category")
    equal(api.score_v_2.get_by_id(word.id).name, "word", "by id")
    of_session = api.score_v_2.get(session_id=NAME)
    equal([(score.name, score.value) for score in of_session.data], [("session", 1.0)], "of the session")
    api.score.delete(word.id)
    equal(len(api.score_v_2.get(user_id=NAME).data), 1, "after one was deleted")


def notes():
    project = api.projects.get().data[0].id
    made = api.comments.create(
        request={"projectId": project, "objectType": "TRACE", "objectId": ids["trace"], "content": "well"}
    )
    found = api.comments.get(object_type="TRACE", object_id=ids["trace"])
    equal([(comment.id, comment.content) for comment in found.data], [(made.id, "well")], "comments")
    config = api.score_configs.create(
        request={"name": NAME, "dataType": "CATEGORICAL", "categories": [{"label": "good", "value": 1}]}
    )
    equal(api.score_configs.get_by_id(config.id).categories[0].label, "good", "configuration")


for run in (send, traces, observations, sessions, scores, notes):
    step(run.__name__, run)
langfuse.shutdown()
finish()
