//! The last steps before storing: sketch keys, versions, bins.

use domain::{
    ids::ScoreId,
    score::{Score, ScoreSource},
    trace::Span,
};
use stats::sketch;
use store::event::{ScoreWrite, SketchKeys, SpanWrite};

use super::TimedScore;
use crate::ServiceError;

/// A span with the keys of its measures. Only generations are counted, so only they get keys.
pub(super) fn span(span: Span) -> Result<SpanWrite, ServiceError> {
    let keys = if span.kind.is_generation() { keys(&span) } else { SketchKeys::default() };
    SpanWrite::new(span, keys).map_err(|cause| ServiceError::Internal(Box::new(cause)))
}

fn keys(span: &Span) -> SketchKeys {
    let buckets = span.usage.buckets;
    SketchKeys {
        latency: sketch::key(span.latency_ns() as f64),
        time_to_first_token: span.time_to_first_token_ns().and_then(|ns| sketch::key(ns as f64)),
        cost: span.cost.total.and_then(|cost| sketch::key(cost.0 as f64)),
        input_tokens: buckets.and_then(|buckets| sketch::key(buckets.all_input() as f64)),
        output_tokens: buckets.and_then(|buckets| sketch::key(buckets.all_output() as f64)),
    }
}

/// A score with its id and the bin it counts in.
pub(super) fn score(timed: TimedScore, id: ScoreId) -> ScoreWrite {
    let TimedScore { draft, at } = timed;
    let bin = draft.value.number().and_then(sketch::score_bin);
    let score = Score {
        id,
        target: draft.target,
        name: draft.name,
        value: draft.value,
        comment: draft.comment,
        metadata: draft.metadata,
        source: ScoreSource::Api,
        environment: draft.environment,
        config_id: draft.config_id,
        at_us: at,
    };
    ScoreWrite { score, bin }
}
