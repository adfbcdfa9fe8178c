//! Keeps the write-ahead log short. SQLite begins it anew when nobody reads it, which under steady reading may be never, and
//! cannot while somebody holds an old state of the file: a copy being made, a program looking at it.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sqlx::{Row as _, SqliteConnection};
use store::StoreError;

use crate::error::from_sqlx;

/// How long readers are waited for when the log is long.
const WAIT: Duration = Duration::from_millis(100);
/// What every other statement waits; see `pool::options`.
const USUAL_WAIT: Duration = Duration::from_secs(10);
/// How often it is tried: new readers come all the time, and each try makes the writer wait.
const EVERY: Duration = Duration::from_secs(1);
/// From this part of its longest on the log is long.
const LONG: u64 = 8;

/// The log beside the file.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    longest: u64,
    tried: Option<Instant>,
    /// Whether it is as long as it may get.
    full: bool,
}

impl Log {
    pub(super) fn new(file: &Path, longest: u64) -> Self {
        let mut path = file.as_os_str().to_owned();
        path.push("-wal");
        Self { path: path.into(), longest, tried: None, full: false }
    }

    fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |known| known.len())
    }

    /// Whether more may be written to it.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while somebody keeps the log from being begun anew and it is as long as it may get.
    pub(super) async fn has_room(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.full {
            self.tend(connection).await?;
        }
        if self.full { Err(StoreError::Busy) } else { Ok(()) }
    }

    /// Begins the log anew where it is long. For after each commit.
    pub(super) async fn tend(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let bytes = self.bytes();
        if bytes < self.longest / LONG {
            // Another commit may have begun it anew meanwhile.
            if std::mem::take(&mut self.full) {
                tracing::info!("the log of the event file is begun anew: events are stored");
            }
            return Ok(());
        }
        if self.tried.is_some_and(|at| at.elapsed() < EVERY) {
            return Ok(());
        }
        self.tried = Some(Instant::now());
        wait_for(connection, WAIT).await?;
        let row = sqlx::query("PRAGMA wal_checkpoint(RESTART)").fetch_one(&mut *connection).await.map_err(from_sqlx);
        wait_for(connection, USUAL_WAIT).await?;
        let held: i64 = row?.try_get(0).map_err(from_sqlx)?;
        let full = held != 0 && bytes >= self.longest;
        if full != self.full {
            self.full = full;
            if full {
                tracing::error!(
                    bytes,
                    "somebody holds an old state of the event file: events wait until they let it go"
                );
            } else {
                tracing::info!("the log of the event file is begun anew: events are stored");
            }
        }
        Ok(())
    }
}

async fn wait_for(connection: &mut SqliteConnection, time: Duration) -> Result<(), StoreError> {
    // A number of ours; pragmas take no binds.
    let statement = format!("PRAGMA busy_timeout = {}", time.as_millis());
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}
