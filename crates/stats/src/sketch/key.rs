//! From values to bins and back.

/// The ratio of a bin's upper to its lower bound: (1 + ε)/(1 − ε) with ε = 1%.
pub const GAMMA: f64 = 1.01 / 0.99;

/// ln γ, written out so that every platform and every language uses the same bits.
pub const LN_GAMMA: f64 = 0.020_000_666_706_669_435;

/// The largest relative error of a bin's representative: ε = (γ − 1)/(γ + 1).
pub const RELATIVE_ERROR: f64 = 0.01;

/// Keys run from `-MAX_KEY` to `MAX_KEY`.
pub const MAX_KEY: i16 = 16_383;

/// The key of the bin that ends at 1: the DDSketch index k of the paper is `key - KEY_OFFSET` for positive values.
pub const KEY_OFFSET: i16 = 8_192;

/// γ^−8192, the upper bound of what counts as zero.
const NEAR_ZERO: f64 = 6.963_380_319_522_964e-72;

/// 2/(γ + 1): a bin's representative as a multiple of its upper bound.
const REPRESENTATIVE: f64 = 0.99;

/// How close to a bin's edge the quotient of logarithms is not trusted to fall on the right side.
const EDGE: f64 = 1e-9;

/// The bin of a value: a frozen format.
///
/// `None` for infinities and NaN. Otherwise an integer in `-MAX_KEY..=MAX_KEY`, non-decreasing in the value over all
/// finite numbers:
/// * 0 for zero and everything nearer to it than γ^−8192 ≈ 6.96·10⁻⁷²;
/// * `k + 8192` with k = ⌈ln v / ln γ⌉ for v > 0, at most `MAX_KEY` (reached at γ^8190 ≈ 1.38·10⁷¹; larger values
///   share that bin);
/// * `-key(-v)` for v < 0.
///
/// Formula: Masson, Rim & Lee 2019, §2.1, with the offset added so that the integers sort like the values.
///
/// # Examples
///
/// ```
/// use stats::sketch::{key, value};
///
/// assert_eq!(key(0.0), Some(0));
/// assert_eq!(key(1.0), Some(8192));
/// assert_eq!(key(-1.0), Some(-8192));
/// assert_eq!(key(f64::NAN), None);
/// assert!((value(8192 + 241) / 123.456 - 1.0).abs() < 0.01);
/// ```
#[must_use]
pub fn key(value: f64) -> Option<i16> {
    if !value.is_finite() {
        return None;
    }
    let magnitude = key_of_magnitude(value.abs());
    Some(if value < 0.0 { -magnitude } else { magnitude })
}

/// The key of |v|.
fn key_of_magnitude(magnitude: f64) -> i16 {
    let highest = f64::from(MAX_KEY - KEY_OFFSET);
    if magnitude <= NEAR_ZERO {
        return 0;
    }
    let quotient = libm::log(magnitude) / LN_GAMMA;
    if quotient >= highest {
        return MAX_KEY;
    }
    let nearest = quotient.round();
    let index = if (quotient - nearest).abs() > EDGE {
        quotient.ceil()
    } else if magnitude <= upper_bound(nearest) {
        // At an edge the rounding of the logarithm must not decide: compare with the edge itself, so that the order
        // of keys is the order of values without exception.
        nearest
    } else {
        nearest + 1.0
    };
    (index as i16).saturating_add(KEY_OFFSET).clamp(1, MAX_KEY)
}

/// γ^k, the upper bound of the bin with the paper's index k.
fn upper_bound(index: f64) -> f64 {
    libm::exp(index * LN_GAMMA)
}

/// The representative of a bin: within 1% of every value with this key (except in the outermost bins, which hold
/// everything beyond the range).
///
/// 2γ^k/(γ+1) with k = |key| − 8192, the sign of the key, and 0 for key 0. Keys outside the range are read as the
/// nearest key inside.
#[must_use]
pub fn value(key: i16) -> f64 {
    let key = key.clamp(-MAX_KEY, MAX_KEY);
    if key == 0 {
        return 0.0;
    }
    let magnitude = REPRESENTATIVE * upper_bound(f64::from(key.abs() - KEY_OFFSET));
    if key < 0 { -magnitude } else { magnitude }
}

/// The share of the bin's content taken to be ≤ `x`: 0 or 1 outside the bin, and inside it linear in ln |x|.
///
/// Assumes the content is spread evenly over the bin on a log scale; the error is at most the bin's count.
pub(crate) fn fraction_at_or_below(bin: i16, x: f64) -> f64 {
    let Some(own) = key(x) else {
        return if x > 0.0 { 1.0 } else { 0.0 };
    };
    if own != bin {
        return if own > bin { 1.0 } else { 0.0 };
    }
    if bin == 0 {
        return 1.0;
    }
    let position = libm::log(x.abs()) / LN_GAMMA - f64::from(bin.abs() - KEY_OFFSET - 1);
    let share = if bin > 0 { position } else { 1.0 - position };
    share.clamp(0.0, 1.0)
}
