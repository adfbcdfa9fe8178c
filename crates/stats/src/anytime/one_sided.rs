//! One-sided sequences, for guardrails and non-inferiority.

use super::tuning_constant;
use crate::contrast::Effect;
use crate::error::{Result, Undefined, computed, open_unit, positive};
use crate::special::normal;

/// A one-sided confidence sequence: Robbins' normal mixture over positive effects only (Howard, Ramdas, McAuliffe &
/// Sekhon 2021, Proposition 6), tuned with `c(2α)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneSided {
    alpha: f64,
    tightest_at: f64,
    constant: f64,
}

impl OneSided {
    /// A sequence at error level `alpha`, tightest at `tightest_at` units of both arms together.
    ///
    /// # Errors
    /// `alpha` is not between 0 and ½, or `tightest_at` is not above 0.
    pub fn new(alpha: f64, tightest_at: f64) -> Result<Self> {
        if open_unit("alpha", alpha)? >= 0.5 {
            return Err(Undefined::invalid("alpha", "below 0.5"));
        }
        let constant = tuning_constant(2.0 * alpha)?;
        Ok(Self { alpha, tightest_at: positive("tightest_at", tightest_at)?, constant })
    }

    /// `r = c(2α)·n/n*`.
    pub fn precision_ratio(&self, units: u64) -> f64 {
        (self.constant * (units as f64 / self.tightest_at)).min(f64::MAX)
    }

    /// `ln E₊ = ln 2 − ½ ln(1+r) + z²r/(2(1+r)) + ln Φ(z√(r/(1+r)))`: log evidence against "the effect is 0 or less".
    pub fn ln_e(&self, effect: &Effect) -> f64 {
        ln_e_positive(effect.z(), self.precision_ratio(effect.units()))
    }

    /// Lower confidence bound of the effect.
    ///
    /// # Errors
    /// No units, or overflow.
    pub fn lower_bound(&self, effect: &Effect) -> Result<f64> {
        let r = positive("units", self.precision_ratio(effect.units()))?;
        lower_bound(effect, r, self.alpha)
    }

    /// Upper confidence bound of the effect.
    ///
    /// # Errors
    /// No units, or overflow.
    pub fn upper_bound(&self, effect: &Effect) -> Result<f64> {
        self.lower_bound(&effect.negated()).map(|bound| -bound)
    }
}

/// [`OneSided::ln_e`] at precision ratio `r`. `±∞` for infinite `z`.
pub(crate) fn ln_e_positive(z: f64, r: f64) -> f64 {
    if r == 0.0 {
        return 0.0;
    }
    let share = 1.0 / (1.0 + 1.0 / r);
    let base = core::f64::consts::LN_2 - 0.5 * libm::log1p(r);
    let scaled = z * share.sqrt();
    if scaled < -5.0 {
        // z²/2 and ln Φ cancel but for the Mills ratio.
        return base - normal::LN_SQRT_2PI + libm::log(normal::mills(-scaled));
    }
    base + 0.5 * scaled * scaled + normal::ln_cdf(scaled)
}

/// `d − z*·se` with `ln E₊(z*) = ln(1/α)`; `E₊` grows with `z`.
pub(crate) fn lower_bound(effect: &Effect, r: f64, alpha: f64) -> Result<f64> {
    let target = -libm::log(alpha);
    let mut high = 12.0;
    while ln_e_positive(high, r) < target {
        high *= 2.0;
        if high > 1e150 {
            return Err(Undefined::Overflow);
        }
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if ln_e_positive(middle, r) < target { low = middle } else { high = middle }
    }
    computed(effect.estimate() - high * effect.standard_error())
}
