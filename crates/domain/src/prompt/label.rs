use serde::{Deserialize, Serialize};

use crate::{ids::LabelMoveId, time::TimeUs, word::words};

words!(
    /// A label: `production`, `staging`, `variant-a`. `latest` is derived, never set.
    LabelName, 40, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'),
    "a label; use 1 to 40 lower-case letters, digits, `-`, `_` or `.`";
    /// The key under which a flag client asks for a slot (a prompt and a label). Unique in a project, and stable.
    FlagKey, 200, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'),
    "a flag key; use 1 to 200 letters, digits, `-`, `_` or `.`";
);

impl LabelName {
    /// The label that always sits on the newest version.
    pub const LATEST: &'static str = "latest";
    /// The label a fetch without version or label means.
    pub const PRODUCTION: &'static str = "production";
}

/// A label where it stands now.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Its name.
    pub name: LabelName,
    /// The version it points at.
    pub version: u32,
    /// The key flag clients use for this slot.
    pub flag_key: FlagKey,
    /// Whether only owners may move it.
    pub protected: bool,
}

/// What moved a label.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveSource {
    /// A person in the browser.
    User,
    /// A program with a key.
    Api,
    /// An experiment: shipped, undone, or moved along with a person's move.
    Experiment,
}

impl MoveSource {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Api => "api",
            Self::Experiment => "experiment",
        }
    }
}

/// One move of a label: the record behind "label at generation time" and the markers on charts.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct LabelMove {
    /// Its id.
    pub id: LabelMoveId,
    /// Which label.
    pub label: LabelName,
    /// The version it left; none when the label was new.
    pub from: Option<u32>,
    /// The version it went to; none when the label was removed.
    pub to: Option<u32>,
    /// Who, for people.
    pub by: String,
    /// When.
    pub at_us: TimeUs,
    /// Why, if they said.
    pub reason: Option<String>,
    /// Through which door.
    pub source: MoveSource,
}
