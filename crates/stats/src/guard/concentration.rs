//! Do a few units carry most of the traffic?

use std::collections::BTreeMap;

use super::{Finding, Status, percent};
use crate::error::{Result, Undefined};

/// Share of rows in the top 1% of units above which to warn.
const WARN_SHARE: f64 = 0.5;

/// Checks which share of all rows the 1% most active units (at least one) carry; warns above one half. Averages per
/// generation then describe a handful of users.
///
/// # Errors
/// No units, or no rows.
pub fn check(rows_per_unit: &[u64]) -> Result<Finding> {
    let mut counts = BTreeMap::new();
    for rows in rows_per_unit {
        *counts.entry(*rows).or_insert(0) += 1;
    }
    check_counts(&counts)
}

/// The same from how many units have how many rows, by rows.
///
/// # Errors
/// As [`check`].
pub fn check_counts(units_by_rows: &BTreeMap<u64, u64>) -> Result<Finding> {
    let units: u64 = units_by_rows.values().sum();
    let total: f64 = units_by_rows.iter().map(|(rows, units)| *rows as f64 * *units as f64).sum();
    if total == 0.0 {
        return Err(Undefined::TooFewUnits { have: 0, need: 1 });
    }
    let (mut top, mut left) = (0.0, units.div_ceil(100));
    for (rows, units) in units_by_rows.iter().rev() {
        let taken = left.min(*units);
        top += *rows as f64 * taken as f64;
        left -= taken;
    }
    let share = top / total;
    let status = if share > WARN_SHARE && units > 1 { Status::Warn } else { Status::Ok };
    Ok(Finding::new(status, share, format!("The most active 1% of users make {} of the traffic.", percent(share))))
}

/// Units that look like bots or load tests: above the 99.99th percentile of rows per unit and above 50 times the median.
/// Their indices, ascending. A list to look at; exclusion only by a rule that does not know the arms and was planned.
pub fn outliers(rows_per_unit: &[u64]) -> Vec<usize> {
    let mut sorted = rows_per_unit.to_vec();
    crate::order::sort(&mut sorted, u64::cmp);
    let at = |share: f64| {
        let rank = libm::ceil(sorted.len() as f64 * share) as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
    };
    // With fewer than ten thousand units the percentile is the largest value, which then counts as above itself.
    let (median, top) = (at(0.5), at(0.9999));
    let limit = median.saturating_mul(50);
    let flagged = |rows: u64| rows > limit && rows >= top;
    rows_per_unit.iter().enumerate().filter(|(_, rows)| flagged(**rows)).map(|(index, _)| index).collect()
}
