use std::sync::{Arc, OnceLock};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use domain::{auth::Email, problem::FieldProblem};
use tokio::sync::Semaphore;

use crate::{Context, ServiceError};

/// OWASP's password storage cheat sheet (2025): argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes worked on at once: memory (19 MiB each) and cores are shared with ingest.
const AT_ONCE: usize = 2;
/// Hashes waiting or worked on; beyond that a sign-in is told to come back.
const WAITING: usize = 64;

/// Fewest characters of a password.
const MIN_CHARS: usize = 10;
/// A limit on work, far above any passphrase.
const MAX_BYTES: usize = 1024;

/// Checks a new password against the rules.
pub(super) fn check(field: &str, password: &str, email: Option<&Email>) -> Result<(), FieldProblem> {
    let length = password.chars().count();
    if length < MIN_CHARS {
        return Err(FieldProblem::new(field, format!("a password has at least {MIN_CHARS} characters, not {length}")));
    }
    if password.len() > MAX_BYTES {
        return Err(FieldProblem::new(field, format!("a password has at most {MAX_BYTES} bytes")));
    }
    if email.is_some_and(|email| password.trim().to_lowercase() == email.as_str()) {
        return Err(FieldProblem::new(field, "a password is not the e-mail address"));
    }
    Ok(())
}

/// Hashes passwords off the async threads, a few at a time.
pub(super) struct Passwords {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// A hash of no password at all: verifying against it takes as long as against a real one.
    decoy: OnceLock<String>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            working: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING)),
            decoy: OnceLock::new(),
        }
    }
}

impl Passwords {
    /// The PHC string to store.
    pub(super) async fn hash(&self, context: &Context, password: &str) -> Result<String, ServiceError> {
        let mut salt = [0_u8; 16];
        context.random.fill(&mut salt)?;
        let password = password.to_owned();
        self.off_thread(move || hash(password.as_bytes(), &salt)).await
    }

    /// Whether the password is the one behind `stored`. Without one it does the same work and says no.
    pub(super) async fn verify(
        &self,
        context: &Context,
        password: &str,
        stored: Option<String>,
    ) -> Result<bool, ServiceError> {
        if password.len() > MAX_BYTES {
            return Ok(false);
        }
        let known = stored.is_some();
        let against = match stored {
            Some(stored) => stored,
            None => self.decoy(context).await?,
        };
        let password = password.to_owned();
        let matches = self.off_thread(move || verify(password.as_bytes(), &against)).await?;
        Ok(known && matches)
    }

    async fn decoy(&self, context: &Context) -> Result<String, ServiceError> {
        if let Some(decoy) = self.decoy.get() {
            return Ok(decoy.clone());
        }
        let made = self.hash(context, "").await?;
        Ok(self.decoy.get_or_init(|| made).clone())
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let Ok(place) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return Err(ServiceError::Unavailable { reason: "Too many people sign in at once.", retry_after_s: 2 });
        };
        let turn = Arc::clone(&self.working).acquire_owned().await.map_err(internal)?;
        // The permits live as long as the work, also when the caller goes away.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work()
        });
        done.await.map_err(internal)?
    }
}

fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> ServiceError {
    ServiceError::Internal(Box::new(cause))
}

fn hash(password: &[u8], salt: &[u8]) -> Result<String, ServiceError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(internal)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PasswordHash = argon2.hash_password_with_salt(password, salt).map_err(internal)?;
    Ok(hash.to_string())
}

fn verify(password: &[u8], stored: &str) -> Result<bool, ServiceError> {
    let stored = PasswordHash::new(stored).map_err(internal)?;
    // The parameters come from the stored hash.
    Ok(Argon2::default().verify_password(password, &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password_and_its_parameters() {
        let stored = hash(b"correct horse battery", &[7; 16]).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify(b"correct horse battery", &stored).unwrap());
        assert!(!verify(b"correct horse batterz", &stored).unwrap());
        assert_ne!(stored, hash(b"correct horse battery", &[8; 16]).unwrap());
    }

    #[test]
    fn short_passwords_and_the_address_are_refused() {
        let email: Email = "ana@example.com".parse().unwrap();
        assert!(check("password", "123456789", None).is_err());
        assert!(check("password", "Ana@Example.com", Some(&email)).is_err());
        assert!(check("password", &"x".repeat(1025), None).is_err());
        assert!(check("password", "zehn Zeichn", Some(&email)).is_ok());
    }
}
