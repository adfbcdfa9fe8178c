//! Taking traces away with everything that hangs on them, and out of the totals in the same transaction.
//!
//! What a row contributed is taken out as the fold would do it, so nothing has to be folded again afterwards but the ends of
//! cells and the scores and units of what is left.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::{
    ids::{ProjectId, TraceId},
    time::{TimeNs, TimeUs},
};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{ErasePiece, ErasePlace, EraseStore, Erased, Erasing, LooseFound},
};

use super::{
    SqliteEvents,
    append::Memory,
    cell::Contribution,
    cell_score::Folded,
    erase_loose, erase_traces, erase_units,
    fold::{self, Change},
    fold_score, fold_span, outcome, record,
    statement::Statement,
    writer::Order,
    writes::Writes,
};
use crate::error::from_sqlx;

/// How long a piece may hold the writer.
const HOLD: Duration = Duration::from_millis(10);

const BEFORE: &str =
    "SELECT trace_id FROM trace INDEXED BY trace_list WHERE project = ?1 AND start_ns < ?2 ORDER BY start_ns LIMIT ?3";
const COUNT_BEFORE: &str = "SELECT count(*), min(start_ns) FROM (SELECT start_ns FROM trace INDEXED BY trace_list \
     WHERE project = ?1 AND start_ns < ?2 ORDER BY start_ns LIMIT ?3) AS bounded";
const OF_USER: &str =
    "SELECT trace_id FROM trace INDEXED BY trace_user WHERE project = ?1 AND user_id = ?2 ORDER BY start_ns LIMIT ?3";

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 3] = [BEFORE, COUNT_BEFORE, OF_USER];

static DROP_PAYLOADS: Statement = Statement::new("DELETE FROM payload WHERE seq IN (", "?", ")");
static DROP_JOURNAL: Statement = Statement::new("DELETE FROM journal WHERE seq IN (", "?", ")");
static DROP_PAST_COSTS: Statement = Statement::new("DELETE FROM past_cost WHERE seq IN (", "?", ")");
static DROP_SPANS: Statement = Statement::new("DELETE FROM span WHERE seq IN (", "?", ")");
static DROP_SCORES: Statement = Statement::new("DELETE FROM score WHERE seq IN (", "?", ")");
static DROP_DIRTY_SCORES: Statement = Statement::new("DELETE FROM dirty_score WHERE seq IN (", "?", ")");
static DROP_EVENTS: Statement = Statement::new("DELETE FROM outcome WHERE seq IN (", "?", ")");

/// How much is erased at a time: as much as the writer can do in [`HOLD`], found out as it goes.
#[derive(Debug)]
pub(super) struct Pace(i64);

impl Default for Pace {
    fn default() -> Self {
        Self(64)
    }
}

impl Pace {
    /// Rows to take next.
    pub(super) fn rows(&self) -> i64 {
        self.0
    }

    /// How long taking them took.
    pub(super) fn took(&mut self, time: Duration) {
        if time > HOLD {
            self.0 = (self.0 / 2).max(64);
        } else if time < HOLD / 2 {
            self.0 = (self.0 * 2).min(1_024);
        }
    }
}

#[async_trait]
impl EraseStore for SqliteEvents {
    async fn traces_to_erase(
        &self,
        project: ProjectId,
        what: &Erasing,
        limit: u16,
    ) -> Result<Vec<TraceId>, StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok(Vec::new()) };
        let asked = match what {
            Erasing::Before(at) => sqlx::query_scalar(BEFORE).bind(project).bind(at.0.saturating_mul(1000)),
            Erasing::User(user) => sqlx::query_scalar(OF_USER).bind(project).bind(user.clone()),
        };
        let ids: Vec<Vec<u8>> = asked.bind(i64::from(limit)).fetch_all(&self.reader.pool).await.map_err(from_sqlx)?;
        let id = |bytes: &Vec<u8>| {
            TraceId::from_slice(bytes).map_err(|_| StoreError::Corrupt("a trace's id cannot be read".to_owned()))
        };
        ids.iter().map(id).collect()
    }

    async fn old_traces(
        &self,
        project: ProjectId,
        before: TimeUs,
        most: u32,
    ) -> Result<(u32, Option<TimeNs>), StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok((0, None)) };
        let (count, earliest): (u32, Option<i64>) = sqlx::query_as(COUNT_BEFORE)
            .bind(project)
            .bind(before.0.saturating_mul(1000))
            .bind(most)
            .fetch_one(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        Ok((count, earliest.map(TimeNs)))
    }

    async fn loose_to_erase(
        &self,
        project: ProjectId,
        before: TimeUs,
        from: &ErasePlace,
    ) -> Result<LooseFound, StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok(LooseFound::default()) };
        erase_loose::find(&self.reader.pool, project, before, from).await
    }

    async fn erase(&self, project: ProjectId, piece: ErasePiece) -> Result<Erased, StoreError> {
        self.order(|answer| Order::Erase(project, piece, answer)).await
    }
}

/// Does a piece of about as many rows as the pace says, and tells it how long that took. Only the work itself counts: waiting for
/// another process that writes, and for the disk to say that it is all there, take as long for one row as for a thousand.
pub(super) async fn piece(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    project: ProjectId,
    piece: &ErasePiece,
    pace: &mut Pace,
) -> Result<Erased, StoreError> {
    // The writer's lock from the start, so that all of its wait is before the work.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)?;
    let began = Instant::now();
    let known: Option<i64> = sqlx::query_scalar("SELECT id FROM project WHERE uuid = ?")
        .bind(project.0.as_bytes().as_slice())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    let rows = pace.rows();
    let erased = match (piece, known) {
        (ErasePiece::Space, _) => give_back(&mut transaction, rows).await?,
        (_, None) => Erased::default(),
        (_, Some(project)) => {
            let mut taken = Taken::new(project);
            take(&mut transaction, &mut taken, piece, rows).await?;
            // Ends of cells, and scores and units of what is left.
            memory.waiting = true;
            taken.out(&mut transaction, memory).await?
        }
    };
    pace.took(began.elapsed());
    transaction.commit().await.map_err(from_sqlx)?;
    Ok(erased)
}

async fn take(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    piece: &ErasePiece,
    rows: i64,
) -> Result<(), StoreError> {
    match piece {
        ErasePiece::Traces(traces) => erase_traces::take_traces(connection, taken, traces, rows).await,
        ErasePiece::Loose(before, loose) => erase_loose::take(connection, taken, *before, loose, rows).await,
        ErasePiece::User(user) => erase_loose::of_user(connection, taken, user, rows).await,
        ErasePiece::Phase(experiment, phase, before, place) => {
            erase_units::of_phase(connection, taken, (*experiment, *phase), *before, place, rows).await
        }
        ErasePiece::Space => Ok(()),
    }
}

/// Gives unused space back to the file system until a twentieth of the file is left of it: what comes next fills that.
async fn give_back(connection: &mut SqliteConnection, pages: i64) -> Result<Erased, StoreError> {
    let count = async |connection: &mut SqliteConnection, question: &'static str| {
        sqlx::query_scalar::<_, i64>(question).fetch_one(connection).await.map_err(from_sqlx)
    };
    let mode = count(connection, "PRAGMA auto_vacuum").await?;
    let (free, all) =
        (count(connection, "PRAGMA freelist_count").await?, count(connection, "PRAGMA page_count").await?);
    // 2: pages can be moved; a file made before that was chosen keeps its space and fills it again.
    let more = mode == 2 && free > all / 20;
    if more {
        // A number of ours; pragmas take no binds.
        let statement = format!("PRAGMA incremental_vacuum({})", pages.clamp(1, free));
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(connection).await.map_err(from_sqlx)?;
    }
    Ok(Erased { more, ..Erased::default() })
}

/// Rows taken in a piece, until all that follows from them is written.
pub(super) struct Taken {
    pub(super) project: i64,
    pub(super) erased: Erased,
    pub(super) spans: Vec<SqliteRow>,
    /// Scores, and what each contributed.
    scores: Vec<(i64, Option<Folded>)>,
    events: Vec<i64>,
    /// How many events of each name.
    names: BTreeMap<String, i64>,
    /// Units that go: kind and id.
    pub(super) units: BTreeSet<(String, String)>,
    /// Traces, sessions and units whose numbers in experiments may have changed.
    pub(super) notes: BTreeSet<(String, String)>,
    /// Sessions that have traces left.
    pub(super) sessions: BTreeSet<String>,
    /// What becomes of units' blocks.
    pub(super) blocks: super::fold_block::Changes,
}

impl Taken {
    fn new(project: i64) -> Self {
        Self {
            project,
            erased: Erased::default(),
            spans: Vec::new(),
            scores: Vec::new(),
            events: Vec::new(),
            names: BTreeMap::new(),
            units: BTreeSet::new(),
            notes: BTreeSet::new(),
            sessions: BTreeSet::new(),
            blocks: super::fold_block::Changes::default(),
        }
    }

    /// Takes a score; columns are its number and what it contributed.
    pub(super) fn score(&mut self, row: &SqliteRow, column: usize) -> Result<(), StoreError> {
        let folded: Option<&[u8]> = row.try_get(column + 1).map_err(from_sqlx)?;
        let folded = folded.map(Folded::unpack).transpose()?;
        self.scores.push((row.try_get(column).map_err(from_sqlx)?, folded));
        Ok(())
    }

    /// Takes an outcome event; columns are its number and its record.
    pub(super) fn event(&mut self, row: &SqliteRow) -> Result<(), StoreError> {
        self.events.push(row.try_get(0).map_err(from_sqlx)?);
        let record = outcome::unpack(row.try_get(1).map_err(from_sqlx)?)?;
        *self.names.entry(record.event.name.as_str().to_owned()).or_default() += 1;
        self.notes.insert((record.event.unit.kind.to_string(), record.event.unit.id));
        Ok(())
    }

    /// Takes all of it out of everything that was worked out of it, and the rows away.
    async fn out(mut self, connection: &mut SqliteConnection, memory: &mut Memory) -> Result<Erased, StoreError> {
        erase_units::named(connection, &mut self).await?;
        let mut writes = Writes::default();
        let mut changes = Vec::with_capacity(self.spans.len());
        let mut seqs = Vec::with_capacity(self.spans.len());
        for row in &self.spans {
            let seq: i64 = row.try_get(0).map_err(from_sqlx)?;
            seqs.push(seq);
            let noted: Option<&[u8]> = row.try_get(1).map_err(from_sqlx)?;
            let before = match noted {
                Some([]) => None,
                Some(noted) => Some(Contribution::unpack(noted)?),
                None if seq <= memory.watermark => {
                    fold::contribution(connection, &mut memory.dictionary, row, 2).await?
                }
                None => None,
            };
            changes.push(Change { before, now: None });
            let span = record::span_from_column(row.try_get(4).map_err(from_sqlx)?);
            let narrow = record::unpack(row.try_get(9).map_err(from_sqlx)?, span, row.try_get(5).map_err(from_sqlx)?)?;
            writes.count_unpriced(self.project, narrow.unpriced()?, -1)?;
        }
        self.erased.spans += seqs.len() as u64;
        self.erased.scores += self.scores.len() as u64;
        self.erased.events += self.events.len() as u64;
        let numbers = |list: &[i64]| list.to_vec();
        let bind = |binds: &mut super::statement::Binds, seq: i64| {
            binds.add(seq);
        };
        for statement in [&DROP_PAYLOADS, &DROP_JOURNAL, &DROP_PAST_COSTS, &DROP_SPANS] {
            statement.run(connection, numbers(&seqs), bind).await?;
        }
        let stale = fold_span::apply(connection, &changes).await?;
        // The journal may hold changes of other spans: the ends are looked for when it is empty.
        fold_span::settle_ends(connection, memory, stale, false).await?;
        let scores: Vec<i64> = self.scores.iter().map(|(seq, _)| *seq).collect();
        fold_score::apply(connection, self.scores.into_iter().map(|(seq, folded)| (seq, folded, None)).collect())
            .await?;
        DROP_DIRTY_SCORES.run(connection, numbers(&scores), bind).await?;
        DROP_SCORES.run(connection, scores, bind).await?;
        DROP_EVENTS.run(connection, self.events, bind).await?;
        let project = self.project;
        writes.outcome_names.extend(self.names.into_iter().map(|(name, count)| (project, name, -count, i64::MIN)));
        writes.dirty_sessions.extend(self.sessions.into_iter().map(|session| (project, session)));
        self.blocks.write(connection).await?;
        if memory.watched.contains(&project) {
            let notes = self.notes.difference(&self.units);
            writes.dirty_units.extend(notes.map(|(kind, unit)| (project, kind.clone(), unit.clone())));
        }
        writes.run(connection).await?;
        Ok(self.erased)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};

    use super::*;

    /// A disk that takes its time to say that something is there.
    async fn slow_disk(path: &std::path::Path) -> SqliteConnection {
        let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        connection.lock_handle().await.unwrap().set_commit_hook(|| {
            std::thread::sleep(3 * HOLD);
            true
        });
        connection
    }

    #[tokio::test]
    async fn a_slow_disk_does_not_make_pieces_small() {
        let folder = tempfile::tempdir().unwrap();
        let events = SqliteEvents::open(folder.path()).await.unwrap();
        let project = ProjectId(uuid::Uuid::from_u128(7));
        store::event::EventStore::close(&events).await.unwrap();
        let mut connection = slow_disk(&folder.path().join("events.db")).await;
        sqlx::query("INSERT INTO project (uuid) VALUES (?)")
            .bind(project.0.as_bytes().as_slice())
            .execute(&mut connection)
            .await
            .unwrap();
        let mut memory = Memory::read(&mut connection).await.unwrap();
        let mut pace = Pace::default();
        let mut fastest = 0;
        for number in 0..8 {
            sqlx::query("INSERT INTO outcome_name (project, name, events, last_us) VALUES (1, ?, 1, 1)")
                .bind(number.to_string())
                .execute(&mut connection)
                .await
                .unwrap();
            let nobody = ErasePiece::User("nobody".to_owned());
            piece(&mut connection, &mut memory, project, &nobody, &mut pace).await.unwrap();
            fastest = fastest.max(pace.rows());
        }
        assert!(fastest > 64, "the disk's time was counted as the work's");
    }
}
