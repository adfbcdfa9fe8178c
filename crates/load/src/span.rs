//! A span as it goes over the wire, in either encoding of OTLP.

use std::{borrow::Cow, fmt::Write as _};

use serde_json::{Value, json};

use crate::protobuf::Message;

/// What an attribute holds.
#[derive(Debug)]
pub(crate) enum Held<'a> {
    Text(Cow<'a, str>),
    Whole(u64),
}

impl<'a, T: Into<Cow<'a, str>>> From<T> for Held<'a> {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

/// A span.
#[derive(Debug)]
pub(crate) struct Span<'a> {
    pub(crate) trace_id: [u8; 16],
    pub(crate) id: [u8; 8],
    pub(crate) parent_id: Option<[u8; 8]>,
    pub(crate) name: &'static str,
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
    pub(crate) attributes: Vec<(&'static str, Held<'a>)>,
    /// What went wrong.
    pub(crate) error: Option<&'static str>,
}

impl Span<'_> {
    /// As protobuf.
    pub(crate) fn write(&self, span: &mut Message) {
        span.bytes(1, &self.trace_id).bytes(2, &self.id);
        if let Some(parent) = &self.parent_id {
            span.bytes(4, parent);
        }
        span.bytes(5, self.name.as_bytes()).integer(6, 1);
        span.fixed64(7, self.start_ns).fixed64(8, self.end_ns);
        for (key, held) in &self.attributes {
            attribute(span, 9, key, held);
        }
        if let Some(error) = self.error {
            span.message(15, |status| {
                status.bytes(2, error.as_bytes()).integer(3, 2);
            });
        }
    }

    /// As JSON: ids in hexadecimal, 64-bit numbers as texts.
    pub(crate) fn to_json(&self) -> Value {
        let attributes: Vec<Value> = self.attributes.iter().map(|(key, held)| pair(key, held)).collect();
        let mut span = json!({
            "traceId": hexadecimal(&self.trace_id),
            "spanId": hexadecimal(&self.id),
            "name": self.name,
            "kind": 1,
            "startTimeUnixNano": self.start_ns.to_string(),
            "endTimeUnixNano": self.end_ns.to_string(),
            "attributes": attributes,
        });
        if let (Some(parent), Some(fields)) = (&self.parent_id, span.as_object_mut()) {
            fields.insert("parentSpanId".to_owned(), hexadecimal(parent).into());
        }
        if let (Some(error), Some(fields)) = (self.error, span.as_object_mut()) {
            fields.insert("status".to_owned(), json!({"code": 2, "message": error}));
        }
        span
    }
}

/// An attribute as protobuf, in this field.
pub(crate) fn attribute(message: &mut Message, field: u32, key: &str, held: &Held<'_>) {
    message.message(field, |attribute| {
        attribute.bytes(1, key.as_bytes()).message(2, |any| {
            match held {
                Held::Text(text) => any.bytes(1, text.as_bytes()),
                Held::Whole(number) => any.integer(3, *number),
            };
        });
    });
}

/// An attribute as JSON.
pub(crate) fn pair(key: &str, held: &Held<'_>) -> Value {
    let value = match held {
        Held::Text(text) => json!({ "stringValue": text }),
        Held::Whole(number) => json!({ "intValue": number.to_string() }),
    };
    json!({"key": key, "value": value})
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span() -> Span<'static> {
        Span {
            trace_id: [1; 16],
            id: [2; 8],
            parent_id: Some([3; 8]),
            name: "answer",
            start_ns: 1_800_000_000_000_000_000,
            end_ns: 1_800_000_000_000_000_001,
            attributes: vec![("user.id", "user-7".into()), ("version", Held::Whole(300))],
            error: Some("late"),
        }
    }

    #[test]
    fn json_is_written_as_the_specification_has_it() {
        let expected = json!({
            "traceId": "01010101010101010101010101010101", "spanId": "0202020202020202", "parentSpanId": "0303030303030303",
            "name": "answer", "kind": 1,
            "startTimeUnixNano": "1800000000000000000", "endTimeUnixNano": "1800000000000000001",
            "attributes": [
                {"key": "user.id", "value": {"stringValue": "user-7"}}, {"key": "version", "value": {"intValue": "300"}},
            ],
            "status": {"code": 2, "message": "late"},
        });
        assert_eq!(span().to_json(), expected);
    }

    #[test]
    fn attributes_are_pairs_of_a_key_and_a_typed_value() {
        let mut message = Message::default();
        attribute(&mut message, 9, "v", &Held::Whole(300));
        assert_eq!(message.into_bytes(), b"\x4a\x08\x0a\x01v\x12\x03\x18\xac\x02");
    }
}
