//! How much space the disk has left.

use std::path::{Path, PathBuf};

/// The disk a folder lies on.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    /// Bytes with less than which it is full.
    least: u64,
}

impl Disk {
    pub(crate) fn new(folder: &Path, least: u64) -> Self {
        Self { folder: folder.to_owned(), least }
    }

    /// Whether it has no space for a batch, as far as it says. Asks the system and writes nothing, so it can be asked often;
    /// quotas and limits on files are known to a write alone.
    pub(crate) fn is_full(&self) -> bool {
        free(&self.folder).is_some_and(|free| free < self.least)
    }
}

/// Bytes that may be written below a folder.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let known = rustix::fs::statvfs(folder).ok()?;
    Some(known.f_bavail.saturating_mul(known.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}
