//! What is sent: the traffic of an application with a hundred thousand users, as its SDK would write it.

use std::io::Write as _;

use anyhow::Context as _;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::{http::Request, protobuf::Message, random::Random};

/// Spans a request, as SDKs send them.
pub(crate) const BATCH: u64 = 512;
/// Spans a trace: a root, three generations below it, two steps.
const TRACE: u64 = 6;
/// Every so many traces have a score.
const SCORED: u64 = 4;
const USERS: u64 = 100_000;
const PROMPTS: u64 = 10;
const VERSIONS: u64 = 4;
/// The traffic lasts this long and ends when the run begins.
const LASTS_NS: u64 = 14 * 86_400_000_000_000;
const MILLISECOND_NS: u64 = 1_000_000;
/// Texts are cut from this much, so that making them costs nothing.
const WORDS_BYTES: usize = 1 << 20;

/// How a request's body goes over the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Coding {
    Plain,
    Gzip,
}

/// A stream of traffic.
#[derive(Debug)]
pub(crate) struct Traffic {
    seed: u64,
    spans: u64,
    end_ns: u64,
    words: String,
}

impl Traffic {
    /// `spans` in all, rounded up to whole requests, ending at `end_ns`.
    pub(crate) fn new(seed: u64, spans: u64, end_ns: u64) -> Self {
        let spans = spans.div_ceil(BATCH) * BATCH;
        Self { seed, spans, end_ns, words: words(&mut Random::new(seed, u64::MAX)) }
    }

    pub(crate) fn spans(&self) -> u64 {
        self.spans
    }

    pub(crate) fn batches(&self) -> u64 {
        self.spans / BATCH
    }

    /// The name of a prompt.
    pub(crate) fn prompt(number: u64) -> String {
        format!("shop/answer-{}", number % PROMPTS)
    }

    /// Bodies of `POST /api/public/v2/prompts` that make every prompt and version, in order; the newest is in production.
    pub(crate) fn prompts(&self) -> Vec<Value> {
        let mut made = Vec::new();
        for prompt in 0..PROMPTS {
            for version in 0..VERSIONS {
                let mut random = Random::new(self.seed ^ 1, prompt * VERSIONS + version);
                made.push(json!({
                    "name": Self::prompt(prompt), "type": "chat", "labels": ["production"],
                    "config": {"model": "gpt-4o-mini", "temperature": 0.2},
                    "prompt": [
                        {"role": "system", "content": self.text(&mut random, 1_200)},
                        {"role": "user", "content": "{{question}}"},
                    ],
                }));
            }
        }
        made
    }

    /// One request of spans: OTLP as protobuf.
    pub(crate) fn batch(&self, number: u64, address: &str, key: &str, coding: Coding) -> anyhow::Result<Request> {
        let mut all = Message::default();
        all.message(1, |resource| {
            resource.message(1, |attributes| {
                text(attributes, 1, "service.name", "shop");
            });
            resource.message(2, |scope| {
                scope.message(1, |name| {
                    name.bytes(1, b"langfuse-sdk").bytes(2, b"5.11.1");
                });
                for span in number * BATCH..(number + 1) * BATCH {
                    scope.message(2, |message| self.span(span, message));
                }
            });
        });
        let plain = all.into_bytes();
        let mut headers = vec![("authorization", key), ("content-type", "application/x-protobuf")];
        let body = match coding {
            Coding::Plain => plain,
            Coding::Gzip => {
                headers.push(("content-encoding", "gzip"));
                let mut packed = GzEncoder::new(Vec::new(), Compression::default());
                packed.write_all(&plain).context("cannot compress a request")?;
                packed.finish().context("cannot compress a request")?
            }
        };
        Ok(Request::new("POST", address, "/api/public/otel/v1/traces", &headers, body))
    }

    /// The scores of the traces that end in these batches, as bodies of `POST /api/public/ingestion`.
    pub(crate) fn scores(&self, batches: std::ops::Range<u64>) -> Vec<Value> {
        let traces = batches.start * BATCH / TRACE..batches.end * BATCH / TRACE;
        let scored: Vec<Value> = traces
            .filter(|trace| trace.is_multiple_of(SCORED))
            .map(|trace| {
                let mut random = Random::new(self.seed ^ 2, trace);
                json!({"id": format!("event-{trace}"), "type": "score-create", "body": {
                    "id": format!("score-{trace}"), "traceId": format!("{:032x}", u128::from_be_bytes(self.trace_id(trace))), "name": "helpful",
                    "value": (random.below(101) as f64) / 100.0, "dataType": "NUMERIC",
                }})
            })
            .collect();
        scored.chunks(500).map(|chunk| json!({ "batch": chunk })).collect()
    }

    fn start_ns(&self, trace: u64) -> u64 {
        let traces = self.spans.div_ceil(TRACE).max(1);
        let passed = u128::from(LASTS_NS) * u128::from(trace) / u128::from(traces);
        // A minute before the end: no span begins in the future.
        self.end_ns.saturating_sub(LASTS_NS + 60_000 * MILLISECOND_NS) + u64::try_from(passed).unwrap_or(LASTS_NS)
    }

    fn trace_id(&self, trace: u64) -> [u8; 16] {
        let mut random = Random::new(self.seed ^ 3, trace);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&random.bits().to_be_bytes());
        id[8..].copy_from_slice(&(random.bits() | 1).to_be_bytes());
        id
    }

    fn span_id(&self, span: u64) -> [u8; 8] {
        (Random::new(self.seed ^ 4, span).bits() | 1).to_be_bytes()
    }

    fn span(&self, number: u64, span: &mut Message) {
        let (trace, within) = (number / TRACE, number % TRACE);
        let generation = within % 2 == 1;
        let mut of_trace = Random::new(self.seed ^ 5, trace);
        let mut random = Random::new(self.seed ^ 6, number);
        let user = of_trace.below(USERS);
        let session = of_trace.below(USERS * 2);
        let environment = if of_trace.one_in(10) { "staging" } else { "production" };
        let failed = random.one_in(50);
        let start = self.start_ns(trace) + within * 300 * MILLISECOND_NS;
        let took = 200 * MILLISECOND_NS + random.below(3_000) * MILLISECOND_NS;
        span.bytes(1, &self.trace_id(trace)).bytes(2, &self.span_id(number));
        if within > 0 {
            span.bytes(4, &self.span_id(trace * TRACE));
        }
        span.bytes(5, if generation { b"answer" } else { b"step" }).integer(6, 1);
        span.fixed64(7, start).fixed64(8, start + took);
        text(span, 9, "langfuse.environment", environment);
        text(span, 9, "user.id", &format!("user-{user}"));
        text(span, 9, "session.id", &format!("session-{session}"));
        let question = self.text(&mut random, 1_000);
        let answer = self.text(&mut random, 700);
        let messages = format!(
            "[{{\"role\":\"system\",\"content\":\"Answer.\"}},{{\"role\":\"user\",\"content\":\"{question}\"}}]"
        );
        text(span, 9, "langfuse.observation.input", &messages);
        text(span, 9, "langfuse.observation.output", answer);
        if generation {
            let (input, output) = (100 + random.below(2_000), 20 + random.below(600));
            let prompt = random.below(PROMPTS);
            let version = 1 + random.below(VERSIONS);
            let model = if random.one_in(3) { "gpt-4o" } else { "gpt-4o-mini" };
            text(span, 9, "langfuse.observation.type", "generation");
            text(span, 9, "langfuse.observation.model.name", model);
            let usage = format!("{{\"input\":{input},\"output\":{output},\"total\":{}}}", input + output);
            text(span, 9, "langfuse.observation.usage_details", &usage);
            let cost = format!("{{\"total\":{:.6}}}", (input + 4 * output) as f64 * 1.5e-7);
            text(span, 9, "langfuse.observation.cost_details", &cost);
            text(span, 9, "langfuse.observation.prompt.name", &Self::prompt(prompt));
            attribute(span, 9, "langfuse.observation.prompt.version", |value| {
                value.integer(3, version);
            });
        }
        if failed {
            span.message(15, |status| {
                status.bytes(2, b"the provider did not answer").integer(3, 2);
            });
        }
    }

    /// Some of the words.
    fn text(&self, random: &mut Random, bytes: usize) -> &str {
        let from = random.below((self.words.len() - bytes.min(self.words.len())) as u64) as usize;
        // All of it is ASCII.
        self.words.get(from..from + bytes).unwrap_or_default()
    }
}

fn attribute(message: &mut Message, field: u32, key: &str, value: impl FnOnce(&mut Message)) {
    message.message(field, |attribute| {
        attribute.bytes(1, key.as_bytes()).message(2, value);
    });
}

fn text(message: &mut Message, field: u32, key: &str, value: &str) {
    attribute(message, field, key, |any| {
        any.bytes(1, value.as_bytes());
    });
}

fn words(random: &mut Random) -> String {
    const WORDS: [&str; 16] = [
        "the",
        "customer",
        "asked",
        "about",
        "delivery",
        "of",
        "an",
        "order",
        "placed",
        "yesterday",
        "answer",
        "politely",
        "invoice",
        "and",
        "please",
        "refund",
    ];
    let mut text = String::with_capacity(WORDS_BYTES + 16);
    while text.len() < WORDS_BYTES {
        let word = WORDS.get(random.below(WORDS.len() as u64) as usize);
        text.push_str(word.copied().unwrap_or_default());
        if random.one_in(5) {
            text.push(' ');
            text.push_str(&random.below(1 << 24).to_string());
        }
        text.push(' ');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_sends_the_same() {
        let send = |seed, number| {
            let traffic = Traffic::new(seed, 5_000, 1_800_000_000_000_000_000);
            format!("{:?}", traffic.batch(number, "127.0.0.1:1", "Basic x", Coding::Plain).unwrap())
        };
        assert_eq!(send(1, 3), send(1, 3));
        assert_ne!(send(1, 3), send(1, 4));
        assert_ne!(send(1, 3), send(2, 3));
    }

    #[test]
    fn nothing_begins_after_the_end_or_before_the_first_day() {
        let end = 1_800_000_000_000_000_000;
        let traffic = Traffic::new(1, 10_000, end);
        let traces = traffic.spans() / TRACE;
        assert!(traffic.start_ns(0) >= end - LASTS_NS - 60_000 * MILLISECOND_NS);
        assert!(traffic.start_ns(traces) + TRACE * 300 * MILLISECOND_NS < end);
    }

    #[test]
    fn a_span_has_about_two_kilobytes() {
        let traffic = Traffic::new(1, BATCH, 1_800_000_000_000_000_000);
        let mut message = Message::default();
        traffic.span(1, &mut message);
        let size = message.into_bytes().len();
        assert!((2_000..2_600).contains(&size), "{size}");
    }
}
