//! Traces, observations and scores as the SDKs' models want them; which fields they require is in `SDK-PROTOCOL.md` 8.

use domain::{
    ids::ProjectId,
    money::NanoUsd,
    score::{ScoreSource, ScoreTarget, ScoreValue},
    time::TimeNs,
    trace::PromptLink,
};
use serde_json::{Map, Value, json};
use services::traces::{Observation, ScoreRecord, SpanPayload, SpanRecord, TraceRecord, WholeTrace};

/// Where the interface shows a trace; it redirects.
fn html_path(project: ProjectId, trace: &TraceRecord) -> String {
    format!("/project/{project}/traces/{}", trace.trace_id)
}

/// A trace without what is in it.
pub(super) fn trace(project: ProjectId, trace: &TraceRecord) -> Value {
    json!({
        "id": trace.trace_id,
        "projectId": project,
        "timestamp": trace.start_ns.to_us(),
        "name": trace.name,
        "input": null,
        "output": null,
        "sessionId": trace.session_id,
        "userId": trace.user_id,
        "release": trace.release,
        "version": trace.version,
        "metadata": {},
        "tags": trace.tags,
        "public": trace.public,
        "environment": trace.environment,
        "htmlPath": html_path(project, trace),
        "latency": seconds(trace.end_ns.0.saturating_sub(trace.start_ns.0)),
        "totalCost": trace.cost.map_or(0.0, NanoUsd::to_dollars),
        "createdAt": trace.start_ns.to_us(),
        "updatedAt": trace.end_ns.to_us(),
    })
}

/// A trace with what went in and came out.
pub(super) fn trace_with_content(project: ProjectId, whole: &WholeTrace) -> Value {
    let mut shown = trace(project, &whole.trace);
    set(&mut shown, "input", json!(whole.input));
    set(&mut shown, "output", json!(whole.output));
    set(&mut shown, "metadata", json!(whole.metadata));
    shown
}

/// Puts a field into an object.
pub(super) fn set(object: &mut Value, field: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(field.to_owned(), value);
    }
}

/// An observation of generation 3.
pub(super) fn observation(record: &SpanRecord, payload: &SpanPayload) -> Value {
    let row = &record.row;
    let link = link_of(record);
    let tokens = row.tokens.unwrap_or_default();
    json!({
        "id": row.span_id,
        "traceId": row.trace_id,
        "type": row.kind.as_str().to_ascii_uppercase(),
        "name": row.name,
        "startTime": row.start_ns.to_us(),
        "endTime": row.end_ns.to_us(),
        "completionStartTime": row.completion_start_ns.map(TimeNs::to_us),
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
        "costDetails": costs(payload),
        "promptId": null,
        "promptName": link.map(|link| &link.name),
        "promptVersion": link.map(|link| link.version),
        "latency": seconds(row.end_ns.0.saturating_sub(row.start_ns.0)),
        "timeToFirstToken": first_token(record),
        "inputPrice": null,
        "outputPrice": null,
        "totalPrice": null,
        "calculatedInputCost": dollars(row.input_cost),
        "calculatedOutputCost": dollars(row.output_cost),
        "calculatedTotalCost": dollars(row.cost),
    })
}

/// Which fields of an observation are wanted, by the groups generation 4 and 5 name them in.
#[derive(Clone, Debug)]
pub(super) struct Groups(Vec<String>);

impl Groups {
    /// From their names; without any, the basic ones. Unknown names are ignored.
    pub(super) fn of(names: Vec<String>) -> Self {
        if names.is_empty() { Self(vec!["basic".to_owned()]) } else { Self(names) }
    }

    fn has(&self, group: &str) -> bool {
        self.0.iter().any(|name| name == group)
    }

    /// Whether payloads have to be read for them.
    pub(super) fn need_payloads(&self) -> bool {
        ["basic", "io", "metadata", "model", "usage"].into_iter().any(|group| self.has(group))
    }
}

/// An observation of the second API: the core, and the groups asked for.
pub(super) fn observation_v2(project: ProjectId, found: &Observation, groups: &Groups) -> Value {
    let Observation { trace, record, payload } = found;
    let row = &record.row;
    let mut shown = Map::new();
    let mut put = |wanted: bool, fields: Value| {
        if let (true, Value::Object(fields)) = (wanted, fields) {
            shown.extend(fields);
        }
    };
    put(
        true,
        json!({
            "id": row.span_id, "traceId": row.trace_id, "projectId": project,
            "startTime": row.start_ns.to_us(), "endTime": row.end_ns.to_us(),
            "parentObservationId": row.parent_id, "type": row.kind.as_str().to_ascii_uppercase(),
        }),
    );
    put(
        groups.has("basic"),
        json!({
            "name": row.name, "level": row.level.as_str().to_ascii_uppercase(), "statusMessage": payload.status_message,
            "version": row.trace.version, "environment": row.environment, "bookmarked": false, "public": trace.public,
            "userId": trace.user_id, "sessionId": trace.session_id,
            "isRootObservation": row.parent_id.is_none() || row.app_root,
        }),
    );
    let first = row.completion_start_ns.map(TimeNs::to_us);
    put(
        groups.has("time"),
        json!({ "completionStartTime": first, "createdAt": record.received_us, "updatedAt": record.received_us }),
    );
    // Always texts here: structures as JSON.
    put(
        groups.has("io"),
        json!({ "input": as_text(payload.input.as_ref()), "output": as_text(payload.output.as_ref()) }),
    );
    put(groups.has("metadata"), json!({ "metadata": payload.metadata }));
    put(
        groups.has("model"),
        json!({ "model": row.model, "internalModelId": null, "modelParameters": payload.model_parameters }),
    );
    put(
        groups.has("usage"),
        json!({
            "usageDetails": payload.usage, "costDetails": costs(payload), "totalCost": dollars(row.cost),
            "usagePricingTierName": null,
        }),
    );
    let link = link_of(record);
    put(
        groups.has("prompt"),
        json!({
            "promptId": null, "promptName": link.map(|link| &link.name), "promptVersion": link.map(|link| link.version),
        }),
    );
    let latency = seconds(row.end_ns.0.saturating_sub(row.start_ns.0));
    put(groups.has("metrics"), json!({ "latency": latency, "timeToFirstToken": first_token(record) }));
    put(groups.has("trace_context"), json!({ "traceName": trace.name, "tags": trace.tags, "release": trace.release }));
    Value::Object(shown)
}

fn as_text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn link_of(record: &SpanRecord) -> Option<&PromptLink> {
    record.link.as_ref().map(|resolved| &resolved.link).or(record.row.prompt.as_ref())
}

fn costs(payload: &SpanPayload) -> Map<String, Value> {
    payload.cost.iter().map(|(key, amount)| (key.clone(), json!(amount.to_dollars()))).collect()
}

fn dollars(amount: Option<NanoUsd>) -> Option<f64> {
    amount.map(NanoUsd::to_dollars)
}

fn first_token(record: &SpanRecord) -> Option<f64> {
    let row = &record.row;
    row.completion_start_ns.map(|first| seconds(first.0.saturating_sub(row.start_ns.0)))
}

/// Seconds, as the SDKs count latencies; never negative.
fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds.max(0) as f64 / 1e9
}

fn source(source: ScoreSource) -> &'static str {
    match source {
        // The SDKs refuse a word they do not know.
        ScoreSource::Api | ScoreSource::Feedback => "API",
        ScoreSource::Human => "ANNOTATION",
    }
}

/// A score of generation 3.
pub(super) fn score(record: &ScoreRecord) -> Value {
    let score = &record.score;
    let (trace, observation, session) = match &score.target {
        ScoreTarget::Observation { trace, span } => (Some(trace), Some(span), None),
        ScoreTarget::Trace { trace } => (Some(trace), None, None),
        ScoreTarget::Session { session } => (None, None, Some(session)),
    };
    // The SDKs of generation 3 require a number with a category, and most know no free text: they would refuse the whole
    // answer for one.
    let (kind, value, text) = match &score.value {
        ScoreValue::Numeric(number) => ("NUMERIC", *number, None),
        ScoreValue::Boolean(yes) => ("BOOLEAN", f64::from(u8::from(*yes)), Some(if *yes { "True" } else { "False" })),
        ScoreValue::Categorical(text) | ScoreValue::Text(text) => ("CATEGORICAL", 0.0, Some(text.as_str())),
    };
    json!({
        "id": score.id,
        "traceId": trace,
        "observationId": observation,
        "sessionId": session,
        "name": score.name,
        "source": source(score.source),
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

/// A score of the third API: its value as it is, and the groups of fields asked for.
pub(super) fn score_v3(project: ProjectId, record: &ScoreRecord, groups: &[String]) -> Value {
    let score = &record.score;
    let (kind, value) = match &score.value {
        ScoreValue::Numeric(number) => ("NUMERIC", json!(number)),
        ScoreValue::Boolean(yes) => ("BOOLEAN", json!(yes)),
        ScoreValue::Categorical(text) => ("CATEGORICAL", json!(text)),
        ScoreValue::Text(text) => ("TEXT", json!(text)),
    };
    let mut shown = json!({
        "id": score.id, "projectId": project, "name": score.name, "source": source(score.source), "dataType": kind,
        "value": value, "environment": score.environment, "timestamp": score.at_us, "createdAt": record.received_us,
        "updatedAt": record.updated_us,
    });
    let wants = |group: &str| groups.iter().any(|name| name == group);
    if wants("details") {
        set(&mut shown, "comment", json!(score.comment));
        set(&mut shown, "configId", json!(score.config_id));
        // An object is required; anything else was not said by an SDK of this generation.
        let metadata = if score.metadata.is_object() { score.metadata.clone() } else { Value::Null };
        set(&mut shown, "metadata", metadata);
    }
    if wants("subject") {
        let subject = match &score.target {
            ScoreTarget::Observation { trace, span } => json!({ "kind": "observation", "id": span, "traceId": trace }),
            ScoreTarget::Trace { trace } => json!({ "kind": "trace", "id": trace }),
            ScoreTarget::Session { session } => json!({ "kind": "session", "id": session }),
        };
        set(&mut shown, "subject", subject);
    }
    if wants("annotation") {
        set(&mut shown, "authorUserId", Value::Null);
        set(&mut shown, "queueId", Value::Null);
    }
    shown
}
