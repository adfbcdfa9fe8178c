//! From units to days.

use super::minimum_detectable_effect;
use crate::error::{Result, Undefined, computed, positive};

/// Days of the curve's end that are fitted.
const FITTED_DAYS: usize = 14;

/// How many distinct units have been seen by each day: U(t) = a·t^b.
///
/// Not t times the daily users: returning users add no units, so b is usually below 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitCurve {
    scale: f64,
    exponent: f64,
}

impl UnitCurve {
    /// Fits the curve to cumulative distinct units, the first entry for day 1, by least squares on logarithms over the
    /// last 14 days.
    ///
    /// # Errors
    /// Fewer than three days with units, or counts that fall.
    pub fn fit(cumulative: &[u64]) -> Result<Self> {
        if !cumulative.is_sorted() {
            return Err(Undefined::invalid("cumulative", "non-decreasing"));
        }
        let first = cumulative.len().saturating_sub(FITTED_DAYS);
        let points: Vec<(f64, f64)> = cumulative
            .iter()
            .enumerate()
            .skip(first)
            .filter(|&(_, &units)| units > 0)
            .map(|(day, &units)| (libm::log(day as f64 + 1.0), libm::log(units as f64)))
            .collect();
        if points.len() < 3 {
            return Err(Undefined::TooFewUnits { have: points.len() as u64, need: 3 });
        }
        let count = points.len() as f64;
        let mean_x = points.iter().map(|point| point.0).sum::<f64>() / count;
        let mean_y = points.iter().map(|point| point.1).sum::<f64>() / count;
        let spread: f64 = points.iter().map(|point| (point.0 - mean_x) * (point.0 - mean_x)).sum();
        let joint: f64 = points.iter().map(|point| (point.0 - mean_x) * (point.1 - mean_y)).sum();
        let exponent = joint / spread;
        Ok(Self { scale: computed(libm::exp(mean_y - exponent * mean_x))?, exponent: computed(exponent)? })
    }

    /// Distinct units by the end of day t.
    ///
    /// # Errors
    /// The day is not above 0.
    pub fn units_by(&self, day: f64) -> Result<f64> {
        computed(self.scale * libm::pow(positive("day", day)?, self.exponent))
    }

    /// The day by which a share of the units reaches a number: the smallest t with U(t)·share ≥ units.
    ///
    /// # Errors
    /// A number not above 0; [`Undefined::Overflow`] when no new units come.
    pub fn day_of(&self, units: f64, share: f64) -> Result<f64> {
        let needed = positive("units", units)? / positive("share", share)?;
        if self.exponent <= 0.0 {
            return Err(Undefined::Overflow);
        }
        computed(libm::pow(needed / self.scale, 1.0 / self.exponent).ceil().max(1.0))
    }
}

/// The smallest effect that can be seen by each of the coming days: `se(t) = se_now·√(n_now/n(t))`.
///
/// # Errors
/// As [`minimum_detectable_effect`] and [`UnitCurve::units_by`].
pub fn minimum_detectable_by_day(
    curve: &UnitCurve,
    unit_deviation: f64,
    days: u32,
    alpha: f64,
    power: f64,
) -> Result<Vec<f64>> {
    let unit_deviation = positive("unit_deviation", unit_deviation)?;
    (1..=days)
        .map(|day| {
            let units = positive("units", curve.units_by(f64::from(day))?)?;
            minimum_detectable_effect(unit_deviation / units.sqrt(), alpha, power)
        })
        .collect()
}
