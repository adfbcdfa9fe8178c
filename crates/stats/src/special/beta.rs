//! The beta function's logarithm and the regularised incomplete beta function.

use super::gamma::{STIRLING_FROM, excess_over_log, ln_gamma, stirling_correction};
use super::normal::LN_SQRT_2PI;

/// `ln Β(a, b)` for `a, b > 0`.
///
/// Didonato & Morris (1992), TOMS 708, §4: Stirling differences where both or one argument is large, so that the
/// million-sized parts of `ln Γ` never meet.
pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a <= b { (a, b) } else { (b, a) };
    if large < STIRLING_FROM {
        return ln_gamma(small) + ln_gamma(large) - ln_gamma(small + large);
    }
    let ratio = small / large;
    if small < STIRLING_FROM {
        let corrections = stirling_correction(large) - stirling_correction(small + large);
        let shift = (large + (small - 0.5)) * libm::log1p(ratio);
        return ln_gamma(small) + (corrections - shift - small * (libm::log(large) - 1.0));
    }
    let share = ratio / (1.0 + ratio);
    let main = -(small - 0.5) * libm::log(share) + large * libm::log1p(ratio);
    (LN_SQRT_2PI - 0.5 * libm::log(large)) + beta_correction(small, large) - main
}

fn beta_correction(a: f64, b: f64) -> f64 {
    stirling_correction(a) + stirling_correction(b) - stirling_correction(a + b)
}

/// `xᵃ (1 − x)ᵇ / Β(a, b)` with `y = 1 − x` given, in full relative precision.
fn kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if a < STIRLING_FROM || b < STIRLING_FROM {
        let ln_x = if x <= 0.5 { libm::log(x) } else { libm::log1p(-y) };
        let ln_y = if y <= 0.5 { libm::log(y) } else { libm::log1p(-x) };
        return libm::exp(a * ln_x + b * ln_y - ln_beta(a, b));
    }
    // λ = a − (a + b)x, computed from the smaller of x and y.
    let lambda = if x <= y { a - (a + b) * x } else { (a + b) * y - b };
    let exponent = a * excess_over_log(-lambda / a) + b * excess_over_log(lambda / b);
    let scale = libm::sqrt(a / (a + b) * b);
    scale * libm::exp(-exponent - beta_correction(a, b) - LN_SQRT_2PI)
}

/// `I_x(a, b)` and its complement, given `x` and `y = 1 − x` (both, so that neither tail loses digits).
pub(crate) fn regularized(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    if x < (a + 1.0) / (a + b + 2.0) {
        let value = (kernel(a, b, x, y) * fraction(a, b, x) / a).clamp(0.0, 1.0);
        (value, 1.0 - value)
    } else {
        let value = (kernel(b, a, y, x) * fraction(b, a, y) / b).clamp(0.0, 1.0);
        (1.0 - value, value)
    }
}

/// Lentz's continued fraction; it needs about `√max(a, b)` steps.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    let mut m = 0.0;
    for _ in 0..200_000 {
        m += 1.0;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        product *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let factor = d * c;
        product *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    product
}

/// The `x` with `I_x(a, b) = p`, by bisection to the last bit.
pub(crate) fn quantile(a: f64, b: f64, p: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..1_100 {
        // The geometric mean reaches tiny roots quickly; the arithmetic one does the rest.
        let middle = if low == 0.0 && high > 1e-300 && high < 1e-3 { high * 1e-3 } else { 0.5 * (low + high) };
        if middle <= low || middle >= high {
            break;
        }
        if regularized(a, b, middle, 1.0 - middle).0 < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
