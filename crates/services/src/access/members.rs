use domain::{
    auth::{Actor, Email, Permission, Role},
    ids::{ProjectId, UserId},
};
use store::control::{Member, Person};

use super::{Access, secret::Secret};
use crate::{ServiceError, context::authorize};

/// How long an invitation may wait.
const INVITATION_LIFETIME_US: i64 = 7 * 24 * 3_600_000_000;

/// A person just invited.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Who.
    pub user: UserId,
    /// The token of the link to hand them, by which they choose a password; none when they have one already.
    pub link: Option<Secret>,
}

impl Access {
    /// Members of a project by address.
    ///
    /// # Errors
    /// Anybody but an owner is refused.
    pub async fn members(&self, actor: &Actor, project: ProjectId) -> Result<Vec<Member>, ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        Ok(self.context.control.members(project).await?)
    }

    /// Adds a person by address. Somebody new gets a one-time link, which the owner hands on.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] (field `email`); [`ServiceError::Conflict`] when they are a member already, or were invited to
    /// a project of somebody else and have not accepted yet: whoever holds that invitation would get into this project too.
    pub async fn invite(
        &self,
        actor: &Actor,
        project: ProjectId,
        email: &str,
        role: Role,
    ) -> Result<Invitation, ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        let email: Email = email.parse().map_err(ServiceError::of("email"))?;
        let context = &*self.context;
        if let Some(known) = context.control.person_by_email(&email).await? {
            self.refuse_strange_invitation(actor, &known).await?;
        }
        let person =
            Person { id: UserId(context.new_id()?), email, password_hash: None, created_us: context.clock.now() };
        let user = context.control.add_member(project, &person, role).await?;
        tracing::info!(project.id = %project, user.id = %user, role = role.as_str(), "invited a member");
        let link = self.invitation_link(user).await?;
        Ok(Invitation { user, link })
    }

    /// A new link for a member who has not chosen a password yet.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a stranger; [`ServiceError::Conflict`] when they have a password, or as for
    /// [`Self::invite`].
    pub async fn renew_invitation(
        &self,
        actor: &Actor,
        project: ProjectId,
        user: UserId,
    ) -> Result<Secret, ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        let stranger = || ServiceError::NotFound { entity: "member", id: user.to_string() };
        let members = self.context.control.members(project).await?;
        members.iter().find(|member| member.user == user).ok_or_else(stranger)?;
        let person = self.context.control.person(user).await?.ok_or_else(stranger)?;
        self.refuse_strange_invitation(actor, &person).await?;
        let link = self.invitation_link(user).await?;
        link.ok_or_else(|| {
            ServiceError::Conflict("They have chosen a password already and sign in with it.".to_owned())
        })
    }

    async fn invitation_link(&self, user: UserId) -> Result<Option<Secret>, ServiceError> {
        match self.context.control.person(user).await? {
            Some(Person { password_hash: None, .. }) => {
                self.password_link(user, INVITATION_LIFETIME_US).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// A link to an account without a password opens every project the person is in. So its projects must all be the inviter's.
    async fn refuse_strange_invitation(&self, actor: &Actor, person: &Person) -> Result<(), ServiceError> {
        if person.password_hash.is_some() {
            return Ok(());
        }
        let theirs = self.context.control.roles(person.id).await?;
        let all_mine = theirs.iter().all(|(project, _)| authorize(actor, *project, Permission::Manage).is_ok());
        if all_mine {
            return Ok(());
        }
        Err(ServiceError::Conflict(
            "They were invited to another project and have not accepted yet. Ask them to open that invitation first."
                .to_owned(),
        ))
    }

    /// Changes a member's role.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a stranger; [`ServiceError::Conflict`] when the project would have no owner left.
    pub async fn set_role(
        &self,
        actor: &Actor,
        project: ProjectId,
        user: UserId,
        role: Role,
    ) -> Result<(), ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        self.context.control.set_role(project, user, role).await?;
        tracing::info!(project.id = %project, user.id = %user, role = role.as_str(), "changed a role");
        Ok(())
    }

    /// Removes a member from a project; their account stays.
    ///
    /// # Errors
    /// As [`Self::set_role`].
    pub async fn remove_member(&self, actor: &Actor, project: ProjectId, user: UserId) -> Result<(), ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        self.context.control.remove_member(project, user).await?;
        tracing::info!(project.id = %project, user.id = %user, "removed a member");
        Ok(())
    }
}
