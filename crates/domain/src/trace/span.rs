use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Cost, Level, SpanKind, Usage, blank::is_blank};
use crate::{
    ids::{SpanId, TraceId},
    time::TimeNs,
};

/// The prompt version a span says it used. The registry need not know it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct PromptLink {
    /// The prompt's name as sent, at most 200 characters.
    pub name: String,
    /// The version's number.
    pub version: u32,
}

/// What a span says about its whole trace. Any span may say some of it; the last-ended one that says a thing wins, the
/// application's root over all others; tags are the union, metadata merges by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TraceFields {
    /// Its name.
    pub name: Option<String>,
    /// The user it served.
    pub user_id: Option<String>,
    /// The session it belongs to.
    pub session_id: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether its owner made it public.
    pub public: Option<bool>,
    /// Free metadata.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// What went in, where the dialect says so apart from the root span (SDK generation 3).
    pub input: Option<Value>,
    /// What came out, likewise.
    pub output: Option<Value>,
}

/// A span in canonical form: what every dialect is mapped to, and what is stored.
///
/// Texts are as sent; `input`, `output` and metadata are JSON (a plain text is a JSON string).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Its trace.
    pub trace_id: TraceId,
    /// Its id within the trace.
    pub span_id: SpanId,
    /// Its parent, which may never arrive.
    pub parent_id: Option<SpanId>,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SpanKind,
    /// When it began.
    pub start_ns: TimeNs,
    /// When it ended; never before `start_ns`.
    pub end_ns: TimeNs,
    /// How bad it is.
    pub level: Level,
    /// What it said about that.
    pub status_message: Option<String>,
    /// The model that answered, else the one that was asked.
    pub model: Option<String>,
    /// Who serves the model.
    pub provider: Option<String>,
    /// Temperature and the like.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub model_parameters: Map<String, Value>,
    /// Tokens.
    pub usage: Usage,
    /// Cost.
    pub cost: Cost,
    /// When the first token came.
    pub completion_start_ns: Option<TimeNs>,
    /// The prompt version it says it used (its own words; a link inherited from an ancestor is worked out by the store).
    pub prompt: Option<PromptLink>,
    /// The environment, `default` when not said.
    pub environment: String,
    /// The release of the application.
    pub release: Option<String>,
    /// The version the application gave.
    pub version: Option<String>,
    /// What went in.
    pub input: Option<Value>,
    /// What came out.
    pub output: Option<Value>,
    /// Everything else that was said, secrets removed.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// What it says about its trace.
    pub trace: TraceFields,
    /// Whether it is the application's root, though it may name a parent nobody will send.
    pub app_root: bool,
    /// The instrumentation that made it, with its version: `langfuse-sdk 5.0.4`.
    pub scope: String,
}

impl Span {
    /// Nanoseconds from start to end, at least 0.
    pub fn latency_ns(&self) -> i64 {
        self.end_ns.0.saturating_sub(self.start_ns.0).max(0)
    }

    /// Nanoseconds to the first token, when known; at least 0.
    pub fn time_to_first_token_ns(&self) -> Option<i64> {
        self.completion_start_ns.map(|first| first.0.saturating_sub(self.start_ns.0).max(0))
    }

    /// Whether it failed.
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }

    /// Whether a model was called and gave nothing back: no output, JSON `null`, `{}`, `[]`, a blank text, or chat messages with
    /// neither content nor a call of a tool. A failed call counts as an error, not as a null response; nor does one that wrote
    /// tokens and whose output nobody sent along, as instrumentations do by default, or send as log records.
    pub fn is_null_response(&self) -> bool {
        if !self.kind.is_generation() || self.is_error() {
            return false;
        }
        match &self.output {
            None => self.usage.buckets.is_none_or(|tokens| tokens.all_output() == 0),
            Some(output) => is_blank(output),
        }
    }
}

/// The content-derived version of a span: of two texts for the same span the greater one stands, whatever order they came
/// in. A later end wins, then the longer content (SDKs resend a span with more in it, never with less), then the digest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct SpanVersion {
    /// When the span ended.
    pub end_ns: i64,
    /// Bytes of its canonical JSON.
    pub length: u32,
    /// First eight bytes of the SHA-256 of its canonical JSON.
    pub digest: u64,
}
