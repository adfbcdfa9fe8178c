//! Looking after the files of a data folder: consistent copies while the server runs, and a check of what is in them.

use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use store::StoreError;

use crate::{blobs, error::from_sqlx, pool::options};

/// One of the files of a data folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DataFile {
    /// The control plane.
    Control,
    /// The event plane.
    Events,
}

/// What a check found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Examined {
    /// Format of the file: how many migrations it has seen.
    pub format: i64,
    /// Size without the log beside it.
    pub bytes: u64,
    /// What is wrong, in the engine's words, at most 20 findings; empty when the file is sound.
    pub damage: Vec<String>,
    /// Rows of the tables people ask about.
    pub rows: Vec<(&'static str, u64)>,
}

impl DataFile {
    /// Both files.
    pub const ALL: [Self; 2] = [Self::Control, Self::Events];

    /// Its name in the folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Control => "control.db",
            Self::Events => "events.db",
        }
    }

    /// Where it is in a data folder.
    pub fn path(self, folder: &Path) -> PathBuf {
        folder.join(self.name())
    }

    fn counts(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Control => &[
                ("projects", "SELECT count(*) FROM project"),
                ("people", "SELECT count(*) FROM person"),
                ("keys", "SELECT count(*) FROM api_key"),
                ("prompts", "SELECT count(*) FROM prompt"),
                ("prompt versions", "SELECT count(*) FROM prompt_version"),
                ("label moves", "SELECT count(*) FROM label_move"),
                ("media", "SELECT count(*) FROM media WHERE uploaded_us IS NOT NULL"),
                ("datasets", "SELECT count(*) FROM dataset"),
                ("dataset items", "SELECT count(*) FROM dataset_item"),
            ],
            Self::Events => &[
                ("traces", "SELECT count(*) FROM trace"),
                ("spans", "SELECT count(*) FROM span"),
                ("scores", "SELECT count(*) FROM score WHERE removed = 0"),
                ("messages", "SELECT count(*) FROM message"),
            ],
        }
    }

    async fn open_to_read(self, folder: &Path) -> Result<SqliteConnection, StoreError> {
        let path = self.path(folder);
        if !path.is_file() {
            return Err(StoreError::NotFound { entity: "file", id: path.display().to_string() });
        }
        options(&path).pragma("query_only", "1").connect().await.map_err(from_sqlx)
    }

    /// Writes a consistent copy, also while a server writes to the file. The copy holds one moment and needs no log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the file; [`StoreError::Backend`] when `target` exists already.
    pub async fn copy(self, folder: &Path, target: &Path) -> Result<(), StoreError> {
        let target = target.to_str().ok_or_else(|| StoreError::backend("the path of the copy is not valid Unicode"))?;
        let path = self.path(folder);
        if !path.is_file() {
            return Err(StoreError::NotFound { entity: "file", id: path.display().to_string() });
        }
        let mut connection = options(&path).connect().await.map_err(from_sqlx)?;
        sqlx::query("VACUUM INTO ?").bind(target).execute(&mut connection).await.map_err(from_sqlx)?;
        connection.close().await.map_err(from_sqlx)
    }

    /// Reads the whole file and says what is in it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the file; [`StoreError::Corrupt`] when it cannot even be opened.
    pub async fn examine(self, folder: &Path) -> Result<Examined, StoreError> {
        let mut connection = self.open_to_read(folder).await?;
        let mut damage: Vec<String> =
            sqlx::query_scalar("PRAGMA integrity_check(20)").fetch_all(&mut connection).await.map_err(from_sqlx)?;
        damage.retain(|finding| finding != "ok");
        let format = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.map_err(from_sqlx)?;
        let mut rows = Vec::new();
        // A damaged file may not be countable; its damage is the news.
        if damage.is_empty() {
            for (what, question) in self.counts() {
                let count: i64 = sqlx::query_scalar(*question).fetch_one(&mut connection).await.map_err(from_sqlx)?;
                rows.push((*what, u64::try_from(count).unwrap_or_default()));
            }
        }
        connection.close().await.map_err(from_sqlx)?;
        let bytes = std::fs::metadata(self.path(folder)).map_err(StoreError::backend)?.len();
        Ok(Examined { format, bytes, damage, rows })
    }
}

/// Copies the bytes of media, which lie beside the files, into another data folder; after [`DataFile::Control`], so that every
/// piece its copy names is there. Says how many files and how many bytes.
///
/// # Errors
/// When a file cannot be read or written.
pub async fn copy_media(folder: &Path, target: &Path) -> Result<(u64, u64), StoreError> {
    let (folder, target) = (folder.to_owned(), target.to_owned());
    tokio::task::spawn_blocking(move || blobs::copy(&folder, &target))
        .await
        .map_err(StoreError::backend)?
        .map_err(StoreError::backend)
}
