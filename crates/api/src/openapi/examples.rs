//! A body for each operation that takes one, shown in the document and in the reference. A test sends every one of them and
//! holds it against its schema.

use serde_json::{Value, json};
use utoipa::openapi::{Content, RefOr, path::Operation};

const JSON: &str = "application/json";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Puts the example beside the body's schema.
pub(super) fn show(operation: &mut Operation, id: &str) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    let Some(example) = body_of(id) else { return };
    // Exporters send protobuf by default; the same as JSON can be read.
    let content = body.content.entry(JSON.to_owned()).or_insert_with(|| Content::default().into());
    if let RefOr::T(content) = content {
        content.example = Some(example);
    }
}

fn body_of(operation: &str) -> Option<Value> {
    prompts(operation).or_else(|| events(operation)).or_else(|| rest(operation)).or_else(|| sdk(operation))
}

fn prompts(operation: &str) -> Option<Value> {
    Some(match operation {
        "create_prompt" => json!({
            "name": "support/chat",
            "type": "chat",
            "prompt": [
                { "role": "system", "content": "You help customers of {{shop}}. Be brief." },
                { "role": "user", "content": "{{question}}" },
            ],
            "config": { "model": "gpt-4o-mini", "temperature": 0.2 },
            "tags": ["support"],
            "labels": ["staging"],
            "commit_message": "Answer briefly",
        }),
        "create_version" => json!({
            "prompt": "Answer in one sentence: {{question}}",
            "commit_message": "One sentence",
        }),
        "change_prompt" => json!({ "tags": ["support", "live"] }),
        "move_label" => json!({ "version": 1, "reason": "Checked on staging" }),
        _ => return None,
    })
}

fn events(operation: &str) -> Option<Value> {
    let score = json!({ "traceId": TRACE, "name": "correct", "value": 1, "dataType": "BOOLEAN" });
    Some(match operation {
        "create_scores" => json!({ "trace": TRACE, "name": "correct", "value": true, "comment": "Checked by hand" }),
        "give_feedback" => json!({ "trace": TRACE, "thumbs": "up", "comment": "Just what I asked", "user": "user-1" }),
        "create_events" => json!({ "name": "purchase", "unit": { "kind": "user", "id": "user-1" }, "value": 19.9 }),
        "create_exposures" => json!({ "experiment": "greet-test", "unit": "user-1", "arm": "b" }),
        "otlp_traces" | "otlp_sdk_traces" => json!({
            "resourceSpans": [{
                "scopeSpans": [{
                    "spans": [{
                        "traceId": TRACE,
                        "spanId": "b7ad6b7169203331",
                        "name": "answer",
                        "startTimeUnixNano": "1763640000000000000",
                        "endTimeUnixNano": "1763640000850000000",
                        "attributes": [
                            { "key": "gen_ai.request.model", "value": { "stringValue": "gpt-4o-mini" } },
                            { "key": "gen_ai.usage.input_tokens", "value": { "intValue": "52" } },
                            { "key": "gen_ai.usage.output_tokens", "value": { "intValue": "18" } },
                            { "key": "gen_ai.prompt.name", "value": { "stringValue": "support/answer" } },
                            { "key": "gen_ai.prompt.version", "value": { "intValue": "1" } },
                        ],
                    }],
                }],
            }],
        }),
        "otlp_logs" | "otlp_sdk_logs" => json!({
            "resourceLogs": [{
                "scopeLogs": [{
                    "logRecords": [{
                        "traceId": TRACE,
                        "spanId": "b7ad6b7169203331",
                        "eventName": "gen_ai.user.message",
                        "timeUnixNano": "1763640000000000000",
                        "body": { "kvlistValue": { "values": [
                            { "key": "content", "value": { "stringValue": "Where is my order?" } },
                        ] } },
                    }],
                }],
            }],
        }),
        "sdk_create_scores" => score,
        "sdk_ingestion" => json!({
            "batch": [{
                "id": "0190a7c8-0000-7000-8000-000000000001",
                "type": "score-create",
                "timestamp": "2025-11-20T12:00:00Z",
                "body": score,
            }],
        }),
        _ => return None,
    })
}

fn rest(operation: &str) -> Option<Value> {
    Some(match operation {
        "query" => json!({
            "measures": ["count", "latency.p95", "cost.mean"],
            "dimensions": ["version"],
            "filters": [{ "dimension": "prompt", "values": ["support/answer"] }],
            "range": "7d",
        }),
        "resolve" => json!({
            "prompt": "support/answer",
            "label": "production",
            "unit": "user-1",
            "attributes": { "plan": "pro" },
        }),
        "ofrep_evaluate" | "ofrep_evaluate_all" => json!({ "context": { "targetingKey": "user-1", "plan": "pro" } }),
        "create_experiment" => json!({
            "key": "brief-answers",
            "prompt": "support/answer",
            "label": "production",
            "design": {
                "name": "Brief answers",
                "arms": [
                    { "key": "control", "version": 1, "weight": 5000 },
                    { "key": "brief", "version": 2, "weight": 5000 },
                ],
            },
        }),
        "plan_experiment" | "dry_run_experiment" => json!({
            "prompt": "support/answer",
            "design": {
                "arms": [
                    { "key": "control", "version": 1, "weight": 5000 },
                    { "key": "brief", "version": 2, "weight": 5000 },
                ],
                "metrics": [{
                    "metric": {
                        "key": "thumbs", "source": "score:thumbs", "aggregation": "ratio", "direction": "higher",
                    },
                    "role": "goal",
                }],
            },
            "days": 7,
        }),
        "change_experiment" => json!({
            "revision": 1,
            "design": { "name": "Brief answers", "hypothesis": "Shorter answers are liked better" },
            "note": "Says why",
        }),
        "act_on_experiment" => json!({ "revision": 1, "note": "Looks right" }),
        "create_price" => json!({
            "model": "our-model",
            "rates": { "input": 0.5, "output": "1.5" },
            "valid_from": "2026-01-01T00:00:00Z",
        }),
        "close_price" => json!({ "at": "2027-01-01T00:00:00Z" }),
        "start_repricing" => json!({ "model": "our-model", "only_unpriced": true }),
        "change_project" => json!({ "name": "Shop", "segment": "metadata.plan", "retention_days": 90 }),
        "create_key" => json!({ "name": "backend", "scopes": ["ingest", "resolve"] }),
        "add_member" => json!({ "email": "ana@example.com", "role": "editor" }),
        "change_member" => json!({ "role": "analyst" }),
        _ => return None,
    })
}

fn sdk(operation: &str) -> Option<Value> {
    Some(match operation {
        "sdk_create_prompt" => json!({
            "type": "text",
            "name": "support/answer",
            "prompt": "Answer briefly: {{question}}",
            "labels": ["staging"],
        }),
        "sdk_label_prompt" => json!({ "newLabels": ["staging"] }),
        "sdk_announce_media" => json!({
            "contentType": "image/png",
            "contentLength": 3,
            "sha256Hash": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "traceId": TRACE,
            "field": "input",
        }),
        "sdk_report_media" => json!({ "uploadHttpStatus": 200, "uploadedAt": "2025-11-20T12:00:00Z" }),
        "sdk_create_dataset" => json!({ "name": "hard-questions", "description": "What went wrong before" }),
        "sdk_create_dataset_item" => json!({
            "datasetName": "hard-questions",
            "input": { "question": "Where is my order?" },
            "expectedOutput": "On its way",
        }),
        "sdk_create_run_item" => json!({ "runName": "nightly", "datasetItemId": "item-1", "traceId": TRACE }),
        "sdk_create_comment" => json!({ "objectType": "TRACE", "objectId": TRACE, "content": "Why so slow?" }),
        "sdk_create_score_config" => json!({ "name": "tone", "dataType": "NUMERIC", "minValue": 0, "maxValue": 1 }),
        "sdk_change_score_config" => json!({ "isArchived": true }),
        _ => return None,
    })
}
