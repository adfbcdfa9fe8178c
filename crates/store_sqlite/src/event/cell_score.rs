//! Totals of the scores of one cell, and what one score adds to them.

use domain::time::TimeNs;
use store::{
    StoreError,
    event::{ScoreBins, ScoreTotals},
};

use super::{
    bins::{count_bin, merge_bins, pack_bins, skip_bins, unpack_bins},
    cell::CellKey,
    codec::{Packer, Unpacker},
    ledger::Totals,
};

const FORMAT: u8 = 2;

/// Columns of a row of score totals by the hour, or by the day.
pub(super) type ScoreHourKey = [i64; 10];
/// Columns of a row of score totals by the day that holds all unit groups.
pub(super) type ScoreGroupKey = [i64; 8];

/// What a score says, as far as it is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Counted {
    /// A number in units of 1e-9, and the bin it counts in.
    Number { value: i64, bin: Option<i32> },
    /// The number of a category.
    Category(i64),
}

/// Where a score counts: by which generation, and the words of it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct ScorePlace {
    pub(super) cell: CellKey,
    /// Start of that generation; the cell's hour is the one it lies in.
    pub(super) start_ns: i64,
    pub(super) group: u8,
    pub(super) trace: i64,
    pub(super) name: i64,
    pub(super) level: i64,
}

impl ScorePlace {
    /// `project, prompt, hour, version, model, environment, segment, arm, name, level`.
    pub(super) fn of_hour(&self) -> ScoreHourKey {
        let [project, prompt, hour, version, model, environment, segment, arm] = self.cell.of_hour();
        [project, prompt, hour, version, model, environment, segment, arm, self.name, self.level]
    }

    /// `project, prompt, day, version, model, environment, segment, arm, name, level`.
    pub(super) fn of_day(&self) -> ScoreHourKey {
        let [project, prompt, day, version, model, environment, segment, arm] = self.cell.of_day();
        [project, prompt, day, version, model, environment, segment, arm, self.name, self.level]
    }

    /// `project, prompt, day, version, environment, arm, name, level`.
    pub(super) fn of_groups(&self) -> ScoreGroupKey {
        let [project, prompt, day, version, environment, arm] = self.cell.of_groups();
        [project, prompt, day, version, environment, arm, self.name, self.level]
    }
}

/// What a folded score contributed, so that it can be taken out again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Folded {
    pub(super) counted: Counted,
    pub(super) places: Vec<ScorePlace>,
}

impl Counted {
    /// The same without its bin.
    pub(super) fn unbinned(self) -> Self {
        match self {
            Self::Number { value, .. } => Self::Number { value, bin: None },
            Self::Category(_) => self,
        }
    }
}

impl Folded {
    pub(super) fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::new(FORMAT);
        match self.counted {
            Counted::Number { value, bin } => {
                packer.byte(0);
                packer.integer(value);
                packer.optional_integer(bin.map(i64::from));
            }
            Counted::Category(word) => {
                packer.byte(1);
                packer.integer(word);
            }
        }
        packer.natural(self.places.len() as u64);
        for place in &self.places {
            place.cell.pack_into(&mut packer);
            packer.integer(place.start_ns);
            packer.byte(place.group);
            packer.integer(place.trace);
            packer.integer(place.name);
            packer.integer(place.level);
        }
        packer.finish()
    }

    pub(super) fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Unpacker::new(bytes, FORMAT, "a folded score")?;
        let counted = match reader.byte()? {
            0 => {
                let value = reader.integer()?;
                let bin = reader.optional_integer()?.map(i32::try_from).transpose().map_err(|_| reader.damaged())?;
                Counted::Number { value, bin }
            }
            _ => Counted::Category(reader.integer()?),
        };
        let mut places = Vec::new();
        for _ in 0..reader.count()? {
            let cell = CellKey::unpack_from(&mut reader)?;
            let start_ns = reader.integer()?;
            places.push(ScorePlace {
                cell: CellKey { hour: TimeNs(start_ns).hour(), ..cell },
                start_ns,
                group: reader.byte()?,
                trace: reader.integer()?,
                name: reader.integer()?,
                level: reader.integer()?,
            });
        }
        Ok(Self { counted, places })
    }
}

/// Totals as rows hold them: categories by their numbers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct ScoreCell {
    pub(super) n: u64,
    pub(super) sum: i128,
    pub(super) squares: i128,
    pub(super) bins: ScoreBins,
    pub(super) categories: Vec<(i64, u64)>,
}

impl ScoreCell {
    /// Reads it, with bins when they are wanted.
    pub(super) fn unpack_wanted(bytes: &[u8], with_bins: bool) -> Result<Self, StoreError> {
        let mut reader = Unpacker::new(bytes, FORMAT, "a score cell")?;
        Ok(Self {
            n: reader.natural()?,
            sum: reader.wide()?,
            squares: reader.wide()?,
            bins: if with_bins { unpack_bins(&mut reader)? } else { skip_bins(&mut reader)? },
            categories: unpack_bins(&mut reader)?,
        })
    }

    /// Counts a score in (`sign` 1) or out (−1).
    pub(super) fn count(&mut self, counted: Counted, sign: i64) {
        match counted {
            Counted::Number { value, bin } => {
                let (value, sign_wide) = (i128::from(value), i128::from(sign));
                self.n = self.n.wrapping_add_signed(sign);
                self.sum = self.sum.wrapping_add(sign_wide * value);
                self.squares = self.squares.wrapping_add(sign_wide.wrapping_mul(value.wrapping_mul(value)));
                if let Some(bin) = bin {
                    count_bin(&mut self.bins, bin, sign);
                }
            }
            Counted::Category(word) => count_bin(&mut self.categories, word, sign),
        }
    }

    pub(super) fn merge(&mut self, from: &Self) {
        self.n += from.n;
        self.sum = self.sum.saturating_add(from.sum);
        self.squares = self.squares.saturating_add(from.squares);
        merge_bins(&mut self.bins, &from.bins);
        merge_bins(&mut self.categories, &from.categories);
    }

    /// The totals with categories by name.
    pub(super) fn named(self, mut name: impl FnMut(i64) -> String) -> ScoreTotals {
        let mut categories: Vec<(String, u64)> =
            self.categories.into_iter().map(|(word, count)| (name(word), count)).collect();
        categories.sort();
        ScoreTotals { n: self.n, sum: self.sum, squares: self.squares, bins: self.bins, categories }
    }
}

impl Totals for ScoreCell {
    fn is_empty(&self) -> bool {
        self.n == 0 && self.categories.is_empty()
    }

    fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::new(FORMAT);
        packer.natural(self.n);
        packer.wide(self.sum);
        packer.wide(self.squares);
        pack_bins(&mut packer, &self.bins);
        pack_bins(&mut packer, &self.categories);
        packer.finish()
    }

    fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        Self::unpack_wanted(bytes, true)
    }
}
