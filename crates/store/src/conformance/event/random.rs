//! Random events: few ids, so that they meet; everything that may happen to them, often.

use domain::{
    ids::ProjectId,
    money::NanoUsd,
    score::{Score, ScoreTarget, ScoreValue},
    time::{HOUR_NS, TimeNs, TimeUs},
    trace::{Level, Span, SpanKind, TokenBuckets},
};
use serde_json::json;

use super::build::{Build, RECEIVED, Random, START_NS};
use crate::event::EventBatch;

const TRACES: u64 = 5;
const SPANS: u64 = 8;
const PROMPTS: [&str; 2] = ["greet", "answer/short"];
const MODELS: [&str; 2] = ["gpt-4o", "small"];
const ENVIRONMENTS: [&str; 2] = ["default", "staging"];

/// A random content of one of few spans: any two contents of one span may differ in everything.
pub fn span(random: &mut Random) -> Span {
    let (trace, id) = (random.below(TRACES), random.below(SPANS));
    let mut span = Build::generation(trace, id);
    span.kind = *random.pick(&[SpanKind::Generation, SpanKind::Generation, SpanKind::Span, SpanKind::Agent]);
    // Now and then itself, its own descendant, or nobody.
    span.parent_id = (!random.one_in(4)).then(|| Build::span_id(random.below(SPANS + 1)));
    span.start_ns = TimeNs(START_NS + (random.below(3 * HOUR_NS as u64) as i64) / 1_000_000_000 * 1_000_000_000);
    span.end_ns = TimeNs(span.start_ns.0 + random.below(5_000_000_000) as i64);
    if random.one_in(3) {
        span.prompt = Some(Build::link(PROMPTS[random.below(2) as usize], 1 + random.below(2) as u32));
    }
    span.model = (!random.one_in(4)).then(|| (*random.pick(&MODELS)).to_owned());
    (*random.pick(&ENVIRONMENTS)).clone_into(&mut span.environment);
    span.level = *random.pick(&[Level::Default, Level::Default, Level::Error, Level::Warning]);
    span.output = (!random.one_in(3)).then(|| json!("word ".repeat(random.below(40) as usize)));
    span.completion_start_ns = random.one_in(2).then(|| TimeNs(span.start_ns.0 + random.below(900) as i64));
    span.cost.total = random.one_in(2).then(|| NanoUsd(random.below(9_000_000) as i64));
    span.cost.input = span.cost.total.map(|cost| NanoUsd(cost.0 / 3));
    span.cost.output = span.cost.total.map(|cost| NanoUsd(cost.0 - cost.0 / 3));
    span.usage.buckets = random.one_in(2).then(|| TokenBuckets {
        input: random.below(5000),
        cache_read: random.below(10),
        output: random.below(900),
        reasoning: random.below(50),
        ..TokenBuckets::default()
    });
    span.app_root = random.one_in(8);
    let word = |random: &mut Random, what: &str| random.one_in(3).then(|| format!("{what} {}", random.below(3)));
    span.trace.name = word(random, "trace");
    span.trace.user_id = word(random, "user");
    span.trace.session_id = word(random, "session");
    span.release = word(random, "release");
    span.version = word(random, "version");
    span.trace.public = random.one_in(5).then(|| random.one_in(2));
    // Two plans, so that traces and their spans disagree now and then.
    if random.one_in(3) {
        span.metadata.insert("plan".to_owned(), json!(format!("plan {}", random.below(2))));
    }
    if random.one_in(3) {
        span.trace.metadata.insert("plan".to_owned(), json!(random.below(2)));
    }
    span.trace.tags = (0..random.below(3)).map(|_| format!("tag {}", random.below(5))).collect();
    span
}

/// A random content of one of few scores.
pub fn score(random: &mut Random) -> Score {
    let trace = Build::trace(random.below(TRACES + 1));
    let target = match random.below(3) {
        0 => ScoreTarget::Observation { trace, span: Build::span_id(random.below(SPANS + 1)) },
        1 => ScoreTarget::Trace { trace },
        _ => ScoreTarget::Session { session: format!("session {}", random.below(4)) },
    };
    let value = match random.below(4) {
        0 => ScoreValue::Boolean(random.one_in(2)),
        1 => ScoreValue::Categorical((*random.pick(&["good", "bad"])).to_owned()),
        _ => ScoreValue::Numeric(random.below(1000) as f64 / 7.0 - 60.0),
    };
    let name = *random.pick(&["correct", "tone"]);
    let mut score = Build::score(&format!("score {}", random.below(12)), target, name, value);
    score.at_us = TimeUs(RECEIVED.0 + random.below(4) as i64);
    score.comment = random.one_in(2).then(|| "because".to_owned());
    score
}

/// Batches of random events of two projects.
pub fn batches(random: &mut Random, count: u64) -> Vec<EventBatch> {
    (0..count)
        .map(|_| {
            let project = Build::project(1 + random.below(2));
            let spans = (0..random.below(6)).map(|_| span(random)).collect();
            let scores = (0..random.below(3)).map(|_| score(random)).collect();
            Build::batch(project, spans, scores)
        })
        .collect()
}

/// The same events in other batches and another order, some of them twice.
pub fn shuffled(random: &mut Random, batches: &[EventBatch]) -> Vec<EventBatch> {
    let mut single: Vec<EventBatch> = Vec::new();
    for batch in batches {
        let empty = EventBatch { spans: Vec::new(), scores: Vec::new(), ..batch.clone() };
        for span in &batch.spans {
            single.push(EventBatch { spans: vec![span.clone()], ..empty.clone() });
        }
        for score in &batch.scores {
            single.push(EventBatch { scores: vec![score.clone()], ..empty.clone() });
        }
    }
    let again: Vec<EventBatch> = single.iter().filter(|_| random.one_in(4)).cloned().collect();
    single.extend(again);
    random.shuffle(&mut single);
    let mut merged: Vec<EventBatch> = Vec::new();
    for one in single {
        match merged.last_mut().filter(|last| last.project == one.project && !random.one_in(4)) {
            Some(last) => {
                last.spans.extend(one.spans);
                last.scores.extend(one.scores);
            }
            None => merged.push(one),
        }
    }
    merged
}

/// Both projects random events have.
pub fn projects() -> [ProjectId; 2] {
    [Build::project(1), Build::project(2)]
}
