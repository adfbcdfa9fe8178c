use domain::{
    problem::FieldProblem,
    prompt::{ChatItem, LabelName, PromptBody, PromptName, Tag},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use store::control::VersionDraft;

use crate::ServiceError;

/// Largest body, and largest config, as JSON.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Longest commit message or reason.
const MAX_NOTE_CHARS: usize = 500;
/// Most messages and placeholders of a chat.
const MAX_ITEMS: usize = 1000;
/// Longest role or placeholder name.
const MAX_WORD_CHARS: usize = 100;
/// Most tags of a prompt, and most labels in one request.
const MAX_WORDS: usize = 50;
/// Deepest nesting of a config.
const MAX_DEPTH: usize = 32;

/// What to do when a client sets the label `latest`, which is derived and never set.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LatestLabel {
    /// Say so.
    #[default]
    Refuse,
    /// Leave it out silently, for SDKs that send it.
    Ignore,
}

/// A version as a person or program wrote it, not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct SaveVersion {
    /// The prompt's name.
    pub name: String,
    /// The text or chat. Its type has to be that of the prompt's other versions.
    pub body: PromptBody,
    /// A JSON object; none is an empty one.
    pub config: Option<Value>,
    /// The prompt's tags from now on; none keeps them.
    pub tags: Option<Vec<String>>,
    /// Labels that move to this version.
    pub labels: Vec<String>,
    /// What happens to `latest` among them.
    pub latest: LatestLabel,
    /// Why, at most 500 characters.
    pub commit_message: Option<String>,
    /// The newest version the author saw (0: none); the save fails when another has come since.
    pub expected_latest: Option<u32>,
}

/// The same, checked.
pub(crate) struct CheckedVersion {
    pub(crate) name: PromptName,
    pub(crate) draft: VersionDraft,
    pub(crate) tags: Option<Vec<Tag>>,
    pub(crate) labels: Vec<LabelName>,
    pub(super) expected_latest: Option<u32>,
}

impl SaveVersion {
    /// A version of nothing but a name and a body.
    pub fn new(name: impl Into<String>, body: PromptBody) -> Self {
        Self {
            name: name.into(),
            body,
            config: None,
            tags: None,
            labels: Vec::new(),
            latest: LatestLabel::default(),
            commit_message: None,
            expected_latest: None,
        }
    }

    pub(crate) fn checked(self) -> Result<CheckedVersion, ServiceError> {
        let config = self.config.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        // Before anything is looked at more closely: a limit on work.
        for (what, size) in [("prompt", json_size(&self.body)?), ("config", json_size(&config)?)] {
            if size > MAX_BODY_BYTES {
                return Err(ServiceError::TooLarge(format!("The {what} has {size} bytes; at most 1 MiB is kept.")));
            }
        }
        let mut wrong = Vec::new();
        let name = self.name.parse::<PromptName>().map_err(|e| wrong.push(FieldProblem::new("name", e))).ok();
        check_body(&self.body, &mut wrong);
        check_config(&config, &mut wrong);
        let tags = self.tags.map(|tags| parse_tags(&tags, &mut wrong));
        let labels = parse_labels("labels", &self.labels, self.latest, &mut wrong);
        let commit_message = parse_note("commitMessage", self.commit_message.as_deref()).unwrap_or_else(|problem| {
            wrong.push(problem);
            None
        });
        let (Some(name), true) = (name, wrong.is_empty()) else {
            return Err(ServiceError::Invalid(wrong));
        };
        let content_hash = content_hash(&self.body, &config)?;
        let draft = VersionDraft { body: self.body, config, commit_message, content_hash };
        Ok(CheckedVersion { name, draft, tags, labels, expected_latest: self.expected_latest })
    }
}

fn json_size(value: &impl serde::Serialize) -> Result<usize, ServiceError> {
    serde_json::to_vec(value).map(|text| text.len()).map_err(|cause| ServiceError::Internal(Box::new(cause)))
}

fn check_body(body: &PromptBody, wrong: &mut Vec<FieldProblem>) {
    let PromptBody::Chat(items) = body else {
        return;
    };
    if items.is_empty() || items.len() > MAX_ITEMS {
        wrong.push(FieldProblem::new("prompt", format!("a chat has 1 to {MAX_ITEMS} messages, not {}", items.len())));
        return;
    }
    for (index, item) in items.iter().enumerate() {
        let (part, word, what) = match item {
            ChatItem::Message { role, .. } => ("role", role, "a role, such as `system` or `user`,"),
            ChatItem::Placeholder { name } => ("name", name, "a placeholder's name, such as `history`,"),
        };
        let length = word.chars().count();
        if word.trim().is_empty() || length > MAX_WORD_CHARS || word.chars().any(char::is_control) {
            let message = format!("{what} has 1 to {MAX_WORD_CHARS} printable characters");
            wrong.push(FieldProblem::new(format!("prompt[{index}].{part}"), message));
        }
    }
}

fn check_config(config: &Value, wrong: &mut Vec<FieldProblem>) {
    if !config.is_object() {
        wrong.push(FieldProblem::new("config", "the config is a JSON object, such as `{\"model\": \"gpt-5\"}`"));
    } else if !shallow(config, MAX_DEPTH) {
        wrong.push(FieldProblem::new("config", format!("the config is nested deeper than {MAX_DEPTH} levels")));
    }
}

fn shallow(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return false;
    };
    match value {
        Value::Array(items) => items.iter().all(|item| shallow(item, below)),
        Value::Object(fields) => fields.values().all(|field| shallow(field, below)),
        _ => true,
    }
}

/// Tags, sorted and each once.
pub(super) fn parse_tags(tags: &[String], wrong: &mut Vec<FieldProblem>) -> Vec<Tag> {
    if tags.len() > MAX_WORDS {
        wrong.push(FieldProblem::new("tags", format!("a prompt has at most {MAX_WORDS} tags, not {}", tags.len())));
        return Vec::new();
    }
    let mut parsed = Vec::with_capacity(tags.len());
    for (index, tag) in tags.iter().enumerate() {
        match tag.parse::<Tag>() {
            Ok(tag) => parsed.push(tag),
            Err(invalid) => wrong.push(FieldProblem::new(format!("tags[{index}]"), invalid)),
        }
    }
    parsed.sort_unstable();
    parsed.dedup();
    parsed
}

/// Labels, sorted and each once; `latest` as asked.
pub(super) fn parse_labels(
    field: &str,
    labels: &[String],
    latest: LatestLabel,
    wrong: &mut Vec<FieldProblem>,
) -> Vec<LabelName> {
    if labels.len() > MAX_WORDS {
        wrong.push(FieldProblem::new(field, format!("a request has at most {MAX_WORDS} labels, not {}", labels.len())));
        return Vec::new();
    }
    let mut parsed = Vec::with_capacity(labels.len());
    for (index, label) in labels.iter().enumerate() {
        let path = || format!("{field}[{index}]");
        if label == LabelName::LATEST {
            if latest == LatestLabel::Refuse {
                wrong.push(FieldProblem::new(path(), LATEST_IS_DERIVED));
            }
            continue;
        }
        match label.parse::<LabelName>() {
            Ok(label) => parsed.push(label),
            Err(invalid) => wrong.push(FieldProblem::new(path(), invalid)),
        }
    }
    parsed.sort_unstable();
    parsed.dedup();
    parsed
}

pub(super) const LATEST_IS_DERIVED: &str = "`latest` always sits on the newest version and is never set";

/// A commit message or reason: trimmed, at most 500 characters; an empty one is none.
pub(crate) fn parse_note(field: &str, note: Option<&str>) -> Result<Option<String>, FieldProblem> {
    let Some(note) = note.map(str::trim).filter(|note| !note.is_empty()) else {
        return Ok(None);
    };
    let length = note.chars().count();
    if length > MAX_NOTE_CHARS {
        return Err(FieldProblem::new(field, format!("at most {MAX_NOTE_CHARS} characters, not {length}")));
    }
    Ok(Some(note.to_owned()))
}

/// SHA-256 over the JSON of type, body and config with sorted keys and no blanks: equal content, equal hash.
fn content_hash(body: &PromptBody, config: &Value) -> Result<String, ServiceError> {
    let internal = |cause| ServiceError::Internal(Box::new(cause));
    let mut text = String::new();
    let content = serde_json::json!({
        "type": body.kind().as_str(),
        "body": serde_json::to_value(body).map_err(internal)?,
        "config": config,
    });
    write_canonical(&content, &mut text).map_err(internal)?;
    let mut hash = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        let digit = |nibble: u8| char::from_digit(nibble.into(), 16);
        hash.extend([digit(byte >> 4), digit(byte & 0xf)].into_iter().flatten());
    }
    Ok(hash)
}

fn write_canonical(value: &Value, out: &mut String) -> Result<(), serde_json::Error> {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| name.as_str());
            out.push('{');
            for (index, (name, field)) in fields.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(name)?);
                out.push(':');
                write_canonical(field, out)?;
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out)?;
            }
            out.push(']');
        }
        plain => out.push_str(&serde_json::to_string(plain)?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chat(items: &[(&str, &str)]) -> PromptBody {
        let message = |(role, content): &(&str, &str)| ChatItem::Message {
            role: (*role).to_owned(),
            content: (*content).to_owned(),
        };
        PromptBody::Chat(items.iter().map(message).collect())
    }

    #[test]
    fn every_wrong_field_is_named() {
        let save = SaveVersion {
            config: Some(json!([1])),
            tags: Some(vec!["fine".to_owned(), " blank".to_owned()]),
            labels: vec!["production".to_owned(), "latest".to_owned(), "No".to_owned()],
            commit_message: Some("x".repeat(501)),
            ..SaveVersion::new("a//b", chat(&[("system", "hi"), ("", "there")]))
        };
        let Err(ServiceError::Invalid(fields)) = save.checked() else { panic!("was accepted") };
        let names: Vec<&str> = fields.iter().map(|field| field.field.as_str()).collect();
        assert_eq!(names, ["name", "prompt[1].role", "config", "tags[1]", "labels[1]", "labels[2]", "commitMessage"]);
    }

    #[test]
    fn the_hash_follows_content_and_not_the_order_of_keys() {
        let one: Value = serde_json::from_str(r#"{"model":"m","t":{"a":1,"b":[1,2]}}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"t":{"b":[1,2],"a":1},"model":"m"}"#).unwrap();
        let text = PromptBody::Text("Hi".to_owned());
        let hash = content_hash(&text, &one).unwrap();
        assert_eq!(hash, content_hash(&text, &other).unwrap());
        assert_eq!(hash.len(), 64);
        assert_ne!(hash, content_hash(&chat(&[("user", "Hi")]), &one).unwrap());
        assert_ne!(hash, content_hash(&text, &json!({})).unwrap());
        // Frozen: a stored hash has to be found again by a later release.
        assert_eq!(
            content_hash(&text, &json!({})).unwrap(),
            "07e6f2a6f7829802e23846756a262b9a1af92d27dd2773c77155749965acc65e"
        );
    }

    #[test]
    fn a_megabyte_is_the_limit() {
        let save = SaveVersion::new("big", PromptBody::Text("x".repeat(1024 * 1024)));
        assert!(matches!(save.checked(), Err(ServiceError::TooLarge(_))));
        let mut deep = json!({});
        for _ in 0..40 {
            deep = json!({ "a": deep });
        }
        let save = SaveVersion { config: Some(deep), ..SaveVersion::new("deep", PromptBody::Text(String::new())) };
        assert!(matches!(save.checked(), Err(ServiceError::Invalid(_))));
    }
}
