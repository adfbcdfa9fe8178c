//! Each provider's way of counting and charging, from its own words on the wire to an exact amount. The amounts are worked out
//! by hand from the published rates, which stand beside them in dollars a million.

use serde_json::{Value, json};

use crate::{prices::sent_at, world::World};

const NOON: &str = "2026-11-20T12:00:00Z";
/// From the clock of the tests to a day after [`NOON`].
const PASS_S: i64 = 61 * 86_400;

/// What a call with this usage costs, and what of it is input.
async fn cost(provider: Option<&str>, model: &str, at: &str, usage: Value, more: Value) -> (String, String) {
    let mut attributes = json!({
        "langfuse.observation.type": "generation", "langfuse.observation.model.name": model,
        "langfuse.observation.usage_details": usage.to_string(),
    });
    if let Some(provider) = provider {
        attributes["gen_ai.provider.name"] = provider.into();
    }
    attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let world = World::new().await;
    world.clock.pass_s(PASS_S);
    let (owner, project) = world.set_up().await;
    let start: domain::time::TimeUs = at.parse().unwrap();
    let start_ns = u64::try_from(start.to_ns().0).unwrap();
    let row = sent_at(&world.services, &owner, project, attributes, start_ns).await;
    let (total, input) = (row.cost, row.input_cost);
    let origin = row.derived.charge.origin;
    let amount = |amount: Option<domain::money::NanoUsd>| amount.unwrap_or_else(|| panic!("{origin:?}")).to_string();
    (amount(total), amount(input))
}

fn exactly(total: &str, input: &str) -> (String, String) {
    (total.to_owned(), input.to_owned())
}

#[tokio::test]
async fn openai_counts_cached_and_reasoning_tokens_inside() {
    // gpt-5: input 1.25, cached 0.125, output 10. 200 fresh, 1000 cached; 300 written, 100 of them to reason.
    let usage = json!({"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500,
        "prompt_tokens_details": {"cached_tokens": 1000}, "completion_tokens_details": {"reasoning_tokens": 100}});
    assert_eq!(cost(Some("openai"), "gpt-5", NOON, usage, json!({})).await, exactly("0.003375", "0.000375"));
    // The Responses API has other names for the same.
    let usage = json!({"input_tokens": 1200, "output_tokens": 300, "total_tokens": 1500,
        "input_tokens_details": {"cached_tokens": 1000}, "output_tokens_details": {"reasoning_tokens": 100}});
    assert_eq!(cost(None, "gpt-5", NOON, usage, json!({})).await, exactly("0.003375", "0.000375"));
}

#[tokio::test]
async fn anthropic_counts_cached_tokens_beside() {
    // claude-sonnet-4-5: input 3, cache read 0.30, write 3.75 (an hour: 6), output 15.
    let usage = json!({"input_tokens": 1500, "output_tokens": 800, "cache_read_input_tokens": 2000,
        "cache_creation_input_tokens": 1500});
    let model = "claude-sonnet-4-5-20250929";
    assert_eq!(cost(Some("anthropic"), model, NOON, usage, json!({})).await, exactly("0.022725", "0.010725"));
    // 1000 of the 1500 written are kept for an hour.
    let usage = json!({"input_tokens": 1500, "output_tokens": 800, "cache_read_input_tokens": 2000,
        "cache_creation_input_tokens": 1500,
        "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1000}});
    assert_eq!(cost(Some("anthropic"), model, NOON, usage, json!({})).await, exactly("0.024975", "0.012975"));
    // What lies beside counts for the length of the request: 200,001 read, so all of it at the long rates (6, 0.60, 22.50).
    let usage = json!({"input_tokens": 1, "output_tokens": 100, "cache_read_input_tokens": 200_000});
    assert_eq!(cost(Some("anthropic"), model, NOON, usage, json!({})).await, exactly("0.122256", "0.120006"));
}

#[tokio::test]
async fn gemini_counts_the_cache_inside_and_thoughts_beside() {
    // gemini-2.5-flash: input 0.30, cached 0.03, output 2.50. 600 fresh, 400 cached; 200 written and 300 thought.
    let usage = json!({"promptTokenCount": 1000, "candidatesTokenCount": 200, "thoughtsTokenCount": 300,
        "cachedContentTokenCount": 400, "totalTokenCount": 1500});
    let flash = cost(Some("gcp.gemini"), "gemini-2.5-flash", NOON, usage, json!({})).await;
    assert_eq!(flash, exactly("0.001442", "0.000192"));
    // gemini-2.5-pro above 200,000: input 2.50, output 15.
    let usage = json!({"prompt_token_count": 250_000, "candidates_token_count": 800, "thoughts_token_count": 200,
        "total_token_count": 251_000});
    assert_eq!(cost(None, "gemini-2.5-pro", NOON, usage, json!({})).await, exactly("0.64", "0.625"));
    // Sound read: 1.
    let usage = json!({"promptTokenCount": 1000, "candidatesTokenCount": 0, "totalTokenCount": 1000,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 400}, {"modality": "AUDIO", "tokenCount": 600}]});
    let sound = cost(Some("gcp.gemini"), "gemini-2.5-flash", NOON, usage, json!({})).await;
    assert_eq!(sound, exactly("0.00072", "0.00072"));
}

#[tokio::test]
async fn a_tier_of_service_has_its_own_rates_from_the_day_they_began() {
    let usage = || json!({"input": 1200, "output": 300});
    let batch = json!({"langfuse.observation.model.parameters": "{\"processing\":\"batch\"}"});
    let priority = json!({"gen_ai.openai.response.service_tier": "priority"});
    // gpt-4o: 2.50 and 10; in a batch 1.25 and 5; before others 4.25 and 17.
    let of = async |at, more| cost(Some("openai"), "gpt-4o", at, usage(), more).await;
    assert_eq!(of(NOON, json!({})).await, exactly("0.006", "0.003"));
    assert_eq!(of(NOON, batch.clone()).await, exactly("0.003", "0.0015"));
    assert_eq!(of(NOON, priority).await, exactly("0.0102", "0.0051"));
    assert_eq!(of("2026-10-13T23:59:59Z", batch).await, exactly("0.006", "0.003"), "not yet");
}

#[tokio::test]
async fn a_price_is_that_of_the_instant_the_call_began() {
    // o3 became cheaper on 2025-06-10: from 10 and 40 to 2 and 8.
    let usage = || json!({"prompt_tokens": 900, "completion_tokens": 2500});
    let of = async |at| cost(Some("openai"), "o3", at, usage(), json!({})).await;
    assert_eq!(of("2025-06-09T23:59:59.999999Z").await, exactly("0.109", "0.009"));
    assert_eq!(of("2025-06-10T00:00:00Z").await, exactly("0.0218", "0.0018"));
    // deepseek-chat is cheaper outside 00:30 to 16:30 UTC: 0.135 and 0.55 instead of 0.27 and 1.10.
    let usage = || json!({"prompt_tokens": 10_000, "completion_tokens": 100});
    let of = async |at| cost(Some("deepseek"), "deepseek-chat", at, usage(), json!({})).await;
    assert_eq!(of("2026-11-20T16:29:59Z").await, exactly("0.00281", "0.0027"));
    assert_eq!(of("2026-11-20T16:30:00Z").await, exactly("0.001405", "0.00135"));
}
