//! The one task that writes. Batches wait in a bounded queue; everything waiting shares one commit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Instant,
};

use domain::{
    ids::{ProjectId, ScoreId},
    segment::SegmentAttribute,
    time::TimeUs,
};
use sqlx::{SqliteConnection, sqlite::SqliteConnectOptions};
use store::{
    StoreError,
    event::{Appended, ErasePiece, Erased, RechargeBatch, Recharged, Watch},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    append::{self, Memory},
    charges,
    erase::{self, Pace},
    exposure, fold,
    lag::Lag,
    log::Log,
    messages::{self, PreparedMessage},
    phase::Phase,
    prepare::Prepared,
    queue::Queued,
    removal, score_list, segment,
};
use crate::{
    error::from_sqlx,
    pool::{checkpoint_and_close, settle, sync_commits},
};

/// Events after which a group is closed though more wait, so that a commit stays short.
const GROUP: usize = 4096;

/// Bytes of space that prove that there is some again.
const PROBE: i64 = 1 << 20;

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// A batch in the queue.
pub(super) struct Append {
    pub(super) batch: Prepared,
    pub(super) answer: Answer<Appended>,
    /// Counts it as waiting until it is answered.
    pub(super) queued: Queued,
    /// When it was ready for the writer.
    pub(super) since: Instant,
}

impl Append {
    /// A caller that no longer listens has lost its answer, not its data.
    fn answer(self, outcome: Result<Appended, StoreError>) {
        drop(self.queued);
        let _ = self.answer.send(outcome);
    }
}

/// What the writer does besides appending.
pub(super) enum Order {
    Fold(Answer<bool>),
    Rebuild(Answer<()>),
    Segment(ProjectId, Option<SegmentAttribute>, Answer<()>),
    Ping(Answer<()>),
    AddMessages(ProjectId, Vec<PreparedMessage>, Answer<()>),
    Recharge(RechargeBatch, Answer<Recharged>),
    RemoveScore(ProjectId, ScoreId, TimeUs, Answer<()>),
    RemoveProject(ProjectId, Answer<bool>),
    Watch(ProjectId, Watch, Answer<()>),
    Erase(ProjectId, ErasePiece, Answer<Erased>),
    Close(Answer<()>),
}

/// The task's state.
pub(super) struct Writer {
    pub(super) connection: SqliteConnection,
    /// `None` after a failure, until it is read again.
    pub(super) memory: Option<Memory>,
    pub(super) lag: Arc<Lag>,
    /// How the connection was opened.
    pub(super) options: SqliteConnectOptions,
    /// The log beside the file.
    pub(super) log: Log,
    /// How much is erased at a time.
    pub(super) pace: Pace,
    /// Whether the last write found no space.
    pub(super) full: Arc<AtomicBool>,
}

impl Writer {
    /// Runs until told to close, or until nobody can send any more.
    pub(super) async fn run(mut self, mut appends: mpsc::Receiver<Append>, mut orders: mpsc::Receiver<Order>) {
        loop {
            // Both are fair to each other: neither a flood of batches nor a long fold starves the other.
            tokio::select! {
                first = appends.recv() => match first {
                    Some(first) => self.group(first, &mut appends).await,
                    None => break,
                },
                order = orders.recv() => match order {
                    None => break,
                    Some(Order::Fold(answer)) => {
                        let outcome = self.fold().await;
                        self.reply(answer, outcome);
                    }
                    Some(Order::Rebuild(answer)) => {
                        let outcome = self.rebuild(&mut appends).await;
                        self.reply(answer, outcome);
                    }
                    Some(Order::Segment(project, attribute, answer)) => {
                        let outcome = self.segment(project, attribute.as_ref()).await;
                        self.reply(answer, outcome);
                    }
                    Some(Order::Ping(answer)) => {
                        let outcome = self.ping().await;
                        self.reply(answer, outcome);
                    }
                    Some(Order::AddMessages(project, prepared, answer)) => {
                        let outcome = self.add_messages(project, prepared).await;
                        self.reply(answer, outcome);
                    }
                    Some(Order::Recharge(batch, answer)) => {
                        let outcome = self.recharge(&batch).await;
                        self.reply(answer, outcome);
                    }
                    Some(Order::RemoveScore(project, id, at, answer)) => {
                        let outcome = self.remove_score(project, &id, at).await;
                        self.reply(answer, outcome);
                    }
                    Some(Order::RemoveProject(project, answer)) => {
                        let outcome = self.remove_project(project).await;
                        self.reply(answer, outcome);
                    }
                    Some(Order::Watch(project, watch, answer)) => {
                        let outcome = self.watch(project, &watch).await;
                        self.reply(answer, outcome);
                    }
                    Some(Order::Erase(project, piece, answer)) => {
                        let outcome = self.erase(project, &piece).await;
                        self.reply(answer, outcome);
                    }
                    Some(Order::Close(answer)) => {
                        appends.close();
                        while let Some(first) = appends.recv().await {
                            self.group(first, &mut appends).await;
                        }
                        let _ = answer.send(checkpoint_and_close(self.connection).await);
                        return;
                    }
                },
            }
        }
        let _ = checkpoint_and_close(self.connection).await;
    }

    fn reply<T>(&self, answer: Answer<T>, outcome: Result<T, StoreError>) {
        if matches!(outcome, Err(StoreError::Full)) {
            self.set_full(true);
        }
        let _ = answer.send(outcome);
    }

    fn set_full(&self, full: bool) {
        if self.full.swap(full, Relaxed) != full {
            if full {
                tracing::error!("the disk is full: events are refused until there is space");
            } else {
                tracing::info!("there is space again: events are stored");
            }
        }
    }

    /// Takes everything that waits, up to a bound, and commits it as one.
    async fn group(&mut self, first: Append, appends: &mut mpsc::Receiver<Append>) {
        let events = |append: &Append| append.batch.events();
        let mut size = events(&first);
        let mut group = vec![first];
        while size < GROUP
            && let Ok(next) = appends.try_recv()
        {
            size += events(&next);
            group.push(next);
        }
        for append in &group {
            Phase::Wait.ends(append.since);
        }
        if self.has_room().await.is_err() {
            for append in group {
                append.answer(Err(StoreError::Busy));
            }
            return;
        }
        let batches: Vec<&Prepared> = group.iter().map(|append| &append.batch).collect();
        match self.append(&batches).await {
            Ok(answers) => {
                for (append, appended) in group.into_iter().zip(answers) {
                    append.answer(Ok(appended));
                }
            }
            Err(StoreError::Full) => {
                self.set_full(true);
                for append in group {
                    append.answer(Err(StoreError::Full));
                }
            }
            // One of them may be at fault; the others must not suffer for it. One alone is tried again, too: when its own
            // content is the cause it fails the same way.
            Err(_) => {
                for append in group {
                    let outcome = self.append(&[&append.batch]).await;
                    if matches!(outcome, Err(StoreError::Full)) {
                        self.set_full(true);
                    } else if let Err(error) = &outcome {
                        tracing::error!(error = error as &dyn std::error::Error, "could not store a batch");
                    }
                    append.answer(outcome.and_then(|answers| {
                        answers.first().copied().ok_or_else(|| StoreError::backend("a batch has no answer"))
                    }));
                }
            }
        }
    }

    async fn append(&mut self, batches: &[&Prepared]) -> Result<Vec<Appended>, StoreError> {
        let mut memory = self.memory().await?;
        let last_before = memory.last_span;
        // On failure the memory is not put back: its new numbers and words went with the transaction.
        let (answers, left) = append::append(&mut self.connection, &mut memory, batches).await?;
        self.lag.stored((memory.last_span > last_before).then_some(memory.last_span), left.again);
        self.set_full(false);
        self.wrote(memory).await;
        Ok(answers)
    }

    /// Whether the log takes more.
    ///
    /// # Errors
    /// [`StoreError::Busy`], also where the log cannot be looked after; the server's own log says why.
    async fn has_room(&mut self) -> Result<(), StoreError> {
        self.log.has_room(&mut self.connection).await.map_err(|error| {
            if !matches!(error, StoreError::Busy) {
                tracing::error!(error = &error as &dyn std::error::Error, "could not look after the log");
            }
            StoreError::Busy
        })
    }

    /// After a commit: what is stored is stored, whatever becomes of the log.
    async fn wrote(&mut self, memory: Memory) {
        self.memory = Some(memory);
        if let Err(error) = self.log.tend(&mut self.connection).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not begin the log anew");
        }
    }

    async fn add_messages(&mut self, project: ProjectId, prepared: Vec<PreparedMessage>) -> Result<(), StoreError> {
        let mut memory = self.memory().await?;
        messages::add(&mut self.connection, &mut memory, project, prepared).await?;
        self.wrote(memory).await;
        Ok(())
    }

    async fn recharge(&mut self, batch: &RechargeBatch) -> Result<Recharged, StoreError> {
        let mut memory = self.memory().await?;
        let recharged = charges::recharge(&mut self.connection, &mut memory, batch).await?;
        self.lag.stored(None, recharged.changed > 0);
        self.wrote(memory).await;
        Ok(recharged)
    }

    async fn remove_score(&mut self, project: ProjectId, id: &ScoreId, at: TimeUs) -> Result<(), StoreError> {
        let mut memory = self.memory().await?;
        score_list::remove(&mut self.connection, &mut memory, project, id, at).await?;
        self.lag.stored(None, true);
        self.wrote(memory).await;
        Ok(())
    }

    async fn remove_project(&mut self, project: ProjectId) -> Result<bool, StoreError> {
        let mut memory = self.memory().await?;
        let more = removal::step(&mut self.connection, &mut memory, project).await?;
        self.wrote(memory).await;
        Ok(more)
    }

    async fn watch(&mut self, project: ProjectId, watch: &Watch) -> Result<(), StoreError> {
        let mut memory = self.memory().await?;
        exposure::watch(&mut self.connection, &mut memory, project, watch).await?;
        self.lag.stored(None, true);
        self.wrote(memory).await;
        Ok(())
    }

    async fn erase(&mut self, project: ProjectId, piece: &ErasePiece) -> Result<Erased, StoreError> {
        let mut memory = self.memory().await?;
        let erased = erase::piece(&mut self.connection, &mut memory, project, piece, &mut self.pace).await?;
        self.lag.stored(None, memory.waiting);
        self.wrote(memory).await;
        Ok(erased)
    }

    /// What is remembered, for whoever is about to write.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while the log has no room for what they would write.
    async fn memory(&mut self) -> Result<Memory, StoreError> {
        self.has_room().await?;
        if let Some(memory) = self.memory.take() {
            return Ok(memory);
        }
        settle(&mut self.connection, &self.options).await?;
        // A fold that failed may have left it otherwise.
        sync_commits(&mut self.connection, true).await?;
        Memory::read(&mut self.connection).await
    }

    async fn fold(&mut self) -> Result<bool, StoreError> {
        let mut memory = self.memory().await?;
        let began = Instant::now();
        let more = fold::step(&mut self.connection, &mut memory).await?;
        Phase::Fold.ends(began);
        self.lag.folded(memory.watermark, !more);
        self.wrote(memory).await;
        Ok(more)
    }

    async fn segment(&mut self, project: ProjectId, attribute: Option<&SegmentAttribute>) -> Result<(), StoreError> {
        let mut memory = self.memory().await?;
        segment::choose(&mut self.connection, &mut memory, project, attribute).await?;
        self.lag.stored(None, true);
        self.wrote(memory).await;
        Ok(())
    }

    /// Step by step, letting batches in between, so that ingest never waits for a rebuild.
    async fn rebuild(&mut self, appends: &mut mpsc::Receiver<Append>) -> Result<(), StoreError> {
        let mut memory = self.memory().await?;
        fold::clear(&mut self.connection, &mut memory).await?;
        self.wrote(memory).await;
        while self.fold().await? {
            if let Ok(first) = appends.try_recv() {
                self.group(first, appends).await;
            }
        }
        Ok(())
    }

    /// Writes a value over itself: proves that a commit still goes through. Where none did for want of space, it takes a batch's
    /// worth of space to prove that, since a single page often still fits.
    async fn ping(&mut self) -> Result<(), StoreError> {
        if self.full.load(Relaxed) {
            // No span has this number. Two commits: what is taken back in the same one is never written.
            let take = sqlx::query("INSERT OR REPLACE INTO payload (seq, data) VALUES (-1, zeroblob(?))").bind(PROBE);
            take.execute(&mut self.connection).await.map_err(from_sqlx)?;
            let free = sqlx::query("DELETE FROM payload WHERE seq = -1");
            free.execute(&mut self.connection).await.map_err(from_sqlx)?;
        } else {
            sqlx::query("UPDATE watermark SET span = span").execute(&mut self.connection).await.map_err(from_sqlx)?;
        }
        self.set_full(false);
        Ok(())
    }
}
