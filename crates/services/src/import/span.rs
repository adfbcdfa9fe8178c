//! Traces and observations as the OTLP spans their SDK would have sent.

use domain::time::TimeNs;
use serde_json::{Map, Value, json};

use super::{
    prompts::Numbers,
    record::{Fields, span_id, trace_id},
};

/// A trace is a root span of its own: there the other tool keeps name, user, input and output.
pub(super) fn of_trace(mut fields: Fields) -> Result<Value, String> {
    let old = fields.required("id")?;
    let start = fields.time("timestamp")?.ok_or("`timestamp` is missing")?;
    let seconds = fields.number("latency").filter(|seconds| *seconds > 0.0).unwrap_or(0.0);
    let name = fields.text("name").unwrap_or_else(|| "trace".to_owned());
    let mut attributes = Attributes::default();
    attributes.text("langfuse.observation.type", "span");
    attributes.text("langfuse.trace.name", &name);
    attributes.flag("langfuse.internal.as_root");
    attributes.optional("user.id", fields.text("userId"));
    attributes.optional("session.id", fields.text("sessionId"));
    attributes.optional("langfuse.release", fields.text("release"));
    attributes.optional("langfuse.version", fields.text("version"));
    attributes.optional("langfuse.environment", fields.text("environment"));
    attributes.content("langfuse.trace.input", fields.structure("input"));
    attributes.content("langfuse.trace.output", fields.structure("output"));
    let tags = fields.words("tags");
    if !tags.is_empty() {
        attributes.text("langfuse.trace.tags", &Value::from(tags).to_string());
    }
    attributes.metadata("langfuse.trace.metadata", fields.object("metadata"));
    let trace = trace_id(&old);
    if trace != old {
        attributes.text("langfuse.trace.metadata.imported_id", &old);
    }
    let end = TimeNs(start.0.saturating_add((seconds * 1e9) as i64));
    Ok(json!({
        "traceId": trace,
        "spanId": root_of(&old),
        "name": name,
        "startTimeUnixNano": start.0.to_string(),
        "endTimeUnixNano": end.0.to_string(),
        "attributes": attributes.0,
    }))
}

/// An observation. Where it has no parent, the trace's own span is one.
pub(super) fn of_observation(mut fields: Fields, numbers: &Numbers) -> Result<Value, String> {
    let old = fields.required("id")?;
    let old_trace = fields.text("traceId").unwrap_or_else(|| old.clone());
    let start = fields.time("startTime")?.ok_or("`startTime` is missing")?;
    let end = fields.time("endTime")?.unwrap_or(start);
    let kind = fields.text("type").unwrap_or_else(|| "SPAN".to_owned()).to_ascii_lowercase();
    let name = fields.text("name").unwrap_or_else(|| kind.clone());
    let parent = fields.text("parentObservationId").map_or_else(|| root_of(&old_trace), |parent| span_id(&parent));
    let level = fields.text("level").unwrap_or_default();

    let mut attributes = Attributes::default();
    attributes.text("langfuse.observation.type", &kind);
    let model = fields.text("model").or_else(|| fields.text("providedModelName"));
    attributes.optional("langfuse.observation.model.name", model);
    attributes.object("langfuse.observation.model.parameters", fields.object("modelParameters"));
    attributes.content("langfuse.observation.input", fields.structure("input"));
    attributes.content("langfuse.observation.output", fields.structure("output"));
    attributes.object("langfuse.observation.usage_details", usage(&mut fields));
    attributes.object("langfuse.observation.cost_details", cost(&mut fields));
    attributes.optional("langfuse.observation.status_message", fields.text("statusMessage"));
    if !level.is_empty() {
        attributes.text("langfuse.observation.level", &level);
    }
    let first_token = fields.time("completionStartTime")?;
    attributes.optional("langfuse.observation.completion_start_time", first_token.map(|at| at.to_string()));
    attributes.optional("langfuse.environment", fields.text("environment"));
    attributes.optional("langfuse.version", fields.text("version"));
    if let (Some(prompt), Some(version)) = (fields.text("promptName"), fields.number("promptVersion")) {
        let version = numbers.now(&prompt, version as u32);
        attributes.text("langfuse.observation.prompt.name", &prompt);
        attributes.0.push(
            json!({ "key": "langfuse.observation.prompt.version", "value": { "intValue": version.to_string() } }),
        );
    }
    attributes.metadata("langfuse.observation.metadata", fields.object("metadata"));
    let id = span_id(&old);
    if id != old {
        attributes.text("langfuse.observation.metadata.imported_id", &old);
    }
    Ok(json!({
        "traceId": trace_id(&old_trace),
        "spanId": id,
        "parentSpanId": parent,
        "name": name,
        "startTimeUnixNano": start.0.to_string(),
        "endTimeUnixNano": end.0.to_string(),
        "attributes": attributes.0,
    }))
}

fn root_of(old_trace: &str) -> String {
    span_id(&format!("the root of {old_trace}"))
}

/// `usageDetails`, else the older `usage` and the flat columns of exports.
fn usage(fields: &mut Fields) -> Map<String, Value> {
    let details = numbers_in(fields.object("usageDetails"));
    let older = numbers_in(fields.object("usage"));
    let flat = [("input", "promptTokens"), ("output", "completionTokens"), ("total", "totalTokens")];
    let flat = flat.map(|(name, column)| (name, fields.number(column)));
    first_of([details, older, flat_map(flat)])
}

/// `costDetails`, else the columns of older exports.
fn cost(fields: &mut Fields) -> Map<String, Value> {
    let details = numbers_in(fields.object("costDetails"));
    let flat = [("input", "calculatedInputCost"), ("output", "calculatedOutputCost"), ("total", "calculatedTotalCost")];
    let flat = flat.map(|(name, column)| (name, fields.number(column)));
    let total = fields.number("totalCost").map(|total| ("total", Some(total)));
    first_of([details, flat_map(flat), flat_map(total)])
}

fn flat_map<'a>(numbers: impl IntoIterator<Item = (&'a str, Option<f64>)>) -> Map<String, Value> {
    let there = numbers.into_iter().filter_map(|(name, number)| Some((name.to_owned(), number_value(number?))));
    there.filter(|(_, value)| value.as_f64() != Some(0.0)).collect()
}

/// Only the numbers of an object, also where they are written as text.
fn numbers_in(fields: Map<String, Value>) -> Map<String, Value> {
    let number = |value: Value| match value {
        Value::String(text) => text.parse::<f64>().ok().map(number_value),
        Value::Number(_) => Some(value),
        _ => None,
    };
    fields.into_iter().filter_map(|(name, value)| Some((name, number(value)?))).collect()
}

/// Whole numbers stay whole: token counts are integers.
fn number_value(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { Value::from(number as i64) } else { Value::from(number) }
}

fn first_of<const N: usize>(all: [Map<String, Value>; N]) -> Map<String, Value> {
    all.into_iter().find(|map| !map.is_empty()).unwrap_or_default()
}

/// OTLP attributes.
#[derive(Default)]
struct Attributes(Vec<Value>);

impl Attributes {
    fn text(&mut self, key: &str, text: &str) {
        self.0.push(json!({ "key": key, "value": { "stringValue": text } }));
    }

    fn flag(&mut self, key: &str) {
        self.0.push(json!({ "key": key, "value": { "boolValue": true } }));
    }

    fn optional(&mut self, key: &str, text: Option<String>) {
        if let Some(text) = text {
            self.text(key, &text);
        }
    }

    /// A text as it is, anything else as JSON.
    fn content(&mut self, key: &str, value: Option<Value>) {
        match value {
            Some(Value::String(text)) => self.text(key, &text),
            Some(other) => self.text(key, &other.to_string()),
            None => {}
        }
    }

    fn object(&mut self, key: &str, fields: Map<String, Value>) {
        if !fields.is_empty() {
            self.text(key, &Value::Object(fields).to_string());
        }
    }

    fn metadata(&mut self, prefix: &str, fields: Map<String, Value>) {
        for (name, value) in fields {
            self.content(&format!("{prefix}.{name}"), Some(value));
        }
    }
}
