//! By which attribute a project's generations are told apart beside the fixed dimensions.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Invalid, invalid::shown};

/// Longest value of a segment, in characters; the rest of a longer one is cut off.
const MAX_VALUE_CHARS: usize = 60;

/// The one attribute of a project whose values are its segments. In JSON it is a text: `metadata.KEY` (a key of the span's or
/// the trace's metadata), `tag.PREFIX` (the rest of the first tag, in sorted order, that begins with `PREFIX:`), `release` or
/// `version` (of the application).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum SegmentAttribute {
    /// A key of metadata. What the generation itself says counts, else what is said of its trace.
    Metadata(String),
    /// The rest of a tag that begins with this and a colon.
    Tag(String),
    /// The application's release.
    Release,
    /// The application's version.
    Version,
}

/// Where a span may say its segment.
#[derive(Clone, Copy, Debug)]
pub struct SegmentSource<'a> {
    /// Metadata of the span.
    pub metadata: &'a Map<String, Value>,
    /// Metadata of its trace, as far as this span says any.
    pub trace_metadata: &'a Map<String, Value>,
    /// Tags of its trace, likewise.
    pub tags: &'a [String],
    /// Release.
    pub release: Option<&'a str>,
    /// Version.
    pub version: Option<&'a str>,
}

/// A segment a span names, and for what.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The segment.
    pub value: String,
    /// Whether it speaks of its whole trace rather than of itself alone.
    pub of_trace: bool,
}

impl SegmentAttribute {
    /// What a span says. A word of metadata is a text, a number or a boolean; anything else says nothing.
    pub fn of(&self, source: &SegmentSource<'_>) -> Option<Said> {
        let said = |text: &str, of_trace: bool| {
            let value: String = text.trim().chars().take(MAX_VALUE_CHARS).collect();
            (!value.is_empty()).then_some(Said { value, of_trace })
        };
        match self {
            Self::Metadata(key) => {
                let own = source.metadata.get(key).and_then(word).and_then(|word| said(&word, false));
                own.or_else(|| said(&word(source.trace_metadata.get(key)?)?, true))
            }
            Self::Tag(prefix) => {
                let rest = |tag: &'_ String| Some(tag.strip_prefix(prefix.as_str())?.strip_prefix(':')?.to_owned());
                said(&source.tags.iter().filter_map(rest).min()?, true)
            }
            Self::Release => said(source.release?, true),
            Self::Version => said(source.version?, true),
        }
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl fmt::Display for SegmentAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metadata(key) => write!(f, "metadata.{key}"),
            Self::Tag(prefix) => write!(f, "tag.{prefix}"),
            Self::Release => f.write_str("release"),
            Self::Version => f.write_str("version"),
        }
    }
}

impl FromStr for SegmentAttribute {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fits = |key: &str| !key.is_empty() && key.chars().count() <= 100 && !key.chars().any(char::is_control);
        match (text, text.split_once('.')) {
            ("release", _) => Ok(Self::Release),
            ("version", _) => Ok(Self::Version),
            (_, Some(("metadata", key))) if fits(key) => Ok(Self::Metadata(key.to_owned())),
            (_, Some(("tag", prefix))) if fits(prefix) => Ok(Self::Tag(prefix.to_owned())),
            _ => Err(Invalid::new(format!(
                "`{}` is no attribute to segment by; use `metadata.KEY`, `tag.PREFIX`, `release` or `version`, with a key \
                 of at most 100 characters",
                shown(text)
            ))),
        }
    }
}

crate::as_text::as_text!(SegmentAttribute);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_span_speaks_for_itself_before_it_speaks_for_its_trace() {
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        let (own, of_trace) = (map(json!({"plan": "pro", "deep": {"a": 1}})), map(json!({"plan": "free", "n": 7})));
        let tags = ["plan:z".to_owned(), "plan:gold".to_owned(), "planet:x".to_owned()];
        let source = SegmentSource {
            metadata: &own,
            trace_metadata: &of_trace,
            tags: &tags,
            release: Some(" 1.2 "),
            version: None,
        };
        let of = |text: &str| text.parse::<SegmentAttribute>().unwrap().of(&source);
        let said = |value: &str, of_trace| Some(Said { value: value.to_owned(), of_trace });
        assert_eq!(of("metadata.plan"), said("pro", false));
        assert_eq!(of("metadata.n"), said("7", true));
        assert_eq!(of("metadata.deep"), None);
        assert_eq!(of("tag.plan"), said("gold", true));
        assert_eq!(of("release"), said("1.2", true));
        assert_eq!(of("version"), None);
        for wrong in ["", "metadata", "metadata.", "user.id", "Release"] {
            assert!(wrong.parse::<SegmentAttribute>().is_err(), "{wrong}");
        }
    }
}
