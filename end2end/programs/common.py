"""What the programs share: a report of one JSON line a step, reading back, and a stub of the OpenAI API on loopback."""

import base64
import html
import http.server
import json
import os
import re
import sys
import threading
import time
import traceback
import urllib.parse
import urllib.request

BASE = os.environ["LANGFUSE_BASE_URL"].rstrip("/")
PAIR = f"{os.environ['LANGFUSE_PUBLIC_KEY']}:{os.environ['LANGFUSE_SECRET_KEY']}"
BASIC = "Basic " + base64.b64encode(PAIR.encode()).decode()

# What the stub always answers; programs check that exactly this is read back.
MODEL = "gpt-4o-mini-2024-07-18"
ANSWER = "Paris."
USAGE = {
    "prompt_tokens": 21,
    "completion_tokens": 9,
    "total_tokens": 30,
    "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 4, "audio_tokens": 0},
}
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]

failed = []
# A browser's part: cookies.
pages = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
signed_in = []


def step(name, run):
    """Runs one step and reports it; an exception fails it."""
    try:
        detail = run()
        print(json.dumps({"step": name, "ok": True, **(detail if isinstance(detail, dict) else {})}), flush=True)
    except Exception as error:  # noqa: BLE001 - every failure is reported
        failed.append(name)
        where = traceback.format_exc().strip().splitlines()[-3:-1]
        print(json.dumps({"step": name, "ok": False, "error": repr(error)[:600], "at": where}), flush=True)


def finish():
    print(json.dumps({"step": "done", "ok": not failed, "failed": failed}), flush=True)
    sys.exit(1 if failed else 0)


def equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, not {wanted!r}")


def get(path):
    request = urllib.request.Request(BASE + path, headers={"Authorization": BASIC})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def post(path, body, authorization=BASIC):
    request = urllib.request.Request(
        BASE + path,
        data=json.dumps(body).encode(),
        headers={"Authorization": authorization, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def trace_when(trace_id, ready):
    """The trace once `ready` says so; exporters send in the background."""
    last = None
    for _ in range(40):
        try:
            last = get(f"/api/public/traces/{trace_id}")
            if ready(last):
                return last
        except urllib.error.HTTPError as error:
            last = error.code
        time.sleep(0.25)
    raise AssertionError(f"trace {trace_id} is not complete: {json.dumps(last)[:500]}")


def generation_of(trace_id):
    """The one generation of a trace."""
    trace = trace_when(trace_id, lambda trace: any(o["type"] == "GENERATION" for o in trace["observations"]))
    found = [o for o in trace["observations"] if o["type"] == "GENERATION"]
    equal(len(found), 1, "generations")
    check_page(trace_id, found[0])
    return trace, found[0]


def check_page(trace_id, generation):
    """The trace's page says the same as the read API: model, tokens, cost, prompt version, input and output."""
    shown = page(f"/p/{os.environ['ASSAY_PROJECT']}/traces/{trace_id}?span={generation['id']}")
    usage = generation["usage"]
    wanted = [generation["model"], str(usage["input"]), str(usage["output"]), QUESTION[0]["content"], ANSWER]
    if generation.get("promptName"):
        wanted += [generation["promptName"], f"v{generation['promptVersion']}"]
    cost = generation.get("calculatedTotalCost") or generation.get("totalCost")
    if cost:
        wanted.append(f"${cost:.3g}" if cost >= 1e-4 else f"${cost:.12f}".rstrip("0")[:14])
    missing = [text for text in wanted if text not in shown]
    equal(missing, [], f"not on the page of {trace_id}")


def page(path):
    """The text of a page, as the first owner sees it without script."""
    if not signed_in:
        form = urllib.request.urlopen(BASE + "/signin", timeout=10).read().decode()
        action = re.search(r'<form action="([^"]+)" method="post"', form)[1]
        person = {"email": os.environ["ASSAY_EMAIL"], "password": os.environ["ASSAY_PASSWORD"], "next": ""}
        headers = {"Origin": BASE, "Accept": "text/html"}
        sent = urllib.request.Request(BASE + action, urllib.parse.urlencode(person).encode(), headers)
        pages.open(sent, timeout=10).read()
        signed_in.append(True)
    text = pages.open(BASE + path, timeout=10).read().decode()
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<!--.*?-->|<!>", "", text)))


def check_tokens(observation):
    """The stub's usage as our buckets: what is cached and what is reasoned lies inside the wholes."""
    usage = observation["usage"]
    equal((usage["input"], usage["output"], usage["total"]), (21, 9, 30), "tokens")


class Stub(http.server.BaseHTTPRequestHandler):
    """Chat completions, plain and streamed."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):  # noqa: N802 - the base class names it
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if sent.get("stream"):
            self.stream(sent)
        else:
            message = {"role": "assistant", "content": ANSWER}
            self.answer({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1_795_262_400, "model": MODEL,
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE,
            })

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, sent):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        base = {"id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1_795_262_400, "model": MODEL}
        deltas = [{"role": "assistant", "content": ""}, {"content": ANSWER[:3]}, {"content": ANSWER[3:]}]
        chunks = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        chunks.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if (sent.get("stream_options") or {}).get("include_usage"):
            chunks.append({**base, "choices": [], "usage": USAGE})
        for chunk in chunks:
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def log_message(self, *_):
        pass


def openai_stub():
    """Starts the stub on a free port and gives its base address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/v1"
