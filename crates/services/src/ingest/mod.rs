//! Events in: decode, prepare, store. What returns without an error is stored for good.

mod exposures;
mod feedback;
mod outcomes;
pub(crate) mod prepare;
mod price;
mod told;

use std::{sync::Arc, time::Instant};

use domain::{
    Invalid,
    auth::{Actor, Permission},
    ids::{ProjectId, ScoreId},
    score::ScoreSource,
    time::{TimeNs, TimeUs},
    trace::Span,
};
use exposures::ExposureQueue;
pub use exposures::NewExposure;
pub use feedback::Feedback;
use otlp::{Decoded, Rejected};
pub use outcomes::NewOutcome;
pub use store::event::OutcomeCount;
// What the doors read requests with: `api` takes them from here, since it may not see `otlp` itself.
pub use otlp::{
    Encoding, Sender,
    langfuse::{BodyError, InvalidScore, Outcome, ScoreDraft, Scores, parse_ingestion, parse_scores},
};
use store::event::{EventBatch, ScoreWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use self::price::Pricer;
use crate::{
    Context, ServiceError,
    context::authorize,
    datasets::{Datasets, NewRunItem},
    prices::PriceLists,
};

/// All requests together may hold this many bytes of decompressed events.
const BUDGET_BYTES: usize = 128 * 1024 * 1024;
/// The budget is counted in units of this size, so that a permit fits 32 bits.
const UNIT_BYTES: usize = 1024;
/// How far an event may lie ahead of our clock before its sender's clock is taken to be wrong.
const MAX_AHEAD_US: i64 = 24 * 3_600_000_000;

/// A share of the memory budget, given back when dropped.
#[derive(Debug)]
pub struct Permit {
    _share: OwnedSemaphorePermit,
}

/// How much of the memory budget is in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Budget {
    /// Held by requests being taken in.
    pub used_bytes: u64,
    /// All there is.
    pub whole_bytes: u64,
}

/// What became of the spans of a request.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TracesAccepted {
    /// Spans stored (also those that changed nothing because they were stored already).
    pub accepted: usize,
    /// Spans that could not be read.
    pub rejected: usize,
    /// What was wrong, for people; also set when only an attribute was lost.
    pub message: Option<String>,
}

/// The spans of one request, read and not stored yet.
pub(crate) struct ReadTraces {
    /// What to store.
    pub(crate) batch: EventBatch,
    /// What could not be read.
    pub(crate) decoded: Decoded,
    /// Runs of datasets the spans tell of.
    pub(crate) ran: Vec<NewRunItem>,
}

/// A score with a time that can be right: its own, or the present where it has none. Only [`Ingest::time`] makes one, so no
/// door can let a score in whose time would win over every later update.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedScore {
    draft: ScoreDraft,
    at: TimeUs,
}

/// Takes events in.
#[derive(Clone)]
pub struct Ingest {
    context: Arc<Context>,
    prices: Arc<PriceLists>,
    budget: Arc<Semaphore>,
    exposures: ExposureQueue,
    appended: watch::Sender<u64>,
}

impl Ingest {
    pub(crate) fn new(context: Arc<Context>, prices: Arc<PriceLists>) -> Self {
        let budget = Arc::new(Semaphore::new(BUDGET_BYTES / UNIT_BYTES));
        Self { context, prices, budget, exposures: ExposureQueue::default(), appended: watch::Sender::new(0) }
    }

    /// Takes a share of the budget for `bytes` of decompressed events, to be held until they are stored.
    ///
    /// # Errors
    /// [`ServiceError::TooLarge`] for more than the whole budget, [`ServiceError::Unavailable`] when others hold it.
    pub fn reserve(&self, bytes: usize) -> Result<Permit, ServiceError> {
        let units = bytes.div_ceil(UNIT_BYTES).max(1);
        if units > BUDGET_BYTES / UNIT_BYTES {
            return Err(ServiceError::TooLarge(format!("{bytes} bytes are more than the server takes in at once")));
        }
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        Arc::clone(&self.budget).try_acquire_many_owned(units).map(|share| Permit { _share: share }).map_err(|_| {
            ServiceError::Unavailable {
                reason: "Too many events are being taken in. Nothing was stored; send the same batch again.",
                retry_after_s: 1,
            }
        })
    }

    /// Bytes of decompressed events held right now, of how many there may be.
    pub fn budget(&self) -> Budget {
        let free = self.budget.available_permits() * UNIT_BYTES;
        Budget { used_bytes: BUDGET_BYTES.saturating_sub(free) as u64, whole_bytes: BUDGET_BYTES as u64 }
    }

    /// The same, waiting its turn: for work that is in no hurry.
    pub(crate) async fn wait_for(&self, bytes: usize) -> Result<Permit, ServiceError> {
        let units = bytes.div_ceil(UNIT_BYTES).clamp(1, BUDGET_BYTES / UNIT_BYTES);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let share = Arc::clone(&self.budget).acquire_many_owned(units).await;
        share.map(|share| Permit { _share: share }).map_err(|cause| ServiceError::Internal(Box::new(cause)))
    }

    /// A counter that changes whenever something was stored; for the folder and for live pages.
    pub fn appended(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    /// Folds what was stored into the totals until nothing waits.
    ///
    /// # Errors
    /// As the store; what was folded stays folded.
    pub async fn fold(&self) -> Result<(), ServiceError> {
        while self.fold_step().await? {}
        Ok(())
    }

    /// Folds a bounded part of what waits. Says whether more does.
    ///
    /// # Errors
    /// As the store.
    pub async fn fold_step(&self) -> Result<bool, ServiceError> {
        Ok(self.context.events.fold().await?)
    }

    /// Stores the spans of one OTLP request.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] when the body as a whole cannot be read; otherwise what can be read is stored, and the rest is
    /// named in the answer.
    pub async fn traces(
        &self,
        actor: &Actor,
        project: ProjectId,
        body: Vec<u8>,
        encoding: Encoding,
        sender: Sender,
    ) -> Result<TracesAccepted, ServiceError> {
        authorize(actor, project, Permission::Ingest)?;
        let ReadTraces { batch, decoded, ran } = self.read_traces(project, body, encoding, sender).await?;
        let outcome = TracesAccepted {
            accepted: batch.spans.len(),
            rejected: decoded.rejected.len(),
            message: decoded.error_message(),
        };
        self.store_traces(batch, ran).await?;
        Ok(outcome)
    }

    /// Reads the spans of one OTLP request: those to be stored, and what could not be read.
    pub(crate) async fn read_traces(
        &self,
        project: ProjectId,
        body: Vec<u8>,
        encoding: Encoding,
        sender: Sender,
    ) -> Result<ReadTraces, ServiceError> {
        let now = self.context.clock.now();
        let segmented_by = self.context.control.settings(project).await?.settings.segment;
        let prices = self.prices.of(&self.context, project).await?;
        // Decoding and compressing a batch takes milliseconds of a core: off the threads that answer requests.
        let mut read = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let mut decoded =
                otlp::decode_traces(&body, encoding, &sender).map_err(|error| ServiceError::field("body", error))?;
            drop(body);
            let mut spans = Vec::with_capacity(decoded.spans.len());
            let mut ran = Vec::new();
            let mut pricer = Pricer::new(prices);
            for (index, mut span) in std::mem::take(&mut decoded.spans).into_iter().enumerate() {
                match ahead(&span, now.to_ns()) {
                    None => {
                        ran.extend(told::run_item(&span));
                        let charge = pricer.charge(&mut span);
                        spans.push(prepare::span(span, charge, segmented_by.as_ref())?);
                    }
                    Some(reason) => decoded.rejected.push(Rejected {
                        what: "span",
                        index,
                        trace_id: Some(span.trace_id),
                        span_id: Some(span.span_id),
                        reason,
                    }),
                }
            }
            pricer.tell();
            metrics::histogram!("assay_ingest_phase_duration_seconds", "phase" => "decode").record(began.elapsed());
            let batch = EventBatch { spans, segmented_by, ..EventBatch::empty(project, now) };
            Ok::<_, ServiceError>(ReadTraces { batch, decoded, ran })
        })
        .await
        .map_err(|cause| ServiceError::Internal(Box::new(cause)))??;
        read.batch.scores = self.evaluations(std::mem::take(&mut read.decoded.scores));
        Ok(read)
    }

    /// Stores what was read.
    pub(crate) async fn store_traces(&self, batch: EventBatch, ran: Vec<NewRunItem>) -> Result<(), ServiceError> {
        let project = batch.project;
        self.append(batch).await?;
        if !ran.is_empty() {
            // After the spans: sent again because this failed, they change nothing and this is done.
            Datasets::new(Arc::clone(&self.context)).record_told(project, ran).await?;
        }
        Ok(())
    }

    /// Stores what the log records of one OTLP request say about spans: messages and evaluations. Other records are of no use
    /// here and are left aside.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] when the body as a whole cannot be read; otherwise what can be read is stored, and the rest is
    /// named in the answer.
    pub async fn logs(
        &self,
        actor: &Actor,
        project: ProjectId,
        body: Vec<u8>,
        encoding: Encoding,
    ) -> Result<TracesAccepted, ServiceError> {
        authorize(actor, project, Permission::Ingest)?;
        let decoded = tokio::task::spawn_blocking(move || otlp::decode_logs(&body, encoding))
            .await
            .map_err(|cause| ServiceError::Internal(Box::new(cause)))?
            .map_err(|error| ServiceError::field("body", error))?;
        let outcome = TracesAccepted {
            accepted: decoded.messages.len() + decoded.scores.len(),
            rejected: decoded.rejected.len(),
            message: decoded.error_message(),
        };
        if !decoded.messages.is_empty() {
            self.context.events.add_messages(project, decoded.messages).await?;
        }
        let scores = self.evaluations(decoded.scores);
        self.append(EventBatch { scores, ..EventBatch::empty(project, self.context.clock.now()) }).await?;
        Ok(outcome)
    }

    /// Evaluations ready to be stored; all of them have an id, and one from the future is from now.
    fn evaluations(&self, drafts: Vec<ScoreDraft>) -> Vec<ScoreWrite> {
        let now = self.context.clock.now();
        let timed = |draft: ScoreDraft| {
            let id = draft.id.clone()?;
            let at = draft.at_us.filter(|at| at.0.saturating_sub(now.0) <= MAX_AHEAD_US).unwrap_or(now);
            Some(prepare::score(TimedScore { draft, at }, id, ScoreSource::Api))
        };
        drafts.into_iter().filter_map(timed).collect()
    }

    /// Settles when a score was given; one that does not say so was given now.
    ///
    /// # Errors
    /// When the score says a time more than 24 hours ahead of our clock.
    pub fn time(&self, draft: ScoreDraft) -> Result<TimedScore, Invalid> {
        let now = self.context.clock.now();
        let at = draft.at_us.unwrap_or(now);
        if at.0.saturating_sub(now.0) > MAX_AHEAD_US {
            return Err(Invalid::new(format!("`{at}` is {AHEAD}")));
        }
        Ok(TimedScore { draft, at })
    }

    /// Stores scores. Ones without an id get one. Returns their ids in order.
    ///
    /// # Errors
    /// As the store: all of them are stored or none.
    pub async fn scores(
        &self,
        actor: &Actor,
        project: ProjectId,
        timed: Vec<TimedScore>,
    ) -> Result<Vec<ScoreId>, ServiceError> {
        authorize(actor, project, Permission::Annotate)?;
        let mut ids = Vec::with_capacity(timed.len());
        let mut scores = Vec::with_capacity(timed.len());
        for score in timed {
            let id = match score.draft.id.clone() {
                Some(id) => id,
                None => self
                    .context
                    .new_id()?
                    .to_string()
                    .parse()
                    .map_err(|error| ServiceError::Internal(Box::new(error)))?,
            };
            ids.push(id.clone());
            scores.push(prepare::score(score, id, ScoreSource::Api));
        }
        self.append(EventBatch { scores, ..EventBatch::empty(project, self.context.clock.now()) }).await?;
        Ok(ids)
    }

    pub(crate) async fn append(&self, batch: EventBatch) -> Result<(), ServiceError> {
        if batch.events() == 0 {
            return Ok(());
        }
        self.context.events.append(batch).await?;
        self.appended.send_modify(|count| *count = count.wrapping_add(1));
        Ok(())
    }
}

/// What is wrong with a time that is too far ahead.
const AHEAD: &str = "more than a day ahead of the server's clock; check the sender's clock";

/// Why a span's clock cannot be right, if it cannot.
fn ahead(span: &Span, now: TimeNs) -> Option<String> {
    (span.start_ns.0.saturating_sub(now.0) > MAX_AHEAD_US * 1000)
        .then(|| format!("it starts at {}, {AHEAD}", span.start_ns))
}
