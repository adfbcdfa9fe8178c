//! Files sent to a running server: kept beside the data until a worker has brought them.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{
    auth::{Actor, Permission},
    ids::{JobId, ProjectId},
    job::{Job, JobState},
    time::TimeUs,
};
use serde::{Deserialize, Serialize};
use tokio::{fs, io::AsyncWriteExt as _, time};

use super::{Import, ImportFormat, ImportReport, ImportRequest, prompts::words};
use crate::{
    ServiceError,
    context::authorize,
    jobs::{Held, Kind, OUR_SIDE},
};

static KIND: Kind = Kind { name: "import", entity: "import", format: 1, lease_us: 30_000_000 };
/// How often a worker says how far it is, which prolongs its lease.
const TELL: Duration = Duration::from_millis(500);
/// A file that brought the server down this often is not tried again.
const TRIES: u32 = 3;
/// Longest name of a file that is kept, in characters.
const NAME_CHARS: usize = 200;

/// How to bring a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewImport {
    /// How it is written.
    pub format: ImportFormat,
    /// Reads and checks everything and stores nothing.
    pub dry_run: bool,
    /// What the sender calls it, to show it.
    pub name: Option<String>,
}

/// An import as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportJob {
    /// Its id.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// What was asked for.
    pub asked: NewImport,
    /// Size of the file.
    pub bytes: u64,
    /// How far it is, 0 to 1.
    pub done: f64,
    /// What became of the file, once it is done.
    pub report: Option<ImportReport>,
    /// Why it failed as a whole.
    pub error: Option<String>,
    /// Who sent it.
    pub created_by: String,
    /// When.
    pub created_us: TimeUs,
    /// When it ended.
    pub finished_us: Option<TimeUs>,
}

/// What is stored of what was asked for.
#[derive(Deserialize, Serialize)]
struct Params {
    format: String,
    dry_run: bool,
    name: Option<String>,
    bytes: u64,
}

/// What is stored of how far it is.
#[derive(Clone, Default, Deserialize, Serialize)]
struct Progress {
    /// Workers that have begun.
    tries: u32,
    done: f64,
    report: Option<ImportReport>,
}

/// A file on its way in. Dropped before [`Import::submit`], it leaves nothing behind.
pub struct Upload {
    id: JobId,
    project: ProjectId,
    path: PathBuf,
    file: Option<fs::File>,
    bytes: u64,
    submitted: bool,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("id", &self.id).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Upload {
    /// Adds the next bytes.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), ServiceError> {
        if let Some(file) = &mut self.file {
            file.write_all(bytes).await.map_err(no_room)?;
        }
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Whether nothing came yet.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.submitted {
            // What cannot be removed now is swept at the next start.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Import {
    /// Makes room for a file.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for who may not both write prompts and send events; [`ServiceError::Conflict`] while another
    /// file of the project is being brought.
    pub async fn receive(&self, actor: &Actor, project: ProjectId) -> Result<Upload, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        authorize(actor, project, Permission::Ingest)?;
        self.refuse_while_busy(project).await?;
        let id = JobId(self.context.new_id()?);
        let path = self.path(project, id);
        fs::create_dir_all(&self.context.spool).await.map_err(no_room)?;
        let file = fs::File::create(&path).await.map_err(no_room)?;
        Ok(Upload { id, project, path, file: Some(file), bytes: 0, submitted: false })
    }

    /// Hands a whole file to the workers.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] (`file`) for an empty one; [`ServiceError::Conflict`] when another file came meanwhile.
    pub async fn submit(&self, actor: &Actor, mut upload: Upload, new: NewImport) -> Result<ImportJob, ServiceError> {
        let project = upload.project;
        authorize(actor, project, Permission::WritePrompts)?;
        authorize(actor, project, Permission::Ingest)?;
        if upload.is_empty() {
            return Err(ServiceError::field("file", "it is empty; send the file as the body of the request"));
        }
        if let Some(mut file) = upload.file.take() {
            file.flush().await.map_err(no_room)?;
        }
        self.refuse_while_busy(project).await?;
        let context = &*self.context;
        let name = new.name.map(|name| name.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS).collect());
        let params = Params { format: new.format.as_str().to_owned(), dry_run: new.dry_run, name, bytes: upload.bytes };
        let job = KIND.asked_for(context, actor, (project, upload.id), &params).await?;
        context.control.create_job(&job).await?;
        upload.submitted = true;
        self.asked.notify_one();
        ImportJob::of(job)
    }

    /// The project's latest imports, newest first; at most 20.
    ///
    /// # Errors
    /// As the actor may not read the project.
    pub async fn jobs(&self, actor: &Actor, project: ProjectId) -> Result<Vec<ImportJob>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        KIND.latest(&self.context, project, ImportJob::of).await
    }

    /// One import.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the project has no such import.
    pub async fn job(&self, actor: &Actor, project: ProjectId, id: JobId) -> Result<ImportJob, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        ImportJob::of(KIND.find(&self.context, project, id).await?)
    }

    /// Stops an import. What it stored until then stays, and the same file can be brought again; one that ended stays as it is.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the project has no such import.
    pub async fn cancel(&self, actor: &Actor, project: ProjectId, id: JobId) -> Result<ImportJob, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let before = self.job(&Actor::System, project, id).await?;
        let job = self.context.control.cancel_job(project, id, self.context.clock.now()).await?;
        if before.state == JobState::Waiting {
            remove(&self.path(project, id)).await;
        }
        tracing::info!(project.id = %project, job.id = %id, "cancelled an import");
        ImportJob::of(job)
    }

    /// Completes when somebody sent a file to this process.
    pub async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Removes files nobody will bring any more: of uploads that broke off with the process, and of jobs that ended.
    ///
    /// # Errors
    /// As the stores.
    pub async fn sweep(&self) -> Result<(), ServiceError> {
        let Ok(mut files) = fs::read_dir(&self.context.spool).await else { return Ok(()) };
        while let Ok(Some(file)) = files.next_entry().await {
            let name = file.file_name();
            let parts = name.to_str().and_then(|name| name.split_once('.'));
            let ids = parts.and_then(|(project, job)| Some((project.parse().ok()?, job.parse().ok()?)));
            let Some((project, id)) = ids else { continue };
            let job = self.context.control.job(project, id).await?;
            if job.is_none_or(|job| job.state.is_final()) {
                remove(&file.path()).await;
            }
        }
        Ok(())
    }

    /// Takes a file that waits, or whose worker died, and brings it; `false` when there is none. Safe to interrupt anywhere: it
    /// is begun again when the lease has run out, and what is stored already stays as it is.
    ///
    /// # Errors
    /// When the stores cannot be used now; the file is taken up again later.
    pub async fn work(&self) -> Result<bool, ServiceError> {
        let context = &*self.context;
        let Some(held) = KIND.take(context).await? else { return Ok(false) };
        let job = &held.job;
        let mut progress: Progress = KIND.progress(job)?;
        progress.tries += 1;
        let path = self.path(job.project, job.id);
        let ended = if progress.tries > TRIES {
            Err(ServiceError::field("file", "it could not be read to its end in several tries"))
        } else {
            match self.bring(&held, &mut progress, &path).await {
                Ok(Some(report)) => Ok(report),
                // It was cancelled, or is another worker's by now.
                Ok(None) => {
                    let there = context.control.job(job.project, job.id).await?;
                    if there.is_none_or(|job| job.state.is_final()) {
                        remove(&path).await;
                    }
                    return Ok(true);
                }
                Err(error) if error.passes() => {
                    // That was no try of the file.
                    progress.tries -= 1;
                    held.let_go(&progress).await?;
                    return Err(error);
                }
                Err(error) => Err(error),
            }
        };
        let (state, error) = match ended {
            Ok(report) => {
                progress.done = 1.0;
                progress.report = Some(report);
                (JobState::Done, None)
            }
            Err(error @ (ServiceError::Invalid(_) | ServiceError::TooLarge(_))) => {
                (JobState::Failed, Some(words(error)))
            }
            Err(cause) => {
                tracing::error!(project.id = %job.project, job.id = %job.id, error = ?cause, "could not import a file");
                (JobState::Failed, Some(OUR_SIDE.to_owned()))
            }
        };
        held.finish(state, &progress, error.as_deref()).await?;
        remove(&path).await;
        Ok(true)
    }

    /// `None` when the job is no longer this worker's.
    async fn bring(
        &self,
        held: &Held<'_>,
        progress: &mut Progress,
        path: &Path,
    ) -> Result<Option<ImportReport>, ServiceError> {
        let job = &held.job;
        let asked = asked(job)?.0;
        let request =
            ImportRequest { project: job.project, format: asked.format, file: path.to_owned(), dry_run: asked.dry_run };
        let share = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&share);
        let run = self.run(&Actor::System, request, move |done| told.store(done.to_bits(), Ordering::Relaxed));
        // Both at once: a run that was left standing while its job is told of could stand with the only connection that writes.
        let tell = async {
            loop {
                progress.done = f64::from_bits(share.load(Ordering::Relaxed));
                if !held.tell(&*progress).await? {
                    return Ok::<_, ServiceError>(None);
                }
                time::sleep(TELL).await;
            }
        };
        tokio::select! {
            report = run => report.map(Some),
            gone = tell => gone,
        }
    }

    async fn refuse_while_busy(&self, project: ProjectId) -> Result<(), ServiceError> {
        let Some(job) = KIND.under_way(&self.context, project).await? else { return Ok(()) };
        Err(ServiceError::Conflict(format!(
            "Another file is being imported already (job `{}`). Wait until it is done, or cancel it.",
            job.id
        )))
    }

    fn path(&self, project: ProjectId, id: JobId) -> PathBuf {
        self.context.spool.join(format!("{project}.{id}"))
    }
}

async fn remove(path: &Path) {
    // What cannot be removed now is swept at the next start.
    let _ = fs::remove_file(path).await;
}

fn no_room(cause: std::io::Error) -> ServiceError {
    tracing::error!(error = %cause, "could not keep a file to import");
    ServiceError::unwritten(cause)
}

/// What was asked for, and how large the file is.
fn asked(job: &Job) -> Result<(NewImport, u64), ServiceError> {
    let params: Params = KIND.params(job)?;
    let format = params.format.parse().map_err(ServiceError::of("format"))?;
    Ok((NewImport { format, dry_run: params.dry_run, name: params.name }, params.bytes))
}

impl ImportJob {
    fn of(job: Job) -> Result<Self, ServiceError> {
        let ((asked, bytes), progress): (_, Progress) = (asked(&job)?, KIND.progress(&job)?);
        Ok(Self {
            id: job.id,
            state: job.state,
            asked,
            bytes,
            done: progress.done.clamp(0.0, 1.0),
            report: progress.report,
            error: job.error,
            created_by: job.created_by,
            created_us: job.created_us,
            finished_us: job.finished_us,
        })
    }
}
