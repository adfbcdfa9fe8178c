"""One assignment at every door: 10,000 ids, also non-ASCII, get the same arm from the server and from GrowthBook's Python client, and a
part of them through OpenFeature's OFREP provider and resolve; for every shape of a split, and again after a ramp's step. The
JavaScript clients are asked by flags.mjs, and the reference program of OFREP runs against one of the flags.

Env: LANGFUSE_BASE_URL, LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY; ASSAY_EMAIL, ASSAY_PASSWORD and ASSAY_PROJECT to make a client key;
UNITS (default 10000). Prints one JSON line a step.
"""

import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

from common import BASE, BASIC, equal, finish, step
from growthbook import GrowthBook
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

HOST = urllib.parse.urlsplit(BASE)
SECRET = os.environ["LANGFUSE_SECRET_KEY"]
COUNT = int(os.environ.get("UNITS", "10000"))
RUN = os.urandom(4).hex()
PLANS = ["free", "pro", "team"]


def unit(n):
    return [f"user-{n}", f"Jürgen {n}", f"用户{n}", f"🦀{n}"][n % 4]


def attributes(n):
    return {"id": unit(n), "plan": PLANS[n % 3]}


class Session:
    """One connection kept open: thousands of requests follow one another."""

    def __init__(self, headers):
        self.headers, self.connection = headers, http.client.HTTPConnection(HOST.hostname, HOST.port, timeout=60)

    def ask(self, method, path, body=None, status=200):
        sent = None if body is None else json.dumps(body)
        self.connection.request(method, path, sent, {"Content-Type": "application/json", **self.headers})
        answer = self.connection.getresponse()
        text = answer.read().decode()
        equal(answer.status, status, f"{method} {path}: {text[:400]}")
        return json.loads(text) if text else None


server = Session({"Authorization": BASIC})


def signed_in():
    origin = f"http://{HOST.netloc}"
    connection = http.client.HTTPConnection(HOST.hostname, HOST.port, timeout=60)
    connection.request("GET", "/signin")
    action = re.search(r'<form[^>]*action="([^"]*sign_in[^"]*)"', connection.getresponse().read().decode()).group(1)
    form = urllib.parse.urlencode({"email": os.environ["ASSAY_EMAIL"], "password": os.environ["ASSAY_PASSWORD"]})
    connection.request("POST", action, form, {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin})
    answer = connection.getresponse()
    answer.read()
    cookie = answer.getheader("Set-Cookie").split(";")[0]
    return Session({"Cookie": cookie, "Origin": origin, "X-Assay-Project": os.environ["ASSAY_PROJECT"]})


HALVES = [("control", 1, 5000), ("warm", 2, 5000)]
THIRDS = [("control", 1, 3334), ("warm", 2, 3333), ("short", 3, 3333)]
SPLITS = {
    "halves": {"arms": HALVES},
    "thirds": {"arms": THIRDS, "coverage": 0.8},
    "first": {"arms": HALVES, "exclusion": {"group": f"copy-{RUN}", "ranges": [{"start": 0, "end": 4000}]}},
    "second": {"arms": HALVES, "exclusion": {"group": f"copy-{RUN}", "ranges": [{"start": 4000, "end": 10000}]}},
    "held": {"arms": HALVES, "holdout": {"share": 0.1}},
    "aimed": {"arms": HALVES, "targeting": {"in": {"attribute": "plan", "values": ["pro", "team"]}}},
    "ramped": {"arms": HALVES, "coverage": 0.2},
}
flags = {}


def design(split):
    arms = [{"key": key, "version": version, "weight": weight} for key, version, weight in split["arms"]]
    goal = {"key": "thumbs", "source": "score:thumbs", "aggregation": "ratio", "direction": "higher"}
    rest = {field: value for field, value in split.items() if field != "arms"}
    return {"arms": arms, "metrics": [{"metric": goal, "role": "goal"}], **rest}


def launch():
    for name, split in SPLITS.items():
        prompt, key = f"flags-{RUN}/{name}", f"{name}-{RUN}"
        for version in (1, 2, 3):
            body = {"name": prompt, "prompt": f"Say it {version} times", "labels": ["production"] if version == 1 else []}
            server.ask("POST", "/api/public/v2/prompts", body, 201)
        draft = {"key": key, "prompt": prompt, "design": design(split)}
        flags[name] = server.ask("POST", "/api/v1/experiments", draft, 201)["flag_key"]
        server.ask("POST", f"/api/v1/experiments/{key}/launch", {})


def from_server(n):
    """The version every flag gives a unit, by one bulk evaluation."""
    context = {"targetingKey": unit(n), "plan": PLANS[n % 3]}
    answer = server.ask("POST", "/ofrep/v1/evaluate/flags", {"context": context})
    found = {flag["key"]: flag["value"] for flag in answer["flags"]}
    return [found[flags[name]] for name in SPLITS]


client_key = None


def features():
    return server.ask("GET", f"/api/features/{client_key}")["features"]


def from_growthbook(loaded, n):
    client = GrowthBook(attributes=attributes(n), features=loaded)
    found = [client.get_feature_value(flags[name], "none") for name in SPLITS]
    client.destroy()
    return found


def same_everywhere():
    loaded, arms = features(), [from_server(n) for n in range(COUNT)]
    for n in range(COUNT):
        equal(from_growthbook(loaded, n), arms[n], f"GrowthBook for {unit(n)}")
    api.set_provider(OFREPProvider(BASE, headers_factory=lambda: {"Authorization": f"Bearer {SECRET}"}))
    client = api.get_client()
    for n in range(0, COUNT, max(1, COUNT // 200)):
        context = EvaluationContext(unit(n), {"plan": PLANS[n % 3]})
        found = [client.get_string_value(flags[name], "none", context) for name in SPLITS]
        equal(found, arms[n], f"OpenFeature for {unit(n)}")
        for place, name in enumerate(SPLITS):
            asked = {"prompt": f"flags-{RUN}/{name}", "unit": unit(n), "attributes": attributes(n)}
            equal(str(server.ask("POST", "/api/v1/resolve", asked)["version"]), arms[n][place], f"resolve for {unit(n)}")
    return arms


def shares(arms):
    """What the shapes promise, to four standard errors."""
    def share(name, version, among=lambda n: True):
        place = list(SPLITS).index(name)
        units = [n for n in range(COUNT) if among(n)]
        return sum(arms[n][place] == version for n in units) / len(units)

    wanted = [
        ("halves", "2", 0.5), ("thirds", "2", 0.8 / 3), ("thirds", "3", 0.8 / 3), ("first", "2", 0.2), ("second", "2", 0.3),
        ("held", "2", 0.45),
    ]
    for name, version, expected in wanted:
        near = 4 * (expected * (1 - expected) / COUNT) ** 0.5
        equal(abs(share(name, version) - expected) < near, True, f"{name} {version}: {share(name, version)}")
    equal(share("aimed", "2", lambda n: n % 3 == 0), 0.0, "free plans are not aimed at")
    both = sum(arm[list(SPLITS).index("first")] == "2" and arm[list(SPLITS).index("second")] == "2" for arm in arms)
    equal(both, 0, "nobody is in two experiments of a group")


def run_beside(interpreter, file, told=None, environment=None):
    file = pathlib.Path(__file__).parent / file
    done = subprocess.run([interpreter, str(file)], input=told, cwd=file.parent, env={**os.environ, **(environment or {})},
                          capture_output=True, text=True, timeout=120)
    equal(done.returncode, 0, (done.stdout + done.stderr)[-600:])


def run():
    global client_key
    step("launch", launch)
    origins = ["https://app.example.com"]
    made = signed_in().ask("POST", "/api/v1/keys", {"kind": "client", "name": RUN, "scopes": ["resolve"], "origins": origins}, 201)
    client_key = made["public_key"]
    found = {}

    def first():
        found["before"] = same_everywhere()
        shares(found["before"])

    def second():
        # What a ramp does: more take part, nobody changes the arm.
        key = f"ramped-{RUN}"
        revision = server.ask("GET", f"/api/v1/experiments/{key}")["revision"]
        change = {"revision": revision, "design": design({**SPLITS["ramped"], "coverage": 0.6})}
        server.ask("PUT", f"/api/v1/experiments/{key}", change)
        found["after"] = same_everywhere()
        place = list(SPLITS).index("ramped")
        moved = [n for n in range(COUNT) if found["before"][n][place] == "2" and found["after"][n][place] != "2"]
        equal(moved, [], "units that lost their arm when more took part")
        more = [sum(arm[place] == "2" for arm in found[when]) / COUNT for when in ("before", "after")]
        equal([round(share, 1) for share in more], [0.1, 0.3], "share of the second arm before and after")

    step("same_arm_at_every_door", first)
    step("same_arm_after_a_ramp_step", second)

    def javascript():
        told = {"base": BASE, "secret": SECRET, "key": client_key, "flags": [flags[name] for name in SPLITS], "plans": PLANS,
                "units": [unit(n) for n in range(COUNT)], "arms": found["after"]}
        run_beside("node", "flags.mjs", told=json.dumps(told))

    def reference():
        environment = {"OFREP_BASE_URL": BASE, "OFREP_TOKEN": SECRET, "FLAG": flags["halves"]}
        run_beside(sys.executable, "../sdk-clients/python/ofrep.py", environment=environment)

    step("same_arm_in_javascript", javascript)
    step("reference_program_of_ofrep", reference)

    def stop():
        for name in SPLITS:
            server.ask("POST", f"/api/v1/experiments/{name}-{RUN}/stop", {})
        equal({from_server(n)[0] for n in range(20)}, {"1"}, "everybody is back at the control")

    step("stop", stop)
    finish()


run()
