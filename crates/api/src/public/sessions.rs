use axum::{Json, extract::State};
use serde_json::{Value, json};
use services::traces::{TraceFilter, TraceRecord, TraceSearch};

use super::{numbered, shapes, traces::range};
use crate::{
    extract::{SdkCaller, SdkList, SdkPath},
    refusal::SdkRefusal,
    state::ApiState,
};

/// Sessions a page at most.
const MOST: u16 = 100;

/// Sessions by their newest trace, page by page
///
/// The totals in `meta` say at least how many there are.
#[utoipa::path(get, path = "/api/public/sessions", tag = "SDK", operation_id = "sdk_list_sessions",
    params(("page" = Option<u32>, Query), ("limit" = Option<u32>, Query), ("environment" = Option<Vec<String>>, Query),
        ("fromTimestamp" = Option<String>, Query), ("toTimestamp" = Option<String>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    let search = TraceSearch {
        filter: TraceFilter { range: range(&params)?, ..TraceFilter::default() },
        environments: params.list("environment"),
        ..TraceSearch::default()
    };
    let sessions = &state.services.traces;
    let page = sessions.sessions(&caller.actor, caller.project, &search, params.page()?, params.limit(MOST)?).await?;
    let data = page.items.iter().map(|first| session(&caller, first)).collect();
    Ok(Json(numbered(&page, data)))
}

/// A session with its traces
///
/// At most the 100 newest.
#[utoipa::path(get, path = "/api/public/sessions/{session}", tag = "SDK", operation_id = "sdk_get_session",
    params(("session" = String, Path)),
    responses((status = 200, description = "the session"), (status = 404, description = "no such session")))]
pub(super) async fn get(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(id): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    let open = state.services.traces.session(&caller.actor, caller.project, &id).await?;
    let mut shown = session(&caller, &open.first);
    let traces = open.traces.iter().map(|trace| shapes::trace(caller.project, trace));
    shapes::set(&mut shown, "traces", traces.collect());
    Ok(Json(shown))
}

fn session(caller: &SdkCaller, first: &TraceRecord) -> Value {
    json!({
        "id": first.session_id,
        "createdAt": first.start_ns.to_us(),
        "projectId": caller.project,
        "environment": first.environment,
    })
}
