//! A trace as the page draws it: rows of a tree, geometry of a waterfall. Plain values, so that all of it is tested without
//! a browser.

use std::collections::HashMap;

use domain::trace::{Level, SpanKind};
use serde::{Deserialize, Serialize};
use ui::JsonValue;

/// A trace with its spans, in the order they began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Start of its earliest span, microseconds since 1970.
    pub start_us: i64,
    /// From the first start to the last end, nanoseconds.
    pub duration_ns: i64,
    /// Nano-dollars, when any span has a cost.
    pub cost: Option<i64>,
    /// Spans among those shown that have tokens and no price: the cost leaves them out.
    pub unpriced: u32,
    /// Input tokens of its generations.
    pub input_tokens: u64,
    /// Output tokens of its generations.
    pub output_tokens: u64,
    /// User.
    pub user: Option<String>,
    /// Session.
    pub session: Option<String>,
    /// Environment.
    pub environment: String,
    /// Release.
    pub release: Option<String>,
    /// Version.
    pub version: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Spans.
    pub spans: Vec<SpanView>,
    /// How many there are in all.
    pub span_count: u32,
    /// How many failed.
    pub errors: u32,
    /// Scores on the trace, its observations and its session.
    pub scores: Vec<ScoreView>,
    /// Whether the visitor may give scores.
    pub may_score: bool,
    /// Scores the project has agreed on.
    pub configs: Vec<ScoreConfigView>,
    /// The span to show when the address names none: the root, else the earliest.
    pub root: Option<String>,
}

/// One span in the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpanView {
    /// Id.
    pub id: String,
    /// Parent's id, whether it is known or not.
    pub parent: Option<String>,
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: SpanKind,
    /// Nanoseconds after the trace began.
    pub offset_ns: i64,
    /// How long it took.
    pub duration_ns: i64,
    /// How bad it is.
    pub level: Level,
    /// What it said about that, cut.
    pub status: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Nano-dollars.
    pub cost: Option<i64>,
    /// What the cost rests on; `None` where there is nothing to say.
    pub costing: Option<CostView>,
    /// Tokens.
    pub tokens: Option<TokensView>,
    /// Nanoseconds to the first token.
    pub first_token_ns: Option<i64>,
    /// The prompt version it counts for.
    pub prompt: Option<PromptBadge>,
}

/// The prompt version a generation counts for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PromptBadge {
    /// Prompt.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Whether an ancestor carries the link.
    pub inherited: bool,
}

/// Tokens of a generation; they never overlap.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct TokensView {
    /// Input read fresh.
    pub input: u64,
    /// Input read from a cache.
    pub cache_read: u64,
    /// Input written to a cache.
    pub cache_write: u64,
    /// Output, without reasoning.
    pub output: u64,
    /// Output spent on reasoning.
    pub reasoning: u64,
    /// Whatever the provider counts beside these.
    pub other: u64,
}

/// Where a span's cost comes from.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum CostFrom {
    /// There is none, and none is missing.
    Nothing,
    /// The sender gave it.
    Given,
    /// The catalogue's price.
    Catalogue {
        /// Provider and model.
        entry: String,
        /// The day that edition was made.
        edition_us: i64,
        /// Since when it is charged, where the catalogue says.
        since_us: Option<i64>,
    },
    /// A price the project set.
    Own {
        /// Since when it holds; `None`: always.
        since_us: Option<i64>,
    },
    /// Tokens are known, their price is not.
    Unpriced {
        /// Why, in words.
        why: String,
    },
}

/// What a span's cost and tokens rest on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct CostView {
    /// Where the cost comes from.
    pub from: CostFrom,
    /// The amounts it is the sum of: what for, nano-dollars.
    pub lines: Vec<(String, i64)>,
    /// How the request was served, where that is not as usual.
    pub tier: Option<String>,
    /// How tokens were counted that the sender did not say.
    pub tokens_by: Option<String>,
}

/// What a span cost before it was priced again.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PastCostView {
    /// Nano-dollars; `None`: it had no cost.
    pub cost: Option<i64>,
    /// What that rested on, in words.
    pub from: String,
    /// Until when.
    pub until_us: i64,
}

/// One score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreView {
    /// What it measures.
    pub name: String,
    /// The value as a word or number.
    pub text: String,
    /// What is scored.
    pub on: ScoredOn,
    /// Why.
    pub comment: Option<String>,
    /// Who gave it, for one given by hand.
    pub author: Option<String>,
    /// The form's fields, for one the visitor may change.
    pub draft: Option<ScoreDraft>,
}

/// A score the project has agreed on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ScoreConfigView {
    /// Its name.
    pub name: String,
    /// What values it has: `0 to 5`, `yes or no`, `polite, rude`.
    pub values: String,
}

/// A score as the form has it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct ScoreDraft {
    /// The score it changes; empty for a new one.
    pub id: String,
    /// The span it is on; empty for the trace.
    pub span: String,
    /// What it measures.
    pub name: String,
    /// `numeric`, `boolean`, `categorical`, `text`.
    pub kind: String,
    /// What it says, as written.
    pub value: String,
    /// Why.
    pub comment: String,
}

/// A score that was kept, and what it said before, for the way back.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ScoreKept {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it said before it was changed.
    pub before: Option<ScoreDraft>,
}

/// What a score is about.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum ScoredOn {
    /// The span of this id.
    Span(String),
    /// The trace.
    Trace,
    /// Its session.
    Session,
}

/// The large part of a span, fetched when it is opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpanDetail {
    /// Input.
    pub input: Option<JsonValue>,
    /// Output.
    pub output: Option<JsonValue>,
    /// Whatever else was sent with it, by name.
    pub metadata: Vec<(String, JsonValue)>,
    /// Temperature and the like, as text.
    pub model_parameters: Vec<(String, String)>,
    /// The whole status message.
    pub status_message: Option<String>,
    /// The instrumentation that sent it.
    pub scope: String,
    /// What it cost before it was priced again, oldest first.
    pub past_costs: Vec<PastCostView>,
}

/// A row of the drawn tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Row {
    /// Which span.
    pub index: usize,
    /// 1 for a root.
    pub depth: u32,
}

/// Depth first, children by start. A span whose parent is not among them is a root: parents may never arrive. A span that is
/// its own ancestor (broken senders exist) is cut loose and drawn once.
pub fn rows(spans: &[SpanView]) -> Vec<Row> {
    let index_of: HashMap<&str, usize> =
        spans.iter().enumerate().map(|(index, span)| (span.id.as_str(), index)).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    let mut roots = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        match span.parent.as_deref().and_then(|parent| index_of.get(parent)) {
            Some(parent) if *parent != index => {
                if let Some(siblings) = children.get_mut(*parent) {
                    siblings.push(index);
                }
            }
            _ => roots.push(index),
        }
    }
    let mut out = Vec::with_capacity(spans.len());
    let mut drawn = vec![false; spans.len()];
    for root in roots {
        draw(root, &children, &mut drawn, &mut out);
    }
    // What is left hangs on a cycle: start it from its earliest member.
    for index in 0..spans.len() {
        if !drawn.get(index).copied().unwrap_or(true) {
            draw(index, &children, &mut drawn, &mut out);
        }
    }
    out
}

fn draw(root: usize, children: &[Vec<usize>], drawn: &mut [bool], out: &mut Vec<Row>) {
    // An own stack: a trace may be deeper than the thread's.
    let mut stack = vec![(root, 1)];
    while let Some((index, depth)) = stack.pop() {
        match drawn.get_mut(index) {
            Some(mark) if !*mark => *mark = true,
            _ => continue,
        }
        out.push(Row { index, depth });
        let below = children.get(index).map_or(&[][..], Vec::as_slice);
        stack.extend(below.iter().rev().map(|child| (*child, depth + 1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: Option<&str>) -> SpanView {
        SpanView {
            id: id.to_owned(),
            parent: parent.map(str::to_owned),
            name: id.to_owned(),
            kind: SpanKind::Span,
            offset_ns: 0,
            duration_ns: 0,
            level: Level::Default,
            status: None,
            model: None,
            cost: None,
            costing: None,
            tokens: None,
            first_token_ns: None,
            prompt: None,
        }
    }

    fn drawn(spans: &[SpanView]) -> Vec<(String, u32)> {
        rows(spans).into_iter().map(|row| (spans[row.index].id.clone(), row.depth)).collect()
    }

    fn expected(rows: &[(&str, u32)]) -> Vec<(String, u32)> {
        rows.iter().map(|(id, depth)| ((*id).to_owned(), *depth)).collect()
    }

    #[test]
    fn children_follow_their_parent_whatever_order_they_came_in() {
        let spans = [span("c", Some("b")), span("a", None), span("b", Some("a")), span("d", Some("a"))];
        assert_eq!(drawn(&spans), expected(&[("a", 1), ("b", 2), ("c", 3), ("d", 2)]));
    }

    #[test]
    fn a_missing_parent_makes_a_root_and_a_cycle_is_drawn_once() {
        let spans = [span("x", Some("never")), span("p", Some("q")), span("q", Some("p")), span("s", Some("s"))];
        assert_eq!(drawn(&spans), expected(&[("x", 1), ("s", 1), ("p", 1), ("q", 2)]));
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_spans_does_not_overflow() {
        let mut spans = vec![span("0", None)];
        spans.extend((1..100_000_u32).map(|n| span(&n.to_string(), Some(&(n - 1).to_string()))));
        assert_eq!(rows(&spans).len(), 100_000);
    }
}
