//! Skips a step when its inputs have the same content as the last time it succeeded.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

/// Collects the inputs of a step.
pub(crate) struct Inputs(Sha256);

impl Inputs {
    /// For the step `name`; change the number behind it when the step itself changes.
    pub(crate) fn of(name: &str) -> Self {
        Self(Sha256::new()).text(name)
    }

    /// Adds a setting.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    /// Adds a file's content, or a folder's with all names below it.
    pub(crate) fn path(mut self, path: &Path) -> anyhow::Result<Self> {
        for file in files_below(path)? {
            let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            let bytes = fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
            self = self.text(&name);
            self.0.update((bytes.len() as u64).to_le_bytes());
            self.0.update(&bytes);
        }
        Ok(self)
    }

    /// The digest in hexadecimal.
    pub(crate) fn digest(self) -> String {
        self.0.finalize().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Does `work` unless `stamp` says it was done with these inputs.
    pub(crate) fn unless_done(self, stamp: &Path, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<bool> {
        let digest = self.digest();
        if fs::read_to_string(stamp).is_ok_and(|done| done == digest) {
            return Ok(false);
        }
        // A step that fails half-way must not look done.
        let _ = fs::remove_file(stamp);
        work()?;
        if let Some(folder) = stamp.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(stamp, digest)?;
        Ok(true)
    }
}

/// All files below a folder, sorted; a file is its own only one, a missing path has none.
pub(crate) fn files_below(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(next) = open.pop() {
        if next.is_dir() {
            for entry in fs::read_dir(&next).with_context(|| format!("cannot read `{}`", next.display()))? {
                open.push(entry?.path());
            }
        } else if next.is_file() {
            files.push(next);
        }
    }
    files.sort();
    Ok(files)
}

/// An empty folder, whatever was there.
pub(crate) fn fresh_folder(path: &Path) -> anyhow::Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("cannot clear `{}`", path.display()))?;
    }
    fs::create_dir_all(path).with_context(|| format!("cannot make `{}`", path.display()))
}

/// Copies a folder with everything below it.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    for file in files_below(from)? {
        let target = to.join(file.strip_prefix(from)?);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(&file, &target).with_context(|| format!("cannot copy `{}`", file.display()))?;
    }
    Ok(())
}
