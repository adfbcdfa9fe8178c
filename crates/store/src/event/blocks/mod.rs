//! Units added up: what [`super::UnitStore::unit_blocks`] answers, so that a result never reads its units.
//!
//! Everything is a whole number, added and taken out exactly. A unit is in the block of each day on which something happened to
//! it with the *difference* that day made to what it comes to: blocks up to a day, merged, are the units as they stood then,
//! and all blocks merged as they stand now.

mod point;
mod wide;

use std::collections::BTreeMap;

use domain::experiment::{ArmKey, Eligibility};

pub use point::{Shelves, UnitSums, UnitValue, shelf_end};
pub use wide::Wide;

use super::{ExposureRecord, UnitDay, UnitState};
use point::shelf;

/// How the rows of a unit become one value that is added up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnitReading {
    /// Which sum of the watch.
    pub measure: u16,
    /// How.
    pub form: UnitForm,
    /// What a unit counts for at most.
    pub cap: Option<UnitCap>,
}

/// See [`UnitReading`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnitForm {
    /// The sum; 0 without rows.
    Sum,
    /// 1 if the sum is above 0, else 0.
    Any,
    /// The number of rows.
    Rows,
    /// The sum, with the rows beside it; only units that have rows.
    Ratio,
    /// The sum by the rows, in units of [`AVERAGE_UNIT`]; only units that have rows.
    Average,
    /// The rows of this measure beside those of another; only units that have rows of the other.
    Share {
        /// The other.
        of: u16,
    },
    /// The number of rows, and all rows in bins by groups of units.
    Bins,
}

/// Averages are kept in 2⁻²⁰ of their measure's unit.
pub const AVERAGE_UNIT: f64 = 1.0 / AVERAGE_PARTS as f64;
const AVERAGE_PARTS: i128 = 1 << 20;

/// What a unit counts for at most.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnitCap {
    /// This value, in the measure's unit.
    At(i128),
    /// What is known only when all units are: they are kept sorted on shelves.
    Later,
}

/// What a block is of.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Slice {
    /// A day, in days since 1970, UTC: the differences it made.
    Day(i64),
    /// Units of a segment, by its name.
    Segment(String),
    /// Units exposed in an epoch.
    Epoch(u32),
}

/// Which slices to read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SliceKind {
    /// Days.
    Days,
    /// Segments.
    Segments,
    /// Epochs.
    Epochs,
}

/// Units of one arm in one slice, added up.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UnitBlock {
    /// Units in the analysis.
    pub units: i64,
    /// Left out because they saw two arms.
    pub multiple: i64,
    /// Left out because nobody knows whether they are eligible.
    pub unknown: i64,
    /// Generations within the minute before the exposure.
    pub early: i64,
    /// Units of which not everything was looked at.
    pub cut: i64,
    /// Generations by the version they count for.
    pub versions: BTreeMap<u32, i64>,
    /// Units by how many generations they have.
    pub generations: BTreeMap<u64, i64>,
    /// One entry for each reading of the watch; everything is on shelf 0 where the cap is known.
    pub readings: Vec<Shelves>,
}

/// A block with what it is of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SlicedBlock {
    /// What it is of.
    pub slice: Slice,
    /// The arm.
    pub arm: ArmKey,
    /// The units.
    pub block: UnitBlock,
}

/// Rows in bins, of the units of one group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SlicedBins {
    /// What they are of.
    pub slice: Slice,
    /// The arm.
    pub arm: ArmKey,
    /// The group.
    pub group: u8,
    /// Counts by bin, one list for each reading that has bins, in their order.
    pub readings: Vec<Vec<(i32, i64)>>,
}

/// Groups that units are sorted into by their ids.
pub fn group_of(unit: &str) -> u8 {
    // FNV-1a over bytes; the last steps let every byte of the id reach the bits taken.
    let mut hash = unit
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    (hash >> 56) as u8
}

/// How a unit stands to the analysis of a phase, by its exposure alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    /// Its arm.
    pub arm: ArmKey,
    /// The epoch it was exposed in.
    pub epoch: u32,
    /// The day it was exposed on.
    pub first_day: i64,
    /// Whether it counts.
    pub part: Part,
}

/// Whether a unit counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// It does.
    In,
    /// It saw two arms.
    Multiple,
    /// Nobody knows whether it is eligible.
    Unknown,
}

impl Standing {
    /// As an exposure says.
    pub fn of(record: &ExposureRecord) -> Self {
        const DAY_US: i64 = 86_400_000_000;
        let exposure = &record.exposure;
        let part = match (exposure.eligibility, record.multiple) {
            (Eligibility::Unknown, _) => Part::Unknown,
            (_, true) => Part::Multiple,
            (_, false) => Part::In,
        };
        Self {
            arm: exposure.arm.clone(),
            epoch: exposure.epoch,
            first_day: exposure.first_us.0.div_euclid(DAY_US),
            part,
        }
    }
}

impl UnitReading {
    /// What a unit comes to, and the shelf it is on; nothing for a unit that has no value.
    fn value(&self, sums: &[(u64, i128)]) -> Option<(u16, UnitValue)> {
        let of = |measure: u16| sums.get(usize::from(measure)).copied().unwrap_or_default();
        let (rows, sum) = of(self.measure);
        let (value, divisor) = match self.form {
            UnitForm::Sum => (sum, None),
            UnitForm::Any => (i128::from(sum > 0), None),
            UnitForm::Rows | UnitForm::Bins => (i128::from(rows), None),
            UnitForm::Ratio => (sum, (rows > 0).then_some(Some(rows))?),
            UnitForm::Average => {
                // No rows, no average.
                (sum.saturating_mul(AVERAGE_PARTS).checked_div_euclid(i128::from(rows))?, None)
            }
            UnitForm::Share { of: other } => {
                let all = of(other).0;
                (i128::from(rows), (all > 0).then_some(Some(all))?)
            }
        };
        let parts = if self.form == UnitForm::Average { AVERAGE_PARTS } else { 1 };
        let (shelf, value) = match self.cap {
            None => (0, value),
            Some(UnitCap::At(cap)) => (0, value.min(cap.saturating_mul(parts))),
            Some(UnitCap::Later) => (shelf(value), value),
        };
        Some((shelf, UnitValue { value, rows: divisor, has_rows: rows > 0 }))
    }
}

/// What became of a unit up to some day.
#[derive(Clone, Debug, Default)]
pub struct Course {
    versions: BTreeMap<u32, u64>,
    sums: Vec<(u64, i128)>,
}

impl Course {
    /// Before anything happened.
    pub fn new(measures: usize) -> Self {
        Self { versions: BTreeMap::new(), sums: vec![(0, 0); measures] }
    }

    /// A day further.
    pub fn pass(&mut self, day: &UnitDay) {
        for (version, generations) in &day.versions {
            *self.versions.entry(*version).or_default() += generations;
        }
        for ((rows, total), sum) in self.sums.iter_mut().zip(&day.sums) {
            *rows = rows.saturating_add(sum.rows);
            *total = total.saturating_add(sum.sum);
        }
    }
}

impl UnitBlock {
    /// Without units.
    pub fn new(readings: usize) -> Self {
        Self { readings: vec![Shelves::new(); readings], ..Self::default() }
    }

    /// Adds a unit as it stood at some point of its course, or takes it out.
    pub fn count(&mut self, readings: &[UnitReading], part: Part, state: &UnitState, course: &Course, add: bool) {
        let sign = if add { 1 } else { -1 };
        match part {
            Part::In => self.units += sign,
            Part::Multiple => return self.multiple += sign,
            Part::Unknown => return self.unknown += sign,
        }
        self.early += sign * i64::try_from(state.early).unwrap_or(i64::MAX);
        self.cut += sign * i64::from(state.cut);
        let mut generations = 0;
        for (version, count) in &course.versions {
            generations += count;
            *self.versions.entry(*version).or_default() += sign * i64::try_from(*count).unwrap_or(i64::MAX);
        }
        *self.generations.entry(generations).or_default() += sign;
        for (shelves, reading) in self.readings.iter_mut().zip(readings) {
            if let Some((shelf, value)) = reading.value(&course.sums) {
                shelves.entry(shelf).or_default().count(value, add);
            }
        }
    }

    /// Adds another block to this one.
    pub fn merge(&mut self, other: &Self) {
        self.units += other.units;
        self.multiple += other.multiple;
        self.unknown += other.unknown;
        self.early += other.early;
        self.cut += other.cut;
        for (version, count) in &other.versions {
            *self.versions.entry(*version).or_default() += count;
        }
        for (generations, units) in &other.generations {
            *self.generations.entry(*generations).or_default() += units;
        }
        if self.readings.len() < other.readings.len() {
            self.readings.resize(other.readings.len(), Shelves::new());
        }
        for (shelves, more) in self.readings.iter_mut().zip(&other.readings) {
            for (shelf, sums) in more {
                shelves.entry(*shelf).or_default().merge(sums);
            }
        }
    }

    /// Leaves out what came to nothing, so that equal content is an equal block. Says whether anything is left.
    pub fn tidy(&mut self) -> bool {
        self.versions.retain(|_, count| *count != 0);
        self.generations.retain(|_, units| *units != 0);
        let mut left = self.units != 0 || self.multiple != 0 || self.unknown != 0 || self.early != 0 || self.cut != 0;
        for shelves in &mut self.readings {
            shelves.retain(|_, sums| !sums.is_empty());
            left |= !shelves.is_empty();
        }
        left || !self.versions.is_empty() || !self.generations.is_empty()
    }
}
