//! The normal mixture boundary in its general form, for sums with a variance clock.

use super::one_sided::ln_e_positive;
use crate::error::{Result, Undefined, computed, finite, open_unit, positive};

/// Robbins' normal mixture for a sum `s` with intrinsic time (variance) `v`: two-sided, or over one side only.
///
/// Howard, Ramdas, McAuliffe & Sekhon (2021), Propositions 5 and 6; the same process as [`super::Sequence`] with
/// `r = v/ρ`. The tuning is confseq's `ρ = v_opt/(2 ln(1/α) + ln(1 + 2 ln(1/α)))`, with `2α` for the one-sided one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalMixture {
    precision: f64,
    one_sided: bool,
}

impl NormalMixture {
    /// The two-sided mixture, tightest at time `v_opt` for error level `alpha_opt`.
    ///
    /// # Errors
    /// `v_opt` is not above 0, or `alpha_opt` not between 0 and 1.
    pub fn two_sided(v_opt: f64, alpha_opt: f64) -> Result<Self> {
        Ok(Self { precision: best_precision(v_opt, alpha_opt)?, one_sided: false })
    }

    /// The one-sided mixture, tightest at time `v_opt` for error level `alpha_opt`.
    ///
    /// # Errors
    /// `v_opt` is not above 0, or `alpha_opt` not between 0 and ½.
    pub fn one_sided(v_opt: f64, alpha_opt: f64) -> Result<Self> {
        if open_unit("alpha_opt", alpha_opt)? >= 0.5 {
            return Err(Undefined::invalid("alpha_opt", "below 0.5"));
        }
        Ok(Self { precision: best_precision(v_opt, 2.0 * alpha_opt)?, one_sided: true })
    }

    /// Log of the mixture supermartingale at sum `s` and time `v`.
    ///
    /// # Errors
    /// `s` is not finite, `v` is not above 0, or overflow.
    pub fn ln_e(&self, s: f64, v: f64) -> Result<f64> {
        let z = finite("s", s)? / positive("v", v)?.sqrt();
        let r = v / self.precision;
        computed(if self.one_sided { ln_e_positive(z, r) } else { two_sided(z, r) })
    }

    /// The sum at which the log supermartingale reaches `ln(1/alpha)`.
    ///
    /// # Errors
    /// `v` is not above 0, `alpha` not between 0 and 1, or overflow.
    pub fn bound(&self, v: f64, alpha: f64) -> Result<f64> {
        let r = positive("v", v)? / self.precision;
        let ln_alpha = libm::log(open_unit("alpha", alpha)?);
        if !self.one_sided {
            let critical = ((1.0 + 1.0 / r) * (libm::log1p(r) - 2.0 * ln_alpha)).sqrt();
            return computed(v.sqrt() * critical);
        }
        let (mut low, mut high) = (0.0, 1.0);
        while ln_e_positive(high, r) < -ln_alpha {
            high *= 2.0;
            if high > 1e150 {
                return Err(Undefined::Overflow);
            }
        }
        if ln_e_positive(low, r) >= -ln_alpha {
            // A bound below zero; the process is monotone there too.
            low = -high;
            while ln_e_positive(low, r) >= -ln_alpha {
                low *= 2.0;
                if low < -1e150 {
                    return Err(Undefined::Overflow);
                }
            }
        }
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if ln_e_positive(middle, r) < -ln_alpha { low = middle } else { high = middle }
        }
        computed(v.sqrt() * high)
    }
}

fn two_sided(z: f64, r: f64) -> f64 {
    if r == 0.0 { 0.0 } else { -0.5 * libm::log1p(r) + 0.5 * z * z / (1.0 + 1.0 / r) }
}

fn best_precision(v_opt: f64, alpha_opt: f64) -> Result<f64> {
    let twice = -2.0 * libm::log(open_unit("alpha_opt", alpha_opt)?);
    positive("v_opt", positive("v_opt", v_opt)? / (twice + libm::log1p(twice)))
}
