//! What providers and conventions call their counts. All in `snake_case`; [`Counts`] brings other spellings to it.

use std::collections::{BTreeMap, HashMap};

/// Where a part lies when no total tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// In the whole.
    Inside,
    /// Apart from it.
    Beside,
}
use Place::{Beside, Inside};

/// Keys of a part, the first that is there counts.
pub(super) type Keys = &'static [(&'static str, Place)];

/// Everything the model read, or all of it but what lies beside.
pub(super) const INPUT: &[&str] = &[
    "input",
    "input_tokens",
    "prompt_tokens",
    "prompt",
    "prompt_token_count",
    // Bedrock: the metrics of `InvokeModel`, and Titan.
    "input_token_count",
    "input_text_token_count",
    // Ollama.
    "prompt_eval_count",
    // Cohere bills these.
    "billed_units_input_tokens",
    "tokens_input_tokens",
];
/// Everything the model wrote, likewise.
pub(super) const OUTPUT: &[&str] = &[
    "output",
    "output_tokens",
    "completion_tokens",
    "completion",
    "candidates_token_count",
    "output_token_count",
    "eval_count",
    "billed_units_output_tokens",
    "tokens_output_tokens",
];
pub(super) const TOTAL: &[&str] = &["total", "total_tokens", "total_token_count"];
/// Input that is never in the whole: what Gemini read of its own tools' results.
pub(super) const MORE_INPUT: &[&str] = &["tool_use_prompt_token_count"];

pub(super) const CACHE_READ: Keys = &[
    ("prompt_tokens_details_cached_tokens", Inside),
    ("input_tokens_details_cached_tokens", Inside),
    ("input_token_details_cached_tokens", Inside),
    ("input_token_details_cache_read", Inside),
    ("input_token_details_cache_read_tokens", Inside),
    ("prompt_details_cache_read", Inside),
    ("prompt_details_cache_input", Inside),
    ("cached_content_token_count", Inside),
    ("cached_input_tokens", Inside),
    // DeepSeek.
    ("prompt_cache_hit_tokens", Inside),
    ("cache_read_input_tokens", Beside),
    ("cache_read_input_token_count", Beside),
    ("cache_read_tokens", Beside),
    ("input_cached_tokens", Beside),
    ("input_cache_read", Beside),
    ("cached_tokens", Inside),
];
pub(super) const CACHE_WRITE: Keys = &[
    ("input_token_details_cache_creation", Inside),
    ("input_token_details_cache_write_tokens", Inside),
    ("prompt_details_cache_write", Inside),
    ("prompt_tokens_details_cache_write_tokens", Inside),
    ("prompt_tokens_details_cache_creation_tokens", Inside),
    ("cache_creation_input_tokens", Beside),
    ("cache_write_input_tokens", Beside),
    ("cache_write_input_token_count", Beside),
    ("cache_write_tokens", Beside),
    ("input_cache_creation", Beside),
    ("input_cache_write", Beside),
];
/// Parts of what was written to the cache, by how long it is kept.
pub(super) const CACHE_WRITE_5M: Keys = &[
    ("input_token_details_ephemeral_5m_input_tokens", Inside),
    ("cache_creation_ephemeral_5m_input_tokens", Beside),
    ("input_cache_creation_5m", Beside),
];
pub(super) const CACHE_WRITE_1H: Keys = &[
    ("input_token_details_ephemeral_1h_input_tokens", Inside),
    ("cache_creation_ephemeral_1h_input_tokens", Beside),
    ("input_cache_creation_1h", Beside),
];
pub(super) const INPUT_AUDIO: Keys = &[
    ("prompt_tokens_details_audio_tokens", Inside),
    ("input_tokens_details_audio_tokens", Inside),
    ("input_token_details_audio_tokens", Inside),
    ("input_token_details_audio", Inside),
    ("prompt_details_audio", Inside),
    ("prompt_tokens_details_audio", Inside),
    ("input_audio_tokens", Beside),
    ("input_audio", Beside),
];
/// The spoken part of what was read from the cache; part of both.
pub(super) const CACHED_AUDIO: Keys = &[
    ("prompt_tokens_details_cached_tokens_details_audio_tokens", Inside),
    ("input_tokens_details_cached_tokens_details_audio_tokens", Inside),
    ("input_token_details_cached_tokens_details_audio_tokens", Inside),
    ("cache_tokens_details_audio", Inside),
    ("cache_audio_read_tokens", Inside),
];
pub(super) const INPUT_IMAGE: Keys = &[
    ("prompt_tokens_details_image_tokens", Inside),
    ("input_tokens_details_image_tokens", Inside),
    ("input_token_details_image_tokens", Inside),
    ("prompt_tokens_details_image", Inside),
    ("input_image_tokens", Beside),
];
pub(super) const REASONING: Keys = &[
    ("completion_tokens_details_reasoning_tokens", Inside),
    ("output_tokens_details_reasoning_tokens", Inside),
    ("output_token_details_reasoning_tokens", Inside),
    ("output_token_details_reasoning", Inside),
    ("completion_details_reasoning", Inside),
    ("reasoning_output_tokens", Inside),
    ("reasoning_tokens", Inside),
    ("output_reasoning_tokens", Beside),
    ("output_reasoning", Beside),
    ("thoughts_token_count", Beside),
];
pub(super) const OUTPUT_AUDIO: Keys = &[
    ("completion_tokens_details_audio_tokens", Inside),
    ("output_tokens_details_audio_tokens", Inside),
    ("output_token_details_audio_tokens", Inside),
    ("output_token_details_audio", Inside),
    ("completion_details_audio", Inside),
    ("candidates_tokens_details_audio", Inside),
    ("output_audio_tokens", Beside),
    ("output_audio", Beside),
];
pub(super) const OUTPUT_IMAGE: Keys = &[
    ("completion_tokens_details_image_tokens", Inside),
    ("output_tokens_details_image_tokens", Inside),
    ("output_token_details_image_tokens", Inside),
    ("candidates_tokens_details_image", Inside),
    ("output_image_tokens", Beside),
];

/// Words providers put beside their counts: the tier (read by [`super::super::tier`]), durations, money, settings.
pub(super) fn is_no_count(key: &str) -> bool {
    let key = snake(key);
    key.ends_with("_time")
        || key.ends_with("_duration")
        || key.ends_with("_seconds")
        || key.starts_with("cost")
        || matches!(
            key.as_str(),
            "service_tier" | "speed" | "traffic_type" | "is_byok" | "inference_geo" | "search_context_size"
        )
}

/// A sender's counts under their names in `snake_case`.
pub(super) struct Counts(HashMap<String, u64>);

impl Counts {
    pub(super) fn of(reported: &BTreeMap<String, u64>) -> Self {
        let mut counts = HashMap::with_capacity(reported.len());
        for (key, count) in reported {
            let name = snake(key);
            // Pydantic AI's `gen_ai.usage.details.*`; what is said without it counts first.
            match name.strip_prefix("details_") {
                Some(plain) => drop(counts.entry(plain.to_owned()).or_insert(*count)),
                None => drop(counts.insert(name, *count)),
            }
        }
        Self(counts)
    }

    pub(super) fn first(&self, keys: &[&str]) -> Option<u64> {
        keys.iter().find_map(|key| self.0.get(*key).copied())
    }

    pub(super) fn part(&self, keys: Keys) -> Option<(u64, Place)> {
        keys.iter().find_map(|(key, place)| self.0.get(*key).map(|count| (*count, *place)))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
}

/// `promptTokens` and `prompt_tokens` are the same.
fn snake(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}
