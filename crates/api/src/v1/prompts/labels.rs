use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use services::experiments::{TakeLabel, Takeover};
use utoipa::{IntoParams, ToSchema};

use super::model::{LabelView, MoveView, Moves};
use crate::{
    extract::{Body, Caller, Path, Query},
    refusal::Refusal,
    state::ApiState,
};

/// Where a label goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    version: u32,
    /// Why, for the record.
    reason: Option<String>,
    /// What becomes of an experiment that owns the label: `stop` ends it, `rebase` makes the version its control. Without it
    /// the move is refused then.
    #[schema(inline)]
    experiment: Option<OwnerTo>,
}

/// What becomes of an experiment whose label moves.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OwnerTo {
    Stop,
    Rebase,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Why {
    /// Why, for the record.
    reason: Option<String>,
}

// Beside `labels`, not below it: there every name is a label's.
/// Moves of a prompt's labels, newest first
#[utoipa::path(get, path = "/api/v1/prompts/{name}/label-moves", tag = "Prompts", operation_id = "label_moves",
    params(("name" = String, Path)), responses((status = 200, body = Moves)))]
pub(super) async fn moves(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Moves>, Refusal> {
    let moves = state.services.prompts.label_moves(&caller.actor, caller.project, &name).await?;
    Ok(Json(Moves { items: moves.into_iter().map(MoveView::from).collect() }))
}

/// Point a label at a version
#[utoipa::path(put, path = "/api/v1/prompts/{name}/labels/{label}", tag = "Prompts", operation_id = "move_label",
    params(("name" = String, Path), ("label" = String, Path)), request_body = Move,
    responses((status = 200, body = LabelView)))]
pub(super) async fn set(
    State(state): State<ApiState>,
    caller: Caller,
    Path((name, label)): Path<(String, String)>,
    Body(sent): Body<Move>,
) -> Result<Json<LabelView>, Refusal> {
    let Caller { actor, project } = caller;
    let reason = sent.reason.as_deref();
    let Some(owner) = sent.experiment else {
        let prompts = &state.services.prompts;
        let moved = prompts.move_label(&actor, project, &name, &label, sent.version, reason).await?;
        return Ok(Json(moved.into()));
    };
    let takeover = match owner {
        OwnerTo::Stop => Takeover::Stop,
        OwnerTo::Rebase => Takeover::Rebase,
    };
    let take = TakeLabel { prompt: &name, label: &label, to: sent.version, reason, takeover };
    Ok(Json(state.services.experiments.move_label(&actor, project, take).await?.label.into()))
}

/// Remove a label
///
/// The slot keeps its flag key for when the label comes back.
#[utoipa::path(delete, path = "/api/v1/prompts/{name}/labels/{label}", tag = "Prompts", operation_id = "remove_label",
    params(("name" = String, Path), ("label" = String, Path), Why),
    responses((status = 204, description = "removed")))]
pub(super) async fn remove(
    State(state): State<ApiState>,
    caller: Caller,
    Path((name, label)): Path<(String, String)>,
    Query(why): Query<Why>,
) -> Result<StatusCode, Refusal> {
    let prompts = &state.services.prompts;
    prompts.remove_label(&caller.actor, caller.project, &name, &label, why.reason.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}
