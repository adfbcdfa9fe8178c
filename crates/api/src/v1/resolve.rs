//! Which version a unit gets, with its text.

use axum::{Json, extract::State};
use domain::{
    experiment::ExposureDoor,
    prompt::{LabelName, PromptBody, PromptType},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use services::ServiceError;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Body, Caller},
    refusal::Refusal,
    state::ApiState,
};

/// How long a client may use an answer without asking again, seconds.
const TTL_S: u32 = 60;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(resolve))
}

/// A slot, and who asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Question {
    /// The prompt's name.
    prompt: String,
    /// `production` unless said.
    label: Option<String>,
    /// The user's id: the attribute `id`.
    unit: Option<String>,
    /// What is known of the unit: `session_id`, `trace_id`, and whatever experiments split by or target.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
}

/// The version to use.
#[derive(Serialize, ToSchema)]
struct Answer {
    prompt: String,
    label: String,
    /// The key flag clients use for the slot.
    flag_key: String,
    version: u32,
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: PromptType,
    /// A text, or messages and placeholders.
    #[schema(value_type = Object)]
    body: PromptBody,
    #[schema(value_type = Object)]
    config: Value,
    /// The experiment that splits the slot; whether the unit takes part says `reason`.
    experiment: Option<String>,
    /// The unit's arm.
    arm: Option<String>,
    phase: Option<u32>,
    epoch: Option<u32>,
    /// `assigned`, `kept` (the arm it was given before), `forced`, `missing_unit`, `held_out`, `excluded`, `not_targeted`,
    /// `outside_coverage`; `no_experiment` when nothing splits the slot.
    #[schema(value_type = String)]
    reason: Value,
    /// Equal content has an equal tag.
    etag: String,
    /// How long the answer may be used, seconds.
    ttl_s: u32,
}

/// Resolve a slot for a unit
///
/// The experiment's arm if the unit takes part in one, else the version the label points at.
#[utoipa::path(post, path = "/api/v1/resolve", tag = "Resolve", operation_id = "resolve", request_body = Question,
    responses((status = 200, body = Answer)))]
async fn resolve(
    State(state): State<ApiState>,
    caller: Caller,
    Body(mut asked): Body<Question>,
) -> Result<Json<Answer>, Refusal> {
    let assignment = &state.services.assignment;
    let rules = assignment.rules(&caller.actor, caller.project).await?;
    let label = asked.label.as_deref().unwrap_or(LabelName::PRODUCTION);
    let label: LabelName = label.parse().map_err(ServiceError::of("label"))?;
    let rule = assignment.slot(caller.project, &rules, &asked.prompt, &label).await?;
    if let Some(unit) = asked.unit {
        asked.attributes.insert("id".to_owned(), Value::String(unit));
    }
    let resolved = assignment.resolve(caller.project, rule, &asked.attributes).await?;
    let content = assignment.content(&caller.actor, caller.project, &resolved).await?;
    state.services.ingest.answered(caller.project, &resolved, ExposureDoor::Resolve);
    let split = resolved.split.as_ref();
    let reason = split.map_or(Ok(Value::from("no_experiment")), |split| serde_json::to_value(split.reason));
    Ok(Json(Answer {
        prompt: rule.slot.prompt_name.to_string(),
        label: rule.slot.label.to_string(),
        flag_key: rule.slot.flag_key.to_string(),
        version: resolved.version,
        kind: content.prompt.kind,
        body: content.version.body.clone(),
        config: content.version.config.clone(),
        experiment: split.map(|split| split.key.to_string()),
        arm: split.and_then(|split| split.arm).map(ToString::to_string),
        phase: split.map(|split| split.stage.phase),
        epoch: split.map(|split| split.stage.epoch),
        reason: reason.map_err(|error| ServiceError::Internal(Box::new(error)))?,
        etag: content.version.content_hash.clone(),
        ttl_s: TTL_S,
    }))
}
