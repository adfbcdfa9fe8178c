//! The list of prompts: what the address asks for, and one line.

use domain::prompt::PromptType;
use serde::{Deserialize, Serialize};

/// What the query string says.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PromptsQuery {
    /// Part of the name.
    pub q: Option<String>,
    /// In this folder or below.
    pub folder: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl PromptsQuery {
    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        [&self.q, &self.folder, &self.tag].into_iter().flatten().any(|text| !text.is_empty())
    }
}

/// One page of the list.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PromptsPage {
    /// By name.
    pub lines: Vec<PromptLine>,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// The server's present.
    pub now_us: i64,
    /// Address clients use, for the empty state.
    pub address: String,
}

/// One prompt.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PromptLine {
    /// Whole name.
    pub name: String,
    /// Text or chat.
    pub kind: PromptType,
    /// Number of the newest version.
    pub latest: u32,
    /// Labels with the version they point at, production first.
    pub labels: Vec<(String, u32)>,
    /// Tags.
    pub tags: Vec<String>,
    /// When it changed last, microseconds.
    pub updated_us: i64,
    /// Generations of the last seven days.
    pub week: u64,
}
