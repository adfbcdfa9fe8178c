//! OTLP log records in JSON, as tolerant as the reader of spans.

use serde::{Deserialize, de};
use serde_json::value::RawValue;

use super::{
    RawLog,
    json::{AnyValue, nanoseconds, read_any, read_attributes, reason, text_of},
    value::Budget,
};
use crate::{DecodeError, limits, logs::LogIntake};

#[derive(Deserialize)]
#[serde(expecting = "an object with `resourceLogs`")]
struct Request<'a> {
    #[serde(borrow, rename = "resourceLogs")]
    resource_logs: Option<Vec<Option<ResourceLogs<'a>>>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `scopeLogs`")]
struct ResourceLogs<'a> {
    #[serde(borrow, rename = "scopeLogs")]
    scope_logs: Option<Vec<Option<ScopeLogs<'a>>>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `logRecords`")]
struct ScopeLogs<'a> {
    #[serde(borrow, rename = "logRecords")]
    log_records: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with the fields of a log record", rename_all = "camelCase")]
struct LogText<'a> {
    #[serde(borrow)]
    trace_id: Option<&'a RawValue>,
    #[serde(borrow)]
    span_id: Option<&'a RawValue>,
    #[serde(borrow)]
    time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow)]
    observed_time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow)]
    event_name: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
}

/// Hands every log record of the request to `intake`.
pub(crate) fn read<'a>(body: &'a str, intake: &mut LogIntake<'a>) -> Result<(), DecodeError> {
    if body.trim_ascii_start().starts_with('[') {
        // serde would read the list as the fields in order.
        return Err(<serde_json::Error as de::Error>::custom("expected an object, not a list").into());
    }
    let request: Request<'a> = serde_json::from_str(body)?;
    let scopes = request.resource_logs.unwrap_or_default().into_iter().flatten();
    let scopes = scopes.flat_map(|resource| resource.scope_logs.unwrap_or_default().into_iter().flatten());
    let records: Vec<&'a RawValue> = scopes.flat_map(|scope| scope.log_records.unwrap_or_default()).collect();
    if records.len() > limits::LOGS {
        return Err(DecodeError::TooManyLogs { found: records.len(), limit: limits::LOGS });
    }
    for raw in records {
        let mut log = RawLog::new();
        match read_log(raw, &mut log, intake.budget()) {
            Ok(()) => intake.log(log),
            Err(reason) => intake.damaged(&log, reason),
        }
    }
    Ok(())
}

/// Fills in `out`; on damage it holds what was readable before.
fn read_log<'a>(raw: &'a RawValue, out: &mut RawLog<'a>, budget: &Budget) -> Result<(), String> {
    if raw.get().starts_with('[') {
        return Err("a log record is an object, not a list".to_owned());
    }
    let log: LogText<'a> = serde_json::from_str(raw.get()).map_err(|error| reason(&error))?;
    if let Some(id) = log.trace_id.and_then(text_of).filter(|id| !id.is_empty()) {
        out.trace_id = id.parse();
    }
    if let Some(id) = log.span_id.and_then(text_of).filter(|id| !id.is_empty()) {
        out.span_id = id.parse();
    }
    let happened = nanoseconds(log.time_unix_nano, "timeUnixNano")?;
    let seen = nanoseconds(log.observed_time_unix_nano, "observedTimeUnixNano")?;
    out.at_ns = if happened == 0 { seen } else { happened };
    if let Some(name) = log.event_name.and_then(text_of) {
        out.event = name;
    }
    if let Some(raw) = log.body {
        let body = serde_json::from_str::<Option<AnyValue<'a>>>(raw.get()).map_err(|error| reason(&error));
        match body.and_then(|body| body.map_or(Ok(None), |body| read_any(body, budget))) {
            Ok(body) => out.body = body,
            Err(reason) => out.notes.add("body", format!("left out: {reason}")),
        }
    }
    if let Some(raw) = log.attributes {
        out.attributes = read_attributes(raw, &mut out.notes, budget);
    }
    Ok(())
}
