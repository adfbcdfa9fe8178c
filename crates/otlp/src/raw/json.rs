//! OTLP in JSON, as the specification writes it and as senders do: ids as hexadecimal in either case, 64-bit numbers as
//! numbers or texts, enums as numbers or names, `null` for what is not there, unknown fields.
//!
//! The frame is read in one pass that cuts out each span's text; spans are read one by one, attributes likewise, so damage
//! stays where it is.

use std::borrow::Cow;

use domain::ids::{SpanId, TraceId};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value, value::RawValue};

use super::{Any, Attribute, Event, Notes, RawScope, RawSpan, StatusCode, shown, value::Budget};
use crate::{DecodeError, intake::Intake, limits};

/// JSON levels an attribute of [`limits::DEPTH`] levels takes: `{"arrayValue":{"values":[` for each.
const JSON_DEPTH: usize = limits::DEPTH * 4 + 4;

#[derive(Deserialize)]
#[serde(expecting = "an object with `resourceSpans`")]
struct Request<'a> {
    #[serde(borrow, rename = "resourceSpans")]
    resource_spans: Option<Vec<Option<ResourceSpans<'a>>>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `scopeSpans`")]
struct ResourceSpans<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, rename = "scopeSpans")]
    scope_spans: Option<Vec<Option<ScopeSpans<'a>>>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `spans`")]
struct ScopeSpans<'a> {
    #[serde(borrow)]
    scope: Option<&'a RawValue>,
    #[serde(borrow)]
    spans: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `attributes`")]
pub(super) struct Resource<'a> {
    #[serde(borrow)]
    pub(super) attributes: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `name` and `version`")]
struct Scope<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with the fields of a span", rename_all = "camelCase")]
struct SpanText<'a> {
    #[serde(borrow)]
    trace_id: Option<&'a RawValue>,
    #[serde(borrow)]
    span_id: Option<&'a RawValue>,
    #[serde(borrow)]
    parent_span_id: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    start_time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow)]
    end_time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
    #[serde(borrow)]
    events: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `name` and `attributes`", rename_all = "camelCase")]
struct EventText<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `code` and `message`")]
struct Status<'a> {
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `key` and `value`")]
struct KeyValue<'a> {
    #[serde(borrow)]
    key: Option<Text<'a>>,
    #[serde(borrow)]
    value: Option<AnyValue<'a>>,
}

/// A pair whose value is read later, so that its key can name what is wrong with it.
#[derive(Deserialize)]
#[serde(expecting = "an object with `key` and `value`")]
struct RawKeyValue<'a> {
    #[serde(borrow)]
    key: Option<Text<'a>>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object such as `{\"stringValue\":\"…\"}`")]
pub(super) struct AnyValue<'a> {
    #[serde(borrow, rename = "stringValue")]
    text: Option<Text<'a>>,
    #[serde(borrow, rename = "boolValue")]
    boolean: Option<&'a RawValue>,
    #[serde(borrow, rename = "intValue")]
    whole: Option<&'a RawValue>,
    #[serde(borrow, rename = "doubleValue")]
    double: Option<&'a RawValue>,
    #[serde(borrow, rename = "arrayValue")]
    array: Option<&'a RawValue>,
    #[serde(borrow, rename = "kvlistValue")]
    map: Option<&'a RawValue>,
    #[serde(borrow, rename = "bytesValue")]
    bytes: Option<Text<'a>>,
}

/// A text, borrowed when nothing in it is escaped.
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }

        deserializer.deserialize_str(Visitor).map(Self)
    }
}

/// Hands every span of the request to `intake`.
pub(crate) fn read<'a>(body: &'a str, intake: &mut Intake<'_, 'a>) -> Result<(), DecodeError> {
    if body.trim_ascii_start().starts_with('[') {
        // serde would read the list as the fields in order.
        return Err(<serde_json::Error as de::Error>::custom("expected an object, not a list").into());
    }
    let request: Request<'a> = serde_json::from_str(body)?;
    let resource_spans = request.resource_spans.unwrap_or_default();
    let found = count_spans(&resource_spans);
    if found > limits::SPANS {
        return Err(DecodeError::TooManySpans { found, limit: limits::SPANS });
    }
    for resource_spans in resource_spans.into_iter().flatten() {
        let mut notes = Notes::default();
        let mut attributes = Vec::new();
        if let Some(raw) = resource_spans.resource {
            match serde_json::from_str::<Option<Resource<'a>>>(raw.get()) {
                Ok(resource) => {
                    let list = resource.and_then(|resource| resource.attributes);
                    attributes = list.map_or_else(Vec::new, |raw| read_attributes(raw, &mut notes, intake.budget()));
                }
                Err(error) => notes.add("resource", left_out(&error)),
            }
        }
        intake.resource(attributes, notes);
        for scope_spans in resource_spans.scope_spans.into_iter().flatten().flatten() {
            let scope = scope_spans.scope.and_then(|raw| serde_json::from_str::<Option<Scope<'a>>>(raw.get()).ok());
            let scope = scope.flatten().unwrap_or(Scope { name: None, version: None });
            intake.scope(&RawScope {
                name: scope.name.map_or(Cow::Borrowed(""), |text| text.0),
                version: scope.version.map_or(Cow::Borrowed(""), |text| text.0),
            });
            for raw in scope_spans.spans.into_iter().flatten() {
                let mut span = RawSpan::new();
                match read_span(raw, &mut span, intake.budget()) {
                    Ok(()) => intake.span(span),
                    Err(reason) => intake.damaged(&span, reason),
                }
            }
        }
    }
    Ok(())
}

fn count_spans(resource_spans: &[Option<ResourceSpans<'_>>]) -> usize {
    let scopes = resource_spans.iter().flatten().filter_map(|resource| resource.scope_spans.as_ref()).flatten();
    scopes.flatten().filter_map(|scope| scope.spans.as_ref()).map(Vec::len).sum()
}

/// serde_json's message without the position, which would be one within a cut-out text.
pub(super) fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.split(" at line ").next().unwrap_or(&message).to_owned()
}

pub(super) fn left_out(error: &serde_json::Error) -> String {
    format!("left out: {}", reason(error))
}

pub(super) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// Fills in `out`; on damage it holds what was readable before.
fn read_span<'a>(raw: &'a RawValue, out: &mut RawSpan<'a>, budget: &Budget) -> Result<(), String> {
    if raw.get().starts_with('[') {
        // serde would read the list as the fields in order.
        return Err("a span is an object, not a list".to_owned());
    }
    let span: SpanText<'a> = serde_json::from_str(raw.get()).map_err(|error| reason(&error))?;
    if let Some(id) = span.trace_id.and_then(text_of) {
        out.trace_id = id.parse::<TraceId>();
    }
    if let Some(id) = span.span_id.and_then(text_of) {
        out.span_id = id.parse::<SpanId>();
    }
    // Roots are sent without a parent, with an empty one, or with zeros.
    let parent = span.parent_span_id.and_then(text_of).filter(|id| !id.bytes().all(|byte| byte == b'0'));
    if let Some(parent) = parent {
        out.parent_id =
            parent.parse().map_err(|invalid| out.notes.add("parentSpanId", format!("left out: {invalid}"))).ok();
    }
    if let Some(raw) = span.name.filter(|raw| !is_null(raw)) {
        match text_of(raw) {
            Some(name) => out.name = name,
            None => out.notes.add("name", "left out: it is not a text"),
        }
    }
    let start = nanoseconds(span.start_time_unix_nano, "startTimeUnixNano");
    let end = nanoseconds(span.end_time_unix_nano, "endTimeUnixNano");
    (out.start_ns, out.end_ns) = (start?, end?);
    if let Some(raw) = span.attributes {
        out.attributes = read_attributes(raw, &mut out.notes, budget);
    }
    if let Some(raw) = span.events {
        read_events(raw, out, budget);
    }
    if let Some(raw) = span.status {
        match serde_json::from_str::<Option<Status<'a>>>(raw.get()) {
            Ok(Some(status)) => read_status(&status, out),
            Ok(None) => {}
            Err(error) => out.notes.add("status", left_out(&error)),
        }
    }
    Ok(())
}

fn read_status<'a>(status: &Status<'a>, out: &mut RawSpan<'a>) {
    if let Some(message) = status.message.and_then(text_of) {
        out.status_message = message;
    }
    let Some(raw) = status.code.filter(|raw| !is_null(raw)) else { return };
    let named = match text_of(raw).as_deref() {
        Some("STATUS_CODE_UNSET") => Some(StatusCode::Unset),
        Some("STATUS_CODE_OK") => Some(StatusCode::Ok),
        Some("STATUS_CODE_ERROR") => Some(StatusCode::Error),
        _ => None,
    };
    match named.or_else(|| unsigned(raw.get()).map(StatusCode::from_number)) {
        Some(code) => out.status = code,
        None => out.notes.add("status.code", format!("left out: `{}` is not a status code", shown(raw.get()))),
    }
}

fn read_events<'a>(raw: &'a RawValue, out: &mut RawSpan<'a>, budget: &Budget) {
    let list = match serde_json::from_str::<Option<Vec<&'a RawValue>>>(raw.get()) {
        Ok(list) => list.unwrap_or_default(),
        Err(error) => return out.notes.add("events", left_out(&error)),
    };
    if list.len() > limits::EVENTS {
        out.notes.add("events", format!("left out: a span has at most {} events", limits::EVENTS));
    }
    for raw in list.into_iter().take(limits::EVENTS) {
        match serde_json::from_str::<EventText<'a>>(raw.get()) {
            Ok(event) => {
                let list = event.attributes;
                let attributes = list.map_or_else(Vec::new, |raw| read_attributes(raw, &mut out.notes, budget));
                let name = event.name.map_or(Cow::Borrowed(""), |text| text.0);
                let at_ns = nanoseconds(event.time_unix_nano, "timeUnixNano").unwrap_or(0);
                out.events.push(Event { name, at_ns, attributes });
            }
            Err(error) => out.notes.add("events", left_out(&error)),
        }
    }
}

/// Reads a list of attributes: all at once, or one by one when something in it is not as it should be.
pub(super) fn read_attributes<'a>(raw: &'a RawValue, notes: &mut Notes, budget: &Budget) -> Vec<Attribute<'a>> {
    let mut gather = Gather { attributes: Vec::new(), beyond: 0, notes, budget };
    if let Ok(Some(pairs)) = serde_json::from_str::<Option<Vec<KeyValue<'a>>>>(raw.get()) {
        gather.attributes.reserve(pairs.len().min(limits::ATTRIBUTES));
        for pair in pairs {
            gather.add(pair.key, Ok(pair.value));
        }
        return gather.finish();
    }
    match serde_json::from_str::<Option<Vec<&'a RawValue>>>(raw.get()) {
        Ok(list) => {
            for raw in list.unwrap_or_default() {
                gather.add_raw(raw);
            }
        }
        Err(error) => gather.notes.add("attributes", left_out(&error)),
    }
    gather.finish()
}

/// Collects attributes up to the limit and counts the rest.
struct Gather<'a, 'n> {
    attributes: Vec<Attribute<'a>>,
    beyond: usize,
    notes: &'n mut Notes,
    budget: &'n Budget,
}

impl<'a> Gather<'a, '_> {
    fn add_raw(&mut self, raw: &'a RawValue) {
        match serde_json::from_str::<RawKeyValue<'a>>(raw.get()) {
            Ok(pair) => {
                let value = pair.value.map(|raw| serde_json::from_str(raw.get())).transpose();
                self.add(pair.key, value.map(Option::flatten).map_err(|error| reason(&error)));
            }
            Err(error) => self.notes.add("attributes", left_out(&error)),
        }
    }

    fn add(&mut self, key: Option<Text<'a>>, value: Result<Option<AnyValue<'a>>, String>) {
        if self.attributes.len() >= limits::ATTRIBUTES {
            self.beyond += 1;
            return;
        }
        let Some(Text(key)) = key.filter(|key| !key.0.is_empty()) else {
            self.notes.add("attributes", "left out: it has no key");
            return;
        };
        if key.len() > limits::KEY_BYTES {
            self.notes.add(&key, format!("left out: its key has more than {} bytes", limits::KEY_BYTES));
            return;
        }
        match value.and_then(|value| value.map_or(Ok(None), |value| read_any(value, self.budget))) {
            Ok(value) => self.attributes.extend(value.map(|value| Attribute { key, value })),
            Err(reason) => self.notes.add(&key, format!("left out: {reason}")),
        }
    }

    fn finish(self) -> Vec<Attribute<'a>> {
        if self.beyond > 0 {
            let (limit, beyond) = (limits::ATTRIBUTES, self.beyond);
            self.notes.add("attributes", format!("{beyond} left out: at most {limit} are read"));
        }
        self.attributes
    }
}

/// The value of an attribute; `None` when the sender left it unset.
pub(super) fn read_any<'a>(any: AnyValue<'a>, budget: &Budget) -> Result<Option<Any<'a>>, String> {
    if !budget.spend() {
        return Err("the request holds too many values".to_owned());
    }
    if let Some(Text(text)) = any.text {
        return Ok(Some(Any::Text(text)));
    }
    if let Some(Text(text)) = any.bytes {
        return Ok(Some(Any::Json(Value::String(text.into_owned()))));
    }
    for (kind, raw) in [("boolValue", any.boolean), ("intValue", any.whole), ("doubleValue", any.double)] {
        if let Some(raw) = raw {
            let value = budget.parse(raw.get(), 1).map_err(|error| reason(&error))?;
            return scalar(kind, &value).map(|value| Some(Any::Json(value)));
        }
    }
    for (kind, raw) in [("arrayValue", any.array), ("kvlistValue", any.map)] {
        if let Some(raw) = raw {
            let value = budget.parse(raw.get(), JSON_DEPTH).map_err(|error| reason(&error))?;
            return nested_content(kind, value, limits::DEPTH - 1).map(|value| Some(Any::Json(value)));
        }
    }
    Ok(None)
}

fn nested_content(kind: &str, content: Value, depth: usize) -> Result<Value, String> {
    let values = match content {
        Value::Object(mut content) => match content.remove("values") {
            Some(Value::Array(values)) => values,
            None | Some(Value::Null) => Vec::new(),
            Some(other) => return Err(format!("the values of `{kind}` are `{}`, not an array", short(&other))),
        },
        other => return Err(format!("`{kind}` is `{}`, not an object with `values`", short(&other))),
    };
    if kind == "arrayValue" {
        return values.into_iter().map(|value| nested(value, depth)).collect::<Result<_, _>>().map(Value::Array);
    }
    let mut map = Map::new();
    for pair in values {
        let Value::Object(mut pair) = pair else {
            return Err(format!("`{}` is not a key and value", short(&pair)));
        };
        let Some(Value::String(key)) = pair.remove("key") else {
            return Err("a key in it is not a text".to_owned());
        };
        let value = pair.remove("value").unwrap_or_default();
        map.insert(key, nested(value, depth)?);
    }
    Ok(Value::Object(map))
}

/// An `AnyValue` inside another.
fn nested(value: Value, depth: usize) -> Result<Value, String> {
    let Value::Object(any) = value else {
        return if value.is_null() { Ok(value) } else { Err(format!("`{}` is not a value object", short(&value))) };
    };
    for (kind, content) in any {
        if content.is_null() {
            continue;
        }
        match kind.as_str() {
            "stringValue" | "bytesValue" | "boolValue" | "intValue" | "doubleValue" => return scalar(&kind, &content),
            "arrayValue" | "kvlistValue" => {
                let deeper =
                    depth.checked_sub(1).ok_or_else(|| format!("it nests deeper than {} levels", limits::DEPTH))?;
                return nested_content(&kind, content, deeper);
            }
            _ => {}
        }
    }
    Ok(Value::Null)
}

fn scalar(kind: &str, content: &Value) -> Result<Value, String> {
    let text = content.as_str();
    let read = match kind {
        "stringValue" | "bytesValue" => text.map(Value::from),
        "boolValue" => content.as_bool().or_else(|| text?.parse().ok()).map(Value::from),
        "intValue" => whole(content).or_else(|| text?.parse::<i64>().ok()).map(Value::from),
        // Rust reads the words `NaN`, `Infinity` and `-Infinity` too.
        _ => content.as_f64().or_else(|| text?.parse().ok()).map(Any::double),
    };
    read.ok_or_else(|| format!("`{}` is not a valid `{kind}`", short(content)))
}

/// A whole number, also when written as `3.0`.
fn whole(content: &Value) -> Option<i64> {
    content.as_i64().or_else(|| {
        let number = content.as_f64()?;
        (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
    })
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::Array(_) => "[…]".to_owned(),
        Value::Object(_) => "{…}".to_owned(),
        other => other.to_string(),
    };
    shown(text.trim_matches('"')).to_owned()
}

pub(super) fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Option<Text<'_>>>(raw.get()).ok().flatten().map(|text| text.0)
}

/// A time; 0 when the sender left it unset.
pub(super) fn nanoseconds(raw: Option<&RawValue>, field: &str) -> Result<u64, String> {
    let Some(raw) = raw.filter(|raw| !is_null(raw)) else { return Ok(0) };
    let text = raw.get().trim_matches('"');
    text.parse().map_err(|_| format!("`{field}` is `{}`; it is written as whole nanoseconds since 1970", shown(text)))
}

/// A number or a text of digits.
fn unsigned(json: &str) -> Option<u64> {
    json.trim_matches('"').parse().ok()
}
