//! The SDKs' question about numbers, asked of the one planner behind every number. What it cannot answer it refuses by name.

use std::cmp::Ordering;

use axum::Json;
use domain::{
    metric::{
        Dimension, Distribution, Filter, Granularity, Measure, MetricQuery, MetricRow, Quantity, Statistic, Subject,
        Unit,
    },
    time::{HOUR_NS, TimeRange, TimeUs},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use services::ServiceError;

use crate::{
    extract::{SdkList, parse_as},
    refusal::SdkRefusal,
};

/// Rows when nothing is said, and at most.
const ROWS: (usize, usize) = (100, 1_000);
/// Bins of a histogram when nothing is said, and at most.
const BINS: (usize, usize) = (10, 100);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Question {
    view: View,
    dimensions: Option<Vec<Field>>,
    metrics: Vec<Metric>,
    filters: Option<Vec<Condition>>,
    time_dimension: Option<TimeDimension>,
    from_timestamp: TimeUs,
    to_timestamp: TimeUs,
    order_by: Option<Vec<Order>>,
    config: Option<Config>,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum View {
    Observations,
    ScoresNumeric,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    field: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metric {
    measure: String,
    aggregation: Aggregation,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Aggregation {
    Sum,
    Avg,
    Count,
    Max,
    Min,
    P50,
    P75,
    P90,
    P95,
    P99,
    Histogram,
}

#[derive(Deserialize)]
struct Condition {
    column: String,
    operator: String,
    value: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeDimension {
    granularity: Width,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Width {
    Auto,
    Minute,
    Hour,
    Day,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    field: String,
    direction: Direction,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Asc,
    Desc,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    bins: Option<usize>,
    row_limit: Option<usize>,
}

/// Numbers of generations and scores
///
/// `query` is a question in JSON. Views: `observations`, whose `count` and `latency` are of generations and need the filter on
/// `type` that says so, and `scores-numeric`, numeric and boolean scores on generations, their traces and sessions.
#[utoipa::path(get, path = "/api/public/v2/metrics", tag = "SDK", operation_id = "sdk_metrics",
    params(("query" = String, Query)),
    responses((status = 200, description = "`data`: a row a group, with each metric under `aggregation_measure`; `meta`")))]
pub(super) async fn ask(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    let text = params.text("query").ok_or_else(|| {
        ServiceError::field(
            "query",
            "the question is missing; send `query` with a JSON object that has `view` and `metrics`",
        )
    })?;
    let question: Question = parse_as("query", text.as_bytes())?;
    let columns =
        question.metrics.iter().map(|metric| Column::of(question.view, metric)).collect::<Result<Vec<_>, _>>()?;
    let query = question.as_query(&columns)?;
    let config = question.config.as_ref();
    let bins = within("config.bins", config.and_then(|config| config.bins), BINS)?;
    let rows = within("config.row_limit", config.and_then(|config| config.row_limit), ROWS)?;
    question.check_order(&columns)?;

    let answer = state.services.metrics.query(&caller.actor, caller.project, &query).await?;
    let mut data: Vec<Map<String, Value>> = answer.rows.iter().map(|row| question.shown(row, &columns, bins)).collect();
    for order in question.order_by.iter().flatten().rev() {
        data.sort_by(|a, b| {
            let ascending = compare(a.get(&order.field), b.get(&order.field));
            if matches!(order.direction, Direction::Desc) { ascending.reverse() } else { ascending }
        });
    }
    data.truncate(rows);
    Ok(Json(json!({ "data": data, "meta": { "partial": answer.partial, "lagMs": answer.lag_ms } })))
}

/// One metric of the answer.
struct Column {
    name: String,
    what: What,
    /// By how much our unit is smaller than theirs.
    divisor: f64,
}

enum What {
    Number(Measure),
    Spread(Subject),
}

impl Column {
    fn of(view: View, metric: &Metric) -> Result<Self, ServiceError> {
        let Metric { measure, aggregation } = metric;
        let unknown = |known: &str| {
            let measure: String = measure.chars().take(60).collect();
            ServiceError::field(
                "metrics",
                format!("`{measure}` is not a measure of this view that is kept; known: {known}"),
            )
        };
        let quantity = match (view, measure.as_str()) {
            (_, "count") => None,
            (View::Observations, other) => Some(quantity(other).map(Subject::Of).ok_or_else(|| {
                unknown(
                    "`count`, `latency`, `timeToFirstToken`, `inputTokens`, `outputTokens`, `totalTokens`, \
                             `inputCost`, `outputCost`, `totalCost`",
                )
            })?),
            (View::ScoresNumeric, "value") => Some(Subject::Score(None)),
            (View::ScoresNumeric, _) => return Err(unknown("`count`, `value`")),
        };
        let what = match (quantity, aggregation.statistic()) {
            (None, Some(Statistic::Count)) => What::Number(match view {
                View::Observations => Measure::Count,
                View::ScoresNumeric => Measure::Score(None, Statistic::Count),
            }),
            (None, _) => return Err(ServiceError::field("metrics", "`count` has the one aggregation `count`")),
            (Some(Subject::Of(quantity)), Some(statistic)) => What::Number(Measure::Of(quantity, statistic)),
            (Some(Subject::Score(name)), Some(statistic)) => What::Number(Measure::Score(name, statistic)),
            (Some(subject), None) => What::Spread(subject),
        };
        let unit = match &what {
            What::Number(measure) => measure.unit(),
            What::Spread(Subject::Of(quantity)) => quantity.unit(),
            What::Spread(Subject::Score(_)) => Unit::Score,
        };
        let divisor = match unit {
            // Theirs are milliseconds and dollars.
            Unit::Nanoseconds => 1e6,
            Unit::NanoUsd => 1e9,
            _ => 1.0,
        };
        Ok(Self { name: format!("{}_{measure}", aggregation.as_str()), what, divisor })
    }

    fn shown(&self, number: f64) -> Value {
        let number = number / self.divisor;
        // Whole numbers without a point, as far as a double holds them.
        if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
    }

    fn histogram(&self, of: &Distribution, most: usize) -> Value {
        let chunks = of.bins.chunks(of.bins.len().div_ceil(most).max(1));
        let merged = chunks.filter_map(|chunk| {
            let (first, last) = (chunk.first()?, chunk.last()?);
            let count: u64 = chunk.iter().map(|bin| bin.count).sum();
            Some(json!([self.shown(first.lower), self.shown(last.upper), count]))
        });
        merged.collect()
    }
}

fn quantity(measure: &str) -> Option<Quantity> {
    Some(match measure {
        "latency" => Quantity::Latency,
        "timeToFirstToken" => Quantity::TimeToFirstToken,
        "inputTokens" => Quantity::InputTokens,
        "outputTokens" => Quantity::OutputTokens,
        "totalTokens" => Quantity::TotalTokens,
        "inputCost" => Quantity::InputCost,
        "outputCost" => Quantity::OutputCost,
        "totalCost" => Quantity::Cost,
        _ => return None,
    })
}

impl Aggregation {
    /// `None` for a histogram.
    fn statistic(self) -> Option<Statistic> {
        Some(match self {
            Self::Sum => Statistic::Sum,
            Self::Avg => Statistic::Mean,
            Self::Count => Statistic::Count,
            Self::Max => Statistic::Max,
            Self::Min => Statistic::Min,
            Self::P50 => Statistic::P50,
            Self::P75 => Statistic::P75,
            Self::P90 => Statistic::P90,
            Self::P95 => Statistic::P95,
            Self::P99 => Statistic::P99,
            Self::Histogram => return None,
        })
    }

    fn as_str(self) -> &'static str {
        match self.statistic() {
            Some(Statistic::Mean) => "avg",
            Some(statistic) => statistic.as_str(),
            None => "histogram",
        }
    }
}

impl View {
    /// What one of its fields is to us.
    fn dimension(self, field: &str) -> Option<Dimension> {
        Some(match (self, field) {
            (_, "environment") => Dimension::Environment,
            (Self::ScoresNumeric, "name") => Dimension::ScoreName,
            (Self::Observations, "providedModelName") | (Self::ScoresNumeric, "observationModelName") => {
                Dimension::Model
            }
            (Self::Observations, "promptName") | (Self::ScoresNumeric, "observationPromptName") => Dimension::Prompt,
            (Self::Observations, "promptVersion") | (Self::ScoresNumeric, "observationPromptVersion") => {
                Dimension::Version
            }
            _ => return None,
        })
    }

    fn fields(self) -> &'static str {
        match self {
            Self::Observations => "`environment`, `providedModelName`, `promptName`, `promptVersion`",
            Self::ScoresNumeric => {
                "`environment`, `name`, `observationModelName`, `observationPromptName`, `observationPromptVersion`"
            }
        }
    }
}

impl Question {
    fn dimensions(&self) -> impl Iterator<Item = &str> {
        self.dimensions.iter().flatten().map(|field| field.field.as_str())
    }

    fn as_query(&self, columns: &[Column]) -> Result<MetricQuery, ServiceError> {
        let range = TimeRange::new(self.from_timestamp, self.to_timestamp).map_err(ServiceError::of("toTimestamp"))?;
        let mut query = MetricQuery {
            granularity: self.time_dimension.as_ref().map(|time| time.granularity.over(range)),
            intervals: false,
            ..MetricQuery::over(range)
        };
        for column in columns {
            match &column.what {
                What::Number(measure) => query.measures.push(measure.clone()),
                What::Spread(subject) => query.distributions.push(subject.clone()),
            }
        }
        for field in self.dimensions() {
            query.dimensions.push(self.view.dimension(field).ok_or_else(|| {
                let field: String = field.chars().take(60).collect();
                let known = self.view.fields();
                ServiceError::field("dimensions", format!("numbers are not kept by `{field}`; they are by {known}"))
            })?);
        }
        let mut of_generations = self.view != View::Observations;
        for condition in self.filters.iter().flatten() {
            let values = condition.values()?;
            if self.view == View::Observations && condition.column == "type" {
                if values != ["GENERATION"] {
                    return Err(ServiceError::field("filters", "numbers are kept of the one type `GENERATION`"));
                }
                of_generations = true;
                continue;
            }
            let dimension = match condition.column.as_str() {
                "userId" => Some(Dimension::User),
                column => self.view.dimension(column),
            };
            let dimension = dimension.ok_or_else(|| {
                let column: String = condition.column.chars().take(60).collect();
                let known = self.view.fields();
                ServiceError::field(
                    "filters",
                    format!("`{column}` cannot be filtered by here; known: {known}, `userId`"),
                )
            })?;
            query.filters.push(Filter { dimension, values });
        }
        let counts_all = |measure: &Measure| matches!(measure, Measure::Count | Measure::Of(Quantity::Latency, _));
        let needs_type =
            query.measures.iter().any(counts_all) || query.distributions.contains(&Subject::Of(Quantity::Latency));
        if needs_type && !of_generations {
            return Err(ServiceError::field(
                "filters",
                "`count` and `latency` are kept of generations alone; add the filter \
                 {\"column\":\"type\",\"operator\":\"=\",\"value\":\"GENERATION\",\"type\":\"string\"}",
            ));
        }
        Ok(query)
    }

    fn check_order(&self, columns: &[Column]) -> Result<(), ServiceError> {
        let known = |field: &str| {
            (field == "time_dimension" && self.time_dimension.is_some())
                || self.dimensions().any(|of| of == field)
                || columns.iter().any(|column| column.name == field)
        };
        match self.order_by.iter().flatten().find(|order| !known(&order.field)) {
            None => Ok(()),
            Some(order) => {
                let field: String = order.field.chars().take(60).collect();
                let message =
                    format!("`{field}` is not in the answer; order by a dimension or a metric such as `sum_totalCost`");
                Err(ServiceError::field("orderBy", message))
            }
        }
    }

    fn shown(&self, row: &MetricRow, columns: &[Column], bins: usize) -> Map<String, Value> {
        let mut shown = Map::new();
        for (field, value) in self.dimensions().zip(&row.group) {
            let of_version = self.view.dimension(field) == Some(Dimension::Version);
            let value = match value.parse::<u32>() {
                _ if value.is_empty() => Value::Null,
                Ok(version) if of_version => json!(version),
                _ => json!(value),
            };
            shown.insert(field.to_owned(), value);
        }
        if self.time_dimension.is_some() {
            shown.insert("time_dimension".to_owned(), json!(row.at_us));
        }
        let (mut values, mut spreads) = (row.values.iter(), row.distributions.iter());
        for column in columns {
            let value = match column.what {
                What::Number(_) => values.next().and_then(|number| number.value).map(|number| column.shown(number)),
                What::Spread(_) => spreads.next().map(|spread| column.histogram(spread, bins)),
            };
            shown.insert(column.name.clone(), value.unwrap_or_default());
        }
        shown
    }
}

impl Condition {
    /// The values that stay.
    fn values(&self) -> Result<Vec<String>, ServiceError> {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let values = match (self.operator.as_str(), &self.value) {
            ("=", value) => text(value).map(|value| vec![value]),
            ("any of", Value::Array(values)) => values.iter().map(text).collect(),
            _ => None,
        };
        values.ok_or_else(|| {
            let column: String = self.column.chars().take(60).collect();
            let message = format!(
                "the filter on `{column}` cannot be used here; use the operator `=` with a value, or `any of` with a list"
            );
            ServiceError::field("filters", message)
        })
    }
}

impl Width {
    /// As wide as was said, or so that there are up to about a hundred steps.
    fn over(self, range: TimeRange) -> Granularity {
        let hours = range.length_us() / (HOUR_NS / 1_000);
        match self {
            Self::Minute => Granularity::Minute,
            Self::Hour => Granularity::Hour,
            Self::Auto if hours < 2 => Granularity::Minute,
            Self::Auto if hours <= 96 => Granularity::Hour,
            Self::Auto | Self::Day => Granularity::Day,
        }
    }
}

fn within(field: &'static str, said: Option<usize>, (usual, most): (usize, usize)) -> Result<usize, ServiceError> {
    match said.unwrap_or(usual) {
        0 => Err(ServiceError::field(field, format!("at least 1, at most {most}"))),
        number if number > most => Err(ServiceError::field(field, format!("at most {most}, not {number}"))),
        number => Ok(number),
    }
}

/// Nothing first, then numbers, then texts.
fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let by_number = match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    by_number.then_with(|| text(a).cmp(&text(b)))
}
