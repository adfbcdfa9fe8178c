//! JSON as pages hold it. `serde_json` stays on the server: in a browser its reader alone would be a tenth of the code.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A JSON value. Numbers keep the digits they were sent with, objects their order.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum JsonValue {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<JsonValue>),
    /// An object.
    Object(Vec<(String, JsonValue)>),
}

/// Server only: drawn in the browser are values the server sent.
impl From<Value> for JsonValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(fields) => {
                Self::Object(fields.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
        }
    }
}

impl JsonValue {
    /// The value of a field; `None` for what is no object or has no such field.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(own, _)| own == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether there is nothing to see: `null`, an empty list or object.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::List(items) => items.is_empty(),
            Self::Object(fields) => fields.is_empty(),
            Self::Bool(_) | Self::Number(_) | Self::Text(_) => false,
        }
    }

    /// As JSON in one line.
    pub fn line(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, None);
        text
    }

    /// As JSON over several lines, two spaces a level.
    pub fn pretty(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, Some(0));
        text
    }

    /// `level` is the depth when lines are broken.
    fn write(&self, into: &mut String, level: Option<usize>) {
        match self {
            Self::Null => into.push_str("null"),
            Self::Bool(true) => into.push_str("true"),
            Self::Bool(false) => into.push_str("false"),
            Self::Number(digits) => into.push_str(digits),
            Self::Text(text) => quote(into, text),
            Self::List(items) => group(into, level, ['[', ']'], items.len(), |into, level, place| {
                if let Some(item) = items.get(place) {
                    item.write(into, level);
                }
            }),
            Self::Object(fields) => group(into, level, ['{', '}'], fields.len(), |into, level, place| {
                if let Some((name, value)) = fields.get(place) {
                    quote(into, name);
                    into.push_str(if level.is_some() { ": " } else { ":" });
                    value.write(into, level);
                }
            }),
        }
    }
}

fn group(
    into: &mut String,
    level: Option<usize>,
    [open, close]: [char; 2],
    count: usize,
    member: impl Fn(&mut String, Option<usize>, usize),
) {
    let inner = level.map(|level| level + 1).filter(|_| count > 0);
    into.push(open);
    for place in 0..count {
        if place > 0 {
            into.push(',');
        }
        break_line(into, inner);
        member(into, inner, place);
    }
    break_line(into, inner.and(level));
    into.push(close);
}

fn break_line(into: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        into.push('\n');
        for _ in 0..level {
            into.push_str("  ");
        }
    }
}

fn quote(into: &mut String, text: &str) {
    into.push('"');
    for letter in text.chars() {
        match letter {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            '\u{8}' => into.push_str("\\b"),
            '\u{c}' => into.push_str("\\f"),
            letter if letter < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(into, "\\u{:04x}", u32::from(letter));
            }
            letter => into.push(letter),
        }
    }
    into.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_written_as_serde_json_writes_it() {
        for value in [
            json!(null),
            json!([]),
            json!({}),
            json!([1, -2.5, 1e300, true, "a\"b\\c\n\t\u{1}\u{8}\u{c}\u{7f}é"]),
            json!({"a": {"b": [], "c": [[], {}, [null]]}, "é\"": "x"}),
        ] {
            let own = JsonValue::from(value.clone());
            assert_eq!(own.line(), value.to_string());
            assert_eq!(own.pretty(), serde_json::to_string_pretty(&value).unwrap());
        }
    }

    #[test]
    fn fields_are_found_and_kept_in_order() {
        let value = JsonValue::from(json!({"z": "text", "a": 1}));
        assert_eq!(value.get("z").and_then(JsonValue::as_text), Some("text"));
        assert_eq!(value.get("b"), None);
        assert_eq!(value.line(), r#"{"z":"text","a":1}"#);
        assert!(JsonValue::from(json!({})).is_empty() && !value.is_empty());
    }
}
