//! Taking events away for good, a bounded piece at a time, so that ingest never waits long.
//!
//! What is left is as if the rest had never been sent: totals, states of units and their blocks equal those of a store that got
//! only what is left, after any piece and any crash between pieces. Doing a piece again changes nothing.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    ids::{ExperimentId, ProjectId, TraceId},
    time::{TimeNs, TimeUs},
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

/// Events that belong to no trace, named as the store knows them. Of no use to anybody else.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LooseEvents {
    /// Scores, by their numbers.
    pub scores: Vec<i64>,
    /// Outcome events, by their numbers.
    pub events: Vec<i64>,
    /// Traces that never came, with messages that did.
    pub messages: Vec<TraceId>,
}

impl LooseEvents {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty() && self.events.is_empty() && self.messages.is_empty()
    }
}

/// What a look found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LooseFound {
    /// Events that are to go.
    pub loose: LooseEvents,
    /// Where to look next; nowhere when everything was looked through.
    pub next: Option<ErasePlace>,
}

/// A piece of work, done in one short commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ErasePiece {
    /// These traces with everything that hangs on them: spans, payloads, scores, messages, outcome events and exposures of the
    /// trace; and with the last trace of a session what hangs on that. Absent ones are passed over.
    Traces(Vec<TraceId>),
    /// Some of the events found by [`EraseStore::loose_to_erase`] for the same instant, as long as they are still so old.
    /// Absent ones are passed over.
    Loose(TimeUs, LooseEvents),
    /// Some of the outcome events about a user, and the user as a unit of experiments.
    User(String),
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
    /// The same, by the experiment they took part in.
    #[serde(default)]
    pub left: BTreeMap<ExperimentId, u64>,
    /// Whether there is more of the same to do: the same traces again, or from `place` on.
    #[serde(skip)]
    pub more: bool,
    /// Where a walk goes on.
    #[serde(skip)]
    pub place: ErasePlace,
}

impl Erased {
    /// Counts units that left an experiment.
    pub fn leave(&mut self, experiment: ExperimentId, units: u64) {
        if units > 0 {
            self.units += units;
            *self.left.entry(experiment).or_default() += units;
        }
    }

    /// Adds what another piece took; the place is the other's.
    pub fn add(&mut self, other: Self) {
        self.traces += other.traces;
        self.spans += other.spans;
        self.scores += other.scores;
        self.events += other.events;
        self.units += other.units;
        for (experiment, units) in other.left {
            *self.left.entry(experiment).or_default() += units;
        }
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

    /// How many traces began before an instant, counted up to `most`, and when the earliest did.
    async fn old_traces(
        &self,
        project: ProjectId,
        before: TimeUs,
        most: u32,
    ) -> Result<(u32, Option<TimeNs>), StoreError>;

    /// Looks through some of the events that belong to no trace, or outlive theirs, for those from before an instant. Disturbs
    /// nobody who writes.
    async fn loose_to_erase(
        &self,
        project: ProjectId,
        before: TimeUs,
        from: &ErasePlace,
    ) -> Result<LooseFound, StoreError>;

    /// Does a piece of work.
    async fn erase(&self, project: ProjectId, piece: ErasePiece) -> Result<Erased, StoreError>;
}
