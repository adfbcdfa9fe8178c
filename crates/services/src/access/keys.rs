use domain::{
    auth::{Actor, CLIENT_KEY_PREFIX, KeyKind, Permission, Scope},
    ids::{KeyId, ProjectId},
    problem::FieldProblem,
};
use store::control::{ApiKey, Digest, StoredKey};

use super::{
    Access, SYSTEM, author,
    projects::project_name,
    reads_as_system,
    secret::{Secret, digest, random_token, same},
};
use crate::{Context, ServiceError, context::authorize};

/// Longest public or secret part read from a request.
const MAX_PART_BYTES: usize = 200;
/// Most origins of a client key.
const MAX_ORIGINS: usize = 20;

/// A key pair as its owner wants it to be, for set-ups that know their keys beforehand.
#[derive(Clone, Debug)]
pub struct GivenPair {
    /// The public part: 4 to 200 letters, digits, `-`, `_` or `.`.
    pub public_key: String,
    /// The secret part: 16 to 200 visible characters.
    pub secret_key: Secret,
}

/// A key pair just made. The secret is shown this once.
#[derive(Clone, Debug)]
pub struct CreatedPair {
    /// The key as lists show it; its `public_key` is the other half.
    pub key: ApiKey,
    /// The secret half.
    pub secret_key: Secret,
}

/// A pair whose parts keep the rules.
pub(super) struct CheckedPair {
    public_key: String,
    secret_key: Secret,
}

impl GivenPair {
    pub(super) fn checked(&self) -> Result<CheckedPair, Vec<FieldProblem>> {
        let mut wrong = Vec::new();
        let public = self.public_key.as_str();
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !(4..=MAX_PART_BYTES).contains(&public.len()) || !public.chars().all(word) {
            wrong.push(FieldProblem::new("public_key", "a public key has 4 to 200 letters, digits, `-`, `_` or `.`"));
        }
        let secret = self.secret_key.reveal();
        if !(16..=MAX_PART_BYTES).contains(&secret.len()) || !secret.chars().all(|c| c.is_ascii_graphic()) {
            wrong.push(FieldProblem::new("secret_key", "a secret key has 16 to 200 visible characters, hard to guess"));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(CheckedPair { public_key: public.to_owned(), secret_key: self.secret_key.clone() })
    }
}

/// What a new key is for.
pub(super) struct KeyRequest {
    pub(super) project: ProjectId,
    pub(super) name: String,
    pub(super) scopes: Vec<Scope>,
}

impl KeyRequest {
    fn checked(project: ProjectId, name: &str, scopes: &[Scope]) -> Result<Self, ServiceError> {
        let name = project_name("name", name).map_err(|problem| ServiceError::Invalid(vec![problem]))?;
        if reads_as_system(&name) {
            let message =
                format!("`{name}` is what the log calls {SYSTEM} itself; say what the key is for, such as `ci`");
            return Err(ServiceError::field("name", message));
        }
        let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| scopes.contains(scope)).collect();
        if scopes.is_empty() {
            return Err(ServiceError::field("scopes", "a key needs at least one scope"));
        }
        Ok(Self { project, name, scopes })
    }

    pub(super) async fn pair(
        self,
        context: &Context,
        actor: &Actor,
        pair: CheckedPair,
    ) -> Result<StoredKey, ServiceError> {
        let secret = pair.secret_key.reveal();
        // Only characters of a word or of the random alphabet end a secret, so four bytes are four characters.
        let hint = secret.get(secret.len().saturating_sub(4)..).unwrap_or_default().to_owned();
        let key = self.key(context, actor, KeyKind::Pair, pair.public_key, hint, Vec::new()).await?;
        Ok(StoredKey { key, secret: Some(digest(secret)) })
    }

    async fn key(
        self,
        context: &Context,
        actor: &Actor,
        kind: KeyKind,
        public_key: String,
        secret_hint: String,
        origins: Vec<String>,
    ) -> Result<ApiKey, ServiceError> {
        Ok(ApiKey {
            id: KeyId(context.new_id()?),
            project: self.project,
            name: self.name,
            kind,
            scopes: self.scopes,
            public_key,
            secret_hint,
            origins,
            created_by: author(context, actor).await?,
            created_us: context.clock.now(),
            last_used_us: None,
            revoked_us: None,
        })
    }
}

impl Access {
    /// Makes a key pair `pk-assay-…` and `sk-assay-…`.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with the fields `name` and `scopes`; anybody but an owner is refused.
    pub async fn create_pair(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
        scopes: &[Scope],
    ) -> Result<CreatedPair, ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        let pair = CheckedPair {
            public_key: random_token(&self.context, "pk-assay-")?.reveal().to_owned(),
            secret_key: random_token(&self.context, "sk-assay-")?,
        };
        self.keep_pair(actor, KeyRequest::checked(project, name, scopes)?, pair).await
    }

    /// Keeps a key pair whose parts are given.
    ///
    /// # Errors
    /// As [`Self::create_pair`], with the fields `public_key` and `secret_key`; [`ServiceError::Conflict`] when a part is taken.
    pub async fn keep_given_pair(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
        scopes: &[Scope],
        pair: &GivenPair,
    ) -> Result<CreatedPair, ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        let pair = pair.checked().map_err(ServiceError::Invalid)?;
        self.keep_pair(actor, KeyRequest::checked(project, name, scopes)?, pair).await
    }

    async fn keep_pair(
        &self,
        actor: &Actor,
        request: KeyRequest,
        pair: CheckedPair,
    ) -> Result<CreatedPair, ServiceError> {
        let secret_key = pair.secret_key.clone();
        let stored = request.pair(&self.context, actor, pair).await?;
        self.context.control.create_key(&stored).await?;
        let key = stored.key;
        tracing::info!(project.id = %key.project, key.id = %key.id, "made a key pair");
        Ok(CreatedPair { key, secret_key })
    }

    /// Makes a client key `ck-assay-…` for browsers on the given origins (`https://app.example.com`, or `*` for any). It may only
    /// ingest and resolve.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with the fields `name`, `scopes`, `origins[0]`…; anybody but an owner is refused.
    pub async fn create_client_key(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
        scopes: &[Scope],
        origins: &[String],
    ) -> Result<ApiKey, ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        if let Some(wrong) = scopes.iter().find(|scope| !matches!(scope, Scope::Ingest | Scope::Resolve)) {
            let message =
                format!("a client key is public and may only `ingest` and `resolve`, not `{}`", wrong.as_str());
            return Err(ServiceError::field("scopes", message));
        }
        let request = KeyRequest::checked(project, name, scopes)?;
        let origins = checked_origins(origins)?;
        let public_key = random_token(&self.context, CLIENT_KEY_PREFIX)?.reveal().to_owned();
        let key = request.key(&self.context, actor, KeyKind::Client, public_key, String::new(), origins).await?;
        let stored = StoredKey { key, secret: None };
        self.context.control.create_key(&stored).await?;
        tracing::info!(project.id = %project, key.id = %stored.key.id, "made a client key");
        Ok(stored.key)
    }

    /// A project's keys, newest first, revoked ones too.
    ///
    /// # Errors
    /// Anybody but an owner is refused.
    pub async fn keys(&self, actor: &Actor, project: ProjectId) -> Result<Vec<ApiKey>, ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        Ok(self.context.control.keys(project).await?)
    }

    /// Revokes a key at once and for good.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the project has no such key; anybody but an owner is refused.
    pub async fn revoke_key(&self, actor: &Actor, project: ProjectId, key: KeyId) -> Result<(), ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        self.context.control.revoke_key(project, key, self.context.clock.now()).await?;
        self.keys.empty(key);
        tracing::info!(project.id = %project, key.id = %key, "revoked a key");
        Ok(())
    }

    /// The actor behind a public and a secret key (`Authorization: Basic`).
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] unless both belong to one key that is not revoked.
    pub async fn authenticate_pair(&self, public_key: &str, secret_key: &str) -> Result<Actor, ServiceError> {
        let key = self.key_of_secret(secret_key).await?;
        if key.key.public_key != public_key {
            return Err(ServiceError::Unauthenticated);
        }
        Ok(actor_of(&key.key))
    }

    /// The actor behind a secret key alone (`Authorization: Bearer`).
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] unless it belongs to a key that is not revoked.
    pub async fn authenticate_secret(&self, secret_key: &str) -> Result<Actor, ServiceError> {
        Ok(actor_of(&self.key_of_secret(secret_key).await?.key))
    }

    /// The actor behind a client key used from a web origin (the `Origin` header; none outside browsers).
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] for an unknown or revoked key; [`ServiceError::Origin`] from another origin than the key's.
    pub async fn authenticate_client(&self, public_key: &str, origin: Option<&str>) -> Result<Actor, ServiceError> {
        if public_key.len() > MAX_PART_BYTES {
            return Err(ServiceError::Unauthenticated);
        }
        let proof = digest(&format!("client {public_key}"));
        let key = match self.keys.get(&proof, self.context.clock.now()) {
            Ok(key) => key,
            Err(generation) => {
                let found = self.context.control.key_by_public(public_key).await?;
                let found = found.filter(|found| found.key.kind == KeyKind::Client);
                self.believe(proof, found, generation)?
            }
        };
        self.note_use(&proof, &key).await;
        let allowed = |origin: &str| key.key.origins.iter().any(|own| own == "*" || own.eq_ignore_ascii_case(origin));
        if let Some(origin) = origin.filter(|origin| !allowed(origin)) {
            return Err(ServiceError::Origin(origin.chars().take(MAX_PART_BYTES).collect()));
        }
        Ok(actor_of(&key.key))
    }

    async fn key_of_secret(&self, secret_key: &str) -> Result<StoredKey, ServiceError> {
        if secret_key.len() > MAX_PART_BYTES {
            return Err(ServiceError::Unauthenticated);
        }
        let proof = digest(secret_key);
        let key = match self.keys.get(&proof, self.context.clock.now()) {
            Ok(key) => key,
            Err(generation) => {
                let found = self.context.control.key_by_secret(&proof).await?;
                // The index found it by prefix comparison; this decides.
                let found = found.filter(|found| found.secret.is_some_and(|stored| same(&stored, &proof)));
                self.believe(proof, found, generation)?
            }
        };
        self.note_use(&proof, &key).await;
        Ok(key)
    }

    fn believe(&self, proof: Digest, found: Option<StoredKey>, generation: u64) -> Result<StoredKey, ServiceError> {
        let key = found.filter(|found| found.key.revoked_us.is_none()).ok_or(ServiceError::Unauthenticated)?;
        self.keys.put(proof, key.clone(), self.context.clock.now(), generation);
        Ok(key)
    }

    /// Notes the use, at most once a minute. Failing to is no reason to refuse the request.
    async fn note_use(&self, proof: &Digest, key: &StoredKey) {
        let now = self.context.clock.now();
        if !self.keys.claim_touch(proof, key, now) {
            return;
        }
        if let Err(error) = self.context.control.touch_key(key.key.id, now).await {
            tracing::warn!(key.id = %key.key.id, %error, "could not note when a key was used");
        }
    }
}

fn actor_of(key: &ApiKey) -> Actor {
    Actor::Key { key: key.id, project: key.project, kind: key.kind, scopes: key.scopes.clone() }
}

fn checked_origins(origins: &[String]) -> Result<Vec<String>, ServiceError> {
    if origins.is_empty() || origins.len() > MAX_ORIGINS {
        return Err(ServiceError::field("origins", format!("a client key has 1 to {MAX_ORIGINS} origins")));
    }
    let mut wrong = Vec::new();
    for (index, origin) in origins.iter().enumerate() {
        if !is_origin(origin) {
            let message = "an origin is a scheme, a host and perhaps a port, such as `https://app.example.com`";
            wrong.push(FieldProblem::new(format!("origins[{index}]"), message));
        }
    }
    if wrong.is_empty() {
        return Ok(origins.iter().map(|origin| origin.to_ascii_lowercase()).collect());
    }
    Err(ServiceError::Invalid(wrong))
}

/// As browsers send it (RFC 6454, section 6.2): no path, no trailing slash.
fn is_origin(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let Some(host) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    !host.is_empty() && host.len() <= 253 && host.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_browsers_send() {
        for right in ["https://app.example.com", "http://localhost:5173", "http://[::1]:3000", "*"] {
            assert!(is_origin(right), "{right}");
        }
        for wrong in ["", "app.example.com", "https://", "https://a.b/", "ftp://a.b", "https://a b"] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }
}
