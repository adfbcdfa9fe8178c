//! Units added up: sums of each reading, and rows in bins.

use domain::experiment::{MetricDefinition, MetricSource};
use store::event::{Course, Part, UnitBlock, UnitDay, UnitForm, UnitReading, UnitState, Watch, group_of};

use super::reading::{measure_of, place};

/// Groups of units.
const GROUPS: usize = 256;

/// Rows in bins, by group of units.
type Groups = Vec<Vec<(i32, u64)>>;

/// Units of one arm, added up.
#[derive(Clone, Default)]
pub(crate) struct Summed {
    pub(super) block: UnitBlock,
    /// One entry for each reading that has bins.
    pub(super) bins: Vec<Groups>,
}

impl Summed {
    pub(super) fn merge(&mut self, other: &Self) {
        self.block.merge(&other.block);
        if self.bins.len() < other.bins.len() {
            self.bins.resize(other.bins.len(), vec![Vec::new(); GROUPS]);
        }
        for (groups, more) in self.bins.iter_mut().zip(&other.bins) {
            for (bins, more) in groups.iter_mut().zip(more) {
                bins.extend_from_slice(more);
            }
        }
    }

    /// Names each bin once. Days are sorted already, which the sort makes use of.
    pub(super) fn tidy(&mut self) {
        for bins in self.bins.iter_mut().flatten() {
            bins.sort_by_key(|(bin, _)| *bin);
            bins.dedup_by(|next, held| {
                let same = next.0 == held.0;
                held.1 += if same { next.1 } else { 0 };
                same
            });
        }
    }

    /// Adds what a day changed of a unit.
    pub(super) fn step(&mut self, block: &UnitBlock, group: u8, bins: &[Vec<(i32, i64)>]) {
        self.block.merge(block);
        self.take(group, bins);
    }

    pub(super) fn take(&mut self, group: u8, readings: &[Vec<(i32, i64)>]) {
        if self.bins.len() < readings.len() {
            self.bins.resize(readings.len(), vec![Vec::new(); GROUPS]);
        }
        for (groups, bins) in self.bins.iter_mut().zip(readings) {
            if let Some(held) = groups.get_mut(usize::from(group)) {
                held.extend(bins.iter().map(|(bin, count)| (*bin, u64::try_from(*count).unwrap_or(0))));
            }
        }
    }
}

/// Units that were in no experiment, as one arm.
pub(crate) struct Past {
    /// How many.
    pub(crate) units: u64,
    /// Rows of each measure.
    rows: Vec<u64>,
    /// As blocks are made of.
    pub(crate) arms: [Summed; 1],
}

impl Past {
    /// Of what would have become of them, by id.
    pub(crate) fn of<'u>(watch: &Watch, units: impl Iterator<Item = (&'u str, UnitState)>) -> Self {
        let mut past = Self { units: 0, rows: vec![0; watch.measures.len()], arms: [Summed::default()] };
        let [arm] = &mut past.arms;
        arm.block = UnitBlock::new(watch.readings.len());
        for (id, state) in units {
            past.units += 1;
            let mut course = Course::new(watch.measures.len());
            for day in &state.days {
                course.pass(day);
                past.rows.iter_mut().zip(&day.sums).for_each(|(rows, sum)| *rows += sum.rows);
                arm.take(group_of(id), &bins_of(watch, day));
            }
            arm.block.count(&watch.readings, Part::In, &state, &course, true);
        }
        past
    }

    /// Rows a metric is worked out from.
    pub(crate) fn rows_of(&self, watch: &Watch, metric: &MetricDefinition) -> u64 {
        measure_of(metric, &watch.measures).and_then(|at| self.rows.get(usize::from(at))).copied().unwrap_or(0)
    }

    /// Generations on the prompt.
    pub(crate) fn generations(&self, watch: &Watch) -> u64 {
        let at = place(&watch.measures, &MetricSource::Generations, None, false);
        at.and_then(|at| self.rows.get(usize::from(at))).copied().unwrap_or(0)
    }
}

/// Rows of a unit's day in bins, one list for each reading that has them.
pub(super) fn bins_of(watch: &Watch, day: &UnitDay) -> Vec<Vec<(i32, i64)>> {
    let binned = watch.readings.iter().filter(|reading| reading.form == UnitForm::Bins);
    let sum = |reading: &UnitReading| day.sums.get(usize::from(reading.measure));
    let count = |(bin, count): &(i32, u64)| (*bin, i64::try_from(*count).unwrap_or(i64::MAX));
    binned.map(|reading| sum(reading).map(|sum| sum.bins.iter().map(count).collect()).unwrap_or_default()).collect()
}
