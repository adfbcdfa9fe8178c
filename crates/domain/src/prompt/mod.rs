//! Prompts: immutable numbered versions of a text or a chat, and the labels that point at them.

mod body;
mod label;
mod name;

use serde::{Deserialize, Serialize};

pub use body::{ChatItem, PromptBody, PromptType};
pub use label::{FlagKey, Label, LabelMove, LabelName, MoveSource};
pub use name::{PromptName, Tag};

use crate::{ids::PromptId, time::TimeUs};

/// A prompt without its texts: what lists need.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// Its id.
    pub id: PromptId,
    /// Its name; unique in the project.
    pub name: PromptName,
    /// Text or chat, the same for every version.
    pub kind: PromptType,
    /// Tags of the whole prompt, sorted.
    pub tags: Vec<Tag>,
    /// Labels in name order, each with the version it points at (`latest` is derived and not among them).
    pub labels: Vec<Label>,
    /// Number of the newest version.
    pub latest: u32,
    /// When the first version was made.
    pub created_us: TimeUs,
    /// When a version was added or a label moved last.
    pub updated_us: TimeUs,
}

/// One immutable version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptVersion {
    /// 1, 2, 3, … within its prompt.
    pub number: u32,
    /// The text or chat.
    pub body: PromptBody,
    /// Model and parameters, free JSON object.
    pub config: serde_json::Value,
    /// Why it was made.
    pub commit_message: Option<String>,
    /// Who made it, for people: an e-mail address or a key's name.
    pub author: String,
    /// When.
    pub created_us: TimeUs,
    /// SHA-256 of type, body and config, hexadecimal: equal content has an equal hash.
    pub content_hash: String,
}

/// A prompt and one of its versions: what a client fetches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptAtVersion {
    /// The prompt.
    pub prompt: Prompt,
    /// The version.
    pub version: PromptVersion,
}

impl PromptAtVersion {
    /// The labels that point at this version, `latest` last when it is the newest.
    pub fn labels(&self) -> Vec<&str> {
        let mut labels: Vec<&str> = self
            .prompt
            .labels
            .iter()
            .filter(|label| label.version == self.version.number)
            .map(|label| label.name.as_str())
            .collect();
        if self.prompt.latest == self.version.number {
            labels.push(LabelName::LATEST);
        }
        labels
    }
}

/// Which version a client asks for.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum VersionChoice {
    /// This number.
    Number(u32),
    /// Wherever this label points.
    Label(LabelName),
    /// The newest.
    Latest,
}
