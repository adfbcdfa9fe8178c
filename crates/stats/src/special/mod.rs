//! Special functions, on `libm` alone, with correct tails.
//!
//! Inside the crate the functions of the submodules are used directly; the functions here are the public face and
//! check their arguments. Source of each: STATS.md §10, and the papers named at the algorithms.

pub(crate) mod beta;
pub(crate) mod gamma;
pub(crate) mod kolmogorov;
pub(crate) mod normal;
pub(crate) mod student;

use crate::error::{Result, Undefined, computed, finite, non_negative, open_unit, positive};

/// Largest shape or degrees of freedom the public functions accept.
const LARGEST: f64 = 1e9;

fn shape(name: &'static str, value: f64) -> Result<f64> {
    if positive(name, value)? <= LARGEST { Ok(value) } else { Err(Undefined::invalid(name, "at most 1e9")) }
}

/// The standard normal density `φ(x)`.
///
/// # Errors
/// `x` is not finite.
pub fn normal_pdf(x: f64) -> Result<f64> {
    finite("x", x).map(normal::pdf)
}

/// The standard normal distribution function `Φ(x)`, with full relative precision on the left.
///
/// # Errors
/// `x` is not finite.
pub fn normal_cdf(x: f64) -> Result<f64> {
    finite("x", x).map(normal::cdf)
}

/// The upper tail `1 − Φ(x)`, with full relative precision on the right.
///
/// # Errors
/// `x` is not finite.
pub fn normal_sf(x: f64) -> Result<f64> {
    finite("x", x).map(normal::sf)
}

/// `ln Φ(x)`, which stays informative where `Φ` underflows.
///
/// # Errors
/// `x` is not finite, or below about −1.8e154, where the result overflows.
pub fn normal_ln_cdf(x: f64) -> Result<f64> {
    computed(normal::ln_cdf(finite("x", x)?))
}

/// The quantile `Φ⁻¹(p)`: Wichura (1988), AS 241, polished with a Halley step.
///
/// # Errors
/// `p` is not strictly between 0 and 1.
pub fn normal_quantile(p: f64) -> Result<f64> {
    open_unit("p", p).map(normal::quantile)
}

/// Student's distribution function.
///
/// # Errors
/// `t` is not finite, or `dof` is not in (0, 1e9].
pub fn student_cdf(t: f64, dof: f64) -> Result<f64> {
    Ok(student::cdf(finite("t", t)?, shape("dof", dof)?))
}

/// Student's upper tail.
///
/// # Errors
/// `t` is not finite, or `dof` is not in (0, 1e9].
pub fn student_sf(t: f64, dof: f64) -> Result<f64> {
    Ok(student::sf(finite("t", t)?, shape("dof", dof)?))
}

/// The probability that Student's t is further from 0 than `t`.
///
/// # Errors
/// `t` is not finite, or `dof` is not in (0, 1e9].
pub fn student_two_sided(t: f64, dof: f64) -> Result<f64> {
    Ok(student::two_sided(finite("t", t)?, shape("dof", dof)?))
}

/// Student's quantile.
///
/// # Errors
/// `p` is not strictly between 0 and 1, `dof` is not in (0, 1e9], or the quantile overflows (tiny `dof` and `p`).
pub fn student_quantile(p: f64, dof: f64) -> Result<f64> {
    computed(student::quantile(open_unit("p", p)?, shape("dof", dof)?))
}

/// The chi-square upper tail.
///
/// # Errors
/// `x` is not finite or below 0, or `dof` is not in (0, 1e9].
pub fn chi_square_sf(x: f64, dof: f64) -> Result<f64> {
    Ok(gamma::upper_regularized(0.5 * shape("dof", dof)?, 0.5 * non_negative("x", x)?))
}

/// `ln Γ(x)`.
///
/// # Errors
/// `x` is not finite or not above 0, or the result overflows.
pub fn ln_gamma(x: f64) -> Result<f64> {
    computed(gamma::ln_gamma(positive("x", x)?))
}

/// `ln Β(a, b)`, also where `a` and `b` are in the millions and `ln Γ` would cancel.
///
/// # Errors
/// `a` or `b` is not in (0, 1e9].
pub fn ln_beta(a: f64, b: f64) -> Result<f64> {
    computed(beta::ln_beta(shape("a", a)?, shape("b", b)?))
}

/// The regularised incomplete beta function `I_x(a, b)`.
///
/// # Errors
/// `a` or `b` is not in (0, 1e9], or `x` is not in [0, 1].
pub fn regularized_beta(a: f64, b: f64, x: f64) -> Result<f64> {
    let x = non_negative("x", x)?;
    if x > 1.0 {
        return Err(Undefined::invalid("x", "at most 1"));
    }
    Ok(beta::regularized(shape("a", a)?, shape("b", b)?, x, 1.0 - x).0)
}

/// The probability that Kolmogorov's two-sided statistic of `n` values is at least `d`.
///
/// # Errors
/// `n` is 0 or `d` is not finite.
pub fn kolmogorov_sf(n: u64, d: f64) -> Result<f64> {
    if n == 0 {
        return Err(Undefined::TooFewUnits { have: 0, need: 1 });
    }
    Ok(kolmogorov::sf(n, finite("d", d)?))
}
