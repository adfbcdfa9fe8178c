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
use serde_json::Value;
use store::{
    control::JobLease,
    event::{Amounts, ChargedSpan, RECHARGES, Recharge, RechargeBatch, SketchKeys},
};

use super::{Prices, calls_model, price};
use crate::{ServiceError, access::author, context::authorize, ingest::prepare::amount_key};

const KIND: &str = "reprice";
const FORMAT: u8 = 1;
/// How long a page may take before another worker takes over: a page is milliseconds, a slow disk seconds.
const LEASE_US: i64 = 10_000_000;
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
    version: u8,
    range: Option<TimeRange>,
    model: Option<ModelPattern>,
    only_unpriced: bool,
    /// Where everything ended when it was asked for: later spans come in with the prices of that time.
    until: u64,
}

/// What is stored of how far it is.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
struct Progress {
    version: u8,
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
        let known = context.control.jobs(project, KIND, 1).await?;
        if let Some(job) = known.first().filter(|job| !job.state.is_final()) {
            return Err(ServiceError::Conflict(format!(
                "The project is being priced again already (job `{}`). Wait until it is done, or cancel it.",
                job.id
            )));
        }
        let now = context.clock.now();
        let params = Params {
            version: FORMAT,
            range: asked.range,
            model: asked.model,
            only_unpriced: asked.only_unpriced,
            until: context.events.stored_until().await?,
        };
        let job = Job {
            id: JobId(context.new_id()?),
            project,
            kind: KIND.to_owned(),
            params: serde_json::to_value(&params).map_err(|cause| ServiceError::Internal(Box::new(cause)))?,
            state: JobState::Waiting,
            progress: Value::Null,
            error: None,
            created_by: author(context, actor).await?,
            created_us: now,
            updated_us: now,
            finished_us: None,
        };
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
        self.context.control.jobs(project, KIND, 20).await?.into_iter().map(Repricing::of).collect()
    }

    /// One job.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the project has no such job.
    pub async fn repricing(&self, actor: &Actor, project: ProjectId, id: JobId) -> Result<Repricing, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let job = self.context.control.job(project, id).await?.filter(|job| job.kind == KIND);
        Repricing::of(job.ok_or_else(|| ServiceError::NotFound { entity: "job", id: id.to_string() })?)
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
        let context = &*self.context;
        let worker = context.new_id()?.to_string();
        let now = context.clock.now();
        let Some(job) = context.control.lease_job(KIND, &worker, now, TimeUs(now.0 + LEASE_US)).await? else {
            return Ok(false);
        };
        let mut progress = Progress::default();
        let ended = match self.run(&job, &worker, &mut progress).await {
            Ok(Run::Done) => Ok(()),
            Ok(Run::Taken) => return Ok(true),
            Err(error) if error.passes() => return Err(error),
            Err(error) => Err(error),
        };
        let now = context.clock.now();
        let lease = JobLease { job: job.id, worker, until_us: now };
        let (state, error) = match ended {
            Ok(()) => (JobState::Done, None),
            Err(cause) => {
                tracing::error!(project.id = %job.project, job.id = %job.id, error = ?cause, "could not price again");
                (JobState::Failed, Some("Something failed on our side. The server's log says more."))
            }
        };
        let told = serde_json::to_value(progress).map_err(|cause| ServiceError::Internal(Box::new(cause)))?;
        context.control.finish_job(&lease, state, &told, error, now).await?;
        tracing::info!(
            project.id = %job.project, job.id = %job.id, changed = progress.changed, unpriced = progress.unpriced,
            "priced stored spans again"
        );
        Ok(true)
    }

    async fn run(&self, job: &Job, worker: &str, progress: &mut Progress) -> Result<Run, ServiceError> {
        let context = &*self.context;
        let params = params(job)?;
        *progress = self::progress(job)?;
        let range = params.range.unwrap_or(EVER);
        while progress.at < params.until {
            let list = self.lists.of(context, job.project).await?;
            let page = context.events.charged_spans(job.project, range, progress.at, params.until).await?;
            let mut changes = Vec::new();
            for span in page.spans.iter().filter(|span| is_asked_for(&params, span)) {
                let (amounts, charge) = charge_again(&list, span);
                progress.unpriced += u64::from(charge.is_unpriced());
                if (&amounts, &charge) == (&span.amounts, &span.charge) {
                    progress.unchanged += 1;
                } else {
                    changes.push(recharge(span, amounts, charge));
                }
            }
            while !changes.is_empty() {
                let rest = changes.split_off(changes.len().min(RECHARGES));
                let at_us = context.clock.now();
                let batch = RechargeBatch { project: job.project, job: job.id, at_us, changes };
                let outcome = context.events.recharge(batch).await?;
                progress.changed += outcome.changed;
                progress.unchanged += outcome.unchanged;
                changes = rest;
            }
            progress.at = page.at;
            let now = context.clock.now();
            let lease = JobLease { job: job.id, worker: worker.to_owned(), until_us: TimeUs(now.0 + LEASE_US) };
            let told = serde_json::to_value(*progress).map_err(|cause| ServiceError::Internal(Box::new(cause)))?;
            if !context.control.advance_job(&lease, &told, now).await? {
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

fn params(job: &Job) -> Result<Params, ServiceError> {
    let params: Params =
        serde_json::from_value(job.params.clone()).map_err(|cause| ServiceError::Internal(Box::new(cause)))?;
    known_format(params.version)?;
    Ok(params)
}

fn progress(job: &Job) -> Result<Progress, ServiceError> {
    if job.progress.is_null() {
        return Ok(Progress { version: FORMAT, ..Progress::default() });
    }
    let progress: Progress =
        serde_json::from_value(job.progress.clone()).map_err(|cause| ServiceError::Internal(Box::new(cause)))?;
    known_format(progress.version)?;
    Ok(progress)
}

fn known_format(version: u8) -> Result<(), ServiceError> {
    if version == FORMAT {
        return Ok(());
    }
    Err(ServiceError::Internal(format!("a job of format {version}, expected {FORMAT}").into()))
}

impl Repricing {
    fn of(job: Job) -> Result<Self, ServiceError> {
        let (params, progress) = (params(&job)?, progress(&job)?);
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
