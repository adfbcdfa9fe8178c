//! The last steps before storing: sketch keys, versions, bins.

use domain::{
    ids::ScoreId,
    money::NanoUsd,
    price::Charge,
    score::{Score, ScoreSource},
    segment::{SegmentAttribute, SegmentSource},
    trace::Span,
};
use stats::{hash::unit_group, sketch};
use store::event::{Derived, ScoreWrite, SketchKeys, SpanWrite, UnitGroups};

use super::TimedScore;
use crate::ServiceError;

/// Keeps unit groups apart from everything else that hashes users. Frozen: stored groups rest on it.
const UNIT_SALT: &str = "assay unit groups";

/// A span with what is derived of it. Only generations are counted, so only they get keys.
pub(crate) fn span(
    span: Span,
    charge: Charge,
    segmented_by: Option<&SegmentAttribute>,
) -> Result<SpanWrite, ServiceError> {
    let keys = if span.kind.is_generation() { keys(&span) } else { SketchKeys::default() };
    let segment = segmented_by.and_then(|attribute| {
        attribute.of(&SegmentSource {
            metadata: &span.metadata,
            trace_metadata: &span.trace.metadata,
            tags: &span.trace.tags,
            release: span.release.as_deref(),
            version: span.version.as_deref(),
        })
    });
    let derived = Derived { keys, groups: groups(&span), segment, charge };
    SpanWrite::new(span, derived).map_err(|cause| ServiceError::Internal(Box::new(cause)))
}

/// Every span gets its groups: any of them may name the user or session of its trace.
fn groups(span: &Span) -> UnitGroups {
    let group = |unit: &str| unit_group(UNIT_SALT, unit);
    UnitGroups {
        user: span.trace.user_id.as_deref().map(group),
        session: span.trace.session_id.as_deref().map(group),
        trace: group(&span.trace_id.to_string()),
    }
}

fn keys(span: &Span) -> SketchKeys {
    let buckets = span.usage.buckets;
    SketchKeys {
        latency: sketch::key(span.latency_ns() as f64),
        time_to_first_token: span.time_to_first_token_ns().and_then(|ns| sketch::key(ns as f64)),
        cost: amount_key(span.cost.total),
        input_tokens: buckets.and_then(|buckets| sketch::key(buckets.all_input() as f64)),
        output_tokens: buckets.and_then(|buckets| sketch::key(buckets.all_output() as f64)),
        input_cost: amount_key(span.cost.input),
        output_cost: amount_key(span.cost.output),
        total_tokens: buckets.and_then(|buckets| sketch::key(buckets.total() as f64)),
    }
}

/// The key an amount is counted under.
pub(crate) fn amount_key(amount: Option<NanoUsd>) -> Option<i16> {
    amount.and_then(|amount| sketch::key(amount.0 as f64))
}

/// A score with its id and the bin it counts in.
pub(super) fn score(timed: TimedScore, id: ScoreId, source: ScoreSource) -> ScoreWrite {
    let TimedScore { draft, at } = timed;
    let bin = draft.value.number().and_then(sketch::score_bin);
    let score = Score {
        id,
        target: draft.target,
        name: draft.name,
        value: draft.value,
        comment: draft.comment,
        metadata: draft.metadata,
        source,
        environment: draft.environment,
        config_id: draft.config_id,
        at_us: at,
    };
    ScoreWrite { score, bin }
}
