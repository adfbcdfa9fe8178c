//! Experiments: writing them, launching them, acting on them.
//!
//! A running experiment owns its slot. What it serves is recorded as phases and epochs; what was done to it, by
//! whom and why, is its log. Time acts through [`Experiments::tick`].

mod batch;
pub(crate) mod check;
pub(crate) mod definition;
mod edit;
mod erased;
mod harm;
mod label;
mod life;
mod list;
mod past;
mod save;
mod stage;
mod tick;

use std::sync::Arc;

use domain::{
    auth::{Actor, Permission},
    experiment::{Experiment, ExperimentKey},
    ids::ProjectId,
};

pub use check::{REST_US, Report};
pub use edit::{Edit, NewExperiment};
pub use label::{TakeLabel, TakenLabel, Takeover};
pub use life::{Act, REOPEN_US};
pub use list::ListExperiments;
pub(crate) use past::PastExperiment;

use crate::{Context, ServiceError, context::authorize, prompts::Prompts, results::SelfChecks};

/// Use cases around experiments. Cheap to clone.
#[derive(Clone)]
pub struct Experiments {
    context: Arc<Context>,
    prompts: Prompts,
    looks: harm::Looks,
    batches: harm::Looks,
    self_checks: SelfChecks,
}

impl Experiments {
    pub(crate) fn new(context: Arc<Context>, prompts: Prompts, self_checks: SelfChecks) -> Self {
        let (looks, batches) = (harm::Looks::default(), harm::Looks::default());
        Self { context, prompts, looks, batches, self_checks }
    }

    /// An experiment by its key.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get(&self, actor: &Actor, project: ProjectId, key: &str) -> Result<Experiment, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        self.load(project, key).await
    }

    /// What stands against launching an experiment as it is now, and what should be known before.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn report(&self, actor: &Actor, project: ProjectId, key: &str) -> Result<Report, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let experiment = self.load(project, key).await?;
        self.look_at(project, &experiment, self.context.clock.now()).await
    }

    pub(crate) async fn load(&self, project: ProjectId, key: &str) -> Result<Experiment, ServiceError> {
        let missing = || ServiceError::NotFound { entity: "experiment", id: key.chars().take(100).collect() };
        // A key that breaks the rules cannot exist.
        let key: ExperimentKey = key.parse().map_err(|_| missing())?;
        self.context.control.experiment(project, &key).await?.ok_or_else(missing)
    }
}
