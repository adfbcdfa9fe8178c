//! The event plane: spans, scores, outcome events and exposures in, traces and totals out.
//!
//! Rules every backend keeps (`conformance::event` proves them):
//!
//! - [`EventStore::append`] returns only once the batch survives a crash.
//! - The state after any number of batches depends only on the set of events in them, not on order, splits or repeats: of two
//!   contents of one span or score the one with the greater version stands.
//! - A link a generation does not carry itself is inherited from the nearest ancestor that does, whenever that ancestor comes.
//! - Totals are folded behind a watermark by [`EventStore::fold`]; after any crash, and after any resend, late parent or early
//!   score, they equal totals computed afresh from the events.

mod blocks;
mod charges;
mod erase;
mod experiments;
mod gathered;
mod messages;
mod outcomes;
mod past;
mod read;
mod score_list;
mod span_list;
mod totals;
mod trace_list;
mod write;

use async_trait::async_trait;
use domain::{
    ids::{ProjectId, SpanId, TraceId},
    segment::SegmentAttribute,
};

pub use blocks::{
    AVERAGE_UNIT, Course, Part, Shelves, Slice, SliceKind, SlicedBins, SlicedBlock, Standing, UnitBlock, UnitCap,
    UnitForm, UnitReading, UnitSums, UnitValue, Wide, group_of, shelf_end,
};
pub use charges::{
    Amounts, ChargePage, ChargeStore, ChargedSpan, PastCost, RECHARGES, Recharge, RechargeBatch, Recharged,
    UnpricedModel,
};
pub use erase::{ErasePiece, ErasePlace, EraseStore, Erased, Erasing, LooseEvents, LooseFound};
pub use experiments::{
    ExposureRecord, MOST_ROWS, UnitDay, UnitMeasure, UnitRecord, UnitState, UnitStore, UnitSum, UnitsVersion, Watch,
    is_earlier,
};
pub use gathered::{Gather, GatherStore, Gathered, GatheredList, GatheredSlice, GatheredTotals};
pub use messages::{MessageStore, message_digest};
pub use outcomes::{OutcomeCount, OutcomePlace, OutcomeRecord, OutcomeStore, outcome_version};
pub use past::{Meeting, Meetings, PastStore};
pub use read::{Activity, ResolvedLink, ScoreRecord, SpanRecord, TraceRecord};
pub use score_list::{ScoreList, ScorePlace, ScoresOf};
pub use span_list::{SpanList, TRACES_LOOKED_THROUGH};
pub use totals::{
    Bins, Group, QuantityTotals, ScoreBins, ScoreGroup, ScoreSpread, ScoreTotals, SpanSpread, SpanTotals, SpreadAnswer,
    SpreadQuestion, TotalsAnswer, TotalsQuestion,
};
pub use trace_list::{ScoreCondition, ScoreTest, TraceFilter, TraceKey, TraceSlice, Words};
pub use write::{
    Appended, Derived, EventBatch, ScoreWrite, SketchKeys, SpanPayload, SpanRow, SpanWrite, TraceWords, UnitGroups,
    Waiting, segment_of,
};

use crate::StoreError;

/// Storage of events. See the module for the rules.
#[async_trait]
pub trait EventStore:
    ChargeStore
    + EraseStore
    + GatherStore
    + MessageStore
    + OutcomeStore
    + PastStore
    + UnitStore
    + ScoreList
    + SpanList
    + Send
    + Sync
{
    /// Stores a batch durably. Batches of many callers may share one commit.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Full`] when nothing was stored and the batch may be sent again.
    async fn append(&self, batch: EventBatch) -> Result<Appended, StoreError>;

    /// Folds some of what was appended since the last call into the totals, and moves the watermark in the same step.
    /// Returns `true` when more is waiting. Safe to repeat and to interrupt anywhere.
    async fn fold(&self) -> Result<bool, StoreError>;

    /// Throws all totals away and folds everything again, as a check and a repair.
    async fn rebuild_totals(&self) -> Result<(), StoreError>;

    /// One trace's summary.
    async fn trace(&self, project: ProjectId, trace: TraceId) -> Result<Option<TraceRecord>, StoreError>;

    /// Traces newest first, strictly after `after` in that order, at most `limit`. What a filter says of models, scores and
    /// durations may be looked up trace by trace, within a bound: [`TraceSlice::reached`].
    async fn traces(
        &self,
        project: ProjectId,
        filter: &TraceFilter,
        after: Option<TraceKey>,
        limit: u16,
    ) -> Result<TraceSlice, StoreError>;

    /// The words a project has used.
    async fn words(&self, project: ProjectId) -> Result<Words, StoreError>;

    /// Spans of a trace by start, then id; strictly after `after` in that order, at most `limit`.
    async fn spans(
        &self,
        project: ProjectId,
        trace: TraceId,
        after: Option<(i64, SpanId)>,
        limit: u32,
    ) -> Result<Vec<SpanRecord>, StoreError>;

    /// The payload of one span.
    async fn payload(
        &self,
        project: ProjectId,
        trace: TraceId,
        span: SpanId,
    ) -> Result<Option<SpanPayload>, StoreError>;

    /// Payloads of several spans of one trace, in the order asked, absent ones left out. At most 200 ids.
    async fn payloads(
        &self,
        project: ProjectId,
        trace: TraceId,
        spans: &[SpanId],
    ) -> Result<Vec<(SpanId, SpanPayload)>, StoreError>;

    /// Scores on a trace and its observations, and on the session the trace belongs to; by time, then id; at most 1,000.
    async fn scores(&self, project: ProjectId, trace: TraceId) -> Result<Vec<ScoreRecord>, StoreError>;

    /// Answers questions from the totals, in their order. Each answer is what the question alone would get; asked together,
    /// those with the same range and filters cost little more than one.
    async fn totals(&self, project: ProjectId, questions: &[TotalsQuestion]) -> Result<Vec<TotalsAnswer>, StoreError>;

    /// How totals spread over groups of units, for telling how sure they are; in the order of the questions, and likewise
    /// better asked together.
    async fn spread(&self, project: ProjectId, questions: &[SpreadQuestion]) -> Result<Vec<SpreadAnswer>, StoreError>;

    /// Tells generations of a project apart by another attribute from now on, or by none. Folding sorts what is stored into the
    /// new segments, step by step; until it is done, totals by segment are a mixture. The present attribute again changes
    /// nothing.
    async fn segment_by(&self, project: ProjectId, attribute: Option<SegmentAttribute>) -> Result<(), StoreError>;

    /// Takes a bounded piece of a project's events and totals away for good; `true` when there is more. A project nobody knows
    /// is gone already. What is appended meanwhile may be taken or stay: have nobody append.
    async fn remove_project(&self, project: ProjectId) -> Result<bool, StoreError>;

    /// Which kinds of events a project has received, for its set-up checklist.
    async fn activity(&self, project: ProjectId) -> Result<Activity, StoreError>;

    /// What was handed to [`Self::append`] and is not answered yet. Counts this process's batches only.
    fn waiting(&self) -> Waiting;

    /// Whether there is no space: the disk says so, or the last write failed for that. A write or [`Self::ping`] that succeeds
    /// ends the latter. Writes nothing.
    fn is_full(&self) -> bool;

    /// Milliseconds since the oldest appended event that is not folded yet was stored; 0 when none waits.
    async fn lag_ms(&self) -> Result<u64, StoreError>;

    /// A cheap question that fails when the engine cannot read and write.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes what is queued and leaves the files tidy. Nothing may be appended afterwards.
    async fn close(&self) -> Result<(), StoreError>;
}
