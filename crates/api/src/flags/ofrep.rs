//! OpenFeature remote evaluation: one flag, or all of them with an `ETag`.

use std::fmt::Write as _;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
    routing::options,
};
use domain::{
    Problem,
    experiment::{ArmKey, ExposureDoor},
    problem::ProblemCode,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use services::{
    ServiceError,
    assignment::{Reason, Resolved, Rule, Split},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Body, Path, answer_tagged, client_key},
    refusal::{FlagRefusalDocument, Refusal, finish},
    state::ApiState,
    web::{WebCaller, cors},
};

/// Where OpenFeature's contexts carry the user's id.
const TARGETING_KEY: &str = "targetingKey";
/// And what it is called among the attributes.
const UNIT: &str = "id";

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(all))
        .routes(routes!(one))
        .route("/ofrep/v1/evaluate/flags/{flag}", options(|| async { StatusCode::NO_CONTENT }))
        .route("/ofrep/v1/evaluate/flags", options(|| async { StatusCode::NO_CONTENT }))
        .layer(cors([Method::POST]))
}

/// Who asks. Unknown fields are the client's own business.
#[derive(Default, Deserialize, ToSchema)]
struct Evaluation {
    /// `targetingKey` is the user's id; the rest are attributes.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
}

impl Evaluation {
    /// Attributes as every other door names them.
    fn attributes(self) -> Map<String, Value> {
        let mut attributes = self.context.unwrap_or_default();
        if let Some(key) = attributes.get(TARGETING_KEY).cloned() {
            attributes.insert(UNIT.to_owned(), key);
        }
        attributes
    }
}

/// A flag's answer.
#[derive(Serialize, ToSchema)]
struct Flag {
    key: String,
    /// The version's number as a text.
    value: String,
    /// `STATIC`, `SPLIT`, `TARGETING_MATCH` or `DEFAULT`.
    reason: &'static str,
    /// The arm, or `default`.
    variant: String,
    /// `promptName`, `promptVersion`, `label`; with an experiment also `experiment`, `arm`, `phase`, `epoch`, `why`.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
}

/// Every flag's answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AllFlags {
    flags: Vec<Flag>,
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// Where changes are told, for clients that can listen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    event_streams: Vec<Value>,
}

/// A refusal in the protocol's words.
#[derive(Debug)]
struct OfrepRefusal {
    key: Option<String>,
    problem: Problem,
    /// What of the context is wrong, where it is the context.
    context: Option<&'static str>,
}

impl OfrepRefusal {
    fn of(key: Option<&str>) -> impl Fn(Refusal) -> Self {
        let key = key.map(|key| key.chars().take(200).collect());
        move |refusal: Refusal| Self { key: key.clone(), problem: refusal.into_problem(), context: None }
    }

    /// One flag asked for without the id its experiment splits by. The client answers its caller's default and says why,
    /// where serving the control would hide that this caller takes part in nothing.
    fn without_unit(rule: &Rule, split: &Split) -> Self {
        let attribute = split.engine.definition().unit.as_str();
        let (code, wanted) = match attribute {
            UNIT => ("TARGETING_KEY_MISSING", format!("`{TARGETING_KEY}`, a text that stays the same for a user")),
            other => ("INVALID_CONTEXT", format!("the attribute `{other}`, a text or a whole number")),
        };
        let message = format!("the experiment `{}` splits this flag; send {wanted}", split.key);
        let problem = Problem::new(ProblemCode::Invalid, message);
        Self { key: Some(rule.slot.flag_key.to_string()), problem, context: Some(code) }
    }
}

impl IntoResponse for OfrepRefusal {
    fn into_response(self) -> Response {
        let code = self.context.unwrap_or(match self.problem.code {
            ProblemCode::Invalid => "PARSE_ERROR",
            ProblemCode::NotFound => "FLAG_NOT_FOUND",
            _ => "GENERAL",
        });
        let document = FlagRefusalDocument { key: self.key, error_code: code, error_details: self.problem.message };
        finish(self.problem.code, self.problem.retry_after_s, Json(document).into_response())
    }
}

/// Evaluate one flag
#[utoipa::path(post, path = "/ofrep/v1/evaluate/flags/{flag}", tag = "Flags", operation_id = "ofrep_evaluate",
    params(("flag" = String, Path, description = "the slot's flag key")), request_body = Evaluation,
    responses((status = 200, body = Flag)))]
async fn one(
    State(state): State<ApiState>,
    caller: Result<WebCaller, Refusal>,
    path: Result<Path<String>, Refusal>,
    body: Result<Body<Evaluation>, Refusal>,
) -> Result<Json<Flag>, OfrepRefusal> {
    let Path(key) = path.map_err(OfrepRefusal::of(None))?;
    let refuse = OfrepRefusal::of(Some(&key));
    let caller = caller.map_err(&refuse)?;
    let Body(evaluation) = body.map_err(&refuse)?;
    let rules = state.services.assignment.rules(&caller.actor, caller.project).await;
    let rules = rules.map_err(|error| refuse(error.into()))?;
    let missing = || ServiceError::NotFound { entity: "flag", id: key.chars().take(200).collect() };
    let rule = rules.by_flag_key(&key).ok_or_else(|| refuse(missing().into()))?;
    let attributes = evaluation.attributes();
    let resolved = state.services.assignment.resolve(caller.project, rule, &attributes).await;
    let resolved = resolved.map_err(|error| refuse(error.into()))?;
    if let Some(split) = &rule.split
        && resolved.split.as_ref().is_some_and(|standing| standing.reason == Reason::MissingUnit)
    {
        return Err(OfrepRefusal::without_unit(rule, split));
    }
    state.services.ingest.answered(caller.project, &resolved, ExposureDoor::Ofrep);
    Ok(Json(flag(&resolved)))
}

/// Evaluate every flag
///
/// Exposes nobody: a client asks for all flags before it uses any.
#[utoipa::path(post, path = "/ofrep/v1/evaluate/flags", tag = "Flags", operation_id = "ofrep_evaluate_all",
    request_body = Evaluation,
    responses((status = 200, body = AllFlags), (status = 304, description = "as `If-None-Match` has it")))]
async fn all(
    State(state): State<ApiState>,
    caller: Result<WebCaller, Refusal>,
    headers: HeaderMap,
    body: Result<Body<Evaluation>, Refusal>,
) -> Result<Response, OfrepRefusal> {
    let refuse = OfrepRefusal::of(None);
    let caller = caller.map_err(&refuse)?;
    let Body(evaluation) = body.map_err(&refuse)?;
    let rules = state.services.assignment.rules(&caller.actor, caller.project).await;
    let rules = rules.map_err(|error| refuse(error.into()))?;
    let attributes = evaluation.attributes();
    let mut flags = Vec::new();
    for rule in rules.iter() {
        let resolved = state.services.assignment.preview(caller.project, rule, &attributes).await;
        flags.push(flag(&resolved.map_err(|error| refuse(error.into()))?));
    }
    let event_streams = client_key(&headers).map(stream_of).into_iter().collect();
    let answer = AllFlags { flags, metadata: Map::new(), event_streams };
    answer_tagged(&headers, &answer).map_err(&refuse)
}

/// Where a browser listens: an `EventSource` sends no headers, so the key, which is public, is in the address.
fn stream_of(key: &str) -> Value {
    let mut address = String::from("/api/v1/sdk/stream?client_key=");
    // Keys are made of plain characters; one that is not was refused before.
    let _ = write!(address, "{key}");
    json!({ "type": "sse", "endpoint": { "requestUri": address } })
}

fn flag(resolved: &Resolved<'_>) -> Flag {
    Flag {
        key: resolved.rule.slot.flag_key.to_string(),
        value: resolved.version.to_string(),
        reason: reason(resolved),
        variant: arm(resolved).unwrap_or("default").to_owned(),
        metadata: metadata(resolved),
    }
}

fn arm<'r>(resolved: &Resolved<'r>) -> Option<&'r str> {
    resolved.split.as_ref()?.arm.map(ArmKey::as_str)
}

fn reason(resolved: &Resolved<'_>) -> &'static str {
    match &resolved.split {
        None => "STATIC",
        Some(split) if split.assigned.is_some() || split.reason == Reason::Kept => "SPLIT",
        Some(split) if split.arm.is_some() => "TARGETING_MATCH",
        Some(_) => "DEFAULT",
    }
}

fn metadata(resolved: &Resolved<'_>) -> Map<String, Value> {
    let slot = &resolved.rule.slot;
    let mut told = Map::new();
    told.insert("promptName".to_owned(), slot.prompt_name.as_str().into());
    told.insert("promptVersion".to_owned(), resolved.version.into());
    told.insert("label".to_owned(), slot.label.as_str().into());
    if let Some(split) = &resolved.split {
        told.insert("experiment".to_owned(), split.key.as_str().into());
        told.insert("phase".to_owned(), split.stage.phase.into());
        told.insert("epoch".to_owned(), split.stage.epoch.into());
        told.insert("why".to_owned(), serde_json::to_value(split.reason).unwrap_or_default());
        if let Some(arm) = split.arm {
            told.insert("arm".to_owned(), arm.as_str().into());
        }
    }
    told
}
