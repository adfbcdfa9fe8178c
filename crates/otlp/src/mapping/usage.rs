//! Tokens and cost: the sender's own numbers, and what they mean.
//!
//! Providers disagree on whether the cached part of the input (and the reasoning part of the output) is counted inside
//! the whole or beside it. The rule, in this order:
//!
//! 1. A reported total decides when exactly one reading adds up to it.
//! 2. Otherwise the keys decide. Inside: OpenAI's `prompt_tokens` and `completion_tokens` with anything, every nested
//!    `…_details`, the OpenTelemetry GenAI and OpenInference attributes. Beside: Anthropic's `input_tokens` and
//!    Langfuse's `input` with flat keys such as `cache_read_input_tokens`.
//! 3. A part greater than its whole lies beside it whatever the keys say.
//!
//! What a total counts beyond all that is `other`.

use std::collections::BTreeMap;

use domain::{
    money::NanoUsd,
    trace::{Cost, TokenBuckets, Usage},
};
use serde_json::Value;

use crate::{
    limits,
    raw::{Notes, shown},
};

/// Where a part lies when no total tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Inside,
    Beside,
}
use Place::{Beside, Inside};

/// Whose convention the numbers follow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Convention {
    /// `usage_details` of an SDK: whatever the provider's library returned.
    Provider,
    /// Conventions that count every part inside its whole.
    Inclusive,
}

const INPUT: &[&str] =
    &["input", "input_tokens", "prompt_tokens", "prompt", "prompt_token_count", "inputTokens", "promptTokens"];
const OUTPUT: &[&str] = &[
    "output",
    "output_tokens",
    "completion_tokens",
    "completion",
    "candidates_token_count",
    "outputTokens",
    "completionTokens",
];
const TOTAL: &[&str] = &["total", "total_tokens", "total_token_count", "totalTokens"];
const CACHE_READ: &[(&str, Place)] = &[
    ("prompt_tokens_details_cached_tokens", Inside),
    ("input_tokens_details_cached_tokens", Inside),
    ("input_token_details_cache_read", Inside),
    ("prompt_details_cache_read", Inside),
    ("cached_content_token_count", Inside),
    ("cachedInputTokens", Inside),
    ("cache_read_input_tokens", Beside),
    ("input_cached_tokens", Beside),
    ("input_cache_read", Beside),
    ("cached_tokens", Inside),
];
const CACHE_WRITE: &[(&str, Place)] = &[
    ("input_token_details_cache_creation", Inside),
    ("prompt_details_cache_write", Inside),
    ("prompt_tokens_details_cache_write_tokens", Inside),
    ("cache_creation_input_tokens", Beside),
    ("cache_write_input_tokens", Beside),
    ("input_cache_creation", Beside),
];
const REASONING: &[(&str, Place)] = &[
    ("completion_tokens_details_reasoning_tokens", Inside),
    ("output_tokens_details_reasoning_tokens", Inside),
    ("output_token_details_reasoning", Inside),
    ("completion_details_reasoning", Inside),
    ("reasoning_output_tokens", Inside),
    ("reasoningTokens", Inside),
    ("reasoning_tokens", Inside),
    ("output_reasoning_tokens", Beside),
    ("thoughts_token_count", Beside),
];

/// Reads the sender's counts; nested keys are joined with `_`. What is no count is left out and named.
pub(crate) fn usage(reports: Vec<(String, Value)>, convention: Convention, what: &str, notes: &mut Notes) -> Usage {
    let mut reported = BTreeMap::new();
    for (key, value) in reports {
        flatten(&key, value, &mut |key, value| match count(value) {
            Some(count) => {
                reported.insert(key, count);
            }
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
    let buckets = buckets(&reported, convention);
    let sum = buckets.map_or(0, |buckets| buckets.total());
    if let Some(total) = first(&reported, TOTAL).filter(|total| *total < sum) {
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
        other => leaf(key.to_owned(), &other),
    }
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

fn first(reported: &BTreeMap<String, u64>, keys: &[&str]) -> Option<u64> {
    keys.iter().find_map(|key| reported.get(*key).copied())
}

fn part(reported: &BTreeMap<String, u64>, keys: &[(&str, Place)]) -> Option<(u64, Place)> {
    keys.iter().find_map(|(key, place)| reported.get(*key).map(|count| (*count, *place)))
}

/// Takes parts out of their whole, or leaves them beside it.
fn split(whole: u64, parts: u64, place: Place) -> u64 {
    match place {
        Inside => whole.checked_sub(parts).unwrap_or(whole),
        Beside => whole,
    }
}

fn buckets(reported: &BTreeMap<String, u64>, convention: Convention) -> Option<TokenBuckets> {
    let (input, output, total) = (first(reported, INPUT), first(reported, OUTPUT), first(reported, TOTAL));
    let cache_read = part(reported, CACHE_READ);
    let cache_write = part(reported, CACHE_WRITE);
    let reasoning = part(reported, REASONING);
    if input.is_none() && output.is_none() && total.is_none() && cache_read.or(cache_write).or(reasoning).is_none() {
        return None;
    }
    let inclusive = convention == Convention::Inclusive
        || reported.contains_key("prompt_tokens")
        || reported.contains_key("completion_tokens");
    let by_keys = |places: [Option<(u64, Place)>; 2]| {
        let beside = places.iter().flatten().any(|(_, place)| *place == Beside);
        if beside && !inclusive { Beside } else { Inside }
    };
    let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
    let count = |part: Option<(u64, Place)>| part.map_or(0, |(count, _)| count);
    let read = |input_place: Place, output_place: Place| TokenBuckets {
        input: split(input, count(cache_read) + count(cache_write), input_place),
        cache_read: count(cache_read),
        cache_write: count(cache_write),
        output: split(output, count(reasoning), output_place),
        reasoning: count(reasoning),
        ..TokenBuckets::default()
    };
    let (input_place, output_place) = (by_keys([cache_read, cache_write]), by_keys([reasoning, None]));
    let mut buckets = read(input_place, output_place);
    let Some(total) = total else { return Some(buckets) };
    if buckets.total() != total {
        let readings = [(Inside, Inside), (Beside, Beside), (Inside, Beside), (Beside, Inside)];
        let fitting = readings.iter().map(|(input, output)| read(*input, *output)).find(|read| read.total() == total);
        buckets = fitting.unwrap_or(buckets);
    }
    buckets.other = total.saturating_sub(buckets.total());
    Some(buckets)
}

/// Reads amounts in dollars. `detail` tells parts that are already counted in another part.
pub(crate) fn cost(
    reports: Vec<(String, Value)>,
    detail: impl Fn(&str) -> bool,
    what: &str,
    notes: &mut Notes,
) -> Cost {
    let mut reported = BTreeMap::new();
    for (key, value) in reports {
        let dollars = match &value {
            Value::Null => continue,
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let amount = dollars.filter(|dollars| *dollars >= 0.0).and_then(NanoUsd::from_dollars);
        match amount {
            Some(amount) => {
                reported.insert(key, amount);
            }
            None => notes.add(
                what,
                format!(
                    "`{}` is left out: `{}` is not an amount in dollars",
                    shown(&key),
                    shown(value.to_string().trim_matches('"'))
                ),
            ),
        }
    }
    let named = |names: &[&str]| names.iter().find_map(|name| reported.get(*name).copied());
    let sum = || {
        let parts: Vec<i64> = reported.iter().filter(|(key, _)| !detail(key)).map(|(_, amount)| amount.0).collect();
        (!parts.is_empty()).then(|| NanoUsd(parts.into_iter().fold(0, i64::saturating_add)))
    };
    let (total, input, output) =
        (named(&["total"]).or_else(sum), named(&["input", "prompt"]), named(&["output", "completion"]));
    Cost { total, input, output, reported }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(report: Value, convention: Convention) -> (Usage, Vec<String>) {
        let mut notes = Notes::default();
        let Value::Object(report) = report else { panic!("an object") };
        let usage = usage(report.into_iter().collect(), convention, "usage", &mut notes);
        (usage, notes.into_vec().into_iter().map(|note| note.reason).collect())
    }

    /// Buckets as `[input, cache_read, cache_write, output, reasoning, other]`.
    fn bucketed(report: Value, convention: Convention) -> [u64; 6] {
        let buckets = read(report, convention).0.buckets.unwrap();
        [buckets.input, buckets.cache_read, buckets.cache_write, buckets.output, buckets.reasoning, buckets.other]
    }

    #[test]
    fn every_convention_becomes_exclusive_buckets() {
        use Convention::{Inclusive, Provider};
        let cases = [
            ("Langfuse, plain", json!({"input": 11, "output": 7, "total": 18}), Provider, [11, 0, 0, 7, 0, 0]),
            ("Langfuse, no total", json!({"input": 11, "output": 7}), Provider, [11, 0, 0, 7, 0, 0]),
            (
                "Langfuse, the total says the cache is inside",
                json!({"input": 11, "output": 7, "total": 18, "cache_read_input_tokens": 3}),
                Provider,
                [8, 3, 0, 7, 0, 0],
            ),
            (
                "Langfuse, the total says the cache is beside",
                json!({"input": 11, "output": 7, "total": 21, "cache_read_input_tokens": 3}),
                Provider,
                [11, 3, 0, 7, 0, 0],
            ),
            (
                "Langfuse without a total counts beside",
                json!({"input": 11, "output": 7, "input_cached_tokens": 3, "output_reasoning_tokens": 2}),
                Provider,
                [11, 3, 0, 7, 2, 0],
            ),
            (
                "OpenAI chat completions",
                json!({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14,
                    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
                    "completion_tokens_details": {"reasoning_tokens": 2}}),
                Provider,
                [5, 4, 0, 3, 2, 0],
            ),
            (
                "OpenAI without a total",
                json!({"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}),
                Provider,
                [5, 4, 0, 5, 0, 0],
            ),
            (
                "OpenAI responses",
                json!({"input_tokens": 9, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 4},
                    "output_tokens_details": {"reasoning_tokens": 5}}),
                Provider,
                [5, 4, 0, 0, 5, 0],
            ),
            (
                "Anthropic",
                json!({"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20}),
                Provider,
                [9, 100, 20, 5, 0, 0],
            ),
            (
                "Anthropic, cache smaller than input",
                json!({"input_tokens": 90, "output_tokens": 5, "cache_read_input_tokens": 10}),
                Provider,
                [90, 10, 0, 5, 0, 0],
            ),
            (
                "LangChain",
                json!({"input_tokens": 9, "output_tokens": 5, "total_tokens": 14, "input_token_details": {"cache_read": 4}}),
                Provider,
                [5, 4, 0, 5, 0, 0],
            ),
            (
                "Gemini: cache inside, thoughts beside",
                json!({"prompt_token_count": 9, "candidates_token_count": 5, "thoughts_token_count": 3,
                    "cached_content_token_count": 4, "total_token_count": 17}),
                Provider,
                [5, 4, 0, 5, 3, 0],
            ),
            (
                "OpenTelemetry counts the cache inside",
                json!({"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 4, "reasoning_output_tokens": 1}),
                Inclusive,
                [5, 4, 0, 4, 1, 0],
            ),
            (
                "a part greater than its whole lies beside it",
                json!({"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 100}),
                Inclusive,
                [9, 100, 0, 5, 0, 0],
            ),
            ("the rest of a total", json!({"input": 1, "output": 2, "total": 10}), Provider, [1, 0, 0, 2, 0, 7]),
            ("only a total", json!({"total": 10}), Provider, [0, 0, 0, 0, 0, 10]),
        ];
        for (name, report, convention, expected) in cases {
            assert_eq!(bucketed(report, convention), expected, "{name}");
        }
        assert_eq!(read(json!({}), Provider).0.buckets, None);
        assert_eq!(read(json!({"images": 3}), Provider).0.buckets, None);
    }

    #[test]
    fn what_was_reported_stays_word_for_word() {
        let (usage, notes) = read(
            json!({"prompt_tokens": 9.0, "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": null}, "images": 3}),
            Convention::Provider,
        );
        let expected = [("images", 3), ("prompt_tokens", 9), ("prompt_tokens_details_cached_tokens", 4)]
            .map(|(k, v)| (k.to_owned(), v));
        assert_eq!(usage.reported, BTreeMap::from(expected));
        assert_eq!(notes, Vec::<String>::new());
    }

    #[test]
    fn counts_nobody_can_have_are_left_out_and_named() {
        let (usage, notes) = read(
            json!({"input": -1, "output": 7, "total": 1e15, "x": 1.5, "y": "many", "z": [1], "w": "12"}),
            Convention::Provider,
        );
        assert_eq!(usage.reported.keys().map(String::as_str).collect::<Vec<_>>(), ["output", "w"]);
        assert_eq!(
            notes,
            [
                "`input` is left out: `-1` is not a count of tokens",
                "`total` is left out: `1000000000000000.0` is not a count of tokens",
                "`x` is left out: `1.5` is not a count of tokens",
                "`y` is left out: `many` is not a count of tokens",
                "`z` is left out: `[1]` is not a count of tokens",
            ]
        );
        let (_, notes) = read(json!({"input": 5, "output": 5, "total": 3}), Convention::Provider);
        assert_eq!(notes, ["the total `3` is less than its parts, which add up to 10"]);
    }

    #[test]
    fn cost_is_the_total_or_the_sum() {
        let read = |report: Value| {
            let mut notes = Notes::default();
            let Value::Object(report) = report else { panic!("an object") };
            let cost = cost(report.into_iter().collect(), |key| key.contains("details"), "cost", &mut notes);
            (cost, notes.into_vec().len())
        };
        let (with_total, _) = read(json!({"input": 0.0001, "total": 0.0003}));
        assert_eq!((with_total.total, with_total.input), (Some(NanoUsd(300_000)), Some(NanoUsd(100_000))));
        let (summed, _) = read(json!({"prompt": 0.1, "completion": "0.2", "prompt_details.cache_read": 0.05}));
        assert_eq!((summed.total, summed.output), (Some(NanoUsd(300_000_000)), Some(NanoUsd(200_000_000))));
        let (none, warnings) = read(json!({"total": -1, "input": "NaN", "x": 1e300}));
        assert_eq!((none.total, none.reported.len(), warnings), (None, 0, 3));
    }
}
