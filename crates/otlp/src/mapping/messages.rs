//! Chat messages that come in pieces: as attributes with an index in their name, or as span events.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::raw::Event;

/// The messages in `0.role`, `0.content`, `1.message.role` …, in the order of their indexes. Deeper names stay as they are.
pub(crate) fn indexed(parts: Vec<(String, Value)>) -> Option<Value> {
    let mut messages: BTreeMap<u32, Map<String, Value>> = BTreeMap::new();
    for (name, value) in parts {
        let (index, field) = name.split_once('.').unwrap_or((&name, "content"));
        let Ok(index) = index.parse() else { continue };
        let field = field.strip_prefix("message.").unwrap_or(field);
        messages.entry(index).or_default().insert(field.to_owned(), value);
    }
    (!messages.is_empty()).then(|| Value::Array(messages.into_values().map(Value::Object).collect()))
}

/// Input and output told by the span events of older GenAI instrumentations.
pub(crate) fn from_events(events: &[Event<'_>]) -> (Option<Value>, Option<Value>) {
    let (mut input, mut output) = (Vec::new(), Vec::new());
    for event in events {
        let role = match event.name.as_ref() {
            "gen_ai.content.prompt" => {
                input.extend(attribute(event, "gen_ai.prompt"));
                continue;
            }
            "gen_ai.content.completion" => {
                output.extend(attribute(event, "gen_ai.completion"));
                continue;
            }
            "gen_ai.choice" => {
                output.push(message(event, "assistant"));
                continue;
            }
            "gen_ai.system.message" => "system",
            "gen_ai.user.message" => "user",
            "gen_ai.assistant.message" => "assistant",
            "gen_ai.tool.message" => "tool",
            _ => continue,
        };
        input.push(message(event, role));
    }
    (together(input), together(output))
}

fn attribute(event: &Event<'_>, key: &str) -> Option<Value> {
    event.attributes.iter().find(|attribute| attribute.key == key).map(|attribute| attribute.value.clone().into_value())
}

fn message(event: &Event<'_>, role: &str) -> Value {
    let mut message = Map::new();
    message.insert("role".to_owned(), Value::from(role));
    for attribute in &event.attributes {
        if !attribute.key.starts_with("gen_ai.") {
            message.insert(attribute.key.clone().into_owned(), attribute.value.clone().into_value());
        }
    }
    Value::Object(message)
}

/// One text stands alone; messages are a list.
fn together(mut values: Vec<Value>) -> Option<Value> {
    match values.as_slice() {
        [] => None,
        [Value::String(_)] => values.pop(),
        _ => Some(Value::Array(values)),
    }
}

/// Puts system instructions, which GenAI keeps apart, before the messages they belong to.
pub(crate) fn with_instructions(instructions: Value, input: Option<Value>) -> Value {
    let content = if instructions.is_array() { "parts" } else { "content" };
    let system =
        Value::Object(Map::from_iter([("role".to_owned(), Value::from("system")), (content.to_owned(), instructions)]));
    match input {
        Some(Value::Array(mut messages)) => {
            messages.insert(0, system);
            Value::Array(messages)
        }
        Some(other) => Value::Array(vec![system, other]),
        None => Value::Array(vec![system]),
    }
}
