//! The worker's side: piece by piece, first what is kept beside traces, then the traces, then what belongs to none.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use domain::{
    ids::{ExperimentId, ProjectId, SpanId, TraceId},
    job::JobState,
    time::TimeUs,
};
use store::{
    control::{BesideTraces, ExperimentFilter},
    event::{ErasePiece, ErasePlace, Erased, Erasing, Gather},
};
use tokio::time;

use super::{Erasures, KIND, Params, Progress};
use crate::{
    ServiceError,
    jobs::{Held, OUR_SIDE},
};

/// Traces looked for at once.
const TRACES: u16 = 100;
/// Spans of one trace whose comments are looked for at once.
const SPANS: u32 = 5_000;
/// The writer's rest between pieces: others come first.
const REST: Duration = Duration::from_millis(5);
/// A walk that finds nothing says this often that it is still under way.
const TELL: Duration = Duration::from_secs(5);
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
    held: &'j Held<'j>,
    progress: &'j mut Progress,
}

impl Told for OfJob<'_> {
    async fn taken(&mut self, erased: Erased, media: u64) -> Result<bool, ServiceError> {
        self.progress.erased.add(erased);
        self.progress.media += media;
        self.held.tell(&*self.progress).await
    }
}

impl Erasures {
    /// Takes a job that waits, or whose worker died, and does it to its end; `false` when there is none. Safe to interrupt
    /// anywhere.
    ///
    /// # Errors
    /// When the stores cannot be used now; the job is taken up again later.
    pub async fn work(&self) -> Result<bool, ServiceError> {
        let Some(held) = KIND.take(&self.context).await? else { return Ok(false) };
        let job = &held.job;
        let mut progress: Progress = KIND.progress(job)?;
        let ended = match self.run(&held, &mut progress).await {
            Ok(true) => Ok(()),
            Ok(false) => return Ok(true),
            Err(error) if error.passes() => {
                held.let_go(&progress).await?;
                return Err(error);
            }
            Err(error) => Err(error),
        };
        let (state, error) = match ended {
            Ok(()) => (JobState::Done, None),
            Err(cause) => {
                tracing::error!(project.id = %job.project, job.id = %job.id, error = ?cause, "could not erase events");
                (JobState::Failed, Some(OUR_SIDE))
            }
        };
        held.finish(state, &progress, error).await?;
        let Erased { traces, spans, scores, events, units, .. } = progress.erased;
        tracing::info!(
            project.id = %job.project, job.id = %job.id, traces, spans, scores, events, units, "erased events"
        );
        Ok(true)
    }

    async fn run(&self, held: &Held<'_>, progress: &mut Progress) -> Result<bool, ServiceError> {
        let project = held.job.project;
        let params: Params = KIND.params(&held.job)?;
        let phases = match params.user {
            Some(_) => Vec::new(),
            None => self.phases(project, |_| true).await?,
        };
        let plan = Plan { project, what: params.erasing(), phases };
        let mut told = OfJob { held, progress };
        // The proof: a pass that finds nothing.
        for _ in 0..PASSES {
            match self.pass(&plan, &mut told).await? {
                None => return Ok(false),
                Some(taken) if taken == Erased::default() => break,
                Some(_) => {}
            }
        }
        let why = match plan.what {
            Erasing::User(_) => "the data of a user was deleted",
            Erasing::Before(_) => "all events of the project were deleted",
        };
        self.tell(project, &mut progress.erased, why).await?;
        Ok(true)
    }

    /// Tells experiments how many units left them. Each once: whoever was told is forgotten.
    pub(super) async fn tell(&self, project: ProjectId, erased: &mut Erased, why: &str) -> Result<(), ServiceError> {
        if erased.left.is_empty() {
            return Ok(());
        }
        for experiment in self.experiments(project).await? {
            if let Some(units) = erased.left.get(&experiment.id) {
                self.experiments.tell_erased(project, &experiment.key, *units, why).await?;
                erased.left.remove(&experiment.id);
            }
        }
        // Of experiments that are gone themselves.
        erased.left.clear();
        Ok(())
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
            let media = self.forget_beside(plan.project, &traces).await?;
            if !self.pieces(plan.project, ErasePiece::Traces(traces), media, &mut all, told).await? {
                return Ok(None);
            }
        }
        // Units that went may meet the experiment again.
        self.ingest.forget_exposures(plan.project);
        let ended = match &plan.what {
            Erasing::User(user) => self.pieces(plan.project, ErasePiece::User(user.clone()), 0, &mut all, told).await?,
            Erasing::Before(at) => self.old(plan, *at, &mut all, told).await?,
        };
        if !ended {
            return Ok(None);
        }
        while events.erase(plan.project, ErasePiece::Space).await?.more {
            time::sleep(REST).await;
        }
        Ok(Some(Erased { more: false, place: ErasePlace::default(), ..all }))
    }

    /// Takes what is old and belongs to no trace; `false` when told to end.
    async fn old(&self, plan: &Plan, at: TimeUs, all: &mut Erased, told: &mut impl Told) -> Result<bool, ServiceError> {
        let mut place = Some(ErasePlace::default());
        let mut last = Instant::now();
        while let Some(from) = place {
            let found = self.context.events.loose_to_erase(plan.project, at, &from).await?;
            place = found.next;
            if !found.loose.is_empty() {
                let piece = ErasePiece::Loose(at, found.loose);
                if !self.pieces(plan.project, piece, 0, all, told).await? {
                    return Ok(false);
                }
                last = Instant::now();
            } else if last.elapsed() > TELL {
                if !told.taken(Erased::default(), 0).await? {
                    return Ok(false);
                }
                last = Instant::now();
            } else {
                time::sleep(REST).await;
            }
        }
        if !self.old_media(plan.project, at, told).await? {
            return Ok(false);
        }
        for (experiment, phase) in &plan.phases {
            let piece = ErasePiece::Phase(*experiment, *phase, at, ErasePlace::default());
            if !self.pieces(plan.project, piece, 0, all, told).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes media whose trace never came, or was never said; `false` when told to end.
    async fn old_media(&self, project: ProjectId, at: TimeUs, told: &mut impl Told) -> Result<bool, ServiceError> {
        let (events, control) = (&self.context.events, &self.context.control);
        let mut after = None;
        loop {
            let announced = control.media_traces(project, at, after, TRACES).await?;
            let Some(last) = announced.last() else { break };
            after = Some(*last);
            let mut traces = Vec::new();
            for trace in announced {
                if events.trace(project, trace).await?.is_none() {
                    traces.push(trace);
                }
            }
            if traces.is_empty() {
                continue;
            }
            let media = control.forget_traces(project, &BesideTraces { traces, ..BesideTraces::default() }).await?;
            if !told.taken(Erased::default(), media).await? {
                return Ok(false);
            }
        }
        loop {
            let media = control.forget_loose_media(project, at, TRACES).await?;
            if media > 0 && !told.taken(Erased::default(), media).await? {
                return Ok(false);
            }
            if media < u64::from(TRACES) {
                return Ok(true);
            }
        }
    }

    /// Does a piece, and what is left of it, to its end; `false` when told to end. `media` went just before.
    async fn pieces(
        &self,
        project: ProjectId,
        mut piece: ErasePiece,
        mut media: u64,
        all: &mut Erased,
        told: &mut impl Told,
    ) -> Result<bool, ServiceError> {
        loop {
            let taken = self.context.events.erase(project, piece.clone()).await?;
            let (more, next) = (taken.more, taken.place.clone());
            all.add(taken.clone());
            if !told.taken(taken, std::mem::take(&mut media)).await? {
                return Ok(false);
            }
            time::sleep(REST).await;
            if !more {
                return Ok(true);
            }
            if let ErasePiece::Phase(.., place) = &mut piece {
                *place = next;
            }
        }
    }

    /// Takes away what is kept beside traces and beside the sessions that end with them, before they go: afterwards nobody would
    /// know whose it was. Says how many pieces of media went.
    async fn forget_beside(&self, project: ProjectId, traces: &[TraceId]) -> Result<u64, ServiceError> {
        let (events, control) = (&self.context.events, &self.context.control);
        let mut beside = BesideTraces::default();
        let mut sessions: BTreeMap<String, u16> = BTreeMap::new();
        for trace in traces {
            if let Some(session) = events.trace(project, *trace).await?.and_then(|record| record.session_id) {
                *sessions.entry(session).or_default() += 1;
            }
            let mut after: Option<(i64, SpanId)> = None;
            loop {
                let spans = events.spans(project, *trace, after, SPANS).await?;
                beside.observations.extend(spans.iter().map(|span| span.row.span_id));
                after = spans.last().map(|span| (span.row.start_ns.0, span.row.span_id));
                if beside.observations.len() >= SPANS as usize {
                    control.forget_traces(project, &std::mem::take(&mut beside)).await?;
                }
                if spans.len() < SPANS as usize {
                    break;
                }
            }
        }
        for (session, count) in sessions {
            let there = events.gathered_one(project, Gather::Session, &session, count.saturating_add(1)).await?;
            if there.is_none_or(|there| there.totals.traces <= u32::from(count)) {
                beside.sessions.push(session);
            }
        }
        beside.traces = traces.to_vec();
        Ok(control.forget_traces(project, &beside).await?)
    }
}
