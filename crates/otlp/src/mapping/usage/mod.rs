//! Tokens: the sender's own numbers, and what they mean.
//!
//! Providers disagree on whether the cached part of the input (and the reasoning part of the output) is counted inside
//! the whole or beside it. The rule, in this order:
//!
//! 1. A reported total decides when exactly one reading adds up to it.
//! 2. Otherwise the keys decide ([`keys`]). Inside: OpenAI's `prompt_tokens` and `completion_tokens` with anything, every
//!    nested `…_details`, the OpenTelemetry GenAI and OpenInference attributes. Beside: Anthropic's `input_tokens` and
//!    Langfuse's `input` with flat keys such as `cache_read_input_tokens`.
//! 3. A part greater than its whole lies beside it whatever the keys say.
//!
//! What a total counts beyond all that is `other`. Keys are read in any of `snake_case`, `camelCase` and nested.

mod buckets;
mod keys;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::trace::Usage;
use serde_json::Value;

use crate::{
    limits,
    raw::{Notes, shown},
};

/// Whose convention the numbers follow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Convention {
    /// `usage_details` of an SDK: whatever the provider's library returned.
    Provider,
    /// Conventions that count every part inside its whole.
    Inclusive,
}

/// Reads the sender's counts; nested keys are joined with `_`. What is no count is left out and named, unless it is one of
/// the things providers put beside their counts.
pub(crate) fn usage(reports: Vec<(String, Value)>, convention: Convention, what: &str, notes: &mut Notes) -> Usage {
    let mut reported = BTreeMap::new();
    for (key, value) in reports {
        flatten(&key, value, &mut |key, value| match count(value) {
            Some(count) => {
                reported.insert(key, count);
            }
            None if keys::is_no_count(&key) => {}
            None => notes.add(
                what,
                format!(
                    "`{}` is left out: `{}` is not a count of tokens",
                    shown(&key),
                    shown(value.to_string().trim_matches('"'))
                ),
            ),
        });
    }
    let buckets = buckets::buckets(&keys::Counts::of(&reported), convention);
    let sum = buckets.map_or(0, |buckets| buckets.total());
    if let Some(total) = keys::Counts::of(&reported).first(keys::TOTAL).filter(|total| *total < sum) {
        notes.add(what, format!("the total `{total}` is less than its parts, which add up to {sum}"));
    }
    Usage { reported, buckets }
}

fn flatten(key: &str, value: Value, leaf: &mut impl FnMut(String, &Value)) {
    match value {
        Value::Null => {}
        Value::Object(map) => {
            map.into_iter().for_each(|(inner, value)| flatten(&format!("{key}_{inner}"), value, leaf));
        }
        // Gemini's `promptTokensDetails: [{"modality": "AUDIO", "tokenCount": 5}]`.
        Value::Array(items) if items.iter().all(|item| modality(item).is_some()) => {
            for (name, count) in items.iter().filter_map(modality) {
                leaf(format!("{key}_{name}"), count);
            }
        }
        other => leaf(key.to_owned(), &other),
    }
}

/// One of Gemini's counts by modality: its name in lower case, and the count.
fn modality(item: &Value) -> Option<(String, &Value)> {
    let name = item.get("modality")?.as_str()?.to_lowercase();
    Some((name, item.get("token_count").or_else(|| item.get("tokenCount")).unwrap_or(&Value::Null)))
        .filter(|(_, count)| !count.is_null())
}

fn count(value: &Value) -> Option<u64> {
    let count = match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            let float = number.as_f64()?;
            (float >= 0.0 && float.fract() == 0.0 && float <= limits::TOKENS as f64).then_some(float as u64)
        }),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    count.filter(|count| *count <= limits::TOKENS)
}
