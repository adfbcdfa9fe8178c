//! The list of traces: what the address asks for, and one line.

use domain::trace::PromptLink;
use serde::{Deserialize, Serialize};

use crate::range::RangeShown;

/// How far back the list looks when the address does not say.
pub const DEFAULT_RANGE: &str = "30d";

/// What the query string says. Empty texts mean "not asked".
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TracesQuery {
    /// `24h`, `7d`, …
    pub range: Option<String>,
    /// Start of a fixed range, RFC 3339.
    pub from: Option<String>,
    /// End of it.
    pub to: Option<String>,
    /// Prompt.
    pub prompt: Option<String>,
    /// Version of that prompt.
    pub version: Option<u32>,
    /// Environment.
    pub environment: Option<String>,
    /// User.
    pub user: Option<String>,
    /// Session.
    pub session: Option<String>,
    /// `yes`: only with a failed span.
    pub errors: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// One trace in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceLine {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// When it began, microseconds.
    pub start_us: i64,
    /// How long it took.
    pub duration_ns: i64,
    /// Spans.
    pub spans: u32,
    /// Failed spans.
    pub errors: u32,
    /// Tokens read and written.
    pub tokens: Option<(u64, u64)>,
    /// Nano-dollars.
    pub cost: Option<i64>,
    /// User.
    pub user: Option<String>,
    /// Session.
    pub session: Option<String>,
    /// Environment.
    pub environment: String,
    /// Prompt versions used.
    pub links: Vec<PromptLink>,
}

/// One page of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracesPage {
    /// Lines, newest first.
    pub lines: Vec<TraceLine>,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// The range they are from.
    pub range: RangeShown,
    /// The server's present, for relative times.
    pub now_us: i64,
    /// Whether the project has ever received a span.
    pub any: bool,
}
