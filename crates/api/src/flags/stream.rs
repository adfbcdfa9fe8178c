//! Server-sent events: slots answer differently from now on.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts as _, Request, State},
    http::{Method, StatusCode},
    response::{
        IntoResponse as _, Response,
        sse::{Event, Sse},
    },
    routing::options,
};
use domain::{auth::Actor, ids::ProjectId};
use futures::{Stream, stream};
use serde::Deserialize;
use services::{ServiceError, assignment::FeaturesPayload, prompts::PromptsChanged};
use tokio::{
    sync::{OwnedSemaphorePermit, broadcast},
    time::{Instant, timeout_at},
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::Query,
    refusal::Refusal,
    state::ApiState,
    web::{WebCaller, by_client_key, cors},
};

/// A comment is sent this often, so that nothing between here and there takes the connection for dead. Changes by other
/// processes are found then.
const PULSE: Duration = Duration::from_secs(15);
const BUSY: ServiceError = ServiceError::Unavailable {
    reason: "Too many clients listen already. Ask again from time to time.",
    retry_after_s: 30,
};

/// What listeners are told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Told {
    /// The whole payload, as GrowthBook's clients take it.
    Features,
    /// To evaluate again, as OpenFeature's web provider takes it.
    Refetch,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListenQuery {
    /// A client key, from browsers, whose `EventSource` sends no headers.
    client_key: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(listen))
        .route("/api/v1/sdk/stream", options(|| async { StatusCode::NO_CONTENT }))
        .layer(cors([Method::GET]))
}

/// Changes of slots, as server-sent events
///
/// `{"type": "refetchEvaluation", "lastModified": …}` at once, and whenever some slot answers differently.
#[utoipa::path(get, path = "/api/v1/sdk/stream", tag = "Resolve", operation_id = "sdk_stream", params(ListenQuery),
    responses((status = 200, description = "`text/event-stream`")))]
async fn listen(
    State(state): State<ApiState>,
    Query(query): Query<ListenQuery>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    let caller = match query.client_key {
        Some(key) => by_client_key(&state, &parts.headers, &key).await?,
        None => WebCaller::from_request_parts(&mut parts, &state).await?,
    };
    Ok(events(&state, caller.actor, caller.project, Told::Refetch).await?.into_response())
}

/// One listener.
struct Listener {
    state: ApiState,
    actor: Actor,
    project: ProjectId,
    told: Told,
    changes: broadcast::Receiver<PromptsChanged>,
    last: Option<Arc<FeaturesPayload>>,
    /// Held as long as it listens.
    _place: OwnedSemaphorePermit,
}

/// The events of one listener, until it goes or the server stops.
pub(super) async fn events(
    state: &ApiState,
    actor: Actor,
    project: ProjectId,
    told: Told,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, Refusal> {
    let place = Arc::clone(&state.listeners).try_acquire_owned().map_err(|_| BUSY)?;
    let changes = state.services.prompts.subscribe();
    // Whoever may not resolve learns so as a status, not as a stream that ends.
    state.services.assignment.rules(&actor, project).await?;
    let listener = Listener { state: state.clone(), actor, project, told, changes, last: None, _place: place };
    Ok(Sse::new(stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })))
}

impl Listener {
    /// The next event; none when the server stops or the actor may not listen any more.
    async fn next(&mut self) -> Option<Event> {
        if self.last.is_some() {
            let stopping = self.state.config.stopping.clone();
            tokio::select! {
                () = stopping.cancelled() => return None,
                () = self.change_or_pulse() => {}
            }
        }
        let now = self.state.services.assignment.features(&self.actor, self.project).await;
        let now = match now {
            Ok(now) => Arc::new(now),
            Err(error) => {
                tracing::warn!(project.id = %self.project, %error, "ended an event stream");
                return None;
            }
        };
        if self.last.as_ref().is_some_and(|last| last.decides_as(&now)) {
            return Some(Event::default().comment(""));
        }
        let event = match self.told {
            Told::Features => Event::default().event("features").json_data(&*now),
            Told::Refetch => Event::default().json_data(serde_json::json!({
                "type": "refetchEvaluation", "lastModified": now.updated_us().0 / 1_000,
            })),
        };
        self.last = Some(now);
        event.ok()
    }

    async fn change_or_pulse(&mut self) {
        let pulse = Instant::now() + PULSE;
        loop {
            match timeout_at(pulse, self.changes.recv()).await {
                Ok(Ok(change)) if change.project != self.project => {}
                // Of this project, or some were missed and may have been.
                Ok(Ok(_) | Err(broadcast::error::RecvError::Lagged(_))) | Err(_) => return,
                Ok(Err(broadcast::error::RecvError::Closed)) => {
                    tokio::time::sleep_until(pulse).await;
                    return;
                }
            }
        }
    }
}
