use axum::{Extension, Json, extract::State, http::StatusCode};
use domain::{
    auth::{KeyKind, Scope},
    ids::KeyId,
    time::TimeUs,
};
use serde::{Deserialize, Serialize};
use services::{ServiceError, access::ApiKey};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Body, Caller, Path},
    once::ShownOnce,
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

#[derive(Serialize, ToSchema)]
struct KeyView {
    #[schema(value_type = String, format = "uuid")]
    id: KeyId,
    name: String,
    /// `pair` or `client`.
    #[schema(value_type = String)]
    kind: KeyKind,
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
    public_key: String,
    /// Last characters of the secret, to recognise it.
    secret_hint: String,
    /// Web origins a client key may be used from.
    origins: Vec<String>,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: TimeUs,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<TimeUs>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<TimeUs>,
}

#[derive(Serialize, ToSchema)]
struct Keys {
    items: Vec<KeyView>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    name: String,
    /// `ingest`, `resolve`, `read`, `write`.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
    /// `pair` (the default) or `client`.
    #[serde(default = "pair")]
    #[schema(value_type = String)]
    kind: KeyKind,
    /// Web origins a client key may be used from.
    #[serde(default)]
    origins: Vec<String>,
}

fn pair() -> KeyKind {
    KeyKind::Pair
}

#[derive(Serialize, ToSchema)]
struct CreatedKey {
    #[serde(flatten)]
    key: KeyView,
    /// The secret half, shown this once; none for a client key.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_key: Option<String>,
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            kind: key.kind,
            scopes: key.scopes,
            public_key: key.public_key,
            secret_hint: key.secret_hint,
            origins: key.origins,
            created_by: key.created_by,
            created_at: key.created_us,
            last_used_at: key.last_used_us,
            revoked_at: key.revoked_us,
        }
    }
}

/// Keys of the project, newest first
#[utoipa::path(get, path = "/api/v1/keys", tag = "Keys", operation_id = "list_keys",
    responses((status = 200, body = Keys)))]
async fn list(State(state): State<ApiState>, caller: Caller) -> Result<Json<Keys>, Refusal> {
    let keys = state.services.access.keys(&caller.actor, caller.project).await?;
    Ok(Json(Keys { items: keys.into_iter().map(KeyView::from).collect() }))
}

/// Make a key
#[utoipa::path(post, path = "/api/v1/keys", tag = "Keys", operation_id = "create_key", request_body = NewKey,
    responses((status = 201, body = CreatedKey)))]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Body(new): Body<NewKey>,
) -> Result<(StatusCode, Extension<ShownOnce>, Json<CreatedKey>), Refusal> {
    let access = &state.services.access;
    let created = match new.kind {
        KeyKind::Pair if !new.origins.is_empty() => {
            return Err(ServiceError::field("origins", "only a client key is bound to origins").into());
        }
        KeyKind::Pair => {
            let pair = access.create_pair(&caller.actor, caller.project, &new.name, &new.scopes).await?;
            CreatedKey { secret_key: Some(pair.secret_key.reveal().to_owned()), key: pair.key.into() }
        }
        KeyKind::Client => {
            let key =
                access.create_client_key(&caller.actor, caller.project, &new.name, &new.scopes, &new.origins).await?;
            CreatedKey { secret_key: None, key: key.into() }
        }
    };
    Ok((StatusCode::CREATED, Extension(ShownOnce), Json(created)))
}

/// Revoke a key, at once and for good
#[utoipa::path(delete, path = "/api/v1/keys/{key}", tag = "Keys", operation_id = "revoke_key",
    params(("key" = String, Path)), responses((status = 204, description = "revoked")))]
async fn revoke(State(state): State<ApiState>, caller: Caller, Path(key): Path<String>) -> Result<StatusCode, Refusal> {
    let key: KeyId = key.parse().map_err(ServiceError::of("key"))?;
    state.services.access.revoke_key(&caller.actor, caller.project, key).await?;
    Ok(StatusCode::NO_CONTENT)
}
