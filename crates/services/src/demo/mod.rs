//! The demo project: real model outputs as traffic, so that somebody without data sees what Assay is for.

mod trial;

use std::sync::Arc;

use demo::{DemoPrompt, Episode, Plan, Rise, Traffic};
use domain::{
    auth::{Actor, Role},
    experiment::Exposure,
    ids::{LabelMoveId, ProjectId, PromptId, UserId},
    price::Charge,
    project::{Project, ProjectSettings},
    prompt::{LabelName, MoveSource, PromptName},
    score::Score,
    time::TimeUs,
};
use stats::sketch;
use store::{
    control::{MoveRecord, NewVersion, ProtectedLabels},
    event::{EventBatch, ScoreWrite, SpanWrite},
};
use tokio::sync::mpsc;

use crate::{
    Context, ServiceError,
    access::Access,
    experiments::Experiments,
    ingest::{Ingest, prepare},
    prompts::{SaveVersion, flag_key},
};

use self::trial::Trial;
pub use demo::NOTICE;

/// Name of the demo project; its address follows from it.
pub const NAME: &str = "Demo";
/// Who wrote the demo's prompts.
const AUTHOR: &str = "demo";
/// Spans stored together.
const BATCH_SPANS: usize = 4096;

/// How much to make, and from which seed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DemoSize {
    /// About how many spans, 100 to 10 million.
    pub spans: u64,
    /// The same seed makes the same traffic.
    pub seed: u64,
}

impl Default for DemoSize {
    fn default() -> Self {
        Self { spans: 20_000, seed: 1 }
    }
}

/// What was stored so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DemoProgress {
    /// Spans stored.
    pub spans: u64,
    /// Scores stored.
    pub scores: u64,
    /// Share of the whole, 0 to 1.
    pub done: f64,
}

/// Makes demo projects.
#[derive(Clone)]
pub struct Demo {
    context: Arc<Context>,
    access: Access,
    ingest: Ingest,
    experiments: Experiments,
}

impl Demo {
    pub(crate) fn new(context: Arc<Context>, access: Access, ingest: Ingest, experiments: Experiments) -> Self {
        Self { context, access, ingest, experiments }
    }

    /// Makes a project called [`NAME`], owned by the actor, with prompts, their history, experiments on them and two weeks of
    /// traffic up to now.
    /// `told` hears about every batch that was stored.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] (`spans`); as [`Access::create_project`]; as the stores. What was stored before a failure
    /// stays in the project.
    pub async fn create(
        &self,
        actor: &Actor,
        size: DemoSize,
        told: impl FnMut(DemoProgress) + Send,
    ) -> Result<Project, ServiceError> {
        let range = 100..=10_000_000;
        if !range.contains(&size.spans) {
            let wrong = format!("`{}` spans are not a demo; use 100 to 10000000", size.spans);
            return Err(ServiceError::field("spans", wrong));
        }
        let project = match actor {
            // The command line: for whoever owns the oldest project.
            Actor::System => self.access.make_project(self.first_owner().await?, NAME, None).await?,
            other => self.access.create_project(other, NAME, None).await?,
        };
        let settings = ProjectSettings { demo: true, ..ProjectSettings::default() };
        self.context.control.set_settings(project.id, &settings, 0).await?;
        self.fill(project.id, size, told).await?;
        tracing::info!(project.id = %project.id, spans = size.spans, "made a demo project");
        Ok(project)
    }

    async fn first_owner(&self) -> Result<UserId, ServiceError> {
        let control = &self.context.control;
        for project in control.projects().await? {
            let members = control.members(project.id).await?;
            if let Some(owner) = members.iter().find(|member| member.role == Role::Owner) {
                return Ok(owner.user);
            }
        }
        Err(ServiceError::NotFound { entity: "owner", id: "nobody has set this server up yet".to_owned() })
    }

    async fn fill(
        &self,
        project: ProjectId,
        size: DemoSize,
        mut told: impl FnMut(DemoProgress) + Send,
    ) -> Result<(), ServiceError> {
        let end = self.context.clock.now();
        for prompt in demo::prompts(end) {
            self.write_history(project, prompt).await?;
        }
        let mut trials = Vec::new();
        for trial in demo::trials(end).map_err(internal)? {
            trials.push(Trial::record(&self.experiments, project, trial).await?);
        }
        let plan = Plan { seed: size.seed, spans: size.spans, end };
        // Two batches ahead: making, packing and storing overlap, and memory stays bounded at any size.
        let (made, mut batches) = mpsc::channel(2);
        let maker = tokio::task::spawn_blocking(move || make(plan, trials.into(), &made));
        let mut progress = DemoProgress::default();
        while let Some(Made { spans, scores, exposures, done }) = batches.recv().await {
            progress.spans += spans.len() as u64;
            progress.scores += scores.len() as u64;
            progress.done = done;
            self.ingest.append(EventBatch { spans, scores, exposures, ..EventBatch::empty(project, end) }).await?;
            told(progress);
        }
        maker.await.map_err(|cause| ServiceError::Internal(Box::new(cause)))?
    }

    /// Versions and label moves as they happened, each at its time.
    async fn write_history(&self, project: ProjectId, prompt: DemoPrompt) -> Result<(), ServiceError> {
        let control = &self.context.control;
        let mut tags = Some(prompt.tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>());
        for (number, version) in (1..).zip(prompt.versions) {
            let written = SaveVersion {
                config: Some(version.config),
                tags: tags.take(),
                commit_message: Some(version.message.to_owned()),
                ..SaveVersion::new(prompt.name, version.body)
            };
            let written = written.checked()?;
            let name = written.name.clone();
            let new = NewVersion {
                prompt_id: PromptId(self.context.new_id()?),
                name: written.name,
                draft: written.draft,
                tags: written.tags,
                labels: Vec::new(),
                expected_latest: None,
                by: AUTHOR.to_owned(),
                source: MoveSource::Api,
                at: version.saved,
                protected: ProtectedLabels::Keep,
            };
            control.add_version(project, new).await?;
            for rise in version.labels {
                self.move_label(project, &name, number, rise).await?;
            }
        }
        Ok(())
    }

    async fn move_label(
        &self,
        project: ProjectId,
        prompt: &PromptName,
        version: u32,
        rise: Rise,
    ) -> Result<(), ServiceError> {
        let label: LabelName = rise.label.parse().map_err(ServiceError::of("label"))?;
        let record = MoveRecord {
            id: LabelMoveId(self.context.new_id()?),
            by: AUTHOR.to_owned(),
            reason: Some(rise.reason.to_owned()),
            source: MoveSource::Api,
            at: rise.at,
            protected: ProtectedLabels::Keep,
            experiment: None,
        };
        let keyed = [(label.clone(), flag_key(prompt, &label)?)];
        self.context.control.move_labels(project, prompt, &keyed, version, record).await?;
        Ok(())
    }
}

/// A batch on its way to the store.
struct Made {
    spans: Vec<SpanWrite>,
    scores: Vec<ScoreWrite>,
    exposures: Vec<Exposure>,
    /// Share of the whole when this is stored, 0 to 1.
    done: f64,
}

impl Made {
    fn empty() -> Self {
        Self { spans: Vec::new(), scores: Vec::new(), exposures: Vec::new(), done: 0.0 }
    }
}

fn internal(cause: demo::DemoError) -> ServiceError {
    ServiceError::Internal(Box::new(cause))
}

/// Makes all traffic of a plan; ends early when nobody takes it.
fn make(plan: Plan, trials: Arc<[Trial]>, made: &mpsc::Sender<Made>) -> Result<(), ServiceError> {
    let asked = Arc::clone(&trials);
    let split =
        move |prompt: &str, user: &str, at: TimeUs| asked.iter().find_map(|trial| trial.version(prompt, user, at));
    let mut traffic = Traffic::new(plan, Box::new(split)).map_err(internal)?;
    let mut batch = Made::empty();
    while let Some(episode) = traffic.next() {
        let Episode { spans, scores } = episode.map_err(internal)?;
        batch.exposures.extend(trials.iter().find_map(|trial| trial.exposure(&spans)));
        for span in spans {
            let charge = Charge::reported(&span.cost, span.provider.as_deref());
            batch.spans.push(prepare::span(span, charge, None)?);
        }
        batch.scores.extend(scores.into_iter().map(countable));
        if batch.spans.len() >= BATCH_SPANS {
            batch.done = traffic.progress();
            if made.blocking_send(std::mem::replace(&mut batch, Made::empty())).is_err() {
                return Ok(());
            }
        }
    }
    batch.done = 1.0;
    // The other side is gone only when storing failed, which it reports itself.
    let _ = made.blocking_send(batch);
    Ok(())
}

fn countable(score: Score) -> ScoreWrite {
    ScoreWrite { bin: score.value.number().and_then(sketch::score_bin), score }
}
