//! Quantile sketches with relative error: values counted in logarithmic bins.
//!
//! **Meaning.** A DDSketch answers "which value do 95% of rows stay below?" from a short list of `(bin, count)` pairs.
//! The answer is within 1% of the exact order statistic, for every quantile, deterministically (Masson, Rim & Lee 2019,
//! "DDSketch", VLDB 12, Theorem 2), whatever the distribution.
//!
//! **Bins.** γ = 1.01/0.99. A value v > 0 falls into the bin k = ⌈ln v / ln γ⌉, which holds (γ^(k−1), γ^k] and is
//! represented by 2γ^k/(γ+1), at most 1% from each of its members. [`key`] numbers the bins so that the integers are
//! in the order of the values, over negative values, zero and positive values alike.
//!
//! **Nothing collapses.** The range of keys is fixed and values beyond it are counted in the outermost bin, so that a
//! sketch is a pure function of the multiset of values: merging is adding counts, in any order, and removing is exact.
//! (The original collapses its lowest bins at a size limit, after which neither holds.)
//!
//! **Frozen.** [`key`], [`score_bin`] and the bytes of [`DdSketch::to_bytes`] are storage formats. Golden tests pin
//! them; a change needs a new version.
//!
//! *In plain words: 95% of answers took less than 4.2 seconds, give or take 1% for the way we count.*

mod bytes;
mod ddsketch;
mod error;
mod key;
mod score;

pub use ddsketch::DdSketch;
pub use error::SketchError;
pub use key::{GAMMA, KEY_OFFSET, LN_GAMMA, MAX_KEY, RELATIVE_ERROR, key, value};
pub use score::{EXACT_ZERO, Extreme, ScoreBins, score_bin, score_bin_value};

pub(crate) use key::fraction_at_or_below;
