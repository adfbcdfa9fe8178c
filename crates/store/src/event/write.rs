use std::collections::BTreeMap;

use domain::{
    experiment::Exposure,
    ids::{ProjectId, SpanId, TraceId},
    money::NanoUsd,
    outcome::OutcomeEvent,
    price::Charge,
    score::Score,
    segment::{Said, SegmentAttribute, SegmentSource},
    time::{TimeNs, TimeUs},
    trace::{Level, PromptLink, Span, SpanKind, SpanVersion, TokenBuckets},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// Events of one request. All of them are stored or none.
#[derive(Clone, Debug, PartialEq)]
pub struct EventBatch {
    /// Whose events.
    pub project: ProjectId,
    /// When they were received.
    pub received_us: TimeUs,
    /// Spans; a span twice in one batch counts like two batches.
    pub spans: Vec<SpanWrite>,
    /// Scores, likewise.
    pub scores: Vec<ScoreWrite>,
    /// Outcome events, likewise.
    pub outcomes: Vec<OutcomeEvent>,
    /// Exposures. Of two of one unit in one phase the earlier stands, and a second arm is noted.
    pub exposures: Vec<Exposure>,
    /// By which attribute the spans were told apart; the store looks at those again that were not by the project's present one.
    pub segmented_by: Option<SegmentAttribute>,
}

impl EventBatch {
    /// A batch without events.
    pub fn empty(project: ProjectId, received_us: TimeUs) -> Self {
        Self {
            project,
            received_us,
            spans: Vec::new(),
            scores: Vec::new(),
            outcomes: Vec::new(),
            exposures: Vec::new(),
            segmented_by: None,
        }
    }

    /// How many events are in it.
    pub fn events(&self) -> usize {
        self.spans.len() + self.scores.len() + self.outcomes.len() + self.exposures.len()
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Appended {
    /// Events not seen before.
    pub new: u64,
    /// Events that replaced a lesser version.
    pub replaced: u64,
    /// Events that changed nothing: repeats and lesser versions.
    pub unchanged: u64,
}

/// What was handed to the store and is not answered yet: it is being packed, waits for the writer, or is in its commit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Waiting {
    /// Batches.
    pub batches: u64,
    /// Events in them.
    pub events: u64,
    /// Bytes of the spans' payloads, before compression.
    pub bytes: u64,
}

/// Sketch keys of a span's measures, made by `stats::sketch`; the store only counts them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct SketchKeys {
    /// Of the latency in nanoseconds; always there on generations.
    pub latency: Option<i16>,
    /// Of the time to first token in nanoseconds.
    pub time_to_first_token: Option<i16>,
    /// Of the total cost in nano-dollars.
    pub cost: Option<i16>,
    /// Of all input tokens.
    pub input_tokens: Option<i16>,
    /// Of all output tokens.
    pub output_tokens: Option<i16>,
    /// Of the cost of the input in nano-dollars.
    pub input_cost: Option<i16>,
    /// Of the cost of the output in nano-dollars.
    pub output_cost: Option<i16>,
    /// Of all tokens.
    pub total_tokens: Option<i16>,
}

/// Hashed groups of the units a span may belong to, made by `stats::hash`: of its user, its session and its trace. A trace
/// counts in the group of its user, else of its session, else of itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct UnitGroups {
    /// Of the user this span names, if it names one.
    pub user: Option<u8>,
    /// Of the session it names.
    pub session: Option<u8>,
    /// Of its trace.
    pub trace: u8,
}

impl UnitGroups {
    /// How many groups totals are spread over; a power of two, so that the 256 of a hash fold into it.
    pub const SPREAD: u8 = 64;
}

/// What is worked out of a span besides its content; it may change while the content stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Derived {
    /// Keys of its measures.
    pub keys: SketchKeys,
    /// Groups of its units.
    pub groups: UnitGroups,
    /// The segment it names.
    pub segment: Option<Said>,
    /// What its tokens and cost rest on.
    pub charge: Charge,
}

/// The narrow part of a span: everything lists, trees and totals need, nothing that can be large.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanRow {
    /// Its trace.
    pub trace_id: TraceId,
    /// Its id.
    pub span_id: SpanId,
    /// Its parent.
    pub parent_id: Option<SpanId>,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SpanKind,
    /// When it began.
    pub start_ns: TimeNs,
    /// When it ended.
    pub end_ns: TimeNs,
    /// How bad it is.
    pub level: Level,
    /// First 200 characters of its status message.
    pub status: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The environment.
    pub environment: String,
    /// The link it carries itself.
    pub prompt: Option<PromptLink>,
    /// When the first token came.
    pub completion_start_ns: Option<TimeNs>,
    /// Tokens, when known.
    pub tokens: Option<TokenBuckets>,
    /// Total cost, when known.
    pub cost: Option<NanoUsd>,
    /// Cost of the input, when known.
    pub input_cost: Option<NanoUsd>,
    /// Cost of the output, when known.
    pub output_cost: Option<NanoUsd>,
    /// Whether a model was called and gave nothing back.
    pub null_response: bool,
    /// Whether it is the application's root.
    pub app_root: bool,
    /// Keys of its measures, groups of its units, its segment.
    pub derived: Derived,
    /// What it says about its trace.
    pub trace: TraceWords,
}

/// What a span says about its trace, the part that fits a narrow row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TraceWords {
    /// Name of the trace.
    pub name: Option<String>,
    /// User.
    pub user_id: Option<String>,
    /// Session.
    pub session_id: Option<String>,
    /// Release.
    pub release: Option<String>,
    /// Version.
    pub version: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Public or not.
    pub public: Option<bool>,
}

/// The large part of a span, read only when opened. Stored as JSON, compressed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpanPayload {
    /// What went in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// What came out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Everything else that was said.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// Temperature and the like.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub model_parameters: Map<String, Value>,
    /// Who serves the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The whole status message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_message: Option<String>,
    /// Tokens in the sender's own keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub usage: BTreeMap<String, u64>,
    /// Cost in the sender's own keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cost: BTreeMap<String, NanoUsd>,
    /// Metadata for the trace.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub trace_metadata: Map<String, Value>,
    /// Input of the trace, where said apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_input: Option<Value>,
    /// Output of the trace, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_output: Option<Value>,
    /// The instrumentation that made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
}

/// The segment a stored span names under an attribute: the same as was found in the span before it was stored.
pub fn segment_of(attribute: &SegmentAttribute, row: &SpanRow, payload: &SpanPayload) -> Option<Said> {
    attribute.of(&SegmentSource {
        metadata: &payload.metadata,
        trace_metadata: &payload.trace_metadata,
        tags: &row.trace.tags,
        release: row.trace.release.as_deref(),
        version: row.trace.version.as_deref(),
    })
}

/// A span ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanWrite {
    /// The narrow part.
    pub row: SpanRow,
    /// The large part as JSON text.
    pub payload: Vec<u8>,
    /// Which of two contents of this span stands.
    pub version: SpanVersion,
}

impl SpanWrite {
    /// Splits a span into its two parts and derives its version from all of its content.
    ///
    /// # Errors
    /// When the payload cannot be written as JSON, which no decoded span causes.
    pub fn new(span: Span, derived: Derived) -> Result<Self, serde_json::Error> {
        // The digest covers the row through its canonical JSON and the payload through the bytes that are stored.
        let null_response = span.is_null_response();
        let end_ns = span.end_ns.0;
        let row = SpanRow {
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent_id: span.parent_id,
            name: span.name,
            kind: span.kind,
            start_ns: span.start_ns,
            end_ns: span.end_ns,
            level: span.level,
            status: span.status_message.as_ref().map(|message| message.chars().take(200).collect()),
            model: span.model,
            environment: span.environment,
            prompt: span.prompt,
            completion_start_ns: span.completion_start_ns,
            tokens: span.usage.buckets,
            cost: span.cost.total,
            input_cost: span.cost.input,
            output_cost: span.cost.output,
            null_response,
            app_root: span.app_root,
            derived,
            trace: TraceWords {
                name: span.trace.name,
                user_id: span.trace.user_id,
                session_id: span.trace.session_id,
                release: span.release,
                version: span.version,
                tags: span.trace.tags,
                public: span.trace.public,
            },
        };
        let payload = serde_json::to_vec(&SpanPayload {
            input: span.input,
            output: span.output,
            metadata: span.metadata,
            model_parameters: span.model_parameters,
            provider: span.provider,
            status_message: span.status_message,
            usage: span.usage.reported,
            cost: span.cost.reported,
            trace_metadata: span.trace.metadata,
            trace_input: span.trace.input,
            trace_output: span.trace.output,
            scope: span.scope,
        })?;
        let mut hash = Sha256::new();
        let words = serde_json::to_vec(&(
            (&row.parent_id, &row.name, row.kind, row.start_ns.0, row.level, &row.model, &row.environment),
            (&row.prompt, row.completion_start_ns.map(|time| time.0), row.app_root, &row.trace),
        ))?;
        hash.update((words.len() as u64).to_le_bytes());
        hash.update(&words);
        hash.update(&payload);
        let digest = hash.finalize();
        let first_eight = digest.iter().take(8).fold(0_u64, |acc, byte| (acc << 8) | u64::from(*byte));
        let length = u32::try_from(words.len() + payload.len()).unwrap_or(u32::MAX);
        Ok(Self { row, payload, version: SpanVersion { end_ns, length, digest: first_eight } })
    }
}

/// A score ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreWrite {
    /// The score.
    pub score: Score,
    /// The bin its number counts in, made by `stats::sketch`; none for categories and texts.
    pub bin: Option<i32>,
}

impl ScoreWrite {
    /// Which of two contents of this score stands: the later one, then the greater digest.
    ///
    /// # Errors
    /// When the score cannot be written as JSON, which no parsed score causes.
    pub fn version(&self) -> Result<(i64, u64), serde_json::Error> {
        let digest = Sha256::digest(serde_json::to_vec(&self.score)?);
        let first_eight = digest.iter().take(8).fold(0_u64, |acc, byte| (acc << 8) | u64::from(*byte));
        Ok((self.score.at_us.0, first_eight))
    }
}
