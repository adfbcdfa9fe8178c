//! `MetricQuery`: the one question every number on every page and API answers through.

mod answer;
mod dimension;
mod measure;
mod subject;

use serde::{Deserialize, Serialize};

pub use answer::{
    Bin, Category, Difference, Distribution, Interval, IntervalMethod, LEVEL, MetricAnswer, MetricRow, MetricValue,
    NoInterval, Unit,
};
pub use dimension::{Dimension, Filter};
pub use measure::{Measure, Quantity, Statistic};
pub use subject::Subject;

use crate::{invalid::shown, problem::FieldProblem, time::TimeRange};

/// Most rows of time in one answer: 90 days by hour.
pub const STEPS: usize = 2_200;

/// The width of a step in time.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// One row a minute. Answered from the generations themselves, within a bound.
    Minute,
    /// One row an hour.
    Hour,
    /// One row a day, from midnight to midnight in the query's zone.
    Day,
}

impl Granularity {
    /// Its usual width in microseconds; a day in a zone may have 23 or 25 hours.
    pub fn width_us(self) -> i64 {
        match self {
            Self::Minute => 60_000_000,
            Self::Hour => 3_600_000_000,
            Self::Day => 86_400_000_000,
        }
    }
}

/// What every row is compared with.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Comparison {
    /// The same group in another range.
    Range(TimeRange),
    /// The group that has this value in this dimension, and the row's own values in the others.
    Group {
        /// A dimension of the query.
        dimension: Dimension,
        /// The baseline's value in it.
        value: String,
    },
}

/// A question about the generations of a project and their scores.
///
/// ```
/// # use domain::{metric::{Dimension, MetricQuery}, time::{TimeRange, TimeUs}};
/// let question = MetricQuery {
///     measures: vec!["count".parse()?, "latency.p95".parse()?, "score.mean".parse()?],
///     dimensions: vec![Dimension::Version],
///     ..MetricQuery::over(TimeRange::new(TimeUs(0), TimeUs(86_400_000_000))?)
/// };
/// assert!(question.check().is_ok());
/// # Ok::<(), domain::Invalid>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricQuery {
    /// What to compute, at most 40, in the order the answer has them.
    #[serde(default)]
    pub measures: Vec<Measure>,
    /// What to show the spread of, at most 8. A query has measures or distributions or both.
    #[serde(default)]
    pub distributions: Vec<Subject>,
    /// What to split by, in the order the answer's groups have them.
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
    /// What to keep.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// When.
    pub range: TimeRange,
    /// One row a step, or one for the whole range.
    #[serde(default)]
    pub granularity: Option<Granularity>,
    /// Where midnight is: a name such as `Europe/Berlin`, or an offset such as `+05:30`. UTC when absent.
    #[serde(default)]
    pub zone: Option<String>,
    /// What to compare with.
    #[serde(default)]
    pub compare: Option<Comparison>,
    /// Whether numbers come with how sure they are. Looking at how they spread over units is most of the work.
    #[serde(default = "asked")]
    pub intervals: bool,
}

fn asked() -> bool {
    true
}

impl MetricQuery {
    /// A question about a range that asks nothing yet.
    pub fn over(range: TimeRange) -> Self {
        Self {
            measures: Vec::new(),
            distributions: Vec::new(),
            dimensions: Vec::new(),
            filters: Vec::new(),
            range,
            granularity: None,
            zone: None,
            compare: None,
            intervals: true,
        }
    }

    /// Checks what the types cannot say: sizes, and that parts fit each other. Time zones are checked when they are used.
    ///
    /// # Errors
    /// The field, with what was wrong and what would be right.
    pub fn check(&self) -> Result<(), FieldProblem> {
        self.check_subjects()?;
        self.check_dimensions()?;
        self.check_filters()?;
        self.check_comparison()?;
        if let Some(granularity) = self.granularity {
            let steps = self.range.length_us() / granularity.width_us();
            if steps > STEPS as i64 {
                let wider = if granularity == Granularity::Minute { "`hour` or `day`" } else { "`day`" };
                return Err(wrong(
                    "granularity",
                    format!(
                        "the range has {steps} steps; at most 2,200 (90 days by hour, 36 hours by minute): use {wider}"
                    ),
                ));
            }
        }
        Ok(())
    }

    fn check_subjects(&self) -> Result<(), FieldProblem> {
        if self.measures.is_empty() && self.distributions.is_empty() {
            return Err(wrong("measures", "`measures` has 1 to 40 entries, not 0, unless `distributions` has some"));
        }
        if self.measures.len() > 40 {
            return Err(wrong("measures", format!("`measures` has 1 to 40 entries, not {}", self.measures.len())));
        }
        if self.distributions.len() > 8 {
            let count = self.distributions.len();
            return Err(wrong("distributions", format!("`distributions` has at most 8 entries, not {count}")));
        }
        if self.measures.contains(&Measure::Adoption) && !self.dimensions.contains(&Dimension::Version) {
            return Err(wrong("measures", "`adoption` is a version's share of the traffic: split by `version`"));
        }
        Ok(())
    }

    fn check_dimensions(&self) -> Result<(), FieldProblem> {
        let mut seen = Vec::new();
        for dimension in &self.dimensions {
            if seen.contains(dimension) {
                return Err(wrong("dimensions", format!("`dimensions` names `{}` twice", dimension.as_str())));
            }
            seen.push(*dimension);
        }
        let all_scores =
            self.measures.iter().all(Measure::is_score) && self.distributions.iter().all(Subject::is_score);
        let of_filters = self.filters.iter().map(|filter| ("filters", filter.dimension));
        let mut used = self.dimensions.iter().map(|dimension| ("dimensions", *dimension)).chain(of_filters);
        if !all_scores && let Some((field, dimension)) = used.find(|(_, dimension)| dimension.is_of_scores()) {
            return Err(wrong(
                field,
                format!(
                    "`{}` splits scores, so every measure must be a score measure such as `score.mean`",
                    dimension.as_str()
                ),
            ));
        }
        Ok(())
    }

    fn check_filters(&self) -> Result<(), FieldProblem> {
        for filter in &self.filters {
            let (dimension, count) = (filter.dimension, filter.values.len());
            if count == 0 || count > 100 {
                return Err(wrong(
                    "filters",
                    format!("the filter on `{}` has 1 to 100 values, not {count}", dimension.as_str()),
                ));
            }
            if dimension == Dimension::Version
                && let Some(value) =
                    filter.values.iter().find(|value| !value.is_empty() && value.parse::<u32>().is_err())
            {
                return Err(wrong("filters", format!("`{}` is not a version; versions are numbers", shown(value))));
            }
            let (words, what): (&[&str], _) = match dimension {
                Dimension::ScoreLevel => {
                    (&["observation", "trace", "session"], "a level; levels: `observation`, `trace`, `session`")
                }
                Dimension::PromptType => (&["text", "chat"], "a type of prompts; types: `text`, `chat`"),
                _ => continue,
            };
            if let Some(value) = filter.values.iter().find(|value| !words.contains(&value.as_str())) {
                return Err(wrong("filters", format!("`{}` is not {what}", shown(value))));
            }
        }
        let by_label = self.dimensions.contains(&Dimension::Label)
            || self.filters.iter().any(|filter| filter.dimension == Dimension::Label);
        if by_label && self.only(Dimension::Prompt).is_none() {
            return Err(wrong("filters", "`label` needs one prompt: add a filter on `prompt` with one value"));
        }
        Ok(())
    }

    fn check_comparison(&self) -> Result<(), FieldProblem> {
        match &self.compare {
            Some(Comparison::Range(range)) => {
                if self.granularity.is_some() {
                    return Err(wrong("compare", "two ranges are compared as wholes: leave out `granularity`"));
                }
                TimeRange::new(range.from, range.to)
                    .map(|_| ())
                    .map_err(|invalid| FieldProblem::new("compare", invalid))
            }
            Some(Comparison::Group { dimension, .. }) if !self.dimensions.contains(dimension) => Err(wrong(
                "compare",
                format!("the baseline is a value of `{0}`: split by `{0}` too", dimension.as_str()),
            )),
            None | Some(Comparison::Group { .. }) => Ok(()),
        }
    }

    /// The one value the filters leave in a dimension, if it is one.
    pub fn only(&self, dimension: Dimension) -> Option<&str> {
        let filter = self.filters.iter().find(|filter| filter.dimension == dimension)?;
        match filter.values.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }
}

fn wrong(field: &'static str, sentence: impl Into<String>) -> FieldProblem {
    FieldProblem::new(field, sentence.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TimeUs;

    fn day() -> MetricQuery {
        let range = TimeRange { from: TimeUs(0), to: TimeUs(86_400_000_000) };
        MetricQuery { measures: vec![Measure::Count], ..MetricQuery::over(range) }
    }

    #[test]
    fn parts_that_do_not_fit_are_named() {
        let label = Filter::one(Dimension::Label, "production");
        let baseline = Comparison::Group { dimension: Dimension::Version, value: "1".to_owned() };
        let cases = [
            (MetricQuery { measures: vec![], ..day() }, "measures"),
            (MetricQuery { measures: vec![Measure::Adoption], ..day() }, "measures"),
            (MetricQuery { dimensions: vec![Dimension::Model; 2], ..day() }, "dimensions"),
            (MetricQuery { dimensions: vec![Dimension::ScoreName], ..day() }, "dimensions"),
            (MetricQuery { filters: vec![label], ..day() }, "filters"),
            (MetricQuery { filters: vec![Filter::one(Dimension::Version, "v2")], ..day() }, "filters"),
            (MetricQuery { compare: Some(baseline), ..day() }, "compare"),
            (
                MetricQuery {
                    granularity: Some(Granularity::Minute),
                    range: TimeRange { from: TimeUs(0), to: TimeUs(30 * 86_400_000_000) },
                    ..day()
                },
                "granularity",
            ),
        ];
        for (query, field) in cases {
            assert_eq!(query.check().unwrap_err().field, field, "{query:?}");
        }
        assert!(day().check().is_ok());
    }
}
