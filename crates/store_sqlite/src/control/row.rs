//! Rows read back into values. What is stored was valid when it was written, so anything else is damage.

use std::{fmt::Display, str::FromStr};

use domain::{
    auth::{KeyKind, Scope},
    project::Project,
    prompt::{MoveSource, PromptType},
    time::TimeUs,
};
use serde::de::DeserializeOwned;
use sqlx::{Row as _, sqlite::SqliteRow};
use store::{
    StoreError,
    control::{ApiKey, Digest, StoredKey},
};
use uuid::Uuid;

use crate::error::from_sqlx;

pub(super) fn uuid(row: &SqliteRow, column: &'static str) -> Result<Uuid, StoreError> {
    let bytes: &[u8] = row.try_get(column).map_err(from_sqlx)?;
    Uuid::from_slice(bytes).map_err(|error| bad(column, error))
}

pub(super) fn optional_uuid(row: &SqliteRow, column: &'static str) -> Result<Option<Uuid>, StoreError> {
    let bytes: Option<&[u8]> = row.try_get(column).map_err(from_sqlx)?;
    bytes.map(Uuid::from_slice).transpose().map_err(|error| bad(column, error))
}

pub(super) fn digest(row: &SqliteRow, column: &'static str) -> Result<Digest, StoreError> {
    let bytes: &[u8] = row.try_get(column).map_err(from_sqlx)?;
    Digest::try_from(bytes).map_err(|error| bad(column, error))
}

pub(super) fn text(row: &SqliteRow, column: &'static str) -> Result<String, StoreError> {
    row.try_get(column).map_err(from_sqlx)
}

pub(super) fn optional_text(row: &SqliteRow, column: &'static str) -> Result<Option<String>, StoreError> {
    row.try_get(column).map_err(from_sqlx)
}

pub(super) fn word<T: FromStr<Err: Display>>(row: &SqliteRow, column: &'static str) -> Result<T, StoreError> {
    let text: &str = row.try_get(column).map_err(from_sqlx)?;
    text.parse().map_err(|error| bad(column, error))
}

pub(super) fn json<T: DeserializeOwned>(row: &SqliteRow, column: &'static str) -> Result<T, StoreError> {
    let text: &str = row.try_get(column).map_err(from_sqlx)?;
    serde_json::from_str(text).map_err(|error| bad(column, error))
}

pub(super) fn time(row: &SqliteRow, column: &'static str) -> Result<TimeUs, StoreError> {
    row.try_get(column).map(TimeUs).map_err(from_sqlx)
}

pub(super) fn optional_time(row: &SqliteRow, column: &'static str) -> Result<Option<TimeUs>, StoreError> {
    let time: Option<i64> = row.try_get(column).map_err(from_sqlx)?;
    Ok(time.map(TimeUs))
}

pub(super) fn number(row: &SqliteRow, column: &'static str) -> Result<u32, StoreError> {
    let number: i64 = row.try_get(column).map_err(from_sqlx)?;
    u32::try_from(number).map_err(|error| bad(column, error))
}

pub(super) fn optional_number(row: &SqliteRow, column: &'static str) -> Result<Option<u32>, StoreError> {
    let number: Option<i64> = row.try_get(column).map_err(from_sqlx)?;
    number.map(u32::try_from).transpose().map_err(|error| bad(column, error))
}

pub(super) fn flag(row: &SqliteRow, column: &'static str) -> Result<bool, StoreError> {
    row.try_get(column).map_err(from_sqlx)
}

pub(super) fn kind(row: &SqliteRow, column: &'static str) -> Result<PromptType, StoreError> {
    let text: &str = row.try_get(column).map_err(from_sqlx)?;
    let kinds = [PromptType::Text, PromptType::Chat];
    kinds.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| bad(column, text))
}

pub(super) fn source(row: &SqliteRow, column: &'static str) -> Result<MoveSource, StoreError> {
    let text: &str = row.try_get(column).map_err(from_sqlx)?;
    let sources = [MoveSource::User, MoveSource::Api, MoveSource::Experiment];
    sources.into_iter().find(|source| source.as_str() == text).ok_or_else(|| bad(column, text))
}

pub(super) fn project(row: &SqliteRow) -> Result<Project, StoreError> {
    Ok(Project {
        id: domain::ids::ProjectId(uuid(row, "id")?),
        slug: word(row, "slug")?,
        name: text(row, "name")?,
        created_us: time(row, "created_us")?,
    })
}

pub(super) fn api_key(row: &SqliteRow) -> Result<ApiKey, StoreError> {
    let kind: &str = row.try_get("kind").map_err(from_sqlx)?;
    let kinds = [KeyKind::Pair, KeyKind::Client];
    let scopes: Vec<Scope> = json(row, "scopes")?;
    Ok(ApiKey {
        id: domain::ids::KeyId(uuid(row, "id")?),
        project: domain::ids::ProjectId(uuid(row, "project_id")?),
        name: text(row, "name")?,
        kind: kinds.into_iter().find(|known| known.as_str() == kind).ok_or_else(|| bad("kind", kind))?,
        scopes,
        public_key: text(row, "public_key")?,
        secret_hint: text(row, "secret_hint")?,
        origins: json(row, "origins")?,
        created_by: text(row, "created_by")?,
        created_us: time(row, "created_us")?,
        last_used_us: optional_time(row, "last_used_us")?,
        revoked_us: optional_time(row, "revoked_us")?,
    })
}

pub(super) fn stored_key(row: &SqliteRow) -> Result<StoredKey, StoreError> {
    let secret: Option<&[u8]> = row.try_get("secret").map_err(from_sqlx)?;
    let secret = secret.map(Digest::try_from).transpose().map_err(|error| bad("secret", error))?;
    Ok(StoredKey { key: api_key(row)?, secret })
}

pub(super) fn as_json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::backend)
}

pub(super) fn bad(column: &str, why: impl Display) -> StoreError {
    StoreError::Corrupt(format!("column `{column}`: {why}"))
}
