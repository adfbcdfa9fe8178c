use domain::{
    ids::TraceId,
    money::NanoUsd,
    score::Score,
    time::{TimeNs, TimeUs},
    trace::PromptLink,
};

use super::SpanRow;

/// The link a generation counts for, and whether it said so itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResolvedLink {
    /// The prompt version.
    pub link: PromptLink,
    /// Whether it comes from an ancestor.
    pub inherited: bool,
}

/// A span as read back.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanRecord {
    /// What was stored.
    pub row: SpanRow,
    /// What it counts for; only on generations.
    pub link: Option<ResolvedLink>,
    /// When it was first received.
    pub received_us: TimeUs,
}

/// A trace in one row.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRecord {
    /// Its id.
    pub trace_id: TraceId,
    /// Its name: what its spans say, else the name of its root span, else of its earliest span.
    pub name: String,
    /// The user it served.
    pub user_id: Option<String>,
    /// The session it belongs to.
    pub session_id: Option<String>,
    /// The environment of its root, else of its earliest span.
    pub environment: String,
    /// The release.
    pub release: Option<String>,
    /// The version.
    pub version: Option<String>,
    /// Union of the tags, sorted.
    pub tags: Vec<String>,
    /// Whether its owner made it public.
    pub public: bool,
    /// Start of its earliest span.
    pub start_ns: TimeNs,
    /// End of its last span.
    pub end_ns: TimeNs,
    /// Spans.
    pub spans: u32,
    /// Generations among them.
    pub generations: u32,
    /// Failed spans among them.
    pub errors: u32,
    /// Input tokens of its generations.
    pub input_tokens: u64,
    /// Output tokens of its generations.
    pub output_tokens: u64,
    /// Cost of all spans that report one; `None` when none does.
    pub cost: Option<NanoUsd>,
    /// Distinct prompt versions its generations count for, sorted, at most 8.
    pub links: Vec<PromptLink>,
}

/// A score as read back.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreRecord {
    /// The score.
    pub score: Score,
    /// When it was first received.
    pub received_us: TimeUs,
    /// When it was received as it stands.
    pub updated_us: TimeUs,
}

/// What a project has received so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Activity {
    /// When its newest span was received.
    pub last_span_us: Option<TimeUs>,
    /// When its newest generation that counts for a prompt version was received.
    pub last_linked_us: Option<TimeUs>,
    /// When its newest score was received.
    pub last_score_us: Option<TimeUs>,
}
