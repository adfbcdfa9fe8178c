//! The packed form of what became of a unit.
//!
//! Format 2: arm, epoch, day of the exposure and whether it counts, as it was counted; whether it was cut, early generations,
//! the segment's word, how many measures there are, and each day: its distance from the one before, versions, and each
//! measure's rows, sum and bins. Integers only, days and bins in order: the
//! same events give the same bytes whenever they are folded.

use std::collections::BTreeMap;

use store::{
    StoreError,
    event::{Part, Standing, UnitDay, UnitState, UnitSum},
};

use super::{
    codec::{Packer, Unpacker},
    fold_block::Counted,
};

const FORMAT: u8 = 2;

/// A day while it is added up.
#[derive(Default)]
pub(super) struct Day {
    pub(super) versions: BTreeMap<u32, u64>,
    pub(super) sums: Vec<Sum>,
}

/// A measure while it is added up.
#[derive(Clone, Default)]
pub(super) struct Sum {
    rows: u64,
    total: i128,
    bins: BTreeMap<i32, u64>,
}

impl Sum {
    pub(super) fn count(&mut self, value: i128, bin: Option<i32>) {
        self.rows += 1;
        self.total = self.total.saturating_add(value);
        if let Some(bin) = bin {
            *self.bins.entry(bin).or_default() += 1;
        }
    }
}

/// Everything about a unit while it is added up.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) measures: usize,
    pub(super) days: BTreeMap<i64, Day>,
    pub(super) segment: i64,
    pub(super) early: u64,
    pub(super) cut: bool,
}

impl Tally {
    /// The sum of one measure on one day.
    pub(super) fn sum(&mut self, day: i64, measure: usize) -> Option<&mut Sum> {
        let measures = self.measures;
        self.day(day, measures).sums.get_mut(measure)
    }

    /// Notes that a generation of a version began on a day.
    pub(super) fn version(&mut self, day: i64, version: u32) {
        let measures = self.measures;
        *self.day(day, measures).versions.entry(version).or_default() += 1;
    }

    fn day(&mut self, day: i64, measures: usize) -> &mut Day {
        self.days.entry(day).or_insert_with(|| Day { sums: vec![Sum::default(); measures], ..Day::default() })
    }

    /// The same without its segment, whose word is a number here.
    pub(super) fn state(&self) -> UnitState {
        let sum = |sum: &Sum| UnitSum {
            rows: sum.rows,
            sum: sum.total,
            bins: sum.bins.iter().map(|(bin, count)| (*bin, *count)).collect(),
        };
        let day = |(number, day): (&i64, &Day)| UnitDay {
            day: *number,
            versions: day.versions.iter().map(|(version, count)| (*version, *count)).collect(),
            sums: day.sums.iter().map(sum).collect(),
        };
        UnitState { days: self.days.iter().map(day).collect(), segment: None, early: self.early, cut: self.cut }
    }

    pub(super) fn pack(&self, standing: &Standing) -> Vec<u8> {
        let mut packer = Packer::new(FORMAT);
        packer.text(standing.arm.as_str());
        packer.natural(u64::from(standing.epoch));
        packer.integer(standing.first_day);
        packer.byte(match standing.part {
            Part::In => 0,
            Part::Multiple => 1,
            Part::Unknown => 2,
        });
        packer.byte(u8::from(self.cut));
        packer.natural(self.early);
        packer.integer(self.segment);
        packer.natural(self.measures as u64);
        packer.natural(self.days.len() as u64);
        let mut last = 0;
        for (number, day) in &self.days {
            packer.integer(number - last);
            last = *number;
            packer.natural(day.versions.len() as u64);
            for (version, generations) in &day.versions {
                packer.natural(u64::from(*version));
                packer.natural(*generations);
            }
            for sum in &day.sums {
                packer.natural(sum.rows);
                // Nothing more is written of what did not happen.
                if sum.rows == 0 {
                    continue;
                }
                packer.wide(sum.total);
                packer.natural(sum.bins.len() as u64);
                let mut last = 0;
                for (bin, count) in &sum.bins {
                    packer.integer(i64::from(*bin) - last);
                    packer.natural(*count);
                    last = i64::from(*bin);
                }
            }
        }
        packer.finish()
    }
}

/// Reads a packed unit; its segment is still a word's number.
pub(super) fn unpack(record: &[u8]) -> Result<Counted, StoreError> {
    let mut reader = Unpacker::new(record, FORMAT, "a unit")?;
    let standing = Standing {
        arm: reader.text()?.parse().map_err(|_| reader.damaged())?,
        epoch: u32::try_from(reader.natural()?).map_err(|_| reader.damaged())?,
        first_day: reader.integer()?,
        part: match reader.byte()? {
            0 => Part::In,
            1 => Part::Multiple,
            2 => Part::Unknown,
            _ => return Err(reader.damaged()),
        },
    };
    let cut = reader.byte()? != 0;
    let early = reader.natural()?;
    let segment = reader.integer()?;
    let measures = usize::try_from(reader.natural()?).map_err(|_| reader.damaged())?;
    let count = reader.count()?;
    let mut days = Vec::with_capacity(count);
    let mut last = 0_i64;
    for _ in 0..count {
        last = last.wrapping_add(reader.integer()?);
        let mut day = UnitDay { day: last, ..UnitDay::default() };
        for _ in 0..reader.count()? {
            let version = u32::try_from(reader.natural()?).map_err(|_| reader.damaged())?;
            day.versions.push((version, reader.natural()?));
        }
        for _ in 0..measures {
            let rows = reader.natural()?;
            if rows == 0 {
                day.sums.push(UnitSum::default());
                continue;
            }
            let sum = reader.wide()?;
            let mut bins = Vec::new();
            let mut last = 0_i64;
            for _ in 0..reader.count()? {
                last = last.wrapping_add(reader.integer()?);
                bins.push((i32::try_from(last).map_err(|_| reader.damaged())?, reader.natural()?));
            }
            day.sums.push(UnitSum { rows, sum, bins });
        }
        days.push(day);
    }
    Ok(Counted { standing, state: UnitState { days, segment: None, early, cut }, segment })
}
