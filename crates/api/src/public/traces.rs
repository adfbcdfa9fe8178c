use axum::{Json, extract::State};
use domain::{
    ids::TraceId,
    score::{ScoreTarget, ScoreValue},
    trace::PromptLink,
};
use serde_json::{Map, Value, json};
use services::{
    ServiceError,
    traces::{ScoreRecord, SpanPayload, SpanRecord, WholeTrace},
};

use crate::{
    extract::{SdkCaller, SdkPath},
    refusal::SdkRefusal,
    state::ApiState,
};

/// A trace with its observations and scores
#[utoipa::path(get, path = "/api/public/traces/{trace}", tag = "SDK", operation_id = "sdk_get_trace",
    params(("trace" = String, Path)),
    responses((status = 200, description = "the trace"), (status = 404, description = "no such trace")))]
pub(super) async fn get(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(trace): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    let id: TraceId = trace.parse().map_err(ServiceError::of("trace"))?;
    let whole = state.services.traces.whole(&caller.actor, caller.project, id).await?;
    Ok(Json(shown(&caller, &whole)))
}

fn shown(caller: &SdkCaller, whole: &WholeTrace) -> Value {
    let trace = &whole.trace;
    json!({
        "id": trace.trace_id,
        "projectId": caller.project,
        "timestamp": trace.start_ns.to_us(),
        "name": trace.name,
        "input": whole.input,
        "output": whole.output,
        "sessionId": trace.session_id,
        "userId": trace.user_id,
        "release": trace.release,
        "version": trace.version,
        "metadata": whole.metadata,
        "tags": trace.tags,
        "public": trace.public,
        "environment": trace.environment,
        "htmlPath": format!("/project/{}/traces/{}", caller.project, trace.trace_id),
        "latency": seconds(trace.end_ns.0.saturating_sub(trace.start_ns.0)),
        "totalCost": trace.cost.map_or(0.0, domain::money::NanoUsd::to_dollars),
        "createdAt": trace.start_ns.to_us(),
        "updatedAt": trace.end_ns.to_us(),
        "observations": whole.spans.iter().map(|(record, payload)| observation(record, payload)).collect::<Vec<_>>(),
        "observationsTruncated": whole.more,
        "scores": whole.scores.iter().map(score).collect::<Vec<_>>(),
    })
}

fn observation(record: &SpanRecord, payload: &SpanPayload) -> Value {
    let row = &record.row;
    let link: Option<&PromptLink> = record.link.as_ref().map(|resolved| &resolved.link).or(row.prompt.as_ref());
    let tokens = row.tokens.unwrap_or_default();
    let dollars = |amount: Option<domain::money::NanoUsd>| amount.map(domain::money::NanoUsd::to_dollars);
    let costs: Map<String, Value> =
        payload.cost.iter().map(|(key, amount)| (key.clone(), json!(amount.to_dollars()))).collect();
    json!({
        "id": row.span_id,
        "traceId": row.trace_id,
        "type": row.kind.as_str().to_ascii_uppercase(),
        "name": row.name,
        "startTime": row.start_ns.to_us(),
        "endTime": row.end_ns.to_us(),
        "completionStartTime": row.completion_start_ns.map(domain::time::TimeNs::to_us),
        "parentObservationId": row.parent_id,
        "level": row.level.as_str().to_ascii_uppercase(),
        "statusMessage": payload.status_message,
        "model": row.model,
        "modelParameters": payload.model_parameters,
        "input": payload.input,
        "output": payload.output,
        "metadata": payload.metadata,
        "version": row.trace.version,
        "environment": row.environment,
        "usage": {
            "input": tokens.all_input(), "output": tokens.all_output(), "total": tokens.total(), "unit": "TOKENS",
            "inputCost": dollars(row.input_cost), "outputCost": dollars(row.output_cost), "totalCost": dollars(row.cost),
        },
        "usageDetails": payload.usage,
        "costDetails": costs,
        "promptId": null,
        "promptName": link.map(|link| &link.name),
        "promptVersion": link.map(|link| link.version),
        "latency": seconds(row.end_ns.0.saturating_sub(row.start_ns.0)),
        "timeToFirstToken": row.completion_start_ns.map(|first| seconds(first.0.saturating_sub(row.start_ns.0))),
        "inputPrice": null,
        "outputPrice": null,
        "totalPrice": null,
        "calculatedInputCost": dollars(row.input_cost),
        "calculatedOutputCost": dollars(row.output_cost),
        "calculatedTotalCost": dollars(row.cost),
    })
}

fn score(record: &ScoreRecord) -> Value {
    let score = &record.score;
    let (trace, observation, session) = match &score.target {
        ScoreTarget::Observation { trace, span } => (Some(trace), Some(span), None),
        ScoreTarget::Trace { trace } => (Some(trace), None, None),
        ScoreTarget::Session { session } => (None, None, Some(session)),
    };
    // The SDKs of generation 3 know no free text and would refuse the whole trace for one.
    let (kind, value, text) = match &score.value {
        ScoreValue::Numeric(number) => ("NUMERIC", json!(number), None),
        ScoreValue::Boolean(yes) => {
            ("BOOLEAN", json!(f64::from(u8::from(*yes))), Some(if *yes { "True" } else { "False" }))
        }
        ScoreValue::Categorical(text) | ScoreValue::Text(text) => ("CATEGORICAL", Value::Null, Some(text.as_str())),
    };
    json!({
        "id": score.id,
        "traceId": trace,
        "observationId": observation,
        "sessionId": session,
        "name": score.name,
        "source": "API",
        "dataType": kind,
        "value": value,
        "stringValue": text,
        "comment": score.comment,
        "metadata": score.metadata,
        "configId": score.config_id,
        "environment": score.environment,
        "timestamp": score.at_us,
        "createdAt": record.received_us,
        "updatedAt": record.updated_us,
    })
}

/// Seconds, as the SDKs count latencies; never negative.
fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds.max(0) as f64 / 1e9
}
