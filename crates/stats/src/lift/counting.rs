//! Shares with their clustered variance.

use super::Table;
use crate::error::{Result, Undefined};
use crate::order;

/// The rows in the order of their units, with each unit's row counts.
pub(super) struct Units {
    /// Row indexes, unit by unit.
    order: Vec<Row>,
    /// Rows of the selection and of the rest.
    rows: [f64; 2],
    /// Units with rows in the selection.
    selected: u64,
}

#[derive(Clone, Copy)]
struct Row {
    unit: u64,
    index: usize,
    selected: bool,
}

/// What the rows with a value say.
pub(super) struct Counts {
    pub(super) share_selected: f64,
    pub(super) share_rest: f64,
    pub(super) ln_lift: f64,
    pub(super) standard_error: f64,
    pub(super) units: u64,
}

/// One unit's rows: with the value and in all, in the selection and in the rest.
#[derive(Clone, Copy, Default)]
struct UnitCounts {
    with: [f64; 2],
    all: [f64; 2],
}

impl Units {
    pub(super) fn new(table: &Table<'_>) -> Result<Self> {
        let length = table.units.len();
        if table.selected.len() != length || table.attributes.iter().any(|codes| codes.len() != length) {
            return Err(Undefined::invalid("attributes", "columns of one length"));
        }
        let pairs = table.units.iter().zip(table.selected).enumerate();
        let mut order: Vec<Row> = pairs.map(|(index, (&unit, &selected))| Row { unit, index, selected }).collect();
        order::sort(&mut order, |left: &Row, right| (left.unit, left.index).cmp(&(right.unit, right.index)));
        let chosen = order.iter().filter(|row| row.selected).count();
        if chosen == 0 || chosen == length {
            return Err(Undefined::TooFewUnits { have: 0, need: 1 });
        }
        let selected = order.chunk_by(|left, right| left.unit == right.unit);
        let selected = selected.filter(|rows| rows.iter().any(|row| row.selected)).count() as u64;
        Ok(Self { order, rows: [chosen as f64, (length - chosen) as f64], selected })
    }

    pub(super) const fn selected(&self) -> u64 {
        self.selected
    }

    /// Shares, log lift and its standard error for the rows that satisfy `has`.
    ///
    /// Linearised per unit i: ε_i = (S_i − p_S K_i)/(p_S ΣK) over the selection minus the same over the rest; the variance
    /// of ln(p_S/p_R) is n/(n−1)·Σε². A unit with rows on both sides so counts once, with its correlation.
    pub(super) fn count(&self, has: impl Fn(usize) -> bool) -> Counts {
        let mut clusters = Vec::new();
        for rows in self.order.chunk_by(|left, right| left.unit == right.unit) {
            let mut cluster = UnitCounts::default();
            for row in rows {
                let [selected, rest] = if row.selected { [1.0, 0.0] } else { [0.0, 1.0] };
                let with = if has(row.index) { 1.0 } else { 0.0 };
                cluster.all = [cluster.all[0] + selected, cluster.all[1] + rest];
                cluster.with = [cluster.with[0] + with * selected, cluster.with[1] + with * rest];
            }
            clusters.push(cluster);
        }
        let with_selected: f64 = clusters.iter().map(|cluster| cluster.with[0]).sum();
        let with_rest: f64 = clusters.iter().map(|cluster| cluster.with[1]).sum();
        // A value the rest never shows: as if one row had it, with a Poisson count's variance of the logarithm, so that
        // the lift errs downward.
        let (floored_rest, unseen_variance) = if with_rest > 0.0 { (with_rest, 0.0) } else { (1.0, 1.0) };
        let floored_selected = with_selected.max(1.0);
        let (share_selected, share_rest) = (with_selected / self.rows[0], floored_rest / self.rows[1]);
        let mut squares = 0.0;
        for cluster in &clusters {
            let own = (cluster.with[0] - share_selected * cluster.all[0]) / floored_selected;
            let other = if with_rest > 0.0 { (cluster.with[1] - share_rest * cluster.all[1]) / with_rest } else { 0.0 };
            squares += (own - other) * (own - other);
        }
        let count = clusters.len() as f64;
        let variance = squares * count / (count - 1.0).max(1.0) + unseen_variance;
        Counts {
            share_selected,
            share_rest,
            ln_lift: libm::log(floored_selected / self.rows[0] / share_rest),
            standard_error: variance.sqrt(),
            units: clusters.iter().filter(|cluster| cluster.with[0] > 0.0).count() as u64,
        }
    }
}
