//! Mergeable moments of units: the only state most metrics need.
//!
//! A block summarises units, never rows. Each unit contributes one point: its value (a sum, an indicator, an average)
//! and its rows (the denominator of a ratio metric; 1 for a mean per unit). Blocks of days, segments and variants merge
//! without loss, and a unit that contributes again is removed with its old point and inserted with its new one.
//!
//! Sources: Welford (1962); Chan, Golub & LeVeque (1979); Pébay (2008) for the third moments. Means are kept as an
//! unevaluated sum of two `f64`, so that a small spread around a large mean keeps its digits.

mod centre;
mod joint;
mod sums;

pub use joint::JointMoments;
pub use sums::Sums;

use crate::error::{Result, Undefined, finite};
use centre::Centre;

/// Central third co-moments: value³, value²·rows, value·rows², rows³.
type Third = [f64; 4];

/// Removals after which a block should be rebuilt from its units.
const REBUILD_AFTER: u32 = 1_000_000;
/// A removal that leaves less than this share of a sum of squares has lost its digits.
const KEPT_SHARE: f64 = 1e-9;

/// Count, means, and second and third central co-moments of `(value, rows)` over units.
///
/// ```
/// use stats::moments::Moments;
///
/// let mut monday = Moments::new();
/// monday.insert(12.0, 3.0)?; // a user with three generations that cost 12 cents in total
/// monday.insert(5.0, 1.0)?;
/// let mut tuesday = Moments::new();
/// tuesday.insert(7.0, 2.0)?;
/// let both = monday.merge(&tuesday)?;
/// assert_eq!(both.units(), 3);
/// assert!((both.mean_value() - 8.0).abs() < 1e-12);
/// # Ok::<(), stats::Undefined>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    units: u64,
    nonzero: u64,
    removed: u32,
    value: Centre,
    rows: Centre,
    value_value: f64,
    rows_rows: f64,
    value_rows: f64,
    /// `None` when the block came from sums, which do not carry them.
    third: Option<Third>,
}

/// The numbers of a [`Moments`] block, for storage. Restoring them gives the same block bit for bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts {
    /// Number of units.
    pub units: u64,
    /// Units whose value is not 0.
    pub nonzero: u64,
    /// Removals since the block was built.
    pub removed: u32,
    /// Mean value, high and low part.
    pub mean_value: [f64; 2],
    /// Mean rows, high and low part.
    pub mean_rows: [f64; 2],
    /// Sums of squared and crossed deviations: value², rows², value·rows.
    pub second: [f64; 3],
    /// Sums of third-order deviations: value³, value²·rows, value·rows², rows³.
    pub third: Option<[f64; 4]>,
}

impl Default for Moments {
    fn default() -> Self {
        Self::new()
    }
}

impl Moments {
    /// A block without units.
    pub const fn new() -> Self {
        Self {
            units: 0,
            nonzero: 0,
            removed: 0,
            value: Centre::ZERO,
            rows: Centre::ZERO,
            value_value: 0.0,
            rows_rows: 0.0,
            value_rows: 0.0,
            third: Some([0.0; 4]),
        }
    }

    /// Adds one unit. Does not allocate.
    ///
    /// # Errors
    /// An argument is not finite, or the block would overflow; the block is then unchanged.
    pub fn insert(&mut self, value: f64, rows: f64) -> Result<()> {
        let (value, rows) = (finite("value", value)?, finite("rows", rows)?);
        let n = self.units as f64;
        let total = n + 1.0;
        let (dv, dr) = (self.value.distance_to(value), self.rows.distance_to(rows));
        let share = n / total;
        let third = self.third.map(|[vvv, vvr, vrr, rrr]| {
            let cubic = share * (n - 1.0) / total;
            [
                vvv + dv * dv * dv * cubic - 3.0 * dv * self.value_value / total,
                vvr + dv * dv * dr * cubic - (2.0 * dv * self.value_rows + dr * self.value_value) / total,
                vrr + dv * dr * dr * cubic - (2.0 * dr * self.value_rows + dv * self.rows_rows) / total,
                rrr + dr * dr * dr * cubic - 3.0 * dr * self.rows_rows / total,
            ]
        });
        let next = Self {
            units: self.units + 1,
            nonzero: self.nonzero + u64::from(value != 0.0),
            removed: self.removed,
            value: self.value.plus(dv / total),
            rows: self.rows.plus(dr / total),
            value_value: self.value_value + dv * dv * share,
            rows_rows: self.rows_rows + dr * dr * share,
            value_rows: self.value_rows + dv * dr * share,
            third,
        };
        *self = next.checked()?;
        Ok(())
    }

    /// Removes one unit that was inserted with exactly these numbers. Does not allocate.
    ///
    /// # Errors
    /// - [`Undefined::TooFewUnits`]: the block is empty.
    /// - [`Undefined::PrecisionLost`]: too few digits would be left (less than a billionth of a sum of squares remains,
    ///   or the point cannot have been in the block). The block is unchanged: rebuild it from its units.
    pub fn remove(&mut self, value: f64, rows: f64) -> Result<()> {
        let next = self.without(value, rows)?;
        next.precise_after(self)?;
        *self = next;
        Ok(())
    }

    /// Moves a unit from its old point to its new one: how a returning unit is counted once. Does not allocate.
    ///
    /// # Errors
    /// As [`Moments::remove`] and [`Moments::insert`]; the block is then unchanged. Only what remains after both steps
    /// must be precise, so the largest unit may be replaced.
    pub fn replace(&mut self, old: (f64, f64), new: (f64, f64)) -> Result<()> {
        let next = if self.units > 1 {
            self.moved(old, new)?
        } else {
            let mut alone = self.without(old.0, old.1)?;
            alone.insert(new.0, new.1)?;
            alone
        };
        next.precise_after(self)?;
        *self = next;
        Ok(())
    }

    /// The block with one of its units at another point, its precision not yet checked. There are at least two units.
    ///
    /// The sums around the old means change by the unit's own terms. With a step s of the mean, `Σ(x − s)² = Σx² − n·s²`
    /// and `Σ(x − s)³ = Σx³ − 3s·Σx² + 2n·s³`, because then `Σx = n·s`; likewise for the crossed sums.
    fn moved(&self, old: (f64, f64), new: (f64, f64)) -> Result<Self> {
        let old = (finite("value", old.0)?, finite("rows", old.1)?);
        let new = (finite("value", new.0)?, finite("rows", new.1)?);
        let (_, nonzero) = self.left_without(old.0)?;
        let (from_v, from_r) = (self.value.distance_to(old.0), self.rows.distance_to(old.1));
        let (to_v, to_r) = (self.value.distance_to(new.0), self.rows.distance_to(new.1));
        let (dv, dr) = (new.0 - old.0, new.1 - old.1);
        let n = self.units as f64;
        let (step_v, step_r) = (dv / n, dr / n);
        let vv = self.value_value + dv * (to_v + from_v);
        let rr = self.rows_rows + dr * (to_r + from_r);
        let vr = self.value_rows + (to_v * to_r - from_v * from_r);
        let third = self.third.map(|[vvv, vvr, vrr, rrr]| {
            [
                vvv + (to_v * to_v * to_v - from_v * from_v * from_v) - 3.0 * step_v * vv + 2.0 * dv * step_v * step_v,
                vvr + (to_v * to_v * to_r - from_v * from_v * from_r) - (2.0 * step_v * vr + step_r * vv)
                    + 2.0 * dv * step_v * step_r,
                vrr + (to_v * to_r * to_r - from_v * from_r * from_r) - (2.0 * step_r * vr + step_v * rr)
                    + 2.0 * dv * step_r * step_r,
                rrr + (to_r * to_r * to_r - from_r * from_r * from_r) - 3.0 * step_r * rr + 2.0 * dr * step_r * step_r,
            ]
        });
        Self {
            units: self.units,
            nonzero: nonzero + u64::from(new.0 != 0.0),
            removed: self.removed.saturating_add(1),
            value: self.value.plus(step_v),
            rows: self.rows.plus(step_r),
            value_value: vv - dv * step_v,
            rows_rows: rr - dr * step_r,
            value_rows: vr - dv * step_r,
            third,
        }
        .checked()
    }

    /// How many units, and units whose value is not 0, there are without one of this value.
    fn left_without(&self, value: f64) -> Result<(u64, u64)> {
        let units = self.units.checked_sub(1).ok_or(Undefined::TooFewUnits { have: 0, need: 1 })?;
        let nonzero = self.nonzero.checked_sub(u64::from(value != 0.0)).ok_or(Undefined::PrecisionLost)?;
        if nonzero > units { Err(Undefined::PrecisionLost) } else { Ok((units, nonzero)) }
    }

    /// The block without one of its units, its precision not yet checked.
    fn without(&self, value: f64, rows: f64) -> Result<Self> {
        let (value, rows) = (finite("value", value)?, finite("rows", rows)?);
        let (left, nonzero) = self.left_without(value)?;
        let removed = self.removed.saturating_add(1);
        let third_of_one = self.third.map(|_| [0.0; 4]);
        if left == 0 {
            return Ok(Self { removed, third: third_of_one, ..Self::new() });
        }
        let (n, total) = (left as f64, self.units as f64);
        // Distances from the mean that remains: (x − mean)·total/n.
        let (dv, dr) = (self.value.distance_to(value) * (total / n), self.rows.distance_to(rows) * (total / n));
        let means = Self {
            units: left,
            nonzero,
            removed,
            value: self.value.plus(-dv / total),
            rows: self.rows.plus(-dr / total),
            value_value: 0.0,
            rows_rows: 0.0,
            value_rows: 0.0,
            third: third_of_one,
        };
        if left == 1 {
            return means.checked();
        }
        let share = n / total;
        let value_value = self.value_value - dv * dv * share;
        let rows_rows = self.rows_rows - dr * dr * share;
        let value_rows = self.value_rows - dv * dr * share;
        let third = self.third.map(|[vvv, vvr, vrr, rrr]| {
            let cubic = share * (n - 1.0) / total;
            [
                vvv - dv * dv * dv * cubic + 3.0 * dv * value_value / total,
                vvr - dv * dv * dr * cubic + (2.0 * dv * value_rows + dr * value_value) / total,
                vrr - dv * dr * dr * cubic + (2.0 * dr * value_rows + dv * rows_rows) / total,
                rrr - dr * dr * dr * cubic + 3.0 * dr * rows_rows / total,
            ]
        });
        Self { value_value, rows_rows, value_rows, third, ..means }.checked()
    }

    /// Whether enough digits of both sums of squares are left after a removal.
    fn precise_after(&self, before: &Self) -> Result<()> {
        let kept = |left: f64, sum: f64| self.units <= 1 || left >= KEPT_SHARE * sum;
        if kept(self.value_value, before.value_value) && kept(self.rows_rows, before.rows_rows) {
            Ok(())
        } else {
            Err(Undefined::PrecisionLost)
        }
    }

    /// The block of all units of both blocks, which must have no unit in common.
    ///
    /// # Errors
    /// The result overflows.
    pub fn merge(&self, other: &Self) -> Result<Self> {
        if other.units == 0 {
            return Ok(Self { removed: self.removed.saturating_add(other.removed), ..*self });
        }
        if self.units == 0 {
            return Ok(Self { removed: self.removed.saturating_add(other.removed), ..*other });
        }
        let (na, nb) = (self.units as f64, other.units as f64);
        let n = na + nb;
        let (dv, dr) = (self.value.distance(other.value), self.rows.distance(other.rows));
        let share = na * (nb / n);
        let third = self.third.zip(other.third).map(|(a, b)| {
            let cubic = share * ((na - nb) / n);
            // How much the other block's second moments outweigh ours, per co-moment.
            let lean = |own: f64, others: f64| (na * others - nb * own) / n;
            let vv = lean(self.value_value, other.value_value);
            let vr = lean(self.value_rows, other.value_rows);
            let rr = lean(self.rows_rows, other.rows_rows);
            [
                a[0] + b[0] + dv * dv * dv * cubic + 3.0 * dv * vv,
                a[1] + b[1] + dv * dv * dr * cubic + 2.0 * dv * vr + dr * vv,
                a[2] + b[2] + dv * dr * dr * cubic + 2.0 * dr * vr + dv * rr,
                a[3] + b[3] + dr * dr * dr * cubic + 3.0 * dr * rr,
            ]
        });
        Self {
            units: self.units.saturating_add(other.units),
            nonzero: self.nonzero.saturating_add(other.nonzero),
            removed: self.removed.saturating_add(other.removed),
            value: self.value.plus(dv * (nb / n)),
            rows: self.rows.plus(dr * (nb / n)),
            value_value: self.value_value + other.value_value + dv * dv * share,
            rows_rows: self.rows_rows + other.rows_rows + dr * dr * share,
            value_rows: self.value_rows + other.value_rows + dv * dr * share,
            third,
        }
        .checked()
    }

    /// Number of units.
    pub const fn units(&self) -> u64 {
        self.units
    }

    /// Units whose value is not 0: the successes of a binary metric.
    pub const fn nonzero(&self) -> u64 {
        self.nonzero
    }

    /// Mean value over units; 0 without units.
    pub fn mean_value(&self) -> f64 {
        self.value.rounded()
    }

    /// Mean rows over units; 0 without units.
    pub fn mean_rows(&self) -> f64 {
        self.rows.rounded()
    }

    /// Number of rows of all units.
    pub fn rows(&self) -> f64 {
        self.mean_rows() * self.units as f64
    }

    /// Sample variance of the value (n − 1).
    ///
    /// # Errors
    /// Fewer than 2 units.
    pub fn variance_value(&self) -> Result<f64> {
        Ok(self.value_value / self.degrees()?)
    }

    /// Sample variance of the rows (n − 1).
    ///
    /// # Errors
    /// Fewer than 2 units.
    pub fn variance_rows(&self) -> Result<f64> {
        Ok(self.rows_rows / self.degrees()?)
    }

    /// Sample covariance of value and rows (n − 1).
    ///
    /// # Errors
    /// Fewer than 2 units.
    pub fn covariance(&self) -> Result<f64> {
        Ok(self.value_rows / self.degrees()?)
    }

    /// Sample variance (n − 1) of the residual `value − ratio·rows`.
    ///
    /// # Errors
    /// Fewer than 2 units, `ratio` not finite, or the result overflows.
    pub fn variance_residual(&self, ratio: f64) -> Result<f64> {
        let sum = self.residual_square(finite("ratio", ratio)?);
        crate::error::computed(sum / self.degrees()?)
    }

    /// Skewness `(M3/n)·(M2/n)^{−3/2}` of the residual `value − ratio·rows`; `None` for a block that was made from sums
    /// and so does not know it.
    ///
    /// # Errors
    /// Fewer than 2 units, no variation, `ratio` not finite, or the result overflows.
    pub fn skewness(&self, ratio: f64) -> Result<Option<f64>> {
        self.degrees()?;
        let ratio = finite("ratio", ratio)?;
        let Some([vvv, vvr, vrr, rrr]) = self.third else { return Ok(None) };
        let n = self.units as f64;
        let variance = self.residual_square(ratio) / n;
        let deviation = variance.sqrt();
        if deviation == 0.0 {
            return Err(Undefined::NoVariation);
        }
        let cubes = vvv - 3.0 * ratio * vvr + 3.0 * ratio * ratio * vrr - ratio * ratio * ratio * rrr;
        crate::error::computed(cubes / n / variance / deviation).map(Some)
    }

    /// Whether so many units were removed that the block should be rebuilt from its units (every million).
    pub const fn wants_rebuild(&self) -> bool {
        self.removed >= REBUILD_AFTER
    }

    /// The block's numbers, for storage.
    pub fn parts(&self) -> Parts {
        Parts {
            units: self.units,
            nonzero: self.nonzero,
            removed: self.removed,
            mean_value: self.value.parts(),
            mean_rows: self.rows.parts(),
            second: [self.value_value, self.rows_rows, self.value_rows],
            third: self.third,
        }
    }

    /// The block with these numbers.
    ///
    /// # Errors
    /// A number is not finite, a sum of squares is negative, or more units are non-zero than there are.
    pub fn from_parts(parts: &Parts) -> Result<Self> {
        let [value_value, rows_rows, value_rows] = parts.second;
        if value_value < 0.0 || rows_rows < 0.0 {
            return Err(Undefined::invalid("second", "sums of squares of at least 0"));
        }
        if parts.nonzero > parts.units {
            return Err(Undefined::invalid("nonzero", "at most `units`"));
        }
        let block = Self {
            units: parts.units,
            nonzero: parts.nonzero,
            removed: parts.removed,
            value: Centre::from_parts(parts.mean_value),
            rows: Centre::from_parts(parts.mean_rows),
            value_value,
            rows_rows,
            value_rows,
            third: parts.third,
        };
        block.checked().map_err(|_| Undefined::NonFinite { name: "parts" })
    }

    /// `Σ(v − v̄ − ratio·(r − r̄))²`, never below 0.
    fn residual_square(&self, ratio: f64) -> f64 {
        let sum = self.value_value - 2.0 * ratio * self.value_rows + ratio * ratio * self.rows_rows;
        // Rounding of a residual that is 0 in exact arithmetic must not look like variation.
        let scale = self.value_value + ratio * ratio * self.rows_rows;
        if sum <= scale * 1e-15 * (self.units as f64).sqrt().max(8.0) { 0.0 } else { sum }
    }

    fn degrees(&self) -> Result<f64> {
        if self.units < 2 {
            return Err(Undefined::TooFewUnits { have: self.units, need: 2 });
        }
        Ok((self.units - 1) as f64)
    }

    /// The block if all its numbers are finite.
    fn checked(self) -> Result<Self> {
        let second = self.value_value.is_finite() && self.rows_rows.is_finite() && self.value_rows.is_finite();
        let third = self.third.is_none_or(|third| third.iter().all(|part| part.is_finite()));
        if second && third && self.value.is_finite() && self.rows.is_finite() {
            Ok(self)
        } else {
            Err(Undefined::Overflow)
        }
    }
}
