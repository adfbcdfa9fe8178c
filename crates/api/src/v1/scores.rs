use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::{
    Invalid, Problem,
    ids::{ScoreId, SpanId, TraceId},
    problem::{FieldProblem, ProblemCode},
    score::{ScoreName, ScoreTarget, ScoreValue},
    time::TimeUs,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use services::ingest::{Ingest, ScoreDraft, TimedScore};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Caller, parse_json},
    refusal::Refusal,
    scores,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create))
}

/// A score on a span (`trace` and `span`), a trace (`trace`) or a session (`session`).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewScore {
    /// The same id again is an update; made here when absent.
    #[schema(value_type = Option<String>)]
    id: Option<ScoreId>,
    #[schema(value_type = Option<String>)]
    trace: Option<TraceId>,
    #[schema(value_type = Option<String>)]
    span: Option<SpanId>,
    session: Option<String>,
    #[schema(value_type = String)]
    name: ScoreName,
    /// A number, a truth value, or a text (a category unless `type` says `text`).
    #[schema(value_type = Object)]
    value: Value,
    /// `numeric`, `boolean`, `categorical` or `text`.
    #[serde(rename = "type")]
    kind: Option<String>,
    comment: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    metadata: Value,
    environment: Option<String>,
    /// When it was given; now when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<TimeUs>,
}

#[derive(Serialize, ToSchema)]
struct Created {
    /// In the order sent.
    #[schema(value_type = Vec<String>)]
    ids: Vec<ScoreId>,
}

impl NewScore {
    fn into_draft(self) -> Result<ScoreDraft, FieldProblem> {
        let target = ScoreTarget::from_parts(self.trace, self.span, self.session)?;
        Ok(ScoreDraft {
            id: self.id,
            target,
            name: self.name,
            value: value(self.kind.as_deref(), self.value).map_err(|invalid| FieldProblem::new("value", invalid))?,
            comment: self.comment,
            metadata: self.metadata,
            environment: self.environment.unwrap_or_else(|| "default".to_owned()),
            config_id: None,
            at_us: self.at,
        })
    }
}

fn value(kind: Option<&str>, value: Value) -> Result<ScoreValue, Invalid> {
    match (kind, value) {
        (None | Some("numeric"), Value::Number(number)) => ScoreValue::numeric(number.as_f64().unwrap_or(f64::NAN)),
        (None | Some("boolean"), Value::Bool(yes)) => Ok(ScoreValue::Boolean(yes)),
        (None | Some("categorical"), Value::String(text)) if (1..=500).contains(&text.chars().count()) => {
            Ok(ScoreValue::Categorical(text))
        }
        (None | Some("categorical"), Value::String(_)) => Err(Invalid::new("a category has 1 to 500 characters")),
        (Some("text"), Value::String(text)) => Ok(ScoreValue::Text(text)),
        (None | Some("numeric" | "boolean" | "categorical" | "text"), _) => {
            Err(Invalid::new("it does not fit the type; send a number, a truth value or a text"))
        }
        (Some(_), _) => Err(Invalid::new("unknown `type`; types: `numeric`, `boolean`, `categorical`, `text`")),
    }
}

/// Add scores
///
/// One object or an array. All are stored, or none when one is not valid.
#[utoipa::path(post, path = "/api/v1/scores", tag = "Scores", operation_id = "create_scores", request_body = NewScore,
    responses((status = 201, body = Created)))]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Created>), Refusal> {
    let held = scores::read(&state, &caller.actor, caller.project, &headers, body).await?;
    let read = read(&state.services.ingest, &held.bytes)?;
    let ids = scores::store(&state, &caller.actor, caller.project, read).await?;
    Ok((StatusCode::CREATED, Json(Created { ids })))
}

/// All scores of a body, or the first that is wrong.
fn read(ingest: &Ingest, body: &[u8]) -> Result<Vec<TimedScore>, Problem> {
    let array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let sent: Vec<NewScore> = if array { parse_json(body)? } else { vec![parse_json(body)?] };
    let mut scores = Vec::with_capacity(sent.len());
    for (index, score) in sent.into_iter().enumerate() {
        let timed =
            score.into_draft().and_then(|draft| ingest.time(draft).map_err(|invalid| FieldProblem::new("at", invalid)));
        scores.push(timed.map_err(|problem| {
            let field = if array { format!("[{index}].{}", problem.field) } else { problem.field };
            let message = format!("`{field}`: {}.", problem.message);
            let fields = vec![FieldProblem { field, ..problem }];
            Problem { fields, ..Problem::new(ProblemCode::Invalid, message) }
        })?);
    }
    Ok(scores)
}
