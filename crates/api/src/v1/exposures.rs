//! Exposures as clients report them: the tracking callback of a feature client.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    routing::options,
};
use domain::{
    auth::Permission,
    experiment::{ArmKey, ExperimentKey},
    time::TimeUs,
};
use serde::{Deserialize, Serialize};
use services::{ServiceError, context::authorize, ingest::NewExposure};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Kind, parse_json, read_body},
    refusal::Refusal,
    state::ApiState,
    web::{WebCaller, cors},
};

/// Exposures are small: this is some ten thousand of them.
const MAX_BYTES: usize = 1024 * 1024;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    // What asks beforehand is answered by the layer, which the router's answer for other methods would hide without a route.
    OpenApiRouter::new()
        .routes(routes!(create))
        .route("/api/v1/exposures", options(|| async { StatusCode::NO_CONTENT }))
        .layer(cors([Method::POST]))
}

/// A unit met an experiment: what a feature client's tracking callback is given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExposureReport {
    /// The experiment's key.
    #[schema(value_type = String)]
    experiment: ExperimentKey,
    /// The unit's id, as it was hashed on.
    unit: String,
    /// The arm's key.
    #[schema(value_type = String)]
    arm: ArmKey,
    /// When; now when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<TimeUs>,
}

#[derive(Serialize, ToSchema)]
struct Exposed {
    /// How many were stored, those of forced units left out.
    exposures: usize,
}

/// Report exposures
///
/// One object or an array. All are stored, or none when one is not valid. The earliest of a unit stands. Public client keys may
/// use it from a page of one of their origins.
#[utoipa::path(post, path = "/api/v1/exposures", tag = "Experiments", operation_id = "create_exposures",
    request_body = ExposureReport, responses((status = 201, body = Exposed)))]
async fn create(
    State(state): State<ApiState>,
    caller: WebCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Exposed>), Refusal> {
    authorize(&caller.actor, caller.project, Permission::Feedback)?;
    Kind::of(&headers, &[Kind::Json])?;
    let limit = MAX_BYTES.min(state.config.max_body_bytes);
    let held = read_body(&headers, body, limit, Some(&state.services.ingest)).await?;
    let array = held.bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let sent: Vec<ExposureReport> = if array { parse_json(&held.bytes)? } else { vec![parse_json(&held.bytes)?] };
    let sent = sent.into_iter().map(|one| NewExposure {
        experiment: one.experiment,
        unit: one.unit,
        arm: one.arm,
        at: one.at,
    });
    let ingest = &state.services.ingest;
    let exposures = match ingest.tracked(&caller.actor, caller.project, sent.collect()).await {
        // One alone has no place to be named by.
        Err(ServiceError::Invalid(mut wrong)) if !array => {
            for problem in &mut wrong {
                if let Some(field) = problem.field.strip_prefix("[0].") {
                    problem.field = field.to_owned();
                }
            }
            return Err(ServiceError::Invalid(wrong).into());
        }
        outcome => outcome?,
    };
    let stored = exposures.len();
    ingest.store_exposures(caller.project, exposures).await?;
    Ok((StatusCode::CREATED, Json(Exposed { exposures: stored })))
}
