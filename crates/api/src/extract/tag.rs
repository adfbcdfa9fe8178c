use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use services::ServiceError;
use sha2::{Digest as _, Sha256};

use crate::refusal::Refusal;

/// Answers JSON with an `ETag` of its content, or 304 when the client has exactly that already.
pub(crate) fn answer_tagged(request: &HeaderMap, body: &impl Serialize) -> Result<Response, Refusal> {
    let bytes = serde_json::to_vec(body).map_err(|error| ServiceError::Internal(Box::new(error)))?;
    let digest = Sha256::digest(&bytes);
    let first_half = digest.iter().take(16).fold(0_u128, |all, byte| (all << 8) | u128::from(*byte));
    let tag = format!("\"{first_half:032x}\"");
    let known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == tag || one == "*");
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response()
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}
