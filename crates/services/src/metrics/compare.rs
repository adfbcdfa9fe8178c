//! How a number differs from that of a baseline.

use domain::metric::{Difference, Interval, IntervalMethod, LEVEL};
use stats::{contrast, estimate::ArmEstimate, fixed::Welch};

use super::statistic::Valued;

/// The difference of a number from its baseline. Both are taken for independent, which errs on the wide side where the same
/// users stand behind both.
pub(super) fn difference(value: &Valued, baseline: &Valued) -> Difference {
    let (now, before) = (value.value.value, baseline.value.value);
    let absolute = now.zip(before).map(|(now, before)| now - before);
    let relative = absolute.zip(before).filter(|(_, before)| *before != 0.0).map(|(by, before)| by / before.abs());
    let method = match (value.value.interval, baseline.value.interval) {
        (Some(one), Some(other)) if one.method == other.method => one.method,
        _ => IntervalMethod::DesignEffect,
    };
    let (interval, relative_interval) = match (&baseline.estimate, &value.estimate) {
        (Some(control), Some(treatment)) => intervals(control, treatment, method),
        _ => (None, None),
    };
    Difference { baseline: before, baseline_n: baseline.value.n, absolute, interval, relative, relative_interval }
}

fn intervals(
    control: &ArmEstimate,
    treatment: &ArmEstimate,
    method: IntervalMethod,
) -> (Option<Interval>, Option<Interval>) {
    let Ok(welch) = Welch::absolute(control, treatment) else { return (None, None) };
    let alpha = 1.0 - LEVEL;
    let shown = |found: stats::Interval| Interval { lower: found.lower(), upper: found.upper(), method };
    let absolute = welch.interval(alpha).ok().map(shown);
    let lift = welch.critical_value(alpha).and_then(|critical| contrast::fieller(control, treatment, critical));
    let relative = lift.and_then(|lift| lift.of_magnitude(control)).and_then(|lift| lift.interval());
    (absolute, relative.ok().map(shown))
}

#[cfg(test)]
mod tests {
    use domain::metric::MetricValue;

    use super::*;

    fn valued(value: f64, error: f64) -> Valued {
        Valued {
            value: MetricValue { value: Some(value), n: 100, ..MetricValue::NOTHING },
            estimate: Some(ArmEstimate::new(value, error * error, 64).unwrap()),
        }
    }

    #[test]
    fn the_relative_difference_agrees_with_the_absolute_one_about_zero() {
        for (value, differs) in [(11.0, true), (10.1, false), (9.0, true)] {
            let found = difference(&valued(value, 0.2), &valued(10.0, 0.2));
            let excludes = |interval: Interval| interval.lower > 0.0 || interval.upper < 0.0;
            assert_eq!(excludes(found.interval.unwrap()), differs);
            assert_eq!(excludes(found.relative_interval.unwrap()), differs);
            assert!((found.relative.unwrap() - (value / 10.0 - 1.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn what_cannot_be_known_is_absent() {
        let unknown = Valued { value: MetricValue::NOTHING, estimate: None };
        let found = difference(&valued(1.0, 0.1), &unknown);
        assert_eq!((found.absolute, found.interval, found.relative), (None, None, None));
        let near_zero = difference(&valued(1.0, 0.1), &valued(0.01, 0.1));
        assert!(near_zero.interval.is_some() && near_zero.relative_interval.is_none());
    }
}
