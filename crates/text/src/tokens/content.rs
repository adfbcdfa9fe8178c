//! The texts in what a model was given or gave back.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// How deep messages are looked into; what lies deeper counts as JSON.
const DEPTH: usize = 6;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Content<'v> {
    pub(super) texts: Vec<Cow<'v, str>>,
    pub(super) messages: u64,
    /// Which of the texts are roles of messages.
    roles: Vec<usize>,
}

impl<'v> Content<'v> {
    /// The texts but the roles.
    pub(super) fn without_roles(self) -> Vec<Cow<'v, str>> {
        let roles = self.roles;
        self.texts.into_iter().enumerate().filter(|(at, _)| !roles.contains(at)).map(|(_, text)| text).collect()
    }

    fn add(&mut self, text: &'v str) {
        // Pictures and sound as text.
        if !text.starts_with("data:") && !text.is_empty() {
            self.texts.push(Cow::Borrowed(text));
        }
    }

    fn add_json(&mut self, value: &Value) {
        self.texts.push(Cow::Owned(value.to_string()));
    }

    fn value(&mut self, value: &'v Value, depth: usize) {
        match value {
            Value::Null => {}
            Value::String(text) => self.add(text),
            Value::Array(items) if depth < DEPTH => items.iter().for_each(|item| self.value(item, depth + 1)),
            Value::Object(object) if depth < DEPTH => self.object(object, value, depth),
            other => self.add_json(other),
        }
    }

    fn object(&mut self, object: &'v Map<String, Value>, value: &'v Value, depth: usize) {
        // The body of a request: messages, and tools as the provider writes them into the prompt.
        if let Some(messages @ Value::Array(_)) = object.get("messages").or_else(|| object.get("contents")) {
            for key in ["system", "instructions"] {
                object.get(key).into_iter().for_each(|text| self.value(text, depth + 1));
            }
            self.value(messages, depth + 1);
            object.get("tools").into_iter().for_each(|tools| self.add_json(tools));
            return;
        }
        if let Some(Value::String(role)) = object.get("role") {
            self.message(role, object, depth);
            return;
        }
        // An answer's list of choices.
        if let Some(choices @ Value::Array(_)) = object.get("choices") {
            self.value(choices, depth + 1);
            return;
        }
        if let Some(message @ Value::Object(_)) = object.get("message") {
            self.value(message, depth + 1);
            return;
        }
        // A part of a message.
        if let Some(Value::String(kind)) = object.get("type") {
            let kind = kind.as_str();
            if matches!(kind, "text" | "input_text" | "output_text" | "reasoning" | "thinking") {
                let keys = ["text", "content", "thinking", "reasoning"];
                keys.iter().find_map(|key| object.get(*key)).into_iter().for_each(|text| self.value(text, depth + 1));
                return;
            }
            if is_media(kind) {
                return;
            }
        }
        if let (Some(Value::String(text)), 1) = (object.get("text"), object.len()) {
            return self.add(text);
        }
        self.add_json(value);
    }

    fn message(&mut self, role: &'v str, object: &'v Map<String, Value>, depth: usize) {
        self.messages += 1;
        self.roles.push(self.texts.len());
        self.texts.push(Cow::Borrowed(role));
        for key in ["name", "content", "parts", "text"] {
            object.get(key).into_iter().for_each(|said| self.value(said, depth + 1));
        }
        for key in ["tool_calls", "function_call"] {
            object.get(key).filter(|calls| !calls.is_null()).into_iter().for_each(|calls| self.add_json(calls));
        }
    }
}

/// Parts whose tokens are not those of a text.
fn is_media(kind: &str) -> bool {
    ["image", "audio", "video", "file", "blob", "uri", "media", "document"].iter().any(|word| kind.contains(word))
}

/// Finds the texts.
pub(super) fn read(value: &Value) -> Content<'_> {
    let mut content = Content::default();
    content.value(value, 0);
    content
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_found_in_every_form_of_messages() {
        for (value, messages, texts) in [
            (json!("hi"), 0, vec!["hi"]),
            (json!(null), 0, vec![]),
            (json!({"question": "why"}), 0, vec![r#"{"question":"why"}"#]),
            (
                json!([{"role": "user", "content": "hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "a"}]}]),
                2,
                vec!["user", "hi", "assistant", r#"[{"id":"a"}]"#],
            ),
            (
                json!([{"role": "user", "content": [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "x"}}]}]),
                1,
                vec!["user", "see"],
            ),
            (
                json!([{"role": "user", "parts": [{"type": "text", "content": "hi"}, {"type": "blob", "data": "AAAA"}]}]),
                1,
                vec!["user", "hi"],
            ),
            (json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}), 1, vec!["user", "hi"]),
            (
                json!({"system": "be kind", "messages": [{"role": "user", "content": "hi"}], "tools": [1], "model": "m"}),
                1,
                vec!["be kind", "user", "hi", "[1]"],
            ),
            (
                json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "ho"}}]}),
                1,
                vec!["assistant", "ho"],
            ),
            (json!(["data:image/png;base64,AAAA", ""]), 0, vec![]),
            (json!([["a", "b"], "c"]), 0, vec!["a", "b", "c"]),
        ] {
            let content = read(&value);
            assert_eq!(
                (content.messages, content.texts),
                (messages, texts.into_iter().map(Cow::from).collect()),
                "{value}"
            );
        }
        let answer = json!({"role": "assistant", "content": "assistant"});
        assert_eq!(read(&answer).without_roles(), ["assistant"]);
        let deep = (0..100).fold(json!("x"), |inner, _| json!([inner]));
        assert_eq!(read(&deep).texts.len(), 1);
    }
}
