//! Media at rest: files named by the digest of their bytes, below the project they belong to. A file that is there is whole:
//! it is written beside its place, made durable, and moved.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::ids::ProjectId;
use store::StoreError;

const FOLDER: &str = "media";
/// Tells files apart that are being written at the same time.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// The files of a data folder.
#[derive(Clone, Debug)]
pub(crate) struct Blobs {
    folder: PathBuf,
}

fn failed(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => StoreError::Full,
        _ => StoreError::backend(error),
    }
}

fn hex(digest: &[u8; 32]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}

impl Blobs {
    /// In a data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self { folder: data.join(FOLDER) }
    }

    pub(crate) fn path(&self, project: ProjectId, digest: &[u8; 32]) -> PathBuf {
        let name = hex(digest);
        // Folders of at most a 256th of the files.
        let shelf = name.get(..2).unwrap_or_default().to_owned();
        self.folder.join(project.0.simple().to_string()).join(shelf).join(name)
    }

    /// Keeps bytes under their digest, durably. Harmless when they are there.
    pub(crate) async fn put(
        &self,
        project: ProjectId,
        digest: [u8; 32],
        bytes: Arc<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let path = self.path(project, &digest);
        tokio::task::spawn_blocking(move || write(&path, &bytes).map_err(failed)).await.map_err(StoreError::backend)?
    }

    /// Forgets the bytes of a digest; harmless when they are not there.
    pub(crate) async fn remove(&self, project: ProjectId, digest: [u8; 32]) -> Result<(), StoreError> {
        let path = self.path(project, &digest);
        let removed = tokio::task::spawn_blocking(move || fs::remove_file(path)).await.map_err(StoreError::backend)?;
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }

    /// The bytes of a digest.
    pub(crate) async fn get(&self, project: ProjectId, digest: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(project, digest);
        let read = tokio::task::spawn_blocking(move || fs::read(path)).await.map_err(StoreError::backend)?;
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|known| known.len() == bytes.len() as u64) {
        return Ok(());
    }
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let beside = folder.join(format!("{}-{}.part", process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed)));
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| fs::rename(&beside, path)) {
        // Best effort: what is left is no file of ours by its name.
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    // The name is durable once the folders that hold it are.
    let mut above = Some(folder);
    for _ in 0..3 {
        let Some(folder) = above else { break };
        sync_folder(folder)?;
        above = folder.parent();
    }
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Copies the files of one data folder into another and says how many and how many bytes. Files only ever come, so a copy made
/// after that of the control plane has every file that one names.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    let source = from.join(FOLDER);
    if !source.is_dir() {
        return Ok((0, 0));
    }
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        fs::create_dir_all(to.join(FOLDER).join(&folder))?;
        for entry in fs::read_dir(source.join(&folder))? {
            let entry = entry?;
            let below = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(below);
            } else if below.extension().is_none() {
                bytes += fs::copy(entry.path(), to.join(FOLDER).join(&below))?;
                files += 1;
            }
        }
    }
    Ok((files, bytes))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn bytes_come_back_and_are_copied_whole() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path());
        let (project, digest) = (ProjectId(Uuid::from_u128(7)), [0xab; 32]);
        assert_eq!(blobs.get(project, &digest).await.unwrap(), None);
        for _ in 0..2 {
            blobs.put(project, digest, Arc::new(b"picture".to_vec())).await.unwrap();
        }
        assert_eq!(blobs.get(project, &digest).await.unwrap().as_deref(), Some(&b"picture"[..]));
        assert_eq!(blobs.get(ProjectId(Uuid::from_u128(8)), &digest).await.unwrap(), None, "a neighbour has none");
        let backup = tempfile::tempdir().unwrap();
        fs::write(blobs.path(project, &digest).with_extension("part"), b"half").unwrap();
        assert_eq!(copy(folder.path(), backup.path()).unwrap(), (1, 7));
        assert_eq!(Blobs::new(backup.path()).get(project, &digest).await.unwrap().as_deref(), Some(&b"picture"[..]));
        assert_eq!(copy(backup.path().join("nowhere").as_path(), backup.path()).unwrap(), (0, 0));
    }
}
