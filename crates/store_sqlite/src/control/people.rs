//! Projects, people and their roles.

use domain::{
    auth::{Email, Role},
    ids::{ProjectId, UserId},
    project::Project,
    time::TimeUs,
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use store::{
    StoreError,
    control::{Member, NewOwner, Person},
};

use super::{SqliteControl, commit, credentials, row, unless_taken};
use crate::error::from_sqlx;

fn person(found: &SqliteRow) -> Result<Person, StoreError> {
    Ok(Person {
        id: UserId(row::uuid(found, "id")?),
        email: row::word(found, "email")?,
        password_hash: row::optional_text(found, "password_hash")?,
        created_us: row::time(found, "created_us")?,
    })
}

async fn insert_project(connection: &mut SqliteConnection, project: &Project) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO project (id, slug, name, created_us) VALUES (?, ?, ?, ?)")
        .bind(project.id.0.as_bytes().as_slice())
        .bind(project.slug.as_str())
        .bind(project.name.as_str())
        .bind(project.created_us.0)
        .execute(connection)
        .await
        .map_err(unless_taken(|| format!("A project with the address `{}` exists already.", project.slug)))?;
    Ok(())
}

async fn insert_person(connection: &mut SqliteConnection, person: &Person) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO person (id, email, password_hash, created_us) VALUES (?, ?, ?, ?)")
        .bind(person.id.0.as_bytes().as_slice())
        .bind(person.email.as_str())
        .bind(person.password_hash.as_deref())
        .bind(person.created_us.0)
        .execute(connection)
        .await
        .map_err(unless_taken(|| "Somebody with this e-mail address exists already.".to_owned()))?;
    Ok(())
}

async fn insert_member(
    connection: &mut SqliteConnection,
    project: ProjectId,
    user: UserId,
    role: Role,
    since: TimeUs,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO member (project_id, person_id, role, since_us) VALUES (?, ?, ?, ?)")
        .bind(project.0.as_bytes().as_slice())
        .bind(user.0.as_bytes().as_slice())
        .bind(role.as_str())
        .bind(since.0)
        .execute(connection)
        .await
        .map_err(unless_taken(|| "They are a member of this project already.".to_owned()))?;
    Ok(())
}

async fn somebody(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM person)").fetch_one(connection).await.map_err(from_sqlx)
}

/// Fails when the project would have no owner but this one, who is about to go or change.
async fn keep_an_owner(
    connection: &mut SqliteConnection,
    project: ProjectId,
    leaving: UserId,
) -> Result<(), StoreError> {
    let another: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM member WHERE project_id = ? AND role = 'owner' AND person_id <> ?)",
    )
    .bind(project.0.as_bytes().as_slice())
    .bind(leaving.0.as_bytes().as_slice())
    .fetch_one(connection)
    .await
    .map_err(from_sqlx)?;
    if another {
        return Ok(());
    }
    Err(StoreError::Conflict("A project keeps at least one owner. Make somebody else an owner first.".to_owned()))
}

async fn role_of(connection: &mut SqliteConnection, project: ProjectId, user: UserId) -> Result<Role, StoreError> {
    let found = sqlx::query("SELECT role FROM member WHERE project_id = ? AND person_id = ?")
        .bind(project.0.as_bytes().as_slice())
        .bind(user.0.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
    let found = found.ok_or_else(|| StoreError::NotFound { entity: "member", id: user.to_string() })?;
    row::word(&found, "role")
}

impl SqliteControl {
    pub(super) async fn somebody_exists(&self) -> Result<bool, StoreError> {
        let mut reader = self.readers.acquire().await.map_err(from_sqlx)?;
        somebody(&mut reader).await
    }

    pub(super) async fn insert_first_owner(&self, owner: NewOwner) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        if somebody(&mut transaction).await? {
            return Err(StoreError::Conflict("Somebody has set this server up already.".to_owned()));
        }
        let NewOwner { person, project, key } = owner;
        insert_person(&mut transaction, &person).await?;
        insert_project(&mut transaction, &project).await?;
        insert_member(&mut transaction, project.id, person.id, Role::Owner, person.created_us).await?;
        if let Some(key) = key {
            credentials::insert_key(&mut transaction, &key).await?;
        }
        commit(transaction).await
    }

    pub(super) async fn insert_owned_project(&self, project: &Project, owner: UserId) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        insert_project(&mut transaction, project).await?;
        insert_member(&mut transaction, project.id, owner, Role::Owner, project.created_us).await?;
        commit(transaction).await
    }

    pub(super) async fn find_person(&self, email: &Email) -> Result<Option<Person>, StoreError> {
        let found = sqlx::query("SELECT id, email, password_hash, created_us FROM person WHERE email = ?")
            .bind(email.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(person).transpose()
    }

    pub(super) async fn person_with(&self, id: UserId) -> Result<Option<Person>, StoreError> {
        let found = sqlx::query("SELECT id, email, password_hash, created_us FROM person WHERE id = ?")
            .bind(id.0.as_bytes().as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(person).transpose()
    }

    pub(super) async fn roles_of(&self, user: UserId) -> Result<Vec<(ProjectId, Role)>, StoreError> {
        let found = sqlx::query("SELECT project_id, role FROM member WHERE person_id = ? ORDER BY project_id")
            .bind(user.0.as_bytes().as_slice())
            .fetch_all(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.iter().map(|role| Ok((ProjectId(row::uuid(role, "project_id")?), row::word(role, "role")?))).collect()
    }

    pub(super) async fn replace_password(&self, user: UserId, hash: &str) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let changed = sqlx::query("UPDATE person SET password_hash = ? WHERE id = ?")
            .bind(hash)
            .bind(user.0.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::NotFound { entity: "person", id: user.to_string() });
        }
        // An old invitation must not open the account again.
        for statement in ["DELETE FROM session WHERE person_id = ?", "DELETE FROM one_time_link WHERE person_id = ?"] {
            sqlx::query(statement)
                .bind(user.0.as_bytes().as_slice())
                .execute(&mut *transaction)
                .await
                .map_err(from_sqlx)?;
        }
        commit(transaction).await
    }

    pub(super) async fn insert_new_member(
        &self,
        project: ProjectId,
        person: &Person,
        role: Role,
    ) -> Result<UserId, StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let known = sqlx::query("SELECT id FROM person WHERE email = ?")
            .bind(person.email.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let user = if let Some(known) = known {
            UserId(row::uuid(&known, "id")?)
        } else {
            insert_person(&mut transaction, person).await?;
            person.id
        };
        insert_member(&mut transaction, project, user, role, person.created_us).await?;
        commit(transaction).await?;
        Ok(user)
    }

    pub(super) async fn change_role(&self, project: ProjectId, user: UserId, role: Role) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let before = role_of(&mut transaction, project, user).await?;
        if before == Role::Owner && role != Role::Owner {
            keep_an_owner(&mut transaction, project, user).await?;
        }
        sqlx::query("UPDATE member SET role = ? WHERE project_id = ? AND person_id = ?")
            .bind(role.as_str())
            .bind(project.0.as_bytes().as_slice())
            .bind(user.0.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        commit(transaction).await
    }

    pub(super) async fn delete_member(&self, project: ProjectId, user: UserId) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        if role_of(&mut transaction, project, user).await? == Role::Owner {
            keep_an_owner(&mut transaction, project, user).await?;
        }
        sqlx::query("DELETE FROM member WHERE project_id = ? AND person_id = ?")
            .bind(project.0.as_bytes().as_slice())
            .bind(user.0.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        commit(transaction).await
    }

    pub(super) async fn members_of(&self, project: ProjectId) -> Result<Vec<Member>, StoreError> {
        let found = sqlx::query(
            "SELECT person.id, email, role, since_us, password_hash IS NOT NULL AS active
             FROM member JOIN person ON person.id = person_id WHERE project_id = ? ORDER BY email",
        )
        .bind(project.0.as_bytes().as_slice())
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        found
            .iter()
            .map(|member| {
                Ok(Member {
                    user: UserId(row::uuid(member, "id")?),
                    email: row::word(member, "email")?,
                    role: row::word(member, "role")?,
                    since_us: row::time(member, "since_us")?,
                    active: row::flag(member, "active")?,
                })
            })
            .collect()
    }

    pub(super) async fn revision_of(&self, project: ProjectId) -> Result<u64, StoreError> {
        let found = sqlx::query("SELECT revision FROM project WHERE id = ?")
            .bind(project.0.as_bytes().as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        let Some(found) = found else {
            return Ok(0);
        };
        let revision: i64 = found.try_get("revision").map_err(from_sqlx)?;
        u64::try_from(revision).map_err(|error| row::bad("revision", error))
    }
}
