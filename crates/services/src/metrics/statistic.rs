//! From totals to one number.

use domain::{
    metric::{Measure, MetricValue, Quantity, Statistic},
    score::ScoreName,
};
use stats::sketch::{DdSketch, ScoreBins};
use store::event::{QuantityTotals, ScoreTotals, SpanTotals};

use super::combine::Seen;
use crate::ServiceError;

/// Scores are summed in billionths. Divided by, never multiplied with the inverse: 458 of them are 458, not 458.00000000000006.
const SCORE_PARTS: f64 = 1e9;

/// The value of a measure for what was seen over `observed_us` microseconds.
pub(super) fn value(measure: &Measure, seen: &Seen, observed_us: i64) -> Result<MetricValue, ServiceError> {
    let spans = &seen.spans;
    let per = |width_us: f64| {
        let steps = observed_us as f64 / width_us;
        exact((observed_us > 0).then(|| spans.count as f64 / steps), spans.count)
    };
    Ok(match measure {
        Measure::Count => exact(Some(spans.count as f64), spans.count),
        Measure::Errors => exact(Some(spans.errors as f64), spans.count),
        Measure::ErrorRate => exact(share(spans.errors, spans.count), spans.count),
        Measure::NullResponses => exact(Some(spans.null_responses as f64), spans.count),
        Measure::NullRate => exact(share(spans.null_responses, spans.count), spans.count),
        Measure::PerMinute => per(60e6),
        Measure::PerHour => per(3_600e6),
        Measure::PerDay => per(86_400e6),
        Measure::FirstSeen => exact(spans.first_ns.map(|ns| ns.div_euclid(1000) as f64), spans.count),
        Measure::LastSeen => exact(spans.last_ns.map(|ns| ns.div_euclid(1000) as f64), spans.count),
        Measure::Of(quantity, statistic) => of_quantity(totals_of(spans, *quantity), *statistic)?,
        Measure::Score(name, statistic) => of_scores(seen, name.as_ref(), *statistic)?,
    })
}

fn exact(value: Option<f64>, n: u64) -> MetricValue {
    MetricValue { value, n, interval: None, approximate: false }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn totals_of(spans: &SpanTotals, quantity: Quantity) -> &QuantityTotals {
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

fn of_quantity(totals: &QuantityTotals, statistic: Statistic) -> Result<MetricValue, ServiceError> {
    let n = totals.n;
    if let Some(q) = statistic.quantile() {
        let sketch = DdSketch::from_bins(totals.bins.iter().copied()).map_err(damaged)?;
        // An empty sketch has no quantile: that is "nothing observed", not a fault.
        return Ok(MetricValue { value: sketch.quantile(q).ok(), n, interval: None, approximate: true });
    }
    Ok(exact(plain(statistic, n, totals.sum, totals.squares, 1.0), n))
}

fn of_scores(seen: &Seen, name: Option<&ScoreName>, statistic: Statistic) -> Result<MetricValue, ServiceError> {
    let wanted = seen.scores.iter().filter(|(of, _)| name.is_none_or(|name| name.as_str() == of.as_str()));
    let mut all = ScoreTotals::default();
    for (_, totals) in wanted {
        all.n = all.n.saturating_add(totals.n);
        all.sum = all.sum.saturating_add(totals.sum);
        all.squares = all.squares.saturating_add(totals.squares);
        all.bins.extend_from_slice(&totals.bins);
    }
    if let Some(q) = statistic.quantile() {
        let bins = ScoreBins::new(all.bins).map_err(damaged)?;
        let approximate = !bins.is_exact();
        return Ok(MetricValue { value: bins.quantile(q).ok(), n: all.n, interval: None, approximate });
    }
    Ok(exact(plain(statistic, all.n, all.sum, all.squares, SCORE_PARTS), all.n))
}

/// Counts, sums, means and deviations from integer totals that count `parts` to the unit.
fn plain(statistic: Statistic, n: u64, sum: i128, squares: i128, parts: f64) -> Option<f64> {
    match statistic {
        Statistic::Count => Some(n as f64),
        Statistic::Sum => Some(sum as f64 / parts),
        Statistic::Mean => (n > 0).then(|| sum as f64 / parts / n as f64),
        Statistic::StandardDeviation => deviation(n, sum, squares).map(|deviation| deviation / parts),
        _ => None,
    }
}

/// Sample standard deviation. The squares are centred in integers first, so nothing cancels in floating point.
fn deviation(n: u64, sum: i128, squares: i128) -> Option<f64> {
    if n < 2 {
        return None;
    }
    let count = i128::from(n);
    let centre = sum.checked_div_euclid(count)?;
    let rest = sum.checked_sub(centre.checked_mul(count)?)? as f64 / n as f64;
    // Σ(x − centre)² = Σx² − 2·centre·Σx + n·centre²
    let centred = squares
        .checked_sub(centre.checked_mul(sum)?.checked_mul(2)?)?
        .checked_add(centre.checked_mul(centre)?.checked_mul(count)?)?;
    let variance = (centred as f64 - n as f64 * rest * rest) / (n - 1) as f64;
    Some(variance.max(0.0).sqrt())
}

fn damaged(cause: impl std::error::Error + Send + Sync + 'static) -> ServiceError {
    ServiceError::Internal(Box::new(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn scores_of_one_name_or_of_all_names() {
        let seen = Seen {
            scores: [scores("correct", &[1.0, 0.0, 1.0]), scores("stars", &[5.0])].into_iter().collect(),
            ..Seen::default()
        };
        let of = |measure: &str| value(&measure.parse().unwrap(), &seen, 0).unwrap();
        assert_eq!(of("score:correct.mean").value, Some(2.0 / 3.0));
        assert_eq!(of("score:correct.mean").n, 3);
        assert_eq!(of("score.max").value, Some(5.0));
        assert!(!of("score.p50").approximate, "a grid is kept exactly");
        assert_eq!(of("score.p50").value, Some(1.0));
        assert_eq!(of("score:none.mean").value, None);
        assert_eq!(of("count").value, Some(0.0));
        assert_eq!(of("per_hour").value, None, "no time has passed");
    }

    #[test]
    fn whole_scores_sum_to_whole_numbers() {
        let of_458 = vec![1.0; 458];
        let seen = Seen { scores: [scores("correct", &of_458)].into_iter().collect(), ..Seen::default() };
        assert_eq!(value(&"score:correct.sum".parse().unwrap(), &seen, 0).unwrap().value, Some(458.0));
    }

    #[test]
    fn deviation_survives_a_large_mean() {
        // 1e15 ± 1: the naive formula in f64 gives 0 or worse.
        let values: [i128; 3] = [1_000_000_000_000_000, 1_000_000_000_000_001, 1_000_000_000_000_002];
        let got = deviation(3, values.iter().sum(), values.iter().map(|v| v * v).sum()).unwrap();
        assert!((got - 1.0).abs() < 1e-12, "{got}");
        assert_eq!(deviation(1, 5, 25), None);
    }
}
