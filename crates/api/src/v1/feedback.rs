//! Opinions of the people who use an application, straight from its web pages.

use axum::{
    Json,
    extract::State,
    http::{Method, StatusCode},
    routing::options,
};
use domain::{
    ids::{ScoreId, SpanId, TraceId},
    score::ScoreTarget,
};
use serde::{Deserialize, Serialize};
use services::{ServiceError, ingest::Feedback};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::Body,
    refusal::Refusal,
    state::ApiState,
    web::{WebCaller, cors},
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    // What asks beforehand is answered by the layer, which the router's answer for other methods would hide without a route.
    OpenApiRouter::new()
        .routes(routes!(give))
        .route("/api/v1/feedback", options(|| async { StatusCode::NO_CONTENT }))
        .layer(cors([Method::POST]))
}

/// An opinion of a trace (`trace`), one of its spans (`trace` and `span`), or a session (`session`).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewFeedback {
    #[schema(value_type = Option<String>)]
    trace: Option<TraceId>,
    #[schema(value_type = Option<String>)]
    span: Option<SpanId>,
    session: Option<String>,
    /// Kept as the boolean score `thumbs`.
    #[schema(inline)]
    thumbs: Option<Thumbs>,
    /// 1 to 5, kept as the numeric score `rating`.
    rating: Option<i64>,
    /// Up to 5,000 characters; kept with the thumbs or the rating, or alone as the text score `comment`.
    comment: Option<String>,
    /// Who says so, as the application names them. The same user's next opinion of the same thing replaces this one.
    user: Option<String>,
    environment: Option<String>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Thumbs {
    Up,
    Down,
}

#[derive(Serialize, ToSchema)]
struct Given {
    /// Of the scores it is kept as.
    #[schema(value_type = Vec<String>)]
    ids: Vec<ScoreId>,
}

impl TryFrom<NewFeedback> for Feedback {
    type Error = ServiceError;

    fn try_from(new: NewFeedback) -> Result<Self, ServiceError> {
        Ok(Self {
            target: ScoreTarget::from_parts(new.trace, new.span, new.session)
                .map_err(|problem| ServiceError::Invalid(vec![problem]))?,
            thumbs: new.thumbs.map(|thumbs| matches!(thumbs, Thumbs::Up)),
            rating: new.rating,
            comment: new.comment,
            user: new.user,
            environment: new.environment,
        })
    }
}

/// Give feedback
///
/// The one door for public client keys: `Authorization: Bearer ck-assay-…` from a page of one of the key's origins.
#[utoipa::path(post, path = "/api/v1/feedback", tag = "Scores", operation_id = "give_feedback", request_body = NewFeedback,
    responses((status = 201, body = Given)))]
async fn give(
    State(state): State<ApiState>,
    caller: WebCaller,
    Body(new): Body<NewFeedback>,
) -> Result<(StatusCode, Json<Given>), Refusal> {
    let ids = state.services.ingest.feedback(&caller.actor, caller.project, new.try_into()?).await?;
    metrics::counter!("assay_ingest_scores_total", "result" => "accepted").increment(ids.len() as u64);
    Ok((StatusCode::CREATED, Json(Given { ids })))
}
