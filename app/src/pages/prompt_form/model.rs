//! What the form of a prompt holds: texts as typed, named like the form's fields, so that the browser can keep a half-filled
//! form and put it back, and a form sent without script reads the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::form;

/// What stands in the role's place for where the caller puts messages.
pub const PLACEHOLDER: &str = "[placeholder]";

/// What the fields need beside what was typed.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Whether it is of a new prompt.
    pub is_new: bool,
}

/// The form as it begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormView {
    /// Its fields.
    pub draft: Draft,
    /// What the version will follow; none for a new prompt.
    pub base: Option<Base>,
    /// Whether the visitor may save.
    pub may_write: bool,
}

/// What a new version follows.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Base {
    /// The version its text is from.
    pub from: u32,
    /// The newest version.
    pub latest: u32,
}

/// The fields.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// The prompt's name; fixed once it is made.
    pub name: String,
    /// `text` or `chat`; fixed likewise.
    pub kind: String,
    /// The text of a text prompt.
    pub text: String,
    /// The messages of a chat prompt.
    pub messages: Vec<MessageDraft>,
    /// Model and parameters, as JSON.
    pub config: String,
    /// Tags of the whole prompt, separated by commas.
    pub tags: String,
    /// Labels that move to this version, separated by commas.
    pub labels: String,
    /// Why.
    pub message: String,
}

/// A message, or where the caller puts some.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageDraft {
    /// Who speaks, or [`PLACEHOLDER`].
    pub role: String,
    /// What is said; of a placeholder its name.
    pub content: String,
}

impl Draft {
    /// Whether a message says anything, or a placeholder stands for some that do.
    pub fn says_something(&self) -> bool {
        self.messages.iter().any(|message| !message.content.trim().is_empty())
    }

    /// Whether it is a chat.
    pub fn is_chat(&self) -> bool {
        self.kind == "chat"
    }

    /// The texts that may hold variables.
    pub fn texts(&self) -> Vec<&str> {
        if !self.is_chat() {
            return vec![&self.text];
        }
        let spoken = self.messages.iter().filter(|message| message.role != PLACEHOLDER);
        spoken.map(|message| message.content.as_str()).collect()
    }

    /// Names of the variables, each once, in the order they appear.
    pub fn variables(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for part in self.texts().into_iter().flat_map(ui::Part::of_template) {
            if let ui::Part::Variable { name, .. } = part
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        names
    }
}

impl form::Draft for Draft {
    type About = About;

    /// Rows come in the order of their numbers, with gaps.
    fn of_form(text: &str) -> Self {
        let mut draft = Self::default();
        let mut messages = BTreeMap::<u32, MessageDraft>::new();
        for (name, text) in form_urlencoded::parse(text.as_bytes()) {
            let Some(path) = name.strip_prefix("draft[").and_then(|path| path.strip_suffix(']')) else { continue };
            let mut path = path.split("][");
            let (field, row, of_row) = (path.next().unwrap_or_default(), path.next(), path.next());
            let text = text.into_owned();
            let row = row.and_then(|row| row.parse::<u32>().ok());
            match (field, row, of_row) {
                ("name", ..) => draft.name = text,
                ("kind", ..) => draft.kind = text,
                ("text", ..) => draft.text = text,
                ("config", ..) => draft.config = text,
                ("tags", ..) => draft.tags = text,
                ("labels", ..) => draft.labels = text,
                ("message", ..) => draft.message = text,
                ("messages", Some(row), Some("role")) => messages.entry(row).or_default().role = text,
                ("messages", Some(row), Some("content")) => messages.entry(row).or_default().content = text,
                _ => {}
            }
        }
        draft.messages = messages.into_values().collect();
        draft
    }
}

/// Words separated by commas.
pub fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Draft as _;

    #[test]
    fn a_form_reads_back_with_gaps_in_its_rows() {
        let text = "project=demo&draft%5Bname%5D=a%2Fb&draft%5Bkind%5D=chat&draft%5Bmessages%5D%5B9%5D%5Brole%5D=user\
            &draft%5Bmessages%5D%5B9%5D%5Bcontent%5D=%7B%7Bq%7D%7D&draft%5Bmessages%5D%5B2%5D%5Brole%5D=%5Bplaceholder%5D\
            &draft%5Bmessages%5D%5B2%5D%5Bcontent%5D=history";
        let draft = Draft::of_form(text);
        assert_eq!(draft.name, "a/b");
        let roles: Vec<&str> = draft.messages.iter().map(|message| message.role.as_str()).collect();
        assert_eq!(roles, [PLACEHOLDER, "user"]);
        assert_eq!(draft.variables(), ["q"], "a placeholder's name is no text");
    }

    #[test]
    fn variables_are_those_of_the_type_that_is_chosen() {
        let mut draft = Draft { text: "{{a}} {{ b }} {{a}}".to_owned(), ..Draft::default() };
        assert_eq!(draft.variables(), ["a", "b"]);
        draft.kind = "chat".to_owned();
        assert!(draft.variables().is_empty());
        assert_eq!(words(" x, ,y z,"), ["x", "y z"]);
    }
}
