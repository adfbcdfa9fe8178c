//! Pricing stored spans again: a job that goes through them in order of arrival, keeps what they cost before, and goes on
//! where it was after a crash.

use domain::{
    auth::{Actor, Permission},
    ids::{JobId, ProjectId},
    job::{Job, JobState},
    price::{Charge, CostOrigin, ModelPattern},
    time::{TimeRange, TimeUs},
};
use prices::PriceList;
use serde::{Deserialize, Serialize};
use store::event::{Amounts, ChargedSpan, RECHARGES, Recharge, RechargeBatch, SketchKeys};

use super::{Prices, calls_model, price};
use crate::{
    ServiceError,
    context::authorize,
    ingest::prepare::amount_key,
    jobs::{Held, Kind, OUR_SIDE},
};

/// A page is milliseconds, a slow disk seconds.
static KIND: Kind = Kind { name: "reprice", entity: "job", format: 1, lease_us: 10_000_000 };
/// Everything there is.
const EVER: TimeRange = TimeRange { from: TimeUs(i64::MIN), to: TimeUs(i64::MAX) };

/// Which spans to price again; nothing means all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NewRepricing {
    /// Only those that began inside.
    pub range: Option<TimeRange>,
    /// Only calls of these models.
    pub model: Option<ModelPattern>,
    /// Only those that have no cost.
    pub only_unpriced: bool,
}

/// A job that prices again, as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Repricing {
    /// Its id.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// What was asked for.
    pub asked: NewRepricing,
    /// How far it is, 0 to 1.
    pub done: f64,
    /// Spans that cost something else since. After a crash in the middle of a page some of that page count as unchanged.
    pub changed: u64,
    /// Spans whose cost was right already.
    pub unchanged: u64,
    /// Among both, spans that still have no price.
    pub unpriced: u64,
    /// Why it failed.
    pub error: Option<String>,
    /// Who asked for it.
    pub created_by: String,
    /// When.
    pub created_us: TimeUs,
    /// When it last moved.
    pub updated_us: TimeUs,
    /// When it ended.
    pub finished_us: Option<TimeUs>,
}

/// What is stored of what was asked for.
#[derive(Clone, Deserialize, Serialize)]
struct Params {
    range: Option<TimeRange>,
    model: Option<ModelPattern>,
    only_unpriced: bool,
    /// Where everything ended when it was asked for: later spans come in with the prices of that time.
    until: u64,
}

/// What is stored of how far it is.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
struct Progress {
    at: u64,
    changed: u64,
    unchanged: u64,
    unpriced: u64,
}

impl Prices {
    /// Asks for stored spans to be priced by the prices as they are, as of when each began. What senders said they cost stands.
    /// What they cost before stays readable.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when the project is being priced again already.
    pub async fn reprice(
        &self,
        actor: &Actor,
        project: ProjectId,
        asked: NewRepricing,
    ) -> Result<Repricing, ServiceError> {
        authorize(actor, project, Permission::WritePrices)?;
        let context = &*self.context;
        if let Some(job) = KIND.under_way(context, project).await? {
            return Err(ServiceError::Conflict(format!(
                "The project is being priced again already (job `{}`). Wait until it is done, or cancel it.",
                job.id
            )));
        }
        let params = Params {
            range: asked.range,
            model: asked.model,
            only_unpriced: asked.only_unpriced,
            until: context.events.stored_until().await?,
        };
        let job = KIND.asked_for(context, actor, (project, JobId(context.new_id()?)), &params).await?;
        context.control.create_job(&job).await?;
        self.asked.notify_one();
        Repricing::of(job)
    }

    /// The project's latest jobs, newest first; at most 20.
    ///
    /// # Errors
    /// As the actor may not read the project.
    pub async fn repricings(&self, actor: &Actor, project: ProjectId) -> Result<Vec<Repricing>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        KIND.latest(&self.context, project, Repricing::of).await
    }

    /// One job.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the project has no such job.
    pub async fn repricing(&self, actor: &Actor, project: ProjectId, id: JobId) -> Result<Repricing, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        Repricing::of(KIND.find(&self.context, project, id).await?)
    }

    /// Stops a job. What it changed until then stays changed; one that ended already stays as it is.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the project has no such job.
    pub async fn cancel_repricing(
        &self,
        actor: &Actor,
        project: ProjectId,
        id: JobId,
    ) -> Result<Repricing, ServiceError> {
        authorize(actor, project, Permission::WritePrices)?;
        self.repricing(&Actor::System, project, id).await?;
        let job = self.context.control.cancel_job(project, id, self.context.clock.now()).await?;
        tracing::info!(project.id = %project, job.id = %id, "cancelled pricing again");
        Repricing::of(job)
    }

    /// Completes when somebody asked for a job in this process.
    pub async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Takes a job that waits, or whose worker died, and does it to its end; `false` when there is none. Safe to interrupt
    /// anywhere: what is left is taken up again when the lease has run out.
    ///
    /// # Errors
    /// When the stores cannot be used now; the job is taken up again later.
    pub async fn work(&self) -> Result<bool, ServiceError> {
        let Some(held) = KIND.take(&self.context).await? else { return Ok(false) };
        let job = &held.job;
        let mut progress: Progress = KIND.progress(job)?;
        let ended = match self.run(&held, &mut progress).await {
            Ok(Run::Done) => Ok(()),
            Ok(Run::Taken) => return Ok(true),
            Err(error) if error.passes() => {
                held.let_go(&progress).await?;
                return Err(error);
            }
            Err(error) => Err(error),
        };
        let (state, error) = match ended {
            Ok(()) => (JobState::Done, None),
            Err(cause) => {
                tracing::error!(project.id = %job.project, job.id = %job.id, error = ?cause, "could not price again");
                (JobState::Failed, Some(OUR_SIDE))
            }
        };
        held.finish(state, &progress, error).await?;
        tracing::info!(
            project.id = %job.project, job.id = %job.id, changed = progress.changed, unpriced = progress.unpriced,
            "priced stored spans again"
        );
        Ok(true)
    }

    async fn run(&self, held: &Held<'_>, progress: &mut Progress) -> Result<Run, ServiceError> {
        let (context, job) = (&*self.context, &held.job);
        let params: Params = KIND.params(job)?;
        let range = params.range.unwrap_or(EVER);
        while progress.at < params.until {
            // What a page that breaks off did is found as it is when it is begun again.
            let mut page_done = *progress;
            let list = self.lists.of(context, job.project).await?;
            let page = context.events.charged_spans(job.project, range, progress.at, params.until).await?;
            let mut changes = Vec::new();
            for span in page.spans.iter().filter(|span| is_asked_for(&params, span)) {
                let (amounts, charge) = charge_again(&list, span);
                page_done.unpriced += u64::from(charge.is_unpriced());
                if (&amounts, &charge) == (&span.amounts, &span.charge) {
                    page_done.unchanged += 1;
                } else {
                    changes.push(recharge(span, amounts, charge));
                }
            }
            while !changes.is_empty() {
                let rest = changes.split_off(changes.len().min(RECHARGES));
                let at_us = context.clock.now();
                let batch = RechargeBatch { project: job.project, job: job.id, at_us, changes };
                let outcome = context.events.recharge(batch).await?;
                page_done.changed += outcome.changed;
                page_done.unchanged += outcome.unchanged;
                changes = rest;
            }
            page_done.at = page.at;
            *progress = page_done;
            if !held.tell(&*progress).await? {
                return Ok(Run::Taken);
            }
        }
        Ok(Run::Done)
    }
}

/// How a worker came to the end of its work.
enum Run {
    /// All is done.
    Done,
    /// The job was cancelled, or is another worker's by now.
    Taken,
}

fn is_asked_for(params: &Params, span: &ChargedSpan) -> bool {
    let fits = |pattern: &ModelPattern| {
        span.model.as_deref().is_some_and(|model| pattern.matches(&model.trim().to_lowercase()))
    };
    calls_model(span.kind)
        && span.charge.origin != CostOrigin::Given
        && params.model.as_ref().is_none_or(fits)
        && (!params.only_unpriced || span.amounts.total.is_none())
}

fn charge_again(list: &PriceList, span: &ChargedSpan) -> (Amounts, Charge) {
    let charge = &span.charge;
    let (cost, origin) =
        price(list, charge.provider.as_deref(), span.model.as_deref(), span.start_ns, charge.tier, &span.tokens);
    let amounts = Amounts { total: cost.total, input: cost.input, output: cost.output };
    (amounts, Charge { origin, ..charge.clone() })
}

fn recharge(span: &ChargedSpan, amounts: Amounts, charge: Charge) -> Recharge {
    // Only generations are counted, so only they have keys.
    let keys = if span.kind.is_generation() {
        SketchKeys {
            cost: amount_key(amounts.total),
            input_cost: amount_key(amounts.input),
            output_cost: amount_key(amounts.output),
            ..SketchKeys::default()
        }
    } else {
        SketchKeys::default()
    };
    Recharge { trace_id: span.trace_id, span_id: span.span_id, version: span.version, amounts, charge, keys }
}

impl Repricing {
    fn of(job: Job) -> Result<Self, ServiceError> {
        let (params, progress): (Params, Progress) = (KIND.params(&job)?, KIND.progress(&job)?);
        let share = if params.until == 0 { 0.0 } else { progress.at as f64 / params.until as f64 };
        Ok(Self {
            id: job.id,
            state: job.state,
            asked: NewRepricing { range: params.range, model: params.model, only_unpriced: params.only_unpriced },
            done: if job.state == JobState::Done { 1.0 } else { share.min(1.0) },
            changed: progress.changed,
            unchanged: progress.unchanged,
            unpriced: progress.unpriced,
            error: job.error,
            created_by: job.created_by,
            created_us: job.created_us,
            updated_us: job.updated_us,
            finished_us: job.finished_us,
        })
    }
}
