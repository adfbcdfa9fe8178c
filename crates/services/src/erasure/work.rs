//! The worker's side: piece by piece, first what is kept beside traces, then the traces, then what belongs to none.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    ids::{ExperimentId, ProjectId, SpanId, TraceId},
    job::{Job, JobState},
    time::TimeUs,
};
use store::{
    control::{BesideTraces, ExperimentFilter, JobLease},
    event::{ErasePiece, ErasePlace, Erased, Erasing, Gather},
};
use tokio::time;

use super::{Erasures, KIND, Progress, internal, params, progress};
use crate::ServiceError;

/// How long a piece may take before another worker takes over: a piece is milliseconds, a slow disk seconds.
const LEASE_US: i64 = 30_000_000;
/// Traces looked for at once.
const TRACES: u16 = 100;
/// Spans of one trace whose comments are looked for at once.
const SPANS: u32 = 5_000;
/// The writer's rest between pieces: others come first.
const REST: Duration = Duration::from_millis(5);
/// Passes until nothing is found any more: what was on its way when it was asked for.
const PASSES: usize = 5;

/// What somebody waits for, and what goes with time.
pub(super) struct Plan {
    pub(super) project: ProjectId,
    pub(super) what: Erasing,
    /// Phases of experiments whose units of that time go, too.
    pub(super) phases: Vec<(ExperimentId, u32)>,
}

/// Told after each piece; `false` ends the work.
pub(super) trait Told: Send {
    fn taken(&mut self, erased: Erased, media: u64) -> impl Future<Output = Result<bool, ServiceError>> + Send;
}

struct OfJob<'j> {
    erasures: &'j Erasures,
    job: &'j Job,
    worker: &'j str,
    progress: &'j mut Progress,
}

impl Told for OfJob<'_> {
    async fn taken(&mut self, erased: Erased, media: u64) -> Result<bool, ServiceError> {
        self.progress.erased.add(erased);
        self.progress.media += media;
        let now = self.erasures.context.clock.now();
        let lease = JobLease { job: self.job.id, worker: self.worker.to_owned(), until_us: TimeUs(now.0 + LEASE_US) };
        let told = serde_json::to_value(&*self.progress).map_err(internal)?;
        Ok(self.erasures.context.control.advance_job(&lease, &told, now).await?)
    }
}

impl Erasures {
    /// Takes a job that waits, or whose worker died, and does it to its end; `false` when there is none. Safe to interrupt
    /// anywhere.
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
        let mut progress = progress(&job)?;
        let ended = match self.run(&job, &worker, &mut progress).await {
            Ok(true) => Ok(()),
            Ok(false) => return Ok(true),
            Err(error) if error.passes() => return Err(error),
            Err(error) => Err(error),
        };
        let (state, error) = match ended {
            Ok(()) => (JobState::Done, None),
            Err(cause) => {
                tracing::error!(project.id = %job.project, job.id = %job.id, error = ?cause, "could not erase events");
                (JobState::Failed, Some("Something failed on our side. The server's log says more."))
            }
        };
        let now = context.clock.now();
        let lease = JobLease { job: job.id, worker, until_us: now };
        let told = serde_json::to_value(&progress).map_err(internal)?;
        context.control.finish_job(&lease, state, &told, error, now).await?;
        let Erased { traces, spans, scores, events, units, .. } = progress.erased;
        tracing::info!(
            project.id = %job.project, job.id = %job.id, traces, spans, scores, events, units, "erased events"
        );
        Ok(true)
    }

    async fn run(&self, job: &Job, worker: &str, progress: &mut Progress) -> Result<bool, ServiceError> {
        let params = params(job)?;
        let phases = match params.user {
            Some(_) => Vec::new(),
            None => self.phases(job.project, |_| true).await?,
        };
        let plan = Plan { project: job.project, what: params.erasing(), phases };
        let mut told = OfJob { erasures: self, job, worker, progress };
        // The proof: a pass that finds nothing.
        for _ in 0..PASSES {
            match self.pass(&plan, &mut told).await? {
                None => return Ok(false),
                Some(taken) if taken == Erased::default() => break,
                Some(_) => {}
            }
        }
        Ok(true)
    }

    /// The phases of a project's experiments for which something holds.
    pub(super) async fn phases(
        &self,
        project: ProjectId,
        holds: impl Fn(&domain::experiment::Phase) -> bool,
    ) -> Result<Vec<(ExperimentId, u32)>, ServiceError> {
        let mut phases = Vec::new();
        for experiment in self.experiments(project).await? {
            let own = experiment.phases.iter().filter(|phase| holds(phase));
            phases.extend(own.map(|phase| (experiment.id, phase.number)));
        }
        Ok(phases)
    }

    pub(super) async fn experiments(
        &self,
        project: ProjectId,
    ) -> Result<Vec<domain::experiment::Experiment>, ServiceError> {
        const PAGE: u16 = 100;
        let mut all = Vec::new();
        let mut before = None;
        loop {
            let filter = ExperimentFilter::default();
            let page = self.context.control.experiments(project, &filter, before, PAGE).await?;
            before = page.last().map(|experiment| experiment.id);
            let last = page.len() < usize::from(PAGE);
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }

    /// Takes everything of a plan away that is there. Says what that was; nothing when it was told to end.
    pub(super) async fn pass(&self, plan: &Plan, told: &mut impl Told) -> Result<Option<Erased>, ServiceError> {
        let mut all = Erased::default();
        let events = &self.context.events;
        loop {
            let traces = events.traces_to_erase(plan.project, &plan.what, TRACES).await?;
            if traces.is_empty() {
                break;
            }
            let (beside, sessions) = self.beside(plan.project, &traces).await?;
            let mut media = self.context.control.forget_traces(plan.project, &beside).await?;
            loop {
                let piece = events.erase(plan.project, ErasePiece::Traces(traces.clone())).await?;
                let more = piece.more;
                all.add(piece.clone());
                if !told.taken(piece, std::mem::take(&mut media)).await? {
                    return Ok(None);
                }
                time::sleep(REST).await;
                if !more {
                    break;
                }
            }
            self.forget_sessions(plan.project, sessions).await?;
        }
        let mut walks = vec![ErasePiece::Loose(plan.what.clone(), ErasePlace::default())];
        if let Erasing::Before(at) = plan.what {
            let phase = |(experiment, phase): &(ExperimentId, u32)| {
                ErasePiece::Phase(*experiment, *phase, at, ErasePlace::default())
            };
            walks.extend(plan.phases.iter().map(phase));
        }
        // Units that went may meet the experiment again.
        self.ingest.forget_exposures(plan.project);
        for mut piece in walks {
            loop {
                let taken = events.erase(plan.project, piece.clone()).await?;
                let (more, next) = (taken.more, taken.place.clone());
                all.add(Erased { place: ErasePlace::default(), ..taken.clone() });
                if !told.taken(taken, 0).await? {
                    return Ok(None);
                }
                time::sleep(REST).await;
                if !more {
                    break;
                }
                if let ErasePiece::Loose(_, place) | ErasePiece::Phase(.., place) = &mut piece {
                    *place = next;
                }
            }
        }
        while events.erase(plan.project, ErasePiece::Space).await?.more {
            time::sleep(REST).await;
        }
        Ok(Some(Erased { more: false, place: ErasePlace::default(), ..all }))
    }

    /// What is kept beside traces, and the sessions they are of.
    async fn beside(
        &self,
        project: ProjectId,
        traces: &[TraceId],
    ) -> Result<(BesideTraces, BTreeSet<String>), ServiceError> {
        let events = &self.context.events;
        let mut beside = BesideTraces { traces: traces.to_vec(), ..BesideTraces::default() };
        let mut sessions = BTreeSet::new();
        for trace in traces {
            sessions.extend(events.trace(project, *trace).await?.and_then(|record| record.session_id));
            let mut after: Option<(i64, SpanId)> = None;
            loop {
                let spans = events.spans(project, *trace, after, SPANS).await?;
                beside.observations.extend(spans.iter().map(|span| span.row.span_id));
                after = spans.last().map(|span| (span.row.start_ns.0, span.row.span_id));
                if spans.len() < SPANS as usize {
                    break;
                }
            }
        }
        Ok((beside, sessions))
    }

    /// Comments on sessions that have no trace left.
    async fn forget_sessions(&self, project: ProjectId, sessions: BTreeSet<String>) -> Result<(), ServiceError> {
        let mut empty = Vec::new();
        for session in sessions {
            if self.context.events.gathered_one(project, Gather::Session, &session, 1).await?.is_none() {
                empty.push(session);
            }
        }
        if !empty.is_empty() {
            let beside = BesideTraces { sessions: empty, ..BesideTraces::default() };
            self.context.control.forget_traces(project, &beside).await?;
        }
        Ok(())
    }
}
