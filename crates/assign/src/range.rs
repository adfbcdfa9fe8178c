//! Ranges of buckets: which part of the traffic an arm, a filter or a holdout owns.

use serde::{Deserialize, Serialize};

use crate::hash::{BUCKETS, Bucket};

/// Half-open range of buckets, `start..end`, in units of 1/10,000 of the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The first bucket.
    pub start: u16,
    /// The first bucket beyond; at most 10,000.
    pub end: u16,
}

impl Range {
    /// All buckets.
    pub const ALL: Self = Self { start: 0, end: BUCKETS };

    /// How many buckets it holds.
    #[must_use]
    pub const fn width(self) -> u16 {
        self.end.saturating_sub(self.start)
    }

    /// Whether a bucket lies inside.
    #[must_use]
    pub const fn contains(self, bucket: Bucket) -> bool {
        self.start <= bucket.number() && bucket.number() < self.end
    }

    /// Whether two ranges share a bucket.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// As clients read it: fractions of the traffic.
    ///
    /// A bucket's fraction and a range's bounds are the same integers over 10,000, so a client's comparison of doubles
    /// decides exactly as [`contains`](Self::contains) does.
    #[must_use]
    pub fn fractions(self) -> [f64; 2] {
        [self.start, self.end].map(|bound| f64::from(bound) / f64::from(BUCKETS))
    }
}

/// Each arm's range: it starts at the sum of the weights before it and is `coverage · weight` wide.
///
/// `weights` and `coverage` are in 1/10,000. Formula: `[s, s + ⌈coverage · w⌉)` with s = Σ earlier weights: the buckets
/// b with b/10000 < s + coverage · w, without rounding. The gap of a coverage below 1 lies at the end of each arm's own
/// stretch, so raising coverage adds units and moves nobody.
pub(crate) fn arm_ranges(weights: impl IntoIterator<Item = u16>, coverage: u16) -> Vec<Range> {
    let mut start = 0_u16;
    let mut ranges = Vec::new();
    for weight in weights {
        let width = (u32::from(weight) * u32::from(coverage)).div_ceil(u32::from(BUCKETS));
        ranges.push(Range { start, end: start.saturating_add(width as u16) });
        start = start.saturating_add(weight);
    }
    ranges
}

/// The ranges a GrowthBook client computes from a rule that has `weights` and `coverage` instead of `ranges`.
///
/// For reading rules that others wrote; ours always carry `ranges`. As in the clients: coverage is clamped to 0..1, and
/// weights that do not sum to 0.99..1.01 are replaced by equal ones.
///
/// ```
/// assert_eq!(assign::range::growthbook_ranges(&[0.5, 0.5], 0.5), [[0.0, 0.25], [0.5, 0.75]]);
/// ```
#[must_use]
pub fn growthbook_ranges(weights: &[f64], coverage: f64) -> Vec<[f64; 2]> {
    let coverage = if coverage.is_nan() { 0.0 } else { coverage.clamp(0.0, 1.0) };
    let total: f64 = weights.iter().sum();
    let usable = (0.99..=1.01).contains(&total);
    let equal = 1.0 / weights.len().max(1) as f64;
    let mut start = 0.0;
    let mut ranges = Vec::with_capacity(weights.len());
    for &given in weights {
        let weight = if usable { given } else { equal };
        ranges.push([start, start + coverage * weight]);
        start += weight;
    }
    ranges
}
