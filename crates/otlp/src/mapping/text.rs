//! How texts become JSON. SDKs send a text as it is and anything else as JSON text, so a text that looks like JSON cannot
//! be told from JSON; what is done about it differs by attribute and sender.

use serde_json::Value;

use crate::{
    limits,
    raw::{Any, Attribute, value::Budget},
};

/// The greatest whole number a JavaScript number holds exactly.
const SAFE_INTEGER: u64 = (1 << 53) - 1;

/// How the sender writes metadata.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum MetadataText {
    /// Texts raw, structures as JSON, numbers native: Python SDKs of generation 3, ABV, and everyone else.
    #[default]
    Plain,
    /// Every value as JSON, texts too: Langfuse Python from 5 on.
    Json,
    /// Texts raw, everything else as JSON: the JavaScript SDKs.
    JavaScript,
}

impl MetadataText {
    pub(crate) fn decode(self, value: Any<'_>, budget: &Budget) -> Value {
        let Any::Text(text) = value else { return value.into_value() };
        let decoded = match self {
            Self::Plain => structure(&text, budget),
            Self::Json => budget.parse(&text, limits::DEPTH).ok(),
            Self::JavaScript => structure(&text, budget).or_else(|| scalar(&text, Number::JavaScript)),
        };
        decoded.unwrap_or_else(|| Value::String(text.into_owned()))
    }
}

/// Input or output: structures, numbers, booleans and `null` are read, anything else is the text itself. A quoted text
/// stays quoted: the SDKs never encode a text, so the quotes are its own.
pub(crate) fn payload(value: Any<'_>, budget: &Budget) -> Value {
    let Any::Text(text) = value else { return value.into_value() };
    structure(&text, budget).or_else(|| scalar(&text, Number::Any)).unwrap_or_else(|| Value::String(text.into_owned()))
}

/// Text that is always JSON, as MLflow writes it.
pub(crate) fn json(value: Any<'_>, budget: &Budget) -> Value {
    let Any::Text(text) = value else { return value.into_value() };
    budget.parse(&text, limits::DEPTH).unwrap_or_else(|_| Value::String(text.into_owned()))
}

/// Takes the quotes from texts of a span of MLflow, which writes every attribute as JSON, also those of other conventions. Its
/// own are read as JSON where they are used.
pub(crate) fn unquote_mlflow(attributes: &mut [Attribute<'_>]) {
    if !attributes.iter().any(|attribute| attribute.key.starts_with("mlflow.")) {
        return;
    }
    for Attribute { key, value } in attributes {
        if let Any::Text(text) = value
            && text.starts_with('"')
            && !key.starts_with("mlflow.")
            && let Ok(inner) = serde_json::from_str::<String>(text)
        {
            *value = Any::Text(inner.into());
        }
    }
}

/// The object or array a text is.
pub(crate) fn structure(text: &str, budget: &Budget) -> Option<Value> {
    let first = text.trim_start().bytes().next()?;
    if first != b'{' && first != b'[' {
        return None;
    }
    budget.parse(text, limits::DEPTH).ok()
}

/// Whose way of writing numbers a text must follow to be one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Number {
    /// JavaScript writes `1` for what Python writes as `1.0`.
    JavaScript,
    Any,
}

/// The boolean, null or number a text is, when written exactly as an encoder would: `007`, `1.50` and whole numbers
/// beyond what JavaScript holds stay texts, so nothing is lost.
fn scalar(text: &str, writer: Number) -> Option<Value> {
    match text {
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        "null" => return Some(Value::Null),
        _ => {}
    }
    let first = text.bytes().next()?;
    if text.len() > 32 || !(first == b'-' || first.is_ascii_digit()) {
        return None;
    }
    let number: serde_json::Number = serde_json::from_str(text).ok()?;
    if let Some(whole) = number.as_i64() {
        return (whole.unsigned_abs() <= SAFE_INTEGER && whole.to_string() == text).then(|| Value::from(whole));
    }
    let float = number.as_f64().filter(|_| number.is_f64())?;
    let same =
        float.to_string() == text || (number.to_string() == text && (writer == Number::Any || float.fract() != 0.0));
    same.then_some(Value::Number(number))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::*;

    fn text(text: &str) -> Any<'_> {
        Any::Text(Cow::Borrowed(text))
    }

    #[test]
    fn metadata_is_decoded_as_its_sender_encodes_it() {
        use MetadataText::{JavaScript, Json, Plain};
        let budget = Budget::new(1000);
        for (sender, sent, expected) in [
            (Json, "\"x\"", json!("x")),
            (Json, "2", json!(2)),
            (Json, "true", json!(true)),
            (Json, "1.5", json!(1.5)),
            (Json, "{\"a\":[1]}", json!({"a": [1]})),
            (Json, "not json", json!("not json")),
            (Plain, "x", json!("x")),
            (Plain, "\"x\"", json!("\"x\"")),
            (Plain, "2", json!("2")),
            (Plain, "1.5", json!("1.5")),
            (Plain, "{\"a\": 1}", json!({"a": 1})),
            (Plain, "[1, 2]", json!([1, 2])),
            (Plain, "[draft]", json!("[draft]")),
            (JavaScript, "x", json!("x")),
            (JavaScript, "2", json!(2)),
            (JavaScript, "-2", json!(-2)),
            (JavaScript, "true", json!(true)),
            (JavaScript, "null", json!(null)),
            (JavaScript, "1.5", json!(1.5)),
            (JavaScript, "1.50", json!("1.50")),
            (JavaScript, "1.0", json!("1.0")),
            (JavaScript, "007", json!("007")),
            (JavaScript, "12345678901234567890", json!("12345678901234567890")),
            (JavaScript, "[1]", json!([1])),
        ] {
            assert_eq!(sender.decode(text(sent), &budget), expected, "{sender:?} {sent}");
        }
        assert_eq!(Plain.decode(Any::Json(json!(2)), &budget), json!(2));
    }

    #[test]
    fn payloads_keep_what_an_encoder_would_not_have_written() {
        let budget = Budget::new(1000);
        for (sent, expected) in [
            ("hi", json!("hi")),
            ("\"quoted\"", json!("\"quoted\"")),
            ("{\"q\":1}", json!({"q": 1})),
            (" [1] ", json!([1])),
            ("{broken", json!("{broken")),
            ("42", json!(42)),
            ("3.5", json!(3.5)),
            ("3.0", json!(3.0)),
            ("+42", json!("+42")),
            ("", json!("")),
        ] {
            assert_eq!(payload(text(sent), &budget), expected, "{sent}");
        }
    }

    #[test]
    fn a_text_that_would_unfold_beyond_the_budget_stays_text() {
        let many = format!("[{}0]", "0,".repeat(100));
        assert_eq!(payload(text(&many), &Budget::new(50)), json!(many));
    }
}
