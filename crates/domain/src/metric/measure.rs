use std::{fmt, str::FromStr};

use super::Unit;
use crate::{Invalid, invalid::shown, score::ScoreName};

/// What is measured on a generation.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Quantity {
    /// End minus start, nanoseconds.
    Latency,
    /// First token minus start, nanoseconds.
    TimeToFirstToken,
    /// Total cost, nano-dollars.
    Cost,
    /// Cost of the input, nano-dollars.
    InputCost,
    /// Cost of the output, nano-dollars.
    OutputCost,
    /// Tokens read, cached ones included.
    InputTokens,
    /// Tokens written, reasoning included.
    OutputTokens,
    /// All tokens.
    TotalTokens,
}

impl Quantity {
    /// Every quantity.
    pub const ALL: [Self; 8] = [
        Self::Latency,
        Self::TimeToFirstToken,
        Self::Cost,
        Self::InputCost,
        Self::OutputCost,
        Self::InputTokens,
        Self::OutputTokens,
        Self::TotalTokens,
    ];

    /// The word in a measure.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::TimeToFirstToken => "time_to_first_token",
            Self::Cost => "cost",
            Self::InputCost => "input_cost",
            Self::OutputCost => "output_cost",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::TotalTokens => "total_tokens",
        }
    }

    /// What its values count.
    pub fn unit(self) -> Unit {
        match self {
            Self::Latency | Self::TimeToFirstToken => Unit::Nanoseconds,
            Self::Cost | Self::InputCost | Self::OutputCost => Unit::NanoUsd,
            Self::InputTokens | Self::OutputTokens | Self::TotalTokens => Unit::Tokens,
        }
    }
}

/// What is made of many values.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Statistic {
    /// How many values there are.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// Sample standard deviation.
    StandardDeviation,
    /// Smallest, within 1% (exact on a score grid).
    Min,
    /// Largest, likewise.
    Max,
    /// 10th percentile, within 1%.
    P10,
    /// Lower quartile, within 1%.
    P25,
    /// Median, within 1%.
    P50,
    /// Upper quartile, within 1%.
    P75,
    /// 90th percentile, within 1%.
    P90,
    /// 95th percentile, within 1%.
    P95,
    /// 99th percentile, within 1%.
    P99,
}

impl Statistic {
    /// Every statistic.
    pub const ALL: [Self; 13] = [
        Self::Count,
        Self::Sum,
        Self::Mean,
        Self::StandardDeviation,
        Self::Min,
        Self::Max,
        Self::P10,
        Self::P25,
        Self::P50,
        Self::P75,
        Self::P90,
        Self::P95,
        Self::P99,
    ];

    /// The word in a measure.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::StandardDeviation => "sd",
            Self::Min => "min",
            Self::Max => "max",
            Self::P10 => "p10",
            Self::P25 => "p25",
            Self::P50 => "p50",
            Self::P75 => "p75",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
        }
    }

    /// The share of values at or below it, for quantiles.
    pub fn quantile(self) -> Option<f64> {
        match self {
            Self::Min => Some(0.0),
            Self::Max => Some(1.0),
            Self::P10 => Some(0.10),
            Self::P25 => Some(0.25),
            Self::P50 => Some(0.50),
            Self::P75 => Some(0.75),
            Self::P90 => Some(0.90),
            Self::P95 => Some(0.95),
            Self::P99 => Some(0.99),
            Self::Count | Self::Sum | Self::Mean | Self::StandardDeviation => None,
        }
    }
}

/// One number to compute. In JSON and addresses it is a text:
/// `count`, `errors`, `error_rate`, `null_responses`, `null_rate`, `per_minute`, `per_hour`, `per_day`, `first_seen`,
/// `last_seen`, `adoption`, `latency.p95` (any quantity and statistic), `score.mean` (all numeric and boolean scores together) or
/// `score:correct.mean` (the scores of one name).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Measure {
    /// Generations.
    Count,
    /// Failed ones.
    Errors,
    /// Failed ones as a share.
    ErrorRate,
    /// Ones that gave nothing back.
    NullResponses,
    /// Those as a share.
    NullRate,
    /// Generations a minute over the step or range.
    PerMinute,
    /// Generations an hour.
    PerHour,
    /// Generations a day.
    PerDay,
    /// Start of the first generation, microseconds since 1970.
    FirstSeen,
    /// Start of the last one.
    LastSeen,
    /// A version's share of the generations that are the same in every other dimension asked for, in the same step.
    Adoption,
    /// A statistic of a quantity.
    Of(Quantity, Statistic),
    /// A statistic of the scores of one name, or of all names together.
    Score(Option<ScoreName>, Statistic),
}

impl Measure {
    /// The plain words, in the order documented.
    const WORDS: [(&'static str, Self); 11] = [
        ("count", Self::Count),
        ("errors", Self::Errors),
        ("error_rate", Self::ErrorRate),
        ("null_responses", Self::NullResponses),
        ("null_rate", Self::NullRate),
        ("per_minute", Self::PerMinute),
        ("per_hour", Self::PerHour),
        ("per_day", Self::PerDay),
        ("first_seen", Self::FirstSeen),
        ("last_seen", Self::LastSeen),
        ("adoption", Self::Adoption),
    ];

    /// Whether it is about scores.
    pub fn is_score(&self) -> bool {
        matches!(self, Self::Score(..))
    }

    /// What its value counts.
    pub fn unit(&self) -> Unit {
        match self {
            Self::Count
            | Self::Errors
            | Self::NullResponses
            | Self::Of(_, Statistic::Count)
            | Self::Score(_, Statistic::Count) => Unit::Count,
            Self::ErrorRate | Self::NullRate | Self::Adoption => Unit::Share,
            Self::PerMinute | Self::PerHour | Self::PerDay => Unit::Rate,
            Self::FirstSeen | Self::LastSeen => Unit::TimeUs,
            Self::Of(quantity, _) => quantity.unit(),
            Self::Score(..) => Unit::Score,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(quantity, statistic) => write!(f, "{}.{}", quantity.as_str(), statistic.as_str()),
            Self::Score(None, statistic) => write!(f, "score.{}", statistic.as_str()),
            Self::Score(Some(name), statistic) => write!(f, "score:{}.{}", name.as_str(), statistic.as_str()),
            plain => {
                let word = Self::WORDS.iter().find(|(_, measure)| measure == plain).map_or("", |(word, _)| word);
                f.write_str(word)
            }
        }
    }
}

impl FromStr for Measure {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if let Some((_, measure)) = Self::WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(measure.clone());
        }
        let unknown = || {
            Invalid::new(format!(
                "unknown measure `{}`; known: `count`, `errors`, `error_rate`, `null_responses`, `null_rate`, `per_minute`, \
                 `per_hour`, `per_day`, `first_seen`, `last_seen`, `adoption`, `score.STATISTIC`, `score:NAME.STATISTIC`, and \
                 `QUANTITY.STATISTIC` such as `latency.p95`",
                shown(text)
            ))
        };
        // A score's name may hold dots, so the statistic is what follows the last one.
        let (subject, statistic) = text.rsplit_once('.').ok_or_else(unknown)?;
        let statistic = Statistic::ALL.into_iter().find(|s| s.as_str() == statistic).ok_or_else(unknown)?;
        if subject == "score" {
            return Ok(Self::Score(None, statistic));
        }
        if let Some(name) = subject.strip_prefix("score:") {
            return Ok(Self::Score(Some(ScoreName::try_from(name.to_owned())?), statistic));
        }
        let quantity = Quantity::ALL.into_iter().find(|q| q.as_str() == subject).ok_or_else(unknown)?;
        Ok(Self::Of(quantity, statistic))
    }
}

crate::as_text::as_text!(Measure);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_reads_back_what_it_writes() {
        let mut measures: Vec<Measure> = Measure::WORDS.iter().map(|(_, measure)| measure.clone()).collect();
        for statistic in Statistic::ALL {
            measures.extend(Quantity::ALL.map(|quantity| Measure::Of(quantity, statistic)));
            measures.push(Measure::Score(None, statistic));
            measures.push(Measure::Score(Some(ScoreName::try_from("judge: v1.2".to_owned()).unwrap()), statistic));
        }
        for measure in measures {
            assert_eq!(measure.to_string().parse::<Measure>().unwrap(), measure);
        }
        for wrong in ["", "ctr", "latency", "latency.p42", "score:.mean", ".mean"] {
            assert!(wrong.parse::<Measure>().is_err(), "{wrong}");
        }
    }
}
