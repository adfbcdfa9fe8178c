//! The text or chat of a prompt as clients send it: `type` may be missing on messages and on the whole.

use domain::{
    problem::FieldProblem,
    prompt::{ChatItem, PromptBody},
};
use serde_json::{Map, Value};
use services::ServiceError;

/// Reads `prompt` by `type`; a missing type means text.
pub(crate) fn read(kind: Option<&str>, prompt: Value) -> Result<PromptBody, ServiceError> {
    match (kind, prompt) {
        (None | Some("text"), Value::String(text)) => Ok(PromptBody::Text(text)),
        (None | Some("text"), _) => {
            Err(ServiceError::field("prompt", "a text prompt is a JSON text; for messages send `\"type\": \"chat\"`"))
        }
        (Some("chat"), Value::Array(items)) => chat(items),
        (Some("chat"), _) => {
            Err(ServiceError::field("prompt", "a chat prompt is an array of messages and placeholders"))
        }
        (Some(other), _) => {
            let shown: String = other.chars().take(40).collect();
            Err(ServiceError::field("type", format!("unknown type `{shown}`; types: `text`, `chat`")))
        }
    }
}

fn chat(items: Vec<Value>) -> Result<PromptBody, ServiceError> {
    let mut read = Vec::with_capacity(items.len());
    let mut wrong = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        match chat_item(item) {
            Ok(item) => read.push(item),
            Err((field, message)) => wrong.push(FieldProblem::new(format!("prompt[{index}]{field}"), message)),
        }
    }
    if wrong.is_empty() { Ok(PromptBody::Chat(read)) } else { Err(ServiceError::Invalid(wrong)) }
}

fn chat_item(item: Value) -> Result<ChatItem, (&'static str, String)> {
    let Value::Object(mut fields) = item else {
        return Err(("", "an entry of a chat is an object".to_owned()));
    };
    let kind = match fields.remove("type") {
        None | Some(Value::Null) => "chatmessage".to_owned(),
        Some(Value::String(kind)) => kind,
        Some(_) => return Err((".type", "it is a text: `chatmessage` or `placeholder`".to_owned())),
    };
    match kind.as_str() {
        "chatmessage" | "message" => {
            let role =
                text(&mut fields, "role").ok_or((".role", "a message needs a `role`, which is a text".to_owned()))?;
            let content = text(&mut fields, "content")
                .ok_or((".content", "a message needs a `content`, which is a text".to_owned()))?;
            Ok(ChatItem::Message { role, content })
        }
        "placeholder" => {
            let name = text(&mut fields, "name")
                .ok_or((".name", "a placeholder needs a `name`, which is a text".to_owned()))?;
            Ok(ChatItem::Placeholder { name })
        }
        _ => Err((".type", "unknown type; types: `chatmessage`, `placeholder`".to_owned())),
    }
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}
