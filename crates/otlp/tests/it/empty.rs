//! Outputs that were sent and are empty: what a model gave, unlike those nobody sent.

use domain::trace::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use otlp::Sender;
use serde_json::{Value, json};

use crate::build::{attributes, decode, foreign, request, span};

/// A generation that wrote tokens, with more attributes.
fn generation(more: &Value) -> Span {
    let mut sent =
        json!({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.output_tokens": 7});
    for (key, value) in more.as_object().unwrap() {
        sent[key] = value.clone();
    }
    foreign(&sent)
}

#[test]
fn an_empty_output_is_a_null_response_and_an_absent_one_is_not() {
    let absent = generation(&json!({}));
    assert_eq!((&absent.output, absent.is_null_response()), (&None, false));
    for key in [
        "langfuse.observation.output",
        "abv.observation.output",
        "gen_ai.completion",
        "output.value",
        "ai.response.text",
    ] {
        let empty = generation(&json!({key: ""}));
        assert_eq!((&empty.output, empty.is_null_response()), (&Some(json!("")), true), "{key}");
    }
    let messages = generation(&json!({"gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": ""}));
    assert_eq!(messages.output, Some(json!([{"role": "assistant", "content": ""}])));
    assert!(messages.is_null_response());
}

#[test]
fn what_says_something_stands_before_an_empty_output() {
    let other = generation(&json!({"langfuse.observation.output": "", "gen_ai.completion": "Paris."}));
    assert_eq!((&other.output, other.is_null_response()), (&Some(json!("Paris.")), false));

    let calls = generation(&json!({"ai.response.text": "", "ai.response.toolCalls": "[{\"toolName\":\"search\"}]"}));
    assert_eq!((&calls.output, calls.is_null_response()), (&Some(json!([{"toolName": "search"}])), false));

    let pieces = generation(&json!({"output.value": "", "llm.output_messages.0.message.content": "Paris."}));
    assert_eq!(pieces.output, Some(json!([{"content": "Paris."}])));

    let mut told = span(&json!({"gen_ai.request.model": "m", "gen_ai.completion": ""}));
    told.events = vec![Event {
        name: "gen_ai.content.completion".to_owned(),
        attributes: attributes(&json!({"gen_ai.completion": "Paris."})),
        ..Event::default()
    }];
    let decoded = decode(&request(&json!({}), ("x", "1"), vec![told]), &Sender::default());
    assert_eq!(decoded.spans[0].output, Some(json!("Paris.")));
}

#[test]
fn an_empty_input_says_nothing() {
    assert_eq!(generation(&json!({"gen_ai.prompt": "", "gen_ai.prompt.0.content": ""})).input, None);
}
