//! Taking events away for good: all of a project, everything of one user, and whatever is older than a project keeps.
//!
//! What somebody asks for is a job, which is also the record of who asked, when, and what went. What is old goes by itself.
//! Either is done in short pieces, so that ingest never waits, and doing a piece again changes nothing, so that a crash costs
//! nothing but the time.

mod retention;
mod work;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use domain::{
    auth::{Actor, Permission},
    ids::{JobId, ProjectId},
    job::{Job, JobState},
    time::TimeUs,
};
use serde::{Deserialize, Serialize};
use store::event::{Erased, Erasing};
use tokio::sync::Notify;

use crate::{Context, ServiceError, context::authorize, experiments::Experiments, ingest::Ingest, jobs::Kind};

pub use retention::OldTraces;

/// As long an id as traces may say of a user (`otlp`), in characters.
const MOST_ID: usize = 1_000;
/// A piece is milliseconds, a slow disk seconds.
static KIND: Kind = Kind { name: "erase", entity: "erasure", format: 1, lease_us: 30_000_000 };

/// What is stored of what was asked for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Params {
    /// Everything of this user; all of the project's events if absent.
    user: Option<String>,
    /// When it was asked for: what happens later stays.
    before_us: i64,
}

impl Params {
    fn erasing(&self) -> Erasing {
        match &self.user {
            Some(user) => Erasing::User(user.clone()),
            None => Erasing::Before(TimeUs(self.before_us)),
        }
    }
}

/// What is stored of how far it is.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Progress {
    erased: Erased,
    /// Pieces of media.
    media: u64,
}

/// A job that takes events away, as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Erasure {
    /// Its id.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// Whose events; all of the project's if absent.
    pub user: Option<String>,
    /// What went so far.
    pub erased: Erased,
    /// Pieces of media that went so far.
    pub media: u64,
    /// Why it failed.
    pub error: Option<String>,
    /// Who asked for it.
    pub created_by: String,
    /// When; what happened later stays.
    pub created_us: TimeUs,
    /// When it ended.
    pub finished_us: Option<TimeUs>,
}

/// Use cases around taking events away. Cheap to clone.
#[derive(Clone)]
pub struct Erasures {
    context: Arc<Context>,
    ingest: Ingest,
    experiments: Experiments,
    asked: Arc<Notify>,
    /// Until when and by how many days each project was last looked through for what is too old.
    retained: Arc<Mutex<HashMap<ProjectId, (TimeUs, u32)>>>,
}

impl Erasures {
    pub(crate) fn new(context: Arc<Context>, ingest: Ingest, experiments: Experiments) -> Self {
        Self { context, ingest, experiments, asked: Arc::default(), retained: Arc::default() }
    }

    /// Asks for all events of a project that happened until now to be taken away: traces, scores, outcome events, exposures,
    /// media, and the comments on them. Experiments say in their logs how many units left. Prompts, experiments, datasets, prices, people and keys stay.
    ///
    /// # Errors
    /// As the actor may not manage the project.
    pub async fn erase_project(&self, actor: &Actor, project: ProjectId) -> Result<Erasure, ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        self.ask(actor, project, None).await
    }

    /// Asks for everything of one user to be taken away: their traces with scores, messages and media, outcome events about
    /// them, and their part in experiments. Asking again while it is under way changes nothing.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] (`user`) for what no user is called.
    pub async fn erase_user(&self, actor: &Actor, project: ProjectId, user: &str) -> Result<Erasure, ServiceError> {
        authorize(actor, project, Permission::Erase)?;
        let length = user.chars().count();
        if length == 0 || length > MOST_ID {
            let message = format!("`{length}` characters; a user's id has 1 to {MOST_ID}");
            return Err(ServiceError::field("user", message));
        }
        self.ask(actor, project, Some(user.to_owned())).await
    }

    async fn ask(&self, actor: &Actor, project: ProjectId, user: Option<String>) -> Result<Erasure, ServiceError> {
        let context = &*self.context;
        for known in self.list(&Actor::System, project).await? {
            if !known.state.is_final() && user.is_some() && known.user == user {
                return Ok(known);
            }
        }
        let params = Params { user, before_us: context.clock.now().0 };
        let job = KIND.asked_for(context, actor, (project, JobId(context.new_id()?)), &params).await?;
        context.control.create_job(&job).await?;
        tracing::info!(project.id = %project, job.id = %job.id, "asked for events to be erased");
        self.asked.notify_one();
        Erasure::of(job)
    }

    /// The project's latest jobs, newest first; at most 20.
    ///
    /// # Errors
    /// As the actor may not read the project.
    pub async fn list(&self, actor: &Actor, project: ProjectId) -> Result<Vec<Erasure>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        KIND.latest(&self.context, project, Erasure::of).await
    }

    /// One job.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the project has no such job.
    pub async fn get(&self, actor: &Actor, project: ProjectId, id: JobId) -> Result<Erasure, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        Erasure::of(KIND.find(&self.context, project, id).await?)
    }

    /// Completes when somebody asked for a job in this process.
    pub async fn asked(&self) {
        self.asked.notified().await;
    }
}

impl Erasure {
    fn of(job: Job) -> Result<Self, ServiceError> {
        let (params, progress): (Params, Progress) = (KIND.params(&job)?, KIND.progress(&job)?);
        Ok(Self {
            id: job.id,
            state: job.state,
            user: params.user,
            erased: progress.erased,
            media: progress.media,
            error: job.error,
            created_by: job.created_by,
            created_us: job.created_us,
            finished_us: job.finished_us,
        })
    }
}
