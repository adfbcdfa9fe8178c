//! Reads inputs and outputs as conversations, in the shapes SDKs send them.

use ui::JsonValue;

/// One message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ChatMessage {
    /// `user`, `assistant`, …
    pub(super) role: String,
    /// Its text; parts that are no text are shown as JSON.
    pub(super) text: String,
}

/// The messages of a value, when it is a conversation: a list of messages, an object with `messages`, or one message.
pub(super) fn messages(value: &JsonValue) -> Option<Vec<ChatMessage>> {
    match value {
        JsonValue::List(items) if !items.is_empty() => items.iter().map(message).collect(),
        JsonValue::Object(_) => match value.get("messages") {
            Some(JsonValue::List(items)) if !items.is_empty() => items.iter().map(message).collect(),
            _ => message(value).map(|only| vec![only]),
        },
        _ => None,
    }
}

fn message(value: &JsonValue) -> Option<ChatMessage> {
    let role = value.get("role")?.as_text()?.to_owned();
    let content = value.get("content").or_else(|| value.get("parts"));
    let mut text = content.map(text_of).unwrap_or_default();
    if let Some(calls @ JsonValue::List(_)) = value.get("tool_calls").filter(|calls| !calls.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&calls.pretty());
    }
    Some(ChatMessage { role, text })
}

/// Text of a content: itself, or its text parts one under another.
fn text_of(content: &JsonValue) -> String {
    match content {
        JsonValue::Text(text) => text.clone(),
        JsonValue::Null => String::new(),
        JsonValue::List(parts) => parts.iter().map(part).collect::<Vec<_>>().join("\n"),
        other => other.pretty(),
    }
}

fn part(part: &JsonValue) -> String {
    let inside = part.get("text").or_else(|| part.get("content"));
    part.as_text().or_else(|| inside?.as_text()).map_or_else(|| part.pretty(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Option<Vec<(String, String)>> {
        messages(&value.into()).map(|messages| messages.into_iter().map(|m| (m.role, m.text)).collect())
    }

    #[test]
    fn conversations_are_read_in_every_shape() {
        let expected = Some(vec![("user".to_owned(), "hi".to_owned())]);
        assert_eq!(read(json!([{"role": "user", "content": "hi"}])), expected);
        assert_eq!(read(json!({"messages": [{"role": "user", "content": "hi"}], "model": "m"})), expected);
        assert_eq!(read(json!({"role": "user", "content": [{"type": "text", "text": "hi"}]})), expected);
        assert_eq!(read(json!([{"role": "user", "parts": [{"type": "text", "content": "hi"}]}])), expected);
    }

    #[test]
    fn what_is_no_conversation_is_left_alone() {
        for value in [json!("hi"), json!([]), json!([1]), json!({"q": 1}), json!({"messages": []}), json!(null)] {
            assert_eq!(read(value.clone()), None, "{value}");
        }
    }

    #[test]
    fn tool_calls_are_not_lost() {
        let read = read(json!([{"role": "assistant", "content": null, "tool_calls": [{"name": "search"}]}])).unwrap();
        assert!(read[0].1.contains("\"search\""));
    }
}
