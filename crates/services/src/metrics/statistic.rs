//! From totals to one number and how sure it is.

use domain::{
    metric::{Interval, IntervalMethod, LEVEL, Measure, MetricValue, NoInterval, Quantity, Statistic},
    score::ScoreName,
};
use stats::{
    Undefined,
    estimate::ArmEstimate,
    quantile, sketch,
    sketch::{DdSketch, ScoreBins},
    special,
};
use store::event::{QuantityTotals, ScoreTotals, SpanTotals};

use super::{
    combine::Seen,
    effect::{Effect, inner, reason},
};
use crate::ServiceError;

/// Scores are summed in billionths. Divided by, never multiplied with the inverse: 458 of them are 458, not 458.00000000000006.
pub(super) const SCORE_PARTS: f64 = 1e9;

/// A number, and its estimate for comparing it with another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Valued {
    pub(super) value: MetricValue,
    pub(super) estimate: Option<ArmEstimate>,
}

/// What a number is computed from besides its totals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// How long it was looked, in microseconds.
    pub(super) observed_us: i64,
    /// Generations of all versions beside this one.
    pub(super) beside: u64,
    /// The design effect, or why there is none.
    pub(super) effect: Result<Effect, NoInterval>,
    pub(super) method: IntervalMethod,
}

/// Whether a measure estimates something that could have come out otherwise, rather than saying what happened.
pub(super) fn has_interval(measure: &Measure) -> bool {
    match measure {
        Measure::ErrorRate | Measure::NullRate | Measure::Adoption => true,
        Measure::Of(_, statistic) | Measure::Score(_, statistic) => {
            *statistic == Statistic::Mean || inner(*statistic).is_some()
        }
        _ => false,
    }
}

/// The value of a measure.
pub(super) fn value(measure: &Measure, seen: &Seen, around: &Around) -> Result<Valued, ServiceError> {
    let spans = &seen.spans;
    let per = |width_us: f64| {
        let steps = around.observed_us as f64 / width_us;
        exact((around.observed_us > 0).then(|| spans.count as f64 / steps), spans.count)
    };
    let plain = match measure {
        Measure::Count => exact(Some(spans.count as f64), spans.count),
        Measure::Errors => exact(Some(spans.errors as f64), spans.count),
        Measure::NullResponses => exact(Some(spans.null_responses as f64), spans.count),
        Measure::PerMinute => per(60e6),
        Measure::PerHour => per(3_600e6),
        Measure::PerDay => per(86_400e6),
        Measure::FirstSeen => exact(spans.first_ns.map(|ns| ns.div_euclid(1000) as f64), spans.count),
        Measure::LastSeen => exact(spans.last_ns.map(|ns| ns.div_euclid(1000) as f64), spans.count),
        Measure::ErrorRate => return Ok(share(spans.errors, spans.count, around)),
        Measure::NullRate => return Ok(share(spans.null_responses, spans.count, around)),
        Measure::Adoption => return Ok(share(spans.count, around.beside, around)),
        Measure::Of(quantity, statistic) => return of_quantity(totals_of(spans, *quantity), *statistic, around),
        Measure::Score(name, statistic) => return of_scores(seen, name.as_ref(), *statistic, around),
    };
    Ok(Valued { value: plain, estimate: None })
}

fn exact(value: Option<f64>, n: u64) -> MetricValue {
    MetricValue { value, n, ..MetricValue::NOTHING }
}

/// A part of a whole, as a share with its interval.
pub(super) fn share(part: u64, whole: u64, around: &Around) -> Valued {
    if whole == 0 {
        return Valued { value: MetricValue::NOTHING, estimate: None };
    }
    let share = part as f64 / whole as f64;
    let sure = sure(share, share * (1.0 - share), whole, around);
    let within = sure.map(|(estimate, interval)| {
        (estimate, Interval { lower: interval.lower.max(0.0), upper: interval.upper.min(1.0), ..interval })
    });
    with(exact(Some(share), whole), within)
}

/// The sketched totals of a quantity.
pub(super) fn totals_of(spans: &SpanTotals, quantity: Quantity) -> &QuantityTotals {
    let [latency, first_token, cost, input_cost, output_cost, input, output, total] = &spans.quantities;
    match quantity {
        Quantity::Latency => latency,
        Quantity::TimeToFirstToken => first_token,
        Quantity::Cost => cost,
        Quantity::InputCost => input_cost,
        Quantity::OutputCost => output_cost,
        Quantity::InputTokens => input,
        Quantity::OutputTokens => output,
        Quantity::TotalTokens => total,
    }
}

fn of_quantity(totals: &QuantityTotals, statistic: Statistic, around: &Around) -> Result<Valued, ServiceError> {
    let n = totals.n;
    let Some(q) = statistic.quantile() else {
        return Ok(of_sums(statistic, (n, totals.sum, totals.squares), 1.0, around));
    };
    let held = DdSketch::from_bins(totals.bins.iter().copied()).map_err(damaged)?;
    // An empty sketch has no quantile: that is "nothing observed", not a fault.
    let Ok(value) = held.quantile(q) else { return Ok(Valued { value: MetricValue::NOTHING, estimate: None }) };
    let number = MetricValue { value: Some(value), n, approximate: true, ..MetricValue::NOTHING };
    Ok(of_rank(number, inner(statistic), around, sketch::RELATIVE_ERROR, |share| held.quantile(share)))
}

/// The totals of scores of one name, or of all names together.
pub(super) fn pooled(seen: &Seen, name: Option<&ScoreName>) -> ScoreTotals {
    let mut all = ScoreTotals::default();
    for (_, totals) in seen.scores.iter().filter(|(of, _)| name.is_none_or(|name| name.as_str() == of.as_str())) {
        all.n = all.n.saturating_add(totals.n);
        all.sum = all.sum.saturating_add(totals.sum);
        all.squares = all.squares.saturating_add(totals.squares);
        all.bins.extend_from_slice(&totals.bins);
    }
    all
}

fn of_scores(
    seen: &Seen,
    name: Option<&ScoreName>,
    statistic: Statistic,
    around: &Around,
) -> Result<Valued, ServiceError> {
    let all = pooled(seen, name);
    let Some(q) = statistic.quantile() else {
        return Ok(of_sums(statistic, (all.n, all.sum, all.squares), SCORE_PARTS, around));
    };
    let bins = ScoreBins::new(all.bins).map_err(damaged)?;
    let approximate = !bins.is_exact();
    let Ok(value) = bins.quantile(q) else { return Ok(Valued { value: MetricValue::NOTHING, estimate: None }) };
    let number = MetricValue { value: Some(value), n: all.n, approximate, ..MetricValue::NOTHING };
    let error = if approximate { sketch::RELATIVE_ERROR } else { 0.0 };
    Ok(of_rank(number, inner(statistic), around, error, |share| bins.quantile(share)))
}

/// A quantile's interval, if it is not an extreme.
fn of_rank(
    number: MetricValue,
    nu: Option<f64>,
    around: &Around,
    relative_error: f64,
    quantile: impl Fn(f64) -> Result<f64, Undefined>,
) -> Valued {
    let (Some(nu), Some(value)) = (nu, number.value) else { return Valued { value: number, estimate: None } };
    let ranked = |effect: Effect| {
        let sigma = (effect.factor * nu * (1.0 - nu) / number.n as f64).sqrt();
        let critical = critical(effect.units)?;
        let bounds = quantile::bounds(nu, sigma, critical, number.n, relative_error, quantile)?;
        let error = bounds.width() / (2.0 * critical);
        let estimate = ArmEstimate::new(value, error * error, effect.units)?;
        Ok((estimate, Interval { lower: bounds.lower(), upper: bounds.upper(), method: around.method }))
    };
    with(number, around.effect.and_then(|effect| ranked(effect).map_err(reason)))
}

/// Counts, sums, means and deviations from integer totals that count `parts` to the unit.
fn of_sums(statistic: Statistic, (n, sum, squares): (u64, i128, i128), parts: f64, around: &Around) -> Valued {
    let value = match statistic {
        Statistic::Count => Some(n as f64),
        Statistic::Sum => Some(sum as f64 / parts),
        Statistic::Mean if n > 0 => Some(sum as f64 / parts / n as f64),
        Statistic::StandardDeviation => deviation(n, sum, squares).map(|deviation| deviation / parts),
        _ => None,
    };
    let number = exact(value, n);
    match value.filter(|_| statistic == Statistic::Mean) {
        None => Valued { value: number, estimate: None },
        Some(mean) => {
            let spread = centred(n, sum, squares).ok_or(NoInterval::NoVariation);
            let within = spread.and_then(|spread| sure(mean, spread / parts / parts / n as f64, n, around));
            with(number, within)
        }
    }
}

type Sure = Result<(ArmEstimate, Interval), NoInterval>;

/// An estimate with its interval from the variance of its rows and the design effect.
fn sure(value: f64, row_variance: f64, rows: u64, around: &Around) -> Sure {
    let effect = around.effect?;
    let found = || -> Result<_, Undefined> {
        let estimate = ArmEstimate::new(value, effect.factor * row_variance / rows as f64, effect.units)?;
        if estimate.variance() == 0.0 {
            return Err(Undefined::NoVariation);
        }
        let half = critical(effect.units)? * estimate.standard_error();
        Ok((estimate, Interval { lower: value - half, upper: value + half, method: around.method }))
    };
    found().map_err(reason)
}

fn with(number: MetricValue, sure: Sure) -> Valued {
    match sure {
        Ok((estimate, interval)) => {
            Valued { value: MetricValue { interval: Some(interval), ..number }, estimate: Some(estimate) }
        }
        Err(reason) => Valued { value: MetricValue { no_interval: Some(reason), ..number }, estimate: None },
    }
}

/// The two-sided critical value at [`LEVEL`] with so many groups.
fn critical(units: u64) -> Result<f64, Undefined> {
    special::student_quantile(0.5 + 0.5 * LEVEL, units.saturating_sub(1) as f64)
}

/// Σ(x − mean)², centred in integers first, so that nothing cancels in floating point.
pub(super) fn centred(n: u64, sum: i128, squares: i128) -> Option<f64> {
    let count = i128::from(n);
    let centre = sum.checked_div_euclid(count)?;
    let rest = sum.checked_sub(centre.checked_mul(count)?)? as f64 / n as f64;
    // Σ(x − centre)² = Σx² − 2·centre·Σx + n·centre²
    let about = squares
        .checked_sub(centre.checked_mul(sum)?.checked_mul(2)?)?
        .checked_add(centre.checked_mul(centre)?.checked_mul(count)?)?;
    Some((about as f64 - n as f64 * rest * rest).max(0.0))
}

/// Sample standard deviation.
fn deviation(n: u64, sum: i128, squares: i128) -> Option<f64> {
    let variance = centred(n, sum, squares).filter(|_| n > 1)? / (n - 1) as f64;
    Some(variance.sqrt())
}

pub(super) fn damaged(cause: impl std::error::Error + Send + Sync + 'static) -> ServiceError {
    ServiceError::Internal(Box::new(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AROUND: Around =
        Around { observed_us: 0, beside: 0, effect: Err(NoInterval::NoVariation), method: IntervalMethod::UnitGroups };

    fn scores(name: &str, values: &[f64]) -> (String, ScoreTotals) {
        let mut totals = ScoreTotals::default();
        for value in values {
            let fixed = (value * 1e9).round_ties_even() as i128;
            totals.n += 1;
            totals.sum += fixed;
            totals.squares += fixed * fixed;
            totals.bins.push((stats::sketch::score_bin(*value).unwrap(), 1));
        }
        (name.to_owned(), totals)
    }

    fn of(measure: &str, seen: &Seen) -> MetricValue {
        value(&measure.parse().unwrap(), seen, &AROUND).unwrap().value
    }

    #[test]
    fn scores_of_one_name_or_of_all_names() {
        let seen = Seen {
            scores: [scores("correct", &[1.0, 0.0, 1.0]), scores("stars", &[5.0])].into_iter().collect(),
            ..Seen::default()
        };
        assert_eq!(of("score:correct.mean", &seen).value, Some(2.0 / 3.0));
        assert_eq!(of("score:correct.mean", &seen).n, 3);
        assert_eq!(of("score.max", &seen).value, Some(5.0));
        assert!(!of("score.p50", &seen).approximate, "a grid is kept exactly");
        assert_eq!(of("score.p50", &seen).value, Some(1.0));
        assert_eq!(of("score:none.mean", &seen).value, None);
        assert_eq!(of("count", &seen).value, Some(0.0));
        assert_eq!(of("per_hour", &seen).value, None, "no time has passed");
    }

    #[test]
    fn whole_scores_sum_to_whole_numbers() {
        let of_458 = vec![1.0; 458];
        let seen = Seen { scores: [scores("correct", &of_458)].into_iter().collect(), ..Seen::default() };
        assert_eq!(of("score:correct.sum", &seen).value, Some(458.0));
    }

    #[test]
    fn deviation_survives_a_large_mean() {
        // 1e15 ± 1: the naive formula in f64 gives 0 or worse.
        let values: [i128; 3] = [1_000_000_000_000_000, 1_000_000_000_000_001, 1_000_000_000_000_002];
        let got = deviation(3, values.iter().sum(), values.iter().map(|v| v * v).sum()).unwrap();
        assert!((got - 1.0).abs() < 1e-12, "{got}");
        assert_eq!(deviation(1, 5, 25), None);
    }

    #[test]
    fn what_happened_has_no_interval_and_needs_none() {
        for measure in ["count", "cost.sum", "latency.max", "first_seen", "score.count", "latency.sd"] {
            assert!(!has_interval(&measure.parse().unwrap()), "{measure}");
        }
        for measure in ["error_rate", "cost.mean", "latency.p99", "score.p50", "adoption"] {
            assert!(has_interval(&measure.parse().unwrap()), "{measure}");
        }
    }
}
