"""Sends 100 thousand generations over OTLP and computes every metric of them a second time, with numpy, from the raw rows.

Every number of `POST /api/v1/query` must equal that second computation: exactly where the answer calls itself exact, within 1%
where it calls itself approximate. Intervals are compared with cluster-robust ones over the users themselves.

Env: LANGFUSE_BASE_URL, LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY; ASSAY_EMAIL, ASSAY_PASSWORD and ASSAY_PROJECT to sign in
with; METRICS_GENERATIONS (default 100000). Prints one JSON line a step and exits non-zero when a number is wrong.
"""

import base64
import concurrent.futures
import http.client
import json
import math
import os
import re
import sys
import time
import urllib.parse
from zoneinfo import ZoneInfo
from datetime import datetime, timedelta, timezone

import numpy

BASE = urllib.parse.urlsplit(os.environ["LANGFUSE_BASE_URL"])
PAIR = f"{os.environ['LANGFUSE_PUBLIC_KEY']}:{os.environ['LANGFUSE_SECRET_KEY']}"
BASIC = "Basic " + base64.b64encode(PAIR.encode()).decode()
COUNT = int(os.environ.get("METRICS_GENERATIONS", "100000"))
HOUR = 3_600_000_000_000
DAY = 24 * HOUR
# Three whole days up to last midnight, so that whole-day questions are about whole days.
LAST = int(time.time()) // 86_400 * DAY
FIRST = LAST - 3 * DAY

PROMPTS = ["metrics/answer", "metrics/route", "metrics/sum up", ""]
MODELS = ["nimbus-1", "nimbus-2", "cirrus-9", ""]
ENVIRONMENTS = ["production", "staging", "dev"]
PLANS = ["free", "pro", "team", ""]
USERS = 800
PER_TRACE = 4


def report(step, ok=True, **detail):
    print(json.dumps({"step": step, "ok": bool(ok), **detail}), flush=True)
    if not ok:
        sys.exit(1)


def call(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(BASE.hostname, BASE.port, timeout=60)
    sent = {"Content-Type": "application/json", **(headers or {"Authorization": BASIC})}
    connection.request(method, path, body if body is None or isinstance(body, (bytes, str)) else json.dumps(body), sent)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 400:
        raise RuntimeError(f"{method} {path}: {answer.status} {text[:400]!r}")
    return answer, json.loads(text) if text[:1] in b"{[" and text else None


def owner():
    """Headers of the signed-in owner; settings are changed by people only."""
    origin = f"http://{BASE.netloc}"
    connection = http.client.HTTPConnection(BASE.hostname, BASE.port, timeout=60)
    connection.request("GET", "/signin")
    page = connection.getresponse().read().decode()
    action = re.search(r'<form[^>]*action="([^"]*sign_in[^"]*)"', page).group(1)
    form = urllib.parse.urlencode({"email": os.environ["ASSAY_EMAIL"], "password": os.environ["ASSAY_PASSWORD"]})
    connection.request("POST", action, form, {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin})
    answer = connection.getresponse()
    answer.read()
    cookie = answer.getheader("Set-Cookie").split(";")[0]
    return {"Cookie": cookie, "Origin": origin, "X-Assay-Project": os.environ["ASSAY_PROJECT"]}


# The rows -------------------------------------------------------------------------------------------------------------


def make(random):
    """One array a column; a generation is a row."""
    n = COUNT
    trace = numpy.arange(n) // PER_TRACE
    traces = trace[-1] + 1
    of_trace = lambda values: values[trace]
    # Some users are busier than others.
    user = (USERS * random.random(traces) ** 2).astype(int)
    named = random.random(traces) < 0.9
    trace_start = FIRST + numpy.sort(random.integers(0, 3 * DAY - HOUR, traces))
    # Nanoseconds that a double holds are not asked for: whole microseconds keep every time exact.
    start = (of_trace(trace_start) + random.integers(0, 30 * 60, n) * 1_000_000_000 + random.integers(0, 10**6, n) * 1000) // 1000 * 1000
    prompt_of_trace = random.choice(4, traces, p=[0.5, 0.25, 0.15, 0.1])
    version_of_trace = random.integers(1, 4, traces)
    inherits = (random.random(traces) < 0.2) & (prompt_of_trace < 3)
    own = random.random(n) < 0.05
    prompt = numpy.where(own & ~of_trace(inherits), random.integers(0, 3, n), of_trace(prompt_of_trace))
    version = numpy.where(prompt == 3, 0, of_trace(version_of_trace))
    slow = numpy.exp(random.normal(0, 0.5, USERS))
    latency = (of_trace(slow[user]) * random.lognormal(20.5, 0.7, n) * (1 + 0.1 * version)).astype(numpy.int64) // 1000 * 1000
    first_ms = numpy.where(random.random(n) < 0.6, numpy.maximum(1, latency // 4_000_000), -1)
    tokens_in = random.poisson(700 * (1 + prompt), n).astype(numpy.int64)
    tokens_out = random.geometric(1 / 180, n).astype(numpy.int64)
    cost_in = tokens_in * 2500
    cost_out = tokens_out * 10_000
    costed = random.random(n) < 0.9
    tokened = costed | (random.random(n) < 0.5)
    error = random.random(n) < 0.02 * (1 + of_trace(user % 3))
    null = ~error & (random.random(n) < 0.015)
    model = random.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    # The tokens of a call that names its model and succeeded are counted when nobody says them: "why" is one, and so is
    # each word of "because it is so".
    counted = ~tokened & ~error & (model < 3)
    tokens_in[counted] = 1
    tokens_out[counted] = numpy.where(null[counted], 0, 4)
    plan_of_trace = random.choice(4, traces, p=[0.5, 0.3, 0.1, 0.1])
    own_plan = random.random(n) < 0.03
    plan = numpy.where(own_plan, 2, of_trace(plan_of_trace))
    return dict(
        trace=trace, user=numpy.where(of_trace(named), of_trace(user), -1), start=start, latency=latency, first_ms=first_ms,
        prompt=prompt, version=version, inherits=of_trace(inherits) & (prompt == of_trace(prompt_of_trace)),
        model=model, environment=random.choice(3, n, p=[0.7, 0.2, 0.1]),
        tokens_in=tokens_in, tokens_out=tokens_out, cost_in=cost_in, cost_out=cost_out, costed=costed, tokened=tokened, counted=counted,
        error=error, null=null, plan=plan, own_plan=own_plan, plan_of_trace=of_trace(plan_of_trace),
    )


def trace_id(trace):
    return f"{(int(trace) + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}{int(trace) + 1:016x}"


def span_id(row):
    return f"{(int(row) + 1) * 0xBF58476D1CE4E5B9 % 2**64:016x}"


def text(key, value):
    return {"key": key, "value": {"stringValue": value}}


def money(nano):
    return f"{nano // 10**9}.{nano % 10**9:09d}"


def generation(rows, row, changed):
    """A generation as a Langfuse SDK sends it; `changed` is what it was like before it was sent again."""
    get = lambda name: rows[name][row]
    start, end = int(get("start")), int(get("start") + get("latency"))
    if changed:
        end -= 1_000_000
    attributes = [
        text("langfuse.observation.type", "generation"),
        text("langfuse.environment", ENVIRONMENTS[get("environment")]),
        text("langfuse.observation.input", "why"),
    ]
    if MODELS[get("model")]:
        attributes.append(text("langfuse.observation.model.name", MODELS[get("model")]))
    # An output nobody sent along is not an empty answer when tokens were written: the model's nothing is said.
    output = "null" if get("null") else "before" if changed else "because it is so"
    attributes.append(text("langfuse.observation.output", output))
    if get("error"):
        attributes.append(text("langfuse.observation.level", "ERROR"))
    if get("prompt") < 3 and not get("inherits"):
        attributes.append(text("langfuse.observation.prompt.name", PROMPTS[get("prompt")]))
        attributes.append({"key": "langfuse.observation.prompt.version", "value": {"intValue": int(get("version"))}})
    if get("first_ms") > 0:
        attributes.append({"key": "ai.response.msToFirstChunk", "value": {"intValue": int(get("first_ms"))}})
    if get("tokened"):
        usage = {"input": int(get("tokens_in")), "output": int(get("tokens_out"))}
        attributes.append(text("langfuse.observation.usage_details", json.dumps(usage)))
    if get("costed"):
        cost = f'{{"input": {money(int(get("cost_in")))}, "output": {money(int(get("cost_out")))}}}'
        attributes.append(text("langfuse.observation.cost_details", cost))
    if get("own_plan"):
        attributes.append(text("langfuse.observation.metadata.plan", PLANS[get("plan")]))
    return {
        "traceId": trace_id(get("trace")), "spanId": span_id(row), "parentSpanId": span_id(COUNT + get("trace")),
        "name": "answer", "kind": 1, "startTimeUnixNano": str(start), "endTimeUnixNano": str(end), "attributes": attributes,
    }


def root(rows, row):
    """The root of the trace a row begins: it alone names user, session and plan, and sometimes the prompt."""
    get = lambda name: rows[name][row]
    attributes = [text("langfuse.internal.is_app_root", "true"), text("session.id", f"session {get('trace') // 3}")]
    if get("user") >= 0:
        attributes.append(text("user.id", f"user {get('user')}"))
    if PLANS[get("plan_of_trace")]:
        attributes.append(text("langfuse.trace.metadata.plan", PLANS[get("plan_of_trace")]))
    inheriting = rows["inherits"][row:row + PER_TRACE]
    if inheriting.any():
        at = row + int(numpy.argmax(inheriting))
        attributes.append(text("langfuse.observation.prompt.name", PROMPTS[rows["prompt"][at]]))
        attributes.append({"key": "langfuse.observation.prompt.version", "value": {"intValue": int(rows["version"][at])}})
    start = int(rows["start"][row:row + PER_TRACE].min()) - 1000
    return {
        "traceId": trace_id(get("trace")), "spanId": span_id(COUNT + get("trace")), "name": "request", "kind": 1,
        "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + HOUR), "attributes": attributes,
    }


def send_spans(spans):
    body = {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [
        {"scope": {"name": "langfuse-sdk", "version": "5.11.1"}, "spans": spans}]}]}
    while True:
        try:
            return call("POST", "/v1/traces", body)[1]
        except RuntimeError as error:
            if " 429 " not in str(error) and " 503 " not in str(error):
                raise
            time.sleep(0.2)


def send_scores(scores):
    call("POST", "/api/v1/scores", scores)


def batches(items, size):
    return [items[at:at + size] for at in range(0, len(items), size)]


# What is known of scores: one row each, where it counts ------------------------------------------------------------------


def make_scores(rows, random):
    """Scores as they are sent, in two waves and with replacements, and as they count in the end: `(name, value, row, level)`."""
    early, late, again, counts = [], [], [], []
    at = datetime.fromtimestamp(LAST / 1e9, timezone.utc)

    def add(name, value, target, counted, level, identity):
        wave = early if random.random() < 0.1 else late
        score = {"id": identity, "name": name, "at": at.isoformat(), **target}
        if random.random() < 0.05:
            before = (not value) if isinstance(value, bool) else "before" if isinstance(value, str) else 1
            wave.append({**score, "value": before})
            again.append({**score, "value": value, "at": (at + timedelta(seconds=1)).isoformat()})
        else:
            wave.append({**score, "value": value})
        counts.extend((name, value, row, level) for row in counted)

    for row in random.choice(COUNT, COUNT // 10, replace=False):
        row = int(row)
        target = {"trace": trace_id(rows["trace"][row]), "span": span_id(row)}
        good = bool(random.random() < 0.6 + 0.05 * rows["version"][row])
        add("correct", good, target, [row], "observation", f"c{row}")
        if row % 3 == 0:
            add("quality", float(random.normal(0.7, 0.2)), target, [row], "observation", f"q{row}")
        if row % 4 == 0:
            tone = ["kind", "curt", "neutral"][int(random.integers(0, 3))]
            add("tone", tone, target, [row], "observation", f"t{row}")
    for trace in range(0, COUNT // PER_TRACE, 9):
        first = trace * PER_TRACE
        of_trace = sorted(range(first, first + PER_TRACE), key=lambda row: (rows["start"][row], span_id(row)))
        links = {}
        for row in of_trace:
            links.setdefault((rows["prompt"][row], rows["version"][row]), row)
        if len(links) > 1:
            links.pop((3, 0), None)
        stars = int(random.integers(1, 6))
        add("stars", stars, {"trace": trace_id(trace)}, list(links.values()), "trace", f"s{trace}")
    return early, late, again, counts


# Asking and comparing -----------------------------------------------------------------------------------------------------


def rfc3339(ns):
    return datetime.fromtimestamp(ns // 10**9, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{ns % 10**9:09d}Z"


def ask(measures, dimensions=(), filters=None, span=(FIRST, LAST), **more):
    question = {
        "measures": list(measures), "dimensions": list(dimensions),
        "filters": [{"dimension": name, "values": list(values)} for name, values in (filters or {}).items()],
        "range": {"from": rfc3339(span[0]), "to": rfc3339(span[1])}, **more,
    }
    return call("POST", "/api/v1/query", question)[1]


def at_rank(ordered, q):
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)]


QUANTILES = {"min": 0.0, "max": 1.0, "p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def statistic(values, name):
    if name == "count":
        return len(values)
    if len(values) == 0:
        return 0 if name == "sum" else None
    if name == "sum":
        return math.fsum(values)
    if name == "mean":
        return math.fsum(values) / len(values)
    if name == "sd":
        return float(numpy.std(numpy.asarray(values, dtype=float), ddof=1)) if len(values) > 1 else None
    return at_rank(numpy.sort(values), QUANTILES[name])


class Expected:
    def __init__(self, rows, scores):
        self.rows = rows
        self.names = numpy.array([name for name, *_ in scores])
        self.values = [value for _, value, *_ in scores]
        self.numbers = numpy.array([float(value) if not isinstance(value, str) else numpy.nan for value in self.values])
        self.of = numpy.array([row for *_, row, _ in scores])
        self.levels = numpy.array([level for *_, level in scores])

    def quantity(self, name, rows):
        get = lambda column: self.rows[column][rows]
        if name == "latency":
            return get("latency")
        if name == "time_to_first_token":
            return get("first_ms")[get("first_ms") > 0] * 1_000_000
        known = self.rows["costed"] if "cost" in name else self.rows["tokened"] | self.rows["counted"]
        kept = rows[known[rows]]
        part = {
            "cost": lambda: self.rows["cost_in"][kept] + self.rows["cost_out"][kept],
            "input_cost": lambda: self.rows["cost_in"][kept], "output_cost": lambda: self.rows["cost_out"][kept],
            "input_tokens": lambda: self.rows["tokens_in"][kept], "output_tokens": lambda: self.rows["tokens_out"][kept],
            "total_tokens": lambda: self.rows["tokens_in"][kept] + self.rows["tokens_out"][kept],
        }
        return part[name]()

    def measure(self, measure, rows, scored, seconds):
        """The value of a measure over rows (generations) and scored (scores)."""
        n = len(rows)
        rate = lambda column: float(self.rows[column][rows].sum()) / n if n else None
        plain = {
            "count": lambda: n, "errors": lambda: int(self.rows["error"][rows].sum()), "error_rate": lambda: rate("error"),
            "null_responses": lambda: int(self.rows["null"][rows].sum()), "null_rate": lambda: rate("null"),
            "per_minute": lambda: n / (seconds / 60), "per_hour": lambda: n / (seconds / 3600),
            "per_day": lambda: n / (seconds / 86_400),
            "first_seen": lambda: int(self.rows["start"][rows].min()) // 1000 if n else None,
            "last_seen": lambda: int(self.rows["start"][rows].max()) // 1000 if n else None,
        }
        if measure in plain:
            return plain[measure]()
        subject, name = measure.rsplit(".", 1)
        if subject.startswith("score"):
            kept = scored[~numpy.isnan(self.numbers[scored])]
            if subject != "score":
                kept = kept[self.names[kept] == subject.removeprefix("score:")]
            return statistic(self.numbers[kept], name)
        return statistic(self.quantity(subject, rows), name)


def close(got, want, approximate):
    if want is None or got is None:
        return got is None and want is None
    if approximate:
        return abs(got - want) <= 0.01 * abs(want) + 1e-9
    return abs(got - want) <= 1e-9 * max(1.0, abs(want))


class Check:
    def __init__(self, expected):
        self.expected = expected
        self.numbers = 0
        self.wrong = []

    def rows(self, step, answer, groups, measures, seconds, scored=None):
        """Every row of an answer against `groups`: key to generations (and `scored`: key to scores)."""
        before = self.numbers
        want = {key for key, rows in groups.items() if len(rows)}
        if scored is not None:
            want |= {key for key, rows in scored.items() if len(rows)}
        got = {tuple(row["group"]) + ((row["at_us"],) if "at_us" in row else ()): row for row in answer["rows"]}
        if set(got) != want:
            self.wrong.append(f"{step}: groups {sorted(map(str, set(got) ^ want))[:6]}")
        none = numpy.array([], dtype=int)
        for key in want & set(got):
            for measure, value in zip(measures, got[key]["values"]):
                of = (scored or {}).get(key, none)
                wanted = self.expected.measure(measure, groups.get(key, none), of, seconds)
                self.numbers += 1
                if not close(value["value"], wanted, value["approximate"]):
                    self.wrong.append(f"{step} {key} {measure}: {value['value']}, not {wanted}")
        if answer.get("partial"):
            self.wrong.append(f"{step}: {answer['partial']}")
        report(step, not self.wrong, numbers=self.numbers - before, wrong=self.wrong[:8])


def grouped(keys, rows):
    """Rows by key; `keys` are columns of texts."""
    found = {}
    for row, key in zip(rows, zip(*(column[rows] for column in keys))):
        found.setdefault(tuple(map(str, key)), []).append(row)
    return {key: numpy.array(rows) for key, rows in found.items()}


QUANTITIES = ["latency", "time_to_first_token", "cost", "input_cost", "output_cost", "input_tokens", "output_tokens", "total_tokens"]
STATISTICS = ["count", "sum", "mean", "sd", "min", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "max"]
PLAIN = ["count", "errors", "error_rate", "null_responses", "null_rate", "per_minute", "per_hour", "per_day", "first_seen", "last_seen"]
USUAL = [*PLAIN, "latency.p50", "latency.p95", "cost.sum", "total_tokens.mean", "time_to_first_token.p99"]


def all_answers(check, rows, expected):
    everything = numpy.arange(COUNT)
    start = rows["start"]
    column = {
        "prompt": numpy.array(PROMPTS)[rows["prompt"]], "model": numpy.array(MODELS)[rows["model"]],
        "version": numpy.where(rows["version"] == 0, "", rows["version"].astype(str)),
        "environment": numpy.array(ENVIRONMENTS)[rows["environment"]], "segment": numpy.array(PLANS)[rows["plan"]],
        "user": numpy.where(rows["user"] < 0, "", numpy.char.add("user ", rows["user"].astype(str))),
    }
    days = 3 * 86_400

    by_version = grouped([column["prompt"], column["version"]], everything)
    for part in batches([f"{quantity}.{name}" for quantity in QUANTITIES for name in STATISTICS], 39):
        check.rows("every_statistic_by_version", ask(part, ["prompt", "version"]), by_version, part, days)
    check.rows("plain_by_version", ask(PLAIN, ["prompt", "version"]), by_version, PLAIN, days)
    for dimension in ["model", "environment", "segment", "user"]:
        answer = ask(USUAL, [dimension])
        check.rows(f"by_{dimension}", answer, grouped([column[dimension]], everything), USUAL, days)

    of_one = numpy.flatnonzero((column["prompt"] == PROMPTS[0]) & (column["segment"] == "pro") & (column["model"] == "nimbus-1"))
    filters = {"prompt": [PROMPTS[0]], "segment": ["pro"], "model": ["nimbus-1"]}
    check.rows("filtered", ask(USUAL, ["version"], filters), grouped([column["version"]], of_one), USUAL, days)
    few = numpy.flatnonzero(numpy.isin(column["user"], ["user 3", "user 7", "user 11"]))
    check.rows("of_users", ask(USUAL, ["user", "version"], {"user": ["user 3", "user 7", "user 11"]}),
               grouped([column["user"], column["version"]], few), USUAL, days)

    span = (FIRST + 5 * HOUR + 123_456_000, LAST - 7 * HOUR - 654_321_000)
    inside = numpy.flatnonzero((start >= span[0]) & (start < span[1]))
    check.rows("parts_of_hours", ask(USUAL, ["version"], span=span), grouped([column["version"]], inside), USUAL,
               (span[1] - span[0]) / 1e9)

    def stepped(begins, within):
        found = {}
        for row in within:
            found.setdefault((begins(int(start[row])),), []).append(row)
        return {key: numpy.array(rows) for key, rows in found.items()}

    counted = ["count", "errors", "latency.p50", "cost.sum"]
    stamp = lambda ns: rfc3339(ns)[:26] + "Z"
    hourly = stepped(lambda ns: stamp(ns // HOUR * HOUR), everything)
    check.rows("by_hour", ask(counted, granularity="hour"), hourly, counted, 3600)
    minute = (FIRST + 30 * HOUR, FIRST + 32 * HOUR)
    within = numpy.flatnonzero((start >= minute[0]) & (start < minute[1]))
    check.rows("by_minute", ask(counted, span=minute, granularity="minute"),
               stepped(lambda ns: stamp(ns // 60_000_000_000 * 60_000_000_000), within), counted, 60)
    for zone in ["Europe/Berlin", "Asia/Kolkata"]:
        place = ZoneInfo(zone)

        def midnight(ns):
            day = datetime.fromtimestamp(ns // 10**9, place).replace(hour=0, minute=0, second=0, microsecond=0)
            return stamp(int(day.timestamp()) * 10**9)

        check.rows(f"by_day_in_{zone}", ask(counted, granularity="day", zone=zone), stepped(midnight, everything), counted, 86_400)

    scored = numpy.arange(len(expected.names))
    measures = [f"score.{name}" for name in STATISTICS]
    nothing = {}
    key = [column["prompt"][expected.of], column["version"][expected.of], expected.names]
    numeric = scored[~numpy.isnan(expected.numbers)]
    answer = ask(measures, ["prompt", "version", "score_name"])
    answer["rows"] = [row for row in answer["rows"] if row["group"][2] != "tone"]
    check.rows("scores_by_name", answer, nothing, measures, days, grouped(key, numeric))
    answer = ask(measures, ["version"])
    check.rows("scores_of_all_types", answer, nothing, measures, days, grouped([column["version"][expected.of]], scored))
    report("mixed_scales_are_told", any("different scales" in notice for notice in answer["notices"]), notices=answer["notices"])
    answer = ask(measures, ["score_level", "segment"])
    check.rows("scores_by_level", answer, nothing, measures, days,
               grouped([expected.levels, column["segment"][expected.of]], scored))
    answer = ask(measures, ["user"], {"prompt": [PROMPTS[1]]}, span=span)
    of_prompt = scored[(column["prompt"][expected.of] == PROMPTS[1]) & (start[expected.of] >= span[0]) & (start[expected.of] < span[1])]
    check.rows("scores_by_user", answer, nothing, measures, days, grouped([column["user"][expected.of]], of_prompt))

    answer = ask(["adoption"], ["prompt", "version"])
    wrong = []
    for row in answer["rows"]:
        mine = len(by_version[tuple(row["group"])])
        whole = sum(len(of) for group, of in by_version.items() if group[0] == row["group"][0])
        if not close(row["values"][0]["value"], mine / whole, False):
            wrong.append((row["group"], row["values"][0]["value"], mine / whole))
    report("adoption", not wrong and len(answer["rows"]) == len(by_version), wrong=wrong[:4])

    distributions(check, rows, expected, by_version, column)
    intervals(rows, expected, by_version)
    comparisons(check, expected, by_version, everything, start)


def distributions(check, rows, expected, by_version, column):
    answer = ask([], ["prompt", "version"], distributions=["latency", "score:stars", "score:tone"])
    wrong = []
    for row in answer["rows"]:
        mine = by_version[tuple(row["group"])]
        latency, stars, tone = row["distributions"]
        values = rows["latency"][mine]
        for bin in latency["bins"]:
            # Values within 1% of an end may lie on either side of it.
            least = numpy.count_nonzero((values > bin["lower"] * 1.0000001) & (values <= bin["upper"] * 0.9999999))
            most = numpy.count_nonzero((values > bin["lower"] * 0.9999999) & (values <= bin["upper"] * 1.0000001))
            if not least <= bin["count"] <= most:
                wrong.append((row["group"], bin, int(least), int(most)))
        if sum(bin["count"] for bin in latency["bins"]) != len(mine):
            wrong.append((row["group"], "latencies", len(mine)))
        scored = numpy.flatnonzero(numpy.isin(expected.of, mine))
        for star in range(1, 6):
            want = numpy.count_nonzero((expected.names[scored] == "stars") & (expected.numbers[scored] == star))
            got = sum(bin["count"] for bin in stars["bins"] if bin["lower"] == star)
            if got != want:
                wrong.append((row["group"], "stars", star, got, int(want)))
        tones = [expected.values[at] for at in scored if expected.names[at] == "tone"]
        for category in tone.get("categories", []):
            want = tones.count(category["name"])
            if category["count"] != want or not close(category["share"]["value"], want / len(tones), False):
                wrong.append((row["group"], category, want))
        if sum(category["count"] for category in tone.get("categories", [])) != len(tones):
            wrong.append((row["group"], "tones", len(tones)))
    report("distributions", not wrong, rows=len(answer["rows"]), wrong=wrong[:4])


def clustered(values, units, whole=None):
    """Standard error of a ratio of sums, clustered by unit: Liang & Zeger with n/(n-1)."""
    rows = numpy.ones(len(values)) if whole is None else whole
    _, at = numpy.unique(units, return_inverse=True)
    sums, counts = numpy.bincount(at, values), numpy.bincount(at, rows)
    ratio = sums.sum() / counts.sum()
    n = len(sums)
    return math.sqrt(n / (n - 1) * ((sums - ratio * counts) ** 2).sum()) / counts.sum()


def intervals(rows, expected, by_version):
    """The intervals against ones over the units themselves, which need no groups."""
    unit = numpy.where(rows["user"] >= 0, rows["user"], USERS + rows["trace"] // 3)
    measures = ["latency.mean", "error_rate", "latency.p50", "latency.p95", "cost.mean"]
    ratios, methods = [], set()
    for row in ask(measures, ["prompt", "version"])["rows"]:
        mine = by_version[tuple(row["group"])]
        latency = rows["latency"][mine].astype(float)
        costed = mine[rows["costed"][mine]]
        cost = (rows["cost_in"] + rows["cost_out"])[costed].astype(float)
        errors = {
            "latency.mean": clustered(latency, unit[mine]), "error_rate": clustered(rows["error"][mine].astype(float), unit[mine]),
            "cost.mean": clustered(cost, unit[costed]),
        }
        for q, name in [(0.5, "latency.p50"), (0.95, "latency.p95")]:
            ordered = numpy.sort(latency)
            sigma = clustered((latency <= at_rank(ordered, q)).astype(float), unit[mine])
            errors[name] = (at_rank(ordered, q + 1.96 * sigma) - at_rank(ordered, q - 1.96 * sigma)) / 3.92
        for measure, value in zip(measures, row["values"]):
            interval = value.get("interval")
            if interval is None:
                report("intervals", False, group=row["group"], measure=measure, value=value)
            methods.add(interval["method"])
            inside = interval["lower"] <= value["value"] <= interval["upper"]
            ratio = (interval["upper"] - interval["lower"]) / 2 / 1.998 / errors[measure]
            # 64 groups know a standard error within 9% of itself; quantiles are widened by the sketch's 1% at each end.
            if not inside or not 0.6 <= ratio <= 1.7:
                report("intervals", False, group=row["group"], measure=measure, value=value, clustered=errors[measure])
            ratios.append(ratio)
    report("intervals", methods == {"unit_groups"} and 0.9 <= numpy.median(ratios) <= 1.15, intervals=len(ratios),
           median_ratio=round(float(numpy.median(ratios)), 3), methods=sorted(methods))
    answer = ask(["latency.mean"], ["model"], granularity="day")
    methods = {row["values"][0]["interval"]["method"] for row in answer["rows"]}
    report("narrower_questions_say_so", methods == {"design_effect"}, methods=sorted(methods))


def comparisons(check, expected, by_version, everything, start):
    measures = ["latency.mean", "error_rate", "latency.p95", "count"]
    answer = ask(measures, ["prompt", "version"], {"prompt": [PROMPTS[0]]}, compare={"dimension": "version", "value": "1"})
    wrong, excluded = [], 0
    for row in answer["rows"]:
        mine, base = by_version[tuple(row["group"])], by_version[(PROMPTS[0], "1")]
        for measure, difference in zip(measures, row["differences"]):
            want = [expected.measure(measure, rows, numpy.array([], dtype=int), 1) for rows in (mine, base)]
            approximate = measure == "latency.p95"
            same = row["group"][1] == "1"
            if same and difference["absolute"] != 0:
                wrong.append((row["group"], measure, difference))
            if not close(difference["baseline"], want[1], approximate):
                wrong.append((row["group"], measure, difference, want))
            if not approximate and not close(difference["relative"], want[0] / want[1] - 1, False):
                wrong.append((row["group"], measure, difference, want))
            if measure == "count":
                wrong.extend([(row["group"], difference)] if difference.get("interval") else [])
                continue
            interval, lift = difference["interval"], difference["relative_interval"]
            if not interval["lower"] <= difference["absolute"] <= interval["upper"]:
                wrong.append((row["group"], measure, difference))
            if (interval["lower"] > 0) != (lift["lower"] > 0) or (interval["upper"] < 0) != (lift["upper"] < 0):
                wrong.append((row["group"], measure, difference))
            excluded += interval["lower"] > 0
    # Each version is made a tenth slower than the one before.
    report("compare_versions", not wrong and excluded > 0, slower=excluded, wrong=wrong[:4])
    half = (FIRST + 2 * DAY, LAST)
    answer = ask(measures, span=half, compare={"range": "previous"})
    before = numpy.flatnonzero((start >= FIRST + DAY) & (start < FIRST + 2 * DAY))
    found = answer["rows"][0]["differences"]
    want = [expected.measure(measure, before, numpy.array([], dtype=int), 1) for measure in measures]
    ok = all(close(got["baseline"], of, measure == "latency.p95") for got, of, measure in zip(found, want, measures))
    report("compare_ranges", ok and answer["compared"]["from"].startswith(rfc3339(FIRST + DAY)[:19]), differences=found)


def labels(random):
    """Which version a label pointed at follows from its moves: spans of the minutes to come, on either side of a move."""
    name = "metrics/labelled"
    made = [call("POST", "/api/v1/prompts", {"name": name, "prompt": f"Hi {number}"})[1] for number in (1, 2)]
    path = "/api/v1/prompts/" + urllib.parse.quote(name, safe="") + "/labels/production"
    call("PUT", path, {"version": 1})
    time.sleep(0.05)
    call("PUT", path, {"version": 2})
    moves = call("GET", "/api/v1/prompts/" + urllib.parse.quote(name, safe="") + "/label-moves")[1]["items"]
    at = sorted(round(datetime.fromisoformat(move["at"]).timestamp() * 1e6) * 1000 for move in moves)
    spans = []
    for number, (version, start) in enumerate([(1, at[0] + 5000), (1, at[1] - 5000), (2, at[1] - 5000), (2, at[1] + 5000), (1, at[1] + 5000)]):
        spans.append({
            "traceId": f"{number + 1:032x}", "spanId": f"{number + 1:016x}", "name": "labelled", "kind": 1,
            "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 1000),
            "attributes": [
                text("langfuse.observation.type", "generation"), text("langfuse.observation.prompt.name", name),
                {"key": "langfuse.observation.prompt.version", "value": {"intValue": version}},
            ],
        })
    send_spans(spans)
    wait()
    answer = ask(["count"], ["label", "version"], {"prompt": [name]}, span=(at[0] - HOUR, at[1] + HOUR))
    got = {tuple(row["group"]): row["values"][0]["value"] for row in answer["rows"]}
    # The second generation of version 2 and both of version 1 before the move.
    report("by_label", got == {("production", "1"): 2, ("production", "2"): 1}, got=[[*key, value] for key, value in got.items()], made=len(made))


def wait():
    for _ in range(600):
        if ask(["count"])["lag_ms"] == 0:
            return
        time.sleep(0.1)
    report("folded", False)


def main():
    random = numpy.random.default_rng(20261121)
    started = time.time()
    rows = make(random)
    early, late, again, counts = make_scores(rows, random)
    report("made", generations=COUNT, scores=len(counts), seconds=round(time.time() - started, 1))

    headers = owner()
    revision = call("GET", "/api/v1/project", headers=headers)[1]["revision"]
    changed = call("PATCH", "/api/v1/project", {"segment": "metadata.plan", "revision": revision}, headers)[1]
    report("segmented", changed["settings"]["segment"] == "metadata.plan" and changed["revision"] == revision + 1)

    started = time.time()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(send_scores, batches(early, 500)))
        # A fiftieth is sent twice, first with another content; roots come after what they name the user of.
        first = [generation(rows, row, True) for row in range(0, COUNT, 50)]
        list(pool.map(send_spans, batches(first, 500)))

        def whole(range_of_rows):
            send_spans([generation(rows, row, False) for row in range_of_rows])
            send_spans([root(rows, row) for row in range_of_rows if row % PER_TRACE == 0])

        list(pool.map(whole, batches(range(COUNT), 1000)))
        list(pool.map(send_scores, batches(late, 500)))
        list(pool.map(send_scores, batches(again, 500)))
    sent = time.time() - started
    wait()
    report("sent", seconds=round(sent, 1), folded_after=round(time.time() - started - sent, 1))

    started = time.time()
    expected = Expected(rows, counts)
    check = Check(expected)
    all_answers(check, rows, expected)
    labels(random)
    report("done", numbers=check.numbers, seconds=round(time.time() - started, 1))


main()
