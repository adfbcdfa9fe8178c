//! Moments of a metric together with its pre-exposure covariate.

use super::centre::Centre;
use crate::error::{Result, Undefined, finite};

/// Count, means and 4 × 4 central co-moments of `[value, rows, pre-value, pre-rows]` over units: what CUPED needs.
///
/// For a mean per unit both row entries are 1 for every unit. Source: Chan, Golub & LeVeque (1979).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointMoments {
    units: u64,
    centre: [Centre; 4],
    crossed: [[f64; 4]; 4],
}

impl Default for JointMoments {
    fn default() -> Self {
        Self::new()
    }
}

impl JointMoments {
    /// A block without units.
    pub const fn new() -> Self {
        Self { units: 0, centre: [Centre::ZERO; 4], crossed: [[0.0; 4]; 4] }
    }

    /// Adds one unit: `[value, rows, pre-value, pre-rows]`. Does not allocate.
    ///
    /// # Errors
    /// A number is not finite, or the block would overflow; the block is then unchanged.
    pub fn insert(&mut self, point: [f64; 4]) -> Result<()> {
        for number in point {
            finite("point", number)?;
        }
        let total = (self.units + 1) as f64;
        let mut distance = [0.0; 4];
        for ((out, centre), value) in distance.iter_mut().zip(self.centre).zip(point) {
            *out = centre.distance_to(value);
        }
        *self = self.moved(1, distance, 1.0 / total, self.units as f64 / total)?;
        Ok(())
    }

    /// The block of all units of both blocks, which must have no unit in common.
    ///
    /// # Errors
    /// The result overflows.
    pub fn merge(&self, other: &Self) -> Result<Self> {
        if other.units == 0 {
            return Ok(*self);
        }
        if self.units == 0 {
            return Ok(*other);
        }
        let (na, nb) = (self.units as f64, other.units as f64);
        let mut distance = [0.0; 4];
        for ((out, centre), theirs) in distance.iter_mut().zip(self.centre).zip(other.centre) {
            *out = centre.distance(theirs);
        }
        let mut merged = self.moved(other.units, distance, nb / (na + nb), na * (nb / (na + nb)))?;
        for (line, theirs) in merged.crossed.iter_mut().zip(other.crossed) {
            for (sum, value) in line.iter_mut().zip(theirs) {
                *sum += value;
            }
        }
        merged.checked()
    }

    /// Number of units.
    pub const fn units(&self) -> u64 {
        self.units
    }

    /// Means of value, rows, pre-value and pre-rows.
    pub fn means(&self) -> [f64; 4] {
        self.centre.map(Centre::rounded)
    }

    /// The 4 × 4 sample covariance (n − 1).
    ///
    /// # Errors
    /// Fewer than 2 units.
    pub fn covariance(&self) -> Result<[[f64; 4]; 4]> {
        if self.units < 2 {
            return Err(Undefined::TooFewUnits { have: self.units, need: 2 });
        }
        let degrees = (self.units - 1) as f64;
        Ok(self.crossed.map(|line| line.map(|sum| sum / degrees)))
    }

    fn moved(&self, units: u64, distance: [f64; 4], step: f64, share: f64) -> Result<Self> {
        let mut next = *self;
        next.units = self.units.saturating_add(units);
        for (centre, d) in next.centre.iter_mut().zip(distance) {
            *centre = centre.plus(d * step);
        }
        for (line, left) in next.crossed.iter_mut().zip(distance) {
            for (sum, right) in line.iter_mut().zip(distance) {
                *sum += left * right * share;
            }
        }
        next.checked()
    }

    fn checked(self) -> Result<Self> {
        let finite = self.centre.iter().all(|centre| centre.is_finite())
            && self.crossed.iter().flatten().all(|sum| sum.is_finite());
        if finite { Ok(self) } else { Err(Undefined::Overflow) }
    }
}
