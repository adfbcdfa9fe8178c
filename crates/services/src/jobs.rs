//! What jobs of every kind have in common: asked for once, found by whoever asks how far they are, taken by a worker that holds
//! them for a while at a time, so that another goes on after a crash.

use domain::{
    auth::Actor,
    ids::{JobId, ProjectId},
    job::{Job, JobState},
    time::TimeUs,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use store::control::JobLease;

use crate::{Context, ServiceError, access::author};

/// Jobs told of at once, the latest.
const LATEST: u16 = 20;
/// What people are told of a job that failed for no fault of theirs.
pub(crate) const OUR_SIDE: &str = "Something failed on our side. The server's log says more.";
const VERSION: &str = "version";

/// A kind of job.
#[derive(Debug)]
pub(crate) struct Kind {
    /// As it is stored.
    pub(crate) name: &'static str,
    /// As people call one.
    pub(crate) entity: &'static str,
    /// The form in which it is stored what was asked for and how far it is.
    pub(crate) format: u8,
    /// How long a worker may be silent before another takes over.
    pub(crate) lease_us: i64,
}

impl Kind {
    /// A job that waits, asked for now.
    pub(crate) async fn asked_for(
        &self,
        context: &Context,
        actor: &Actor,
        (project, id): (ProjectId, JobId),
        params: &impl Serialize,
    ) -> Result<Job, ServiceError> {
        let now = context.clock.now();
        Ok(Job {
            id,
            project,
            kind: self.name.to_owned(),
            params: self.write(params)?,
            state: JobState::Waiting,
            progress: Value::Null,
            error: None,
            created_by: author(context, actor).await?,
            created_us: now,
            updated_us: now,
            finished_us: None,
        })
    }

    /// The project's latest, newest first, as they are shown.
    pub(crate) async fn latest<T>(
        &self,
        context: &Context,
        project: ProjectId,
        shown: impl Fn(Job) -> Result<T, ServiceError>,
    ) -> Result<Vec<T>, ServiceError> {
        context.control.jobs(project, self.name, LATEST).await?.into_iter().map(shown).collect()
    }

    /// One of the project's.
    pub(crate) async fn find(&self, context: &Context, project: ProjectId, id: JobId) -> Result<Job, ServiceError> {
        let job = context.control.job(project, id).await?.filter(|job| job.kind == self.name);
        job.ok_or_else(|| ServiceError::NotFound { entity: self.entity, id: id.to_string() })
    }

    /// The project's latest while it has not ended, for kinds of which there is one at a time.
    pub(crate) async fn under_way(&self, context: &Context, project: ProjectId) -> Result<Option<Job>, ServiceError> {
        let known = context.control.jobs(project, self.name, 1).await?;
        Ok(known.into_iter().next().filter(|job| !job.state.is_final()))
    }

    /// What was asked for.
    pub(crate) fn params<T: DeserializeOwned>(&self, job: &Job) -> Result<T, ServiceError> {
        self.read(&job.params)
    }

    /// How far it is.
    pub(crate) fn progress<T: DeserializeOwned + Default>(&self, job: &Job) -> Result<T, ServiceError> {
        if job.progress.is_null() { Ok(T::default()) } else { self.read(&job.progress) }
    }

    fn read<T: DeserializeOwned>(&self, stored: &Value) -> Result<T, ServiceError> {
        let version = stored.get(VERSION).and_then(Value::as_u64);
        if version != Some(u64::from(self.format)) {
            let message = format!("a job `{}` of format {version:?}, expected {}", self.name, self.format);
            return Err(ServiceError::Internal(message.into()));
        }
        serde_json::from_value(stored.clone()).map_err(internal)
    }

    fn write(&self, body: &impl Serialize) -> Result<Value, ServiceError> {
        let mut written = serde_json::to_value(body).map_err(internal)?;
        if let Value::Object(fields) = &mut written {
            fields.insert(VERSION.to_owned(), Value::from(self.format));
        }
        Ok(written)
    }

    /// Takes a job that waits, or whose worker died.
    pub(crate) async fn take<'c>(&'static self, context: &'c Context) -> Result<Option<Held<'c>>, ServiceError> {
        let worker = context.new_id()?.to_string();
        let now = context.clock.now();
        let taken = context.control.lease_job(self.name, &worker, now, TimeUs(now.0 + self.lease_us)).await?;
        Ok(taken.map(|job| Held { context, kind: self, job, worker }))
    }
}

fn internal(cause: serde_json::Error) -> ServiceError {
    ServiceError::Internal(Box::new(cause))
}

/// A job a worker holds.
pub(crate) struct Held<'c> {
    context: &'c Context,
    kind: &'static Kind,
    pub(crate) job: Job,
    worker: String,
}

impl Held<'_> {
    fn lease(&self, until_us: TimeUs) -> JobLease {
        JobLease { job: self.job.id, worker: self.worker.clone(), until_us }
    }

    /// Writes down how far it is, and holds it a while longer; `false` when it was cancelled, or is another worker's by now.
    pub(crate) async fn tell(&self, progress: &impl Serialize) -> Result<bool, ServiceError> {
        let now = self.context.clock.now();
        let lease = self.lease(TimeUs(now.0 + self.kind.lease_us));
        Ok(self.context.control.advance_job(&lease, &self.kind.write(progress)?, now).await?)
    }

    /// Writes down how far it is, and lets whoever tries next go on at once.
    pub(crate) async fn let_go(&self, progress: &impl Serialize) -> Result<(), ServiceError> {
        let now = self.context.clock.now();
        self.context.control.advance_job(&self.lease(now), &self.kind.write(progress)?, now).await?;
        Ok(())
    }

    /// Writes down how it ended.
    pub(crate) async fn finish(
        &self,
        state: JobState,
        progress: &impl Serialize,
        error: Option<&str>,
    ) -> Result<(), ServiceError> {
        let now = self.context.clock.now();
        let progress = self.kind.write(progress)?;
        self.context.control.finish_job(&self.lease(now), state, &progress, error, now).await?;
        Ok(())
    }
}
