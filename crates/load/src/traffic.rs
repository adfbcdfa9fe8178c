//! What is sent: the traffic of an application with a hundred thousand users, as its SDK would write it.

use std::io::Write as _;

use anyhow::Context as _;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::{
    http::Request,
    protobuf::Message,
    random::Random,
    span::{self, Held, Span},
};

/// Spans a request, as SDKs send them.
pub(crate) const BATCH: u64 = 512;
/// Spans a trace as a rule: a root, three generations below it, two steps.
const TRACE: u64 = 6;
/// Every so many traces have a score.
const SCORED: u64 = 4;
/// Where Assay takes spans.
const INTAKE: &str = "/api/public/otel/v1/traces";
/// Who sends.
const SERVICE: &str = "shop";
const SDK: (&str, &str) = ("langfuse-sdk", "5.11.1");
const USERS: u64 = 100_000;
const PROMPTS: u64 = 10;
const VERSIONS: u64 = 4;
/// The traffic lasts this long and ends when the run begins.
const LASTS_NS: u64 = 14 * 86_400_000_000_000;
const MILLISECOND_NS: u64 = 1_000_000;
/// Texts are cut from this much, so that making them costs nothing.
const WORDS_BYTES: usize = 1 << 20;

/// How a request's body goes over the wire: protobuf as it is or compressed, or JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Coding {
    Plain,
    Gzip,
    Json,
}

/// A stream of traffic.
#[derive(Debug)]
pub(crate) struct Traffic {
    seed: u64,
    spans: u64,
    /// Spans a trace.
    trace: u64,
    /// Sent again with other texts.
    changed: bool,
    end_ns: u64,
    words: String,
}

impl Traffic {
    /// `spans` in all, rounded up to whole requests, ending at `end_ns`.
    pub(crate) fn new(seed: u64, spans: u64, end_ns: u64) -> Self {
        let spans = spans.div_ceil(BATCH) * BATCH;
        let words = words(&mut Random::new(seed, u64::MAX));
        Self { seed, spans, trace: TRACE, changed: false, end_ns, words }
    }

    /// With traces of this many spans.
    pub(crate) fn with_traces_of(self, trace: u64) -> Self {
        Self { trace: trace.max(1), ..self }
    }

    /// The same spans with other outputs, as a sender resends what it had sent unfinished.
    pub(crate) fn changed(self) -> Self {
        Self { changed: true, ..self }
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

    /// One request of spans to Assay.
    pub(crate) fn batch(&self, number: u64, address: &str, key: &str, coding: Coding) -> anyhow::Result<Request> {
        let kind = if coding == Coding::Json { "application/json" } else { "application/x-protobuf" };
        let headers = [("authorization", key), ("content-type", kind)];
        self.batch_to(number, address, INTAKE, &headers, coding)
    }

    /// The same in protobuf, which cannot fail.
    pub(crate) fn plain(&self, number: u64, address: &str, key: &str) -> Request {
        let headers = [("authorization", key), ("content-type", "application/x-protobuf")];
        Request::new("POST", address, INTAKE, &headers, protobuf(self.spans_of(number)))
    }

    /// The same request to anyone who takes OTLP.
    pub(crate) fn batch_to(
        &self,
        number: u64,
        address: &str,
        path: &str,
        headers: &[(&str, &str)],
        coding: Coding,
    ) -> anyhow::Result<Request> {
        let mut headers = headers.to_vec();
        let spans = self.spans_of(number);
        let body = match coding {
            Coding::Plain => protobuf(spans),
            Coding::Gzip => {
                headers.push(("content-encoding", "gzip"));
                let mut packed = GzEncoder::new(Vec::new(), Compression::default());
                packed.write_all(&protobuf(spans)).context("cannot compress a request")?;
                packed.finish().context("cannot compress a request")?
            }
            Coding::Json => json(spans).to_string().into_bytes(),
        };
        Ok(Request::new("POST", address, path, &headers, body))
    }

    /// The scores of the traces that end in these batches, as bodies of `POST /api/public/ingestion`.
    pub(crate) fn scores(&self, batches: std::ops::Range<u64>) -> Vec<Value> {
        let traces = batches.start * BATCH / self.trace..batches.end * BATCH / self.trace;
        let scored: Vec<Value> = traces
            .filter(|trace| trace.is_multiple_of(SCORED))
            .map(|trace| {
                let mut random = Random::new(self.seed ^ 2, trace);
                json!({"id": format!("event-{trace}"), "type": "score-create", "body": {
                    "id": format!("score-{trace}"), "traceId": self.trace_name(trace), "name": "helpful",
                    "value": (random.below(101) as f64) / 100.0, "dataType": "NUMERIC",
                }})
            })
            .collect();
        scored.chunks(500).map(|chunk| json!({ "batch": chunk })).collect()
    }

    fn start_ns(&self, trace: u64) -> u64 {
        let traces = self.spans.div_ceil(self.trace).max(1);
        let passed = u128::from(LASTS_NS) * u128::from(trace) / u128::from(traces);
        // A minute before the end: no span begins in the future.
        self.end_ns.saturating_sub(LASTS_NS + 60_000 * MILLISECOND_NS) + u64::try_from(passed).unwrap_or(LASTS_NS)
    }

    /// A trace's id as the API writes it.
    pub(crate) fn trace_name(&self, trace: u64) -> String {
        format!("{:032x}", u128::from_be_bytes(self.trace_id(trace)))
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

    fn spans_of(&self, batch: u64) -> impl Iterator<Item = Span<'_>> {
        (batch * BATCH..(batch + 1) * BATCH).map(|span| self.span(span))
    }

    fn span(&self, number: u64) -> Span<'_> {
        let (trace, within) = (number / self.trace, number % self.trace);
        let generation = within % 2 == 1;
        let mut of_trace = Random::new(self.seed ^ 5, trace);
        let mut random = Random::new(self.seed ^ 6, number);
        let user = of_trace.below(USERS);
        let session = of_trace.below(USERS * 2);
        let environment = if of_trace.one_in(10) { "staging" } else { "production" };
        let failed = random.one_in(50);
        let start_ns = self.start_ns(trace) + within * 300 * MILLISECOND_NS;
        let took = 200 * MILLISECOND_NS + random.below(3_000) * MILLISECOND_NS;
        let question = self.text(&mut random, 1_000);
        let mut answer = self.text(&mut random, 700);
        if self.changed {
            answer = self.text(&mut Random::new(self.seed ^ 7, number), 700);
        }
        let messages = format!(
            "[{{\"role\":\"system\",\"content\":\"Answer.\"}},{{\"role\":\"user\",\"content\":\"{question}\"}}]"
        );
        let mut attributes: Vec<(&'static str, Held<'_>)> = vec![
            ("langfuse.environment", environment.into()),
            ("user.id", format!("user-{user}").into()),
            ("session.id", format!("session-{session}").into()),
            ("langfuse.observation.input", messages.into()),
            ("langfuse.observation.output", answer.into()),
        ];
        if generation {
            let (input, output) = (100 + random.below(2_000), 20 + random.below(600));
            let prompt = random.below(PROMPTS);
            let version = 1 + random.below(VERSIONS);
            let model = if random.one_in(3) { "gpt-4o" } else { "gpt-4o-mini" };
            let usage = format!("{{\"input\":{input},\"output\":{output},\"total\":{}}}", input + output);
            let cost = format!("{{\"total\":{:.6}}}", (input + 4 * output) as f64 * 1.5e-7);
            attributes.extend([
                ("langfuse.observation.type", "generation".into()),
                ("langfuse.observation.model.name", model.into()),
                ("langfuse.observation.usage_details", usage.into()),
                ("langfuse.observation.cost_details", cost.into()),
                ("langfuse.observation.prompt.name", Self::prompt(prompt).into()),
                ("langfuse.observation.prompt.version", Held::Whole(version)),
            ]);
        }
        Span {
            trace_id: self.trace_id(trace),
            id: self.span_id(number),
            parent_id: (within > 0).then(|| self.span_id(trace * self.trace)),
            name: if generation { "answer" } else { "step" },
            start_ns,
            end_ns: start_ns + took,
            attributes,
            error: failed.then_some("the provider did not answer"),
        }
    }

    /// Some of the words.
    fn text(&self, random: &mut Random, bytes: usize) -> &str {
        let from = random.below((self.words.len() - bytes.min(self.words.len())) as u64) as usize;
        // All of it is ASCII.
        self.words.get(from..from + bytes).unwrap_or_default()
    }
}

/// A request as protobuf.
fn protobuf<'a>(spans: impl Iterator<Item = Span<'a>>) -> Vec<u8> {
    let mut all = Message::default();
    all.message(1, |resource| {
        resource.message(1, |attributes| span::attribute(attributes, 1, "service.name", &SERVICE.into()));
        resource.message(2, |scope| {
            scope.message(1, |name| {
                name.bytes(1, SDK.0.as_bytes()).bytes(2, SDK.1.as_bytes());
            });
            for span in spans {
                scope.message(2, |message| span.write(message));
            }
        });
    });
    all.into_bytes()
}

/// The same as JSON.
fn json<'a>(spans: impl Iterator<Item = Span<'a>>) -> Value {
    let spans: Vec<Value> = spans.map(|span| span.to_json()).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": [span::pair("service.name", &SERVICE.into())]},
        "scopeSpans": [{"scope": {"name": SDK.0, "version": SDK.1}, "spans": spans}],
    }]})
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
    fn what_is_sent_again_has_its_ids_and_times_and_another_output() {
        let traffic = || Traffic::new(1, 5_000, 1_800_000_000_000_000_000).with_traces_of(100);
        let (first, again) = (traffic().span(42).to_json(), traffic().changed().span(42).to_json());
        for same in ["traceId", "spanId", "parentSpanId", "startTimeUnixNano", "endTimeUnixNano"] {
            assert_eq!(first[same], again[same]);
        }
        assert_ne!(first["attributes"][4], again["attributes"][4]);
        assert_eq!(first["traceId"].as_str(), Some(traffic().trace_name(0).as_str()));
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
        traffic.span(1).write(&mut message);
        let size = message.into_bytes().len();
        assert!((2_000..2_600).contains(&size), "{size}");
    }
}
