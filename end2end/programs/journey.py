"""A real application beside the browser: it serves users with the answers real models gave to GSM8K, asks for its version through
OpenFeature's OFREP provider, fetches that version and traces through the Langfuse SDK. It runs from before the experiment until
after its winner was shipped, and is told over standard input who comes; for each line it prints one JSON line.

`{"do": "serve", "from": 0, "to": 600, "ahead_s": 86400}`: these users come, by a clock that runs ahead as the server's does.
`{"do": "statistics"}`: what scipy makes of the raw data of everybody served so far in the experiment.
`{"do": "label"}`: the version the application has under its label at last, and when it changed, by the machine's clock.

Env: LANGFUSE_BASE_URL, LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY; JOURNEY_PROMPT, JOURNEY_CACHE_S.
"""

import json
import math
import os
import pathlib
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

machine_ns = time.time_ns
ahead_ns = 0
# Before anything reads the clock: OpenTelemetry takes the times of spans from here.
time.time_ns = lambda: machine_ns() + ahead_ns

from common import BASE, BASIC  # noqa: E402
from langfuse import Langfuse, propagate_attributes  # noqa: E402
from openfeature import api  # noqa: E402
from openfeature.contrib.provider.ofrep import OFREPProvider  # noqa: E402
from openfeature.evaluation_context import EvaluationContext  # noqa: E402

import numpy  # noqa: E402
from scipy import stats  # noqa: E402

PROMPT = os.environ["JOURNEY_PROMPT"]
CACHE_S = int(os.environ["JOURNEY_CACHE_S"])
DATA = pathlib.Path(__file__).parents[2] / "crates" / "demo" / "data" / "gsm8k" / "example_model_solutions.jsonl"
ROWS = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
# The model that stands for each version, and what it is told.
MODELS = {1: ("6b_finetuning", "Solve it.\n\n{{question}}"), 2: ("175b_finetuning", "Solve it step by step.\n\n{{question}}")}

langfuse = Langfuse()
for version, (model, text) in MODELS.items():
    labels = ["production"] if version == 1 else []
    made = langfuse.create_prompt(name=PROMPT, prompt=text, config={"model": model}, labels=labels, commit_message=model)
    assert made.version == version, made.version
api.set_provider(OFREPProvider(BASE, headers_factory=lambda: {"Authorization": BASIC}))
flags = api.get_client()
FLAG = os.environ["JOURNEY_FLAG"]
# Everybody served in the experiment: user, version, and of each answer whether it was right and how many words it had.
served = {}


def questions(user):
    """One or two of them, always the same."""
    return [(user * 7 + 3) % len(ROWS)] + ([(user * 11 + 5) % len(ROWS)] if user % 3 == 0 else [])


def serve(user):
    details = flags.get_string_details(FLAG, "", EvaluationContext(f"user-{user}"))
    version = int(details.value)
    model, _ = MODELS[version]
    prompt = langfuse.get_prompt(PROMPT, version=version)
    answers = []
    with propagate_attributes(user_id=f"user-{user}"):
        for number in questions(user):
            row = ROWS[number]
            answer = row[model]
            words = len(answer["solution"].split())
            with langfuse.start_as_current_observation(
                name="solve", as_type="generation", model=model, prompt=prompt, input=prompt.compile(question=row["question"]),
            ) as generation:
                generation.update(output=answer["solution"], usage_details={"input": len(row["question"].split()), "output": words})
                langfuse.create_score(
                    name="correct", value=1.0 if answer["is_correct"] else 0.0, data_type="BOOLEAN",
                    trace_id=generation.trace_id, observation_id=generation.id,
                )
            answers.append((float(answer["is_correct"]), words))
    return user, version, str(details.reason), answers


def serve_all(told):
    global ahead_ns
    ahead_ns = told["ahead_s"] * 1_000_000_000
    versions, reasons = {}, {}
    users = range(told["from"], told["to"])
    with ThreadPoolExecutor(8) as pool:
        for place, (user, version, reason, answers) in enumerate(pool.map(serve, users)):
            versions[version] = versions.get(version, 0) + 1
            reasons[reason] = reasons.get(reason, 0) + 1
            if told.get("counts"):
                served[user] = (version, answers)
            # The SDK drops spans when its queue overflows; a real application is slower than this loop.
            if place % 200 == 199:
                langfuse.flush()
    langfuse.flush()
    return {"served": len(users), "versions": versions, "reasons": reasons}


def shelf_end(value):
    """Caps lie at the ends of shelves, of which there are 16 for each doubling."""
    if value < 16:
        return value
    doublings = value.bit_length() - 1
    return ((17 + (value >> (doublings - 4) & 15)) << (doublings - 4)) - 1


def statistics(_):
    """Counts, means and Welch's test on users' own means by scipy; of the mean an answer value and variance by users."""
    arms, means = {}, {}
    # The words of a user count up to what 99.9% of all users have, whatever their arm: a guard against a few long answers.
    sizes = sorted(sum(words for _, words in answers) for _, answers in served.values())
    cap = shelf_end(sizes[math.ceil((len(sizes) - 1) * 0.999)])
    for version in MODELS:
        own = [answers for arm, answers in served.values() if arm == version]
        right = numpy.array([sum(one for one, _ in answers) for answers in own])
        rows = numpy.array([len(answers) for answers in own], dtype=float)
        ratio = right.sum() / rows.sum()
        residuals = right - ratio * rows
        means[version] = right / rows
        words = numpy.minimum([sum(words for _, words in answers) for answers in own], cap)
        arms[version] = {
            "units": len(own), "rows": int(rows.sum()), "right": right.sum(), "ratio": ratio,
            "ratio_variance": residuals.var(ddof=1) / len(own) / rows.mean() ** 2,
            "unit_mean": means[version].mean(), "mean_words": words.sum() / rows.sum(),
        }
    welch = stats.ttest_ind(means[2], means[1], equal_var=False)
    interval = welch.confidence_interval(0.95)
    welch = {"p": welch.pvalue, "interval": [interval.low, interval.high], "statistic": welch.statistic}
    return {"arms": arms, "welch": welch}


label = {"version": None, "changed_ms": None}


def follow():
    """What an application does that asks for the label alone: the SDK keeps the answer for its cache time."""
    while True:
        version = langfuse.get_prompt(PROMPT, label="production", cache_ttl_seconds=CACHE_S).version
        if version != label["version"]:
            label.update(version=version, changed_ms=machine_ns() / 1e6)
        threading.Event().wait(0.05)


threading.Thread(target=follow, daemon=True).start()
print(json.dumps({"started": os.getpid()}), flush=True)
for line in sys.stdin:
    told = json.loads(line)
    does = {"serve": serve_all, "statistics": statistics, "label": lambda _: label}[told["do"]]
    print(json.dumps({"did": told["do"], "pid": os.getpid(), **does(told)}), flush=True)
langfuse.shutdown()
