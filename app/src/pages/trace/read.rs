//! From what `services` answers to what the page draws. Server only.

use domain::{
    price::{Charge, CostOrigin, PriceRef, ServiceTier, Tokenizer},
    score::{Score, ScoreSource, ScoreTarget, ScoreValue},
    trace::{Level, TokenBuckets},
};
use serde_json::{Map, Value};
use services::{
    annotations::{self, ScoreConfig, ScoreKind},
    prices::PastCost,
    traces::{OpenTrace, SpanPayload, SpanRecord},
};
use ui::{JsonValue, format};

use super::model::{
    CostFrom, CostView, PastCostView, PromptBadge, ScoreConfigView, ScoreDraft, ScoreView, ScoredOn, SpanDetail,
    SpanView, TokensView, TraceView,
};
use crate::pages::prices::{model::item_words, read::why};

pub(super) fn view(open: OpenTrace, configs: Vec<ScoreConfig>, may_score: bool) -> TraceView {
    let trace = open.trace;
    let start_ns = trace.start_ns.0;
    let root = root(&open.spans).map(|span| span.row.span_id.to_string());
    let unpriced = open.spans.iter().filter(|span| span.row.derived.charge.is_unpriced()).count();
    TraceView {
        id: trace.trace_id.to_string(),
        name: trace.name,
        start_us: trace.start_ns.to_us().0,
        duration_ns: trace.end_ns.0.saturating_sub(start_ns),
        cost: trace.cost.map(|cost| cost.0),
        unpriced: u32::try_from(unpriced).unwrap_or(u32::MAX),
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
        scores: open.scores.into_iter().map(|record| score(record.score, may_score)).collect(),
        may_score,
        configs: configs.into_iter().map(config).collect(),
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

fn config(config: ScoreConfig) -> ScoreConfigView {
    let values = match config.kind {
        ScoreKind::Boolean => "yes or no".to_owned(),
        ScoreKind::Text => "any text".to_owned(),
        ScoreKind::Categorical => {
            config.categories.into_iter().map(|category| category.label).collect::<Vec<_>>().join(", ")
        }
        ScoreKind::Numeric => match (config.min, config.max) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("{least} or more"),
            (None, Some(most)) => format!("{most} or less"),
            (None, None) => "any number".to_owned(),
        },
    };
    ScoreConfigView { name: config.name, values }
}

fn score(score: Score, may_score: bool) -> ScoreView {
    let draft = (may_score && score.source == ScoreSource::Human).then(|| draft(&score));
    ScoreView {
        author: annotations::author(&score).filter(|_| score.source == ScoreSource::Human).map(str::to_owned),
        draft,
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

/// A score as the form has it.
pub(super) fn draft(score: &Score) -> ScoreDraft {
    ScoreDraft {
        id: score.id.to_string(),
        span: match &score.target {
            ScoreTarget::Observation { span, .. } => span.to_string(),
            ScoreTarget::Trace { .. } | ScoreTarget::Session { .. } => String::new(),
        },
        name: score.name.as_str().to_owned(),
        kind: score.value.kind().to_owned(),
        value: match &score.value {
            ScoreValue::Numeric(value) => value.to_string(),
            ScoreValue::Boolean(true) => "yes".to_owned(),
            ScoreValue::Boolean(false) => "no".to_owned(),
            ScoreValue::Categorical(text) | ScoreValue::Text(text) => text.clone(),
        },
        comment: score.comment.clone().unwrap_or_default(),
    }
}

/// What the form's word for a kind of value means.
pub(super) fn kind(word: &str) -> ScoreKind {
    match word {
        "boolean" => ScoreKind::Boolean,
        "categorical" => ScoreKind::Categorical,
        "text" => ScoreKind::Text,
        _ => ScoreKind::Numeric,
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
        costing: costing(&row.derived.charge),
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

/// `None` where there is nothing to say of a cost: most spans are no calls of models.
fn costing(charge: &Charge) -> Option<CostView> {
    let lines = match &charge.origin {
        CostOrigin::Computed { lines, .. } => lines.as_slice(),
        _ => &[],
    };
    let tokens_by = charge.estimate.map(|estimate| match estimate.tokenizer {
        Tokenizer::Approximate => "roughly, the model’s own tokenizer is not public".to_owned(),
        known => known.as_str().to_owned(),
    });
    let from = from(&charge.origin);
    (from != CostFrom::Nothing || tokens_by.is_some()).then(|| CostView {
        from,
        lines: lines.iter().map(|line| (item_words(line.item.as_str()).to_lowercase(), line.amount.0)).collect(),
        tier: (charge.tier != ServiceTier::Standard).then(|| charge.tier.as_str().to_owned()),
        tokens_by,
    })
}

fn from(origin: &CostOrigin) -> CostFrom {
    match origin {
        CostOrigin::None => CostFrom::Nothing,
        CostOrigin::Given => CostFrom::Given,
        CostOrigin::Computed { price: PriceRef::Catalogue { entry, edition, valid_from }, .. } => {
            CostFrom::Catalogue { entry: entry.clone(), edition_us: edition.0, since_us: valid_from.map(|from| from.0) }
        }
        CostOrigin::Computed { price: PriceRef::Project { valid_from, .. }, .. } => {
            CostFrom::Own { since_us: Some(valid_from.0).filter(|from| *from > 0) }
        }
        CostOrigin::Unpriced(reason) => CostFrom::Unpriced { why: why(*reason) },
    }
}

fn past_cost(past: PastCost) -> PastCostView {
    let from = match from(&past.charge.origin) {
        CostFrom::Nothing => "nothing was priced".to_owned(),
        CostFrom::Given => "as the sender said it".to_owned(),
        CostFrom::Catalogue { entry, edition_us, .. } => {
            format!("catalogue’s price of {entry}, edition of {}", format::date(edition_us))
        }
        CostFrom::Own { .. } => "an own price".to_owned(),
        CostFrom::Unpriced { why } => why,
    };
    PastCostView { cost: past.amounts.total.map(|cost| cost.0), from, until_us: past.at_us.0 }
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

pub(super) fn detail(payload: SpanPayload, past: Vec<PastCost>) -> SpanDetail {
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
        past_costs: past.into_iter().map(past_cost).collect(),
    }
}

fn fields(map: Map<String, Value>) -> Vec<(String, JsonValue)> {
    map.into_iter().map(|(name, value)| (name, value.into())).collect()
}
