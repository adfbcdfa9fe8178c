use std::collections::BTreeMap;

use domain::{
    ids::{ScoreId, SpanId, TraceId},
    money::NanoUsd,
    score::{ScoreTarget, ScoreValue},
    time::{TimeNs, TimeUs},
    trace::{Level, PromptLink, SpanKind},
};
use serde::Serialize;
use serde_json::{Map, Value};
use services::traces::{OpenTrace, ScoreRecord, SpanPayload, SpanRecord, TraceList, TraceRecord};
use utoipa::ToSchema;

use super::cost::OriginView;

/// The prompt version a span counts for.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkView {
    name: String,
    version: u32,
    /// Whether it comes from an ancestor.
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited: Option<bool>,
}

/// A trace in one row.
#[derive(Serialize, ToSchema)]
pub(super) struct TraceView {
    #[schema(value_type = String)]
    id: TraceId,
    name: String,
    user: Option<String>,
    session: Option<String>,
    environment: String,
    release: Option<String>,
    version: Option<String>,
    tags: Vec<String>,
    public: bool,
    #[schema(value_type = String, format = DateTime)]
    start: TimeNs,
    #[schema(value_type = String, format = DateTime)]
    end: TimeNs,
    latency_ms: f64,
    span_count: u32,
    generation_count: u32,
    error_count: u32,
    input_tokens: u64,
    output_tokens: u64,
    /// Decimal dollars.
    #[schema(value_type = Option<String>)]
    cost_usd: Option<NanoUsd>,
    prompts: Vec<LinkView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct TracePage {
    items: Vec<TraceView>,
    /// Pass this back as `cursor`; none at the end.
    next: Option<String>,
    /// Why the page has fewer rows than there may be, when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<String>,
}

impl TracePage {
    pub(super) fn of(list: TraceList) -> Self {
        let partial = list.looked_back_to.map(|at| {
            format!("looked at as many traces as one request may, back to `{}`; go on with `next`", at.to_us())
        });
        Self { items: list.page.items.iter().map(TraceView::of).collect(), next: list.page.next, partial }
    }
}

/// A span without its payload.
#[derive(Serialize, ToSchema)]
struct SpanView {
    #[schema(value_type = String)]
    id: SpanId,
    #[schema(value_type = Option<String>)]
    parent: Option<SpanId>,
    name: String,
    #[schema(value_type = String)]
    kind: SpanKind,
    #[schema(value_type = String)]
    level: Level,
    /// First 200 characters of its status message.
    status: Option<String>,
    model: Option<String>,
    environment: String,
    #[schema(value_type = String, format = DateTime)]
    start: TimeNs,
    #[schema(value_type = String, format = DateTime)]
    end: TimeNs,
    latency_ms: f64,
    time_to_first_token_ms: Option<f64>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    total_tokens: Option<u64>,
    /// Decimal dollars.
    #[schema(value_type = Option<String>)]
    cost_usd: Option<NanoUsd>,
    #[schema(value_type = Option<String>)]
    input_cost_usd: Option<NanoUsd>,
    #[schema(value_type = Option<String>)]
    output_cost_usd: Option<NanoUsd>,
    /// Where the cost comes from, or why there is none.
    cost_origin: OriginView,
    prompt: Option<LinkView>,
}

/// A score as it stands.
#[derive(Serialize, ToSchema)]
struct ScoreView {
    #[schema(value_type = String)]
    id: ScoreId,
    name: String,
    /// `observation`, `trace` or `session`.
    level: &'static str,
    #[schema(value_type = Option<String>)]
    span: Option<SpanId>,
    /// `numeric`, `boolean`, `categorical` or `text`.
    #[serde(rename = "type")]
    kind: &'static str,
    #[schema(value_type = Object)]
    value: Value,
    comment: Option<String>,
    #[schema(value_type = Object)]
    metadata: Value,
    #[schema(value_type = String, format = DateTime)]
    at: TimeUs,
}

/// A trace with its spans and scores.
#[derive(Serialize, ToSchema)]
pub(super) struct TraceDetail {
    #[serde(flatten)]
    trace: TraceView,
    spans: Vec<SpanView>,
    /// Whether there are more spans.
    more: bool,
    scores: Vec<ScoreView>,
}

/// The large part of a span.
#[derive(Serialize, ToSchema)]
pub(super) struct IoView {
    #[schema(value_type = Option<Object>)]
    input: Option<Value>,
    #[schema(value_type = Option<Object>)]
    output: Option<Value>,
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    #[schema(value_type = Object)]
    model_parameters: Map<String, Value>,
    provider: Option<String>,
    status_message: Option<String>,
    /// Tokens in the sender's own keys.
    usage: BTreeMap<String, u64>,
    /// Decimal dollars in the sender's own keys.
    #[schema(value_type = BTreeMap<String, String>)]
    cost_usd: BTreeMap<String, NanoUsd>,
}

impl TraceView {
    pub(super) fn of(record: &TraceRecord) -> Self {
        let link = |link: &PromptLink| LinkView { name: link.name.clone(), version: link.version, inherited: None };
        Self {
            id: record.trace_id,
            name: record.name.clone(),
            user: record.user_id.clone(),
            session: record.session_id.clone(),
            environment: record.environment.clone(),
            release: record.release.clone(),
            version: record.version.clone(),
            tags: record.tags.clone(),
            public: record.public,
            start: record.start_ns,
            end: record.end_ns,
            latency_ms: milliseconds(record.start_ns, record.end_ns),
            span_count: record.spans,
            generation_count: record.generations,
            error_count: record.errors,
            input_tokens: record.input_tokens,
            output_tokens: record.output_tokens,
            cost_usd: record.cost,
            prompts: record.links.iter().map(link).collect(),
        }
    }
}

impl TraceDetail {
    pub(super) fn of(open: &OpenTrace) -> Self {
        Self {
            trace: TraceView::of(&open.trace),
            spans: open.spans.iter().map(SpanView::of).collect(),
            more: open.more,
            scores: open.scores.iter().map(ScoreView::of).collect(),
        }
    }
}

impl SpanView {
    fn of(record: &SpanRecord) -> Self {
        let row = &record.row;
        let prompt = record.link.as_ref().map(|resolved| LinkView {
            name: resolved.link.name.clone(),
            version: resolved.link.version,
            inherited: Some(resolved.inherited),
        });
        Self {
            id: row.span_id,
            parent: row.parent_id,
            name: row.name.clone(),
            kind: row.kind,
            level: row.level,
            status: row.status.clone(),
            model: row.model.clone(),
            environment: row.environment.clone(),
            start: row.start_ns,
            end: row.end_ns,
            latency_ms: milliseconds(row.start_ns, row.end_ns),
            time_to_first_token_ms: row.completion_start_ns.map(|first| milliseconds(row.start_ns, first)),
            input_tokens: row.tokens.map(|tokens| tokens.all_input()),
            output_tokens: row.tokens.map(|tokens| tokens.all_output()),
            total_tokens: row.tokens.map(|tokens| tokens.total()),
            cost_usd: row.cost,
            input_cost_usd: row.input_cost,
            output_cost_usd: row.output_cost,
            cost_origin: OriginView::of(&row.derived.charge),
            prompt,
        }
    }
}

impl ScoreView {
    fn of(record: &ScoreRecord) -> Self {
        let score = &record.score;
        let value = match &score.value {
            ScoreValue::Numeric(number) => (*number).into(),
            ScoreValue::Boolean(yes) => (*yes).into(),
            ScoreValue::Categorical(text) | ScoreValue::Text(text) => text.clone().into(),
        };
        let span = match &score.target {
            ScoreTarget::Observation { span, .. } => Some(*span),
            ScoreTarget::Trace { .. } | ScoreTarget::Session { .. } => None,
        };
        Self {
            id: score.id.clone(),
            name: score.name.as_str().to_owned(),
            level: score.target.level(),
            span,
            kind: score.value.kind(),
            value,
            comment: score.comment.clone(),
            metadata: score.metadata.clone(),
            at: score.at_us,
        }
    }
}

impl From<SpanPayload> for IoView {
    fn from(payload: SpanPayload) -> Self {
        Self {
            input: payload.input,
            output: payload.output,
            metadata: payload.metadata,
            model_parameters: payload.model_parameters,
            provider: payload.provider,
            status_message: payload.status_message,
            usage: payload.usage,
            cost_usd: payload.cost,
        }
    }
}

fn milliseconds(from: TimeNs, to: TimeNs) -> f64 {
    to.0.saturating_sub(from.0).max(0) as f64 / 1e6
}
