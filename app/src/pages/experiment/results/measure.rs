//! Numbers of metrics in the units people read.

use domain::{
    experiment::{Aggregation, MetricDefinition, MetricSource},
    metric::Unit,
};
use ui::format;

/// What a metric's number is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Measure {
    /// Nanoseconds.
    Time,
    /// Nano-dollars.
    Money,
    /// A share of a whole.
    Share,
    /// Any other number.
    Plain,
}

impl Measure {
    /// Of a metric.
    pub fn of(metric: &MetricDefinition) -> Self {
        Self::counted(&metric.source, metric.aggregation)
    }

    /// Of a source, however it is counted.
    pub fn counted(source: &MetricSource, how: Aggregation) -> Self {
        match (source, how) {
            (_, Aggregation::Rate) => Self::Share,
            (_, Aggregation::Count) => Self::Plain,
            (MetricSource::Errors | MetricSource::NullResponses, Aggregation::Ratio | Aggregation::UnitMean) => {
                Self::Share
            }
            _ => Self::of_source(source),
        }
    }

    /// Of a source's own values, one or their sum.
    pub fn of_source(source: &MetricSource) -> Self {
        match source {
            MetricSource::Quantity(quantity) => match quantity.unit() {
                Unit::Nanoseconds => Self::Time,
                Unit::NanoUsd => Self::Money,
                _ => Self::Plain,
            },
            _ => Self::Plain,
        }
    }

    /// A value.
    pub fn value(self, value: f64) -> String {
        match self {
            Self::Time => format::duration_ns(value as i64),
            Self::Money => format::money(value as i64),
            Self::Share => format::percent(value),
            Self::Plain => format::number(value),
        }
    }

    /// A difference, with its sign.
    pub fn difference(self, value: f64) -> String {
        if self == Self::Share {
            return points(value);
        }
        let text = self.value(value);
        if value > 0.0 && text.chars().any(|digit| matches!(digit, '1'..='9')) { format!("+{text}") } else { text }
    }

    /// A difference without its sign, for sentences.
    pub fn amount(self, value: f64) -> String {
        match self {
            Self::Share => points(value.abs()).trim_start_matches('+').replace("pts", "points"),
            _ => self.value(value.abs()),
        }
    }
}

/// Points with as many decimals as they need: `+4.1 pts`, `−0.04 pts`.
fn points(difference: f64) -> String {
    if difference != 0.0 && difference.abs() < 0.0005 {
        let text = format::fixed(difference * 100.0, 2);
        return if difference > 0.0 && text != "0.00" { format!("+{text} pts") } else { format!("{text} pts") };
    }
    format::points(difference)
}

/// What a metric counts, in words. `units` is what is split, in the plural.
pub fn how(metric: &MetricDefinition, units: &str) -> String {
    let unit = units.strip_suffix('s').unwrap_or(units);
    let per = match &metric.source {
        MetricSource::Event(_) => "event",
        MetricSource::Score(_) => "score",
        _ => "generation",
    };
    let counted = match metric.aggregation {
        Aggregation::Mean => format!("mean per {unit}"),
        Aggregation::Rate => format!("share of {units}"),
        Aggregation::Count => format!("count per {unit}"),
        Aggregation::Ratio if Measure::of(metric) == Measure::Share => format!("share of {per}s"),
        Aggregation::Ratio => format!("mean per {per}"),
        Aggregation::UnitMean => format!("mean of each {unit}’s mean"),
        Aggregation::Quantile(_) => format!("{} of {per}s", metric.aggregation),
    };
    match metric.window_hours {
        None => counted,
        Some(hours) if hours % 24 == 0 => {
            format!("{counted}, within {}", format::plural(i64::from(hours / 24), "day", "days"))
        }
        Some(hours) => format!("{counted}, within {}", format::plural(i64::from(hours), "hour", "hours")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(source: &str, how: &str) -> MetricDefinition {
        MetricDefinition {
            key: "m".parse().unwrap(),
            name: String::new(),
            source: source.parse().unwrap(),
            aggregation: how.parse().unwrap(),
            direction: domain::experiment::Direction::Higher,
            cap: None,
            window_hours: None,
        }
    }

    #[test]
    fn numbers_are_in_units_people_read() {
        let written = |source: &str, how: &str, value: f64| {
            let measure = Measure::of(&metric(source, how));
            (measure.value(value), measure.difference(value))
        };
        assert_eq!(written("latency", "p95", 2.41e9), ("2.41 s".to_owned(), "+2.41 s".to_owned()));
        assert_eq!(written("cost", "ratio", -80_000.0), ("−$0.000080".to_owned(), "−$0.000080".to_owned()));
        assert_eq!(written("input_cost", "mean", 1.2e9), ("$1.20".to_owned(), "+$1.20".to_owned()));
        assert_eq!(written("output_cost", "p95", 80_000.0).0, "$0.000080");
        assert_eq!(written("event:buy", "count", 3.0).0, "3");
        assert_eq!(written("event:buy", "rate", 0.041), ("4.1%".to_owned(), "+4.1 pts".to_owned()));
        assert_eq!(written("errors", "ratio", 0.0), ("0%".to_owned(), "0.0 pts".to_owned()));
        assert_eq!(written("score:thumbs", "ratio", 0.62), ("0.62".to_owned(), "+0.62".to_owned()));
    }

    #[test]
    fn what_is_counted_is_said() {
        assert_eq!(how(&metric("event:buy", "rate"), "users"), "share of users");
        assert_eq!(how(&metric("errors", "ratio"), "users"), "share of generations");
        assert_eq!(how(&metric("cost", "mean"), "sessions"), "mean per session");
        let within = MetricDefinition { window_hours: Some(48), ..metric("latency", "p95") };
        assert_eq!(how(&within, "users"), "p95 of generations, within 2 days");
    }
}
