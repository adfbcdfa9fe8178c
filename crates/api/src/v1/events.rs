//! Outcome events: conversions, revenue, clicks, whatever the application calls a success.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::{
    Problem,
    experiment::{EventName, UnitKind},
    ids::{EventId, TraceId},
    outcome::{EventUnit, OutcomeEvent},
    problem::{FieldProblem, ProblemCode},
    time::TimeUs,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use services::ingest::{Ingest, NewOutcome};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Caller, parse_json},
    refusal::Refusal,
    scores,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, names))
}

/// What happened to a unit (`unit`), in a trace (`trace`) or in a session (`session`).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewEvent {
    /// The same id again is an update; made here when absent.
    #[schema(value_type = Option<String>)]
    id: Option<EventId>,
    /// Such as `checkout.completed`.
    #[schema(value_type = String)]
    name: EventName,
    unit: Option<UnitRef>,
    #[schema(value_type = Option<String>)]
    trace: Option<TraceId>,
    session: Option<String>,
    /// How much; it counts as 1 when absent.
    value: Option<f64>,
    /// Up to 50, 8 KiB in all; kept for reading back.
    #[serde(default)]
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
    /// When it happened; now when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<TimeUs>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UnitRef {
    /// `user`, `session`, `trace` or `attribute:NAME`.
    #[schema(value_type = String)]
    kind: UnitKind,
    id: String,
}

#[derive(Serialize, ToSchema)]
struct Stored {
    /// In the order sent.
    #[schema(value_type = Vec<String>)]
    ids: Vec<EventId>,
}

/// An event's name and how often it happened.
#[derive(Serialize, ToSchema)]
struct EventNameView {
    #[schema(value_type = String)]
    name: EventName,
    events: u64,
    #[schema(value_type = String, format = DateTime)]
    last: TimeUs,
}

#[derive(Serialize, ToSchema)]
struct EventNames {
    names: Vec<EventNameView>,
}

impl NewEvent {
    fn into_event(self, ingest: &Ingest) -> Result<OutcomeEvent, FieldProblem> {
        let unit = match (self.unit, self.trace, self.session) {
            (Some(unit), None, None) => EventUnit::new(unit.kind, &unit.id)?,
            (None, Some(trace), None) => EventUnit::trace(trace),
            (None, None, Some(session)) => EventUnit::new(UnitKind::Session, &session)
                .map_err(|problem| FieldProblem { field: "session".to_owned(), ..problem })?,
            _ => {
                return Err(FieldProblem::new(
                    "unit",
                    "give one of `unit`, `trace` and `session`, such as `{\"kind\": \"user\", \"id\": \"ana\"}`",
                ));
            }
        };
        ingest.outcome(NewOutcome {
            id: self.id,
            name: self.name,
            unit,
            value: self.value,
            properties: self.properties,
            at: self.at,
        })
    }
}

/// Add outcome events
///
/// One object or an array. All are stored, or none when one is not valid.
#[utoipa::path(post, path = "/api/v1/events", tag = "Experiments", operation_id = "create_events",
    request_body = NewEvent, responses((status = 201, body = Stored)))]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Stored>), Refusal> {
    let held = scores::read(&state, &caller.actor, caller.project, &headers, body).await?;
    let events = read(&state.services.ingest, &held.bytes)?;
    let ids = state.services.ingest.outcomes(&caller.actor, caller.project, events).await?;
    metrics::counter!("assay_ingest_outcomes_total").increment(ids.len() as u64);
    Ok((StatusCode::CREATED, Json(Stored { ids })))
}

/// All events of a body, or the first that is wrong.
fn read(ingest: &Ingest, body: &[u8]) -> Result<Vec<OutcomeEvent>, Problem> {
    let array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let sent: Vec<NewEvent> = if array { parse_json(body)? } else { vec![parse_json(body)?] };
    let mut events = Vec::with_capacity(sent.len());
    for (index, event) in sent.into_iter().enumerate() {
        events.push(event.into_event(ingest).map_err(|problem| {
            let field = if array { format!("[{index}].{}", problem.field) } else { problem.field };
            let message = format!("`{field}`: {}.", problem.message);
            let fields = vec![FieldProblem { field, ..problem }];
            Problem { fields, ..Problem::new(ProblemCode::Invalid, message) }
        })?);
    }
    Ok(events)
}

/// List event names
///
/// With how often each happened; in order, at most 200.
#[utoipa::path(get, path = "/api/v1/events", tag = "Experiments", operation_id = "event_names",
    responses((status = 200, body = EventNames)))]
async fn names(State(state): State<ApiState>, caller: Caller) -> Result<Json<EventNames>, Refusal> {
    let counts = state.services.ingest.outcome_counts(&caller.actor, caller.project).await?;
    let names = counts.into_iter().map(|one| EventNameView { name: one.name, events: one.events, last: one.last_us });
    Ok(Json(EventNames { names: names.collect() }))
}
