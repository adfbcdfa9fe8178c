//! Whether two attributes say the same.

use std::collections::BTreeMap;

use super::Table;

/// Cramér's V of two attributes over all rows, √(χ²/(n·min(r−1, c−1))); 0 when one of them is constant.
pub(super) fn cramers_v(table: &Table<'_>, left: usize, right: usize) -> f64 {
    let (Some(left), Some(right)) = (table.attributes.get(left), table.attributes.get(right)) else {
        return 0.0;
    };
    let mut cells: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    let mut rows: BTreeMap<u32, f64> = BTreeMap::new();
    let mut columns: BTreeMap<u32, f64> = BTreeMap::new();
    let mut total = 0.0;
    for (&one, &other) in left.iter().zip(right.iter()) {
        *cells.entry((one, other)).or_default() += 1.0;
        *rows.entry(one).or_default() += 1.0;
        *columns.entry(other).or_default() += 1.0;
        total += 1.0;
    }
    let smaller = rows.len().min(columns.len());
    if smaller < 2 {
        return 0.0;
    }
    // χ²/n = Σ O²/(row·column) − 1, so empty cells need no visit.
    let mut sum = 0.0;
    for (&(one, other), &count) in &cells {
        let margins = rows.get(&one).copied().unwrap_or(total) * columns.get(&other).copied().unwrap_or(total);
        sum += count * count / margins;
    }
    ((sum - 1.0).max(0.0) / (smaller as f64 - 1.0)).sqrt().min(1.0)
}
