//! Senders that go on sending traces, each until it is acknowledged.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::process::{PUBLIC_KEY, SECRET_KEY};

pub(crate) const SENDERS: usize = 4;
pub(crate) const PROMPT: &str = "load/prompt";
/// Longest wait for anything that has to come.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the server said so far.
#[derive(Default)]
pub(crate) struct Told {
    stop: AtomicBool,
    /// Of each sender, how many traces were acknowledged: the first ones.
    counts: [AtomicU64; SENDERS],
    /// How often it was said to come again.
    pub(crate) refused: AtomicU64,
}

impl Told {
    pub(crate) fn acknowledged(&self) -> u64 {
        self.counts().iter().sum()
    }

    pub(crate) fn counts(&self) -> [u64; SENDERS] {
        [0, 1, 2, 3].map(|sender: usize| self.counts[sender].load(Relaxed))
    }
}

/// Senders at work.
pub(crate) struct Load {
    pub(crate) told: Arc<Told>,
    senders: Vec<JoinHandle<()>>,
}

impl Load {
    /// Sends spans with a payload of so many bytes that do not compress.
    pub(crate) fn start(client: &Client, url: &str, payload: usize) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let start_ns = u64::try_from(now.as_nanos()).expect("before 2554") - 3_600_000_000_000;
        let told = Arc::new(Told::default());
        let senders = (0..SENDERS)
            .map(|number| {
                let (client, url, told) = (client.clone(), url.to_owned(), Arc::clone(&told));
                tokio::spawn(Sender { client, url, start_ns, payload, told }.run(number))
            })
            .collect();
        Self { told, senders }
    }

    /// Lets the senders end. How many traces of each were acknowledged.
    pub(crate) async fn stop(self) -> [u64; SENDERS] {
        self.told.stop.store(true, Relaxed);
        for sender in self.senders {
            sender.await.expect("a sender does not panic");
        }
        self.told.counts()
    }
}

/// Text that does not compress, the same for the same seed.
fn noise(seed: u64, length: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(b'0' + (state >> 32) as u8 % 75)
        })
        .collect()
}

struct Sender {
    client: Client,
    url: String,
    start_ns: u64,
    payload: usize,
    told: Arc<Told>,
}

pub(crate) fn trace_id(sender: usize, number: u64) -> String {
    format!("{:016x}{:016x}", sender + 1, number + 1)
}

impl Sender {
    fn body(&self, sender: usize, number: u64) -> Value {
        let start = self.start_ns + number * 1_000_000;
        json!({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "langfuse-sdk", "version": "5.0.4"}, "spans": [{
            "traceId": trace_id(sender, number), "spanId": "00000000000000aa", "name": "answer",
            "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + 1_000_000 * (number % 90)).to_string(),
            "attributes": [
                {"key": "langfuse.observation.type", "value": {"stringValue": "generation"}},
                {"key": "langfuse.observation.prompt.name", "value": {"stringValue": PROMPT}},
                {"key": "langfuse.observation.prompt.version", "value": {"intValue": "1"}},
                {"key": "user.id", "value": {"stringValue": format!("user {}", number % 7)}},
                {"key": "langfuse.observation.output", "value": {"stringValue": noise((sender as u64) << 32 | number, self.payload)}},
            ],
        }]}]}]})
    }

    /// Sends trace after trace, each until it is acknowledged. One that a server that ends did not answer may be stored.
    async fn run(self, sender: usize) {
        let url = format!("{}/api/public/otel/v1/traces", self.url);
        let mut number = 0;
        let mut body = self.body(sender, number);
        while !self.told.stop.load(Relaxed) {
            let request = self.client.post(&url).basic_auth(PUBLIC_KEY, Some(SECRET_KEY)).json(&body);
            let Ok(answer) = request.send().await else {
                tokio::time::sleep(Duration::from_millis(25)).await;
                continue;
            };
            if answer.status() == 200 {
                number += 1;
                self.told.counts[sender].store(number, Relaxed);
                body = self.body(sender, number);
                continue;
            }
            assert!(matches!(answer.status().as_u16(), 429 | 503), "{}", answer.status());
            assert!(answer.headers().contains_key("retry-after"), "it says when to come again");
            self.told.refused.fetch_add(1, Relaxed);
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

pub(crate) async fn text(client: &Client, url: &str) -> String {
    let answer = client.get(url).basic_auth(PUBLIC_KEY, Some(SECRET_KEY)).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{url}");
    answer.text().await.expect("a text")
}

/// Looks that the first traces of each sender are there, each once.
pub(crate) async fn all_there(client: &Client, url: &str, counts: &[u64; SENDERS]) {
    for (sender, count) in (0..).zip(counts) {
        for number in 0..*count {
            let trace = text(client, &format!("{url}/api/public/traces/{}", trace_id(sender, number))).await;
            let trace: Value = serde_json::from_str(&trace).expect("JSON");
            let observations = trace["observations"].as_array().map_or(0, Vec::len);
            assert_eq!(observations, 1, "an acknowledged span: {sender} {number}");
        }
    }
}
