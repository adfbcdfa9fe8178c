//! The event plane in SQLite.
//!
//! One task writes ([`writer`]); callers pack and compress their batch themselves ([`prepare`]) and wait in a bounded queue;
//! everything that waits shares a commit ([`append`]). The fold runs in the same task ([`fold`]). Readers have their own
//! connections and see the last commit.

mod append;
mod bins;
mod books;
mod cell;
mod cell_score;
mod charge;
mod charges;
mod codec;
mod dictionary;
mod division;
mod erase;
mod erase_loose;
mod erase_traces;
mod erase_units;
mod exposure;
mod fold;
mod fold_block;
mod fold_score;
mod fold_span;
mod fold_unit;
mod gather;
mod group;
mod home;
mod lag;
mod ledger;
mod link;
mod log;
mod messages;
mod outcome;
mod past;
mod payload;
mod phase;
mod prepare;
mod question;
mod queue;
mod read;
mod record;
mod removal;
mod scan;
mod score_list;
mod segment;
mod sessions_users;
mod span_list;
mod spread;
mod stored;
mod summary;
mod tally;
mod totals;
mod trace;
mod trace_list;
mod trial;
mod unit;
mod unit_list;
mod unit_sums;
mod words;
mod writer;
mod writes;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Instant,
};

use async_trait::async_trait;
use domain::{
    ids::{ProjectId, SpanId, TraceId},
    segment::SegmentAttribute,
};
use store::{
    StoreError,
    event::{
        Activity, Appended, EventBatch, EventStore, ScoreRecord, SpanPayload, SpanRecord, SpreadAnswer, SpreadQuestion,
        TotalsAnswer, TotalsQuestion, TraceFilter, TraceKey, TraceRecord, TraceSlice, Waiting, Words,
    },
};
use tokio::sync::{mpsc, oneshot};

use self::{
    append::Memory,
    erase::Pace,
    lag::Lag,
    log::Log,
    phase::Phase,
    queue::Queue,
    read::Reader,
    writer::{Append, Order, Writer},
};
use crate::{
    pool::{self, Schema},
    space::Disk,
    statement,
};

const SCHEMA: Schema = Schema {
    what: "event file",
    // "AsyE"
    application_id: 0x4173_7945,
    steps: &[
        include_str!("../../migrations/event/0001_first.sql"),
        include_str!("../../migrations/event/0002_clients.sql"),
        include_str!("../../migrations/event/0003_spread.sql"),
        include_str!("../../migrations/event/0004_charges.sql"),
        include_str!("../../migrations/event/0005_days.sql"),
        include_str!("../../migrations/event/0006_experiments.sql"),
        include_str!("../../migrations/event/0007_blocks.sql"),
        include_str!("../../migrations/event/0008_groups.sql"),
        include_str!("../../migrations/event/0009_notes_in_turn.sql"),
    ],
};

/// Bytes of a file that is looked through for damage at each start; of a larger one the beginnings of its tables.
const LOOKED_THROUGH: u64 = 64 << 20;

/// How the event file is opened.
#[derive(Clone, Debug)]
pub struct EventOptions {
    /// Batches that may wait for the writer before [`StoreError::Busy`].
    pub queue: usize,
    /// Connections that read.
    pub readers: u32,
    /// Largest size of the file in pages of 4 KiB; a way to try a full disk.
    pub max_pages: Option<u32>,
    /// Bytes of the write-ahead log beyond which events wait ([`StoreError::Busy`]) for whoever holds an old state of the file.
    pub longest_log: u64,
    /// Bytes free on the disk with less than which it is said to be full; more than any has is a way to try that.
    pub least_space: u64,
}

impl Default for EventOptions {
    fn default() -> Self {
        Self { queue: 256, readers: 4, max_pages: None, longest_log: 1 << 30, least_space: 1 << 20 }
    }
}

/// The event plane, stored in `events.db`.
#[derive(Clone, Debug)]
pub struct SqliteEvents {
    reader: Arc<Reader>,
    appends: mpsc::Sender<Append>,
    orders: mpsc::Sender<Order>,
    lag: Arc<Lag>,
    queue: Arc<Queue>,
    full: Arc<AtomicBool>,
    disk: Disk,
}

impl SqliteEvents {
    /// Opens `events.db` in a data folder, making it when it is not there. Needs a Tokio runtime, whose task the writer is.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when the file is another program's, a newer release's, damaged, or may not be written; else
    /// when it cannot be opened or brought to the present form.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, &EventOptions::default()).await
    }

    /// Opens with other than the usual options.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub async fn open_with(folder: &Path, options: &EventOptions) -> Result<Self, StoreError> {
        let path = folder.join("events.db");
        let base = pool::options(&path);
        let mut writing = base
            .clone()
            // 64 MiB: the index of trace ids is in random order, its inner pages should stay.
            .pragma("cache_size", "-65536")
            // A checkpoint writes each page once however often it changed, so few large ones are cheaper than many small.
            .pragma("wal_autocheckpoint", "8192")
            .pragma("journal_size_limit", "67108864")
            .pragma("temp_store", "MEMORY");
        if let Some(pages) = options.max_pages {
            writing = writing.pragma("max_page_count", pages.to_string());
        }
        let mut connection = pool::open_writer(&path, writing.clone(), &SCHEMA).await?;
        pool::look_for_damage(&path, &mut connection, LOOKED_THROUGH).await?;
        let memory = Memory::read(&mut connection).await?;
        // 1 MiB each: enough for the inner pages of what one question reads; the system has the rest of the file in memory, and
        // every write of another connection empties this cache anyway.
        let reading = base.pragma("cache_size", "-1024").pragma("temp_store", "MEMORY");
        let readers = pool::open_readers(reading, options.readers).await?;
        let lag = Arc::new(Lag::default());
        if memory.last_span > memory.watermark {
            lag.stored(Some(memory.last_span), false);
        }
        let (appends, waiting) = mpsc::channel(options.queue.max(1));
        let (orders, ordered) = mpsc::channel(64);
        let full = Arc::<AtomicBool>::default();
        let disk = Disk::new(folder, options.least_space);
        let memory = Some(memory);
        let writer = Writer {
            connection,
            memory,
            lag: Arc::clone(&lag),
            options: writing,
            log: Log::new(&path, options.longest_log),
            pace: Pace::default(),
            full: Arc::clone(&full),
        };
        tokio::spawn(writer.run(waiting, ordered));
        Ok(Self { reader: Arc::new(Reader::new(readers)), appends, orders, lag, queue: Arc::default(), full, disk })
    }

    async fn order<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Order,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(order(answer)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

impl SqliteEvents {
    /// An order on behalf of a client, who is told to come back rather than left to wait.
    async fn order_now<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Order,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.orders.try_send(order(answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        answered.await.map_err(|_| closed())?
    }
}

fn closed() -> StoreError {
    StoreError::Closed
}

#[async_trait]
impl EventStore for SqliteEvents {
    async fn append(&self, batch: EventBatch) -> Result<Appended, StoreError> {
        // Refused before the work of packing when the queue is full; the place taken here is kept.
        let place = self.appends.try_reserve().map_err(|error| match error {
            mpsc::error::TrySendError::Full(()) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(()) => closed(),
        })?;
        let weight = prepare::weight(&batch);
        let events = batch.events();
        let queued = self.queue.enter(events as u64, weight as u64);
        let pack = || {
            let began = Instant::now();
            let packed = prepare::prepare(batch);
            Phase::Pack.ends(began);
            packed
        };
        let batch = if weight <= prepare::AT_ONCE {
            pack()?
        } else {
            tokio::task::spawn_blocking(pack).await.map_err(StoreError::backend)??
        };
        let (answer, answered) = oneshot::channel();
        place.send(Append { batch, answer, queued, since: Instant::now() });
        answered.await.map_err(|_| closed())?
    }

    async fn fold(&self) -> Result<bool, StoreError> {
        self.order(Order::Fold).await
    }

    async fn rebuild_totals(&self) -> Result<(), StoreError> {
        self.order(Order::Rebuild).await
    }

    async fn trace(&self, project: ProjectId, trace: TraceId) -> Result<Option<TraceRecord>, StoreError> {
        self.reader.trace(project, trace).await
    }

    async fn traces(
        &self,
        project: ProjectId,
        filter: &TraceFilter,
        after: Option<TraceKey>,
        limit: u16,
    ) -> Result<TraceSlice, StoreError> {
        self.reader.traces(project, filter, after, limit).await
    }

    async fn words(&self, project: ProjectId) -> Result<Words, StoreError> {
        self.reader.used_words(project).await
    }

    async fn spans(
        &self,
        project: ProjectId,
        trace: TraceId,
        after: Option<(i64, SpanId)>,
        limit: u32,
    ) -> Result<Vec<SpanRecord>, StoreError> {
        self.reader.spans(project, trace, after, limit).await
    }

    async fn payload(
        &self,
        project: ProjectId,
        trace: TraceId,
        span: SpanId,
    ) -> Result<Option<SpanPayload>, StoreError> {
        Ok(self.reader.payloads(project, trace, &[span]).await?.pop().map(|(_, payload)| payload))
    }

    async fn payloads(
        &self,
        project: ProjectId,
        trace: TraceId,
        spans: &[SpanId],
    ) -> Result<Vec<(SpanId, SpanPayload)>, StoreError> {
        self.reader.payloads(project, trace, spans).await
    }

    async fn scores(&self, project: ProjectId, trace: TraceId) -> Result<Vec<ScoreRecord>, StoreError> {
        self.reader.scores(project, trace).await
    }

    async fn totals(&self, project: ProjectId, questions: &[TotalsQuestion]) -> Result<Vec<TotalsAnswer>, StoreError> {
        self.reader.totals(project, questions).await
    }

    async fn spread(&self, project: ProjectId, questions: &[SpreadQuestion]) -> Result<Vec<SpreadAnswer>, StoreError> {
        self.reader.spread(project, questions).await
    }

    async fn segment_by(&self, project: ProjectId, attribute: Option<SegmentAttribute>) -> Result<(), StoreError> {
        self.order(|answer| Order::Segment(project, attribute, answer)).await
    }

    async fn remove_project(&self, project: ProjectId) -> Result<bool, StoreError> {
        self.order(|answer| Order::RemoveProject(project, answer)).await
    }

    async fn activity(&self, project: ProjectId) -> Result<Activity, StoreError> {
        self.reader.activity(project).await
    }

    fn waiting(&self) -> Waiting {
        self.queue.waiting()
    }

    fn is_full(&self) -> bool {
        self.full.load(Relaxed) || self.disk.is_full()
    }

    async fn lag_ms(&self) -> Result<u64, StoreError> {
        Ok(self.lag.ms())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.reader.activity(ProjectId(uuid::Uuid::nil())).await?;
        self.order(Order::Ping).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        // Readers first: the checkpoint can empty the log only when nobody reads it.
        self.reader.pool.close().await;
        self.order(Order::Close).await
    }
}
