//! A closed interval.

use crate::error::{Result, Undefined};

/// A closed interval with `lower ≤ upper`; an end may be infinite, never `NaN`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    lower: f64,
    upper: f64,
}

impl Interval {
    /// An interval from its ends, which may be infinite.
    ///
    /// # Errors
    /// An end is `NaN`, or they are in the wrong order.
    pub fn new(lower: f64, upper: f64) -> Result<Self> {
        if lower.is_nan() {
            return Err(Undefined::NonFinite { name: "lower" });
        }
        if upper.is_nan() {
            return Err(Undefined::NonFinite { name: "upper" });
        }
        if lower > upper {
            return Err(Undefined::invalid("lower", "at most `upper`"));
        }
        Ok(Self { lower, upper })
    }

    /// `estimate ± half_width`; overflow is an error, so that an infinite end always has a meaning.
    pub(crate) fn around(estimate: f64, half_width: f64) -> Result<Self> {
        let (lower, upper) = (estimate - half_width, estimate + half_width);
        if !lower.is_finite() || !upper.is_finite() {
            return Err(Undefined::Overflow);
        }
        Self::new(lower, upper)
    }

    /// The lower end, possibly `−∞`.
    pub const fn lower(&self) -> f64 {
        self.lower
    }

    /// The upper end, possibly `∞`.
    pub const fn upper(&self) -> f64 {
        self.upper
    }

    /// Whether `value` lies inside or on an end.
    pub fn contains(&self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// `upper − lower`.
    pub fn width(&self) -> f64 {
        // Two infinities of one sign would give NaN.
        if self.lower >= self.upper { 0.0 } else { self.upper - self.lower }
    }

    /// The common part, or `None` when there is none.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let lower = self.lower.max(other.lower);
        let upper = self.upper.min(other.upper);
        (lower <= upper).then_some(Self { lower, upper })
    }
}
