//! Who met an experiment, and what became of each of them.
//!
//! The state of a unit follows from the events alone: its exposure, the generations on the slot's prompt that began between
//! that and the end of the phase, the scores of those, and the outcome events about it. Whatever order they come in, and however
//! often, [`UnitStore::units`] answers the same once all is folded; [`super::EventStore::rebuild_totals`] changes nothing.

use async_trait::async_trait;
use domain::{
    experiment::{Exposure, MetricSource, UnitKind},
    ids::{ExperimentId, ProjectId},
    time::TimeUs,
};

use super::{SliceKind, SlicedBins, SlicedBlock, UnitReading};
use crate::StoreError;

/// What is summed of each unit of a phase. Says it again, or otherwise, and the units are worked out afresh where need be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Watch {
    /// The experiment.
    pub experiment: ExperimentId,
    /// The phase.
    pub phase: u32,
    /// What is split.
    pub unit: UnitKind,
    /// The prompt of the slot; generations that count for another are no rows.
    pub prompt: String,
    /// When the phase ended: what happens from then on does not count.
    pub until_us: Option<TimeUs>,
    /// What is summed, each once.
    pub measures: Vec<UnitMeasure>,
    /// How those sums are added up over units.
    pub readings: Vec<UnitReading>,
}

/// One thing summed of a unit.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnitMeasure {
    /// What is read.
    pub source: MetricSource,
    /// Rows this many hours from the exposure on count; all later ones if absent.
    pub window_hours: Option<u32>,
    /// Whether values are counted in the bins of a sketch too. Outcome events have none.
    pub bins: bool,
}

/// Rows of one unit, added up.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UnitSum {
    /// How many rows have a value.
    pub rows: u64,
    /// Sum of the values: nanoseconds, nano-dollars, tokens, failures; scores and events in units of 1e-9.
    pub sum: i128,
    /// How many values each bin holds, by bin; keys as ingest made them.
    pub bins: Vec<(i32, u64)>,
}

impl UnitSum {
    /// Adds another sum to this one.
    pub fn add(&mut self, other: &Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.sum = self.sum.saturating_add(other.sum);
        for (bin, count) in &other.bins {
            match self.bins.binary_search_by_key(bin, |(bin, _)| *bin) {
                Ok(at) => {
                    if let Some((_, held)) = self.bins.get_mut(at) {
                        *held = held.saturating_add(*count);
                    }
                }
                Err(at) => self.bins.insert(at, (*bin, *count)),
            }
        }
    }
}

/// What happened to a unit on one day.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UnitDay {
    /// Days since 1970, UTC.
    pub day: i64,
    /// Generations on the slot's prompt by the version they count for, by version.
    pub versions: Vec<(u32, u64)>,
    /// One sum for each measure of the watch, in its order.
    pub sums: Vec<UnitSum>,
}

/// What became of a unit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UnitState {
    /// Days on which something happened, oldest first.
    pub days: Vec<UnitDay>,
    /// The segment of its first generation, if that has one.
    pub segment: Option<String>,
    /// Generations on the slot's prompt within the minute before the exposure: clocks that disagree. They do not count.
    pub early: u64,
    /// Whether there was more than is looked at ([`MOST_ROWS`]); the rest is not in the sums.
    pub cut: bool,
}

/// Most generations, and most events, of one unit that count.
pub const MOST_ROWS: usize = 10_000;

/// An exposure as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ExposureRecord {
    /// The earliest.
    pub exposure: Exposure,
    /// Whether the unit was exposed to another arm, too: it is left out with everything it did.
    pub multiple: bool,
}

/// A unit with what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitRecord {
    /// Who, when, with which arm.
    pub exposed: ExposureRecord,
    /// What came of it; nothing until it is folded.
    pub state: Option<UnitState>,
}

/// How far the units of a phase are folded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UnitsVersion {
    /// Goes up whenever a unit of the phase changes.
    pub version: u64,
    /// Units exposed.
    pub units: u64,
}

/// Keeps exposures and what became of the units.
#[async_trait]
pub trait UnitStore {
    /// Says what is summed of the units of a phase. Harmless to repeat.
    async fn watch(&self, project: ProjectId, watch: Watch) -> Result<(), StoreError>;

    /// What is summed of a phase.
    async fn watched(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
    ) -> Result<Option<Watch>, StoreError>;

    /// The exposures of a unit in the phases of an experiment, oldest phase first.
    async fn exposures(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        unit: &str,
    ) -> Result<Vec<ExposureRecord>, StoreError>;

    /// One unit of a phase.
    async fn unit(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
        unit: &str,
    ) -> Result<Option<UnitRecord>, StoreError>;

    /// Units of a phase in the order of their ids, strictly after `after`, at most `limit`.
    async fn units(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<UnitRecord>, StoreError>;

    /// Units of a phase that are folded, added up by arm and slice; those of the kinds asked for, as they are at one instant.
    async fn unit_blocks(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
        kinds: &[SliceKind],
    ) -> Result<Vec<SlicedBlock>, StoreError>;

    /// Rows of those units in bins, by arm, slice and group of units.
    async fn unit_bins(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
        kind: SliceKind,
    ) -> Result<Vec<SlicedBins>, StoreError>;

    /// Whether the units of a phase changed since, and how many there are.
    async fn units_version(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
    ) -> Result<UnitsVersion, StoreError>;
}

/// Whether an exposure comes before another of the same unit: the earliest stands, and of two at one instant always the same.
pub fn is_earlier(one: &Exposure, other: &Exposure) -> bool {
    let key = |exposure: &Exposure| {
        let eligibility = exposure.eligibility as u8;
        (exposure.first_us, exposure.arm.clone(), exposure.epoch, exposure.bucket, eligibility, exposure.door as u8)
    };
    match key(one).cmp(&key(other)) {
        std::cmp::Ordering::Equal => one.propensity.total_cmp(&other.propensity).is_lt(),
        order => order.is_lt(),
    }
}
