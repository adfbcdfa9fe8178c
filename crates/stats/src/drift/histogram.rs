//! Distances of counts in bins or categories.

use crate::error::{Result, Undefined, computed, non_negative};
use crate::special::gamma;

/// Population stability index: Σ(q − p) ln(q/p), the symmetrised Kullback–Leibler divergence in nats.
///
/// `smoothing` (0.5 by custom) is added to every bin, so that empty bins are finite. Habit reads 0.1 as "watch" and 0.25 as
/// "act"; believe neither without [`permutation_p_value`](super::permutation_p_value).
///
/// # Errors
/// Lists of different length or empty, or shares that vanish because `smoothing` is 0 and a bin is empty.
pub fn population_stability(reference: &[u64], current: &[u64], smoothing: f64) -> Result<f64> {
    let mut sum = 0.0;
    for (p, q) in shares(reference, current, smoothing)? {
        if p > 0.0 || q > 0.0 {
            sum += (q - p) * libm::log(q / p);
        }
    }
    computed(sum)
}

/// Jensen–Shannon divergence ½KL(p‖m) + ½KL(q‖m), m the midpoint, in nats: between 0 and ln 2, defined for empty bins.
///
/// # Errors
/// Lists of different length or without counts.
pub fn jensen_shannon(reference: &[u64], current: &[u64], smoothing: f64) -> Result<f64> {
    let mut sum = 0.0;
    for (p, q) in shares(reference, current, smoothing)? {
        let middle = 0.5 * (p + q);
        for share in [p, q] {
            if share > 0.0 {
                sum += 0.5 * share * libm::log(share / middle);
            }
        }
    }
    Ok(computed(sum)?.max(0.0))
}

/// Each bin's two shares.
fn shares(reference: &[u64], current: &[u64], smoothing: f64) -> Result<Vec<(f64, f64)>> {
    if reference.len() != current.len() {
        return Err(Undefined::invalid("current", "as long as `reference`"));
    }
    let smoothing = non_negative("smoothing", smoothing)?;
    let total = |counts: &[u64]| counts.iter().map(|&count| count as f64 + smoothing).sum::<f64>();
    let (all_reference, all_current) = (total(reference), total(current));
    if all_reference <= 0.0 || all_current <= 0.0 {
        return Err(Undefined::TooFewUnits { have: 0, need: 1 });
    }
    let share = |count: u64, all: f64| (count as f64 + smoothing) / all;
    let pairs = reference.iter().zip(current);
    Ok(pairs.map(|(&p, &q)| (share(p, all_reference), share(q, all_current))).collect())
}

/// Pearson's test of equal shares for independent rows, with its effect size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquare {
    /// Σ(observed − expected)²/expected.
    pub statistic: f64,
    /// Upper tail with (non-empty bins − 1) degrees of freedom. Too small when rows are clustered.
    pub p_value: f64,
    /// Cramér's V: √(statistic/rows), from 0 to 1 for two samples.
    pub cramers_v: f64,
}

/// Pearson's chi-square on the 2 × bins table, without continuity correction; bins empty in both samples are left out.
///
/// # Errors
/// Lists of different length, an empty sample, or fewer than two bins in use.
pub fn chi_square(reference: &[u64], current: &[u64]) -> Result<ChiSquare> {
    if reference.len() != current.len() {
        return Err(Undefined::invalid("current", "as long as `reference`"));
    }
    let total = |counts: &[u64]| counts.iter().map(|&count| count as f64).sum::<f64>();
    let (all_reference, all_current) = (total(reference), total(current));
    if all_reference == 0.0 || all_current == 0.0 {
        return Err(Undefined::TooFewUnits { have: 0, need: 1 });
    }
    let rows = all_reference + all_current;
    let (mut statistic, mut bins) = (0.0, 0_u32);
    for (&left, &right) in reference.iter().zip(current) {
        let column = left as f64 + right as f64;
        if column > 0.0 {
            bins += 1;
            // Both cells deviate by the same amount.
            let deviation = left as f64 - column * (all_reference / rows);
            statistic += deviation * deviation / column * (rows / all_reference + rows / all_current);
        }
    }
    if bins < 2 {
        return Err(Undefined::NoVariation);
    }
    let p_value = gamma::upper_regularized(0.5 * (f64::from(bins) - 1.0), 0.5 * statistic);
    Ok(ChiSquare { statistic, p_value, cramers_v: (statistic / rows).sqrt().min(1.0) })
}

/// Counts of both samples between the deciles of the reference: the bins of a PSI. Tied deciles share a bin.
///
/// # Errors
/// An empty reference, or a value that is not a number.
pub fn decile_counts(reference: &[f64], current: &[f64]) -> Result<(Vec<u64>, Vec<u64>)> {
    if current.iter().any(|value| value.is_nan()) {
        return Err(Undefined::NonFinite { name: "values" });
    }
    let mut edges = deciles(reference)?;
    edges.dedup_by_key(|edge| edge.to_bits());
    let count = |values: &[f64]| {
        let mut counts = vec![0_u64; edges.len() + 1];
        for value in values {
            if let Some(bin) = counts.get_mut(edges.partition_point(|edge| edge < value)) {
                *bin += 1;
            }
        }
        counts
    };
    Ok((count(reference), count(current)))
}

/// The nine deciles, as order statistics of rank ⌈n·d/10⌉.
pub(crate) fn deciles(values: &[f64]) -> Result<Vec<f64>> {
    if values.iter().any(|value| value.is_nan()) {
        return Err(Undefined::NonFinite { name: "values" });
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |decile: usize| {
        let rank = (sorted.len() * decile).div_ceil(10).max(1);
        sorted.get(rank - 1).copied().ok_or(Undefined::TooFewUnits { have: 0, need: 1 })
    };
    (1..10).map(at).collect()
}
