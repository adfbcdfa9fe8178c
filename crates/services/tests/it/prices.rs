//! What calls of models cost when they come in.

use domain::{
    auth::{Actor, Role},
    ids::{ProjectId, SpanId, TraceId},
    price::{CostOrigin, NoPrice, PriceItem, PriceRef, Tokenizer},
};
use serde_json::{Value, json};
use services::{
    ServiceError, Services,
    ingest::{Encoding, Sender},
    traces::SpanRow,
};

use crate::world::World;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "00000000000000aa";
/// Shortly before the clock of these tests.
const START_NS: u64 = 1_789_999_999_000_000_000;

/// Sends one span with these attributes and reads it back.
async fn sent(services: &Services, owner: &Actor, project: ProjectId, attributes: Value) -> SpanRow {
    sent_at(services, owner, project, attributes, START_NS).await
}

/// The same for a span that began at another time.
pub(crate) async fn sent_at(
    services: &Services,
    owner: &Actor,
    project: ProjectId,
    attributes: Value,
    start_ns: u64,
) -> SpanRow {
    let attributes: Vec<Value> = attributes
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| {
            let value = if value.is_string() { json!({"stringValue": value}) } else { json!({"intValue": value}) };
            json!({"key": key, "value": value})
        })
        .collect();
    let span = json!({"traceId": TRACE, "spanId": SPAN, "name": "answer", "startTimeUnixNano": start_ns.to_string(),
        "endTimeUnixNano": (start_ns + 1_000_000).to_string(), "attributes": attributes});
    let body = json!({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "langfuse-sdk"}, "spans": [span]}]}]});
    let ingest = &services.ingest;
    ingest.traces(owner, project, body.to_string().into_bytes(), Encoding::Json, Sender::default()).await.unwrap();
    let spans = services.traces.spans(owner, project, TRACE.parse::<TraceId>().unwrap(), None).await.unwrap();
    spans.into_iter().find(|span| span.row.span_id == SPAN.parse::<SpanId>().unwrap()).unwrap().row
}

async fn one(attributes: Value) -> SpanRow {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    sent(&world.services, &owner, project, attributes).await
}

#[tokio::test]
async fn tokens_are_priced_and_the_price_is_kept() {
    let row = one(json!({
        "langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
        "langfuse.observation.usage_details":
            "{\"prompt_tokens\":1200,\"completion_tokens\":300,\"total_tokens\":1500,\"prompt_tokens_details\":{\"cached_tokens\":1000}}",
    }))
    .await;
    assert_eq!(row.cost.unwrap().to_string(), "0.00475");
    assert_eq!(row.input_cost.unwrap().to_string(), "0.00175");
    assert_eq!(row.output_cost.unwrap().to_string(), "0.003");
    assert!(row.derived.keys.cost.is_some() && row.derived.keys.input_cost.is_some(), "it counts in the totals");
    let CostOrigin::Computed { price: PriceRef::Catalogue { entry, .. }, lines } = row.derived.charge.origin else {
        panic!("by the catalogue")
    };
    assert_eq!(entry, "openai/gpt-4o");
    assert_eq!(
        lines.iter().map(|line| line.item).collect::<Vec<_>>(),
        [PriceItem::Input, PriceItem::CacheRead, PriceItem::Output]
    );
    assert_eq!(lines.iter().map(|line| line.amount.0).sum::<i64>(), row.cost.unwrap().0);
}

#[tokio::test]
async fn what_the_sender_says_it_cost_stands() {
    let row = one(json!({
        "langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
        "langfuse.observation.usage_details": "{\"input\":1200,\"output\":300}",
        "langfuse.observation.cost_details": "{\"input\":0.5,\"total\":0.75}",
    }))
    .await;
    assert_eq!(row.cost.unwrap().to_string(), "0.75");
    assert_eq!((row.input_cost.unwrap().to_string(), row.output_cost), ("0.5".to_owned(), None));
    assert_eq!(row.derived.charge.origin, CostOrigin::Given);
}

#[tokio::test]
async fn an_anthropic_call_from_plain_attributes_is_priced_at_its_tier() {
    let row = one(json!({
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 5000, "gen_ai.usage.output_tokens": 800,
        "gen_ai.usage.cache_read.input_tokens": 2000, "gen_ai.usage.cache_creation.input_tokens": 1500,
    }))
    .await;
    assert_eq!(row.cost.unwrap().to_string(), "0.022725");
    assert_eq!(row.derived.charge.provider.as_deref(), Some("anthropic"));
}

#[tokio::test]
async fn a_model_nobody_knows_has_no_cost_and_is_listed() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let usage = json!({"langfuse.observation.type": "generation", "langfuse.observation.model.name": "house-7b",
        "langfuse.observation.usage_details": "{\"input\":12,\"output\":3}"});
    for _ in 0..2 {
        let row = sent(&world.services, &owner, project, usage.clone()).await;
        assert_eq!((row.cost, &row.derived.charge.origin), (None, &CostOrigin::Unpriced(NoPrice::UnknownModel)));
    }
    let viewer = world.member(project, "viewer@example.com", Role::Viewer).await;
    let listed = world.services.prices.unpriced(&viewer, project).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].model.model.as_deref(), listed[0].model.spans),
        (Some("house-7b"), 1),
        "sent twice, there once"
    );
    assert!(!listed[0].priced_now);
    let refused = world.services.prices.unpriced(&Actor::Anonymous, project).await;
    assert!(matches!(refused, Err(ServiceError::Unauthenticated)));
}

#[tokio::test]
async fn tokens_nobody_said_are_counted_and_marked() {
    let call = |model: &str, level: &str| {
        json!({"langfuse.observation.type": "generation", "langfuse.observation.model.name": model,
            "langfuse.observation.input": "The quick brown fox jumps over the lazy dog.",
            "langfuse.observation.output": "Hello, world!", "langfuse.observation.level": level})
    };
    let row = one(call("gpt-4o", "DEFAULT")).await;
    let tokens = row.tokens.unwrap();
    assert_eq!((tokens.input, tokens.output), (10, 4));
    let estimate = row.derived.charge.estimate.unwrap();
    assert_eq!((estimate.tokenizer, estimate.cut), (Tokenizer::O200k, false));
    assert_eq!(row.cost.unwrap().to_string(), "0.000065");
    let row = one(call("claude-sonnet-4-5", "DEFAULT")).await;
    assert_eq!(row.derived.charge.estimate.unwrap().tokenizer, Tokenizer::Approximate);
    // A call that failed may not have been charged at all.
    let row = one(call("gpt-4o", "ERROR")).await;
    assert_eq!((row.tokens, row.cost, row.derived.charge.estimate), (None, None, None));
}

#[tokio::test]
async fn only_calls_of_models_are_priced() {
    let usage = |kind: &str| {
        json!({"langfuse.observation.type": kind, "langfuse.observation.model.name": "text-embedding-3-small",
            "langfuse.observation.usage_details": "{\"prompt_tokens\":1000000,\"total_tokens\":1000000}"})
    };
    assert_eq!(one(usage("embedding")).await.cost.unwrap().to_string(), "0.02");
    // An agent that reports the sum of its calls would be paid for twice.
    let agent = one(usage("agent")).await;
    assert_eq!((agent.cost, agent.derived.charge.origin), (None, CostOrigin::None));
}
