//! Reads inputs and outputs as conversations, in the shapes SDKs send them.

use serde_json::Value;

/// One message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ChatMessage {
    /// `user`, `assistant`, …
    pub(super) role: String,
    /// Its text; parts that are no text are shown as JSON.
    pub(super) text: String,
}

/// The messages of a value, when it is a conversation: a list of messages, an object with `messages`, or one message.
pub(super) fn messages(value: &Value) -> Option<Vec<ChatMessage>> {
    match value {
        Value::Array(items) if !items.is_empty() => items.iter().map(message).collect(),
        Value::Object(fields) => match fields.get("messages") {
            Some(Value::Array(items)) if !items.is_empty() => items.iter().map(message).collect(),
            _ => message(value).map(|only| vec![only]),
        },
        _ => None,
    }
}

fn message(value: &Value) -> Option<ChatMessage> {
    let role = value.get("role")?.as_str()?.to_owned();
    let content = value.get("content").or_else(|| value.get("parts"));
    let mut text = content.map(text_of).unwrap_or_default();
    if let Some(calls) = value.get("tool_calls").filter(|calls| calls.as_array().is_some_and(|calls| !calls.is_empty()))
    {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&pretty(calls));
    }
    Some(ChatMessage { role, text })
}

/// Text of a content: itself, or its text parts one under another.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(parts) => parts.iter().map(part).collect::<Vec<_>>().join("\n"),
        other => pretty(other),
    }
}

fn part(part: &Value) -> String {
    let text = part.get("text").or_else(|| part.get("content")).and_then(Value::as_str);
    match (part, text) {
        (Value::String(text), _) => text.clone(),
        (_, Some(text)) => text.to_owned(),
        (other, None) => pretty(other),
    }
}

/// A value as JSON over several lines.
pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Option<Vec<(String, String)>> {
        messages(&value).map(|messages| messages.into_iter().map(|m| (m.role, m.text)).collect())
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
