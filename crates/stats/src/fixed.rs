//! Fixed-horizon inference: valid when looked at once, at the planned end. The product shows it only then, or behind the
//! label "only if you never looked before".

use crate::contrast::{Direction, Effect, absolute, relative_delta};
use crate::error::{Result, Undefined, computed, open_unit, positive};
use crate::estimate::ArmEstimate;
use crate::interval::Interval;
use crate::special::{beta, normal, student};

/// Welch's t test of a difference. Its p-values come from the survival function and keep their digits in the far tail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    effect: Effect,
    dof: f64,
}

impl Welch {
    /// The test of the absolute difference `θ̂_B − θ̂_A`, with Satterthwaite's degrees of freedom
    /// `(v_A + v_B)²/(v_A²/(n_A − 1) + v_B²/(n_B − 1))`.
    ///
    /// Assumes independent units and one look. Source: Welch (1947).
    ///
    /// # Errors
    /// Fewer than 2 units in an arm, no variation in either, or overflow.
    pub fn absolute(control: &ArmEstimate, treatment: &ArmEstimate) -> Result<Self> {
        Ok(Self { effect: absolute(control, treatment)?, dof: degrees_of_freedom(control, treatment)? })
    }

    /// The test of the relative difference by the delta method: for comparison with other tools. Intervals of a lift
    /// that are shown to people come from [`crate::contrast::fieller`].
    ///
    /// # Errors
    /// As [`Welch::absolute`]; the control is 0.
    pub fn relative(control: &ArmEstimate, treatment: &ArmEstimate) -> Result<Self> {
        Ok(Self { effect: relative_delta(control, treatment)?, dof: degrees_of_freedom(control, treatment)? })
    }

    /// The tested difference.
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// Degrees of freedom.
    pub const fn dof(&self) -> f64 {
        self.dof
    }

    /// The t statistic; may be infinite when the standard error is tiny.
    pub fn t(&self) -> f64 {
        self.effect.z()
    }

    /// Two-sided p-value.
    pub fn p_two_sided(&self) -> f64 {
        student::two_sided(self.t(), self.dof)
    }

    /// p-value of "treatment is greater".
    pub fn p_greater(&self) -> f64 {
        student::sf(self.t(), self.dof)
    }

    /// p-value of "treatment is less".
    pub fn p_less(&self) -> f64 {
        student::cdf(self.t(), self.dof)
    }

    /// Two-sided confidence interval at level `1 − alpha`.
    ///
    /// # Errors
    /// `alpha` is not between 0 and 1, or overflow.
    pub fn interval(&self, alpha: f64) -> Result<Interval> {
        let alpha = open_unit("alpha", alpha)?;
        let critical = -student::quantile(0.5 * alpha, self.dof);
        Interval::around(self.effect.estimate(), computed(critical * self.effect.standard_error())?)
    }

    /// One-sided lower confidence bound at level `1 − alpha`.
    ///
    /// # Errors
    /// `alpha` is not between 0 and 1, or overflow.
    pub fn lower_bound(&self, alpha: f64) -> Result<f64> {
        let alpha = open_unit("alpha", alpha)?;
        let critical = -student::quantile(alpha, self.dof);
        computed(self.effect.estimate() - critical * self.effect.standard_error())
    }

    /// One-sided upper confidence bound at level `1 − alpha`.
    ///
    /// # Errors
    /// `alpha` is not between 0 and 1, or overflow.
    pub fn upper_bound(&self, alpha: f64) -> Result<f64> {
        let alpha = open_unit("alpha", alpha)?;
        let critical = -student::quantile(alpha, self.dof);
        computed(self.effect.estimate() + critical * self.effect.standard_error())
    }

    /// The critical value `t_{1−α/2}`, for Fieller's set.
    ///
    /// # Errors
    /// `alpha` is not between 0 and 1, or overflow.
    pub fn critical_value(&self, alpha: f64) -> Result<f64> {
        computed(-student::quantile(0.5 * open_unit("alpha", alpha)?, self.dof))
    }
}

fn degrees_of_freedom(control: &ArmEstimate, treatment: &ArmEstimate) -> Result<f64> {
    let smaller = control.units().min(treatment.units());
    if smaller < 2 {
        return Err(Undefined::TooFewUnits { have: smaller, need: 2 });
    }
    // Scaled by the larger variance, so that neither the squares nor their sum overflow or vanish.
    let scale = control.variance().max(treatment.variance());
    if scale == 0.0 {
        return Err(Undefined::NoVariation);
    }
    let (a, b) = (control.variance() / scale, treatment.variance() / scale);
    let below = a * a / (control.units() - 1) as f64 + b * b / (treatment.units() - 1) as f64;
    computed((a + b) * (a + b) / below)
}

/// A one-sided z test against a margin, looked at once. The anytime version is
/// [`crate::anytime::OneSided`], and is what guardrails use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NonInferiority {
    /// `(oriented effect + margin)/se`.
    pub z: f64,
    /// p-value of "worse by the margin or more".
    pub p: f64,
    /// Whether that is rejected at α.
    pub non_inferior: bool,
    /// The confidence bound on the harmful side, in the metric's own direction.
    pub bound: f64,
}

/// Tests that the treatment is not worse than the control by `margin` (absolute units) or more.
///
/// # Errors
/// `margin` is negative or not finite, `alpha` not between 0 and 1, or overflow.
pub fn non_inferiority(effect: &Effect, margin: f64, direction: Direction, alpha: f64) -> Result<NonInferiority> {
    let margin = crate::error::non_negative("margin", margin)?;
    let alpha = open_unit("alpha", alpha)?;
    let oriented = direction.orient(*effect);
    let z = computed((oriented.estimate() + margin) / effect.standard_error())?;
    let critical = -normal::quantile(alpha);
    let reach = critical * effect.standard_error();
    let bound = match direction {
        Direction::HigherIsBetter => effect.estimate() - reach,
        Direction::LowerIsBetter => effect.estimate() + reach,
    };
    let p = normal::sf(z);
    Ok(NonInferiority { z, p, non_inferior: p < alpha, bound: computed(bound)? })
}

/// A number of successes out of `units`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proportion {
    successes: u64,
    units: u64,
}

impl Proportion {
    /// `successes` out of `units`.
    ///
    /// # Errors
    /// No units, or more successes than units.
    pub fn new(successes: u64, units: u64) -> Result<Self> {
        if units == 0 {
            return Err(Undefined::TooFewUnits { have: 0, need: 1 });
        }
        if successes > units {
            return Err(Undefined::invalid("successes", "at most `units`"));
        }
        Ok(Self { successes, units })
    }

    /// Number of successes.
    pub const fn successes(&self) -> u64 {
        self.successes
    }

    /// Number of units.
    pub const fn units(&self) -> u64 {
        self.units
    }

    /// The share of successes.
    pub fn share(&self) -> f64 {
        self.successes as f64 / self.units as f64
    }

    /// Wilson's score interval: honest for small counts, never outside [0, 1]. Source: Wilson (1927).
    ///
    /// # Errors
    /// `alpha` is not between 0 and 1.
    pub fn wilson(&self, alpha: f64) -> Result<Interval> {
        let z = -normal::quantile(0.5 * open_unit("alpha", alpha)?);
        let (n, share) = (self.units as f64, self.share());
        let square = z * z / n;
        let centre = share + 0.5 * square;
        let spread = z * (share * (1.0 - share) / n + 0.25 * square / n).sqrt();
        let scale = 1.0 + square;
        let lower = if self.successes == 0 { 0.0 } else { ((centre - spread) / scale).max(0.0) };
        let upper = if self.successes == self.units { 1.0 } else { ((centre + spread) / scale).min(1.0) };
        Interval::new(lower, upper)
    }

    /// The exact interval of Clopper & Pearson (1934), by beta quantiles; conservative.
    ///
    /// # Errors
    /// `alpha` is not between 0 and 1, or there are more than a billion units.
    pub fn clopper_pearson(&self, alpha: f64) -> Result<Interval> {
        if self.units > 1_000_000_000 {
            return Err(Undefined::invalid("units", "at most a billion"));
        }
        let half = 0.5 * open_unit("alpha", alpha)?;
        let (k, n) = (self.successes as f64, self.units as f64);
        let lower = if self.successes == 0 { 0.0 } else { beta::quantile(k, n - k + 1.0, half) };
        // By symmetry the upper end is the complement of a lower tail: no 1 − α/2 is formed.
        let upper = if self.successes == self.units { 1.0 } else { 1.0 - beta::quantile(n - k, k + 1.0, half) };
        Interval::new(lower, upper)
    }

    /// The share with variance `p(1−p)/n`, GrowthBook's convention (no n − 1). The engine's own estimate of a binary
    /// metric is [`crate::estimate::mean`].
    ///
    /// # Errors
    /// None beyond those of [`Proportion::new`].
    pub fn growthbook_estimate(&self) -> Result<ArmEstimate> {
        let share = self.share();
        ArmEstimate::new(share, share * (1.0 - share) / self.units as f64, self.units)
    }
}

/// Newcombe's (1998, method 10) interval for the difference of two shares, built from the Wilson intervals.
///
/// # Errors
/// `alpha` is not between 0 and 1.
pub fn newcombe(control: &Proportion, treatment: &Proportion, alpha: f64) -> Result<Interval> {
    let (a, b) = (control.wilson(alpha)?, treatment.wilson(alpha)?);
    let (share_a, share_b) = (control.share(), treatment.share());
    let difference = share_b - share_a;
    let down = libm::hypot(share_b - b.lower(), a.upper() - share_a);
    let up = libm::hypot(b.upper() - share_b, share_a - a.lower());
    Interval::new(difference - down, difference + up)
}

/// Two-sided normal critical value `z_{1−α/2}`.
///
/// # Errors
/// `alpha` is not between 0 and 1.
pub fn normal_critical_value(alpha: f64) -> Result<f64> {
    positive("critical value", -normal::quantile(0.5 * open_unit("alpha", alpha)?))
}
