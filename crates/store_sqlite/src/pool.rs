//! Opening one of our files: pragmas, recognising what is ours, migrations, the pool of readers.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use store::StoreError;

use crate::error::from_sqlx;

/// What makes a file ours, and how it came to its present form.
pub(crate) struct Schema {
    /// What the file holds, for messages.
    pub(crate) what: &'static str,
    /// `PRAGMA application_id`, written into the header of the file: tells our files from others'.
    pub(crate) application_id: i64,
    /// Forward-only steps. `PRAGMA user_version` counts the ones done.
    pub(crate) steps: &'static [&'static str],
}

/// The settings every connection to a file of ours has.
pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // An acknowledged write survives a power cut, not only a crash of the process.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .statement_cache_capacity(512)
        // Rows come from the thread that runs SQLite: a short queue between means a switch of threads every few rows.
        .row_buffer_size(512)
        .disable_statement_logging()
}

/// Opens the one connection that writes, and brings the file to the present form.
pub(crate) async fn open_writer(
    path: &Path,
    options: SqliteConnectOptions,
    schema: &Schema,
) -> Result<SqliteConnection, StoreError> {
    let refused = |why: String| {
        StoreError::Corrupt(format!("`{}` cannot be opened as the {}: {why}", path.display(), schema.what))
    };
    let mut connection = options.create_if_missing(true).connect().await.map_err(|error| match from_sqlx(error) {
        StoreError::Corrupt(_) => refused("it is damaged or not an SQLite file".to_owned()),
        other => other,
    })?;
    let application_id: i64 =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut connection).await.map_err(from_sqlx)?;
    let done: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.map_err(from_sqlx)?;
    let objects: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut connection)
        .await
        .map_err(|error| refused(error.to_string()))?;
    let fresh = application_id == 0 && done == 0 && objects == 0;
    if !fresh && application_id != schema.application_id {
        return Err(refused("it belongs to another program".to_owned()));
    }
    let known = i64::try_from(schema.steps.len()).unwrap_or(i64::MAX);
    if done > known {
        return Err(refused(format!(
            "it was written by a newer release (format {done}, this one knows {known}); run that release"
        )));
    }
    for (number, step) in (1_i64..).zip(schema.steps) {
        if number <= done {
            continue;
        }
        let mut transaction = connection.begin().await.map_err(from_sqlx)?;
        sqlx::raw_sql(*step).execute(&mut *transaction).await.map_err(from_sqlx)?;
        // Pragmas take no binds; both values are numbers of ours.
        let mark = format!("PRAGMA application_id = {}; PRAGMA user_version = {number}", schema.application_id);
        sqlx::raw_sql(sqlx::AssertSqlSafe(mark)).execute(&mut *transaction).await.map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)?;
    }
    Ok(connection)
}

/// A pool of connections that only read.
pub(crate) async fn open_readers(options: SqliteConnectOptions, connections: u32) -> Result<SqlitePool, StoreError> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        // A connection whose query was dropped half way is still sound; checking each time would cost a round trip.
        .test_before_acquire(false)
        .connect_with(options.pragma("query_only", "1"))
        .await
        .map_err(from_sqlx)
}

/// Moves the write-ahead log into the file and closes its writer, so that the file alone is the whole state. Close the readers
/// before: a log that somebody reads stays.
pub(crate) async fn checkpoint_and_close(mut writer: SqliteConnection) -> Result<(), StoreError> {
    let moved = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer).await.map_err(from_sqlx);
    writer.close().await.map_err(from_sqlx)?;
    moved.map(|_| ())
}
