//! Differences between two arms: absolute, and relative by Fieller's theorem.
//!
//! The direction "lower is better" never flips a sign here; it matters only for `chance to win`, losses and guardrails.

use crate::error::{Result, Undefined, computed, finite, non_negative, positive};
use crate::estimate::ArmEstimate;
use crate::interval::Interval;

/// Which way a metric should move. It never changes an estimate, only what counts as winning, losing and harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Scores, conversions, thumbs-up.
    HigherIsBetter,
    /// Latency, cost, errors.
    LowerIsBetter,
}

impl Direction {
    /// The effect turned so that positive is good.
    #[must_use]
    pub fn orient(self, effect: Effect) -> Effect {
        match self {
            Self::HigherIsBetter => effect,
            Self::LowerIsBetter => effect.negated(),
        }
    }
}

/// An estimated difference with its standard error, which is above 0, and the units of both arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    estimate: f64,
    standard_error: f64,
    units: u64,
}

impl Effect {
    /// An effect that was computed elsewhere; `units` is the total of both arms.
    ///
    /// # Errors
    /// - [`Undefined::NoVariation`]: the standard error is 0.
    /// - [`Undefined::NonFinite`], [`Undefined::InvalidInput`]: otherwise not a number or negative.
    pub fn new(estimate: f64, standard_error: f64, units: u64) -> Result<Self> {
        if standard_error == 0.0 {
            return Err(Undefined::NoVariation);
        }
        Ok(Self {
            estimate: finite("estimate", estimate)?,
            standard_error: positive("standard_error", standard_error)?,
            units,
        })
    }

    /// The estimated difference.
    pub const fn estimate(&self) -> f64 {
        self.estimate
    }

    /// Its standard error.
    pub const fn standard_error(&self) -> f64 {
        self.standard_error
    }

    /// Units of both arms together.
    pub const fn units(&self) -> u64 {
        self.units
    }

    /// The estimate in standard errors. May be infinite when the standard error is tiny; never `NaN`.
    pub fn z(&self) -> f64 {
        self.estimate / self.standard_error
    }

    /// The same effect seen from the other side (arms swapped, or "lower is better").
    #[must_use]
    pub fn negated(self) -> Self {
        Self { estimate: -self.estimate, ..self }
    }
}

/// Absolute difference `θ̂_B − θ̂_A`, `se² = v_A + v_B`. The sign of every decision comes from this one.
///
/// # Errors
/// No variation in either arm, or overflow.
pub fn absolute(control: &ArmEstimate, treatment: &ArmEstimate) -> Result<Effect> {
    linear(control, treatment, 1.0)
}

/// Linear contrast `θ̂_B − multiplier·θ̂_A`, `se² = v_B + multiplier²·v_A`: a relative margin tested without a division.
///
/// # Errors
/// No variation, `multiplier` not finite, or overflow.
pub fn linear(control: &ArmEstimate, treatment: &ArmEstimate, multiplier: f64) -> Result<Effect> {
    let multiplier = finite("multiplier", multiplier)?;
    let estimate = computed(treatment.value() - multiplier * control.value())?;
    let variance = computed(treatment.variance() + multiplier * multiplier * control.variance())?;
    let units = control.units().saturating_add(treatment.units());
    Effect::new(estimate, variance.sqrt(), units)
}

/// Relative difference `θ̂_B/θ̂_A − 1` with its delta-method standard error `√(v_B/θ̂_A² + θ̂_B²·v_A/θ̂_A⁴)`: for the
/// Bayesian view and for showing one standard error. Its interval covers only 87–92% on skewed data; intervals of a lift
/// come from [`fieller`]. With a negative control its sign is opposite to that of the absolute difference: see
/// [`of_magnitude`].
///
/// # Errors
/// The control is 0, no variation, or overflow.
pub fn relative_delta(control: &ArmEstimate, treatment: &ArmEstimate) -> Result<Effect> {
    let scale = control.value().abs();
    if scale == 0.0 {
        return Err(Undefined::ControlNearZero);
    }
    let estimate = computed((treatment.value() - control.value()) / control.value())?;
    let ratio = treatment.value() / scale;
    let own = treatment.variance() / scale / scale;
    let from_control = ratio * ratio * (control.variance() / scale / scale);
    let standard_error = computed((own + from_control).sqrt())?;
    if standard_error == 0.0 && (treatment.variance() > 0.0 || control.variance() > 0.0) {
        return Err(Undefined::PrecisionLost);
    }
    Effect::new(estimate, standard_error, control.units().saturating_add(treatment.units()))
}

/// A relative effect turned to the scale of `|θ̂_A|`, so that its sign is that of the absolute difference. What people are
/// shown when a metric can be negative: from −2 to −1.5 is +25%.
#[must_use]
pub fn of_magnitude(effect: Effect, control: &ArmEstimate) -> Effect {
    if control.value() < 0.0 { effect.negated() } else { effect }
}

/// The set of lifts that the data do not exclude.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LiftSet {
    /// An interval.
    Bounded(Interval),
    /// Everything but an interval: the control is too close to zero for a percentage. Show the absolute difference.
    Exclusive,
    /// Every lift is possible: likewise.
    WholeLine,
}

/// A relative difference with Fieller's set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lift {
    /// `θ̂_B/θ̂_A − 1`.
    pub estimate: f64,
    /// The lifts not excluded at the critical value used.
    pub set: LiftSet,
}

impl Lift {
    /// The interval, if the set is one.
    ///
    /// # Errors
    /// [`Undefined::ControlNearZero`] when it is not.
    pub fn interval(&self) -> Result<Interval> {
        match self.set {
            LiftSet::Bounded(interval) => Ok(interval),
            LiftSet::Exclusive | LiftSet::WholeLine => Err(Undefined::ControlNearZero),
        }
    }

    /// This lift on the scale of `|θ̂_A|`: unchanged for a positive control, turned with swapped bounds for a negative one.
    ///
    /// # Errors
    /// None for a lift made by this crate.
    pub fn of_magnitude(&self, control: &ArmEstimate) -> Result<Self> {
        if control.value() >= 0.0 {
            return Ok(*self);
        }
        let set = match self.set {
            LiftSet::Bounded(interval) => LiftSet::Bounded(Interval::new(-interval.upper(), -interval.lower())?),
            unbounded => unbounded,
        };
        Ok(Self { estimate: -self.estimate, set })
    }
}

/// Fieller's set for the lift `g`: all `g` with `|θ̂_B − (1+g)·θ̂_A| ≤ critical·√(v_B + (1+g)²·v_A)`.
///
/// With `critical` a t or normal quantile it is the fixed-horizon interval (95% covered where the delta method covered
/// 87–92%); with the factor of a confidence sequence it is anytime-valid at each `g`. When bounded, it contains 0
/// exactly when the absolute interval with the same `critical` does. Source: Fieller (1954), independent arms.
///
/// Computed from `ρ_A = q²v_A/θ̂_A²`, `ρ_B = q²v_B/θ̂_A²`, `g = θ̂_B/θ̂_A`: bounds
/// `(g − 1 + ρ_A ± √(g²ρ_A + ρ_B(1 − ρ_A)))/(1 − ρ_A)`, in which nothing cancels. For a
/// negative control see [`Lift::of_magnitude`].
///
/// Plain words: "Version B's average score is 3.1% higher than A's. We're 95% sure the true change is between +0.6% and
/// +5.7%."
///
/// # Errors
/// The control is exactly 0, `critical` is negative or not finite, or overflow.
pub fn fieller(control: &ArmEstimate, treatment: &ArmEstimate, critical: f64) -> Result<Lift> {
    let critical = non_negative("critical", critical)?;
    let base = control.value();
    if base == 0.0 {
        return Err(Undefined::ControlNearZero);
    }
    let change = computed((treatment.value() - base) / base)?;
    let ratio = computed(treatment.value() / base)?;
    let of_control = critical * control.standard_error() / base;
    let of_control = computed(of_control * of_control)?;
    let of_treatment = critical * treatment.standard_error() / base;
    let of_treatment = computed(of_treatment * of_treatment)?;
    let discriminant = computed(ratio * ratio * of_control + of_treatment * (1.0 - of_control))?;
    let set = if of_control < 1.0 {
        let root = discriminant.max(0.0).sqrt();
        let scale = 1.0 - of_control;
        let lower = computed((change + of_control - root) / scale)?;
        let upper = computed((change + of_control + root) / scale)?;
        LiftSet::Bounded(Interval::new(lower, upper)?)
    } else if discriminant >= 0.0 {
        LiftSet::Exclusive
    } else {
        LiftSet::WholeLine
    };
    Ok(Lift { estimate: change, set })
}
