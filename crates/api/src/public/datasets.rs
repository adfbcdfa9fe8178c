use axum::{Json, extract::State};
use domain::ids::{ProjectId, SpanId, TraceId};
use serde::Deserialize;
use serde_json::{Value, json};
use services::{
    ServiceError,
    datasets::{
        Dataset, DatasetItem, DatasetRun, ItemFilter, ItemStatus, NewDataset, NewItem, NewRunItem, RunItem,
        RunItemFilter,
    },
};

use super::{numbered, shapes};
use crate::{
    extract::{IngestCaller, SdkBody, SdkCaller, SdkList, SdkPath},
    refusal::SdkRefusal,
    state::ApiState,
};

/// Rows a page at most.
const MOST: u16 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateDataset {
    name: String,
    description: Option<String>,
    metadata: Option<Value>,
    input_schema: Option<Value>,
    expected_output_schema: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateItem {
    dataset_name: String,
    id: Option<String>,
    status: Option<ItemStatus>,
    input: Option<Value>,
    expected_output: Option<Value>,
    metadata: Option<Value>,
    source_trace_id: Option<String>,
    source_observation_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateRunItem {
    run_name: String,
    run_description: Option<String>,
    metadata: Option<Value>,
    dataset_item_id: String,
    trace_id: Option<TraceId>,
    observation_id: Option<SpanId>,
}

/// Make a dataset, or change the one of this name
#[utoipa::path(post, path = "/api/public/v2/datasets", tag = "SDK", operation_id = "sdk_create_dataset",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "the dataset")))]
pub(super) async fn create(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkBody(sent): SdkBody<CreateDataset>,
) -> Result<Json<Value>, SdkRefusal> {
    let new = NewDataset {
        name: sent.name,
        description: sent.description,
        metadata: sent.metadata.unwrap_or_default(),
        input_schema: sent.input_schema,
        expected_schema: sent.expected_output_schema,
    };
    let saved = state.services.datasets.save(&caller.actor, caller.project, new).await?;
    Ok(Json(dataset(caller.project, &saved)))
}

/// Datasets, newest first, page by page
#[utoipa::path(get, path = "/api/public/v2/datasets", tag = "SDK", operation_id = "sdk_list_datasets",
    params(("page" = Option<u32>, Query), ("limit" = Option<u32>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    let (number, size) = (params.page()?, params.limit(MOST)?);
    let page = state.services.datasets.list(&caller.actor, caller.project, number, size).await?;
    let data = page.items.iter().map(|of| dataset(caller.project, of)).collect();
    Ok(Json(numbered(&page, data)))
}

/// A dataset
///
/// The name may be one encoded segment or hold plain slashes.
#[utoipa::path(get, path = "/api/public/v2/datasets/{*name}", tag = "SDK", operation_id = "sdk_get_dataset",
    params(("name" = String, Path)),
    responses((status = 200, description = "the dataset"), (status = 404, description = "no such dataset")))]
pub(super) async fn get(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(name): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    let found = state.services.datasets.get(&caller.actor, caller.project, &name).await?;
    Ok(Json(dataset(caller.project, &found)))
}

/// Make an item of a dataset, or change the one with this id
#[utoipa::path(post, path = "/api/public/dataset-items", tag = "SDK", operation_id = "sdk_create_dataset_item",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "the item")))]
pub(super) async fn create_item(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkBody(sent): SdkBody<CreateItem>,
) -> Result<Json<Value>, SdkRefusal> {
    let new = NewItem {
        dataset: sent.dataset_name,
        id: sent.id,
        status: sent.status.unwrap_or(ItemStatus::Active),
        input: sent.input.unwrap_or_default(),
        expected_output: sent.expected_output.unwrap_or_default(),
        metadata: sent.metadata.unwrap_or_default(),
        source_trace: sent.source_trace_id,
        source_observation: sent.source_observation_id,
    };
    let saved = state.services.datasets.save_item(&caller.actor, caller.project, new).await?;
    Ok(Json(item(&saved)))
}

/// Items of datasets, newest first, page by page
#[utoipa::path(get, path = "/api/public/dataset-items", tag = "SDK", operation_id = "sdk_list_dataset_items",
    params(("datasetName" = Option<String>, Query), ("sourceTraceId" = Option<String>, Query),
        ("sourceObservationId" = Option<String>, Query), ("page" = Option<u32>, Query), ("limit" = Option<u32>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list_items(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    params.refuse(&["version"])?;
    let filter = ItemFilter {
        dataset: params.owned("datasetName"),
        source_trace: params.owned("sourceTraceId"),
        source_observation: params.owned("sourceObservationId"),
    };
    let (number, size) = (params.page()?, params.limit(MOST)?);
    let page = state.services.datasets.items(&caller.actor, caller.project, &filter, number, size).await?;
    let data = page.items.iter().map(item).collect();
    Ok(Json(numbered(&page, data)))
}

/// An item of a dataset
#[utoipa::path(get, path = "/api/public/dataset-items/{item}", tag = "SDK", operation_id = "sdk_get_dataset_item",
    params(("item" = String, Path)),
    responses((status = 200, description = "the item"), (status = 404, description = "no such item")))]
pub(super) async fn get_item(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(id): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    Ok(Json(item(&state.services.datasets.item(&caller.actor, caller.project, &id).await?)))
}

/// Remove an item of a dataset, also from the runs it was in
#[utoipa::path(delete, path = "/api/public/dataset-items/{item}", tag = "SDK", operation_id = "sdk_delete_dataset_item",
    params(("item" = String, Path)),
    responses((status = 200, description = "removed"), (status = 404, description = "no such item")))]
pub(super) async fn remove_item(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(id): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    state.services.datasets.remove_item(&caller.actor, caller.project, &id).await?;
    Ok(Json(json!({ "message": "Dataset item removed" })))
}

/// Note which trace an item left in a run
///
/// The same again changes nothing.
#[utoipa::path(post, path = "/api/public/dataset-run-items", tag = "SDK", operation_id = "sdk_create_run_item",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "the note")))]
pub(super) async fn create_run_item(
    State(state): State<ApiState>,
    caller: IngestCaller,
    SdkBody(sent): SdkBody<CreateRunItem>,
) -> Result<Json<Value>, SdkRefusal> {
    let trace = match (sent.trace_id, sent.observation_id) {
        (Some(trace), _) => trace,
        // Old SDKs name the observation alone.
        (None, Some(observation)) => state.services.traces.trace_of(&caller.actor, caller.project, observation).await?,
        (None, None) => return Err(ServiceError::field("traceId", "say which trace the item left").into()),
    };
    let new = NewRunItem {
        run_id: None,
        run: sent.run_name,
        description: sent.run_description,
        metadata: sent.metadata.unwrap_or_default(),
        item: sent.dataset_item_id,
        trace,
        observation: sent.observation_id,
    };
    Ok(Json(run_item(&state.services.datasets.record(&caller.actor, caller.project, new).await?)))
}

/// Items of runs, newest first, page by page
#[utoipa::path(get, path = "/api/public/dataset-run-items", tag = "SDK", operation_id = "sdk_list_run_items",
    params(("datasetId" = Option<String>, Query), ("runName" = Option<String>, Query), ("page" = Option<u32>, Query),
        ("limit" = Option<u32>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list_run_items(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    let filter = RunItemFilter { dataset: None, dataset_id: params.owned("datasetId"), run: params.owned("runName") };
    let (number, size) = (params.page()?, params.limit(MOST)?);
    let page = state.services.datasets.run_items(&caller.actor, caller.project, &filter, number, size).await?;
    let data = page.items.iter().map(run_item).collect();
    Ok(Json(numbered(&page, data)))
}

/// Runs over a dataset, newest first, page by page
#[utoipa::path(get, path = "/api/public/datasets/{dataset}/runs", tag = "SDK", operation_id = "sdk_list_runs",
    params(("dataset" = String, Path), ("page" = Option<u32>, Query), ("limit" = Option<u32>, Query)),
    responses((status = 200, description = "`data` and `meta`"), (status = 404, description = "no such dataset")))]
pub(super) async fn list_runs(
    SdkList { state, caller, params }: SdkList,
    SdkPath(of): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    let (number, size) = (params.page()?, params.limit(MOST)?);
    let page = state.services.datasets.runs(&caller.actor, caller.project, &of, number, size).await?;
    let data = page.items.iter().map(run).collect();
    Ok(Json(numbered(&page, data)))
}

/// A run with its items
#[utoipa::path(get, path = "/api/public/datasets/{dataset}/runs/{run}", tag = "SDK", operation_id = "sdk_get_run",
    params(("dataset" = String, Path), ("run" = String, Path)),
    responses((status = 200, description = "the run"), (status = 404, description = "no such run")))]
pub(super) async fn get_run(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath((of, name)): SdkPath<(String, String)>,
) -> Result<Json<Value>, SdkRefusal> {
    let (found, items) = state.services.datasets.run(&caller.actor, caller.project, &of, &name).await?;
    let mut shown = run(&found);
    shapes::set(&mut shown, "datasetRunItems", items.iter().map(run_item).collect());
    Ok(Json(shown))
}

/// Remove a run; the traces stay
#[utoipa::path(delete, path = "/api/public/datasets/{dataset}/runs/{run}", tag = "SDK", operation_id = "sdk_delete_run",
    params(("dataset" = String, Path), ("run" = String, Path)),
    responses((status = 200, description = "removed"), (status = 404, description = "no such run")))]
pub(super) async fn remove_run(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath((of, name)): SdkPath<(String, String)>,
) -> Result<Json<Value>, SdkRefusal> {
    state.services.datasets.remove_run(&caller.actor, caller.project, &of, &name).await?;
    Ok(Json(json!({ "message": "Dataset run removed" })))
}

fn dataset(project: ProjectId, of: &Dataset) -> Value {
    json!({
        "id": of.id, "name": of.name, "description": of.description, "metadata": of.metadata, "projectId": project,
        "inputSchema": of.input_schema, "expectedOutputSchema": of.expected_schema,
        "createdAt": of.created_us, "updatedAt": of.updated_us,
    })
}

fn item(of: &DatasetItem) -> Value {
    json!({
        "id": of.id, "status": of.status, "input": of.input, "expectedOutput": of.expected_output,
        "metadata": of.metadata, "sourceTraceId": of.source_trace, "sourceObservationId": of.source_observation,
        "datasetId": of.dataset, "datasetName": of.dataset_name, "createdAt": of.created_us, "updatedAt": of.updated_us,
        "mediaReferences": [],
    })
}

fn run(of: &DatasetRun) -> Value {
    json!({
        "id": of.id, "name": of.name, "description": of.description, "metadata": of.metadata, "datasetId": of.dataset,
        "datasetName": of.dataset_name, "createdAt": of.created_us, "updatedAt": of.updated_us,
    })
}

fn run_item(of: &RunItem) -> Value {
    json!({
        "id": of.id, "datasetRunId": of.run, "datasetRunName": of.run_name, "datasetItemId": of.item,
        "traceId": of.trace, "observationId": of.observation, "createdAt": of.created_us, "updatedAt": of.created_us,
    })
}
