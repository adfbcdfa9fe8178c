//! The list of traces: what the address asks for, and one line.

use domain::trace::PromptLink;
use serde::{Deserialize, Serialize};
use ui::Query;

use crate::range::RangeShown;

/// How far back the list looks when the address does not say.
pub const DEFAULT_RANGE: &str = "30d";

/// What the query string says, as it stands there. Empty texts mean "not asked".
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
    pub version: Option<String>,
    /// Environment.
    pub environment: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// User.
    pub user: Option<String>,
    /// Session.
    pub session: Option<String>,
    /// `yes`: only with a failed span; `no`: only without.
    pub errors: Option<String>,
    /// Name of a score it has.
    pub score: Option<String>,
    /// The least that score may be.
    pub score_min: Option<String>,
    /// The most.
    pub score_max: Option<String>,
    /// The category it has to be.
    pub score_is: Option<String>,
    /// At least so many milliseconds.
    pub duration_min_ms: Option<String>,
    /// At most so many.
    pub duration_max_ms: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// `on`: new traces are shown as they come. The list is asked for again when this changes.
    pub live: Option<String>,
}

impl TracesQuery {
    /// Reads the parameters of an address.
    pub fn of(query: &Query) -> Self {
        let get = |name: &str| query.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        Self {
            range: get("range"),
            from: get("from"),
            to: get("to"),
            prompt: get("prompt"),
            version: get("version"),
            environment: get("environment"),
            model: get("model"),
            user: get("user"),
            session: get("session"),
            errors: get("errors"),
            score: get("score"),
            score_min: get("score_min"),
            score_max: get("score_max"),
            score_is: get("score_is"),
            duration_min_ms: get("duration_min_ms"),
            duration_max_ms: get("duration_max_ms"),
            cursor: get("cursor"),
            live: get("live"),
        }
    }

    /// Whether new traces are shown as they come.
    pub fn is_live(&self) -> bool {
        self.live.as_deref() == Some("on")
    }

    /// Whether new traces can appear in the list: it begins at the newest, and its range ends at the present.
    pub fn can_grow(&self) -> bool {
        self.cursor.is_none() && self.to.is_none()
    }
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TraceLines {
    /// Lines, newest first.
    pub lines: Vec<TraceLine>,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// Set when the page ended early: traces that began before this, in microseconds, were not looked at.
    pub looked_back_to_us: Option<i64>,
    /// The server's present, for relative times.
    pub now_us: i64,
    /// Whether the project has ever received a span.
    pub any: bool,
}

impl TraceLines {
    /// How many of these traces are not in the list before.
    pub fn news(&self, before: &Self) -> usize {
        self.lines.iter().filter(|line| before.lines.iter().all(|known| known.id != line.id)).count()
    }

    /// Whether it shows the same as the list before; the clock does not count.
    pub fn is_same(&self, before: &Self) -> bool {
        self.lines == before.lines && self.next == before.next && self.any == before.any
    }
}

/// The list with what it can be filtered by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracesPage {
    /// The first page, or the one after a cursor.
    pub list: TraceLines,
    /// The range they are from.
    pub range: RangeShown,
    /// Prompts that generations counted for.
    pub prompts: Vec<String>,
    /// Models called.
    pub models: Vec<String>,
    /// Environments.
    pub environments: Vec<String>,
    /// Names of scores.
    pub scores: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(ids: &[&str]) -> TraceLines {
        let line = |id: &&str| TraceLine {
            id: (*id).to_owned(),
            name: String::new(),
            start_us: 0,
            duration_ns: 0,
            spans: 1,
            errors: 0,
            tokens: None,
            cost: None,
            user: None,
            session: None,
            environment: "default".to_owned(),
            links: Vec::new(),
        };
        TraceLines { lines: ids.iter().map(line).collect(), any: true, ..TraceLines::default() }
    }

    #[test]
    fn news_are_the_traces_that_were_not_there() {
        let before = lines(&["b", "a"]);
        assert_eq!(lines(&["d", "c", "b"]).news(&before), 2);
        assert_eq!(before.news(&before), 0);
        let mut grown = before.clone();
        grown.now_us = 5;
        assert!(grown.is_same(&before));
        grown.lines[0].spans = 2;
        assert!(!grown.is_same(&before));
    }

    #[test]
    fn only_the_newest_page_up_to_now_can_grow() {
        let of = |pairs: &[(&str, &str)]| TracesQuery::of(&Query::from_pairs(pairs.iter().copied()));
        assert!(of(&[("range", "24h"), ("cursor", ""), ("live", "on")]).can_grow());
        assert!(of(&[("live", "on")]).is_live());
        assert!(!of(&[("cursor", "x")]).can_grow());
        assert!(!of(&[("from", "2026-11-01T00:00:00Z"), ("to", "2026-11-02T00:00:00Z")]).can_grow());
        assert_eq!(of(&[("user", "")]), TracesQuery::default());
    }
}
