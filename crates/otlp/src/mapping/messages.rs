//! Chat messages that come in pieces: as attributes with an index in their name, as span events, or as log records.

use std::collections::BTreeMap;

use domain::trace::{Extent, Side};
use serde_json::{Map, Value};

use super::text;
use crate::raw::{Any, Attribute, Event, value::Budget};

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

/// Something an event says: which side it is on, how much of it, and what.
pub(crate) type Said = (Side, Extent, Value);

/// What an event of this name says, and by whom when it does not say so itself.
enum Kind {
    /// One message.
    Message(Side, &'static str),
    /// One text, under this key.
    Text(Side, &'static str),
    /// Everything at once.
    Details,
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "gen_ai.system.message" => Kind::Message(Side::Input, "system"),
        "gen_ai.user.message" => Kind::Message(Side::Input, "user"),
        "gen_ai.assistant.message" => Kind::Message(Side::Input, "assistant"),
        "gen_ai.tool.message" => Kind::Message(Side::Input, "tool"),
        "gen_ai.choice" => Kind::Message(Side::Output, "assistant"),
        "gen_ai.content.prompt" => Kind::Text(Side::Input, "gen_ai.prompt"),
        "gen_ai.content.completion" => Kind::Text(Side::Output, "gen_ai.completion"),
        "gen_ai.client.inference.operation.details" => Kind::Details,
        _ => return None,
    })
}

/// Whether an event of this name says what went in or came out.
pub(crate) fn is_message(name: &str) -> bool {
    kind(name).is_some()
}

/// What a log record says.
pub(crate) fn from_log(
    name: &str,
    body: Option<Any<'_>>,
    attributes: Vec<Attribute<'_>>,
    budget: &Budget,
) -> Vec<Said> {
    let mut fields = Map::new();
    match body.map(|body| text::payload(body, budget)) {
        Some(Value::Object(body)) => fields = body,
        None | Some(Value::Null) => {}
        Some(other) => {
            fields.insert("content".to_owned(), other);
        }
    }
    said(name, fields, attributes, budget)
}

/// Input and output told by the span events of GenAI instrumentations.
pub(crate) fn from_events(events: &[Event<'_>], budget: &Budget) -> (Option<Value>, Option<Value>) {
    let mut all = Vec::new();
    for event in events.iter().filter(|event| is_message(&event.name)) {
        all.extend(said(&event.name, Map::new(), event.attributes.clone(), budget));
    }
    let mut of = |side: Side| {
        let whole = all.iter().rposition(|(of, extent, _)| *of == side && *extent == Extent::Whole);
        if let Some(at) = whole {
            return Some(all.swap_remove(at).2);
        }
        together(all.extract_if(.., |(of, ..)| *of == side).map(|(.., content)| content).collect())
    };
    (of(Side::Input), of(Side::Output))
}

fn said(name: &str, mut fields: Map<String, Value>, attributes: Vec<Attribute<'_>>, budget: &Budget) -> Vec<Said> {
    let mut about = Map::new();
    for Attribute { key, value } in attributes {
        if key == "gen_ai.event.content" {
            // One text that holds the whole message.
            if let Value::Object(content) = text::payload(value, budget) {
                fields.extend(content);
            }
        } else if key.starts_with("gen_ai.") {
            about.insert(key.into_owned(), text::payload(value, budget));
        } else {
            fields.insert(key.into_owned(), value.into_value());
        }
    }
    match kind(name) {
        Some(Kind::Message(side, role)) => vec![(side, Extent::Piece, message(role, fields))],
        Some(Kind::Text(side, key)) => {
            let content = about.remove(key).or_else(|| fields.remove(key)).or_else(|| fields.remove("content"));
            content.map(|content| (side, Extent::Piece, content)).into_iter().collect()
        }
        Some(Kind::Details) => {
            let mut take = |key: &str| about.remove(key).or_else(|| fields.remove(key));
            let (input, output) = (take("gen_ai.input.messages"), take("gen_ai.output.messages"));
            let input = match take("gen_ai.system_instructions") {
                Some(instructions) => Some(with_instructions(instructions, input)),
                None => input,
            };
            let whole = |side: Side, content: Option<Value>| content.map(|content| (side, Extent::Whole, content));
            whole(Side::Input, input).into_iter().chain(whole(Side::Output, output)).collect()
        }
        None => Vec::new(),
    }
}

/// A message from its fields; what a choice holds inside stands with it.
fn message(role: &str, mut fields: Map<String, Value>) -> Value {
    let mut message = Map::new();
    message.insert("role".to_owned(), Value::from(role));
    if let Some(Value::Object(inner)) = fields.get("message") {
        message.extend(inner.clone());
        fields.shift_remove("message");
    }
    message.extend(fields);
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
