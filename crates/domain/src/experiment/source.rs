use std::{fmt, str::FromStr};

use super::EventName;
use crate::{Invalid, invalid::shown, metric::Quantity, score::ScoreName};

/// What a metric reads. A row is a generation on the slot's prompt, a score about one, or an outcome event. In JSON a text:
/// a quantity such as `latency` or `cost`, `generations`, `errors`, `null_responses`, `score:NAME` or `event:NAME`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum MetricSource {
    /// A quantity of generations: nanoseconds, nano-dollars or tokens. Generations that do not tell it are no rows.
    Quantity(Quantity),
    /// Generations themselves.
    Generations,
    /// 1 for a generation that failed, else 0.
    Errors,
    /// 1 for a generation that gave nothing back, else 0.
    NullResponses,
    /// The value of numeric and boolean scores of this name.
    Score(ScoreName),
    /// The value of outcome events of this name, 1 where none was sent.
    Event(EventName),
}

impl MetricSource {
    /// Whether its values are amounts without an upper bound, which may be capped.
    pub fn is_amount(&self) -> bool {
        matches!(self, Self::Quantity(_) | Self::Event(_))
    }

    /// Whether the aggregation of it means something.
    pub fn allows(&self, how: Aggregation) -> bool {
        let is_time = matches!(self, Self::Quantity(Quantity::Latency | Quantity::TimeToFirstToken));
        match (self, how) {
            (Self::Generations, how) => how == Aggregation::Count,
            (_, Aggregation::Ratio | Aggregation::UnitMean) => true,
            // The time of a unit's generations added up says how many there were, no more.
            (_, Aggregation::Mean) => !is_time && !matches!(self, Self::Errors | Self::NullResponses),
            (_, Aggregation::Rate | Aggregation::Count) => !matches!(self, Self::Quantity(_)),
            (_, Aggregation::Quantile(_)) => matches!(self, Self::Quantity(_) | Self::Score(_)),
        }
    }
}

impl fmt::Display for MetricSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quantity(quantity) => f.write_str(quantity.as_str()),
            Self::Generations => f.write_str("generations"),
            Self::Errors => f.write_str("errors"),
            Self::NullResponses => f.write_str("null_responses"),
            Self::Score(name) => write!(f, "score:{}", name.as_str()),
            Self::Event(name) => write!(f, "event:{name}"),
        }
    }
}

impl FromStr for MetricSource {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if let Some(name) = text.strip_prefix("score:") {
            return Ok(Self::Score(ScoreName::try_from(name.to_owned())?));
        }
        if let Some(name) = text.strip_prefix("event:") {
            return name.parse().map(Self::Event);
        }
        match text {
            "generations" => return Ok(Self::Generations),
            "errors" => return Ok(Self::Errors),
            "null_responses" => return Ok(Self::NullResponses),
            _ => {}
        }
        Quantity::ALL.into_iter().find(|quantity| quantity.as_str() == text).map(Self::Quantity).ok_or_else(|| {
            let known: Vec<String> = Quantity::ALL.iter().map(|quantity| format!("`{}`", quantity.as_str())).collect();
            Invalid::new(format!(
                "unknown source `{}`; known: {}, `generations`, `errors`, `null_responses`, `score:NAME`, `event:NAME`",
                shown(text),
                known.join(", ")
            ))
        })
    }
}

/// How rows become one number an arm. In JSON a text: `mean`, `rate`, `count`, `ratio`, `unit_mean` or a quantile such as
/// `p95`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Aggregation {
    /// The sum of a unit's rows, averaged over all exposed units: cost per user. A unit without rows counts as 0.
    Mean,
    /// The share of exposed units whose rows sum to more than 0: conversion, anybody with an error.
    Rate,
    /// The number of a unit's rows, averaged over all exposed units; of errors and null responses only those that are one.
    Count,
    /// The sum over all rows by the number of rows: the mean score a generation, the error rate. Heavy units weigh more.
    Ratio,
    /// Each unit's own mean, averaged over the units that have rows: each unit weighs the same.
    UnitMean,
    /// A quantile over rows.
    Quantile(QuantileLevel),
}

/// The quantiles offered; each needs enough rows beyond it to have an interval.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum QuantileLevel {
    /// The median.
    P50,
    /// Upper quartile.
    P75,
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
}

impl QuantileLevel {
    /// The share of rows at or below it.
    pub fn share(self) -> f64 {
        match self {
            Self::P50 => 0.50,
            Self::P75 => 0.75,
            Self::P90 => 0.90,
            Self::P95 => 0.95,
            Self::P99 => 0.99,
        }
    }
}

impl Aggregation {
    /// Every aggregation.
    pub const ALL: [Self; 10] = [
        Self::Mean,
        Self::Rate,
        Self::Count,
        Self::Ratio,
        Self::UnitMean,
        Self::Quantile(QuantileLevel::P50),
        Self::Quantile(QuantileLevel::P75),
        Self::Quantile(QuantileLevel::P90),
        Self::Quantile(QuantileLevel::P95),
        Self::Quantile(QuantileLevel::P99),
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Rate => "rate",
            Self::Count => "count",
            Self::Ratio => "ratio",
            Self::UnitMean => "unit_mean",
            Self::Quantile(QuantileLevel::P50) => "p50",
            Self::Quantile(QuantileLevel::P75) => "p75",
            Self::Quantile(QuantileLevel::P90) => "p90",
            Self::Quantile(QuantileLevel::P95) => "p95",
            Self::Quantile(QuantileLevel::P99) => "p99",
        }
    }

    /// Whether every unit has a value, also one that did nothing: what can be corrected for a split that moves.
    pub fn is_of_every_unit(self) -> bool {
        matches!(self, Self::Mean | Self::Rate | Self::Count)
    }

    /// Whether large values move it without bound, so that a cap helps.
    pub fn is_of_amounts(self) -> bool {
        matches!(self, Self::Mean | Self::Ratio | Self::UnitMean)
    }
}

impl fmt::Display for Aggregation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Aggregation {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|how| how.as_str() == text).ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(|how| format!("`{how}`")).collect();
            Invalid::new(format!("unknown aggregation `{}`; known: {}", shown(text), known.join(", ")))
        })
    }
}

crate::as_text::as_text!(MetricSource, Aggregation);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_aggregations_read_back_what_they_write() {
        let mut sources: Vec<MetricSource> =
            ["generations", "errors", "null_responses", "score:judge: v1.2", "event:checkout.completed"]
                .map(|text| text.parse().unwrap())
                .to_vec();
        sources.extend(Quantity::ALL.map(MetricSource::Quantity));
        for source in sources {
            assert_eq!(source.to_string().parse::<MetricSource>().unwrap(), source);
            assert!(Aggregation::ALL.iter().any(|how| source.allows(*how)), "{source} cannot be aggregated");
        }
        for how in Aggregation::ALL {
            assert_eq!(how.to_string().parse::<Aggregation>().unwrap(), how);
        }
        for wrong in ["", "ctr", "score:", "event:", "event:two words"] {
            assert!(wrong.parse::<MetricSource>().is_err(), "{wrong}");
        }
        assert!("p42".parse::<Aggregation>().is_err());
    }

    #[test]
    fn only_sums_that_mean_something_are_allowed() {
        let allowed = |source: &str, how: &str| {
            source.parse::<MetricSource>().unwrap().allows(how.parse::<Aggregation>().unwrap())
        };
        assert!(allowed("latency", "p95") && allowed("cost", "mean") && allowed("errors", "ratio"));
        assert!(allowed("event:signup", "rate") && allowed("score:thumbs", "ratio") && allowed("generations", "count"));
        assert!(!allowed("latency", "mean") && !allowed("errors", "p95") && !allowed("generations", "ratio"));
        assert!(!allowed("cost", "rate") && !allowed("event:signup", "p95"));
    }
}
