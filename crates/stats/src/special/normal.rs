//! The standard normal distribution, correct in both tails.

use core::f64::consts::FRAC_1_SQRT_2;

/// `ln √(2π)`.
pub(crate) const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
/// `1/√(2π)`.
const INV_SQRT_2PI: f64 = 0.398_942_280_401_432_7;
/// From here on the Mills ratio comes from its continued fraction.
const TAIL: f64 = 5.0;

pub(crate) fn pdf(x: f64) -> f64 {
    INV_SQRT_2PI * libm::exp(-0.5 * x * x)
}

pub(crate) fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

pub(crate) fn sf(x: f64) -> f64 {
    0.5 * libm::erfc(x * FRAC_1_SQRT_2)
}

/// `Φ(x)` and `1 − Φ(x)`, from the smaller one.
pub(crate) fn both_tails(x: f64) -> (f64, f64) {
    let smaller = sf(x.abs());
    if x > 0.0 { (1.0 - smaller, smaller) } else { (smaller, 1.0 - smaller) }
}

/// `ln Φ(x)` without underflow on the left or cancellation on the right.
pub(crate) fn ln_cdf(x: f64) -> f64 {
    if x < -TAIL {
        // For x < −1e154 the square overflows and the answer is −∞, as it should be.
        -0.5 * x * x - LN_SQRT_2PI + libm::log(mills(-x))
    } else if x > 0.0 {
        libm::log1p(-sf(x))
    } else {
        libm::log(cdf(x))
    }
}

/// The Mills ratio `(1 − Φ(u))/φ(u)`.
pub(crate) fn mills(u: f64) -> f64 {
    if u < TAIL {
        return sf(u) / pdf(u);
    }
    1.0 / (u + mills_rest(u))
}

/// The `t` in `Mills(u) = 1/(u + t)`: Laplace's continued fraction 1/(u + 2/(u + 3/(u + …))), from the back. 60 terms
/// give full precision at u = 5.
fn mills_rest(u: f64) -> f64 {
    let mut rest = 60.0 / u;
    let mut term = 59.0;
    while term >= 1.0 {
        rest = term / (u + rest);
        term -= 1.0;
    }
    rest
}

/// `Φ⁻¹(p)`: Wichura (1988), AS 241, and one Halley step. `p ≤ 0` gives `−∞`, `p ≥ 1` gives `∞`.
pub(crate) fn quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    if p > 0.5 {
        // Exact: for p in [½, 1] the difference 1 − p has no rounding.
        return -lower_quantile(1.0 - p);
    }
    lower_quantile(p)
}

/// `Φ⁻¹(p)` for `0 < p ≤ ½`.
fn lower_quantile(p: f64) -> f64 {
    let start = wichura(p);
    let density = pdf(start);
    if density < 1e-300 {
        return start;
    }
    let step = (cdf(start) - p) / density;
    start - step / (1.0 + 0.5 * start * step)
}

fn wichura(p: f64) -> f64 {
    let centred = p - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        return centred * ratio(&CENTRE, r);
    }
    let r = libm::sqrt(-libm::log(p));
    if r <= 5.0 { -ratio(&MIDDLE, r - 1.6) } else { -ratio(&FAR, r - 5.0) }
}

/// Coefficients of a rational function, highest power first.
struct Rational {
    above: [f64; 8],
    below: [f64; 8],
}

fn ratio(rational: &Rational, r: f64) -> f64 {
    let polynomial = |coefficients: &[f64; 8]| coefficients.iter().fold(0.0, |sum, c| sum * r + c);
    polynomial(&rational.above) / polynomial(&rational.below)
}

const CENTRE: Rational = Rational {
    above: [
        2.509_080_928_730_122_6e3,
        3.343_057_558_358_813e4,
        6.726_577_092_700_87e4,
        4.592_195_393_154_987e4,
        1.373_169_376_550_946_2e4,
        1.971_590_950_306_551_4e3,
        1.331_416_678_917_843_8e2,
        3.387_132_872_796_366_5,
    ],
    below: [
        5.226_495_278_852_854e3,
        2.872_908_573_572_194_3e4,
        3.930_789_580_009_271e4,
        2.121_379_430_158_659_7e4,
        5.394_196_021_424_751e3,
        6.871_870_074_920_579e2,
        4.231_333_070_160_091e1,
        1.0,
    ],
};

const MIDDLE: Rational = Rational {
    above: [
        7.745_450_142_783_414e-4,
        2.272_384_498_926_918_4e-2,
        2.417_807_251_774_506e-1,
        1.270_458_252_452_368_4,
        3.647_848_324_763_204_5,
        5.769_497_221_460_691,
        4.630_337_846_156_546,
        1.423_437_110_749_683_5,
    ],
    below: [
        1.050_750_071_644_416_9e-9,
        5.475_938_084_995_345e-4,
        1.519_866_656_361_645_7e-2,
        1.481_039_764_274_800_8e-1,
        6.897_673_349_851e-1,
        1.676_384_830_183_803_8,
        2.053_191_626_637_759,
        1.0,
    ],
};

const FAR: Rational = Rational {
    above: [
        2.010_334_399_292_288_1e-7,
        2.711_555_568_743_487_6e-5,
        1.242_660_947_388_078_4e-3,
        2.653_218_952_657_612_4e-2,
        2.965_605_718_285_048_7e-1,
        1.784_826_539_917_291_3,
        5.463_784_911_164_114,
        6.657_904_643_501_103,
    ],
    below: [
        2.044_263_103_389_939_8e-15,
        1.421_511_758_316_446e-7,
        1.846_318_317_510_054_7e-5,
        7.868_691_311_456_133e-4,
        1.487_536_129_085_061_5e-2,
        1.369_298_809_227_358e-1,
        5.998_322_065_558_88e-1,
        1.0,
    ],
};

/// The unit normal loss `E[max(Z − u, 0)] = φ(u) − u·(1 − Φ(u))`, without cancellation for large `u`.
pub(crate) fn unit_loss(u: f64) -> f64 {
    if u < TAIL {
        return (pdf(u) - u * sf(u)).max(0.0);
    }
    // 1 − u·Mills(u) = t/(u + t).
    let rest = mills_rest(u);
    pdf(u) * (rest / (u + rest))
}
