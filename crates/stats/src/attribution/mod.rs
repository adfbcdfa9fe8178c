//! Which share of a moved metric belongs to the prompt, the model, the configuration, or the mix of traffic?
//!
//! Kitagawa's decomposition over strata h: Δ = Σ w̄_h Δθ_h (within) + Σ θ̄_h Δw_h (mix), bars averaging the two periods. The
//! within part is divided among the causes by their Shapley values: the worth of a set of causes is the metric predicted
//! when they take their values of after and the others theirs of before. Predictions come from the cells (stratum ×
//! causes) seen in either period; a combination never seen gets what an additive fit predicts and is reported as extrapolated.
//! What the causes do not predict is *unexplained*, and always shown.
//!
//! Intervals by bootstrap over units. Associations in time, not proof: two causes that changed together without overlap
//! cannot be told apart, and are named.
//!
//! *In plain words: of the 4-point drop, about 3 points belong to the new prompt (2 to 4), 1 to more German questions.*

mod decomposition;
mod shapley;

use crate::error::{Result, Undefined, finite, open_unit, positive};
use crate::interval::Interval;
use crate::order;
use crate::random::Generator;
use decomposition::{Parts, decompose};

/// How often the units are drawn again.
const DRAWS: usize = 500;
/// Most causes: their sets double with each.
const MOST_CAUSES: usize = 6;

/// Rows of one unit (or unit group) that share a period, a stratum and the values of all causes.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Whether it belongs to the later period.
    pub after: bool,
    /// The unit, or the hashed group of units when units are not held.
    pub unit: u64,
    /// The segment or input cluster.
    pub stratum: u32,
    /// The value of each cause: prompt version, model, configuration.
    pub causes: Vec<u32>,
    /// Sum of the metric over the rows.
    pub sum: f64,
    /// Number of rows; above 0.
    pub rows: f64,
}

/// A part of the change with its bootstrap interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// In the unit of the metric.
    pub value: f64,
    /// Percentile interval.
    pub interval: Interval,
}

/// Where a change came from. `mix`, the `causes` and `unexplained` sum to `total`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// After minus before.
    pub total: Part,
    /// Because strata changed their shares.
    pub mix: Part,
    /// Because of each cause, in the order of [`Cell::causes`].
    pub causes: Vec<Part>,
    /// Within strata, but not predicted by the causes.
    pub unexplained: Part,
    /// Pairs of causes that changed together without overlap: their parts are one part, divided arbitrarily.
    pub confounded: Vec<(usize, usize)>,
    /// The share of predictions that had to be extrapolated, from 0 to 1.
    pub extrapolated: f64,
}

/// Divides the change of a metric's mean per row between the two periods.
///
/// `alpha` is the level of the intervals, `seed` makes them reproducible. Units are drawn with replacement within each
/// period. Assumes independent units; a cause that acts only on one stratum needs rows there in both periods.
///
/// # Errors
/// A period without rows, causes of different number or more than six, a number that is not finite, or rows not above 0.
pub fn attribute(cells: &[Cell], alpha: f64, seed: u64) -> Result<Attribution> {
    let alpha = open_unit("alpha", alpha)?;
    let causes = check(cells)?;
    let mut weights = vec![1.0; cells.len()];
    let found = decompose(cells, &weights, causes).ok_or(Undefined::TooFewUnits { have: 0, need: 1 })?;

    let members = [false, true].map(|after| units_of(cells, after));
    let mut generator = Generator::new(seed);
    let mut draws: Vec<Parts> = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        for units in &members {
            let mut times = vec![0.0; units.len()];
            for _ in 0..units.len() {
                if let Some(count) = times.get_mut(generator.below(units.len() as u64) as usize) {
                    *count += 1.0;
                }
            }
            for (indexes, count) in units.iter().zip(times) {
                for &index in indexes {
                    if let Some(weight) = weights.get_mut(index) {
                        *weight = count;
                    }
                }
            }
        }
        draws.extend(decompose(cells, &weights, causes));
    }
    let part = |of: &dyn Fn(&Parts) -> f64| -> Result<Part> {
        let mut values: Vec<f64> = draws.iter().map(of).collect();
        values.sort_unstable_by(f64::total_cmp);
        Ok(Part { value: finite("sum", of(&found))?, interval: percentiles(&values, alpha)? })
    };
    Ok(Attribution {
        total: part(&|parts| parts.total)?,
        mix: part(&|parts| parts.mix)?,
        causes: (0..causes)
            .map(|cause| part(&|parts| parts.causes.get(cause).copied().unwrap_or(0.0)))
            .collect::<Result<_>>()?,
        unexplained: part(&|parts| parts.unexplained)?,
        confounded: confounded(cells, causes),
        extrapolated: found.extrapolated,
    })
}

/// The number of causes.
fn check(cells: &[Cell]) -> Result<usize> {
    let causes = cells.first().map_or(0, |cell| cell.causes.len());
    if causes > MOST_CAUSES {
        return Err(Undefined::invalid("causes", "at most 6"));
    }
    for cell in cells {
        finite("sum", cell.sum)?;
        positive("rows", cell.rows)?;
        if cell.causes.len() != causes {
            return Err(Undefined::invalid("causes", "the same number in every cell"));
        }
    }
    Ok(causes)
}

/// The cells of each unit of a period.
fn units_of(cells: &[Cell], after: bool) -> Vec<Vec<usize>> {
    let mut owned: Vec<(u64, usize)> =
        cells.iter().enumerate().filter(|(_, cell)| cell.after == after).map(|(at, cell)| (cell.unit, at)).collect();
    order::sort(&mut owned, Ord::cmp);
    owned.chunk_by(|left, right| left.0 == right.0).map(|unit| unit.iter().map(|&(_, at)| at).collect()).collect()
}

fn percentiles(sorted: &[f64], alpha: f64) -> Result<Interval> {
    let at = |share: f64| order::at_share(sorted, share).ok_or(Undefined::TooFewUnits { have: 0, need: 1 });
    Interval::new(at(0.5 * alpha)?, at(1.0 - 0.5 * alpha)?)
}

/// Pairs of causes whose prevailing values both changed, while neither mixture of old and new was ever seen.
fn confounded(cells: &[Cell], causes: usize) -> Vec<(usize, usize)> {
    let changed = |cause: usize| {
        let (before, after) = (prevailing(cells, cause, false)?, prevailing(cells, cause, true)?);
        (before != after).then_some((before, after))
    };
    let seen = |first: (usize, u32), second: (usize, u32)| {
        let has = |cell: &Cell, (cause, value): (usize, u32)| cell.causes.get(cause) == Some(&value);
        cells.iter().any(|cell| has(cell, first) && has(cell, second))
    };
    let mut pairs = Vec::new();
    for one in 0..causes {
        for other in one + 1..causes {
            if let (Some((old_one, new_one)), Some((old_other, new_other))) = (changed(one), changed(other))
                && !seen((one, new_one), (other, old_other))
                && !seen((one, old_one), (other, new_other))
            {
                pairs.push((one, other));
            }
        }
    }
    pairs
}

/// The value of a cause with the most rows in a period.
fn prevailing(cells: &[Cell], cause: usize, after: bool) -> Option<u32> {
    let mut rows: Vec<(u32, f64)> = Vec::new();
    for cell in cells.iter().filter(|cell| cell.after == after) {
        let value = *cell.causes.get(cause)?;
        match rows.iter_mut().find(|entry| entry.0 == value) {
            Some(entry) => entry.1 += cell.rows,
            None => rows.push((value, cell.rows)),
        }
    }
    rows.into_iter().max_by(|left, right| left.1.total_cmp(&right.1).then(right.0.cmp(&left.0))).map(|entry| entry.0)
}
