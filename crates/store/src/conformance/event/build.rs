//! Builders of events, and random sets of them from a seed.

use std::collections::BTreeMap;

use domain::{
    ids::{ProjectId, ScoreId, SpanId, TraceId},
    money::NanoUsd,
    price::{Charge, CostOrigin, NoPrice},
    score::{Score, ScoreName, ScoreSource, ScoreTarget, ScoreValue},
    segment::SegmentAttribute,
    time::{HOUR_NS, TimeNs, TimeUs},
    trace::{Cost, Level, PromptLink, Span, SpanKind, TokenBuckets, TraceFields, Usage},
};
use serde_json::{Map, Value, json};

use crate::event::{Derived, EventBatch, ScoreWrite, SketchKeys, SpanPayload, SpanWrite, UnitGroups, segment_of};

/// Numbers that look random and are the same for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }

    /// True once in `times`.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of some things.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }

    /// Another order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, usize::try_from(self.below(at as u64 + 1)).unwrap_or(0));
        }
    }
}

/// Where made-up events begin: an hour's start in 2026.
pub const START_NS: i64 = 490_000 * HOUR_NS;
/// When made-up batches are received.
pub const RECEIVED: TimeUs = TimeUs(490_000 * 3_600_000_000 + 1);

/// Makes events.
#[derive(Clone, Copy, Debug)]
pub struct Build;

impl Build {
    /// A project's id.
    pub fn project(number: u64) -> ProjectId {
        format!("00000000-0000-7000-8000-{number:012x}").parse().expect("a UUID")
    }

    /// A trace's id; the number is mixed, so that ids come in no order.
    pub fn trace(number: u64) -> TraceId {
        let mut random = Random(number);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&random.bits().to_be_bytes());
        bytes[8..].copy_from_slice(&(number + 1).to_be_bytes());
        TraceId::from_bytes(bytes).expect("not zero")
    }

    /// A span's id.
    pub fn span_id(number: u64) -> SpanId {
        SpanId::from_bytes(Random(number).bits().max(1).to_be_bytes()).expect("not zero")
    }

    /// A plain generation of one second.
    pub fn generation(trace: u64, span: u64) -> Span {
        Span {
            trace_id: Self::trace(trace),
            span_id: Self::span_id(span),
            parent_id: None,
            name: format!("generation {span}"),
            kind: SpanKind::Generation,
            start_ns: TimeNs(START_NS + 1000),
            end_ns: TimeNs(START_NS + 1000 + 1_000_000_000),
            level: Level::Default,
            status_message: None,
            model: Some("gpt-4o".to_owned()),
            provider: None,
            model_parameters: Map::new(),
            usage: Usage {
                reported: BTreeMap::from([("input".to_owned(), 100), ("output".to_owned(), 20)]),
                buckets: Some(TokenBuckets { input: 100, output: 20, ..TokenBuckets::default() }),
            },
            cost: Cost { total: Some(NanoUsd(1_500_000)), ..Cost::default() },
            completion_start_ns: None,
            prompt: None,
            environment: "default".to_owned(),
            release: None,
            version: None,
            input: Some(json!({"question": "why"})),
            output: Some(json!("because")),
            metadata: Map::new(),
            trace: TraceFields::default(),
            app_root: false,
            scope: "test 1".to_owned(),
        }
    }

    /// A plain span of another kind.
    pub fn span(trace: u64, span: u64) -> Span {
        Span {
            kind: SpanKind::Span,
            model: None,
            usage: Usage::default(),
            cost: Cost::default(),
            ..Self::generation(trace, span)
        }
    }

    /// A link.
    pub fn link(name: &str, version: u32) -> PromptLink {
        PromptLink { name: name.to_owned(), version }
    }

    /// What a made-up span's cost rests on: given where there is one; else unknown, for generations with tokens.
    fn charge(span: &Span) -> Charge {
        let unknown = span.kind.is_generation() && span.usage.buckets.is_some();
        let origin = match span.cost.total {
            Some(_) => CostOrigin::Given,
            None if unknown => CostOrigin::Unpriced(NoPrice::UnknownModel),
            None => CostOrigin::None,
        };
        Charge { provider: span.provider.clone(), origin, ..Charge::default() }
    }

    /// A span as it is written, with keys made by a coarse stand-in for the sketch: what a key means is not the store's to know.
    pub fn write(span: Span) -> SpanWrite {
        let key = |value: i64| Some(i16::try_from(64 - value.unsigned_abs().leading_zeros()).unwrap_or(0));
        let tokens = span.usage.buckets;
        let keys = SketchKeys {
            latency: key(span.latency_ns()),
            time_to_first_token: span.time_to_first_token_ns().and_then(key),
            cost: span.cost.total.and_then(|cost| key(cost.0)),
            input_tokens: tokens.and_then(|tokens| key(tokens.all_input() as i64)),
            output_tokens: tokens.and_then(|tokens| key(tokens.all_output() as i64)),
            input_cost: span.cost.input.and_then(|cost| key(cost.0)),
            output_cost: span.cost.output.and_then(|cost| key(cost.0)),
            total_tokens: tokens.and_then(|tokens| key(tokens.total() as i64)),
        };
        let group = |text: &str| text.bytes().fold(7_u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte));
        let groups = UnitGroups {
            user: span.trace.user_id.as_deref().map(group),
            session: span.trace.session_id.as_deref().map(group),
            trace: group(&span.trace_id.to_string()),
        };
        let charge = Self::charge(&span);
        SpanWrite::new(span, Derived { keys, groups, segment: None, charge }).expect("a payload is JSON")
    }

    /// A score.
    pub fn score(id: &str, target: ScoreTarget, name: &str, value: ScoreValue) -> Score {
        Score {
            id: id.parse::<ScoreId>().expect("an id"),
            target,
            name: ScoreName::try_from(name.to_owned()).expect("a name"),
            value,
            comment: None,
            metadata: Value::Null,
            source: ScoreSource::Api,
            environment: "default".to_owned(),
            config_id: None,
            at_us: TimeUs(RECEIVED.0),
        }
    }

    /// A score as it is written.
    pub fn write_score(score: Score) -> ScoreWrite {
        let bin = score.value.number().map(|number| (number * 10.0).round() as i32);
        ScoreWrite { score, bin }
    }

    /// The same batch as it comes from who tells spans apart by an attribute.
    pub fn segmented(batch: &EventBatch, attribute: &SegmentAttribute) -> EventBatch {
        let mut batch = EventBatch { segmented_by: Some(attribute.clone()), ..batch.clone() };
        for span in &mut batch.spans {
            let payload: SpanPayload = serde_json::from_slice(&span.payload).expect("JSON");
            span.row.derived.segment = segment_of(attribute, &span.row, &payload);
        }
        batch
    }

    /// A batch.
    pub fn batch(project: ProjectId, spans: Vec<Span>, scores: Vec<Score>) -> EventBatch {
        EventBatch {
            spans: spans.into_iter().map(Self::write).collect(),
            scores: scores.into_iter().map(Self::write_score).collect(),
            ..EventBatch::empty(project, RECEIVED)
        }
    }
}
