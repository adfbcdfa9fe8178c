//! Experiments: drafts, launches, actions, and their logs.

mod model;

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    experiment::{Design, State as ExperimentState},
    page::{Page, PageSize},
    problem::FieldProblem,
};
use serde::{Deserialize, Serialize};
use services::{
    ServiceError,
    experiments::{Act, Edit, ListExperiments, NewExperiment},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::model::{ActivityPage, ActivityView, ExperimentPage, ExperimentView};
use crate::{
    extract::{Body, Caller, Path, Query},
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, edit))
        .routes(routes!(check))
        .routes(routes!(activity))
        .routes(routes!(act))
}

/// Which experiments to list; every condition given has to hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// States divided by commas, such as `running,paused`.
    status: Option<String>,
    /// On the prompt of this name.
    prompt: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    cursor: Option<String>,
    limit: Option<u32>,
}

/// A new experiment, as a draft.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Create {
    /// 1 to 80 lower-case letters, digits, `-`, `_` or `.`; unique in the project.
    key: String,
    /// The prompt's name.
    prompt: String,
    /// The label it takes over; `production` unless said.
    label: Option<String>,
    /// `name`, `hypothesis`, `unit` (`user`, `session`, `trace`, `attribute:NAME`), `arms` (each `key`, `name`, `version`,
    /// `weight` in 1/10,000, the control first), `coverage`, `allocation` (`fixed`, or `adaptive`: weights move towards better arms),
    /// `adaptive` (`batch_hours`, `floor`: the share every arm keeps), `targeting`, `exclusion` (`group`, `ranges`), `holdout` (`share`),
    /// `forced` (unit to arm), `sticky` (units keep the arm of their first exposure; clients that assign by themselves then serve
    /// the control), `ramp` (`steps` of `coverage`, `hold_minutes`, `minimum_units`, `approval`), `schedule` (`start`, `end`,
    /// `minimum_hours`), `metrics` (each `metric`, `role`, `margin`), `plan` (`method`, `alpha`, `power`, `correction`,
    /// `tuning_units`, `difference`, `rule`, whose `on_harm` is `tell`, `pause` or `roll_back`). May be incomplete.
    #[schema(value_type = Option<Object>)]
    design: Option<Design>,
}

/// A change of the design, which is sent whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    /// The revision it was made from; a later one is a conflict.
    revision: u32,
    #[schema(value_type = Object)]
    design: Design,
    /// Why, for the log.
    note: Option<String>,
    /// Deal units anew, which opens a phase.
    #[serde(default)]
    reshuffle: bool,
}

/// What comes with an action.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Action {
    /// The revision it was decided on; a later one is a conflict. Whatever it is if absent.
    revision: Option<u32>,
    /// Why, for the log and the decision.
    note: Option<String>,
    /// The arm to ship; with `ship` only.
    arm: Option<String>,
}

/// What stands against a launch, and what should be known before it.
#[derive(Serialize, ToSchema)]
struct CheckView {
    #[schema(value_type = Vec<Object>)]
    problems: Vec<FieldProblem>,
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<FieldProblem>,
}

/// Size of a page, or what is wrong with it.
fn page_size(limit: Option<u32>) -> Result<PageSize, ServiceError> {
    limit.map_or(Ok(PageSize::default()), |rows| PageSize::new(rows).map_err(ServiceError::of("limit")))
}

/// Problems of the design at their paths in the request, where it is a part.
pub(super) fn in_request(error: ServiceError) -> ServiceError {
    match error {
        ServiceError::Invalid(problems) => ServiceError::Invalid(problems.into_iter().map(at_path).collect()),
        other => other,
    }
}

fn at_path(problem: FieldProblem) -> FieldProblem {
    const BESIDE: [&str; 9] = ["key", "prompt", "label", "revision", "note", "arm", "design", "days", "experiment"];
    if BESIDE.contains(&problem.field.as_str()) {
        return problem;
    }
    FieldProblem { field: format!("design.{}", problem.field), ..problem }
}

/// Experiments, newest first
#[utoipa::path(get, path = "/api/v1/experiments", tag = "Experiments", operation_id = "list_experiments", params(ListQuery),
    responses((status = 200, body = ExperimentPage)))]
async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<ExperimentPage>, Refusal> {
    let size = page_size(query.limit)?;
    let words = query.status.iter().flat_map(|status| status.split(',')).filter(|word| !word.is_empty());
    let states: Result<Vec<ExperimentState>, _> = words.map(str::parse).collect();
    let list = ListExperiments { states: states.map_err(ServiceError::of("status"))?, prompt: query.prompt };
    let Page { items, next } =
        state.services.experiments.list(&caller.actor, caller.project, list, query.cursor.as_deref(), size).await?;
    Ok(Json(ExperimentPage { items: items.into_iter().map(ExperimentView::listed).collect(), next }))
}

/// Make a draft
#[utoipa::path(post, path = "/api/v1/experiments", tag = "Experiments", operation_id = "create_experiment",
    request_body = Create, responses((status = 201, body = ExperimentView)))]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Body(new): Body<Create>,
) -> Result<(StatusCode, Json<ExperimentView>), Refusal> {
    let new =
        NewExperiment { key: new.key, prompt: new.prompt, label: new.label, design: new.design.unwrap_or_default() };
    let made = state.services.experiments.create(&caller.actor, caller.project, new).await.map_err(in_request)?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// An experiment
#[utoipa::path(get, path = "/api/v1/experiments/{experiment}", tag = "Experiments", operation_id = "get_experiment",
    params(("experiment" = String, Path, description = "its key")), responses((status = 200, body = ExperimentView)))]
async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<ExperimentView>, Refusal> {
    Ok(Json(state.services.experiments.get(&caller.actor, caller.project, &key).await?.into()))
}

/// Change an experiment's design
///
/// A draft may stay incomplete. While it runs, plan and metrics stay as launched; changing who gets what opens a phase, a
/// change of coverage an epoch.
#[utoipa::path(put, path = "/api/v1/experiments/{experiment}", tag = "Experiments", operation_id = "change_experiment",
    params(("experiment" = String, Path, description = "its key")), request_body = Change,
    responses((status = 200, body = ExperimentView)))]
async fn edit(
    State(state): State<ApiState>,
    caller: Caller,
    Path(key): Path<String>,
    Body(sent): Body<Change>,
) -> Result<Json<ExperimentView>, Refusal> {
    let edit = Edit { revision: sent.revision, design: sent.design, note: sent.note, reshuffle: sent.reshuffle };
    let changed = state.services.experiments.edit(&caller.actor, caller.project, &key, edit).await;
    Ok(Json(changed.map_err(in_request)?.into()))
}

/// What stands against a launch
#[utoipa::path(get, path = "/api/v1/experiments/{experiment}/check", tag = "Experiments",
    operation_id = "check_experiment", params(("experiment" = String, Path, description = "its key")),
    responses((status = 200, body = CheckView)))]
async fn check(
    State(state): State<ApiState>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<CheckView>, Refusal> {
    let report = state.services.experiments.report(&caller.actor, caller.project, &key).await?;
    Ok(Json(CheckView {
        problems: report.problems.into_iter().map(at_path).collect(),
        warnings: report.warnings.into_iter().map(at_path).collect(),
    }))
}

/// An experiment's log, newest first
#[utoipa::path(get, path = "/api/v1/experiments/{experiment}/activity", tag = "Experiments",
    operation_id = "experiment_activity", params(("experiment" = String, Path, description = "its key"), PageQuery),
    responses((status = 200, body = ActivityPage)))]
async fn activity(
    State(state): State<ApiState>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<ActivityPage>, Refusal> {
    let size = page_size(query.limit)?;
    let Page { items, next } =
        state.services.experiments.activity(&caller.actor, caller.project, &key, query.cursor.as_deref(), size).await?;
    Ok(Json(ActivityPage { items: items.into_iter().map(ActivityView::from).collect(), next }))
}

/// Act on an experiment
///
/// `launch`, `start` (a scheduled one, now), `pause`, `resume`, `advance` (the ramp by a step), `ship` (moves the label to an
/// arm's version and ends), `stop`, `conclude` (inconclusive), `rollback`, `reopen` (takes back an ending within a minute),
/// `archive`.
#[utoipa::path(post, path = "/api/v1/experiments/{experiment}/{action}", tag = "Experiments",
    operation_id = "act_on_experiment",
    params(("experiment" = String, Path, description = "its key"), ("action" = String, Path, description = "what to do")),
    request_body = Action, responses((status = 200, body = ExperimentView)))]
async fn act(
    State(state): State<ApiState>,
    caller: Caller,
    Path((key, action)): Path<(String, String)>,
    Body(sent): Body<Action>,
) -> Result<Json<ExperimentView>, Refusal> {
    let Caller { actor, project } = caller;
    let experiments = &state.services.experiments;
    let act = Act { revision: sent.revision, note: sent.note };
    if action != "ship" && sent.arm.is_some() {
        return Err(ServiceError::field("arm", "only `ship` takes an arm; leave it out").into());
    }
    let done = match action.as_str() {
        "launch" => experiments.launch(&actor, project, &key, &act).await,
        "start" => experiments.start(&actor, project, &key, &act).await,
        "pause" => experiments.pause(&actor, project, &key, &act).await,
        "resume" => experiments.resume(&actor, project, &key, &act).await,
        "advance" => experiments.advance(&actor, project, &key, &act).await,
        "ship" => experiments.ship(&actor, project, &key, sent.arm.as_deref().unwrap_or_default(), &act).await,
        "stop" => experiments.stop(&actor, project, &key, &act).await,
        "conclude" => experiments.conclude(&actor, project, &key, &act).await,
        "rollback" => experiments.roll_back(&actor, project, &key, &act).await,
        "reopen" => experiments.reopen(&actor, project, &key, &act).await,
        "archive" => experiments.archive(&actor, project, &key, &act).await,
        _ => Err(ServiceError::NotFound { entity: "action", id: action.chars().take(60).collect() }),
    };
    Ok(Json(done.map_err(in_request)?.into()))
}
