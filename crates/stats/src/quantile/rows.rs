//! Cluster-robust quantiles from raw rows.

use crate::error::{Result, Undefined, computed, finite, open_unit};
use crate::estimate;
use crate::interval::Interval;
use crate::moments::Moments;
use crate::order;
use crate::special::normal;

/// A quantile of raw rows with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowQuantile {
    /// The order statistic of rank ⌈νn⌉.
    pub value: f64,
    /// The cluster-robust standard error of the share of rows at or below it: σ.
    pub rank_standard_error: f64,
    /// From the order statistics ⌊n(ν − zσ)⌋ and ⌈n(ν + zσ)⌉ + 1.
    pub interval: Interval,
    /// The interval's width divided by 2z.
    pub standard_error: f64,
    /// What GrowthBook's clustered quantile reports: the spread at independent-rows ranks, inflated by the design effect.
    /// For comparison only.
    pub growthbook_standard_error: f64,
}

/// The ν-quantile of rows clustered in units, by the outer confidence interval on the rank (Deng, Knoblich & Lu 2018,
/// §4.2).
///
/// `units` names each row's unit; rows may come in any order. Assumes independent units, about 50 or more.
///
/// # Errors
/// Lists of different length, a value that is not finite, fewer than two units, or ν or α outside (0, 1).
pub fn clustered_rows(units: &[u64], values: &[f64], nu: f64, alpha: f64) -> Result<RowQuantile> {
    let nu = open_unit("nu", nu)?;
    let z = normal::quantile(1.0 - 0.5 * open_unit("alpha", alpha)?);
    if units.len() != values.len() {
        return Err(Undefined::invalid("units", "as long as `values`"));
    }
    let mut rows = Vec::with_capacity(values.len());
    for (&unit, &value) in units.iter().zip(values) {
        rows.push((unit, finite("values", value)?));
    }
    let mut sorted: Vec<f64> = rows.iter().map(|&(_, value)| value).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let value = order_statistic(&sorted, (nu * count).ceil())?;

    order::sort(&mut rows, |left, right| left.0.cmp(&right.0));
    let mut block = Moments::new();
    for cluster in rows.chunk_by(|left, right| left.0 == right.0) {
        let below = cluster.iter().filter(|&&(_, row)| row <= value).count();
        block.insert(below as f64, cluster.len() as f64)?;
    }
    let rank_standard_error = estimate::ratio(&block)?.standard_error();

    let spread_at = |deviation: f64| -> Result<(f64, f64)> {
        let lower = order_statistic(&sorted, (count * (nu - z * deviation)).floor())?;
        let upper = order_statistic(&sorted, (count * (nu + z * deviation)).ceil() + 1.0)?;
        Ok((lower, upper))
    };
    let (lower, upper) = spread_at(rank_standard_error)?;
    let independent = (nu * (1.0 - nu) / count).sqrt();
    let (narrow_lower, narrow_upper) = spread_at(independent)?;
    // GrowthBook divides by 1.96 whatever the level.
    let narrow = (narrow_upper - narrow_lower) / (2.0 * normal::quantile(0.975));
    Ok(RowQuantile {
        value,
        rank_standard_error,
        interval: Interval::new(lower, upper)?,
        standard_error: computed((upper - lower) / (2.0 * z))?,
        growthbook_standard_error: computed(
            narrow * ((count - 1.0) / count).sqrt() * (rank_standard_error / independent),
        )?,
    })
}

/// The value of this rank, 1 for the smallest; ranks beyond the ends give the ends.
fn order_statistic(sorted: &[f64], rank: f64) -> Result<f64> {
    let last = sorted.len().saturating_sub(1);
    let index = (rank.max(1.0) as usize - 1).min(last);
    sorted.get(index).copied().ok_or(Undefined::TooFewUnits { have: 0, need: 1 })
}
