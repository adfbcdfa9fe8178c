//! Blocks from sums that somebody else computed.

use super::{Moments, Parts};
use crate::error::{Result, Undefined, finite};

/// Plain sums over units, as a database gives them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sums {
    /// Number of units.
    pub units: u64,
    /// Units whose value is not 0.
    pub nonzero: u64,
    /// Σ value.
    pub value: f64,
    /// Σ rows.
    pub rows: f64,
    /// Σ value².
    pub value_squared: f64,
    /// Σ rows².
    pub rows_squared: f64,
    /// Σ value·rows.
    pub value_rows: f64,
}

/// Largest integer up to which every integer is an `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// How much larger than its rounding a sum of squared deviations must be.
const MARGIN: f64 = 1e3;

impl Moments {
    /// The block of these sums, by `M2 = Σx² − (Σx)²/n`.
    ///
    /// The difference loses its digits when the mean is large beside the spread. Sums of whole numbers below 2⁵³ are
    /// exact and always accepted; otherwise the block is refused rather than clamped at 0. Third moments, and with them
    /// the skewness, stay unknown: the floor of §2.3 then never lifts.
    ///
    /// # Errors
    /// - [`Undefined::PrecisionLost`]: the sums do not carry enough digits.
    /// - [`Undefined::InvalidInput`]: the sums contradict each other (`Σx² < (Σx)²/n`, no units but a sum).
    /// - [`Undefined::NonFinite`], [`Undefined::Overflow`].
    pub fn from_sums(sums: &Sums) -> Result<Self> {
        let value = finite("value", sums.value)?;
        let rows = finite("rows", sums.rows)?;
        let value_squared = finite("value_squared", sums.value_squared)?;
        let rows_squared = finite("rows_squared", sums.rows_squared)?;
        let value_rows = finite("value_rows", sums.value_rows)?;
        if sums.nonzero > sums.units {
            return Err(Undefined::invalid("nonzero", "at most `units`"));
        }
        if sums.units == 0 {
            let all = [value, rows, value_squared, rows_squared, value_rows];
            if all.iter().any(|sum| *sum != 0.0) {
                return Err(Undefined::invalid("units", "at least 1 when a sum is not 0"));
            }
            return Ok(Self { third: None, ..Self::new() });
        }
        let n = sums.units as f64;
        let exact = [value, rows, value_squared, rows_squared, value_rows, n]
            .iter()
            .all(|sum| sum.abs() < EXACT && (libm::trunc(*sum) - *sum).abs() == 0.0);
        let value_value = deviations(n, value, value, value_squared)?;
        let rows_rows = deviations(n, rows, rows, rows_squared)?;
        let crossed = deviations(n, value, rows, value_rows)?;
        for (deviation, squares) in [(value_value, value_squared), (rows_rows, rows_squared)] {
            let rounding = squares * n * f64::EPSILON;
            if !exact && squares > 0.0 && deviation < MARGIN * rounding {
                return Err(if deviation < -MARGIN * rounding {
                    Undefined::invalid("value_squared", "at least (Σx)²/n")
                } else {
                    Undefined::PrecisionLost
                });
            }
            if deviation < 0.0 {
                return Err(Undefined::invalid("value_squared", "at least (Σx)²/n"));
            }
        }
        Self::from_parts(&Parts {
            units: sums.units,
            nonzero: sums.nonzero,
            removed: 0,
            mean_value: [value / n, libm::fma(-(value / n), n, value) / n],
            mean_rows: [rows / n, libm::fma(-(rows / n), n, rows) / n],
            second: [value_value, rows_rows, crossed],
            third: None,
        })
        .map_err(|_| Undefined::Overflow)
    }
}

/// `Σxy − Σx·Σy/n`, the products in twice the precision.
fn deviations(n: f64, x: f64, y: f64, xy: f64) -> Result<f64> {
    let whole = n * xy;
    let whole_low = libm::fma(n, xy, -whole);
    let product = x * y;
    let product_low = libm::fma(x, y, -product);
    crate::error::computed(((whole - product) + (whole_low - product_low)) / n)
}
