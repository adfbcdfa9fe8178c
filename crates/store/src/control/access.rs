use async_trait::async_trait;
use domain::{
    auth::{Email, KeyKind, Role, Scope},
    ids::{KeyId, LinkId, ProjectId, SessionId, UserId},
    project::{Project, ProjectSettings, ProjectSlug, SettingsAt},
    time::TimeUs,
};

use crate::StoreError;

/// SHA-256 of a secret with 256 random bits: enough, since such a secret cannot be guessed.
pub type Digest = [u8; 32];

/// A person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Person {
    /// Id.
    pub id: UserId,
    /// Address they sign in with.
    pub email: Email,
    /// argon2id hash in PHC form; none until they set a password.
    pub password_hash: Option<String>,
    /// When they were added.
    pub created_us: TimeUs,
}

/// A person in a project.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// Their address.
    pub email: Email,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub since_us: TimeUs,
    /// Whether they have set a password yet.
    pub active: bool,
}

/// A browser session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// Id, for lists and logs.
    pub id: SessionId,
    /// Digest of the cookie's token.
    pub token: Digest,
    /// Whose.
    pub user: UserId,
    /// When it began.
    pub created_us: TimeUs,
    /// When it ends unless used.
    pub expires_us: TimeUs,
}

/// A session with what every request needs of its person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// Their address.
    pub email: Email,
    /// Their roles.
    pub roles: Vec<(ProjectId, Role)>,
}

/// What a one-time link is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LinkPurpose {
    /// Become the first owner.
    FirstOwner,
    /// Set a (new) password.
    Password(UserId),
}

/// A link that works once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OneTimeLink {
    /// Id.
    pub id: LinkId,
    /// Digest of its token.
    pub token: Digest,
    /// What for.
    pub purpose: LinkPurpose,
    /// Until when.
    pub expires_us: TimeUs,
}

/// The first person, with the first project.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewOwner {
    /// Who.
    pub person: Person,
    /// What they own.
    pub project: Project,
    /// A key pair for it, when one was given to start with.
    pub key: Option<StoredKey>,
}

/// An API key as lists show it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiKey {
    /// Id.
    pub id: KeyId,
    /// Its project.
    pub project: ProjectId,
    /// What it is called, 1 to 80 characters.
    pub name: String,
    /// Secret pair, or public client key.
    pub kind: KeyKind,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The public part, shown in full.
    pub public_key: String,
    /// Last four characters of the secret, to recognise it; empty for client keys.
    pub secret_hint: String,
    /// Web origins a client key may be used from.
    pub origins: Vec<String>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_us: TimeUs,
    /// When it was used last, to the minute.
    pub last_used_us: Option<TimeUs>,
    /// When it was revoked.
    pub revoked_us: Option<TimeUs>,
}

/// A key with the digest of its secret (none for client keys).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredKey {
    /// The key.
    pub key: ApiKey,
    /// Digest of its secret.
    pub secret: Option<Digest>,
}

/// Storage of projects, people, sessions, links and keys.
#[async_trait]
pub trait AccessStore: Send + Sync {
    /// Whether anybody exists.
    async fn has_people(&self) -> Result<bool, StoreError>;

    /// Makes the first owner, project and key, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody exists already.
    async fn create_first_owner(&self, owner: NewOwner) -> Result<(), StoreError>;

    /// Makes a project owned by a person.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the slug is taken.
    async fn create_project(&self, project: &Project, owner: UserId) -> Result<(), StoreError>;

    /// A project by its name in addresses.
    async fn project_by_slug(&self, slug: &ProjectSlug) -> Result<Option<Project>, StoreError>;

    /// A project by id.
    async fn project(&self, id: ProjectId) -> Result<Option<Project>, StoreError>;

    /// Every project, oldest first.
    async fn projects(&self) -> Result<Vec<Project>, StoreError>;

    /// Gives a project another name for people. Its address stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown project.
    async fn rename_project(&self, project: ProjectId, name: &str) -> Result<(), StoreError>;

    /// A project's settings; those of a project nobody knows are as at first.
    async fn settings(&self, project: ProjectId) -> Result<SettingsAt, StoreError>;

    /// Changes a project's settings if they still have this revision, which is raised by one. Returns the new revision.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when they were changed meanwhile; [`StoreError::NotFound`] for an unknown project.
    async fn set_settings(
        &self,
        project: ProjectId,
        settings: &ProjectSettings,
        revision: u64,
    ) -> Result<u64, StoreError>;

    /// The revision of a project's prompts and labels: 0 at first, raised by every change.
    async fn revision(&self, project: ProjectId) -> Result<u64, StoreError>;

    /// A person by address.
    async fn person_by_email(&self, email: &Email) -> Result<Option<Person>, StoreError>;

    /// A person by id.
    async fn person(&self, id: UserId) -> Result<Option<Person>, StoreError>;

    /// The roles a person holds, oldest project first.
    async fn roles(&self, user: UserId) -> Result<Vec<(ProjectId, Role)>, StoreError>;

    /// Sets a password hash, ends all of the person's sessions and voids their links.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown person.
    async fn set_password(&self, user: UserId, hash: &str) -> Result<(), StoreError>;

    /// Adds a person to a project, making the person when the address is new. Returns the id that stands.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when they are a member already.
    async fn add_member(&self, project: ProjectId, person: &Person, role: Role) -> Result<UserId, StoreError>;

    /// Changes a role.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a stranger; [`StoreError::Conflict`] when the last owner would be lost.
    async fn set_role(&self, project: ProjectId, user: UserId, role: Role) -> Result<(), StoreError>;

    /// Removes a member.
    ///
    /// # Errors
    /// As [`Self::set_role`].
    async fn remove_member(&self, project: ProjectId, user: UserId) -> Result<(), StoreError>;

    /// Takes a project away with everything that belongs to it, for good. Its people stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project.
    async fn remove_project(&self, project: ProjectId) -> Result<(), StoreError>;

    /// Members by address.
    async fn members(&self, project: ProjectId) -> Result<Vec<Member>, StoreError>;

    /// Keeps a one-time link. A link for the first owner replaces an earlier one.
    async fn create_link(&self, link: &OneTimeLink) -> Result<(), StoreError>;

    /// A link that exists, is unused and has not expired at `now`.
    async fn link(&self, token: &Digest, now: TimeUs) -> Result<Option<OneTimeLink>, StoreError>;

    /// Uses a link up; `false` when it was used already.
    async fn consume_link(&self, id: LinkId) -> Result<bool, StoreError>;

    /// Keeps a session.
    async fn create_session(&self, session: &Session) -> Result<(), StoreError>;

    /// The session with this token if it has not expired at `now`, with its person and their roles.
    async fn session(&self, token: &Digest, now: TimeUs) -> Result<Option<SignedIn>, StoreError>;

    /// Moves a session's end.
    async fn extend_session(&self, id: SessionId, expires_us: TimeUs) -> Result<(), StoreError>;

    /// Ends a session.
    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError>;

    /// Drops expired sessions, links and answers kept to be repeated.
    async fn delete_expired(&self, now: TimeUs) -> Result<(), StoreError>;

    /// Keeps a key.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the public part is taken.
    async fn create_key(&self, key: &StoredKey) -> Result<(), StoreError>;

    /// A key by its public part, revoked ones too.
    async fn key_by_public(&self, public_key: &str) -> Result<Option<StoredKey>, StoreError>;

    /// A key by the digest of its secret, revoked ones too.
    async fn key_by_secret(&self, secret: &Digest) -> Result<Option<StoredKey>, StoreError>;

    /// A project's keys, newest first.
    async fn keys(&self, project: ProjectId) -> Result<Vec<ApiKey>, StoreError>;

    /// Revokes a key; the first time stands.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the project has no such key.
    async fn revoke_key(&self, project: ProjectId, key: KeyId, at: TimeUs) -> Result<(), StoreError>;

    /// Notes that a key was used.
    async fn touch_key(&self, key: KeyId, at: TimeUs) -> Result<(), StoreError>;
}
