//! [`AccessStore`], one line a method; the statements stand in `people` and `credentials`.

use async_trait::async_trait;
use domain::{
    auth::{Email, Role},
    ids::{KeyId, LinkId, ProjectId, SessionId, UserId},
    project::{Project, ProjectSettings, ProjectSlug, SettingsAt},
    time::TimeUs,
};
use store::{
    StoreError,
    control::{AccessStore, ApiKey, Digest, Member, NewOwner, OneTimeLink, Person, Session, SignedIn, StoredKey},
};

use super::{SqliteControl, row};
use crate::error::from_sqlx;

#[async_trait]
impl AccessStore for SqliteControl {
    async fn has_people(&self) -> Result<bool, StoreError> {
        self.somebody_exists().await
    }

    async fn create_first_owner(&self, owner: NewOwner) -> Result<(), StoreError> {
        self.insert_first_owner(owner).await
    }

    async fn create_project(&self, project: &Project, owner: UserId) -> Result<(), StoreError> {
        self.insert_owned_project(project, owner).await
    }

    async fn remove_project(&self, project: ProjectId) -> Result<(), StoreError> {
        self.delete_project(project).await
    }

    async fn project_by_slug(&self, slug: &ProjectSlug) -> Result<Option<Project>, StoreError> {
        let found = sqlx::query("SELECT * FROM project WHERE slug = ?")
            .bind(slug.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(row::project).transpose()
    }

    async fn project(&self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        let found = sqlx::query("SELECT * FROM project WHERE id = ?")
            .bind(id.0.as_bytes().as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(row::project).transpose()
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        let found = sqlx::query("SELECT * FROM project ORDER BY created_us, id")
            .fetch_all(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.iter().map(row::project).collect()
    }

    async fn rename_project(&self, project: ProjectId, name: &str) -> Result<(), StoreError> {
        self.replace_name(project, name).await
    }

    async fn settings(&self, project: ProjectId) -> Result<SettingsAt, StoreError> {
        self.settings_of(project).await
    }

    async fn set_settings(
        &self,
        project: ProjectId,
        settings: &ProjectSettings,
        revision: u64,
    ) -> Result<u64, StoreError> {
        self.replace_settings(project, settings, revision).await
    }

    async fn revision(&self, project: ProjectId) -> Result<u64, StoreError> {
        self.revision_of(project).await
    }

    async fn person_by_email(&self, email: &Email) -> Result<Option<Person>, StoreError> {
        self.find_person(email).await
    }

    async fn person(&self, id: UserId) -> Result<Option<Person>, StoreError> {
        self.person_with(id).await
    }

    async fn roles(&self, user: UserId) -> Result<Vec<(ProjectId, Role)>, StoreError> {
        self.roles_of(user).await
    }

    async fn set_password(&self, user: UserId, hash: &str) -> Result<(), StoreError> {
        self.replace_password(user, hash).await
    }

    async fn add_member(&self, project: ProjectId, person: &Person, role: Role) -> Result<UserId, StoreError> {
        self.insert_new_member(project, person, role).await
    }

    async fn set_role(&self, project: ProjectId, user: UserId, role: Role) -> Result<(), StoreError> {
        self.change_role(project, user, role).await
    }

    async fn remove_member(&self, project: ProjectId, user: UserId) -> Result<(), StoreError> {
        self.delete_member(project, user).await
    }

    async fn members(&self, project: ProjectId) -> Result<Vec<Member>, StoreError> {
        self.members_of(project).await
    }

    async fn create_link(&self, link: &OneTimeLink) -> Result<(), StoreError> {
        self.insert_link(link).await
    }

    async fn link(&self, token: &Digest, now: TimeUs) -> Result<Option<OneTimeLink>, StoreError> {
        self.find_link(token, now).await
    }

    async fn consume_link(&self, id: LinkId) -> Result<bool, StoreError> {
        self.delete_link(id).await
    }

    async fn create_session(&self, session: &Session) -> Result<(), StoreError> {
        self.insert_session(session).await
    }

    async fn session(&self, token: &Digest, now: TimeUs) -> Result<Option<SignedIn>, StoreError> {
        self.find_session(token, now).await
    }

    async fn extend_session(&self, id: SessionId, expires_us: TimeUs) -> Result<(), StoreError> {
        self.move_session_end(id, expires_us).await
    }

    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.end_session(id).await
    }

    async fn delete_expired(&self, now: TimeUs) -> Result<(), StoreError> {
        self.drop_expired(now).await
    }

    async fn create_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        self.insert_new_key(key).await
    }

    async fn key_by_public(&self, public_key: &str) -> Result<Option<StoredKey>, StoreError> {
        self.key_with_public(public_key).await
    }

    async fn key_by_secret(&self, secret: &Digest) -> Result<Option<StoredKey>, StoreError> {
        self.key_with_secret(secret).await
    }

    async fn keys(&self, project: ProjectId) -> Result<Vec<ApiKey>, StoreError> {
        self.keys_of(project).await
    }

    async fn revoke_key(&self, project: ProjectId, key: KeyId, at: TimeUs) -> Result<(), StoreError> {
        self.mark_revoked(project, key, at).await
    }

    async fn touch_key(&self, key: KeyId, at: TimeUs) -> Result<(), StoreError> {
        self.mark_used(key, at).await
    }
}
