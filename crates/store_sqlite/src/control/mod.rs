//! The control plane in SQLite: one connection that writes, a few that read, in `control.db`.

mod access;
mod credentials;
mod datasets;
mod experiments;
mod jobs;
mod labels;
mod lists;
mod media;
mod notes;
mod people;
mod prices;
mod prompts;
mod removal;
mod repeats;
mod row;
mod settings;

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use sqlx::{Connection as _, Sqlite, SqliteConnection, SqlitePool, Transaction, sqlite::SqliteConnectOptions};
use store::{StoreError, control::ControlStore};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use crate::{
    blobs::Blobs,
    error::from_sqlx,
    pool::{Schema, checkpoint_and_close, look_for_damage, open_readers, open_writer, options, settle},
};

/// `ASYC` as a number.
const APPLICATION_ID: i64 = 0x4153_5943;
const SCHEMA: Schema = Schema {
    what: "control database of Assay",
    application_id: APPLICATION_ID,
    steps: &[
        include_str!("../../migrations/control/0001_first.sql"),
        include_str!("../../migrations/control/0002_repeats.sql"),
        include_str!("../../migrations/control/0003_settings.sql"),
        include_str!("../../migrations/control/0004_prices.sql"),
        include_str!("../../migrations/control/0005_clients.sql"),
        include_str!("../../migrations/control/0006_experiments.sql"),
        include_str!("../../migrations/control/0007_media_use.sql"),
        include_str!("../../migrations/control/0008_loose_media.sql"),
        include_str!("../../migrations/control/0009_media_age.sql"),
    ],
};
const READERS: u32 = 4;

/// The control plane, stored in `control.db`.
#[derive(Debug)]
pub struct SqliteControl {
    /// Writers take turns; a write is one transaction. `None` once closed.
    writer: Mutex<Option<SqliteConnection>>,
    options: SqliteConnectOptions,
    readers: SqlitePool,
    /// Bytes of media, beside the file.
    blobs: Blobs,
}

impl SqliteControl {
    /// The file in a data folder.
    pub fn file(folder: &Path) -> PathBuf {
        folder.join("control.db")
    }

    /// Opens the control plane in a data folder, which has to exist; makes the file when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when the file is another program's, a newer release's, damaged, or may not be written.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = Self::file(folder);
        let options = options(&path);
        let mut writer = open_writer(&path, options.clone(), &SCHEMA).await?;
        // The file is small: looking through all of it is quick, and damage found now is found before anybody relies on it.
        look_for_damage(&path, &mut writer, u64::MAX).await?;
        let readers = open_readers(options.clone(), READERS).await?;
        Ok(Self { writer: Mutex::new(Some(writer)), options, readers, blobs: Blobs::new(folder) })
    }

    /// A transaction that holds the write lock from its start, so that what it reads still holds when it writes.
    async fn write(&self) -> Result<Writing<'_>, StoreError> {
        let connection = MutexGuard::try_map(self.writer.lock().await, Option::as_mut);
        let mut connection = connection.map_err(|_| StoreError::Closed)?;
        settle(&mut connection, &self.options).await?;
        Ok(Writing { connection })
    }
}

#[async_trait]
impl ControlStore for SqliteControl {
    async fn close(&self) -> Result<(), StoreError> {
        // Readers first: the checkpoint can empty the log only when nobody reads it.
        self.readers.close().await;
        match self.writer.lock().await.take() {
            Some(writer) => checkpoint_and_close(writer).await,
            None => Ok(()),
        }
    }
}

/// The writer, taken. Dropped without [`Transaction::commit`], a transaction on it rolls back.
struct Writing<'c> {
    connection: MappedMutexGuard<'c, SqliteConnection>,
}

impl Writing<'_> {
    async fn begin(&mut self) -> Result<Transaction<'_, Sqlite>, StoreError> {
        self.connection.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)
    }
}

async fn commit(transaction: Transaction<'_, Sqlite>) -> Result<(), StoreError> {
    transaction.commit().await.map_err(from_sqlx)
}

/// Says that a name is taken when that is what the engine objects to.
fn unless_taken(sentence: impl FnOnce() -> String) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| match &error {
        sqlx::Error::Database(cause) if cause.is_unique_violation() => StoreError::Conflict(sentence()),
        _ => from_sqlx(error),
    }
}
