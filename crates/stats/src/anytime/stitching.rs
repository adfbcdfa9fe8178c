//! The polynomial stitched boundary.

use crate::error::{Result, Undefined, computed, non_negative, open_unit, positive};

/// Parameters of [`polynomial_stitching`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stitching {
    /// Time from which the bound is uniform; also its unit.
    pub start: f64,
    /// Scale of the sub-gamma process; 0 for sub-Gaussian.
    pub scale: f64,
    /// Exponent of the error spending over epochs, above 1.
    pub exponent: f64,
    /// Ratio of the ends of an epoch, above 1.
    pub epoch_ratio: f64,
}

/// The polynomial stitched bound on a sub-gamma sum at intrinsic time `v`, growing like `√(v ln ln v)`.
///
/// Howard, Ramdas, McAuliffe & Sekhon (2021), Theorem 1, equation (10): with `ℓ = s ln ln(ηv/m) + ln(ζ(s)/(α lnˢη))`
/// the bound is `√(k₁²vℓ + k₂²c²ℓ²) + k₂cℓ`, `k₁ = (η^¼ + η^{−¼})/√2`, `k₂ = (√η + 1)/2`.
///
/// # Errors
/// A parameter is out of range (see [`Stitching`]), `v` is not above 0, `alpha` not between 0 and 1, or overflow.
pub fn polynomial_stitching(v: f64, alpha: f64, stitching: &Stitching) -> Result<f64> {
    let start = positive("start", stitching.start)?;
    let v = positive("v", v)?.max(start);
    let alpha = open_unit("alpha", alpha)?;
    let scale = non_negative("scale", stitching.scale)?;
    let (s, eta) = (positive("exponent", stitching.exponent)?, positive("epoch_ratio", stitching.epoch_ratio)?);
    if s <= 1.0 {
        return Err(Undefined::invalid("exponent", "above 1"));
    }
    if eta <= 1.0 {
        return Err(Undefined::invalid("epoch_ratio", "above 1"));
    }
    let ln_eta = libm::log(eta);
    let spent = libm::log(riemann_zeta(s)) - s * libm::log(ln_eta) - libm::log(alpha);
    let level = s * libm::log(ln_eta + libm::log(v / start)) + spent;
    let fourth = libm::sqrt(eta.sqrt());
    let k1 = (fourth + 1.0 / fourth) * core::f64::consts::FRAC_1_SQRT_2;
    let linear = 0.5 * (eta.sqrt() + 1.0) * scale * level;
    computed((k1 * k1 * v * level.max(0.0) + linear * linear).sqrt() + linear)
}

/// `ζ(s)` for `s > 1`, by the Euler–Maclaurin formula with 20 terms.
fn riemann_zeta(s: f64) -> f64 {
    const TERMS: f64 = 20.0;
    let mut sum = 0.0;
    let mut k = 1.0;
    while k < TERMS {
        sum += libm::pow(k, -s);
        k += 1.0;
    }
    let power = libm::pow(TERMS, -s);
    let third = s * (s + 1.0) * (s + 2.0) / (720.0 * TERMS * TERMS * TERMS);
    let fifth = third * (s + 3.0) * (s + 4.0) / (42.0 * TERMS * TERMS);
    sum + power * (TERMS / (s - 1.0) + 0.5 + s / (12.0 * TERMS) - third + fifth)
}
