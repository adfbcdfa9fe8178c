use axum::{Extension, Json, extract::State, http::StatusCode};
use domain::{
    auth::{Email, Role},
    ids::UserId,
    time::TimeUs,
};
use serde::{Deserialize, Serialize};
use services::ServiceError;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Body, Caller, Path},
    once::ShownOnce,
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, invite)).routes(routes!(change, remove))
}

#[derive(Serialize, ToSchema)]
struct MemberView {
    #[schema(value_type = String, format = "uuid")]
    user: UserId,
    #[schema(value_type = String, format = Email)]
    email: Email,
    /// `viewer`, `analyst`, `editor` or `owner`.
    #[schema(value_type = String)]
    role: Role,
    #[schema(value_type = String, format = DateTime)]
    since: TimeUs,
    /// Whether they have set a password yet.
    active: bool,
}

#[derive(Serialize, ToSchema)]
struct Members {
    items: Vec<MemberView>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMember {
    email: String,
    #[schema(value_type = String)]
    role: Role,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleChange {
    #[schema(value_type = String)]
    role: Role,
}

#[derive(Serialize, ToSchema)]
struct Invited {
    #[schema(value_type = String, format = "uuid")]
    user: UserId,
    /// The path of a link that works once, by which somebody new chooses a password; hand it to them. None for somebody who
    /// has a password already.
    link: Option<String>,
}

/// Members of the project
#[utoipa::path(get, path = "/api/v1/members", tag = "Members", operation_id = "list_members",
    responses((status = 200, body = Members)))]
async fn list(State(state): State<ApiState>, caller: Caller) -> Result<Json<Members>, Refusal> {
    let members = state.services.access.members(&caller.actor, caller.project).await?;
    let items = members
        .into_iter()
        .map(|member| MemberView {
            user: member.user,
            email: member.email,
            role: member.role,
            since: member.since_us,
            active: member.active,
        })
        .collect();
    Ok(Json(Members { items }))
}

/// Add a person by address
#[utoipa::path(post, path = "/api/v1/members", tag = "Members", operation_id = "add_member", request_body = NewMember,
    responses((status = 201, body = Invited)))]
async fn invite(
    State(state): State<ApiState>,
    caller: Caller,
    Body(new): Body<NewMember>,
) -> Result<(StatusCode, Extension<ShownOnce>, Json<Invited>), Refusal> {
    let invitation = state.services.access.invite(&caller.actor, caller.project, &new.email, new.role).await?;
    let link = invitation.link.map(|token| format!("/setup?token={}", token.reveal()));
    Ok((StatusCode::CREATED, Extension(ShownOnce), Json(Invited { user: invitation.user, link })))
}

/// Change a member's role
#[utoipa::path(patch, path = "/api/v1/members/{user}", tag = "Members", operation_id = "change_member",
    params(("user" = String, Path)), request_body = RoleChange, responses((status = 204, description = "changed")))]
async fn change(
    State(state): State<ApiState>,
    caller: Caller,
    Path(user): Path<String>,
    Body(change): Body<RoleChange>,
) -> Result<StatusCode, Refusal> {
    let user: UserId = user.parse().map_err(ServiceError::of("user"))?;
    state.services.access.set_role(&caller.actor, caller.project, user, change.role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a member
#[utoipa::path(delete, path = "/api/v1/members/{user}", tag = "Members", operation_id = "remove_member",
    params(("user" = String, Path)), responses((status = 204, description = "removed")))]
async fn remove(
    State(state): State<ApiState>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<StatusCode, Refusal> {
    let user: UserId = user.parse().map_err(ServiceError::of("user"))?;
    state.services.access.remove_member(&caller.actor, caller.project, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
