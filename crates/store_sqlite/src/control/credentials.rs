//! Sessions, one-time links and keys.

use domain::{
    ids::{KeyId, LinkId, ProjectId, SessionId, UserId},
    time::TimeUs,
};
use sqlx::SqliteConnection;
use store::{
    StoreError,
    control::{ApiKey, Digest, LinkPurpose, OneTimeLink, Session, SignedIn, StoredKey},
};

use super::{SqliteControl, commit, row, unless_taken};
use crate::error::from_sqlx;

pub(super) async fn insert_key(connection: &mut SqliteConnection, stored: &StoredKey) -> Result<(), StoreError> {
    let key = &stored.key;
    sqlx::query(
        "INSERT INTO api_key (id, project_id, name, kind, scopes, public_key, secret, secret_hint, origins, created_by,
           created_us, last_used_us, revoked_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(key.id.0.as_bytes().as_slice())
    .bind(key.project.0.as_bytes().as_slice())
    .bind(key.name.as_str())
    .bind(key.kind.as_str())
    .bind(row::as_json(&key.scopes)?)
    .bind(key.public_key.as_str())
    .bind(stored.secret.as_ref().map(Digest::as_slice))
    .bind(key.secret_hint.as_str())
    .bind(row::as_json(&key.origins)?)
    .bind(key.created_by.as_str())
    .bind(key.created_us.0)
    .bind(key.last_used_us.map(|time| time.0))
    .bind(key.revoked_us.map(|time| time.0))
    .execute(connection)
    .await
    .map_err(unless_taken(|| "This key exists already. Choose another one, or let Assay make one.".to_owned()))?;
    Ok(())
}

impl SqliteControl {
    pub(super) async fn insert_link(&self, link: &OneTimeLink) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let person = match link.purpose {
            LinkPurpose::FirstOwner => {
                sqlx::query("DELETE FROM one_time_link WHERE person_id IS NULL")
                    .execute(&mut *transaction)
                    .await
                    .map_err(from_sqlx)?;
                None
            }
            LinkPurpose::Password(user) => Some(user),
        };
        sqlx::query("INSERT INTO one_time_link (id, token, person_id, expires_us) VALUES (?, ?, ?, ?)")
            .bind(link.id.0.as_bytes().as_slice())
            .bind(link.token.as_slice())
            .bind(person.as_ref().map(|user| user.0.as_bytes().as_slice()))
            .bind(link.expires_us.0)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        commit(transaction).await
    }

    pub(super) async fn find_link(&self, token: &Digest, now: TimeUs) -> Result<Option<OneTimeLink>, StoreError> {
        let found = sqlx::query(
            "SELECT id, token, person_id, expires_us FROM one_time_link WHERE token = ? AND expires_us > ?",
        )
        .bind(token.as_slice())
        .bind(now.0)
        .fetch_optional(&self.readers)
        .await
        .map_err(from_sqlx)?;
        let Some(found) = found else {
            return Ok(None);
        };
        let purpose = match row::optional_uuid(&found, "person_id")? {
            None => LinkPurpose::FirstOwner,
            Some(user) => LinkPurpose::Password(UserId(user)),
        };
        Ok(Some(OneTimeLink {
            id: LinkId(row::uuid(&found, "id")?),
            token: row::digest(&found, "token")?,
            purpose,
            expires_us: row::time(&found, "expires_us")?,
        }))
    }

    pub(super) async fn delete_link(&self, id: LinkId) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let used = sqlx::query("DELETE FROM one_time_link WHERE id = ?")
            .bind(id.0.as_bytes().as_slice())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(used.rows_affected() == 1)
    }

    pub(super) async fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        sqlx::query("INSERT INTO session (id, token, person_id, created_us, expires_us) VALUES (?, ?, ?, ?, ?)")
            .bind(session.id.0.as_bytes().as_slice())
            .bind(session.token.as_slice())
            .bind(session.user.0.as_bytes().as_slice())
            .bind(session.created_us.0)
            .bind(session.expires_us.0)
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    pub(super) async fn find_session(&self, token: &Digest, now: TimeUs) -> Result<Option<SignedIn>, StoreError> {
        // One statement, so that session and roles are of one moment.
        let found = sqlx::query(
            "SELECT session.id, token, session.person_id, session.created_us, expires_us, email, project_id, role
             FROM session JOIN person ON person.id = session.person_id
               LEFT JOIN member ON member.person_id = session.person_id
             WHERE token = ? AND expires_us > ? ORDER BY project_id",
        )
        .bind(token.as_slice())
        .bind(now.0)
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        let Some(first) = found.first() else {
            return Ok(None);
        };
        let mut roles = Vec::with_capacity(found.len());
        for role in &found {
            if let Some(project) = row::optional_uuid(role, "project_id")? {
                roles.push((ProjectId(project), row::word(role, "role")?));
            }
        }
        Ok(Some(SignedIn {
            session: Session {
                id: SessionId(row::uuid(first, "id")?),
                token: row::digest(first, "token")?,
                user: UserId(row::uuid(first, "person_id")?),
                created_us: row::time(first, "created_us")?,
                expires_us: row::time(first, "expires_us")?,
            },
            email: row::word(first, "email")?,
            roles,
        }))
    }

    pub(super) async fn move_session_end(&self, id: SessionId, expires_us: TimeUs) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        sqlx::query("UPDATE session SET expires_us = ? WHERE id = ?")
            .bind(expires_us.0)
            .bind(id.0.as_bytes().as_slice())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    pub(super) async fn end_session(&self, id: SessionId) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        sqlx::query("DELETE FROM session WHERE id = ?")
            .bind(id.0.as_bytes().as_slice())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    pub(super) async fn drop_expired(&self, now: TimeUs) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        for statement in [
            "DELETE FROM session WHERE expires_us <= ?",
            "DELETE FROM one_time_link WHERE expires_us <= ?",
            "DELETE FROM repeatable WHERE expires_us <= ?",
        ] {
            sqlx::query(statement).bind(now.0).execute(&mut *transaction).await.map_err(from_sqlx)?;
        }
        commit(transaction).await
    }

    pub(super) async fn insert_new_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        insert_key(&mut writing.connection, key).await
    }

    pub(super) async fn key_with_public(&self, public_key: &str) -> Result<Option<StoredKey>, StoreError> {
        let found = sqlx::query("SELECT * FROM api_key WHERE public_key = ?")
            .bind(public_key)
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(row::stored_key).transpose()
    }

    pub(super) async fn key_with_secret(&self, secret: &Digest) -> Result<Option<StoredKey>, StoreError> {
        let found = sqlx::query("SELECT * FROM api_key WHERE secret = ?")
            .bind(secret.as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(row::stored_key).transpose()
    }

    pub(super) async fn keys_of(&self, project: ProjectId) -> Result<Vec<ApiKey>, StoreError> {
        let found = sqlx::query("SELECT * FROM api_key WHERE project_id = ? ORDER BY created_us DESC, id DESC")
            .bind(project.0.as_bytes().as_slice())
            .fetch_all(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.iter().map(row::api_key).collect()
    }

    pub(super) async fn mark_revoked(&self, project: ProjectId, key: KeyId, at: TimeUs) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let revoked =
            sqlx::query("UPDATE api_key SET revoked_us = coalesce(revoked_us, ?) WHERE id = ? AND project_id = ?")
                .bind(at.0)
                .bind(key.0.as_bytes().as_slice())
                .bind(project.0.as_bytes().as_slice())
                .execute(&mut *writing.connection)
                .await
                .map_err(from_sqlx)?;
        if revoked.rows_affected() == 0 {
            return Err(StoreError::NotFound { entity: "key", id: key.to_string() });
        }
        Ok(())
    }

    pub(super) async fn mark_used(&self, key: KeyId, at: TimeUs) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        sqlx::query("UPDATE api_key SET last_used_us = max(coalesce(last_used_us, ?1), ?1) WHERE id = ?2")
            .bind(at.0)
            .bind(key.0.as_bytes().as_slice())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}
