//! Anytime-valid inference: intervals and evidence that hold however often and whenever someone looks.
//!
//! Two-sided asymptotic confidence sequence: Robbins (1970) normal mixture; Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas
//! (2024, Ann. Stat. 52(6)), equal to the Gaussian-mixture sequential test of Johari, Koomen, Pekelis & Walsh (2022).
//! Assumes independent units, more than two moments, assignment fixed by hash and a tuning sample size fixed before the
//! data. Does not protect against sample ratio mismatch, interference between units, or novelty: see [`crate::guard`].
//!
//! Plain words: "You can look at any time and stop when you like. This range already pays for that."

mod floor;
mod history;
mod mixture;
mod one_sided;
mod stitching;

pub use floor::{Floor, FloorArm, LEAST_NONZERO, LEAST_UNITS};
pub use history::History;
pub use mixture::NormalMixture;
pub use one_sided::OneSided;
pub use stitching::{Stitching, polynomial_stitching};

use crate::contrast::{Effect, Lift, fieller};
use crate::error::{Result, computed, open_unit, positive};
use crate::estimate::ArmEstimate;
use crate::interval::Interval;

/// Default for the sample size at which the interval is tightest, in units of both arms, when there is no plan.
pub const DEFAULT_TIGHTEST_AT: f64 = 5_000.0;

/// The constant `c(α) = −W₋₁(−α²/e) − 1` for which the interval is tightest at `n = n*`: the larger root of
/// `c = −2 ln α + ln(1 + c)`, by Newton's method.
///
/// # Errors
/// `alpha` is not between 0 and 1.
pub fn tuning_constant(alpha: f64) -> Result<f64> {
    let target = 1.0 - 2.0 * libm::log(open_unit("alpha", alpha)?);
    // y = c + 1 solves y − ln y = target; the left side is convex and increasing for y > 1.
    let mut y = 10.0_f64;
    for _ in 0..100 {
        let next = y - (y - libm::log(y) - target) / (1.0 - 1.0 / y);
        let next = if next > 1.0 { next } else { 0.5 * (1.0 + y) };
        if (next - y).abs() <= 1e-15 * y {
            return positive("tuning constant", next - 1.0);
        }
        y = next;
    }
    positive("tuning constant", y - 1.0)
}

/// GrowthBook's approximation of the tuning constant, `−2 ln α + ln(1 − 2 ln α)`, for comparison with it.
///
/// # Errors
/// `alpha` is not between 0 and 1.
pub fn growthbook_tuning_constant(alpha: f64) -> Result<f64> {
    let twice = -2.0 * libm::log(open_unit("alpha", alpha)?);
    Ok(twice + libm::log1p(twice))
}

/// `f(r)` of [`Sequence::critical_value`]; infinite at r = 0, where nothing can be seen.
pub(crate) fn critical(r: f64, alpha: f64) -> f64 {
    if r <= 0.0 {
        return f64::INFINITY;
    }
    ((1.0 + 1.0 / r) * (libm::log1p(r) - 2.0 * libm::log(alpha))).sqrt()
}

/// A two-sided confidence sequence: error level and tuning, both fixed before the data.
///
/// ```
/// use stats::anytime::Sequence;
/// use stats::contrast::Effect;
///
/// let sequence = Sequence::new(0.05, 5_000.0)?;
/// let effect = Effect::new(0.07, 0.0478, 2_010)?;
/// let interval = sequence.interval(&effect)?;
/// assert!(interval.contains(0.0));
/// // The interval excludes 0 exactly when the e-value reaches 1/α.
/// assert!(sequence.ln_e(&effect) < (1.0_f64 / 0.05).ln());
/// # Ok::<(), stats::Undefined>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequence {
    alpha: f64,
    tightest_at: f64,
    constant: f64,
}

impl Sequence {
    /// A sequence at error level `alpha` that is tightest at `tightest_at` units of both arms together: the planned
    /// fixed-horizon sample, or [`DEFAULT_TIGHTEST_AT`]. Half or double of it costs little power.
    ///
    /// # Errors
    /// `alpha` is not between 0 and 1, or `tightest_at` is not above 0.
    pub fn new(alpha: f64, tightest_at: f64) -> Result<Self> {
        let constant = tuning_constant(alpha)?;
        Ok(Self { alpha, tightest_at: positive("tightest_at", tightest_at)?, constant })
    }

    /// The same with GrowthBook's tuning constant, to reproduce its numbers.
    ///
    /// # Errors
    /// As [`Sequence::new`].
    pub fn growthbook(alpha: f64, tightest_at: f64) -> Result<Self> {
        let constant = growthbook_tuning_constant(alpha)?;
        Ok(Self { alpha, tightest_at: positive("tightest_at", tightest_at)?, constant })
    }

    /// The error level.
    pub const fn alpha(&self) -> f64 {
        self.alpha
    }

    /// `r = c·n/n*`, the ratio of data to prior precision of the mixture.
    pub fn precision_ratio(&self, units: u64) -> f64 {
        (self.constant * (units as f64 / self.tightest_at)).min(f64::MAX)
    }

    /// `f(r) = √((1+r)/r · ln((1+r)/α²))`: what 1.96 is to a fixed-horizon interval; 3.035 at `n = n*` for α = 0.05.
    ///
    /// # Errors
    /// No units, or overflow.
    pub fn critical_value(&self, units: u64) -> Result<f64> {
        computed(critical(positive("units", self.precision_ratio(units))?, self.alpha))
    }

    /// The current interval, `estimate ± se·f(r)`.
    ///
    /// # Errors
    /// No units, or overflow.
    pub fn interval(&self, effect: &Effect) -> Result<Interval> {
        let critical = self.critical_value(effect.units())?;
        Interval::around(effect.estimate(), computed(critical * effect.standard_error())?)
    }

    /// `ln E = −½ ln(1+r) + z²r/(2(1+r))`, the log evidence against "no difference"; the interval excludes 0 exactly when
    /// `E ≥ 1/α`. May be `+∞`.
    pub fn ln_e(&self, effect: &Effect) -> f64 {
        let r = self.precision_ratio(effect.units());
        let z = effect.z();
        if r == 0.0 {
            return 0.0;
        }
        -0.5 * libm::log1p(r) + 0.5 * z * z / (1.0 + 1.0 / r)
    }

    /// The p-value of this look, `min(1, 1/E)`. Valid at any stopping time; [`History`] keeps the smallest so far.
    pub fn p_value(&self, effect: &Effect) -> f64 {
        libm::exp(-self.ln_e(effect)).min(1.0)
    }

    /// Fieller's set for the lift with this sequence's critical value: anytime-valid at each fixed lift.
    ///
    /// # Errors
    /// As [`fieller`].
    pub fn lift(&self, control: &ArmEstimate, treatment: &ArmEstimate) -> Result<Lift> {
        let critical = self.critical_value(control.units().saturating_add(treatment.units()))?;
        fieller(control, treatment, critical)
    }
}
