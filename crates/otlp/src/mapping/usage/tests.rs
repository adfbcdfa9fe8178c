use domain::{price::PriceItem, trace::TokenBuckets};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use Convention::{Inclusive, Provider};

fn read(report: Value, convention: Convention) -> (Usage, Vec<String>) {
    let mut notes = Notes::default();
    let Value::Object(report) = report else { panic!("an object") };
    let usage = usage(report.into_iter().collect(), convention, "usage", &mut notes);
    (usage, notes.into_vec().into_iter().map(|note| note.reason).collect())
}

/// What a report comes to: the buckets that are not empty, `input 9, cache_read 4`.
fn bucketed(report: Value, convention: Convention) -> String {
    let (usage, notes) = read(report, convention);
    assert_eq!(notes, Vec::<String>::new());
    let buckets = usage.buckets.unwrap();
    buckets.each().map(|(item, count)| format!("{} {count}", item.as_str())).collect::<Vec<_>>().join(", ")
}

fn all(cases: Vec<(&str, Value, Convention, &str)>) {
    for (name, report, convention, expected) in cases {
        assert_eq!(bucketed(report, convention), expected, "{name}");
    }
}

#[test]
fn langfuse_and_abv() {
    all(vec![
        ("plain", json!({"input": 11, "output": 7, "total": 18}), Provider, "input 11, output 7"),
        ("without a total", json!({"input": 11, "output": 7}), Provider, "input 11, output 7"),
        (
            "the total says the cache is inside",
            json!({"input": 11, "output": 7, "total": 18, "cache_read_input_tokens": 3}),
            Provider,
            "input 8, cache_read 3, output 7",
        ),
        (
            "the total says the cache is beside",
            json!({"input": 11, "output": 7, "total": 21, "cache_read_input_tokens": 3}),
            Provider,
            "input 11, cache_read 3, output 7",
        ),
        (
            "flat keys without a total lie beside",
            json!({"input": 11, "output": 7, "input_cached_tokens": 3, "output_reasoning_tokens": 2,
                "input_audio_tokens": 5, "output_audio_tokens": 4}),
            Provider,
            "input 11, cache_read 3, input_audio 5, output 7, reasoning 2, output_audio 4",
        ),
        (
            "as its server flattens Anthropic",
            json!({"input": 9, "output": 5, "input_cache_read": 100, "input_cache_creation": 20, "input_cache_creation_5m": 12,
                "input_cache_creation_1h": 8}),
            Provider,
            "input 9, cache_read 100, cache_write 12, cache_write_1h 8, output 5",
        ),
        ("the rest of a total", json!({"input": 1, "output": 2, "total": 10}), Provider, "input 1, output 2, other 7"),
        ("only a total", json!({"total": 10}), Provider, "other 10"),
    ]);
}

#[test]
fn openai_counts_every_part_inside() {
    all(vec![
        (
            "chat completions",
            json!({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14,
                "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 2, "accepted_prediction_tokens": 1,
                    "rejected_prediction_tokens": 1, "audio_tokens": 0}}),
            Provider,
            "input 5, cache_read 4, output 3, reasoning 2",
        ),
        (
            "without a total",
            json!({"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}),
            Provider,
            "input 5, cache_read 4, output 5",
        ),
        (
            "sound in and out",
            json!({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 20, "audio_tokens": 60},
                "completion_tokens_details": {"audio_tokens": 40}}),
            Provider,
            "input 20, cache_read 20, input_audio 60, output 10, output_audio 40",
        ),
        (
            "more sound than the cache leaves",
            json!({"prompt_tokens": 100, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 70, "audio_tokens": 60}}),
            Provider,
            "cache_read 70, input_audio 30, output 1",
        ),
        (
            "realtime, which says how much of the cache is sound",
            json!({"input_tokens": 100, "output_tokens": 50, "total_tokens": 150,
                "input_token_details": {"text_tokens": 40, "audio_tokens": 60, "image_tokens": 0, "cached_tokens": 30,
                    "cached_tokens_details": {"text_tokens": 10, "audio_tokens": 20}},
                "output_token_details": {"text_tokens": 10, "audio_tokens": 40}}),
            Provider,
            "input 30, cache_read 10, input_audio 40, cache_read_audio 20, output 10, output_audio 40",
        ),
        (
            "responses",
            json!({"input_tokens": 9, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 4},
                "output_tokens_details": {"reasoning_tokens": 5}}),
            Provider,
            "input 5, cache_read 4, reasoning 5",
        ),
        (
            "pictures",
            json!({"input_tokens": 50, "output_tokens": 1056, "total_tokens": 1106,
                "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
                "output_tokens_details": {"image_tokens": 1056, "text_tokens": 0}}),
            Provider,
            "input 10, input_image 40, output_image 1056",
        ),
    ]);
}

#[test]
fn anthropic_counts_the_cache_beside() {
    all(vec![
        (
            "messages",
            json!({"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20}),
            Provider,
            "input 9, cache_read 100, cache_write 20, output 5",
        ),
        (
            "the cache smaller than the input",
            json!({"input_tokens": 90, "output_tokens": 5, "cache_read_input_tokens": 10}),
            Provider,
            "input 90, cache_read 10, output 5",
        ),
        (
            "writes by how long they are kept, tools, tier",
            json!({"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20,
                "cache_creation": {"ephemeral_5m_input_tokens": 15, "ephemeral_1h_input_tokens": 5},
                "server_tool_use": {"web_search_requests": 2}, "service_tier": "standard"}),
            Provider,
            "input 9, cache_read 100, cache_write 15, cache_write_1h 5, output 5",
        ),
        (
            "only the two kinds of writes",
            json!({"input_tokens": 9, "output_tokens": 5,
                "cache_creation": {"ephemeral_5m_input_tokens": 15, "ephemeral_1h_input_tokens": 5}}),
            Provider,
            "input 9, cache_write 15, cache_write_1h 5, output 5",
        ),
    ]);
}

#[test]
fn gemini_counts_the_cache_inside_and_thoughts_beside() {
    all(vec![
        (
            "snake case",
            json!({"prompt_token_count": 9, "candidates_token_count": 5, "thoughts_token_count": 3,
                "cached_content_token_count": 4, "total_token_count": 17}),
            Provider,
            "input 5, cache_read 4, output 5, reasoning 3",
        ),
        (
            "camel case, with modalities and tools",
            json!({"promptTokenCount": 100, "candidatesTokenCount": 50, "thoughtsTokenCount": 30, "cachedContentTokenCount": 40,
                "toolUsePromptTokenCount": 7, "totalTokenCount": 187, "trafficType": "ON_DEMAND",
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 70}, {"modality": "AUDIO", "tokenCount": 30}],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 10}, {"modality": "TEXT", "tokenCount": 30}],
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 20}, {"modality": "TEXT", "tokenCount": 30}]}),
            Provider,
            "input 47, cache_read 30, input_audio 20, cache_read_audio 10, output 30, reasoning 30, output_image 20",
        ),
        (
            "without a total",
            json!({"promptTokenCount": 9, "candidatesTokenCount": 5, "thoughtsTokenCount": 3}),
            Provider,
            "input 9, output 5, reasoning 3",
        ),
    ]);
}

#[test]
fn bedrock() {
    all(vec![
        (
            "converse, the total without the cache",
            json!({"inputTokens": 9, "outputTokens": 5, "totalTokens": 14, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 0}),
            Provider,
            "input 9, output 5",
        ),
        (
            "converse, the total with the cache beside",
            json!({"inputTokens": 9, "outputTokens": 5, "totalTokens": 134, "cacheReadInputTokens": 100, "cacheWriteInputTokens": 20}),
            Provider,
            "input 9, cache_read 100, cache_write 20, output 5",
        ),
        (
            "converse, older names",
            json!({"inputTokens": 9, "outputTokens": 5, "cacheReadInputTokenCount": 100, "cacheWriteInputTokenCount": 20}),
            Provider,
            "input 9, cache_read 100, cache_write 20, output 5",
        ),
        (
            "metrics of an invocation",
            json!({"inputTokenCount": 9, "outputTokenCount": 5}),
            Provider,
            "input 9, output 5",
        ),
        ("Titan", json!({"inputTextTokenCount": 9}), Provider, "input 9"),
    ]);
}

#[test]
fn other_providers() {
    all(vec![
        (
            "DeepSeek",
            json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "prompt_cache_hit_tokens": 64,
                "prompt_cache_miss_tokens": 36, "completion_tokens_details": {"reasoning_tokens": 12}}),
            Provider,
            "input 36, cache_read 64, output 8, reasoning 12",
        ),
        (
            "xAI counts reasoning beside, as its total shows",
            json!({"prompt_tokens": 37, "completion_tokens": 9, "total_tokens": 135,
                "prompt_tokens_details": {"text_tokens": 37, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 8},
                "completion_tokens_details": {"reasoning_tokens": 89}}),
            Provider,
            "input 29, cache_read 8, output 9, reasoning 89",
        ),
        (
            "Groq",
            json!({"queue_time": 0.03, "prompt_tokens": 18, "prompt_time": 0.0007, "completion_tokens": 556,
                "completion_time": 0.46, "total_tokens": 574, "total_time": 0.46}),
            Provider,
            "input 18, output 556",
        ),
        (
            "OpenRouter",
            json!({"prompt_tokens": 194, "completion_tokens": 2, "total_tokens": 196, "cost": 0.95, "is_byok": false,
                "cost_details": {"upstream_inference_cost": 0.19}, "prompt_tokens_details": {"cached_tokens": 100}}),
            Provider,
            "input 94, cache_read 100, output 2",
        ),
        (
            "Cohere",
            json!({"billed_units": {"input_tokens": 5, "output_tokens": 4}, "tokens": {"input_tokens": 70, "output_tokens": 4}}),
            Provider,
            "input 5, output 4",
        ),
        (
            "Ollama",
            json!({"prompt_eval_count": 26, "eval_count": 259, "eval_duration": 4.2}),
            Provider,
            "input 26, output 259",
        ),
        ("an embedding", json!({"prompt_tokens": 8, "total_tokens": 8}), Provider, "input 8"),
    ]);
}

#[test]
fn frameworks_and_conventions() {
    all(vec![
        (
            "LangChain",
            json!({"input_tokens": 9, "output_tokens": 5, "total_tokens": 14, "input_token_details": {"cache_read": 4}}),
            Provider,
            "input 5, cache_read 4, output 5",
        ),
        (
            "LangChain with everything",
            json!({"input_tokens": 100, "output_tokens": 50, "total_tokens": 150,
                "input_token_details": {"audio": 10, "cache_creation": 20, "cache_read": 30, "ephemeral_1h_input_tokens": 5,
                    "ephemeral_5m_input_tokens": 15},
                "output_token_details": {"audio": 10, "reasoning": 20}}),
            Provider,
            "input 40, cache_read 30, cache_write 15, cache_write_1h 5, input_audio 10, output 20, reasoning 20, output_audio 10",
        ),
        (
            "Vercel AI",
            json!({"promptTokens": 9, "completionTokens": 5, "cachedInputTokens": 4, "reasoningTokens": 2, "totalTokens": 14}),
            Inclusive,
            "input 5, cache_read 4, output 3, reasoning 2",
        ),
        (
            "Vercel AI with details",
            json!({"inputTokens": 9, "outputTokens": 5, "totalTokens": 14,
                "inputTokenDetails_noCacheTokens": 3, "inputTokenDetails_cacheReadTokens": 4, "inputTokenDetails_cacheWriteTokens": 2,
                "outputTokenDetails_reasoningTokens": 1}),
            Inclusive,
            "input 3, cache_read 4, cache_write 2, output 4, reasoning 1",
        ),
        (
            "LiteLLM in front of Anthropic",
            json!({"prompt_tokens": 129, "completion_tokens": 5, "total_tokens": 134, "cache_read_input_tokens": 100,
                "cache_creation_input_tokens": 20, "prompt_tokens_details": {"cached_tokens": 100}}),
            Provider,
            "input 9, cache_read 100, cache_write 20, output 5",
        ),
        (
            "OpenTelemetry counts the cache inside",
            json!({"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 4, "reasoning_output_tokens": 1}),
            Inclusive,
            "input 5, cache_read 4, output 4, reasoning 1",
        ),
        (
            "OpenTelemetry's newer name of what is written",
            json!({"input_tokens": 9, "output_tokens": 5, "cache_write_input_tokens": 4}),
            Inclusive,
            "input 5, cache_write 4, output 5",
        ),
        (
            "Pydantic AI",
            json!({"input_tokens": 9, "output_tokens": 5, "details_cache_read_tokens": 4, "details_reasoning_tokens": 2,
                "details_input_audio_tokens": 1}),
            Inclusive,
            "input 4, cache_read 4, input_audio 1, output 3, reasoning 2",
        ),
        (
            "OpenInference",
            json!({"prompt": 100, "completion": 20, "total": 120, "prompt_details_cache_read": 60, "prompt_details_audio": 10,
                "completion_details_reasoning": 5, "completion_details_audio": 4}),
            Inclusive,
            "input 30, cache_read 60, input_audio 10, output 11, reasoning 5, output_audio 4",
        ),
        (
            "a part greater than its whole lies beside it",
            json!({"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 100}),
            Inclusive,
            "input 9, cache_read 100, output 5",
        ),
    ]);
}

#[test]
fn without_counts_there_are_no_buckets() {
    assert_eq!(read(json!({}), Provider).0.buckets, None);
    assert_eq!(read(json!({"images": 3}), Provider).0.buckets, None);
    assert_eq!(read(json!({"input": 0, "output": 0}), Provider).0.buckets, Some(TokenBuckets::default()));
}

#[test]
fn what_was_reported_stays_word_for_word() {
    let (usage, notes) = read(
        json!({"prompt_tokens": 9.0, "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": null}, "images": 3,
            "promptTokensDetails": [{"modality": "VIDEO", "tokenCount": 2}]}),
        Provider,
    );
    let expected = [
        ("images", 3),
        ("promptTokensDetails_video", 2),
        ("prompt_tokens", 9),
        ("prompt_tokens_details_cached_tokens", 4),
    ]
    .map(|(k, v)| (k.to_owned(), v));
    assert_eq!(usage.reported, BTreeMap::from(expected));
    assert_eq!(notes, Vec::<String>::new());
}

#[test]
fn counts_nobody_can_have_are_left_out_and_named() {
    let (usage, notes) =
        read(json!({"input": -1, "output": 7, "total": 1e15, "x": 1.5, "y": "many", "z": [1], "w": "12"}), Provider);
    assert_eq!(usage.reported.keys().map(String::as_str).collect::<Vec<_>>(), ["output", "w"]);
    assert_eq!(
        notes,
        [
            "`input` is left out: `-1` is not a count of tokens",
            "`total` is left out: `1000000000000000.0` is not a count of tokens",
            "`x` is left out: `1.5` is not a count of tokens",
            "`y` is left out: `many` is not a count of tokens",
            "`z` is left out: `[1]` is not a count of tokens"
        ]
    );
}

proptest! {
    /// Whatever is sent: buckets never lose a token of the whole, and sum to the total wherever it is not too small.
    #[test]
    fn buckets_sum_to_what_was_reported(
        keys in prop::collection::vec((prop::sample::select(vec![
            "input", "output", "total", "prompt_tokens", "completion_tokens", "total_tokens", "cache_read_input_tokens",
            "cache_creation_input_tokens", "cache_creation_ephemeral_1h_input_tokens", "prompt_tokens_details_cached_tokens",
            "prompt_tokens_details_audio_tokens", "prompt_tokens_details_cached_tokens_details_audio_tokens",
            "prompt_tokens_details_image_tokens", "completion_tokens_details_reasoning_tokens",
            "completion_tokens_details_audio_tokens", "thoughts_token_count", "tool_use_prompt_token_count",
        ]), 0..2000_u64), 0..8),
        inclusive: bool,
    ) {
        let reported: BTreeMap<String, u64> = keys.into_iter().map(|(key, count)| (key.to_owned(), count)).collect();
        let counts = keys::Counts::of(&reported);
        let convention = if inclusive { Inclusive } else { Provider };
        let Some(buckets) = buckets::buckets(&counts, convention) else { return Ok(()) };
        prop_assert!(buckets.total() >= counts.first(keys::TOTAL).unwrap_or(0));
        prop_assert_eq!(buckets.each().map(|(_, count)| count).sum::<u64>(), buckets.total());
        prop_assert!(buckets.all_input() >= counts.first(keys::INPUT).unwrap_or(0), "no token read is lost");
        prop_assert!(buckets.all_output() >= counts.first(keys::OUTPUT).unwrap_or(0), "no token written is lost");
        prop_assert_eq!(buckets.get(PriceItem::Request), 0);
    }
}
