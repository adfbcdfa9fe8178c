//! Student's t distribution.

use super::{beta, normal};

/// Degrees of freedom above which Hill's expansion replaces the incomplete beta function.
const EXPANSION_FROM: f64 = 1e5;

/// `P(T > t)` with `dof > 0`.
pub(crate) fn sf(t: f64, dof: f64) -> f64 {
    if t < 0.0 { 1.0 - upper(-t, dof) } else { upper(t, dof) }
}

/// `P(T ≤ t)`.
pub(crate) fn cdf(t: f64, dof: f64) -> f64 {
    sf(-t, dof)
}

/// `P(|T| > |t|)`.
pub(crate) fn two_sided(t: f64, dof: f64) -> f64 {
    (2.0 * upper(t.abs(), dof)).min(1.0)
}

/// `P(T > t)` for `t ≥ 0`.
fn upper(t: f64, dof: f64) -> f64 {
    if t == f64::INFINITY {
        return 0.0;
    }
    if dof > EXPANSION_FROM {
        return normal::sf(to_normal(t, dof));
    }
    let scaled = t / dof.sqrt();
    let square = scaled * scaled;
    let (x, y) = if square.is_finite() { (1.0 / (1.0 + square), square / (1.0 + square)) } else { (0.0, 1.0) };
    if x == 0.0 {
        return 0.0;
    }
    0.5 * beta::regularized(0.5 * dof, 0.5, x, y).0
}

/// The normal deviate with the same upper tail: Hill (1970), Comm. ACM 13(10), Algorithm 395.
fn to_normal(t: f64, dof: f64) -> f64 {
    let ratio = t / dof.sqrt();
    let square = ratio * ratio;
    let log = if square.is_finite() { libm::log1p(square) } else { 2.0 * libm::log(ratio) };
    let a = dof - 0.5;
    let b = 48.0 * a * a;
    let z_square = a * log;
    let z = z_square.sqrt();
    let first = (z_square + 3.0) * z / b;
    let fourth = z_square * z_square;
    let second =
        (((4.0 * z_square + 33.0) * z_square + 240.0) * z_square + 855.0) * z / (10.0 * b * (b + 0.8 * fourth + 100.0));
    let deviate = z + first - second;
    // For infinite or enormous degrees of freedom the correction is void.
    if deviate.is_finite() { deviate } else { t }
}

/// The `t` with `P(T ≤ t) = p`. `p ≤ 0` gives `−∞`, `p ≥ 1` gives `∞`.
pub(crate) fn quantile(p: f64, dof: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    if p > 0.5 { upper_quantile(1.0 - p, dof) } else { -upper_quantile(p, dof) }
}

/// The `t ≥ 0` with `P(T > t) = p`, for `0 < p ≤ ½`: Newton from the normal quantile, kept inside a bracket.
fn upper_quantile(p: f64, dof: f64) -> f64 {
    let start = -normal::quantile(p);
    if start <= 0.0 {
        return 0.0;
    }
    let ln_constant = -0.5 * libm::log(dof) - beta::ln_beta(0.5 * dof, 0.5);
    let ln_density = |t: f64| {
        let ratio = t / dof.sqrt();
        ln_constant - 0.5 * (dof + 1.0) * libm::log1p(ratio * ratio)
    };
    // The t quantile lies above the normal one.
    let mut low = 0.0;
    let mut high = start;
    while upper(high, dof) > p {
        low = high;
        high *= 2.0;
        if high == f64::INFINITY {
            return f64::INFINITY;
        }
    }
    let mut t = if low == 0.0 { start } else { 0.5 * (low + high) };
    for _ in 0..200 {
        let tail = upper(t, dof);
        if tail > p {
            low = t;
        } else {
            high = t;
        }
        // Newton on the logarithm of the tail, which is close to linear in ln t.
        let slope = -libm::exp(ln_density(t)) * t / tail;
        let next = t * libm::exp((libm::log(p) - libm::log(tail)) / slope);
        let inside = next > low && next < high;
        let next = if inside { next } else { 0.5 * (low + high) };
        if (next - t).abs() <= 2e-16 * t {
            return next;
        }
        t = next;
    }
    t
}
