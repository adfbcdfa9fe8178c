//! When a decision is likely.

use domain::experiment::Phase;
use experiment::Sheet;
use stats::{
    anytime::Sequence,
    bayes::{Posterior, Prior},
    contrast::Effect,
    power::{Forecast, UnitCurve, forecast},
};

use super::gather::Gathered;

/// How far ahead it looks.
const DAYS: u32 = 60;
/// The same numbers give the same forecast.
const SEED: u64 = 5;

/// Days until half, and until four fifths, of all ways the future may go have told the first treatment's first goal from the
/// control. `None` when that cannot be told, or lies beyond two months.
pub(super) fn days(sheet: &Sheet, goal: usize, phase: &Phase, gathered: &Gathered) -> Option<(f64, f64)> {
    let table = sheet.table(&experiment::Choices::of(&sheet.plan)).ok()?;
    let comparison = table.rows.get(goal)?.comparisons.first()?;
    let pair = sheet.arms.first()?.units + sheet.arms.get(1)?.units;
    let effect = Effect::new(comparison.difference?, comparison.standard_error?, pair).ok()?;
    let control = table.rows.get(goal)?.values.first()?.value?;
    let prior = Prior::DEFAULT.on_absolute_scale(control).ok()?;
    let posterior = Posterior::new(&effect, prior).ok()?;
    let today = sheet.days.ceil().max(1.0) as i64;
    let mut cumulative = vec![0_u64; usize::try_from(today).ok()?];
    for (day, units) in gathered.arrivals(phase.from_us.0) {
        if let Some(count) = cumulative.get_mut(day) {
            *count += units;
        }
    }
    let mut sum = 0;
    for count in &mut cumulative {
        sum += *count;
        *count = sum;
    }
    let curve = UnitCurve::fit(&cumulative).ok()?;
    let mut units = Vec::new();
    for day in 1..=DAYS {
        let expected = curve.units_by(sheet.days.max(1.0) + f64::from(day)).ok()? as u64;
        units.push(expected.max(units.last().copied().unwrap_or(pair)));
    }
    let sequence = Sequence::new(sheet.plan.alpha, 2.0 * sheet.plan.tuning_units as f64).ok()?;
    let belief = (posterior.mean(), posterior.deviation());
    let chances = forecast(&Forecast { effect, sequence, belief, units: &units }, SEED).ok()?;
    let at = |share: f64| chances.iter().position(|chance| *chance >= share).map(|day| day as f64 + 1.0);
    at(0.5).zip(at(0.8))
}
