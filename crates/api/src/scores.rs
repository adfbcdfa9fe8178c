//! What the doors for scores have in common: their bodies, and how a body that cannot be read is refused.

use axum::{body::Body, http::HeaderMap};
use domain::{
    Problem,
    auth::{Actor, Permission},
    ids::{ProjectId, ScoreId},
    problem::ProblemCode,
};
use services::ingest::{BodyError, InvalidScore, ScoreDraft, TimedScore};
use services::{ServiceError, context::authorize};

use crate::{
    extract::{Held, Kind, read_body},
    refusal::Failure,
    state::ApiState,
};

/// Scores are small: the SDKs send at most 1 MB.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Reads a body of scores, after asking whether the actor may send any.
pub(crate) async fn read(
    state: &ApiState,
    actor: &Actor,
    project: ProjectId,
    headers: &HeaderMap,
    body: Body,
) -> Result<Held, Failure> {
    authorize(actor, project, Permission::Annotate)?;
    Kind::of(headers, &[Kind::Json])?;
    let limit = MAX_BYTES.min(state.config.max_body_bytes);
    let held = read_body(headers, body, limit, Some(&state.services.ingest)).await?;
    metrics::counter!("assay_ingest_bytes_total").increment(held.bytes.len() as u64);
    Ok(held)
}

/// Settles the time of a score from an SDK, which calls it `timestamp`.
pub(crate) fn time(state: &ApiState, draft: ScoreDraft) -> Result<TimedScore, InvalidScore> {
    let timed = state.services.ingest.time(draft);
    timed.map_err(|invalid| InvalidScore { field: "timestamp", reason: invalid.to_string() })
}

/// Stores scores, all or none, and counts them.
pub(crate) async fn store(
    state: &ApiState,
    actor: &Actor,
    project: ProjectId,
    scores: Vec<TimedScore>,
) -> Result<Vec<ScoreId>, ServiceError> {
    if scores.is_empty() {
        return Ok(Vec::new());
    }
    let ids = state.services.ingest.scores(actor, project, scores).await?;
    metrics::counter!("assay_ingest_scores_total", "result" => "accepted").increment(ids.len() as u64);
    Ok(ids)
}

/// Counts scores that were refused one by one.
pub(crate) fn count_refused(scores: usize) {
    metrics::counter!("assay_ingest_scores_total", "result" => "rejected").increment(scores as u64);
}

/// Nothing of the body could be used.
pub(crate) fn unreadable(error: &BodyError) -> Problem {
    let code = match error {
        BodyError::TooMany { .. } => ProblemCode::TooLarge,
        _ => ProblemCode::Invalid,
    };
    let mut message = error.to_string();
    message.push('.');
    Problem::new(code, message)
}
