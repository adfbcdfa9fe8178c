//! The gamma function's logarithm and the incomplete gamma functions.

use super::normal;

/// From here on the series of Stirling's correction has full precision.
pub(crate) const STIRLING_FROM: f64 = 8.0;
/// Shape from which the incomplete gamma functions come from their uniform expansion.
const LARGE_SHAPE: f64 = 1e6;

/// `ln Γ(x)` for `x > 0`.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// What Stirling's formula lacks: `ln Γ(x) − [(x − ½) ln x − x + ln √(2π)]`, for `x > 0`.
pub(crate) fn stirling_correction(x: f64) -> f64 {
    const SERIES: [f64; 8] = [
        -3617.0 / 122_400.0,
        1.0 / 156.0,
        -691.0 / 360_360.0,
        1.0 / 1_188.0,
        -1.0 / 1_680.0,
        1.0 / 1_260.0,
        -1.0 / 360.0,
        1.0 / 12.0,
    ];
    if x < STIRLING_FROM {
        return ln_gamma(x) - ((x - 0.5) * libm::log(x) - x + normal::LN_SQRT_2PI);
    }
    let inverse_square = (1.0 / x) / x;
    SERIES.iter().fold(0.0, |sum, c| sum * inverse_square + c) / x
}

/// `x − ln(1 + x)` without cancellation near 0.
pub(crate) fn excess_over_log(x: f64) -> f64 {
    if x.abs() > 0.4 {
        return x - libm::log1p(x);
    }
    // ln(1 + x) = 2(r + r³/3 + r⁵/5 + …) with r = x/(2 + x), and x − 2r = r·x.
    let r = x / (2.0 + x);
    let square = r * r;
    let mut sum = 0.0;
    let mut odd = 27.0;
    while odd >= 3.0 {
        sum = sum * square + 1.0 / odd;
        odd -= 2.0;
    }
    r * x - 2.0 * r * square * sum
}

/// `xᵃ e⁻ˣ / Γ(a)` with full relative precision also where the parts are huge.
fn kernel(a: f64, x: f64) -> f64 {
    if a < STIRLING_FROM {
        return libm::exp(a * libm::log(x) - x - ln_gamma(a));
    }
    let exponent = -a * excess_over_log((x - a) / a) - stirling_correction(a);
    libm::sqrt(a) * libm::exp(exponent - normal::LN_SQRT_2PI)
}

/// `Q(a, x) = Γ(a, x)/Γ(a)`, the upper regularised incomplete gamma function, for `a > 0`, `x ≥ 0`.
///
/// Series below `x = a + 1`, Lentz's continued fraction above; for shapes above a million the first two terms of
/// Temme's uniform expansion (relative error below 1e-9 in the range where Q is not negligible).
pub(crate) fn upper_regularized(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    if a > LARGE_SHAPE {
        return temme(a, x);
    }
    if x < a + 1.0 { (1.0 - lower_series(a, x)).max(0.0) } else { upper_fraction(a, x).min(1.0) }
}

fn lower_series(a: f64, x: f64) -> f64 {
    let mut term = 1.0 / a;
    let mut sum = term;
    let mut shape = a;
    for _ in 0..20_000 {
        shape += 1.0;
        term *= x / shape;
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum * kernel(a, x)
}

fn upper_fraction(a: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / if b.abs() < TINY { TINY } else { b };
    let mut product = d;
    let mut i = 0.0;
    for _ in 0..20_000 {
        i += 1.0;
        let numerator = -i * (i - a);
        b += 2.0;
        d = numerator * d + b;
        d = 1.0 / if d.abs() < TINY { TINY } else { d };
        c = b + numerator / c;
        if c.abs() < TINY {
            c = TINY;
        }
        let factor = c * d;
        product *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    product * kernel(a, x)
}

fn temme(a: f64, x: f64) -> f64 {
    let mu = (x - a) / a;
    let half_square = excess_over_log(mu);
    if half_square == f64::INFINITY {
        return 0.0;
    }
    let eta = libm::copysign(libm::sqrt(2.0 * half_square), mu);
    // c₀(η) = 1/μ − 1/η, by its series where the difference cancels.
    let first = if eta.abs() < 1e-3 { -1.0 / 3.0 + eta / 12.0 - eta * eta * 2.0 / 135.0 } else { 1.0 / mu - 1.0 / eta };
    let correction = libm::exp(-a * half_square - normal::LN_SQRT_2PI) / libm::sqrt(a) * first;
    (normal::sf(eta * libm::sqrt(a)) + correction).clamp(0.0, 1.0)
}
