//! Cost against quality in a sentence.

use domain::{
    experiment::{Direction, ExperimentMetric, Margin, MetricRole, MetricSource},
    metric::Quantity,
};
use experiment::{Comparison, MetricRow, Sheet};
use ui::format;

use super::{draw::Ink, measure::Measure};

/// For each treatment with a cost: what it costs more or less, and what is known of each goal beside that.
pub(super) fn sentences(sheet: &Sheet, rows: &[MetricRow], ink: &Ink<'_>) -> Vec<String> {
    let pairs = || sheet.metrics.iter().zip(rows);
    let is_cost = |metric: &ExperimentMetric| metric.metric.source == MetricSource::Quantity(Quantity::Cost);
    let Some((_, cost)) = pairs().find(|(metric, _)| is_cost(metric)) else { return Vec::new() };
    let mut said = Vec::new();
    for (place, arm) in sheet.arms.iter().skip(1).enumerate() {
        let Some(comparison) = cost.comparisons.get(place) else { continue };
        let (Some(lift), Some([low, high])) = (comparison.lift, comparison.lift_interval) else { continue };
        let between = format!("{} to {}", format::change(low), format::change(high));
        let name = arm.title();
        let price = if high < 0.0 {
            format!("{} cheaper ({between})", format::percent(-lift))
        } else if low > 0.0 {
            format!("{} more expensive ({between})", format::percent(lift))
        } else {
            format!("about as expensive ({between})")
        };
        let goals: Vec<String> = pairs()
            .filter(|(metric, _)| metric.role == MetricRole::Goal && !is_cost(metric))
            .filter_map(|(metric, row)| quality(metric, row, row.comparisons.get(place)?, ink))
            .collect();
        if !goals.is_empty() {
            said.push(format!("{name} is {price} and {}.", goals.join(", and ")));
        }
    }
    said
}

/// What is known of a goal: whether it is not worse than its smallest difference that matters.
fn quality(metric: &ExperimentMetric, row: &MetricRow, comparison: &Comparison, ink: &Ink<'_>) -> Option<String> {
    let [low, high] = comparison.interval?;
    let measure = Measure::of(&metric.metric);
    let title = metric.metric.title();
    let between = ink.interval(measure, comparison)?;
    let (worst, best) = match metric.metric.direction {
        Direction::Higher => (low, high),
        Direction::Lower => (-high, -low),
    };
    if worst > 0.0 {
        return Some(format!("better on {title} ({between})"));
    }
    if best < 0.0 {
        return Some(format!("worse on {title} ({between})"));
    }
    let control = row.values.first()?.value?;
    let allowed = metric.margin.map(|margin| match margin {
        Margin::Absolute(value) => value,
        Margin::Relative(share) => share * control.abs(),
    });
    Some(match allowed {
        Some(allowed) if worst > -allowed => {
            format!("not worse on {title} than by {} ({between})", measure.amount(allowed))
        }
        Some(allowed) => {
            format!("may be worse on {title} by more than {} ({between})", measure.amount(allowed))
        }
        None => format!("not told apart on {title} ({between})"),
    })
}
