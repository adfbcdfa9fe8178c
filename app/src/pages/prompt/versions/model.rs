//! The history of a prompt: its versions and the moves of its labels.

use domain::prompt::{MoveSource, PromptType};
use serde::{Deserialize, Serialize};
use ui::JsonValue;

/// What every tab shows above itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptHead {
    /// Text or chat.
    pub kind: PromptType,
    /// Newest version.
    pub latest: u32,
    /// Tags.
    pub tags: Vec<String>,
    /// Labels and where they point.
    pub labels: Vec<LabelView>,
}

/// A label where it stands.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct LabelView {
    /// Name.
    pub name: String,
    /// Version it points at.
    pub version: u32,
    /// The key flag clients use.
    pub flag_key: String,
    /// Whether only owners may move it.
    pub protected: bool,
}

/// The Versions tab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionsView {
    /// What stands above.
    pub head: PromptHead,
    /// Newest first.
    pub versions: Vec<VersionLine>,
    /// The version shown.
    pub shown: VersionView,
    /// Moves of labels, newest first.
    pub moves: Vec<MoveLine>,
    /// What is said of each label that belongs to an experiment, and the experiment's address: they move only with a choice of
    /// what becomes of it.
    pub owned: Vec<(String, String)>,
    /// Whether the visitor may move labels.
    pub may_write: bool,
    /// The server's present.
    pub now_us: i64,
}

/// What the tab has to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OpenedPrompt {
    /// The prompt is saved here.
    Saved(Box<VersionsView>),
    /// Generations name it, and it was never saved.
    Unsaved(UnsavedView),
}

/// A prompt that only traces know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnsavedView {
    /// Versions generations of the last 90 days name, and how many do; most first.
    pub versions: Vec<(String, u64)>,
    /// Address programs use.
    pub address: String,
}

/// A version in the list.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct VersionLine {
    /// Number.
    pub number: u32,
    /// Why it was made.
    pub message: Option<String>,
    /// Who made it.
    pub author: String,
    /// When, microseconds.
    pub created_us: i64,
}

/// A version with its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionView {
    /// Number.
    pub number: u32,
    /// Text or messages.
    pub body: BodyView,
    /// Model and parameters.
    pub config: JsonValue,
    /// Names of its variables, in order.
    pub variables: Vec<String>,
    /// Who made it.
    pub author: String,
    /// When.
    pub created_us: i64,
    /// Why.
    pub message: Option<String>,
}

/// What a version says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum BodyView {
    /// One text.
    Text(String),
    /// Messages and placeholders, and all of them as JSON to copy.
    Chat(Vec<ItemView>, String),
}

/// One entry of a chat prompt.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum ItemView {
    /// A message.
    Message {
        /// Who speaks.
        role: String,
        /// The text with its variables.
        content: String,
    },
    /// Where the caller puts messages.
    Placeholder {
        /// Its name.
        name: String,
    },
}

/// Where a label pointed before it was moved, and where it points now.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct LabelMoved {
    /// The label.
    pub label: String,
    /// Before; none for a new label.
    pub from: Option<u32>,
    /// Now.
    pub to: u32,
    /// Whether an experiment made way for it, which moving back does not undo.
    pub took_over: bool,
}

/// One move of a label.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct MoveLine {
    /// Which label.
    pub label: String,
    /// From.
    pub from: Option<u32>,
    /// To.
    pub to: Option<u32>,
    /// Who.
    pub by: String,
    /// When.
    pub at_us: i64,
    /// Why.
    pub reason: Option<String>,
    /// Through which door.
    pub source: MoveSource,
}
