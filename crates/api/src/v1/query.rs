use axum::{Json, extract::State};
use domain::metric::{Dimension, Filter, Granularity, Measure, MetricAnswer, MetricQuery};
use serde::Deserialize;
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
struct Question {
    /// What to compute, such as `count`, `latency.p95`, `score.mean`, `score:correct.sum`.
    #[schema(value_type = Vec<String>)]
    measures: Vec<Measure>,
    /// What to split by: `prompt`, `version`, `model`, `environment`, `score_name`, `score_level`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    dimensions: Vec<Dimension>,
    /// What to keep: objects with `dimension` and `values`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    filters: Vec<Filter>,
    /// When; answered in whole hours.
    range: RangeText,
    /// One row a step: `hour` or `day`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    granularity: Option<Granularity>,
}

/// Ask for numbers
///
/// The one question every number on every page answers through.
#[utoipa::path(post, path = "/api/v1/query", tag = "Query", operation_id = "query", request_body = Question,
    responses((status = 200, description = "`measures`, `dimensions`, `range`, `rows`, `partial`, `lag_ms`")))]
async fn ask(
    State(state): State<ApiState>,
    caller: Caller,
    Body(question): Body<Question>,
) -> Result<Json<MetricAnswer>, Refusal> {
    let query = MetricQuery {
        range: question.range.resolve(state.services.now())?,
        measures: question.measures,
        dimensions: question.dimensions,
        filters: question.filters,
        granularity: question.granularity,
    };
    Ok(Json(state.services.metrics.query(&caller.actor, caller.project, &query).await?))
}
