//! A span as it came over the wire, before it means anything. Texts are borrowed from the body wherever they stand in it
//! as they are.

pub(crate) mod json;
pub(crate) mod json_logs;
mod nan;
pub(crate) mod protobuf;
pub(crate) mod protobuf_logs;
pub(crate) mod value;
mod wire;

use std::borrow::Cow;

pub(crate) use nan::bare_numbers;

use domain::{
    Invalid,
    ids::{SpanId, TraceId},
};
use serde_json::Value;

/// The value of an attribute. Texts stay apart from everything else because SDKs put JSON into them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Any<'a> {
    /// A string as sent.
    Text(Cow<'a, str>),
    /// Any other value as JSON: bytes as base64, numbers that JSON lacks as `NaN`, `Infinity`, `-Infinity`.
    Json(Value),
}

impl Any<'_> {
    /// As JSON; a text is a JSON string.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.into_owned()),
            Self::Json(value) => value,
        }
    }

    /// Whether nothing was said.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Json(value) => value.is_null(),
        }
    }

    /// A double; JSON has no `NaN` and no infinity, so these become the words protobuf's JSON mapping gives them.
    pub(crate) fn double(number: f64) -> Value {
        serde_json::Number::from_f64(number).map_or_else(
            || {
                let word = if number.is_nan() {
                    "NaN"
                } else if number > 0.0 {
                    "Infinity"
                } else {
                    "-Infinity"
                };
                Value::String(word.to_owned())
            },
            Value::Number,
        )
    }
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) value: Any<'a>,
}

/// Something that happened during a span.
#[derive(Debug, PartialEq)]
pub(crate) struct Event<'a> {
    pub(crate) name: Cow<'a, str>,
    /// Nanoseconds since 1970; 0 when it does not say.
    pub(crate) at_ns: u64,
    pub(crate) attributes: Vec<Attribute<'a>>,
}

/// A log record with its parts read but not yet understood.
#[derive(Debug)]
pub(crate) struct RawLog<'a> {
    pub(crate) trace_id: Result<TraceId, Invalid>,
    pub(crate) span_id: Result<SpanId, Invalid>,
    /// When it happened, else when it was seen; 0 when neither is said.
    pub(crate) at_ns: u64,
    /// What kind of event it is; empty when it does not say.
    pub(crate) event: Cow<'a, str>,
    pub(crate) body: Option<Any<'a>>,
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) notes: Notes,
}

impl RawLog<'_> {
    pub(crate) fn new() -> Self {
        Self {
            trace_id: Err(Invalid::new("it has no trace id")),
            span_id: Err(Invalid::new("it has no span id")),
            at_ns: 0,
            event: Cow::Borrowed(""),
            body: None,
            attributes: Vec::new(),
            notes: Notes::default(),
        }
    }

    /// Its ids, as far as they could be read.
    pub(crate) fn ids(&self) -> (Option<TraceId>, Option<SpanId>) {
        (self.trace_id.as_ref().ok().copied(), self.span_id.as_ref().ok().copied())
    }
}

/// How a span says it went.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum StatusCode {
    #[default]
    Unset,
    Ok,
    Error,
}

impl StatusCode {
    pub(crate) fn from_number(number: u64) -> Self {
        match number {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }
}

/// Something lost or changed while reading, for the warnings.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Note {
    pub(crate) attribute: Option<String>,
    pub(crate) reason: String,
}

/// What to tell about things lost or changed while reading one span.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    pub(crate) fn add(&mut self, attribute: &str, reason: impl Into<String>) {
        self.0.push(Note { attribute: Some(shown(attribute).to_owned()), reason: reason.into() });
    }

    pub(crate) fn into_vec(self) -> Vec<Note> {
        self.0
    }
}

/// Cuts a sender's text for use in a message.
pub(crate) fn shown(text: &str) -> &str {
    text.char_indices().nth(60).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// A span with its parts read but not yet understood.
#[derive(Debug)]
pub(crate) struct RawSpan<'a> {
    pub(crate) trace_id: Result<TraceId, Invalid>,
    pub(crate) span_id: Result<SpanId, Invalid>,
    pub(crate) parent_id: Option<SpanId>,
    pub(crate) name: Cow<'a, str>,
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) events: Vec<Event<'a>>,
    pub(crate) status: StatusCode,
    pub(crate) status_message: Cow<'a, str>,
    pub(crate) notes: Notes,
}

impl RawSpan<'_> {
    pub(crate) fn new() -> Self {
        Self {
            trace_id: Err(Invalid::new("it has no trace id")),
            span_id: Err(Invalid::new("it has no span id")),
            parent_id: None,
            name: Cow::Borrowed(""),
            start_ns: 0,
            end_ns: 0,
            attributes: Vec::new(),
            events: Vec::new(),
            status: StatusCode::Unset,
            status_message: Cow::Borrowed(""),
            notes: Notes::default(),
        }
    }

    /// Its ids, as far as they could be read.
    pub(crate) fn ids(&self) -> (Option<TraceId>, Option<SpanId>) {
        (self.trace_id.as_ref().ok().copied(), self.span_id.as_ref().ok().copied())
    }
}

/// The instrumentation around spans. Its attributes are never read: ABV puts the secret key there.
#[derive(Debug, Default)]
pub(crate) struct RawScope<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) version: Cow<'a, str>,
}
