//! Why a number is not available.

use core::fmt;

/// The reason a statistic is undefined for the given data.
///
/// Nothing in this crate returns `NaN`: a caller gets a finite number, a documented infinity, or one of these. The
/// display text is a sentence part for logs; what the product shows for each reason is written in the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Undefined {
    /// Fewer units (or rows, groups, strata, where the name says so) than the method needs.
    TooFewUnits {
        /// How many there are.
        have: u64,
        /// How many the method needs.
        need: u64,
    },
    /// All values are equal, so there is no scale to compare a difference with.
    NoVariation,
    /// The control's mean is too close to zero for a percentage: report the absolute difference.
    ControlNearZero,
    /// Rounding has eaten the digits that matter, for example a variance from sums of squares of a large mean.
    PrecisionLost,
    /// The sample is too small for this quantile: its interval would run past the smallest or largest value.
    QuantileOutOfReach,
    /// The values lie on so coarse a grid that a quantile's interval has no width: use a mean or a share.
    TooFewDistinctValues,
    /// An input is infinite or not a number.
    NonFinite {
        /// The input's name.
        name: &'static str,
    },
    /// A finite input lies outside the method's domain.
    InvalidInput {
        /// The input's name.
        name: &'static str,
        /// What would be right.
        need: &'static str,
    },
    /// The inputs are valid but the result does not fit an `f64`.
    Overflow,
}

/// A finite number, or the reason there is none.
pub type Result<T> = core::result::Result<T, Undefined>;

impl Undefined {
    /// An [`Undefined::InvalidInput`].
    pub(crate) const fn invalid(name: &'static str, need: &'static str) -> Self {
        Self::InvalidInput { name, need }
    }
}

impl fmt::Display for Undefined {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewUnits { have, need } => write!(out, "`{have}` units; at least `{need}` are needed"),
            Self::NoVariation => out.write_str("no variation: all values are equal"),
            Self::ControlNearZero => out.write_str("the control is too close to zero for a percentage"),
            Self::PrecisionLost => out.write_str("precision lost: recompute the block from its units"),
            Self::QuantileOutOfReach => out.write_str("not enough data for this quantile yet"),
            Self::TooFewDistinctValues => {
                out.write_str("too few distinct values for a quantile; use a mean or a share")
            }
            Self::NonFinite { name } => write!(out, "`{name}` is not a finite number"),
            Self::InvalidInput { name, need } => write!(out, "`{name}` is out of range; it must be {need}"),
            Self::Overflow => out.write_str("the result is too large to represent"),
        }
    }
}

impl core::error::Error for Undefined {}

/// `value` if finite, otherwise [`Undefined::NonFinite`].
pub(crate) fn finite(name: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Undefined::NonFinite { name }) }
}

/// `value` if finite and above zero.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64> {
    if finite(name, value)? > 0.0 { Ok(value) } else { Err(Undefined::invalid(name, "above 0")) }
}

/// `value` if finite and not below zero.
pub(crate) fn non_negative(name: &'static str, value: f64) -> Result<f64> {
    if finite(name, value)? >= 0.0 { Ok(value) } else { Err(Undefined::invalid(name, "at least 0")) }
}

/// `value` if strictly between 0 and 1: an error level, a share, a quantile's order.
pub(crate) fn open_unit(name: &'static str, value: f64) -> Result<f64> {
    let value = finite(name, value)?;
    if value > 0.0 && value < 1.0 { Ok(value) } else { Err(Undefined::invalid(name, "between 0 and 1")) }
}

/// A computed result: `value` if finite, otherwise [`Undefined::Overflow`].
pub(crate) fn computed(value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Undefined::Overflow) }
}
