//! What a record is, and its fields under one spelling.

use domain::time::TimeNs;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// A record by what it describes; fields in camelCase, as Langfuse's API spells them.
#[derive(Debug, PartialEq)]
pub(super) enum Record {
    Prompt(Fields),
    Trace(Fields),
    Observation(Fields),
    Score(Fields),
}

impl Record {
    /// Recognises a record by the list it stands in, by its `kind`, or by its fields.
    pub(super) fn of(fields: Map<String, Value>, list: Option<&str>) -> Result<Self, String> {
        let mut fields = Fields::new(fields);
        let kind = fields.text("kind");
        let named = kind.as_deref().or(list).unwrap_or_default();
        match named.trim_end_matches('s') {
            "prompt" => return Ok(Self::Prompt(fields)),
            "trace" => return Ok(Self::Trace(fields)),
            "observation" | "generation" | "span" | "event" => return Ok(Self::Observation(fields)),
            "score" => return Ok(Self::Score(fields)),
            _ => {}
        }
        let has = |name: &str| fields.0.contains_key(name);
        if has("prompt") && has("name") && !has("traceId") {
            Ok(Self::Prompt(fields))
        } else if has("startTime") {
            Ok(Self::Observation(fields))
        } else if has("name") && (has("value") || has("stringValue")) {
            Ok(Self::Score(fields))
        } else if has("timestamp") && has("id") {
            Ok(Self::Trace(fields))
        } else {
            Err("it is no prompt (`name`, `prompt`), trace (`id`, `timestamp`), observation (`startTime`) or score \
                 (`name`, `value`); `kind` may say which it is"
                .to_owned())
        }
    }
}

/// A record's fields. Empty texts and nulls are as good as absent.
#[derive(Debug, PartialEq)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    fn new(fields: Map<String, Value>) -> Self {
        let there = fields.into_iter().filter(|(_, value)| !value.is_null() && value.as_str() != Some(""));
        Self(there.map(|(name, value)| (camel_case(&name), value)).collect())
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name)
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name).map(|value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }

    pub(super) fn required(&mut self, name: &str) -> Result<String, String> {
        self.text(name).ok_or_else(|| format!("`{name}` is missing"))
    }

    /// A value that may be written as JSON in a text, as CSV and some exports do.
    pub(super) fn structure(&mut self, name: &str) -> Option<Value> {
        self.take(name).map(|value| match value {
            Value::String(text) if text.starts_with(['{', '[', '"']) => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            other => other,
        })
    }

    pub(super) fn object(&mut self, name: &str) -> Map<String, Value> {
        match self.structure(name) {
            Some(Value::Object(fields)) => fields,
            Some(other) => Map::from_iter([("value".to_owned(), other)]),
            None => Map::new(),
        }
    }

    pub(super) fn words(&mut self, name: &str) -> Vec<String> {
        match self.structure(name) {
            Some(Value::Array(words)) => {
                words.into_iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
            }
            Some(Value::String(words)) => words.split(',').map(|word| word.trim().to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        match self.take(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A time; one without a zone is UTC, as ClickHouse writes it.
    pub(super) fn time(&mut self, name: &str) -> Result<Option<TimeNs>, String> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let zoned = || format!("{}Z", text.trim().replacen(' ', "T", 1));
        let read = text.trim().parse().or_else(|wrong: domain::Invalid| zoned().parse().map_err(|_| wrong));
        read.map(Some).map_err(|wrong| format!("`{name}`: {wrong}"))
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.trim().split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    camel
}

/// A trace id of 32 hex digits: the old one where it is one or a UUID, else the start of its SHA-256.
pub(super) fn trace_id(old: &str) -> String {
    hex_id(old, 32)
}

/// A span id of 16 hex digits, likewise.
pub(super) fn span_id(old: &str) -> String {
    hex_id(old, 16)
}

fn hex_id(old: &str, digits: usize) -> String {
    let plain: String = old.trim().replace('-', "").to_ascii_lowercase();
    let is_hex = plain.len() == digits && plain.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && plain.bytes().any(|byte| byte != b'0') {
        return plain;
    }
    hex(&Sha256::digest(old.trim().as_bytes()), digits)
}

fn hex(bytes: &[u8], digits: usize) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten().take(digits).collect()
}

/// A score as `POST /api/public/scores` takes it.
pub(super) fn score(mut fields: Fields) -> Value {
    let trace = fields.text("traceId");
    let value = score_value(&mut fields);
    let mut score = Map::new();
    if let Some(span) = fields.text("observationId") {
        score.insert("observationId".into(), span_id(&span).into());
    }
    if let Some(trace) = &trace {
        score.insert("traceId".into(), trace_id(trace).into());
    }
    for name in ["metadata", "dataType", "comment", "sessionId", "environment", "configId"] {
        let value = if name == "metadata" { fields.structure(name) } else { fields.text(name).map(Value::from) };
        score.extend(value.map(|value| (name.to_owned(), value)));
    }
    let at = fields.time("timestamp").ok().flatten();
    score.extend(at.map(|at| ("timestamp".to_owned(), Value::from(at.to_string()))));
    score.extend(value.map(|value| ("value".to_owned(), value)));
    let name = fields.text("name").unwrap_or_default();
    // Without an id, the same score of the same file has the same one again.
    let id = fields.text("id").unwrap_or_else(|| {
        let about = Value::Object(score.clone()).to_string();
        hex(&Sha256::digest(format!("{name}\n{about}").as_bytes()), 32)
    });
    score.insert("id".into(), id.into());
    score.insert("name".into(), name.into());
    Value::Object(score)
}

/// Langfuse keeps categories in `stringValue`; CSV has numbers as text.
fn score_value(fields: &mut Fields) -> Option<Value> {
    let said = fields.take("stringValue");
    let number = fields.take("value").map(|value| match value {
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) => Value::from(number),
            Err(_) => Value::String(text),
        },
        other => other,
    });
    let worded = matches!(fields.0.get("dataType").and_then(Value::as_str), Some("CATEGORICAL" | "TEXT"));
    if worded { said.or(number) } else { number.or(said) }
}

#[cfg(test)]
mod tests {
    use domain::ids::TraceId;
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn records_are_told_apart_by_their_fields_in_either_spelling() {
        let kind = |value: Value| match Record::of(fields(value), None) {
            Ok(Record::Prompt(_)) => "prompt",
            Ok(Record::Trace(_)) => "trace",
            Ok(Record::Observation(_)) => "observation",
            Ok(Record::Score(_)) => "score",
            Err(_) => "none",
        };
        assert_eq!(kind(json!({"name": "a", "prompt": "Hi", "version": 1})), "prompt");
        assert_eq!(kind(json!({"id": "1", "timestamp": "2026-01-01T00:00:00Z"})), "trace");
        assert_eq!(kind(json!({"id": "1", "trace_id": "2", "start_time": "2026-01-01 00:00:00"})), "observation");
        assert_eq!(kind(json!({"id": "1", "name": "ok", "value": 1, "timestamp": "2026-01-01T00:00:00Z"})), "score");
        assert_eq!(kind(json!({"name": "ok", "value": null})), "none");
        assert_eq!(kind(json!({"kind": "trace", "whatever": 1})), "trace");
    }

    #[test]
    fn ids_are_kept_where_they_can_be_and_the_same_again_where_not() {
        assert_eq!(trace_id("0AF7651916cd43dd8448eb211c80319c"), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(trace_id("0af76519-16cd-43dd-8448-eb211c80319c"), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(span_id("b7ad6b7169203331"), "b7ad6b7169203331");
        let made = trace_id("order 17");
        assert_eq!(made, trace_id("order 17"));
        assert!(made.parse::<TraceId>().is_ok());
        assert_ne!(span_id("a"), span_id("b"));
        assert!(trace_id(&"0".repeat(32)).parse::<TraceId>().is_ok(), "the zero id is no id");
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        let mut fields =
            Fields::new(fields(json!({"a": "2026-01-02 03:04:05.678", "b": "2026-01-02T03:04:05+01:00", "c": "?"})));
        assert_eq!(fields.time("a").unwrap().unwrap().to_string(), "2026-01-02T03:04:05.678000000Z");
        assert_eq!(fields.time("b").unwrap().unwrap().to_string(), "2026-01-02T02:04:05.000000000Z");
        assert!(fields.time("c").unwrap_err().starts_with("`c`"));
        assert_eq!(fields.time("d"), Ok(None));
    }
}
