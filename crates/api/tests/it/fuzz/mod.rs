//! Spoiled input at every parser and every door: whatever comes, nothing panics, nothing is answered with a 5xx, every
//! refusal says why, and what is stored stays whole.
//!
//! A run takes some thousand inputs, the same every time. `ASSAY_FUZZ_SECONDS=3600 cargo test -p api --test it fuzz --
//! --nocapture` goes on that long for each target, with inputs of its own each time, and prints how many there were.

mod contexts;
mod files;
mod ingestion;
mod lists;
mod mutator;
mod protobuf;
mod telemetry;

use std::{
    collections::BTreeSet,
    str::FromStr,
    time::{Duration, Instant, SystemTime},
};

use api::ApiConfig;
use axum::http::{Uri, header::CONTENT_TYPE};
use domain::{
    experiment::{Aggregation, MetricSource, UnitKind},
    metric::{Measure, Subject},
    price::{ModelPattern, Rate},
    prompt::{LabelName, PromptName},
    segment::SegmentAttribute,
};
use serde_json::json;
use testkit::{Answer, TestApp};

use crate::faults;
use mutator::Mutator;

/// Bodies above this are refused before they are read; the real limit would only be slower to pass.
const MAX_BODY: usize = 256 * 1024;

/// Rounds of one target: a number of them, or as long as asked for.
struct Rounds {
    target: &'static str,
    done: u64,
    least: u64,
    until: Option<Instant>,
    seed: u64,
}

impl Rounds {
    fn new(target: &'static str, least: u64) -> Self {
        let seconds = std::env::var("ASSAY_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
        let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
        Self { target, done: 0, least, until, seed: if until.is_some() { now } else { 0 } }
    }
}

/// An answer is never the server's fault, and a refusal says why. Gives its status.
fn in_words(answer: &Answer, what: &str) -> u16 {
    let status = answer.status.as_u16();
    assert!(status < 500, "{what} is answered {status}: {}", answer.text());
    // What no route takes is answered by whoever is around this router.
    let is_refusal = status >= 400 && !matches!(status, 404 | 405);
    assert!(!is_refusal || !answer.bytes.is_empty(), "{what} is answered {status} without a word");
    status
}

impl Iterator for Rounds {
    type Item = (u64, Mutator);

    fn next(&mut self) -> Option<Self::Item> {
        let goes_on = self.until.map_or(self.done < self.least, |until| Instant::now() < until);
        if !goes_on {
            println!("{}: {} inputs", self.target, self.done);
            return None;
        }
        self.done += 1;
        let seed = self.seed.wrapping_add(self.done);
        Some((seed, Mutator::new(seed)))
    }
}

#[test]
fn templates() {
    let seeds = ["Hi {{name}}, {{ other }}!", "{{{a}}} {{}} {{a b}} {{a.b}}", "{% if x %}", "{{é}}{{日本}}", ""];
    for (seed, mut mutator) in Rounds::new("templates", 20_000) {
        let template = mutator.text(&seeds);
        let whole: String = text::template::segments(&template).iter().map(text::template::Segment::source).collect();
        assert_eq!(whole, template, "seed {seed}");
        let known: BTreeSet<&str> = text::template::variables(&template).into_iter().collect();
        let mut asked = BTreeSet::new();
        let asked_for = std::cell::RefCell::new(&mut asked);
        text::template::compile(&template, |name| {
            asked_for.borrow_mut().insert(name.to_owned());
            None
        });
        assert!(asked.iter().all(|name| known.contains(name.as_str())), "seed {seed}: {template:?}");
        let _ = text::template::warnings(&template);
    }
}

/// What can be read can be written, and is then read as the same.
fn reads_back<T: FromStr + ToString + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let written = value.to_string();
        assert_eq!(written.parse::<T>().ok().as_ref(), Some(&value), "{text:?} is written {written:?}");
    }
}

#[test]
fn words_of_queries() {
    let seeds = [
        "latency.p95",
        "score:helpful.mean",
        "cost.sum",
        "adoption",
        "count",
        "event:signup",
        "attribute:team",
        "user",
        "score:judge: v1.2",
        "quantity:tokens",
        "support/answer",
        "production",
        "gpt-4*",
        "metadata.plan",
        "tag:1:3",
        "0.000000000001",
        "2.5",
    ];
    for (_, mut mutator) in Rounds::new("words_of_queries", 30_000) {
        let text = mutator.text(&seeds);
        reads_back::<Measure>(&text);
        reads_back::<MetricSource>(&text);
        reads_back::<Aggregation>(&text);
        reads_back::<UnitKind>(&text);
        reads_back::<Subject>(&text);
        reads_back::<SegmentAttribute>(&text);
        reads_back::<Rate>(&text);
        reads_back::<ModelPattern>(&text);
        reads_back::<PromptName>(&text);
        reads_back::<LabelName>(&text);
    }
}

#[tokio::test]
async fn doors() {
    let config = ApiConfig { max_body_bytes: MAX_BODY, max_import_bytes: MAX_BODY as u64, ..ApiConfig::default() };
    let app = TestApp::start_with(config).await;
    let price = faults::furnish(&app).await;
    let furnished = app.counts(app.project.id).await.spans;
    let doors = faults::doors(&price);
    let client = app.key();
    for (seed, mut mutator) in Rounds::new("doors", 2_500) {
        let door = mutator.pick(&doors);
        let mut seeds: Vec<Vec<u8>> = door.bodies.iter().map(|(_, body)| body.clone()).collect();
        seeds.push(door.good.clone());
        let mut paths: Vec<&str> = door.paths.iter().map(|(_, path)| path.as_str()).collect();
        paths.push(&door.path);
        let path = if mutator.below(3) == 0 { mutator.text(&paths) } else { (*mutator.pick(&paths)).to_owned() };
        // A client's library, not the server, refuses what is no address.
        if !path.starts_with('/') || path.parse::<Uri>().is_err() {
            continue;
        }
        let mut request = client.request(door.method.clone(), &path);
        if !door.kind.is_empty() {
            let body = if door.kind == faults::JSON { mutator.json_bytes(&seeds) } else { mutator.bytes(&seeds) };
            request = request.header(CONTENT_TYPE, door.kind).body(faults::freshened(&body, seed));
        }
        let answer = request.send().await;
        in_words(&answer, &format!("seed {seed}: {} {path}", door.method));
        if seed % 200 == 0 {
            while app.services.import.work().await.unwrap() {}
        }
    }
    app.fold().await;
    let question = json!({"measures": ["count", "cost.sum", "latency.p95", "error_rate"], "dimensions": ["prompt", "model"],
        "range": "90d"});
    let rows = client.post("/api/v1/query", &question).await.expect(200).json()["rows"].clone();
    let spans = app.counts(app.project.id).await.spans;
    assert!(spans > furnished, "{spans} spans: spoiled batches keep their good part");
    app.events.rebuild_totals().await.unwrap();
    app.fold().await;
    assert_eq!(rows, client.post("/api/v1/query", &question).await.expect(200).json()["rows"]);
}
