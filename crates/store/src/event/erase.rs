//! Taking events away for good, a bounded piece at a time, so that ingest never waits long.
//!
//! What is left is as if the rest had never been sent: totals, states of units and their blocks equal those of a store that got
//! only what is left, after any piece and any crash between pieces. Doing a piece again changes nothing.

use async_trait::async_trait;
use domain::{
    ids::{ExperimentId, ProjectId, TraceId},
    time::TimeUs,
};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Which events of a project go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Erasing {
    /// What happened before an instant: traces that began before it, scores, outcome events and messages of earlier times.
    Before(TimeUs),
    /// What is known of a user: traces, outcome events, exposures.
    User(String),
}

/// How far the walk over events that belong to no trace has come. The default is its beginning.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct ErasePlace {
    /// Which sort of event.
    pub sort: u8,
    /// After which one; empty at the first.
    pub after: String,
}

/// A piece of work, done in one short commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ErasePiece {
    /// These traces with everything that hangs on them: spans, payloads, scores, messages, outcome events and exposures of the
    /// trace; and with the last trace of a session what hangs on that. Absent ones are passed over.
    Traces(Vec<TraceId>),
    /// Some of what belongs to no trace, from a place on.
    Loose(Erasing, ErasePlace),
    /// Some units of a phase that were exposed before an instant.
    Phase(ExperimentId, u32, TimeUs, ErasePlace),
    /// Some of the file's unused space, back to the file system.
    Space,
}

/// What a piece took away.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Erased {
    /// Traces.
    pub traces: u64,
    /// Spans.
    pub spans: u64,
    /// Scores.
    pub scores: u64,
    /// Outcome events.
    pub events: u64,
    /// Units of experiments.
    pub units: u64,
    /// Whether there is more of the same to do: the same traces again, or from `place` on.
    #[serde(skip)]
    pub more: bool,
    /// Where a walk goes on.
    #[serde(skip)]
    pub place: ErasePlace,
}

impl Erased {
    /// Adds what another piece took; the place is the other's.
    pub fn add(&mut self, other: Self) {
        self.traces += other.traces;
        self.spans += other.spans;
        self.scores += other.scores;
        self.events += other.events;
        self.units += other.units;
        self.more = other.more;
        self.place = other.place;
    }
}

/// Takes events away.
#[async_trait]
pub trait EraseStore {
    /// The traces to take away next, at most `limit`, oldest first. The same again until they are gone.
    async fn traces_to_erase(&self, project: ProjectId, what: &Erasing, limit: u16)
    -> Result<Vec<TraceId>, StoreError>;

    /// Does a piece of work.
    async fn erase(&self, project: ProjectId, piece: ErasePiece) -> Result<Erased, StoreError>;
}
