use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use domain::score::ScoreSource;
use serde_json::{Value, json};
use services::ServiceError;
use services::ingest::{Scores, parse_scores};
use services::scores::{Comparison, ScoreFilter};

use super::{numbered, shapes};
use crate::{
    extract::{IngestCaller, Params, SdkCaller, SdkList, SdkPath},
    refusal::SdkRefusal,
    scores,
    state::ApiState,
};

/// One score, or an array of them
///
/// The same id again is an update. A damaged score in an array is refused alone.
#[utoipa::path(post, path = "/api/public/scores", tag = "SDK", operation_id = "sdk_create_scores",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "one score: its `id`"), (status = 202, description = "an array: all stored"),
        (status = 207, description = "an array: `accepted`, `rejected`, `errors`")))]
pub(super) async fn create(
    State(state): State<ApiState>,
    caller: IngestCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, SdkRefusal> {
    let held = scores::read(&state, &caller.actor, caller.project, &headers, body).await?;
    match parse_scores(&held.bytes).map_err(|error| scores::unreadable(&error))? {
        Scores::One(read) => match read.and_then(|draft| scores::time(&state, *draft)) {
            Ok(score) => {
                let ids = scores::store(&state, &caller.actor, caller.project, vec![score]).await?;
                Ok(Json(json!({ "id": ids.first() })).into_response())
            }
            Err(invalid) => {
                scores::count_refused(1);
                Err(ServiceError::field(invalid.field, invalid.reason).into())
            }
        },
        Scores::Many(read) => {
            let (good, refused): (Vec<_>, Vec<_>) = read
                .into_iter()
                .map(|read| read.and_then(|draft| scores::time(&state, draft)))
                .partition(Result::is_ok);
            let ids =
                scores::store(&state, &caller.actor, caller.project, good.into_iter().flatten().collect()).await?;
            if refused.is_empty() {
                return Ok((StatusCode::ACCEPTED, Json(json!({ "message": "Accepted" }))).into_response());
            }
            scores::count_refused(refused.len());
            let errors = refused
                .iter()
                .filter_map(|score| score.as_ref().err())
                .map(|invalid| json!({ "message": invalid.to_string() }));
            let body =
                json!({ "accepted": ids.len(), "rejected": refused.len(), "errors": errors.collect::<Vec<_>>() });
            Ok((StatusCode::MULTI_STATUS, Json(body)).into_response())
        }
    }
}

/// Scores a page at most.
const MOST: u16 = 100;

fn filter(params: &Params) -> Result<ScoreFilter, ServiceError> {
    let mut filter = ScoreFilter {
        names: params.list("name"),
        kinds: params.list("dataType").iter().map(|kind| kind.to_ascii_lowercase()).collect(),
        environments: params.list("environment"),
        traces: params.parsed_list("traceId")?,
        spans: params.parsed_list("observationId")?,
        sessions: params.all("sessionId"),
        configs: params.list("configId"),
        from: params.parsed("fromTimestamp")?,
        to: params.parsed("toTimestamp")?,
        ..ScoreFilter::default()
    };
    for source in params.list("source") {
        filter.sources.extend_from_slice(match source.as_str() {
            "API" => &[ScoreSource::Api, ScoreSource::Feedback],
            "ANNOTATION" => &[ScoreSource::Human],
            _ => return Err(ServiceError::field("source", "unknown source; sources: `API`, `ANNOTATION`")),
        });
    }
    Ok(filter)
}

/// Scores, the last to arrive first, page by page
///
/// The totals in `meta` say at least how many there are.
#[utoipa::path(get, path = "/api/public/v2/scores", tag = "SDK", operation_id = "sdk_list_scores",
    params(("page" = Option<u32>, Query), ("limit" = Option<u32>, Query), ("userId" = Option<String>, Query),
        ("name" = Option<String>, Query), ("fromTimestamp" = Option<String>, Query),
        ("toTimestamp" = Option<String>, Query), ("environment" = Option<Vec<String>>, Query),
        ("source" = Option<String>, Query), ("operator" = Option<String>, Query), ("value" = Option<f64>, Query),
        ("scoreIds" = Option<String>, Query), ("configId" = Option<String>, Query),
        ("sessionId" = Option<String>, Query), ("traceId" = Option<String>, Query),
        ("observationId" = Option<String>, Query), ("dataType" = Option<String>, Query),
        ("traceTags" = Option<Vec<String>>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list_v2(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    params.refuse(&["datasetRunId", "queueId", "filter"])?;
    let mut filter = filter(&params)?;
    filter.ids = params.list("scoreIds");
    filter.user = params.owned("userId");
    filter.tags = params.list("traceTags");
    if let Some(value) = params.number("value")? {
        let sign = params.text("operator").unwrap_or("=");
        let comparison = Comparison::from_sign(sign).ok_or_else(|| {
            ServiceError::field("operator", "unknown operator; operators: `<`, `<=`, `=`, `!=`, `>=`, `>`")
        })?;
        filter.numbers.push((comparison, value));
    }
    let (number, size) = (params.page()?, params.limit(MOST)?);
    let page = state.services.scores.numbered(&caller.actor, caller.project, &filter, number, size).await?;
    let shown = page.items.iter().map(|scored| {
        let mut shown = shapes::score(&scored.record);
        let trace = scored
            .trace
            .as_ref()
            .map(|trace| json!({ "userId": trace.user_id, "tags": trace.tags, "environment": trace.environment }));
        shapes::set(&mut shown, "trace", json!(trace));
        shown
    });
    let data = shown.collect();
    Ok(Json(numbered(&page, data)))
}

/// One score
#[utoipa::path(get, path = "/api/public/v2/scores/{score}", tag = "SDK", operation_id = "sdk_get_score",
    params(("score" = String, Path)),
    responses((status = 200, description = "the score"), (status = 404, description = "no such score")))]
pub(super) async fn get(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(id): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    let record = state.services.scores.get(&caller.actor, caller.project, &id).await?;
    Ok(Json(shapes::score(&record)))
}

/// Remove a score
///
/// What its sender repeats stays removed.
#[utoipa::path(delete, path = "/api/public/scores/{score}", tag = "SDK", operation_id = "sdk_delete_score",
    params(("score" = String, Path)),
    responses((status = 204, description = "removed"), (status = 404, description = "no such score")))]
pub(super) async fn remove(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(id): SdkPath<String>,
) -> Result<StatusCode, SdkRefusal> {
    state.services.scores.remove(&caller.actor, caller.project, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Scores, the last to arrive first, by cursor
///
/// `fields` names the groups wanted besides the core: `details`, `subject`, `annotation`.
#[utoipa::path(get, path = "/api/public/v3/scores", tag = "SDK", operation_id = "sdk_list_scores_v3",
    params(("cursor" = Option<String>, Query), ("limit" = Option<u32>, Query), ("fields" = Option<String>, Query),
        ("id" = Option<String>, Query), ("name" = Option<String>, Query), ("source" = Option<String>, Query),
        ("dataType" = Option<String>, Query), ("environment" = Option<String>, Query),
        ("configId" = Option<String>, Query), ("value" = Option<String>, Query), ("valueMin" = Option<f64>, Query),
        ("valueMax" = Option<f64>, Query), ("traceId" = Option<String>, Query), ("sessionId" = Option<String>, Query),
        ("observationId" = Option<String>, Query), ("fromTimestamp" = Option<String>, Query),
        ("toTimestamp" = Option<String>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list_v3(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    params.refuse(&["queueId", "authorUserId", "experimentId", "filter"])?;
    let mut filter = filter(&params)?;
    filter.ids = params.list("id");
    filter.sessions = params.list("sessionId");
    filter.words = params.list("value");
    filter.numbers.extend(params.number("valueMin")?.map(|least| (Comparison::AtLeast, least)));
    filter.numbers.extend(params.number("valueMax")?.map(|most| (Comparison::AtMost, most)));
    let size = params.limit(MOST)?;
    let scores = &state.services.scores;
    let page = scores.list(&caller.actor, caller.project, &filter, params.text("cursor"), size).await?;
    let groups = params.list("fields");
    let data: Vec<Value> = page.items.iter().map(|record| shapes::score_v3(caller.project, record, &groups)).collect();
    Ok(Json(json!({ "data": data, "meta": { "limit": size.rows(), "cursor": page.next } })))
}
