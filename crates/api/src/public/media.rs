use axum::{
    Json,
    body::Body,
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse as _, Response},
};
use domain::{ids::ProjectId, media::MediaId};
use serde::Deserialize;
use serde_json::{Value, json};
use services::{
    ServiceError,
    media::{Address, Announcement, MAX_BYTES, Presented, Purpose},
};

use crate::{
    extract::{Held, IngestCaller, SdkBody, SdkCaller, SdkPath, SdkQuery, read_body},
    refusal::SdkRefusal,
    state::ApiState,
};

/// Whatever else the SDKs send of a piece (observation, field) is in the payload that refers to it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Announce {
    content_type: String,
    content_length: u64,
    sha256_hash: String,
    /// One that is no id of a trace is none.
    trace_id: Option<String>,
}

/// What an SDK says of how sending went.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent {
    upload_http_status: Option<u16>,
}

#[derive(Deserialize)]
pub(super) struct Signed {
    expires: i64,
    signature: String,
}

/// Announce a piece of media
///
/// `uploadUrl` is where to `PUT` its bytes, good for 15 minutes; `null` when they are here already. At most 32 MiB.
#[utoipa::path(post, path = "/api/public/media", tag = "SDK", operation_id = "sdk_announce_media",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 201, description = "`mediaId` and `uploadUrl`"), (status = 200, description = "known already")))]
pub(super) async fn announce(
    State(state): State<ApiState>,
    caller: IngestCaller,
    headers: HeaderMap,
    SdkBody(sent): SdkBody<Announce>,
) -> Result<(StatusCode, Json<Value>), SdkRefusal> {
    let announcement = Announcement {
        content_type: sent.content_type,
        length: sent.content_length,
        sha256: sent.sha256_hash,
        trace: sent.trace_id.and_then(|id| id.parse().ok()),
    };
    let announced = state.services.media.announce(&caller.actor, caller.project, &announcement).await?;
    let status = if announced.send_to.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    let url = announced.send_to.map(|address| url_of(&state, &headers, &address));
    Ok((status, Json(json!({ "mediaId": announced.id, "uploadUrl": url }))))
}

/// Where a piece of media can be read
///
/// `url` is good for an hour.
#[utoipa::path(get, path = "/api/public/media/{media}", tag = "SDK", operation_id = "sdk_get_media",
    params(("media" = String, Path)),
    responses((status = 200, description = "the piece"), (status = 404, description = "it has not come")))]
pub(super) async fn get(
    State(state): State<ApiState>,
    caller: SdkCaller,
    headers: HeaderMap,
    SdkPath(id): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    let found = state.services.media.readable(&caller.actor, caller.project, &id).await?;
    Ok(Json(json!({
        "mediaId": found.media.id,
        "contentType": found.media.content_type,
        "contentLength": found.media.length,
        "uploadedAt": found.uploaded_us,
        "url": url_of(&state, &headers, &found.address),
        "urlExpiry": found.address.expires_us,
    })))
}

/// How sending a piece went, as the SDK saw it
#[utoipa::path(patch, path = "/api/public/media/{media}", tag = "SDK", operation_id = "sdk_report_media",
    params(("media" = String, Path)), request_body(content = Object, content_type = "application/json"),
    responses((status = 204, description = "heard"), (status = 404, description = "nobody announced it")))]
pub(super) async fn report(
    State(state): State<ApiState>,
    caller: IngestCaller,
    SdkPath(id): SdkPath<String>,
    SdkBody(sent): SdkBody<Sent>,
) -> Result<StatusCode, SdkRefusal> {
    // Whether the bytes are here is known better by whoever stored them; this only counts what was seen.
    state.services.media.expect(&caller.actor, caller.project, &id).await?;
    let good = sent.upload_http_status.is_some_and(|status| (200..300).contains(&status));
    let result = if good { "sent" } else { "failed" };
    metrics::counter!("assay_media_uploads_total", "result" => result).increment(1);
    Ok(StatusCode::NO_CONTENT)
}

/// Send the bytes of a piece
///
/// At the `uploadUrl` an announcement gave; it needs no key. Length and SHA-256 have to be the announced ones.
#[utoipa::path(put, path = "/api/public/media/{project}/{media}", tag = "SDK", operation_id = "sdk_send_media", security(()),
    params(("project" = String, Path), ("media" = String, Path), ("expires" = i64, Query), ("signature" = String, Query)),
    request_body(content_type = "application/octet-stream"),
    responses((status = 200, description = "stored"), (status = 403, description = "not an address of ours, or too late")))]
pub(super) async fn send(
    State(state): State<ApiState>,
    SdkPath((project, media)): SdkPath<(String, String)>,
    SdkQuery(signed): SdkQuery<Signed>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, SdkRefusal> {
    let media_service = &state.services.media;
    let presented = presented(&project, &media, &signed)?;
    let pass = media_service.admit(&presented, Purpose::Send).await?;
    let most = media_service.expected(&pass).await?.min(MAX_BYTES);
    let limit = usize::try_from(most).unwrap_or(usize::MAX).min(state.config.max_body_bytes);
    let Held { bytes, share } = read_body(&headers, body, limit, Some(&state.services.ingest)).await?;
    media_service.receive(&pass, bytes).await?;
    drop(share);
    Ok(Json(json!({ "mediaId": presented.id })))
}

/// The bytes of a piece
///
/// At the `url` that `GET /api/public/media/{media}` gave; it needs no key.
#[utoipa::path(get, path = "/api/public/media/{project}/{media}", tag = "SDK", operation_id = "sdk_read_media", security(()),
    params(("project" = String, Path), ("media" = String, Path), ("expires" = i64, Query), ("signature" = String, Query)),
    responses((status = 200, description = "the bytes"), (status = 403, description = "not an address of ours, or too late")))]
pub(super) async fn read(
    State(state): State<ApiState>,
    SdkPath((project, media)): SdkPath<(String, String)>,
    SdkQuery(signed): SdkQuery<Signed>,
) -> Result<Response, SdkRefusal> {
    let media_service = &state.services.media;
    let presented = presented(&project, &media, &signed)?;
    let pass = media_service.admit(&presented, Purpose::Read).await?;
    let (piece, bytes) = media_service.give(&pass).await?;
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    // Somebody else's bytes on our own origin: shown only as what cannot run, and cut off from everything even so.
    let (kind, disposition) = if piece.content_type.is_passive() {
        (piece.content_type.as_str(), "inline")
    } else {
        ("application/octet-stream", "attachment")
    };
    let kind = HeaderValue::from_str(kind).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'self'"),
    );
    // The content never changes; the address does.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600, immutable"));
    Ok(response)
}

/// What stands in an address of ours. What cannot be one was never given out.
fn presented<'s>(project: &str, media: &str, signed: &'s Signed) -> Result<Presented<'s>, ServiceError> {
    let project: ProjectId = project.parse().map_err(|_| ServiceError::BadLink)?;
    let id: MediaId = media.parse().map_err(|_| ServiceError::BadLink)?;
    Ok(Presented { project, id, expires_us: signed.expires, signature: &signed.signature })
}

/// A whole address: below the configured one, else below the one the request was sent to.
fn url_of(state: &ApiState, headers: &HeaderMap, address: &Address) -> String {
    let host = || headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let base = match &state.config.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", host()),
    };
    format!("{base}{}", address.path)
}
