//! Opening one of our files: pragmas, recognising what is ours, migrations, the pool of readers.

use std::{fmt::Display, path::Path, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use store::StoreError;

use crate::error::{from_sqlx, is_read_only};

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

/// A file of ours that cannot be used as it is: what is wrong with it, and what to do.
pub(crate) fn unusable(path: &Path, why: impl Display, remedy: &str) -> StoreError {
    StoreError::Unusable(format!("`{}` cannot be used: {why}; {remedy}", path.display()))
}

/// What to do about a file that is damaged.
pub(crate) const RESTORE: &str = "put a backup in its place";

/// Says what stood in the way of opening a file, in words for whoever starts the server.
fn unopened(path: &Path) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| {
        if is_read_only(&error) {
            let why = format!("it cannot be opened for writing ({error})");
            let remedy = "make the file and its folder writable for whoever runs Assay, or name another folder";
            return unusable(path, why, remedy);
        }
        match from_sqlx(error) {
            StoreError::Corrupt(_) => unusable(path, "it is damaged or not an SQLite file", RESTORE),
            other => other,
        }
    }
}

/// Opens the one connection that writes, and brings the file to the present form.
///
/// # Errors
/// [`StoreError::Unusable`] with a sentence for people; [`StoreError::Full`] when there is no space for the present form.
pub(crate) async fn open_writer(
    path: &Path,
    options: SqliteConnectOptions,
    schema: &Schema,
) -> Result<SqliteConnection, StoreError> {
    let unopened = unopened(path);
    // Said of a file that is there it would be written to it by every connection, and change nothing.
    let is_new = std::fs::metadata(path).map_or(true, |known| known.len() == 0);
    let options = if is_new { options.auto_vacuum(SqliteAutoVacuum::Incremental) } else { options };
    let mut connection = options.create_if_missing(true).connect().await.map_err(&unopened)?;
    let application_id: i64 =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut connection).await.map_err(&unopened)?;
    let done: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.map_err(&unopened)?;
    let objects: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut connection).await.map_err(&unopened)?;
    let fresh = application_id == 0 && done == 0 && objects == 0;
    if !fresh && application_id != schema.application_id {
        let why = format!("it belongs to another program and is not the {}", schema.what);
        return Err(unusable(path, why, "move it away, or name another folder"));
    }
    let known = i64::try_from(schema.steps.len()).unwrap_or(i64::MAX);
    if done > known {
        let why = format!("it was written by a newer release (format {done}, this one knows {known})");
        return Err(unusable(path, why, "run that release, or put a backup of this one in its place"));
    }
    // Also a file that needs no step must be one that can be written: better said now than with the first batch.
    let writable = connection.begin_with("BEGIN IMMEDIATE").await.map_err(&unopened)?;
    writable.rollback().await.map_err(&unopened)?;
    for (number, step) in (1_i64..).zip(schema.steps) {
        if number <= done {
            continue;
        }
        let mut transaction = connection.begin().await.map_err(&unopened)?;
        sqlx::raw_sql(*step).execute(&mut *transaction).await.map_err(&unopened)?;
        // Pragmas take no binds; both values are numbers of ours.
        let mark = format!("PRAGMA application_id = {}; PRAGMA user_version = {number}", schema.application_id);
        sqlx::raw_sql(sqlx::AssertSqlSafe(mark)).execute(&mut *transaction).await.map_err(&unopened)?;
        transaction.commit().await.map_err(&unopened)?;
    }
    Ok(connection)
}

/// Looks for damage: through all of a file of up to `whole_up_to` bytes, and at the beginning of every table of a larger one,
/// which would take too long; `assay doctor` looks through all of it.
///
/// # Errors
/// [`StoreError::Unusable`] with what was found.
pub(crate) async fn look_for_damage(
    path: &Path,
    connection: &mut SqliteConnection,
    whole_up_to: u64,
) -> Result<(), StoreError> {
    let damaged = |why: &dyn Display| unusable(path, format!("it is damaged ({why})"), RESTORE);
    let bytes = std::fs::metadata(path).map_err(StoreError::backend)?.len();
    if bytes <= whole_up_to {
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| damaged(&error))?;
        return if verdict == "ok" { Ok(()) } else { Err(damaged(&verdict.replace('\n', " "))) };
    }
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| damaged(&error))?;
    for table in tables {
        // Tables of our own migrations.
        let first = format!("SELECT 1 FROM \"{table}\" LIMIT 1");
        sqlx::query(sqlx::AssertSqlSafe(first))
            .fetch_optional(&mut *connection)
            .await
            .map_err(|error| damaged(&error))?;
    }
    Ok(())
}

/// Makes the connection that writes fit for its next transaction, after whatever became of the last.
///
/// On a full disk SQLite ends a transaction by itself. The driver goes on counting it as open and would only set savepoints
/// from then on: after the next rollback commits would seem to succeed inside a transaction that never ends.
pub(crate) async fn settle(
    connection: &mut SqliteConnection,
    options: &SqliteConnectOptions,
) -> Result<(), StoreError> {
    if !connection.is_in_transaction() {
        return Ok(());
    }
    // The rollback of a transaction that was dropped may still be under way.
    connection.ping().await.map_err(from_sqlx)?;
    if !connection.is_in_transaction() {
        return Ok(());
    }
    let fresh = options.connect().await.map_err(from_sqlx)?;
    std::mem::replace(connection, fresh).close().await.map_err(from_sqlx)
}

/// Whether a commit waits until it would survive a power cut. One that does not is still whole or not there at all, and the next that
/// waits makes it safe, too: the log keeps their order (SQLite, `PRAGMA synchronous`). Between transactions only.
pub(crate) async fn sync_commits(connection: &mut SqliteConnection, wait: bool) -> Result<(), StoreError> {
    let pragma = if wait { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" };
    sqlx::raw_sql(pragma).execute(connection).await.map(drop).map_err(from_sqlx)
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
