//! The numbers of each version, as the Metrics tab shows them.

use domain::chart::ChartSpec;
use serde::{Deserialize, Serialize};

use crate::{measured::Measured, range::RangeShown};

/// The range when the address does not say.
pub const DEFAULT_RANGE: &str = "30d";

/// What the query string says of the Metrics tab.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricsQuery {
    /// `24h`, `7d`, …
    pub range: Option<String>,
    /// Start of a fixed range, RFC 3339.
    pub from: Option<String>,
    /// End of it.
    pub to: Option<String>,
    /// Only this environment.
    pub environment: Option<String>,
    /// Only this model.
    pub model: Option<String>,
    /// What the chart shows, see [`Trend`].
    pub metric: Option<String>,
}

/// What the chart can show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Trend {
    /// Mean of the scores of one name.
    Score(String),
    /// Median latency.
    Latency,
    /// 95th percentile of latency.
    LatencyP95,
    /// Median cost.
    Cost,
    /// Generations.
    Volume,
    /// Share of failed generations.
    Errors,
}

impl Trend {
    /// The word in the address.
    pub fn key(&self) -> String {
        match self {
            Self::Score(name) => format!("score:{name}"),
            Self::Latency => "latency".to_owned(),
            Self::LatencyP95 => "latency-p95".to_owned(),
            Self::Cost => "cost".to_owned(),
            Self::Volume => "volume".to_owned(),
            Self::Errors => "errors".to_owned(),
        }
    }

    /// From the address; `None` for a word it does not know.
    pub fn of(key: &str) -> Option<Self> {
        match key {
            "latency" => Some(Self::Latency),
            "latency-p95" => Some(Self::LatencyP95),
            "cost" => Some(Self::Cost),
            "volume" => Some(Self::Volume),
            "errors" => Some(Self::Errors),
            _ => key.strip_prefix("score:").map(|name| Self::Score(name.to_owned())),
        }
    }

    /// What it is called.
    pub fn title(&self) -> String {
        match self {
            Self::Score(name) => name.clone(),
            Self::Latency => "Latency, median".to_owned(),
            Self::LatencyP95 => "Latency, p95".to_owned(),
            Self::Cost => "Cost per generation, median".to_owned(),
            Self::Volume => "Generations".to_owned(),
            Self::Errors => "Error rate".to_owned(),
        }
    }

    /// The measure it asks for.
    pub fn measure(&self) -> String {
        match self {
            Self::Score(name) => format!("score:{name}.mean"),
            Self::Latency => "latency.p50".to_owned(),
            Self::LatencyP95 => "latency.p95".to_owned(),
            Self::Cost => "cost.p50".to_owned(),
            Self::Volume => "count".to_owned(),
            Self::Errors => "error_rate".to_owned(),
        }
    }
}

/// Everything the tab shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricsView {
    /// One row a version that was used in the range, newest first.
    pub rows: Vec<VersionRow>,
    /// Names of scores seen, sorted.
    pub score_names: Vec<String>,
    /// Environments to choose from.
    pub environments: Vec<String>,
    /// Models to choose from.
    pub models: Vec<String>,
    /// Key of the trend shown.
    pub trend: String,
    /// Its chart; none when nothing was seen.
    pub chart: Option<ChartSpec>,
    /// Colour of each version in the chart: version and place in the palette.
    pub palette: Vec<(u32, u32)>,
    /// The range chosen.
    pub range: RangeShown,
    /// Milliseconds the numbers lag behind what was stored.
    pub lag_ms: u64,
    /// Why they are not whole.
    pub partial: Option<String>,
    /// The server's present.
    pub now_us: i64,
}

/// The numbers of one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionRow {
    /// Its number.
    pub version: u32,
    /// What the registry knows of it; none for a version only spans name.
    pub known: Option<KnownVersion>,
    /// Share of the prompt's generations in the range.
    pub share: f64,
    /// Generations by step of time, for a small line.
    pub volume: Vec<f64>,
    /// Generations.
    pub count: Measured,
    /// Median latency, nanoseconds.
    pub latency_p50: Measured,
    /// 95th percentile.
    pub latency_p95: Measured,
    /// 99th percentile.
    pub latency_p99: Measured,
    /// Median time to the first token, nanoseconds.
    pub first_token_p50: Measured,
    /// Median input tokens.
    pub input_p50: Measured,
    /// Median output tokens.
    pub output_p50: Measured,
    /// All tokens.
    pub tokens_sum: Measured,
    /// Median cost, nano-dollars.
    pub cost_p50: Measured,
    /// Total cost.
    pub cost_sum: Measured,
    /// Share that failed.
    pub error_rate: Measured,
    /// Share that gave nothing back.
    pub null_rate: Measured,
    /// First generation, microseconds.
    pub first_us: Measured,
    /// Last one.
    pub last_us: Measured,
    /// Median over all scores together.
    pub score_p50: Measured,
    /// Scores by name, in the order of [`MetricsView::score_names`]; `None` where there are none.
    pub scores: Vec<Option<ScoreCell>>,
}

/// What the registry knows of a version.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct KnownVersion {
    /// Why it was made.
    pub message: Option<String>,
    /// Who made it.
    pub author: String,
    /// When.
    pub created_us: i64,
    /// Labels on it.
    pub labels: Vec<String>,
}

/// Scores of one name on one version.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreCell {
    /// How many.
    pub n: u64,
    /// Their sum.
    pub sum: f64,
    /// Their mean.
    pub mean: f64,
    /// Their median.
    pub p50: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl ScoreCell {
    /// Whether it counts yes and no: then "286 of 1,319" says more than a mean.
    pub fn is_share(&self) -> bool {
        let bit = |value: f64| value.abs() < f64::EPSILON || (value - 1.0).abs() < f64::EPSILON;
        // Only zeros and ones have a mean of squares equal to the mean; min, max and a whole sum are what is at hand.
        bit(self.min) && bit(self.max) && bit(self.p50) && (self.sum - self.sum.round()).abs() < 1e-9
    }

    /// The line under the mean.
    pub fn under(&self) -> String {
        let n = i64::try_from(self.n).unwrap_or(i64::MAX);
        if self.is_share() {
            return format!("{} of {}", ui::format::count(self.sum.round() as i64), ui::format::count(n));
        }
        format!("n {} · {} to {}", ui::format::count(n), ui::format::number(self.min), ui::format::number(self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trends_read_back_from_the_address() {
        for trend in
            [Trend::Latency, Trend::LatencyP95, Trend::Cost, Trend::Volume, Trend::Errors, Trend::Score("a.b".into())]
        {
            assert_eq!(Trend::of(&trend.key()), Some(trend.clone()));
            assert!(trend.measure().parse::<domain::metric::Measure>().is_ok(), "{}", trend.measure());
        }
        assert_eq!(Trend::of("nonsense"), None);
    }

    #[test]
    fn yes_and_no_are_shown_as_a_count() {
        let cell = ScoreCell { n: 1319, sum: 286.0, mean: 286.0 / 1319.0, p50: 0.0, min: 0.0, max: 1.0 };
        assert_eq!(cell.under(), "286 of 1,319");
        let stars = ScoreCell { n: 3, sum: 12.0, mean: 4.0, p50: 4.0, min: 3.0, max: 5.0 };
        assert_eq!(stars.under(), "n 3 · 3 to 5");
    }
}
