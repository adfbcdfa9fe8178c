"""Sends real model outputs through the real Python SDK and checks the numbers that come back.

Four models answered the 1,319 questions of GSM8K; each model stands for one version of one prompt, and whether its answer
was right is a boolean score on the generation. Counts and means are then asked of `POST /api/v1/query`.

Env: LANGFUSE_BASE_URL, LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY; GSM8K_PROMPT names the prompt (default gsm8k/solve).
Prints one JSON line a step and exits non-zero when a number is wrong.
"""

import base64
import json
import os
import pathlib
import sys
import time
import urllib.request

from langfuse import Langfuse

BASE = os.environ["LANGFUSE_BASE_URL"].rstrip("/")
PROMPT = os.environ.get("GSM8K_PROMPT", "gsm8k/solve")
DATA = pathlib.Path(__file__).parents[2] / "crates" / "demo" / "data" / "gsm8k" / "example_model_solutions.jsonl"
# The version each model stands for, what it was told, and how many of 1,319 it gets right (from the data's authors).
VERSIONS = [
    ("6b_finetuning", "Solve the problem.\n\n{{question}}", 286),
    ("6b_verification", "Solve the problem. Check each step before the next.\n\n{{question}}", 515),
    ("175b_finetuning", "Solve the problem step by step.\n\n{{question}}", 458),
    ("175b_verification", "Solve the problem step by step. Check each step before the next.\n\n{{question}}", 742),
]
QUESTIONS = 1319


def report(step, ok=True, **detail):
    print(json.dumps({"step": step, "ok": bool(ok), **detail}), flush=True)
    if not ok:
        sys.exit(1)


def query(question):
    pair = f"{os.environ['LANGFUSE_PUBLIC_KEY']}:{os.environ['LANGFUSE_SECRET_KEY']}"
    request = urllib.request.Request(
        BASE + "/api/v1/query",
        data=json.dumps(question).encode(),
        headers={
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def send(langfuse, rows):
    """Every model's answer to every question: one trace with one generation and one score each."""
    for number, (model, text, _) in enumerate(VERSIONS, start=1):
        prompt = langfuse.create_prompt(
            name=PROMPT,
            prompt=text,
            config={"model": model},
            labels=["production"] if model == "6b_finetuning" else [],
            commit_message=f"answers of {model}",
        )
        report("created_version", prompt.version == number, version=prompt.version)
        for index, row in enumerate(rows):
            answer = row[model]
            with langfuse.start_as_current_observation(
                name="solve",
                as_type="generation",
                model=model,
                prompt=prompt,
                input=[{"role": "user", "content": text.replace("{{question}}", row["question"])}],
                metadata={"question": index},
            ) as generation:
                generation.update(output={"role": "assistant", "content": answer["solution"]})
                langfuse.create_score(
                    name="correct",
                    value=1.0 if answer["is_correct"] else 0.0,
                    data_type="BOOLEAN",
                    trace_id=generation.trace_id,
                    observation_id=generation.id,
                )
            # The SDK drops spans when its queue overflows; a real application is slower than this loop.
            if index % 250 == 249:
                langfuse.flush()
        langfuse.flush()


def main():
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    report("read_data", len(rows) == QUESTIONS, questions=len(rows))
    started = time.time()
    langfuse = Langfuse()
    send(langfuse, rows)
    langfuse.shutdown()
    report("sent", seconds=round(time.time() - started, 1), generations=len(rows) * len(VERSIONS))

    now = time.time()
    question = {
        "measures": ["count", "score:correct.count", "score:correct.sum", "score:correct.mean", "score.p50"],
        "dimensions": ["version"],
        "filters": [{"dimension": "prompt", "values": [PROMPT]}],
        "range": {
            "from": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 7200)),
            "to": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 3600)),
        },
    }
    # Totals follow the acknowledgement within a second; ask until nothing is waiting.
    for _ in range(100):
        answer = query(question)
        if answer["lag_ms"] == 0:
            break
        time.sleep(0.1)
    got = {row["group"][0]: [value["value"] for value in row["values"]] for row in answer["rows"]}
    for number, (model, _, correct) in enumerate(VERSIONS, start=1):
        count, scored, right, mean, _ = got.get(str(number), [None] * 5)
        report(
            f"version_{number}",
            count == QUESTIONS and scored == QUESTIONS and right == correct and abs(mean - correct / QUESTIONS) < 1e-12,
            model=model,
            count=count,
            correct=right,
            mean=mean,
        )
    report("done")


main()
