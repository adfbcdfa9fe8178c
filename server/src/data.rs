//! The data folder: the one place that names concrete stores.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, anyhow, bail};
use services::{
    Context, Control, Events, ServiceError, Services,
    context::{Clock, SystemRandom},
};
use store::StoreError;
use store_sqlite::{DataFile, SqliteControl, SqliteEvents};

/// Holds the data folder for one process that stores events: two of them would give out the same numbers.
pub(crate) struct FolderLock {
    /// The system takes the lock back when the file is closed, also after `kill -9`.
    _file: File,
}

impl FolderLock {
    /// Takes the folder, which has to exist.
    pub(crate) fn take(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("lock");
        let file = File::create(&path).map_err(|cause| {
            anyhow!(
                "the data folder `{}` cannot be written ({cause}); make it writable for whoever runs Assay, or name another \
                 folder with --data or ASSAY_DATA",
                folder.display()
            )
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                bail!("a server or another command uses `{}`; stop it first", folder.display())
            }
            Err(TryLockError::Error(cause)) => Err(cause).with_context(|| format!("cannot lock `{}`", path.display())),
        }
    }
}

/// Both stores of a data folder.
pub(crate) struct Data {
    control: Control,
    pub(crate) events: Events,
    spool: PathBuf,
}

/// Opens an existing folder and brings its files to the present form.
pub(crate) async fn open(folder: &Path) -> anyhow::Result<Data> {
    let control = SqliteControl::open(folder).await.map_err(|error| unopened(DataFile::Control, folder, error))?;
    let events = SqliteEvents::open(folder).await.map_err(|error| unopened(DataFile::Events, folder, error))?;
    Ok(Data { control: Arc::new(control), events: Arc::new(events), spool: folder.join("spool") })
}

/// Why a file was not opened, in one line for the person at the terminal.
fn unopened(file: DataFile, folder: &Path, error: StoreError) -> anyhow::Error {
    match error {
        // Names the file already.
        StoreError::Unusable(sentence) => anyhow!(sentence),
        StoreError::Full => {
            anyhow!("`{}` cannot be opened: the disk is full; free space and start again", file.path(folder).display())
        }
        other => anyhow::Error::new(other).context(format!("cannot open `{}`", file.path(folder).display())),
    }
}

impl Data {
    /// The use cases on this folder, by the machine's clock and randomness.
    pub(crate) fn services(&self) -> Services {
        Services::new(Context {
            control: Arc::clone(&self.control),
            events: Arc::clone(&self.events),
            clock: clock(),
            random: Box::new(SystemRandom),
            spool: self.spool.clone(),
        })
    }

    /// Finishes what is queued and leaves both files whole, with no log beside them. Each is closed whatever becomes of the other.
    pub(crate) async fn close(&self) -> anyhow::Result<()> {
        let events = self.events.close().await.context("cannot finish the queue of events");
        self.control.close().await.context("cannot close the control plane")?;
        events
    }
}

#[cfg(not(feature = "test-clock"))]
fn clock() -> Box<dyn Clock> {
    Box::new(services::context::SystemClock)
}

#[cfg(feature = "test-clock")]
fn clock() -> Box<dyn Clock> {
    crate::test_clock::clock()
}

/// A refusal of a use case in words for the terminal.
pub(crate) fn explain(error: ServiceError) -> anyhow::Error {
    anyhow::Error::msg(error.into_problem(None).message)
}
