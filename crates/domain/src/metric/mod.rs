//! `MetricQuery`: the one question every number on every page and API answers through.

mod answer;
mod measure;

use serde::{Deserialize, Serialize};

pub use answer::{MetricAnswer, MetricRow, MetricValue, Unit};
pub use measure::{Measure, Quantity, Statistic};

use crate::{Invalid, time::TimeRange};

/// What an answer can be split by.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// The prompt's name as linked.
    Prompt,
    /// The prompt version's number. Splitting or filtering by it needs the prompt to be fixed or split too.
    Version,
    /// The model that answered.
    Model,
    /// The environment.
    Environment,
    /// The name of the score; only for score measures.
    ScoreName,
    /// The level a score was given at: `observation`, `trace`, `session`; only for score measures.
    ScoreLevel,
}

impl Dimension {
    /// The word in JSON and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Version => "version",
            Self::Model => "model",
            Self::Environment => "environment",
            Self::ScoreName => "score_name",
            Self::ScoreLevel => "score_level",
        }
    }
}

/// Keeps only what has one of the values in a dimension. Several filters all have to hold.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// In which dimension.
    pub dimension: Dimension,
    /// The values that stay, as text; 1 to 100. The empty text stands for "none" (no model, no link).
    pub values: Vec<String>,
}

/// The width of a step in time.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// One row an hour, UTC.
    Hour,
    /// One row a day, UTC.
    Day,
}

/// A question about the generations of a project and their scores.
///
/// ```
/// # use domain::{metric::{Dimension, MetricQuery}, time::{TimeRange, TimeUs}};
/// let question = MetricQuery {
///     measures: vec!["count".parse()?, "latency.p95".parse()?, "score.mean".parse()?],
///     dimensions: vec![Dimension::Version],
///     filters: vec![],
///     range: TimeRange::new(TimeUs(0), TimeUs(86_400_000_000))?,
///     granularity: None,
/// };
/// question.check()?;
/// # Ok::<(), domain::Invalid>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricQuery {
    /// What to compute, 1 to 40, in the order the answer has them.
    pub measures: Vec<Measure>,
    /// What to split by, in the order the answer's groups have them.
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
    /// What to keep.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// When. Answered in whole hours: the start is rounded down, the end up.
    pub range: TimeRange,
    /// One row a step, or one for the whole range.
    #[serde(default)]
    pub granularity: Option<Granularity>,
}

impl MetricQuery {
    /// Checks what the types cannot say: sizes, and that dimensions fit the measures.
    ///
    /// # Errors
    /// With what was wrong and what would be right.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.measures.is_empty() || self.measures.len() > 40 {
            return Err(Invalid::new(format!("`measures` has 1 to 40 entries, not {}", self.measures.len())));
        }
        let mut seen = Vec::new();
        for dimension in &self.dimensions {
            if seen.contains(dimension) {
                return Err(Invalid::new(format!("`dimensions` names `{}` twice", dimension.as_str())));
            }
            seen.push(*dimension);
        }
        for filter in &self.filters {
            if filter.values.is_empty() || filter.values.len() > 100 {
                return Err(Invalid::new(format!(
                    "the filter on `{}` has 1 to 100 values, not {}",
                    filter.dimension.as_str(),
                    filter.values.len()
                )));
            }
        }
        let all_scores = self.measures.iter().all(Measure::is_score);
        let scores_only = |dimension: Dimension| matches!(dimension, Dimension::ScoreName | Dimension::ScoreLevel);
        if !all_scores
            && let Some(wrong) =
                seen.iter().copied().chain(self.filters.iter().map(|f| f.dimension)).find(|d| scores_only(*d))
        {
            return Err(Invalid::new(format!(
                "`{}` splits scores, so every measure must be a score measure such as `score.mean`",
                wrong.as_str()
            )));
        }
        let steps = match self.granularity {
            None => 1,
            Some(Granularity::Hour) => self.range.length_us() / 3_600_000_000,
            Some(Granularity::Day) => self.range.length_us() / 86_400_000_000,
        };
        if steps > 2_200 {
            return Err(Invalid::new(format!(
                "the range has {steps} steps; at most 2,200 (90 days by hour): use `day`"
            )));
        }
        Ok(())
    }
}
