//! When an output is none.

use serde_json::{Map, Value};

/// Who speaks in what a model gave back.
const ROLES: [&str; 3] = ["assistant", "model", "ai"];
/// Where a chat message holds what is said.
const CONTENT: [&str; 3] = ["content", "parts", "text"];
/// What stands beside it and says nothing to whoever asked.
const BESIDE: [&str; 12] = [
    "role",
    "id",
    "name",
    "type",
    "index",
    "status",
    "object",
    "finish_reason",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "thinking",
];

/// Whether an output holds nothing a model said: JSON `null`, `{}`, `[]`, blank text, or chat messages of a model (also inside
/// an answer as `OpenAI`'s interface gives it) with blank content and no call of a tool. A message that does not show its
/// content is not blank: many instrumentations leave it out.
pub(super) fn is_blank(output: &Value) -> bool {
    match output {
        Value::Array(items) => items.iter().all(|item| is_thought(item) || is_blank(item)),
        Value::Object(fields) => fields.is_empty() || is_blank_message(fields) || is_blank_answer(fields),
        other => is_nothing(other),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_blank_message(fields: &Map<String, Value>) -> bool {
    let said = |key: &str| fields.get(key).and_then(Value::as_str);
    if !said("role").is_some_and(|role| ROLES.contains(&role)) || !CONTENT.iter().any(|key| fields.contains_key(*key)) {
        return false;
    }
    fields.iter().all(|(key, value)| match value {
        _ if BESIDE.contains(&key.as_str()) => true,
        Value::Array(parts) if CONTENT.contains(&key.as_str()) => parts.iter().all(is_blank_part),
        other => is_nothing(other),
    })
}

/// A piece of a message's content.
fn is_blank_part(part: &Value) -> bool {
    let Value::Object(fields) = part else { return is_nothing(part) };
    let is_text = matches!(fields.get("type").and_then(Value::as_str), None | Some("text" | "output_text"));
    let of_text = |key: &str| key == "type" || CONTENT.contains(&key);
    is_thought(part)
        || (is_text && fields.iter().all(|(key, value)| key == "type" || (of_text(key) && is_nothing(value))))
}

/// Something a model wrote for itself.
fn is_thought(item: &Value) -> bool {
    matches!(item.get("type").and_then(Value::as_str), Some("reasoning" | "thinking" | "redacted_thinking"))
}

/// A whole answer with its choices.
fn is_blank_answer(fields: &Map<String, Value>) -> bool {
    let Some(Value::Array(choices)) = fields.get("choices") else { return false };
    let is_answer = fields.get("object").is_some_and(Value::is_string) && !choices.is_empty();
    is_answer && choices.iter().all(|choice| choice.get("message").or(choice.get("text")).is_some_and(is_blank))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_says_nothing_is_blank() {
        let parts = |parts: Value| json!([{"role": "assistant", "parts": parts, "finish_reason": "length"}]);
        for blank in [
            json!(null),
            json!(" \n"),
            json!({}),
            json!([]),
            json!([""]),
            json!({"role": "assistant", "content": ""}),
            json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [], "annotations": []}),
            json!({"role": "assistant", "content": "", "reasoning_content": "hm"}),
            json!([{"role": "assistant", "content": [{"type": "output_text", "text": ""}]}]),
            json!([{"type": "reasoning", "summary": ["hm"]}, {"type": "message", "role": "assistant", "content": []}]),
            parts(json!([])),
            parts(json!([{"type": "text", "content": " "}])),
            parts(json!([{"type": "reasoning", "content": "hm"}, {"type": "text", "content": ""}])),
            json!({"object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": null}}]}),
            json!({"object": "text_completion", "choices": [{"text": ""}]}),
        ] {
            assert!(is_blank(&blank), "{blank}");
        }
        for said in [
            json!("x"),
            json!(0),
            json!(false),
            json!({"answer": ""}),
            json!({"choices": []}),
            json!({"role": "admin", "content": ""}),
            json!({"role": "assistant"}),
            json!([{"role": "assistant", "finish_reason": "stop"}]),
            json!({"role": "assistant", "content": "Paris."}),
            json!({"role": "assistant", "content": "", "refusal": "No."}),
            json!({"role": "assistant", "content": null, "tool_calls": [{"id": "1"}]}),
            json!([{"role": "assistant", "content": [{"type": "image", "url": "x"}]}]),
            parts(json!([{"type": "tool_call", "name": "search"}])),
            parts(json!([{"type": "text", "content": "x"}])),
            json!({"object": "chat.completion", "choices": [{"message": {"role": "assistant", "content": "x"}}]}),
        ] {
            assert!(!is_blank(&said), "{said}");
        }
    }
}
