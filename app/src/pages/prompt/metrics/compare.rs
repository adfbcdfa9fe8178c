//! How two rows differ, in words and measure by measure. Server only.

use domain::metric::{Difference, Measure, MetricAnswer, MetricRow, MetricValue, Unit};
use ui::format;

use super::{
    catalogue::{By, less_is_better, title},
    cells::{Links, NOTHING, cell, written},
    model::{Cell, ComparedRow, ComparedView, Reading},
};

/// One measure of both rows.
struct Pair<'a> {
    measure: Measure,
    title: String,
    value: &'a MetricValue,
    difference: &'a Difference,
}

/// Lays the answers about `b`, compared with `a`, side by side. `None` when `b` has no numbers.
pub(super) fn compared(
    by: By,
    (a, b): (&str, &str),
    numbers: &MetricAnswer,
    scores: &MetricAnswer,
    links: &Links,
) -> Option<ComparedView> {
    let is_b = |row: &&MetricRow| row.group.first().is_some_and(|key| key == b);
    let of_row =
        |measures: &[Measure], row: &'_ MetricRow| measures.len().min(row.values.len()).min(row.differences.len());
    let mut pairs = Vec::new();
    for row in scores.rows.iter().filter(is_b) {
        if let (Some(name), Some(value), Some(difference)) =
            (row.group.get(1), row.values.first(), row.differences.first())
        {
            let measure = format!("score:{name}.mean").parse().ok()?;
            pairs.push(Pair { measure, title: name.clone(), value, difference });
        }
    }
    let row = numbers.rows.iter().find(is_b)?;
    let known = of_row(&numbers.measures, row);
    for ((measure, value), difference) in numbers.measures.iter().zip(&row.values).zip(&row.differences).take(known) {
        pairs.push(Pair { measure: measure.clone(), title: title(measure), value, difference });
    }
    // What neither has is not worth a line.
    pairs.retain(|pair| pair.value.value.is_some() || pair.difference.baseline.is_some());
    let names = (by.name(a), by.name(b));
    let dimension = by.dimension().as_str();
    let (of_a, of_b) = (links.of(dimension, a), links.of(dimension, b));
    let said = sentences(&names, &pairs);
    let rows = pairs.into_iter().map(|pair| line(pair, &of_a, &of_b)).collect();
    Some(ComparedView { a: a.to_owned(), b: b.to_owned(), names, said, rows })
}

fn reading(pair: &Pair<'_>) -> Reading {
    let Some(interval) = pair.difference.interval else {
        let same = pair.difference.absolute.is_some_and(|by| by.abs() < f64::EPSILON);
        return if same { Reading::Same } else { Reading::NotEnough };
    };
    if interval.lower <= 0.0 && interval.upper >= 0.0 {
        return Reading::Unclear;
    }
    match less_is_better(&pair.measure) {
        true if interval.upper < 0.0 => Reading::Better,
        true => Reading::Worse,
        false => Reading::Differs,
    }
}

/// A difference in the measure's unit, with its sign.
fn signed(measure: &Measure, difference: f64) -> String {
    if measure.unit() == Unit::Share {
        return format::points(difference);
    }
    let text = written(measure, difference.abs(), 0);
    match difference {
        more if more > 0.0 => format!("+{text}"),
        less if less < 0.0 => format!("\u{2212}{text}"),
        _ => text,
    }
}

fn line(pair: Pair<'_>, of_a: &Links, of_b: &Links) -> ComparedRow {
    let reading = reading(&pair);
    let Pair { measure, title, value, difference } = pair;
    let before = MetricValue { value: difference.baseline, n: difference.baseline_n, ..MetricValue::NOTHING };
    let text = difference.absolute.map_or_else(|| NOTHING.to_owned(), |by| signed(&measure, by));
    let interval = difference
        .interval
        .map(|interval| format!("{} to {}", signed(&measure, interval.lower), signed(&measure, interval.upper)));
    let why = (reading == Reading::NotEnough).then(|| "Not enough is known of both for an interval".to_owned());
    let relative = difference.relative.zip(difference.relative_interval);
    ComparedRow {
        before: cell(&measure, &before, of_a, 0),
        after: Cell { interval: None, ..cell(&measure, value, of_b, 0) },
        difference: Cell { text, interval, why, n: difference.relative.map(format::change), href: None },
        relative: relative.map(|(by, interval)| (by, interval.lower, interval.upper)),
        title,
        reading,
    }
}

/// What can be said: what differs for certain, a sentence each; then what cannot be told.
fn sentences((a, b): &(String, String), pairs: &[Pair<'_>]) -> Vec<String> {
    let mut sure = Vec::new();
    let (mut unclear, mut unknown) = (Vec::new(), Vec::new());
    for pair in pairs {
        match (reading(pair), pair.difference.interval, pair.difference.absolute) {
            (Reading::Same, ..) => {}
            (Reading::Unclear, ..) => unclear.push(pair.title.clone()),
            (Reading::NotEnough, ..) | (_, None, _) | (_, _, None) => unknown.push(pair.title.clone()),
            (_, Some(interval), Some(by)) => {
                let way = if by > 0.0 { "higher" } else { "lower" };
                let size = written(&pair.measure, by.abs(), 0);
                let size = if pair.measure.unit() == Unit::Share { points(by.abs()) } else { size };
                let (mut least, mut most) = (interval.lower.abs(), interval.upper.abs());
                if least > most {
                    std::mem::swap(&mut least, &mut most);
                }
                let end = |value: f64| match pair.measure.unit() {
                    Unit::Share => points(value),
                    _ => written(&pair.measure, value, 0),
                };
                sure.push(format!(
                    "{}: {way} with {b} than with {a} by {size} (95% sure of {} to {}).",
                    pair.title,
                    end(least),
                    end(most)
                ));
            }
        }
    }
    if !unclear.is_empty() {
        sure.push(format!("No difference can be told in {}: what is seen could be luck.", listed(&unclear)));
    }
    if !unknown.is_empty() {
        sure.push(format!("Not enough data yet to judge {}.", listed(&unknown)));
    }
    sure
}

fn points(share: f64) -> String {
    format!("{} points", format::fixed(share * 100.0, 1))
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use domain::metric::{Interval, IntervalMethod};

    use super::*;

    fn difference(absolute: f64, interval: Option<(f64, f64)>) -> Difference {
        let interval = interval.map(|(lower, upper)| Interval { lower, upper, method: IntervalMethod::UnitGroups });
        Difference {
            baseline: Some(1.0),
            baseline_n: 10,
            absolute: Some(absolute),
            interval,
            relative: Some(absolute),
            relative_interval: None,
        }
    }

    #[test]
    fn what_differs_is_said_first_and_luck_is_called_luck() {
        let value = MetricValue { value: Some(1.0), n: 10, ..MetricValue::NOTHING };
        let pair = |word: &str, difference| {
            let measure: Measure = word.parse().unwrap();
            (measure, difference)
        };
        let cases = [
            pair("error_rate", difference(-0.05, Some((-0.08, -0.02)))),
            pair("latency.p50", difference(2e8, Some((1e8, 3e8)))),
            pair("score:correct.mean", difference(0.1, Some((0.05, 0.15)))),
            pair("cost.mean", difference(5.0, Some((-1.0, 11.0)))),
            pair("null_rate", difference(0.0, None)),
            pair("latency.p95", difference(1.0, None)),
        ];
        let pairs: Vec<Pair<'_>> = cases
            .iter()
            .map(|(measure, difference)| Pair {
                measure: measure.clone(),
                title: title(measure),
                value: &value,
                difference,
            })
            .collect();
        let readings: Vec<Reading> = pairs.iter().map(reading).collect();
        assert_eq!(
            readings,
            [Reading::Better, Reading::Worse, Reading::Differs, Reading::Unclear, Reading::Same, Reading::NotEnough]
        );
        let said = sentences(&("v3".to_owned(), "v4".to_owned()), &pairs);
        assert_eq!(
            said,
            [
                "Error rate: lower with v4 than with v3 by 5.0 points (95% sure of 2.0 points to 8.0 points).",
                "Latency, median: higher with v4 than with v3 by 200 ms (95% sure of 100 ms to 300 ms).",
                "correct: higher with v4 than with v3 by 0.1 (95% sure of 0.05 to 0.15).",
                "No difference can be told in Cost, mean: what is seen could be luck.",
                "Not enough data yet to judge Latency, p95.",
            ]
        );
    }

    #[test]
    fn names_are_listed_as_people_do() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(listed(&names), "a, b and c");
        assert_eq!(listed(&names[..1]), "a");
    }
}
