//! The measures the tab knows by name, and which of them each table shows. Server only.

use domain::metric::{Dimension, Measure, Quantity, Statistic, Subject};

/// What rows are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum By {
    Version,
    Model,
    Environment,
    Segment,
    User,
}

impl By {
    const ALL: [Self; 5] = [Self::Version, Self::Model, Self::Environment, Self::Segment, Self::User];

    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.dimension().as_str() == word)
    }

    pub(super) fn dimension(self) -> Dimension {
        match self {
            Self::Version => Dimension::Version,
            Self::Model => Dimension::Model,
            Self::Environment => Dimension::Environment,
            Self::Segment => Dimension::Segment,
            Self::User => Dimension::User,
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Version => "Version",
            Self::Model => "Model",
            Self::Environment => "Environment",
            Self::Segment => "Segment",
            Self::User => "User",
        }
    }

    /// What a row with this key is called.
    pub(super) fn name(self, key: &str) -> String {
        match self {
            _ if key.is_empty() => format!("no {}", self.dimension().as_str()),
            Self::Version => format!("v{key}"),
            _ => key.to_owned(),
        }
    }
}

/// Which numbers the table has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    Overview,
    Quality,
    Speed,
    Tokens,
    Cost,
    Traffic,
}

impl Family {
    const ALL: [(&'static str, Self); 6] = [
        ("overview", Self::Overview),
        ("quality", Self::Quality),
        ("speed", Self::Speed),
        ("tokens", Self::Tokens),
        ("cost", Self::Cost),
        ("traffic", Self::Traffic),
    ];

    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == word).map(|(_, family)| family)
    }

    pub(super) fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, family)| *family == self).map_or("overview", |(word, _)| word)
    }

    /// Its columns. The overview has the means of the first scores besides.
    pub(super) fn measures(self) -> &'static [&'static str] {
        match self {
            Self::Overview => &["count", "latency.p50", "latency.p95", "cost.p50", "error_rate"],
            Self::Quality => &["count", "score.count", "score.p50", "error_rate", "null_rate", "null_responses"],
            Self::Speed => &[
                "count",
                "latency.p50",
                "latency.p95",
                "latency.p99",
                "latency.mean",
                "latency.max",
                "time_to_first_token.p50",
                "time_to_first_token.p95",
            ],
            Self::Tokens => &[
                "count",
                "input_tokens.p50",
                "output_tokens.p50",
                "total_tokens.p50",
                "input_tokens.sum",
                "output_tokens.sum",
                "total_tokens.sum",
            ],
            Self::Cost => {
                &["count", "cost.p50", "cost.mean", "cost.p95", "cost.sum", "input_cost.sum", "output_cost.sum"]
            }
            Self::Traffic => {
                &["count", "adoption", "per_minute", "per_hour", "per_day", "errors", "first_seen", "last_seen"]
            }
        }
    }
}

/// What the chart can show besides means of scores.
pub(super) const TRENDS: [&str; 14] = [
    "latency.p50",
    "latency.p95",
    "latency.p99",
    "time_to_first_token.p50",
    "cost.p50",
    "cost.sum",
    "count",
    "adoption",
    "error_rate",
    "null_rate",
    "input_tokens.p50",
    "output_tokens.p50",
    "total_tokens.sum",
    "score.p50",
];
/// Of them, those shown together as small charts.
pub(super) const SMALL: [&str; 8] = [
    "latency.p50",
    "latency.p95",
    "time_to_first_token.p50",
    "cost.p50",
    "output_tokens.p50",
    "count",
    "error_rate",
    "null_rate",
];
/// Means of scores among the small charts, and in the overview.
pub(super) const MAIN_SCORES: usize = 3;

/// What two rows are compared by besides the means of scores. The means of quantities: their differences add up to what is
/// paid and waited for.
pub(super) const COMPARED: [&str; 7] = [
    "latency.p50",
    "latency.p95",
    "time_to_first_token.p50",
    "cost.mean",
    "output_tokens.mean",
    "error_rate",
    "null_rate",
];

/// What can have its distribution shown besides scores.
pub(super) const SUBJECTS: [Quantity; 5] =
    [Quantity::Latency, Quantity::TimeToFirstToken, Quantity::Cost, Quantity::InputTokens, Quantity::OutputTokens];

/// What a measure is called, above a chart.
pub(super) fn title(measure: &Measure) -> String {
    let plain = match measure {
        Measure::Count => "Generations",
        Measure::Errors => "Failed generations",
        Measure::ErrorRate => "Error rate",
        Measure::NullResponses => "Null responses",
        Measure::NullRate => "Null responses, share",
        Measure::PerMinute => "Generations a minute",
        Measure::PerHour => "Generations an hour",
        Measure::PerDay => "Generations a day",
        Measure::FirstSeen => "First generation",
        Measure::LastSeen => "Last generation",
        Measure::Adoption => "Share of traffic",
        Measure::Of(quantity, statistic) => {
            return format!("{}, {}", quantity_name(*quantity), statistic_name(*statistic));
        }
        Measure::Score(None, statistic) => return format!("All scores, {}", statistic_name(*statistic)),
        Measure::Score(Some(name), Statistic::Mean) => return name.as_str().to_owned(),
        Measure::Score(Some(name), statistic) => return format!("{}, {}", name.as_str(), statistic_name(*statistic)),
    };
    plain.to_owned()
}

/// What it is called above a column, and what that means.
pub(super) fn heading(measure: &Measure) -> (String, String) {
    let hint = match measure {
        Measure::Count => "Generations that count for this prompt",
        Measure::Errors => "Generations that failed",
        Measure::ErrorRate => "Generations that failed, as a share",
        Measure::NullResponses => "Generations that gave nothing back",
        Measure::NullRate => "Generations that gave nothing back, as a share",
        Measure::PerMinute | Measure::PerHour | Measure::PerDay => "Over the range, up to now",
        Measure::FirstSeen | Measure::LastSeen => "When it began",
        Measure::Adoption => "Of the generations of all versions in the range",
        Measure::Of(Quantity::TimeToFirstToken, _) => {
            "From the start until the first token came, where it was reported"
        }
        Measure::Of(Quantity::InputTokens, _) => "Tokens read, cached ones included",
        Measure::Of(Quantity::OutputTokens, _) => "Tokens written, reasoning included",
        Measure::Of(_, Statistic::Sum | Statistic::Mean) => "Exact",
        Measure::Of(..) => "Within 1%",
        Measure::Score(None, Statistic::Count) => "Numeric and yes-or-no scores",
        Measure::Score(None, _) => "Over all numeric and yes-or-no scores together, whatever their scales",
        Measure::Score(Some(_), _) => "Mean of the scores of this name",
    };
    (title(measure), hint.to_owned())
}

/// What a subject is called.
pub(super) fn subject_title(subject: &Subject) -> String {
    match subject {
        Subject::Of(quantity) => quantity_name(*quantity).to_owned(),
        Subject::Score(None) => "All scores".to_owned(),
        Subject::Score(Some(name)) => name.as_str().to_owned(),
    }
}

fn quantity_name(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Latency => "Latency",
        Quantity::TimeToFirstToken => "Time to first token",
        Quantity::Cost => "Cost",
        Quantity::InputCost => "Cost of input",
        Quantity::OutputCost => "Cost of output",
        Quantity::InputTokens => "Tokens in",
        Quantity::OutputTokens => "Tokens out",
        Quantity::TotalTokens => "Tokens",
    }
}

fn statistic_name(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Count => "number",
        Statistic::Sum => "total",
        Statistic::Mean => "mean",
        Statistic::StandardDeviation => "standard deviation",
        Statistic::Min => "smallest",
        Statistic::Max => "largest",
        Statistic::P50 => "median",
        Statistic::P10 => "p10",
        Statistic::P25 => "p25",
        Statistic::P75 => "p75",
        Statistic::P90 => "p90",
        Statistic::P95 => "p95",
        Statistic::P99 => "p99",
    }
}

/// Whether less of it is better for everybody; of scores and tokens that is not for us to say.
pub(super) fn less_is_better(measure: &Measure) -> bool {
    match measure {
        Measure::ErrorRate | Measure::NullRate | Measure::Errors | Measure::NullResponses => true,
        Measure::Of(quantity, _) => {
            !matches!(quantity, Quantity::InputTokens | Quantity::OutputTokens | Quantity::TotalTokens)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_a_measure_with_a_title() {
        let families = Family::ALL.into_iter().flat_map(|(_, family)| family.measures());
        for word in families.chain(&TRENDS).chain(&SMALL).chain(&COMPARED) {
            let measure: Measure = word.parse().unwrap_or_else(|error| panic!("{word}: {error}"));
            assert!(!title(&measure).is_empty() && !heading(&measure).1.is_empty());
        }
        for (word, family) in Family::ALL {
            assert_eq!(Family::of(word), Some(family));
            assert_eq!(family.word(), word);
        }
        assert_eq!(By::of("user"), Some(By::User));
        assert_eq!((By::of("prompt"), Family::of("")), (None, None));
    }

    #[test]
    fn rows_without_a_value_say_what_they_lack() {
        assert_eq!(By::Model.name(""), "no model");
        assert_eq!(By::Version.name("3"), "v3");
    }
}
