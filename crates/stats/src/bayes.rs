//! The Bayesian view: description, not decision.
//!
//! "Chance to win" under repeated looking is not a false-positive guarantee: with a 95% rule and a flat prior, 59–69% of
//! A/A tests looked at continuously named a winner, 44–50% with the default prior. The verdict comes from
//! [`crate::anytime`].

use crate::contrast::{Direction, Effect};
use crate::error::{Result, computed, finite, open_unit, positive};
use crate::interval::Interval;
use crate::special::normal;

/// What is believed about an effect before the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Mean and variance; `None` is the flat prior.
    normal: Option<(f64, f64)>,
}

impl Prior {
    /// Every effect equally likely.
    pub const FLAT: Self = Self { normal: None };
    /// The default on the relative scale: N(0, 0.3²), "95% of prompt effects lie within ±60%".
    pub const DEFAULT: Self = Self { normal: Some((0.0, 0.09)) };

    /// A normal prior.
    ///
    /// # Errors
    /// `mean` is not finite, or `variance` is not above 0.
    pub fn normal(mean: f64, variance: f64) -> Result<Self> {
        Ok(Self { normal: Some((finite("mean", mean)?, positive("variance", variance)?)) })
    }

    /// This prior of a relative effect on the absolute scale: mean times `|control|`, variance times `control²`.
    ///
    /// # Errors
    /// `control` is not finite, or the scaled prior is degenerate (control 0) or overflows.
    pub fn on_absolute_scale(self, control: f64) -> Result<Self> {
        let scale = finite("control", control)?.abs();
        match self.normal {
            None => Ok(self),
            Some((mean, variance)) => Self::normal(computed(mean * scale)?, computed(variance * scale * scale)?),
        }
    }
}

/// The normal distribution of an effect after the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posterior {
    mean: f64,
    deviation: f64,
}

impl Posterior {
    /// Combines a normal likelihood `effect ~ N(δ, se²)` with a prior: precision `P = 1/se² + 1/τ²`, mean
    /// `(d/se² + μ/τ²)/P`, deviation `P^{−1/2}`. Relative effects take the delta-method standard error.
    ///
    /// # Errors
    /// Overflow.
    pub fn new(effect: &Effect, prior: Prior) -> Result<Self> {
        let se = effect.standard_error();
        let Some((prior_mean, prior_variance)) = prior.normal else {
            return Ok(Self { mean: effect.estimate(), deviation: se });
        };
        // Weights of data and prior; written with ratios so that no square under- or overflows first.
        let ratio = se / prior_variance.sqrt();
        let square = ratio * ratio;
        let data = 1.0 / (1.0 + square);
        let rest = if square.is_finite() { square / (1.0 + square) } else { 1.0 };
        let mean = computed(effect.estimate() * data + prior_mean * rest)?;
        let deviation = if ratio <= 1.0 {
            se / libm::sqrt(1.0 + square)
        } else {
            prior_variance.sqrt() / libm::sqrt(1.0 + 1.0 / square)
        };
        Ok(Self { mean, deviation: positive("posterior deviation", deviation)? })
    }

    /// Posterior mean: the expected effect. After an early stop it is the honest "expected value" to show beside the
    /// interval, because early winners look bigger than they are.
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// Posterior standard deviation.
    pub const fn deviation(&self) -> f64 {
        self.deviation
    }

    /// The probability that the treatment is better. Plain words: "Chance B is better: 97%."
    pub fn chance_to_win(&self, direction: Direction) -> f64 {
        normal::cdf(self.oriented(direction))
    }

    /// Expected loss of shipping the treatment, in the effect's unit: `E[max(−δ, 0)]` for higher-is-better. Plain words:
    /// "If we ship B and are wrong, we expect to lose 0.1% of score."
    pub fn loss_of_treatment(&self, direction: Direction) -> f64 {
        self.loss(self.oriented(direction))
    }

    /// Expected loss of keeping the control.
    pub fn loss_of_control(&self, direction: Direction) -> f64 {
        self.loss(-self.oriented(direction))
    }

    /// Central credible interval at level `1 − alpha`.
    ///
    /// # Errors
    /// `alpha` is not between 0 and 1, or overflow.
    pub fn interval(&self, alpha: f64) -> Result<Interval> {
        let z = -normal::quantile(0.5 * open_unit("alpha", alpha)?);
        Interval::around(self.mean, z * self.deviation)
    }

    fn oriented(&self, direction: Direction) -> f64 {
        match direction {
            Direction::HigherIsBetter => self.mean / self.deviation,
            Direction::LowerIsBetter => -self.mean / self.deviation,
        }
    }

    /// `s·(φ(u) − u·Φ(−u))`; beyond |u| = 37 its limits 0 and |m|.
    fn loss(&self, u: f64) -> f64 {
        if u > 37.0 {
            0.0
        } else if u < -37.0 {
            self.mean.abs()
        } else {
            self.deviation * normal::unit_loss(u)
        }
    }
}
