use axum::{Json, extract::State};
use domain::{
    ids::SpanId,
    trace::{Level, SpanKind},
};
use serde_json::{Value, json};
use services::{
    ServiceError,
    traces::{ObservationFilter, Payloads},
};

use super::{
    numbered,
    shapes::{self, Groups},
};
use crate::{
    extract::{Params, SdkCaller, SdkList, SdkPath},
    refusal::SdkRefusal,
    state::ApiState,
};

/// Observations a page at most, with their payloads.
const MOST: u16 = 100;
/// The same by cursor.
const MOST_BY_CURSOR: u16 = 500;

fn filter(params: &Params) -> Result<ObservationFilter, ServiceError> {
    params.refuse(&["filter"])?;
    Ok(ObservationFilter {
        trace: params.parsed("traceId")?,
        name: params.owned("name"),
        user: params.owned("userId"),
        session: params.owned("sessionId"),
        kind: params.parsed::<SpanKind>("type")?,
        level: params.parsed::<Level>("level")?,
        parent: params.parsed("parentObservationId")?,
        root: params.flag("isRootObservation")?,
        environments: params.list("environment"),
        version: params.owned("version"),
        from: params.parsed("fromStartTime")?,
        to: params.parsed("toStartTime")?,
    })
}

/// Observations, newest trace first, page by page
///
/// The totals in `meta` say at least how many there are.
#[utoipa::path(get, path = "/api/public/observations", tag = "SDK", operation_id = "sdk_list_observations",
    params(("page" = Option<u32>, Query), ("limit" = Option<u32>, Query), ("traceId" = Option<String>, Query),
        ("name" = Option<String>, Query), ("userId" = Option<String>, Query), ("type" = Option<String>, Query),
        ("level" = Option<String>, Query), ("parentObservationId" = Option<String>, Query),
        ("environment" = Option<Vec<String>>, Query), ("version" = Option<String>, Query),
        ("fromStartTime" = Option<String>, Query), ("toStartTime" = Option<String>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    let (filter, number, size) = (filter(&params)?, params.page()?, params.limit(MOST)?);
    let traces = &state.services.traces;
    let page = traces.observations_numbered(&caller.actor, caller.project, &filter, number, size).await?;
    let data = page.items.iter().map(|found| shapes::observation(&found.record, &found.payload)).collect();
    Ok(Json(numbered(&page, data)))
}

/// One observation
#[utoipa::path(get, path = "/api/public/observations/{span}", tag = "SDK", operation_id = "sdk_get_observation",
    params(("span" = String, Path)),
    responses((status = 200, description = "the observation"), (status = 404, description = "no such observation")))]
pub(super) async fn get(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(span): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    let id: SpanId = span.parse().map_err(ServiceError::of("observation"))?;
    let found = state.services.traces.observation(&caller.actor, caller.project, id).await?;
    Ok(Json(shapes::observation(&found.record, &found.payload)))
}

/// Observations, newest trace first, by cursor
///
/// `fields` names the groups wanted besides the core. A page may be short, or empty, while there is a `cursor`.
#[utoipa::path(get, path = "/api/public/v2/observations", tag = "SDK", operation_id = "sdk_list_observations_v2",
    params(("cursor" = Option<String>, Query), ("limit" = Option<u32>, Query), ("fields" = Option<String>, Query),
        ("traceId" = Option<String>, Query), ("name" = Option<String>, Query), ("userId" = Option<String>, Query),
        ("sessionId" = Option<String>, Query), ("type" = Option<String>, Query), ("level" = Option<String>, Query),
        ("parentObservationId" = Option<String>, Query), ("isRootObservation" = Option<bool>, Query),
        ("environment" = Option<Vec<String>>, Query), ("version" = Option<String>, Query),
        ("fromStartTime" = Option<String>, Query), ("toStartTime" = Option<String>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list_v2(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    let (filter, size) = (filter(&params)?, params.limit(MOST_BY_CURSOR)?);
    let groups = Groups::of(params.list("fields"));
    let payloads = if groups.need_payloads() { Payloads::Read } else { Payloads::Skip };
    let traces = &state.services.traces;
    let cursor = params.text("cursor");
    let page = traces.observations(&caller.actor, caller.project, &filter, cursor, size, payloads).await?;
    let data: Vec<Value> =
        page.items.iter().map(|found| shapes::observation_v2(caller.project, found, &groups)).collect();
    Ok(Json(json!({ "data": data, "meta": { "cursor": page.next } })))
}
