//! From what `services` answers to what the page draws. Server only.

use domain::{
    score::{Score, ScoreTarget, ScoreValue},
    trace::{Level, TokenBuckets},
};
use serde_json::{Map, Value};
use services::traces::{OpenTrace, SpanPayload, SpanRecord};
use ui::JsonValue;

use super::model::{PromptBadge, ScoreView, ScoredOn, SpanDetail, SpanView, TokensView, TraceView};

pub(super) fn view(open: OpenTrace) -> TraceView {
    let trace = open.trace;
    let start_ns = trace.start_ns.0;
    let root = root(&open.spans).map(|span| span.row.span_id.to_string());
    TraceView {
        id: trace.trace_id.to_string(),
        name: trace.name,
        start_us: trace.start_ns.to_us().0,
        duration_ns: trace.end_ns.0.saturating_sub(start_ns),
        cost: trace.cost.map(|cost| cost.0),
        input_tokens: trace.input_tokens,
        output_tokens: trace.output_tokens,
        user: trace.user_id,
        session: trace.session_id,
        environment: trace.environment,
        release: trace.release,
        version: trace.version,
        tags: trace.tags,
        spans: open.spans.into_iter().map(|span| self::span(span, start_ns)).collect(),
        span_count: trace.spans,
        errors: trace.errors,
        scores: open.scores.into_iter().map(|record| score(record.score)).collect(),
        root,
    }
}

/// The span to show when none is chosen: the application's root, else one without a parent, else the earliest.
pub(super) fn root(spans: &[SpanRecord]) -> Option<&SpanRecord> {
    spans
        .iter()
        .find(|span| span.row.app_root)
        .or_else(|| spans.iter().find(|span| span.row.parent_id.is_none()))
        .or_else(|| spans.first())
}

fn score(score: Score) -> ScoreView {
    ScoreView {
        name: score.name.into(),
        text: match score.value {
            ScoreValue::Numeric(value) => ui::format::number(value),
            ScoreValue::Boolean(true) => "yes".to_owned(),
            ScoreValue::Boolean(false) => "no".to_owned(),
            ScoreValue::Categorical(text) | ScoreValue::Text(text) => text,
        },
        on: match score.target {
            ScoreTarget::Observation { span, .. } => ScoredOn::Span(span.to_string()),
            ScoreTarget::Trace { .. } => ScoredOn::Trace,
            ScoreTarget::Session { .. } => ScoredOn::Session,
        },
        comment: score.comment,
    }
}

fn span(record: SpanRecord, trace_start_ns: i64) -> SpanView {
    let row = record.row;
    SpanView {
        id: row.span_id.to_string(),
        parent: row.parent_id.map(|parent| parent.to_string()),
        kind: row.kind,
        offset_ns: row.start_ns.0.saturating_sub(trace_start_ns),
        duration_ns: row.end_ns.0.saturating_sub(row.start_ns.0).max(0),
        level: row.level,
        status: row.status.filter(|_| row.level == Level::Error || row.level == Level::Warning),
        model: row.model,
        cost: row.cost.map(|cost| cost.0),
        tokens: row.tokens.map(tokens),
        first_token_ns: row.completion_start_ns.map(|first| first.0.saturating_sub(row.start_ns.0).max(0)),
        prompt: record.link.map(|resolved| PromptBadge {
            name: resolved.link.name,
            version: resolved.link.version,
            inherited: resolved.inherited,
        }),
        name: row.name,
    }
}

fn tokens(tokens: TokenBuckets) -> TokensView {
    TokensView {
        input: tokens.input,
        cache_read: tokens.cache_read,
        cache_write: tokens.cache_write,
        output: tokens.output,
        reasoning: tokens.reasoning,
        other: tokens.other,
    }
}

pub(super) fn detail(payload: SpanPayload) -> SpanDetail {
    SpanDetail {
        input: payload.input.map(JsonValue::from),
        output: payload.output.map(JsonValue::from),
        metadata: fields(payload.metadata),
        model_parameters: fields(payload.model_parameters)
            .into_iter()
            .map(|(name, value)| match value {
                JsonValue::Text(text) => (name, text),
                other => (name, other.line()),
            })
            .collect(),
        status_message: payload.status_message,
        scope: payload.scope,
    }
}

fn fields(map: Map<String, Value>) -> Vec<(String, JsonValue)> {
    map.into_iter().map(|(name, value)| (name, value.into())).collect()
}
