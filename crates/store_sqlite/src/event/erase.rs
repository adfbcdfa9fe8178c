//! Taking traces away with everything that hangs on them, and out of the totals in the same transaction.
//!
//! What a row contributed is taken out as the fold would do it, so nothing has to be folded again afterwards but the ends of
//! cells and the scores and units of what is left.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    experiment::UnitKind,
    ids::{ProjectId, TraceId},
};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{ErasePiece, EraseStore, Erased, Erasing},
};

use super::{
    SqliteEvents,
    append::Memory,
    cell::Contribution,
    cell_score::Folded,
    erase_loose, erase_units,
    fold::{self, Change},
    fold_score,
    fold_span::Cells,
    outcome, record,
    statement::Statement,
    summary::Summary,
    writer::Order,
    writes::Writes,
};
use crate::error::from_sqlx;

/// How long a piece may hold the writer.
const HOLD: Duration = Duration::from_millis(10);
/// Scores or events of traces looked for at once; where there are more, they go first.
const HANGING: usize = 1_000;

const BEFORE: &str =
    "SELECT trace_id FROM trace INDEXED BY trace_list WHERE project = ?1 AND start_ns < ?2 ORDER BY start_ns LIMIT ?3";
const OF_USER: &str =
    "SELECT trace_id FROM trace INDEXED BY trace_user WHERE project = ?1 AND user_id = ?2 ORDER BY start_ns LIMIT ?3";

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 2] = [BEFORE, OF_USER];

static FIND: Statement = Statement::new(
    "SELECT id, trace_id, start_ns, user_id, session_id, data FROM trace WHERE project = ? AND trace_id IN (",
    "?",
    ")",
);

macro_rules! spans {
    ($of:literal) => {
        concat!(
            "SELECT span.seq, journal.before, span.project, span.trace, span.span_id, span.start_ns, span.prompt, ",
            "span.version, span.segment, span.data, trace.unit_group, trace.segment FROM trace CROSS JOIN span ",
            "INDEXED BY span_key ON span.trace = trace.id LEFT JOIN journal ON journal.seq = span.seq WHERE trace.id ",
            $of
        )
    };
}
static SPANS: Statement = Statement::new(spans!("IN ("), "?", ")");
const SOME_SPANS: &str = spans!("= ? LIMIT ?");

static SCORES: Statement = Statement::new(
    "SELECT score.seq, score_fold.data FROM score LEFT JOIN score_fold ON score_fold.seq = score.seq \
     WHERE score.project = ? AND score.trace_id IN (",
    "?",
    ") LIMIT 1000",
);
static EVENTS: Statement = Statement::new(
    "SELECT seq, data FROM outcome WHERE project = ? AND kind = 'trace' AND unit IN (",
    "?",
    ") LIMIT 1000",
);
const SCORES_OF_SESSION: &str = "SELECT score.seq, score_fold.data FROM score LEFT JOIN score_fold \
     ON score_fold.seq = score.seq WHERE score.project = ? AND score.session_id = ?";
const EVENTS_OF_SESSION: &str = "SELECT seq, data FROM outcome WHERE project = ? AND kind = 'session' AND unit = ?";

static DROP_PAYLOADS: Statement = Statement::new("DELETE FROM payload WHERE seq IN (", "?", ")");
static DROP_JOURNAL: Statement = Statement::new("DELETE FROM journal WHERE seq IN (", "?", ")");
static DROP_PAST_COSTS: Statement = Statement::new("DELETE FROM past_cost WHERE seq IN (", "?", ")");
static DROP_SPANS: Statement = Statement::new("DELETE FROM span WHERE seq IN (", "?", ")");
static DROP_TRACES: Statement = Statement::new("DELETE FROM trace WHERE id IN (", "?", ")");
static DROP_LINKS: Statement =
    Statement::any_of("DELETE FROM trace_link WHERE ", "(prompt, version, start_ns, trace_id) = (?,?,?,?)");
static DROP_MESSAGES: Statement = Statement::any_of("DELETE FROM message WHERE ", "(project, trace_id) = (?,?)");
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

    async fn erase(&self, project: ProjectId, piece: ErasePiece) -> Result<Erased, StoreError> {
        self.order(|answer| Order::Erase(project, piece, answer)).await
    }
}

/// Does a piece of about so many rows.
pub(super) async fn piece(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    project: ProjectId,
    piece: &ErasePiece,
    rows: i64,
) -> Result<Erased, StoreError> {
    if *piece == ErasePiece::Space {
        return give_back(connection, rows).await;
    }
    let known: Option<i64> = sqlx::query_scalar("SELECT id FROM project WHERE uuid = ?")
        .bind(project.0.as_bytes().as_slice())
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let Some(project) = known else { return Ok(Erased::default()) };
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    let mut taken = Taken::new(project);
    match piece {
        ErasePiece::Traces(traces) => take_traces(&mut transaction, &mut taken, traces, rows).await?,
        ErasePiece::Loose(Erasing::Before(at), place) => {
            erase_loose::before(&mut transaction, &mut taken, *at, place, rows).await?;
        }
        ErasePiece::Loose(Erasing::User(user), _) => {
            erase_loose::of_user(&mut transaction, &mut taken, user, rows).await?;
        }
        ErasePiece::Phase(experiment, phase, before, place) => {
            let of = (*experiment, *phase);
            erase_units::of_phase(&mut transaction, &mut taken, of, *before, place, rows).await?;
        }
        ErasePiece::Space => {}
    }
    let erased = taken.out(&mut transaction, memory).await?;
    transaction.commit().await.map_err(from_sqlx)?;
    // Ends of cells, and scores and units of what is left.
    memory.waiting = true;
    Ok(erased)
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
    spans: Vec<SqliteRow>,
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
    sessions: BTreeSet<String>,
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
        let mut cells = Cells::new();
        cells.apply(connection, &changes).await?;
        // The journal may hold changes of other spans: the ends are looked for when it is empty.
        cells.settle_ends(connection, memory, false).await?;
        cells.write(connection).await?;
        let scores: Vec<i64> = self.scores.iter().map(|(seq, _)| *seq).collect();
        fold_score::apply(connection, self.scores.into_iter().map(|(seq, folded)| (seq, folded, None)).collect())
            .await?;
        DROP_DIRTY_SCORES.run(connection, numbers(&scores), bind).await?;
        DROP_SCORES.run(connection, scores, bind).await?;
        DROP_EVENTS.run(connection, self.events, bind).await?;
        let project = self.project;
        writes.outcome_names.extend(self.names.into_iter().map(|(name, count)| (project, name, -count, i64::MIN)));
        writes.dirty_sessions.extend(self.sessions.into_iter().map(|session| (project, session)));
        self.erased.units += erase_units::named(connection, project, &self.units, &mut self.blocks).await?;
        self.blocks.write(connection).await?;
        if memory.watched.contains(&project) {
            let notes = self.notes.difference(&self.units);
            writes.dirty_units.extend(notes.map(|(kind, unit)| (project, kind.clone(), unit.clone())));
        }
        writes.run(connection).await?;
        Ok(self.erased)
    }
}

/// A trace that goes.
struct Going {
    id: i64,
    trace_id: [u8; 16],
    start_ns: i64,
    user: Option<String>,
    session: Option<String>,
    summary: Summary,
}

async fn take_traces(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    traces: &[TraceId],
    rows: i64,
) -> Result<(), StoreError> {
    let project = taken.project;
    let found = FIND
        .fetch(
            connection,
            traces.to_vec(),
            |binds| {
                binds.add(project);
            },
            |binds, trace| {
                binds.add(trace.as_bytes().to_vec());
            },
        )
        .await?;
    let mut going = Vec::new();
    let mut spans = 0;
    for row in &found {
        let trace_id: &[u8] = row.try_get(1).map_err(from_sqlx)?;
        let summary = Summary::unpack(row.try_get(5).map_err(from_sqlx)?)?;
        let more = i64::try_from(summary.spans).unwrap_or(i64::MAX);
        // At least one.
        if !going.is_empty() && more.saturating_add(spans) > rows {
            taken.erased.more = true;
            break;
        }
        spans = more.saturating_add(spans);
        going.push(Going {
            id: row.try_get(0).map_err(from_sqlx)?,
            trace_id: trace_id.try_into().map_err(StoreError::backend)?,
            start_ns: row.try_get(2).map_err(from_sqlx)?,
            user: row.try_get(3).map_err(from_sqlx)?,
            session: row.try_get(4).map_err(from_sqlx)?,
            summary,
        });
    }
    // First what hangs on them, so that it is never left behind.
    if !take_hanging(connection, taken, &going).await? {
        taken.erased.more = true;
        return Ok(());
    }
    match going.as_slice() {
        [large] if i64::try_from(large.summary.spans).unwrap_or(i64::MAX) > rows => {
            let found = sqlx::query(SOME_SPANS)
                .bind(large.id)
                .bind(rows)
                .fetch_all(&mut *connection)
                .await
                .map_err(from_sqlx)?;
            let whole = (found.len() as i64) < rows;
            taken.spans = found;
            if !whole {
                taken.erased.more = true;
                return Ok(());
            }
        }
        _ => {
            let ids = going.iter().map(|trace| trace.id).collect();
            taken.spans = SPANS
                .fetch(
                    connection,
                    ids,
                    |_| {},
                    |binds, id| {
                        binds.add(id);
                    },
                )
                .await?;
        }
    }
    drop_traces(connection, taken, going).await
}

/// Takes scores and events of the traces; `false` when there are more than one piece may take.
async fn take_hanging(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    going: &[Going],
) -> Result<bool, StoreError> {
    let project = taken.project;
    let first = |binds: &mut super::statement::Binds| {
        binds.add(project);
    };
    let ids = going.iter().map(|trace| trace.trace_id).collect();
    let scores = SCORES
        .fetch(connection, ids, first, |binds, id: [u8; 16]| {
            binds.add(id.to_vec());
        })
        .await?;
    for row in &scores {
        taken.score(row, 0)?;
    }
    let ids = going.iter().map(|trace| hex(&trace.trace_id)).collect();
    let events = EVENTS
        .fetch(connection, ids, first, |binds, id: String| {
            binds.add(id);
        })
        .await?;
    for row in &events {
        taken.event(row)?;
    }
    Ok(scores.len() < HANGING && events.len() < HANGING)
}

/// Takes the traces themselves, and what hangs on sessions that have none left.
async fn drop_traces(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    going: Vec<Going>,
) -> Result<(), StoreError> {
    let project = taken.project;
    let (user, session, trace) =
        (UnitKind::User.to_string(), UnitKind::Session.to_string(), UnitKind::Trace.to_string());
    let mut links = Vec::new();
    let mut sessions = BTreeSet::new();
    for one in &going {
        links.extend(one.summary.links.keys().map(|(prompt, version)| (*prompt, *version, one.start_ns, one.trace_id)));
        taken.units.insert((trace.clone(), hex(&one.trace_id)));
        taken.notes.extend(one.user.clone().map(|id| (user.clone(), id)));
        sessions.extend(one.session.clone());
    }
    taken.erased.traces += going.len() as u64;
    DROP_LINKS
        .run(connection, links, |binds, (prompt, version, start_ns, trace_id)| {
            binds.add(prompt).add(i64::from(version)).add(start_ns).add(trace_id.to_vec());
        })
        .await?;
    DROP_MESSAGES
        .run(connection, going.iter().map(|one| one.trace_id).collect(), |binds, id: [u8; 16]| {
            binds.add(project).add(id.to_vec());
        })
        .await?;
    // The rows of spans were read already, so their traces may go before them.
    DROP_TRACES
        .run(connection, going.iter().map(|one| one.id).collect(), |binds, id: i64| {
            binds.add(id);
        })
        .await?;
    for id in sessions {
        let left: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM trace WHERE project = ? AND session_id = ?)")
            .bind(project)
            .bind(&id)
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        if left {
            taken.notes.insert((session.clone(), id.clone()));
            taken.sessions.insert(id);
            continue;
        }
        let ask = |question: &'static str| sqlx::query(question).bind(project).bind(id.clone());
        for row in ask(SCORES_OF_SESSION).fetch_all(&mut *connection).await.map_err(from_sqlx)? {
            taken.score(&row, 0)?;
        }
        for row in ask(EVENTS_OF_SESSION).fetch_all(&mut *connection).await.map_err(from_sqlx)? {
            taken.event(&row)?;
        }
        taken.units.insert((session.clone(), id));
    }
    Ok(())
}

/// A trace's id as it is written, which is also its id as a unit.
fn hex(id: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*id))
}
