use axum::{Json, extract::State};
use domain::{
    metric::{Comparison, Dimension, Filter, Granularity, Measure, MetricAnswer, MetricQuery, Subject},
    time::{TimeRange, TimeUs},
};
use serde::Deserialize;
use services::ServiceError;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::range::RangeText;
use crate::{
    extract::{Body, Caller},
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(ask))
}

/// A question about the generations of a project and their scores.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MetricQuestion {
    /// What to compute, such as `count`, `latency.p95`, `adoption`, `score.mean`, `score:correct.sum`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    measures: Vec<Measure>,
    /// What to show the spread of: `latency`, `cost`, `score`, `score:correct` and the like.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    distributions: Vec<Subject>,
    /// What to split by: `prompt`, `prompt_type`, `version`, `label`, `model`, `environment`, `segment`, `user`, `score_name`, `score_level`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    dimensions: Vec<Dimension>,
    /// What to keep: objects with `dimension` and `values`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    filters: Vec<Filter>,
    /// When.
    range: RangeText,
    /// One row a step: `minute`, `hour` or `day`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    granularity: Option<Granularity>,
    /// Where days begin at midnight: a name such as `Europe/Berlin` or an offset such as `+05:30`; UTC when left out.
    zone: Option<String>,
    /// What every row is compared with.
    compare: Option<Against>,
    /// `false` leaves out how sure numbers are, which is most of the work of answering; `true` when left out.
    intervals: Option<bool>,
}

/// A baseline: either another `range`, or the group that has a `value` in a `dimension`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Against {
    /// The same groups in another range; the text `previous` is the one of the same length before.
    range: Option<RangeText>,
    /// A dimension the question splits by.
    #[schema(value_type = Option<String>)]
    dimension: Option<Dimension>,
    /// The baseline's value in it.
    value: Option<String>,
}

impl Against {
    fn resolve(self, of: TimeRange, now: TimeUs) -> Result<Comparison, ServiceError> {
        match self {
            Self { range: None, dimension: Some(dimension), value: Some(value) } => {
                Ok(Comparison::Group { dimension, value })
            }
            Self { range: Some(RangeText::Relative(text)), dimension: None, value: None } if text == "previous" => {
                let from = TimeUs(of.from.0.saturating_sub(of.length_us()));
                Ok(Comparison::Range(TimeRange { from, to: of.from }))
            }
            Self { range: Some(range), dimension: None, value: None } => Ok(Comparison::Range(range.resolve(now)?)),
            _ => Err(ServiceError::field("compare", "a baseline has either a `range`, or a `dimension` and a `value`")),
        }
    }
}

/// Ask for numbers
///
/// The one question every number on every page answers through. Every number comes with `n`; what estimates something has a 95%
/// `interval` with its `method`, or `no_interval` with the `reason`.
#[utoipa::path(post, path = "/api/v1/query", tag = "Query", operation_id = "query", request_body = MetricQuestion,
    responses((status = 200, description = "`measures`, `dimensions`, `range`, `compared`, `rows` (each `group`, `at_us`, \
    `values`, `differences`, `distributions`), `notices`, `partial`, `lag_ms`")))]
async fn ask(
    State(state): State<ApiState>,
    caller: Caller,
    Body(question): Body<MetricQuestion>,
) -> Result<Json<MetricAnswer>, Refusal> {
    let now = state.services.now();
    let range = question.range.resolve(now)?;
    let query = MetricQuery {
        measures: question.measures,
        distributions: question.distributions,
        dimensions: question.dimensions,
        filters: question.filters,
        granularity: question.granularity,
        zone: question.zone,
        compare: question.compare.map(|against| against.resolve(range, now)).transpose()?,
        intervals: question.intervals.unwrap_or(true),
        range,
    };
    Ok(Json(state.services.metrics.query(&caller.actor, caller.project, &query).await?))
}
