//! One decomposition, for the data as they are or for one bootstrap draw.

use std::collections::BTreeMap;

use super::Cell;
use super::shapley::{Profile, divide};

/// The parts of a change.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) total: f64,
    pub(super) mix: f64,
    pub(super) causes: Vec<f64>,
    pub(super) unexplained: f64,
    pub(super) extrapolated: f64,
}

/// A stratum's rows in the two periods.
#[derive(Default)]
struct Stratum {
    sum: [f64; 2],
    rows: [f64; 2],
    profile: Profile,
}

/// `None` when a period has no rows.
pub(super) fn decompose(cells: &[Cell], weights: &[f64], causes: usize) -> Option<Parts> {
    let mut strata: BTreeMap<u32, Stratum> = BTreeMap::new();
    let mut rows = [0.0; 2];
    for (cell, &weight) in cells.iter().zip(weights) {
        if weight <= 0.0 {
            continue;
        }
        let period = usize::from(cell.after);
        let stratum = strata.entry(cell.stratum).or_default();
        rows[period] += weight * cell.rows;
        stratum.rows[period] += weight * cell.rows;
        stratum.sum[period] += weight * cell.sum;
        stratum.profile.add(&cell.causes, period, weight * cell.sum, weight * cell.rows);
    }
    if rows[0] <= 0.0 || rows[1] <= 0.0 {
        return None;
    }
    let mut parts = Parts { total: 0.0, mix: 0.0, causes: vec![0.0; causes], unexplained: 0.0, extrapolated: 0.0 };
    for stratum in strata.values() {
        let shares = [stratum.rows[0] / rows[0], stratum.rows[1] / rows[1]];
        let weight = 0.5 * (shares[0] + shares[1]);
        // A stratum seen in one period only moved nothing within: its whole part is mix.
        let mean_of = |period: usize| {
            let seen = if stratum.rows[period] > 0.0 { period } else { 1 - period };
            stratum.sum[seen] / stratum.rows[seen]
        };
        let means = [mean_of(0), mean_of(1)];
        parts.total += shares[1] * means[1] - shares[0] * means[0];
        parts.mix += 0.5 * (means[0] + means[1]) * (shares[1] - shares[0]);
        if stratum.rows[0] > 0.0 && stratum.rows[1] > 0.0 {
            let division = divide(&stratum.profile, causes);
            let mut explained = 0.0;
            for (sum, part) in parts.causes.iter_mut().zip(&division.parts) {
                *sum += weight * part;
                explained += part;
            }
            parts.unexplained += weight * (means[1] - means[0] - explained);
            parts.extrapolated += weight * division.extrapolated;
        }
    }
    Some(parts)
}
