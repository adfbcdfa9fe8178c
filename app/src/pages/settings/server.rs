//! Server functions of the settings pages.

use leptos::prelude::*;

use super::model::{EnvironmentsView, ErasureLine, GeneralView, Invited, KeysView, MembersView, NewKey};
use crate::{
    error::AppError,
    wire::{Command, Question},
};

/// The project and its settings.
#[server(protocol = Question)]
pub async fn show_project(project: String) -> Result<GeneralView, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::general(&visit).await
}

/// Gives the project another name.
#[server(protocol = Command)]
pub async fn rename_project(project: String, name: String) -> Result<(), AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    visit.services.access.rename_project(&visit.actor, visit.project.id, &name).await.map_err(context::refusal)
}

/// Chooses the attribute to segment by; an empty one for none. `revision` is that of the settings it was decided from.
#[server(protocol = Command)]
pub async fn set_segment(project: String, segment: Option<String>, revision: u64) -> Result<(), AppError> {
    use domain::{project::Change, segment::SegmentAttribute};
    use services::access::SettingsChange;

    use crate::context;

    let visit = context::visit(&project).await?;
    let said = segment.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let segment = said.map(|text| context::parse::<SegmentAttribute>("segment", text)).transpose()?;
    let change = SettingsChange { segment: Change::To(segment), revision: Some(revision), ..SettingsChange::default() };
    visit.services.access.change_settings(&visit.actor, visit.project.id, change).await.map_err(context::refusal)?;
    Ok(())
}

/// Says for how many days events are kept; for ever where nothing is said. `revision` is that of the settings it was decided from.
/// Where events go because of it, `confirm` repeats the project's address; without, it is refused with what would go.
#[server(protocol = Command)]
pub async fn set_retention(
    project: String,
    days: Option<String>,
    revision: u64,
    confirm: Option<String>,
) -> Result<(), AppError> {
    use domain::project::{Change, ProjectSettings};
    use services::{ServiceError, access::SettingsChange};

    use crate::context;

    let visit = context::visit(&project).await?;
    let said = days.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let days = said.map(|text| {
        text.parse::<u32>().map_err(|_| {
            let most = ProjectSettings::MOST_DAYS;
            let message = format!("`{text}` is no number of days; use 1 to {most}, or leave it empty");
            context::refusal(ServiceError::field("days", message))
        })
    });
    let days = days.transpose()?;
    if confirm.as_deref().map(str::trim) != Some(project.as_str())
        && let Some(days) = days
        && let Some(message) = super::read::what_would_go(&visit, days).await?
    {
        return Err(context::refusal(ServiceError::field(super::model::CONFIRM, message)));
    }
    let change =
        SettingsChange { retention_days: Change::To(days), revision: Some(revision), ..SettingsChange::default() };
    visit.services.access.change_settings(&visit.actor, visit.project.id, change).await.map_err(context::refusal)?;
    Ok(())
}

/// Deletions of events, newest first.
#[server(protocol = Question)]
pub async fn show_erasures(project: String) -> Result<Vec<ErasureLine>, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::erasures(&visit).await
}

/// Deletes all events of the project, in the background. `confirm` repeats its address.
#[server(protocol = Command)]
pub async fn erase_project(project: String, confirm: String) -> Result<(), AppError> {
    use services::ServiceError;

    use crate::context;

    let visit = context::visit(&project).await?;
    if confirm.trim() != project {
        let message = format!("type `{project}` to delete its events; nothing was deleted");
        return Err(context::refusal(ServiceError::field("confirm", message)));
    }
    visit.services.erasures.erase_project(&visit.actor, visit.project.id).await.map_err(context::refusal)?;
    Ok(())
}

/// Deletes everything of a user, in the background, and leads to where its progress is. `confirm` repeats their id.
#[server(protocol = Command)]
pub async fn erase_user(project: String, user: String, confirm: String) -> Result<(), AppError> {
    use services::ServiceError;

    use crate::{context, routes::project_href};

    let visit = context::visit(&project).await?;
    if confirm.trim() != user.trim() {
        let message = format!("type `{user}` to delete their data; nothing was deleted");
        return Err(context::refusal(ServiceError::field("confirm", message)));
    }
    visit.services.erasures.erase_user(&visit.actor, visit.project.id, &user).await.map_err(context::refusal)?;
    leptos_axum::redirect(&format!("{}/settings#delete-data", project_href(&project)));
    Ok(())
}

/// The environments events name.
#[server(protocol = Question)]
pub async fn list_environments(project: String) -> Result<EnvironmentsView, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::environments(&visit).await
}

/// The project's keys.
#[server(protocol = Question)]
pub async fn list_keys(project: String) -> Result<KeysView, AppError> {
    use super::model::KeyLine;
    use crate::context;

    let visit = context::visit(&project).await?;
    let keys = visit.services.access.keys(&visit.actor, visit.project.id).await.map_err(context::refusal)?;
    let mut keys: Vec<KeyLine> = keys
        .into_iter()
        .map(|key| KeyLine {
            id: key.id.to_string(),
            name: key.name,
            kind: key.kind,
            scopes: key.scopes,
            public_key: key.public_key,
            secret_hint: key.secret_hint,
            origins: key.origins,
            created_by: key.created_by,
            created_us: key.created_us.0,
            last_used_us: key.last_used_us.map(|at| at.0),
            revoked_us: key.revoked_us.map(|at| at.0),
        })
        .collect();
    keys.sort_by_key(|key| key.revoked_us.is_some());
    Ok(KeysView { keys, address: context::address(), now_us: visit.now.0 })
}

/// Makes a key pair. Its secret is in the answer and nowhere else.
#[server(protocol = Command)]
pub async fn create_key(project: String, name: String, scopes: Option<Vec<String>>) -> Result<NewKey, AppError> {
    use domain::auth::Scope;

    use crate::context;

    let visit = context::visit(&project).await?;
    let scopes = scopes
        .unwrap_or_default()
        .iter()
        .map(|scope| context::parse::<Scope>("scopes", scope))
        .collect::<Result<Vec<_>, _>>()?;
    let access = &visit.services.access;
    let made = access.create_pair(&visit.actor, visit.project.id, &name, &scopes).await.map_err(context::refusal)?;
    Ok(NewKey { name: made.key.name, public_key: made.key.public_key, secret_key: made.secret_key.reveal().to_owned() })
}

/// Revokes a key at once and for good.
#[server(protocol = Command)]
pub async fn revoke_key(project: String, key: String) -> Result<(), AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let key = context::parse("key", &key)?;
    visit.services.access.revoke_key(&visit.actor, visit.project.id, key).await.map_err(context::refusal)
}

/// The project's members.
#[server(protocol = Question)]
pub async fn list_members(project: String) -> Result<MembersView, AppError> {
    use super::model::MemberLine;
    use crate::context;

    let visit = context::visit(&project).await?;
    let members = visit.services.access.members(&visit.actor, visit.project.id).await.map_err(context::refusal)?;
    let members = members
        .into_iter()
        .map(|member| MemberLine {
            id: member.user.to_string(),
            email: member.email.to_string(),
            role: member.role,
            since_us: member.since_us.0,
            active: member.active,
        })
        .collect();
    Ok(MembersView { members, me: visit.email, now_us: visit.now.0 })
}

/// Adds a person. Somebody new gets a link to choose a password, which the owner hands on.
#[server(protocol = Command)]
pub async fn invite(project: String, email: String, role: String) -> Result<Invited, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let role = context::parse("role", &role)?;
    let access = &visit.services.access;
    let made = access.invite(&visit.actor, visit.project.id, &email, role).await.map_err(context::refusal)?;
    let link = made.link.map(|token| format!("{}/setup?token={}", context::address(), token.reveal()));
    Ok(Invited { email, link })
}

/// A new link for a member who has not chosen a password yet.
#[server(protocol = Command)]
pub async fn renew_invitation(project: String, member: String, email: String) -> Result<Invited, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let member = context::parse("member", &member)?;
    let access = &visit.services.access;
    let token = access.renew_invitation(&visit.actor, visit.project.id, member).await.map_err(context::refusal)?;
    Ok(Invited { email, link: Some(format!("{}/setup?token={}", context::address(), token.reveal())) })
}

/// Changes a role.
#[server(protocol = Command)]
pub async fn set_role(project: String, member: String, role: String) -> Result<(), AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let (member, role) = (context::parse("member", &member)?, context::parse("role", &role)?);
    visit.services.access.set_role(&visit.actor, visit.project.id, member, role).await.map_err(context::refusal)
}

/// Removes a member; their account stays.
#[server(protocol = Command)]
pub async fn remove_member(project: String, member: String) -> Result<(), AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let member = context::parse("member", &member)?;
    visit.services.access.remove_member(&visit.actor, visit.project.id, member).await.map_err(context::refusal)
}
