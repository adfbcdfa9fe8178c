//! `kill -9` at random moments under load, through HTTP: what was acknowledged is there, once, and the totals agree with it.
//!
//! Four senders go on sending traces in an awkward order: the score first, then the generation, then its parent, which alone
//! carries the prompt link, then (every third time) a changed generation, then an exposure. After every kill the model has a
//! new price and everything stored is priced again. Three kills in the quick tier, twenty with `ASSAY_SLOW=1`.

use std::{
    collections::HashMap,
    process::Command,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::Client;
use serde_json::{Value, json};

use crate::process::{PUBLIC_KEY, SECRET_KEY, Server};

const SENDERS: u64 = 4;
const PROMPT: &str = "crash/prompt";
const EXPERIMENT: &str = "crash";
const MODEL: &str = "house-7b";
/// 15 tokens: a price of `n` dollars a million makes `n` times 15 millionths.
const USAGE: &str = r#"{"input":12,"output":3}"#;
const TOKENS: f64 = 15e-6;
const MILLISECOND_NS: u64 = 1_000_000;

/// What the server acknowledged of one trace.
#[expect(clippy::struct_excessive_bools, reason = "each request was acknowledged or not")]
#[derive(Clone, Copy, Debug, Default)]
struct Acknowledged {
    score: bool,
    generation: bool,
    parent: bool,
    changed: bool,
    exposure: bool,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Id {
    sender: u64,
    number: u64,
}

impl Id {
    fn trace(self) -> String {
        format!("{:016x}{:016x}", self.sender + 1, self.number + 1)
    }

    fn generation() -> &'static str {
        "00000000000000aa"
    }

    fn parent() -> &'static str {
        "00000000000000bb"
    }

    fn score(self) -> String {
        format!("score-{}-{}", self.sender, self.number)
    }

    fn unit(self) -> String {
        format!("unit-{}-{}", self.sender, self.number)
    }

    fn is_good(self) -> bool {
        !self.number.is_multiple_of(4)
    }

    fn changes(self) -> bool {
        self.number.is_multiple_of(3)
    }
}

struct Sender {
    client: Client,
    url: Arc<RwLock<String>>,
    stop: Arc<AtomicBool>,
    start_ns: u64,
}

impl Sender {
    async fn post(&self, path: &str, body: &Value) -> bool {
        let url = format!("{}{path}", self.url.read().expect("no panic while it is written"));
        let answer = self.client.post(url).basic_auth(PUBLIC_KEY, Some(SECRET_KEY)).json(body).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    fn spans(&self, id: Id, span: &str, parent: Option<&str>, millis: u64, attributes: &[(&str, Value)]) -> Value {
        let start = self.start_ns + id.number * MILLISECOND_NS;
        let attributes: Vec<Value> =
            attributes.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        json!({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "langfuse-sdk", "version": "5.0.4"}, "spans": [{
            "traceId": id.trace(), "spanId": span, "parentSpanId": parent.unwrap_or(""), "name": span,
            "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + millis * MILLISECOND_NS).to_string(),
            "attributes": attributes,
        }]}]}]})
    }

    fn generation(&self, id: Id, millis: u64) -> Value {
        let output = format!("answer after {millis} ms");
        self.spans(
            id,
            Id::generation(),
            Some(Id::parent()),
            millis,
            &[
                ("langfuse.observation.type", json!({"stringValue": "generation"})),
                ("langfuse.observation.output", json!({"stringValue": output})),
                ("langfuse.observation.model.name", json!({"stringValue": MODEL})),
                ("langfuse.observation.usage_details", json!({"stringValue": USAGE})),
            ],
        )
    }

    /// Sends trace after trace until told to stop.
    async fn run(self, sender: u64) -> HashMap<Id, Acknowledged> {
        let mut sent = HashMap::new();
        for number in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let id = Id { sender, number };
            let mut got = Acknowledged::default();
            let score = json!({"batch": [{"id": id.score(), "type": "score-create", "timestamp": "2026-11-21T00:00:00Z", "body": {
                "id": id.score(), "traceId": id.trace(), "observationId": Id::generation(), "name": "good",
                "value": u8::from(id.is_good()), "dataType": "BOOLEAN",
            }}]});
            got.score = self.post("/api/public/ingestion", &score).await;
            got.generation = self.post("/api/public/otel/v1/traces", &self.generation(id, 10)).await;
            let parent = self.spans(
                id,
                Id::parent(),
                None,
                50,
                &[
                    ("langfuse.observation.prompt.name", json!({"stringValue": PROMPT})),
                    ("langfuse.observation.prompt.version", json!({"intValue": "1"})),
                ],
            );
            got.parent = self.post("/api/public/otel/v1/traces", &parent).await;
            if id.changes() {
                got.changed = self.post("/api/public/otel/v1/traces", &self.generation(id, 20)).await;
            }
            let exposure = json!({"experiment": EXPERIMENT, "unit": id.unit(), "arm": "new"});
            got.exposure = self.post("/api/v1/exposures", &exposure).await;
            sent.insert(id, got);
        }
        sent
    }
}

/// A moment between `from` and `to` milliseconds, from the clock: the test must not depend on which.
fn random_millis(from: u64, to: u64) -> u64 {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos();
    from + u64::from(nanos / 1_000) % (to - from)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_survives_kill_9() {
    let kills = if std::env::var("ASSAY_SLOW").is_ok_and(|slow| slow == "1") { 20 } else { 3 };
    let data = tempfile::tempdir().expect("a data folder");
    let client = Client::builder().timeout(Duration::from_secs(10)).build().expect("a client");
    let mut server = Server::start(data.path(), &client).await;
    launch(&client, &server.url).await;
    let url = Arc::new(RwLock::new(server.url.clone()));
    let stop = Arc::new(AtomicBool::new(false));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let start_ns = u64::try_from(now.as_nanos()).expect("before 2554") - 3_600_000 * MILLISECOND_NS;
    let senders: Vec<_> = (0..SENDERS)
        .map(|number| {
            let sender = Sender { client: client.clone(), url: Arc::clone(&url), stop: Arc::clone(&stop), start_ns };
            tokio::spawn(sender.run(number))
        })
        .collect();

    for kill in 1..=kills {
        tokio::time::sleep(Duration::from_millis(random_millis(200, 1_200))).await;
        server.kill();
        server = Server::start(data.path(), &client).await;
        url.write().expect("no panic while it is read").clone_from(&server.url);
        price_anew(&client, &server.url, kill).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    let mut sent = HashMap::new();
    for sender in senders {
        sent.extend(sender.await.expect("a sender does not panic"));
    }
    let acknowledged = sent.values().filter(|got| got.generation).count();
    assert!(acknowledged > 20, "too little was sent to mean anything: {acknowledged}");

    all_priced(&client, &server.url).await;
    let mut linked = 0_u64;
    let (mut scored, mut good) = (0_u64, 0_u64);
    for (id, got) in &sent {
        let Some(trace) = read(&client, &server.url, &format!("/api/public/traces/{}", id.trace())).await else {
            assert!(!got.generation && !got.parent, "an acknowledged trace is gone: {id:?} {got:?}");
            continue;
        };
        for generation in trace["observations"].as_array().into_iter().flatten().filter(|own| own["model"] == MODEL) {
            let cost = generation["calculatedTotalCost"].as_f64().expect("a cost");
            assert!((cost - f64::from(kills) * TOKENS).abs() < 1e-12, "not priced as it should be: {generation}");
        }
        let of = |span: &str| -> Vec<&Value> {
            trace["observations"].as_array().into_iter().flatten().filter(|own| own["id"] == span).collect()
        };
        let (generations, parents) = (of(Id::generation()), of(Id::parent()));
        assert!(generations.len() <= 1 && parents.len() <= 1, "a span is there twice: {id:?}");
        assert!(!got.generation || generations.len() == 1, "an acknowledged generation is gone: {id:?}");
        assert!(!got.parent || parents.len() == 1, "an acknowledged parent is gone: {id:?}");
        let scores: Vec<&Value> = trace["scores"].as_array().into_iter().flatten().collect();
        assert!(scores.len() <= 1, "a score is there twice: {id:?}");
        assert!(!got.score || scores.len() == 1, "an acknowledged score is gone: {id:?}");
        if got.changed {
            assert_eq!(generations[0]["output"], "answer after 20 ms", "an acknowledged change is gone: {id:?}");
        }
        if got.exposure {
            let path = format!("/api/v1/experiments/{EXPERIMENT}/explain?unit={}", id.unit());
            let explained = read(&client, &server.url, &path).await.expect("the experiment is there");
            let met = explained["exposures"].as_array().map_or(0, Vec::len);
            assert_eq!(met, 1, "an acknowledged exposure is gone, or there twice: {id:?}");
        }
        if generations.len() == 1 && parents.len() == 1 {
            linked += 1;
            assert_eq!(generations[0]["promptName"], PROMPT, "the late parent's link is not inherited: {id:?}");
            scored += scores.len() as u64;
            good += if id.is_good() { scores.len() as u64 } else { 0 };
        }
    }

    let question = json!({
        "measures": ["count", "score:good.count", "score:good.sum"],
        "filters": [{"dimension": "prompt", "values": [PROMPT]}, {"dimension": "version", "values": ["1"]}],
        "range": "24h",
    });
    let mut totals = Value::Null;
    for _ in 0..200 {
        totals = ask(&client, &server.url, &question).await;
        if totals["lag_ms"] == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let value = |place: usize| totals["rows"][0]["values"][place]["value"].as_f64();
    let counted = [value(0), value(1), value(2)];
    assert_eq!(counted, [Some(linked as f64), Some(scored as f64), Some(good as f64)], "totals differ from the events");
    assert!(server.stop());
    let doctor = Command::new(env!("CARGO_BIN_EXE_assay")).args(["doctor", "--data"]).arg(data.path()).output();
    let doctor = doctor.expect("the binary starts");
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
    println!("{kills} kills, {} traces, {acknowledged} generations acknowledged, {linked} linked", sent.len());
}

/// An experiment that runs throughout.
async fn launch(client: &Client, url: &str) {
    let prompt = |text: &str, labels: Value| json!({"name": "crash/split", "prompt": text, "labels": labels});
    let design = json!({
        "arms": [{"key": "old", "version": 1, "weight": 5000}, {"key": "new", "version": 2, "weight": 5000}],
        "metrics": [{
            "metric": {"key": "errors", "source": "errors", "aggregation": "count", "direction": "lower"}, "role": "goal"
        }],
    });
    put(client, url, "/api/v1/prompts", &prompt("One", json!(["production"]))).await;
    put(client, url, "/api/v1/prompts", &prompt("Two", json!([]))).await;
    let experiment = json!({"key": EXPERIMENT, "prompt": "crash/split", "design": design});
    put(client, url, "/api/v1/experiments", &experiment).await;
    put(client, url, &format!("/api/v1/experiments/{EXPERIMENT}/launch"), &json!({})).await;
}

/// The model costs `dollars` a million tokens, and what is stored is priced again.
async fn price_anew(client: &Client, url: &str, dollars: u32) {
    let price = json!({
        "model": MODEL, "rates": {"input": dollars, "output": dollars}, "valid_from": format!("2026-01-{dollars:02}T00:00:00Z"),
    });
    put(client, url, "/api/v1/prices", &price).await;
    put(client, url, "/api/v1/prices/reprice", &json!({})).await;
}

/// Waits until no pricing is under way; bounded by the attempts.
async fn all_priced(client: &Client, url: &str) {
    let job = put(client, url, "/api/v1/prices/reprice", &json!({})).await;
    let path = format!("/api/v1/prices/reprice/{}", job["id"].as_str().expect("an id"));
    for _ in 0..600 {
        let job = read(client, url, &path).await.expect("the job is there");
        if job["finished_at"].is_string() {
            assert_eq!(job["state"], "done", "{job}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("what is stored is not priced again");
}

/// A request that must be accepted.
async fn put(client: &Client, url: &str, path: &str, body: &Value) -> Value {
    let request = client.post(format!("{url}{path}")).basic_auth(PUBLIC_KEY, Some(SECRET_KEY)).json(body);
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let body: Value = answer.json().await.expect("JSON");
    assert!(status.is_success(), "{path}: {body}");
    body
}

async fn read(client: &Client, url: &str, path: &str) -> Option<Value> {
    let answer =
        client.get(format!("{url}{path}")).basic_auth(PUBLIC_KEY, Some(SECRET_KEY)).send().await.expect("an answer");
    if answer.status() == 404 {
        return None;
    }
    assert_eq!(answer.status(), 200, "{path}");
    Some(answer.json().await.expect("JSON"))
}

async fn ask(client: &Client, url: &str, question: &Value) -> Value {
    let request = client.post(format!("{url}/api/v1/query")).basic_auth(PUBLIC_KEY, Some(SECRET_KEY)).json(question);
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(status, 200, "{body}");
    body
}
