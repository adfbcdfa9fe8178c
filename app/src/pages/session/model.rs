//! One session: its numbers and its traces in order.

use domain::trace::PromptLink;
use serde::{Deserialize, Serialize};
use ui::JsonValue;

use crate::pages::gathered::model::GatheredLine;

/// The session's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionView {
    /// Its numbers.
    pub head: GatheredLine,
    /// Scores of the session itself: name and value.
    pub scores: Vec<(String, String)>,
    /// Traces, earliest first.
    pub turns: Vec<TurnView>,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// The server's present.
    pub now_us: i64,
}

/// One trace of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// When it began, microseconds.
    pub start_us: i64,
    /// How long it took.
    pub duration_ns: i64,
    /// Failed spans.
    pub errors: u32,
    /// Nano-dollars.
    pub cost: Option<i64>,
    /// Prompt versions used.
    pub links: Vec<PromptLink>,
    /// What went in.
    pub input: Option<JsonValue>,
    /// What came out.
    pub output: Option<JsonValue>,
    /// Whether one of them is longer than shown here.
    pub cut: bool,
    /// Scores on it and in it: name and value.
    pub scores: Vec<(String, String)>,
}
