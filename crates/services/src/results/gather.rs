//! Units read from the store, and added up by arm.

use std::collections::BTreeMap;

use domain::{
    experiment::{Cap, Eligibility, Experiment, MetricDefinition, MetricSource, Phase},
    ids::ProjectId,
    time::TimeUs,
};
use experiment::{Block, Builder};
use stats::{hash::unit_group, winsor};
use store::event::{UnitMeasure, UnitRecord, UnitSum, Watch};

use super::{DAY_US, internal};
use crate::{Context, ServiceError};

/// Units read at once.
const PAGE: u32 = 5_000;
/// Most units of one answer; beyond it says so.
const MOST_UNITS: usize = 2_000_000;
/// Keeps these groups apart from everything else that hashes units.
const GROUP_SALT: &str = "assay experiment groups";
/// Segments told apart.
const SEGMENTS: usize = 21;

/// A unit in the analysis.
pub(crate) struct Unit {
    pub(super) arm: usize,
    pub(super) epoch: u32,
    pub(super) first_us: TimeUs,
    pub(super) segment: Option<String>,
    pub(super) group: u8,
    pub(super) early: u64,
    pub(super) cut: bool,
    /// Days with what happened on them: generations by version, and sums.
    pub(super) days: Vec<store::event::UnitDay>,
    /// Everything together.
    pub(crate) sums: Vec<UnitSum>,
}

impl Unit {
    /// A unit of past traffic, as the first arm would have it.
    pub(crate) fn past(id: &str, first_us: TimeUs, state: store::event::UnitState, measures: usize) -> Self {
        Self {
            arm: 0,
            epoch: 0,
            first_us,
            segment: state.segment,
            group: unit_group(GROUP_SALT, id),
            early: state.early,
            cut: state.cut,
            sums: total(&state.days, measures, i64::MAX),
            days: state.days,
        }
    }
}

/// Everybody of a phase.
#[derive(Default)]
pub(super) struct Gathered {
    /// Those in the analysis.
    pub(super) units: Vec<Unit>,
    /// Units by epoch and arm of their first exposure, those that saw two arms too.
    pub(super) all: BTreeMap<u32, Vec<u64>>,
    /// Exposed at all.
    pub(super) exposed: u64,
    /// Saw two arms.
    pub(super) multiple: u64,
    /// Nobody knows whether they are eligible.
    pub(super) unknown: u64,
    /// Not folded yet.
    pub(super) waiting: u64,
    /// More units than one answer takes.
    pub(super) more: bool,
}

impl Gathered {
    pub(super) async fn read(
        context: &Context,
        project: ProjectId,
        experiment: &Experiment,
        phase: &Phase,
        watch: &Watch,
    ) -> Result<Self, ServiceError> {
        let mut gathered = Self::default();
        let mut after: Option<String> = None;
        loop {
            let page = context.events.units(project, experiment.id, phase.number, after.as_deref(), PAGE).await?;
            let full = page.len() == PAGE as usize;
            after = page.last().map(|unit| unit.exposed.exposure.unit.clone());
            for unit in page {
                gathered.take(unit, phase, watch.measures.len());
            }
            if !full {
                return Ok(gathered);
            }
            if gathered.units.len() >= MOST_UNITS {
                gathered.more = true;
                return Ok(gathered);
            }
        }
    }

    fn take(&mut self, record: UnitRecord, phase: &Phase, measures: usize) {
        let exposure = record.exposed.exposure;
        self.exposed += 1;
        let arms = &phase.definition.arms;
        // An arm the phase does not have cannot have been served by it.
        let Some(arm) = arms.iter().position(|arm| arm.key == exposure.arm) else { return };
        if exposure.eligibility == Eligibility::Unknown {
            self.unknown += 1;
            return;
        }
        let counts = self.all.entry(exposure.epoch).or_insert_with(|| vec![0; arms.len()]);
        if let Some(count) = counts.get_mut(arm) {
            *count += 1;
        }
        if record.exposed.multiple {
            self.multiple += 1;
            return;
        }
        self.waiting += u64::from(record.state.is_none());
        let state = record.state.unwrap_or_default();
        self.units.push(Unit {
            arm,
            epoch: exposure.epoch,
            first_us: exposure.first_us,
            segment: state.segment,
            group: unit_group(GROUP_SALT, &exposure.unit),
            early: state.early,
            cut: state.cut,
            sums: total(&state.days, measures, i64::MAX),
            days: state.days,
        });
    }

    /// As it would have been seen at the end of a day. Which units saw two arms is known only as of now.
    pub(super) fn until(&self, day: i64) -> Self {
        let units = self.units.iter().filter(|unit| unit.first_us.0.div_euclid(DAY_US) <= day).map(|unit| {
            let days: Vec<_> = unit.days.iter().filter(|own| own.day <= day).cloned().collect();
            Unit { segment: unit.segment.clone(), sums: total(&days, unit.sums.len(), day), days, ..*unit }
        });
        let units: Vec<Unit> = units.collect();
        let mut all: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        let arms = self.all.values().map(Vec::len).max().unwrap_or(0);
        for unit in &units {
            if let Some(count) = all.entry(unit.epoch).or_insert_with(|| vec![0; arms]).get_mut(unit.arm) {
                *count += 1;
            }
        }
        let exposed = units.len() as u64;
        Self { units, all, exposed, ..Self::default() }
    }

    /// The largest segments and how many units each has.
    pub(super) fn segments(&self) -> Vec<(String, u64)> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for segment in self.units.iter().filter_map(|unit| unit.segment.as_deref()) {
            *counts.entry(segment).or_default() += 1;
        }
        let mut segments: Vec<(String, u64)> =
            counts.into_iter().map(|(name, units)| (name.to_owned(), units)).collect();
        segments.sort_by(|(one, units), (other, others)| others.cmp(units).then_with(|| one.cmp(other)));
        segments.truncate(SEGMENTS);
        segments
    }

    /// Why the numbers are not the whole truth yet.
    pub(super) fn partial(&self) -> Option<String> {
        let cut = self.units.iter().filter(|unit| unit.cut).count();
        let mut why = Vec::new();
        if self.more {
            why.push(format!("only the first {MOST_UNITS} units are in it"));
        }
        if self.waiting > 0 {
            why.push(format!("{} units are still being added up", self.waiting));
        }
        if cut > 0 {
            why.push(format!("{cut} units have more than {} rows; the rest is left out", store::event::MOST_ROWS));
        }
        (!why.is_empty()).then(|| why.join("; "))
    }
}

fn total(days: &[store::event::UnitDay], measures: usize, until: i64) -> Vec<UnitSum> {
    let mut sums = vec![UnitSum::default(); measures];
    for day in days.iter().filter(|day| day.day <= until) {
        for (total, sum) in sums.iter_mut().zip(&day.sums) {
            total.add(sum);
        }
    }
    sums
}

/// Where a measure stands in the sums.
pub(crate) fn place(watch: &Watch, source: &MetricSource, window_hours: Option<u32>, bins: bool) -> Option<usize> {
    let wanted = UnitMeasure { source: source.clone(), window_hours, bins };
    watch.measures.iter().position(|measure| *measure == wanted)
}

/// One block for each arm.
pub(crate) fn blocks(
    metric: &MetricDefinition,
    watch: &Watch,
    units: &[&Unit],
    arms: usize,
) -> Result<Vec<Block>, ServiceError> {
    let bins = matches!(metric.aggregation, domain::experiment::Aggregation::Quantile(_));
    let mut builders = vec![Builder::new(&metric.source, metric.aggregation); arms];
    let Some(place) = place(watch, &metric.source, metric.window_hours, bins) else {
        return Ok(builders.into_iter().map(Builder::finish).collect());
    };
    let scale = experiment::scale(&metric.source);
    let value = |unit: &Unit| unit.sums.get(place).map_or((0.0, 0), |sum| (sum.sum as f64 * scale, sum.rows));
    let cap = cap(metric, units.iter().map(|unit| value(unit)))?;
    for unit in units {
        let Some(builder) = builders.get_mut(unit.arm) else { continue };
        let (sum, rows) = value(unit);
        let bins = unit.sums.get(place).map_or(&[][..], |sum| &sum.bins);
        builder.add(cap.map_or(sum, |cap| sum.min(cap)), rows, bins, unit.group).map_err(internal)?;
    }
    Ok(builders.into_iter().map(Builder::finish).collect())
}

/// What a unit counts for at most: a percentile of all units that have rows, whatever their arm.
fn cap(metric: &MetricDefinition, values: impl Iterator<Item = (f64, u64)>) -> Result<Option<f64>, ServiceError> {
    match metric.cap {
        None => Ok(None),
        Some(Cap::Value(value)) => Ok(Some(value)),
        Some(Cap::Percentile(share)) => {
            let values: Vec<f64> = values.filter(|(_, rows)| *rows > 0).map(|(sum, _)| sum).collect();
            // Of few units a percentile is their largest value: nothing to cap by.
            if values.len() < 500 {
                return Ok(None);
            }
            winsor::percentile(&values, share).map(Some).map_err(internal)
        }
    }
}
