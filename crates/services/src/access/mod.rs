//! People, sessions, members, projects and keys: who someone is, and what belongs to whom.
//!
//! Everything secret is made here with 256 random bits, given out once, and kept as a digest. Nothing here logs an address or
//! a secret.

mod attempts;
mod key_cache;
mod keys;
mod links;
mod members;
mod passwords;
mod projects;
mod secret;
mod sessions;
mod set_up;
mod settings;

use std::sync::Arc;

use domain::auth::Actor;

pub use keys::{CreatedPair, GivenPair};
pub use links::LinkFor;
pub use members::Invitation;
pub use secret::Secret;
pub use sessions::{NewSession, SignedInPerson};
pub use set_up::{Initial, Initialized};
pub use settings::SettingsChange;
pub use store::control::{ApiKey, Member};

use crate::{Context, ServiceError};

/// What records call Assay itself. No key may be called so: the log must tell what a rule did from what a program did.
pub(crate) const SYSTEM: &str = "assay";

/// Whether people would read a name as Assay itself.
fn reads_as_system(name: &str) -> bool {
    name.eq_ignore_ascii_case(SYSTEM)
}

/// Use cases around people and keys. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    context: Arc<Context>,
    passwords: Arc<passwords::Passwords>,
    attempts: Arc<attempts::Attempts>,
    keys: Arc<key_cache::KeyCache>,
}

impl Access {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context, passwords: Arc::default(), attempts: Arc::default(), keys: Arc::default() }
    }

    /// Drops expired sessions and links; for a worker to call now and then.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn delete_expired(&self) -> Result<(), ServiceError> {
        Ok(self.context.control.delete_expired(self.context.clock.now()).await?)
    }
}

/// What an actor is called in records people read: their address, or the key's name.
pub(crate) async fn author(context: &Context, actor: &Actor) -> Result<String, ServiceError> {
    match actor {
        Actor::Anonymous => Err(ServiceError::Unauthenticated),
        Actor::Person { user, .. } => {
            let person = context.control.person(*user).await?.ok_or(ServiceError::Unauthenticated)?;
            Ok(person.email.to_string())
        }
        Actor::Key { key, project, .. } => {
            let keys = context.control.keys(*project).await?;
            let key = keys.into_iter().find(|of| of.id == *key).ok_or(ServiceError::Unauthenticated)?;
            Ok(key.name)
        }
        Actor::System => Ok(SYSTEM.to_owned()),
    }
}
