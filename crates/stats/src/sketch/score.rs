//! Bins for scores: exact on the grid people score on, relative elsewhere.
//!
//! Stars, shares, percentages and most judge scores are multiples of 0.01 no larger than 100. For them a 1% bin would
//! blur 4 and 4.04 for nothing. So a score's bin is exact on that grid and a sketch bin off it: a pure function of the
//! value, which a store can count without knowing whether the grid is coarse.

use super::{MAX_KEY, key, value};
use crate::error::{Result, Undefined, finite};
use crate::order;

/// The bin of the score 0. An exact bin is `EXACT_ZERO + hundredths`, which is far from every sketch key.
pub const EXACT_ZERO: i32 = 1_000_000;

/// Exact bins reach from −100.00 to 100.00.
const MOST_HUNDREDTHS: i32 = 10_000;

/// The bin of a score value: a frozen format.
///
/// * A value that is the double nearest to a multiple of 0.01 within ±100: `1_000_000 + hundredths`, so 4.5 is
///   1 000 450 and −1 is 999 900. Exact.
/// * Any other finite value: its sketch [`key`], between −16 383 and 16 383. Within 1%.
/// * `None` for infinities and NaN.
///
/// ```
/// use stats::sketch::{score_bin, score_bin_value};
///
/// assert_eq!(score_bin(4.5), Some(1_000_450));
/// assert_eq!(score_bin_value(1_000_450), 4.5);
/// assert_eq!(score_bin(1250.0), stats::sketch::key(1250.0).map(i32::from));
/// ```
#[must_use]
pub fn score_bin(score: f64) -> Option<i32> {
    if !score.is_finite() {
        return None;
    }
    let hundredths = (score * 100.0).round();
    if hundredths.abs() <= f64::from(MOST_HUNDREDTHS) && (hundredths / 100.0).to_bits() == score.to_bits() {
        return Some(EXACT_ZERO + hundredths as i32);
    }
    key(score).map(i32::from)
}

/// The value a score bin stands for: the score itself for exact bins, the bin's representative otherwise.
///
/// A number that is no bin is read as the nearest bin of the nearer kind, so that any input gives a finite value.
#[must_use]
pub fn score_bin_value(bin: i32) -> f64 {
    if is_exact(bin) {
        let hundredths = (bin.saturating_sub(EXACT_ZERO)).clamp(-MOST_HUNDREDTHS, MOST_HUNDREDTHS);
        return f64::from(hundredths) / 100.0;
    }
    let limit = i32::from(MAX_KEY);
    value(i16::try_from(bin.clamp(-limit, limit)).unwrap_or(0))
}

const fn is_exact(bin: i32) -> bool {
    bin > EXACT_ZERO / 2
}

/// The smallest or largest score, and whether it is the score itself or a bin's representative (within 1%).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extreme {
    /// The value.
    pub value: f64,
    /// Whether the bin was exact.
    pub exact: bool,
}

/// Score bins put in the order of their values, ready for quantiles.
///
/// The quantile is the bin value at rank ⌈qN⌉: exact when every bin is, and within 1% always, because replacing each
/// value by one within 1% moves every order statistic by at most 1%.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreBins {
    ordered: Vec<(f64, bool, u64)>,
    total: u64,
}

impl ScoreBins {
    /// From `(bin, count)` pairs in any order; zero counts are dropped.
    ///
    /// # Errors
    ///
    /// [`Undefined::Overflow`] when the counts sum to more than 64 bits hold.
    pub fn new(bins: impl IntoIterator<Item = (i32, u64)>) -> Result<Self> {
        let mut total = 0_u64;
        let mut ordered = Vec::new();
        for (bin, count) in bins {
            if count > 0 {
                total = total.checked_add(count).ok_or(Undefined::Overflow)?;
                ordered.push((score_bin_value(bin), is_exact(bin), count));
            }
        }
        if !ordered.is_sorted_by(|left: &(f64, bool, u64), right| left.0.total_cmp(&right.0).is_le()) {
            order::sort(&mut ordered, |left, right| left.0.total_cmp(&right.0));
        }
        Ok(Self { ordered, total })
    }

    /// How many scores are counted.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.total
    }

    /// Whether every counted score is known exactly, so that this is a table of values rather than a sketch.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.ordered.iter().all(|&(_, exact, _)| exact)
    }

    /// The smallest score.
    ///
    /// # Errors
    ///
    /// [`Undefined::TooFewUnits`] when empty.
    pub fn min(&self) -> Result<Extreme> {
        extreme(self.ordered.first())
    }

    /// The largest score.
    ///
    /// # Errors
    ///
    /// [`Undefined::TooFewUnits`] when empty.
    pub fn max(&self) -> Result<Extreme> {
        extreme(self.ordered.last())
    }

    /// The score of rank ⌈qN⌉ (1-based, at least 1).
    ///
    /// # Errors
    ///
    /// [`Undefined::TooFewUnits`] when empty, [`Undefined::InvalidInput`] unless 0 ≤ q ≤ 1.
    pub fn quantile(&self, q: f64) -> Result<f64> {
        if !(0.0..=1.0).contains(&finite("q", q)?) {
            return Err(Undefined::invalid("q", "between 0 and 1"));
        }
        let rank = ((q * self.total as f64).ceil() as u64).clamp(1, self.total.max(1));
        let mut below = 0_u64;
        for &(score, _, count) in &self.ordered {
            below += count;
            if below >= rank {
                return Ok(score);
            }
        }
        Err(Undefined::TooFewUnits { have: 0, need: 1 })
    }
}

fn extreme(entry: Option<&(f64, bool, u64)>) -> Result<Extreme> {
    entry.map(|&(value, exact, _)| Extreme { value, exact }).ok_or(Undefined::TooFewUnits { have: 0, need: 1 })
}
