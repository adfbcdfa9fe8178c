use std::{collections::BTreeMap, ops::Mul};

use super::Wide;

/// Largest value of a unit that is told from larger ones, so that third powers fit. In nano-dollars that is beyond all money.
const MOST: i128 = 1 << 90;
/// Below this size products of three fit 128 bits.
const SMALL: u128 = 1 << 42;

/// Exact sums over units: how many, and their values and rows multiplied with each other up to three times. Taking out what was
/// added leaves what there was.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UnitSums {
    /// Units.
    pub units: i64,
    /// Those whose value is not 0.
    pub nonzero: i64,
    /// Those that have rows.
    pub with_rows: i64,
    /// Sums of v, v², v³, r, vr, r², v²r, vr², r³, where v is a unit's value and r its rows; those with r are 0 for forms that
    /// have no rows.
    pub products: [Wide; 9],
}

/// What one unit comes to in a reading.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnitValue {
    /// Its value.
    pub value: i128,
    /// Its rows, where the reading divides by them.
    pub rows: Option<u64>,
    /// Whether it has rows at all.
    pub has_rows: bool,
}

impl UnitSums {
    /// Adds a unit, or takes it out.
    pub fn count(&mut self, unit: UnitValue, add: bool) {
        let value = unit.value.clamp(-MOST, MOST);
        let sign = if add { 1 } else { -1 };
        self.units += sign;
        self.nonzero += sign * i64::from(value != 0);
        self.with_rows += sign * i64::from(unit.has_rows);
        let rows = i128::from(unit.rows.unwrap_or_default());
        let products = if value.unsigned_abs() < SMALL && rows.unsigned_abs() < SMALL {
            products(value, rows).map(Wide::from)
        } else {
            products(Wide::from(value), Wide::from(rows))
        };
        for (sum, product) in self.products.iter_mut().zip(products) {
            if add {
                *sum += product;
            } else {
                *sum -= product;
            }
        }
    }

    /// Adds others to these.
    pub fn merge(&mut self, other: &Self) {
        self.units += other.units;
        self.nonzero += other.nonzero;
        self.with_rows += other.with_rows;
        for (sum, more) in self.products.iter_mut().zip(other.products) {
            *sum += more;
        }
    }

    /// As if every unit's value had been this one.
    #[must_use]
    pub fn capped(&self, cap: i128) -> Self {
        let [_, _, _, rows, _, rows_square, _, _, rows_cube] = self.products;
        let (units, cap) = (Wide::from(i128::from(self.units)), Wide::from(cap));
        let products = [
            units * cap,
            units * cap * cap,
            units * cap * cap * cap,
            rows,
            rows * cap,
            rows_square,
            rows * cap * cap,
            rows_square * cap,
            rows_cube,
        ];
        Self { nonzero: self.units, products, ..self.clone() }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What [`UnitSums::products`] sums of one unit.
fn products<N: Copy + Mul<Output = N>>(value: N, rows: N) -> [N; 9] {
    let (square, crossed, rows_square) = (value * value, value * rows, rows * rows);
    [value, square, square * value, rows, crossed, rows_square, square * rows, crossed * rows, rows_square * rows]
}

/// Units sorted by the size of their value, so that a cap can be taken afterwards: 16 shelves for each doubling.
pub type Shelves = BTreeMap<u16, UnitSums>;

/// The shelf of a value; 0 for what is not above zero.
pub(super) fn shelf(value: i128) -> u16 {
    let Ok(value) = u128::try_from(value) else { return 0 };
    if value < 16 {
        return value as u16;
    }
    let doublings = value.ilog2();
    let within = (value >> (doublings - 4)) & 15;
    ((doublings - 3) * 16) as u16 + within as u16
}

/// The largest value on a shelf.
pub fn shelf_end(shelf: u16) -> i128 {
    if shelf < 16 {
        return i128::from(shelf);
    }
    let (doublings, within) = (u32::from(shelf / 16) + 3, i128::from(shelf % 16));
    ((17 + within) << (doublings - 4)) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_value_is_on_a_shelf_that_ends_close_above(value in 1_i128..MOST) {
            let end = shelf_end(shelf(value));
            prop_assert!(value <= end && end as f64 <= value as f64 * 1.0626, "{value} on a shelf to {end}");
            prop_assert_eq!(shelf(end), shelf(value));
            prop_assert_eq!(shelf(end + 1), shelf(value) + 1);
        }

        #[test]
        fn taking_out_leaves_what_there_was(values: Vec<(i128, u32)>, value: i128, rows: u32) {
            let unit = |(value, rows): (i128, u32)| UnitValue { value, rows: Some(rows.into()), has_rows: rows > 0 };
            let mut sums = UnitSums::default();
            for one in &values { sums.count(unit(*one), true); }
            let before = sums.clone();
            sums.count(unit((value, rows)), true);
            sums.count(unit((value, rows)), false);
            prop_assert_eq!(&sums, &before);
            for one in values.iter().rev() { sums.count(unit(*one), false); }
            prop_assert!(sums.is_empty());
        }

        #[test]
        fn capped_sums_are_those_of_capped_units(units in prop::collection::vec((50_i128..5_000, 1_u64..9), 1..9)) {
            let (mut above, mut expected) = (UnitSums::default(), UnitSums::default());
            for (value, rows) in units {
                above.count(UnitValue { value, rows: Some(rows), has_rows: true }, true);
                expected.count(UnitValue { value: 40, rows: Some(rows), has_rows: true }, true);
            }
            prop_assert_eq!(above.capped(40), expected);
        }
    }
}
