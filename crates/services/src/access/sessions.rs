use domain::{
    auth::{Actor, Email},
    ids::{SessionId, UserId},
    time::TimeUs,
};
use store::{StoreError, control::Session};

use super::{
    Access,
    passwords::check,
    secret::{Secret, digest, random_token},
};
use crate::ServiceError;

/// How long a session lives without use.
const LIFETIME_US: i64 = 14 * 24 * 3_600_000_000;
/// A session's end moves at most this often, so that reading pages does not write.
const EXTEND_EVERY_US: i64 = 3_600_000_000;
/// A longer cookie is not one of ours.
pub(super) const MAX_TOKEN_BYTES: usize = 100;

/// A session just begun.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The cookie's value.
    pub token: Secret,
    /// Whose.
    pub user: UserId,
    /// When it ends unless used.
    pub expires_us: TimeUs,
}

/// Who a session's cookie belongs to.
#[derive(Clone, Debug)]
pub struct SignedInPerson {
    /// The actor to pass on: an [`Actor::Person`].
    pub actor: Actor,
    /// Who.
    pub user: UserId,
    /// Their address, to show them.
    pub email: Email,
    /// The session.
    pub session: SessionId,
    /// When it ends unless used.
    pub expires_us: TimeUs,
    /// Whether the end was just moved, so that the cookie should be sent again with its new age.
    pub extended: bool,
}

impl Access {
    /// Begins a session for whoever knows the password. `client` is the client's network address, for the limit on attempts.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] for an unknown address or a wrong password, which take equally long and are not told
    /// apart; [`ServiceError::RateLimited`] after too many attempts; [`ServiceError::Unavailable`] when too many sign in at once.
    pub async fn sign_in(&self, email: &str, password: &str, client: &str) -> Result<NewSession, ServiceError> {
        let context = &*self.context;
        self.attempts.count(email, client, context.clock.now())?;
        let person = match email.parse::<Email>() {
            Ok(email) => context.control.person_by_email(&email).await?,
            Err(_) => None,
        };
        let stored = person.as_ref().and_then(|person| person.password_hash.clone());
        let right = self.passwords.verify(context, password, stored).await?;
        let Some(person) = person.filter(|_| right) else {
            tracing::info!("refused a sign-in");
            return Err(ServiceError::Unauthenticated);
        };
        self.attempts.forgive(email);
        tracing::info!(user.id = %person.id, "signed in");
        self.begin_session(person.id).await
    }

    pub(super) async fn begin_session(&self, user: UserId) -> Result<NewSession, ServiceError> {
        let context = &*self.context;
        let token = random_token(context, "")?;
        let now = context.clock.now();
        let session = Session {
            id: SessionId(context.new_id()?),
            token: digest(token.reveal()),
            user,
            created_us: now,
            expires_us: TimeUs(now.0.saturating_add(LIFETIME_US)),
        };
        context.control.create_session(&session).await?;
        Ok(NewSession { token, user, expires_us: session.expires_us })
    }

    /// Who the cookie's token belongs to; moves the session's end, at most hourly.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] for an unknown, ended or expired session.
    pub async fn authenticate_session(&self, token: &str) -> Result<SignedInPerson, ServiceError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(ServiceError::Unauthenticated);
        }
        let context = &*self.context;
        let now = context.clock.now();
        let found = context.control.session(&digest(token), now).await?.ok_or(ServiceError::Unauthenticated)?;
        let session = found.session;
        let fresh_end = TimeUs(now.0.saturating_add(LIFETIME_US));
        let extended = fresh_end.0.saturating_sub(session.expires_us.0) >= EXTEND_EVERY_US;
        let extended = extended
            && match context.control.extend_session(session.id, fresh_end).await {
                Ok(()) => true,
                // Reading goes on while nothing can be stored; the next visit moves the end.
                Err(StoreError::Full) => false,
                Err(error) => return Err(error.into()),
            };
        Ok(SignedInPerson {
            actor: Actor::Person { user: session.user, roles: found.roles },
            user: session.user,
            email: found.email,
            session: session.id,
            expires_us: if extended { fresh_end } else { session.expires_us },
            extended,
        })
    }

    /// Ends the session of this token. An unknown token is signed out already.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn sign_out(&self, token: &str) -> Result<(), ServiceError> {
        let context = &*self.context;
        if let Some(found) = context.control.session(&digest(token), context.clock.now()).await? {
            context.control.delete_session(found.session.id).await?;
            tracing::info!(user.id = %found.session.user, "signed out");
        }
        Ok(())
    }

    /// Changes one's own password: every session of the person ends, and a new one begins here.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] when the current password (field `current`) is wrong or the new one (field `password`) breaks
    /// the rules; [`ServiceError::RateLimited`] after too many attempts; [`ServiceError::Unauthenticated`] for anything but a
    /// person.
    pub async fn change_password(
        &self,
        actor: &Actor,
        current: &str,
        password: &str,
        client: &str,
    ) -> Result<NewSession, ServiceError> {
        let Actor::Person { user, .. } = actor else {
            return Err(ServiceError::Unauthenticated);
        };
        let context = &*self.context;
        let person = context.control.person(*user).await?.ok_or(ServiceError::Unauthenticated)?;
        check("password", password, Some(&person.email)).map_err(|problem| ServiceError::Invalid(vec![problem]))?;
        self.attempts.count(person.email.as_str(), client, context.clock.now())?;
        if !self.passwords.verify(context, current, person.password_hash).await? {
            return Err(ServiceError::field("current", "this is not the current password"));
        }
        let hash = self.passwords.hash(context, password).await?;
        context.control.set_password(person.id, &hash).await?;
        tracing::info!(user.id = %person.id, "changed a password");
        self.begin_session(person.id).await
    }
}
