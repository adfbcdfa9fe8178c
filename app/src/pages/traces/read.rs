//! Between the list's address and `services`. Server only.

use domain::time::{RangeChoice, TimeUs};
use services::{
    ServiceError,
    traces::{TraceFilter, TraceRecord},
};

use super::model::{DEFAULT_RANGE, TraceLine, TracesQuery};
use crate::{context, error::AppError, range};

pub(super) fn choice(query: &TracesQuery) -> Result<RangeChoice, AppError> {
    range::choose(query.range.as_deref(), query.from.as_deref(), query.to.as_deref(), DEFAULT_RANGE)
        .map_err(|error| context::refusal(ServiceError::of("range")(error)))
}

pub(super) fn filter(query: &TracesQuery, choice: RangeChoice, now: TimeUs) -> Result<TraceFilter, AppError> {
    let errors = match query.errors.as_deref() {
        None | Some("") => None,
        Some("yes") => Some(true),
        Some("no") => Some(false),
        Some(_) => return Err(context::refusal(ServiceError::field("errors", "write `yes` or `no`"))),
    };
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let mut range = choice.resolve(now);
    if query.to.is_none() {
        // Senders' clocks run ahead a little; what just came in must not be missing.
        range.to = TimeUs(range.to.0.saturating_add(86_400_000_000));
    }
    Ok(TraceFilter {
        range: Some(range),
        prompt: said(&query.prompt),
        version: query.version,
        environment: said(&query.environment),
        user_id: said(&query.user),
        session_id: said(&query.session),
        errors,
    })
}

pub(super) fn line(trace: TraceRecord) -> TraceLine {
    TraceLine {
        id: trace.trace_id.to_string(),
        name: trace.name,
        start_us: trace.start_ns.to_us().0,
        duration_ns: trace.end_ns.0.saturating_sub(trace.start_ns.0),
        spans: trace.spans,
        errors: trace.errors,
        tokens: (trace.input_tokens > 0 || trace.output_tokens > 0)
            .then_some((trace.input_tokens, trace.output_tokens)),
        cost: trace.cost.map(|cost| cost.0),
        user: trace.user_id,
        session: trace.session_id,
        environment: trace.environment,
        links: trace.links,
    }
}
