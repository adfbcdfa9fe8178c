use axum::{Json, extract::State};
use domain::{
    ids::TraceId,
    score::ScoreTarget,
    time::{TimeRange, TimeUs},
};
use serde_json::{Value, json};
use services::{
    ServiceError,
    traces::{ScoreRecord, TraceFilter, TraceSearch},
};

use super::{numbered, shapes};
use crate::{
    extract::{Params, SdkCaller, SdkList, SdkPath},
    refusal::SdkRefusal,
    state::ApiState,
};

/// Traces a page at most: each is opened for what is in it.
const MOST: u16 = 100;
/// Spans of each that are looked at in a list.
const SPANS: usize = 1_000;

/// A trace with its observations and scores
#[utoipa::path(get, path = "/api/public/traces/{trace}", tag = "SDK", operation_id = "sdk_get_trace",
    params(("trace" = String, Path)),
    responses((status = 200, description = "the trace"), (status = 404, description = "no such trace")))]
pub(super) async fn get(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(trace): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    let id: TraceId = trace.parse().map_err(ServiceError::of("trace"))?;
    let whole = state.services.traces.whole(&caller.actor, caller.project, id).await?;
    let mut shown = shapes::trace_with_content(caller.project, &whole);
    let observations = whole.spans.iter().map(|(record, payload)| shapes::observation(record, payload));
    shapes::set(&mut shown, "observations", observations.collect());
    shapes::set(&mut shown, "observationsTruncated", json!(whole.more));
    shapes::set(
        &mut shown,
        "scores",
        whole.scores.iter().filter(|record| of_trace(record)).map(shapes::score).collect(),
    );
    Ok(Json(shown))
}

/// Scores of a trace always name it, by the SDKs' models; those of its session are read by themselves.
fn of_trace(record: &ScoreRecord) -> bool {
    !matches!(record.score.target, ScoreTarget::Session { .. })
}

/// Traces, newest first, page by page
///
/// The totals in `meta` say at least how many there are: one page more than this while there are more rows.
#[utoipa::path(get, path = "/api/public/traces", tag = "SDK", operation_id = "sdk_list_traces",
    params(("page" = Option<u32>, Query), ("limit" = Option<u32>, Query), ("userId" = Option<String>, Query),
        ("name" = Option<String>, Query), ("sessionId" = Option<String>, Query), ("tags" = Option<Vec<String>>, Query),
        ("version" = Option<String>, Query), ("release" = Option<String>, Query),
        ("environment" = Option<Vec<String>>, Query), ("fromTimestamp" = Option<String>, Query),
        ("toTimestamp" = Option<String>, Query), ("fields" = Option<String>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    params.refuse(&["filter"])?;
    if params.text("orderBy").is_some_and(|order| order != "timestamp.desc") {
        return Err(ServiceError::field("orderBy", "traces are listed newest first; leave it out").into());
    }
    let search = TraceSearch {
        filter: TraceFilter {
            range: range(&params)?,
            user_id: params.owned("userId"),
            session_id: params.owned("sessionId"),
            ..TraceFilter::default()
        },
        name: params.owned("name"),
        tags: params.all("tags"),
        release: params.owned("release"),
        version: params.owned("version"),
        environments: params.list("environment"),
    };
    let traces = &state.services.traces;
    let page = traces.numbered(&caller.actor, caller.project, &search, params.page()?, params.limit(MOST)?).await?;
    let fields = params.list("fields");
    let wants = |group: &str| fields.is_empty() || fields.iter().any(|field| field == group);
    let mut data = Vec::with_capacity(page.items.len());
    for trace in &page.items {
        let mut shown = shapes::trace(caller.project, trace);
        if wants("io") || wants("observations") || wants("scores") {
            let whole = traces.whole_within(&caller.actor, caller.project, trace.trace_id, SPANS).await?;
            if wants("io") {
                shown = shapes::trace_with_content(caller.project, &whole);
            }
            // In lists only their ids.
            if wants("observations") {
                let ids = whole.spans.iter().map(|(record, _)| json!(record.row.span_id));
                shapes::set(&mut shown, "observations", ids.collect());
            }
            if wants("scores") {
                let ids = whole.scores.iter().filter(|record| of_trace(record)).map(|record| json!(record.score.id));
                shapes::set(&mut shown, "scores", ids.collect());
            }
        }
        data.push(shown);
    }
    Ok(Json(numbered(&page, data)))
}

/// `fromTimestamp` and `toTimestamp`, either of which may be missing.
pub(super) fn range(params: &Params) -> Result<Option<TimeRange>, ServiceError> {
    let from: Option<TimeUs> = params.parsed("fromTimestamp")?;
    let to: Option<TimeUs> = params.parsed("toTimestamp")?;
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    // What nanoseconds hold.
    let (least, most) = (TimeUs(i64::MIN / 1000), TimeUs(i64::MAX / 1000));
    TimeRange::new(from.unwrap_or(least), to.unwrap_or(most)).map(Some).map_err(ServiceError::of("toTimestamp"))
}
