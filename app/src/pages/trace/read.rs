//! From what `services` answers to what the page draws. Server only.

use domain::trace::Level;
use services::traces::{OpenTrace, SpanPayload, SpanRecord};

use super::model::{PromptBadge, ScoreView, SpanDetail, SpanView, TraceView};

pub(super) fn view(open: OpenTrace) -> TraceView {
    let trace = open.trace;
    let start_ns = trace.start_ns.0;
    let root = open
        .spans
        .iter()
        .find(|span| span.row.app_root)
        .or_else(|| open.spans.iter().find(|span| span.row.parent_id.is_none()))
        .or_else(|| open.spans.first())
        .map(|span| span.row.span_id.to_string());
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
        scores: open
            .scores
            .into_iter()
            .map(|record| ScoreView {
                name: record.score.name.into(),
                value: record.score.value,
                target: record.score.target,
                comment: record.score.comment,
            })
            .collect(),
        root,
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
        tokens: row.tokens,
        first_token_ns: row.completion_start_ns.map(|first| first.0.saturating_sub(row.start_ns.0).max(0)),
        prompt: record.link.map(|resolved| PromptBadge {
            name: resolved.link.name,
            version: resolved.link.version,
            inherited: resolved.inherited,
        }),
        name: row.name,
    }
}

pub(super) fn detail(payload: SpanPayload) -> SpanDetail {
    SpanDetail {
        input: payload.input,
        output: payload.output,
        metadata: payload.metadata,
        model_parameters: payload.model_parameters,
        provider: payload.provider,
        status_message: payload.status_message,
        usage: payload.usage,
        cost: payload.cost.into_iter().map(|(key, cost)| (key, cost.0)).collect(),
        scope: payload.scope,
    }
}
