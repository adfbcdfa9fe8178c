use axum::{Json, extract::State};
use domain::{
    metric::{Comparison, Dimension, Filter, Granularity, Measure, MetricAnswer, MetricQuery},
    time::TimeUs,
};
use serde::Deserialize;
use services::ServiceError;
use utoipa::IntoParams;

use crate::{
    extract::{Caller, Path, Query},
    refusal::Refusal,
    state::ApiState,
    v1::range,
};

/// What is computed unless `measures` says otherwise.
const USUAL: &str = "count,errors,error_rate,null_rate,latency.p50,latency.p95,latency.p99,latency.mean,cost.sum,cost.mean,\
                     input_tokens.sum,output_tokens.sum,per_hour,first_seen,last_seen";

/// Which numbers of a prompt.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MetricsQuery {
    /// `24h` and the like; or `from` and `to`. The last 30 days when nothing is said.
    range: Option<String>,
    #[param(value_type = Option<String>)]
    from: Option<TimeUs>,
    #[param(value_type = Option<String>)]
    to: Option<TimeUs>,
    /// What to split by: `version` (the default), `label`, `model`, `environment`, `segment`, `user`.
    #[param(value_type = Option<String>)]
    by: Option<Dimension>,
    /// Measures, divided by commas.
    measures: Option<String>,
    /// `minute`, `hour` or `day`.
    #[param(value_type = Option<String>)]
    granularity: Option<Granularity>,
    /// Where days begin at midnight: a name such as `Europe/Berlin` or an offset such as `+05:30`; UTC when left out.
    zone: Option<String>,
    /// Only generations in this environment.
    environment: Option<String>,
    /// Only answers of this model.
    model: Option<String>,
    /// Only this segment.
    segment: Option<String>,
    /// Only this user.
    user: Option<String>,
    /// Compare every row with this version; only with `by=version`.
    baseline: Option<u32>,
}

/// Numbers of a prompt by version
#[utoipa::path(get, path = "/api/v1/prompts/{name}/metrics", tag = "Prompts", operation_id = "prompt_metrics",
    params(("name" = String, Path), MetricsQuery),
    responses((status = 200, description = "as `POST /api/v1/query`")))]
pub(super) async fn ask(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<MetricsQuery>,
) -> Result<Json<MetricAnswer>, Refusal> {
    let now = state.services.now();
    let range = query.range.as_deref().or_else(|| query.from.is_none().then_some("30d"));
    let range = range::of_query(range, query.from, query.to, now)?
        .ok_or_else(|| ServiceError::field("range", "write it as `30m`, `24h`, `7d` or `4w`"))?;
    let measures =
        query.measures.as_deref().unwrap_or(USUAL).split(',').map(|measure| measure.trim().parse::<Measure>());
    let mut filters = vec![Filter::one(Dimension::Prompt, name)];
    for (dimension, value) in [
        (Dimension::Environment, query.environment),
        (Dimension::Model, query.model),
        (Dimension::Segment, query.segment),
        (Dimension::User, query.user),
    ] {
        filters.extend(value.map(|value| Filter::one(dimension, value)));
    }
    let question = MetricQuery {
        measures: measures.collect::<Result<_, _>>().map_err(ServiceError::of("measures"))?,
        dimensions: vec![query.by.unwrap_or(Dimension::Version)],
        filters,
        granularity: query.granularity,
        zone: query.zone,
        compare: query
            .baseline
            .map(|version| Comparison::Group { dimension: Dimension::Version, value: version.to_string() }),
        ..MetricQuery::over(range)
    };
    Ok(Json(state.services.metrics.query(&caller.actor, caller.project, &question).await?))
}
