//! Finite-sample confidence sequences for scores known to lie in [0, 1].
//!
//! "Strict" mode: no asymptotics, so noticeably wider than [`crate::anytime`]. Depends on the order of the units and
//! cannot be merged: one ordered fold per arm, each unit at the close of its window.

use crate::error::{Result, Undefined, finite, open_unit};
use crate::interval::Interval;

/// The predictable-mixture empirical Bernstein sequence for the mean of values in [0, 1].
///
/// Waudby-Smith & Ramdas (2024, JRSS-B 86), Theorem 2, with the running estimates of its equations (15)–(16): bet
/// `λ_t = min(½, √(2 ln(2/α)/(t ln(1+t) σ̂²_{t−1})))`. Rescale other ranges first (1–5 stars: `(x − 1)/4`). For a
/// difference of two arms run each at α/2 and subtract the ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EmpiricalBernstein {
    alpha: f64,
    count: f64,
    sum: f64,
    /// ¼ + Σ(x − μ̃)², μ̃ the regularised running mean including x.
    squares: f64,
    bets: f64,
    weighted: f64,
    weighted_mirror: f64,
    penalty: f64,
    penalty_mirror: f64,
}

impl EmpiricalBernstein {
    /// A sequence at error level `alpha`, without units.
    ///
    /// # Errors
    /// `alpha` is not between 0 and 1.
    pub fn new(alpha: f64) -> Result<Self> {
        let alpha = open_unit("alpha", alpha)?;
        Ok(Self {
            alpha,
            count: 0.0,
            sum: 0.0,
            squares: 0.25,
            bets: 0.0,
            weighted: 0.0,
            weighted_mirror: 0.0,
            penalty: 0.0,
            penalty_mirror: 0.0,
        })
    }

    /// Adds the next unit in order of arrival.
    ///
    /// # Errors
    /// `x` is not finite or not in [0, 1].
    pub fn insert(&mut self, x: f64) -> Result<()> {
        if !(0.0..=1.0).contains(&finite("x", x)?) {
            return Err(Undefined::invalid("x", "between 0 and 1"));
        }
        let before = self.count;
        let t = before + 1.0;
        let variance = self.squares / t;
        let price = 2.0 * libm::log(2.0 / self.alpha);
        let bet = (price / (t * libm::log1p(t) * variance)).sqrt().min(0.5);
        let mean = if before == 0.0 { 0.0 } else { self.sum / before };
        let psi = -libm::log1p(-bet) - bet;
        self.penalty += (x - mean) * (x - mean) * psi;
        // The mean of 1 − x starts at 0 as well, so its first deviation is its own; all others are alike.
        let mirror = if before == 0.0 { 1.0 - x } else { x - mean };
        self.penalty_mirror += mirror * mirror * psi;
        self.bets += bet;
        self.weighted += bet * x;
        self.weighted_mirror += bet * (1.0 - x);
        self.count = t;
        self.sum += x;
        let regular = (0.5 + self.sum) / (t + 1.0);
        self.squares += (x - regular) * (x - regular);
        Ok(())
    }

    /// The current interval; [0, 1] without units.
    ///
    /// # Errors
    /// None for values in range; kept for the crossing of ends by rounding.
    pub fn interval(&self) -> Result<Interval> {
        if self.bets == 0.0 {
            return Interval::new(0.0, 1.0);
        }
        let price = libm::log(2.0 / self.alpha);
        let lower = ((self.weighted - price - self.penalty) / self.bets).max(0.0);
        let upper = 1.0 - ((self.weighted_mirror - price - self.penalty_mirror) / self.bets).max(0.0);
        Interval::new(lower.min(upper), upper)
    }
}
