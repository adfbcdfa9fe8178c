use domain::{
    auth::{Actor, Email},
    ids::{LinkId, UserId},
    time::TimeUs,
};
use store::control::{LinkPurpose, OneTimeLink};

use super::{
    Access, NewSession,
    passwords::check,
    secret::{Secret, digest, random_token},
    sessions::MAX_TOKEN_BYTES,
};
use crate::ServiceError;

/// What a one-time link opens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LinkFor {
    /// The form for the first owner.
    FirstOwner,
    /// The form for a new password of this person.
    Password {
        /// Whose.
        email: Email,
    },
}

impl Access {
    pub(super) async fn new_link(&self, purpose: LinkPurpose, lifetime_us: i64) -> Result<Secret, ServiceError> {
        let context = &*self.context;
        let token = random_token(context, "")?;
        let link = OneTimeLink {
            id: LinkId(context.new_id()?),
            token: digest(token.reveal()),
            purpose,
            expires_us: TimeUs(context.clock.now().0.saturating_add(lifetime_us)),
        };
        context.control.create_link(&link).await?;
        Ok(token)
    }

    /// The link behind a token, if it still works.
    pub(super) async fn usable_link(&self, token: &str) -> Result<OneTimeLink, ServiceError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(spent(token));
        }
        let context = &*self.context;
        context.control.link(&digest(token), context.clock.now()).await?.ok_or_else(|| spent(token))
    }

    /// Uses the link up; of two who try at once, one gets it.
    pub(super) async fn spend(&self, link: &OneTimeLink, token: &str) -> Result<(), ServiceError> {
        if self.context.control.consume_link(link.id).await? { Ok(()) } else { Err(spent(token)) }
    }

    /// What a link opens, without using it up.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when it was used, has expired or never was.
    pub async fn link(&self, token: &str) -> Result<LinkFor, ServiceError> {
        match self.usable_link(token).await?.purpose {
            LinkPurpose::FirstOwner if self.context.control.has_people().await? => Err(spent(token)),
            LinkPurpose::FirstOwner => Ok(LinkFor::FirstOwner),
            LinkPurpose::Password(user) => {
                let person = self.context.control.person(user).await?.ok_or_else(|| spent(token))?;
                Ok(LinkFor::Password { email: person.email })
            }
        }
    }

    /// Sets the password a link was made for, ends the person's sessions and signs them in.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the link was used, has expired or is for something else; [`ServiceError::Invalid`]
    /// (field `password`) when the password breaks the rules: the link still works then.
    pub async fn set_password(&self, token: &str, password: &str) -> Result<NewSession, ServiceError> {
        let link = self.usable_link(token).await?;
        let LinkPurpose::Password(user) = link.purpose else {
            return Err(spent(token));
        };
        let context = &*self.context;
        let person = context.control.person(user).await?.ok_or_else(|| spent(token))?;
        check("password", password, Some(&person.email)).map_err(|problem| ServiceError::Invalid(vec![problem]))?;
        let hash = self.passwords.hash(context, password).await?;
        self.spend(&link, token).await?;
        context.control.set_password(user, &hash).await?;
        tracing::info!(user.id = %user, "set a password by link");
        self.begin_session(user).await
    }

    /// A new password link for anybody: only the server's own command line asks for it.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for an unknown address; [`ServiceError::Unauthenticated`] for any other actor.
    pub async fn reset_link(&self, actor: &Actor, email: &str) -> Result<Secret, ServiceError> {
        if *actor != Actor::System {
            return Err(ServiceError::Unauthenticated);
        }
        let email: Email = email.parse().map_err(ServiceError::of("email"))?;
        let person = self.context.control.person_by_email(&email).await?;
        let person = person.ok_or_else(|| ServiceError::NotFound { entity: "person", id: email.to_string() })?;
        self.password_link(person.id, RESET_LIFETIME_US).await
    }

    pub(super) async fn password_link(&self, user: UserId, lifetime_us: i64) -> Result<Secret, ServiceError> {
        let link = self.new_link(LinkPurpose::Password(user), lifetime_us).await?;
        tracing::info!(user.id = %user, "made a password link");
        Ok(link)
    }
}

const RESET_LIFETIME_US: i64 = 24 * 3_600_000_000;

/// A link that does not work (any more), named by its first characters: enough to recognise it, useless to anyone.
fn spent(token: &str) -> ServiceError {
    let start: String = token.chars().take(6).collect();
    ServiceError::NotFound { entity: "unused link", id: format!("{start}…") }
}
