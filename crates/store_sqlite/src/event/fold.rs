//! Folding events into totals, a bounded step at a time.
//!
//! One step is one transaction: it takes out and puts in what the journal says changed, adds spans beyond the watermark in
//! order of arrival, and moves the watermark. Scores are looked at only when no span waits: then every span a score could
//! count by is as the totals have it, so what a score adds depends on the events alone.

use std::collections::{BTreeMap, BTreeSet};

use domain::time::HOUR_NS;
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteRow};
use store::{StoreError, event::SpanTotals};

use super::{
    append::Memory,
    cell::{self, CellKey, Contribution},
    dictionary::{Dictionary, WordKind},
    fold_score,
    record::{self, Narrow},
    statement::Statement,
};
use crate::error::from_sqlx;

/// Spans looked at in one step.
const SPANS: i64 = 10_000;
/// Journal entries taken in one step.
const ENTRIES: i64 = 4_000;
/// Rows read at a time when a cell's first or last generation is looked for.
const PAGE: i64 = 64;

static PUT_CELLS: Statement = Statement::new(
    "INSERT OR REPLACE INTO cell_span (project, prompt, hour, version, model, environment, segment, arm, data) VALUES ",
    "(?,?,?,?,?,?,0,0,?)",
    "",
);
static DROP_CELLS: Statement = Statement::new(
    "DELETE FROM cell_span WHERE (project, prompt, hour, version, model, environment, segment, arm) IN (VALUES ",
    "(?,?,?,?,?,?,0,0)",
    ")",
);
static PUT_STALE: Statement = Statement::new("INSERT OR IGNORE INTO stale_cell (key) VALUES ", "(?)", "");

/// Cells touched by a step.
#[derive(Default)]
struct Cells {
    held: BTreeMap<CellKey, SpanTotals>,
    /// Cells whose first or last generation was taken out.
    stale: BTreeSet<CellKey>,
}

impl Cells {
    async fn load(&mut self, connection: &mut SqliteConnection, key: CellKey) -> Result<(), StoreError> {
        if self.held.contains_key(&key) {
            return Ok(());
        }
        let data: Option<Vec<u8>> = sqlx::query_scalar(
            "SELECT data FROM cell_span WHERE project = ? AND prompt = ? AND hour = ? AND version = ? AND model = ? \
             AND environment = ? AND segment = 0 AND arm = 0",
        )
        .bind(key.project)
        .bind(key.prompt)
        .bind(key.hour)
        .bind(key.version)
        .bind(key.model)
        .bind(key.environment)
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
        let totals = data.map_or_else(|| Ok(SpanTotals::default()), |data| cell::unpack_span_totals(&data))?;
        self.held.insert(key, totals);
        Ok(())
    }

    async fn count(
        &mut self,
        connection: &mut SqliteConnection,
        one: &Contribution,
        sign: i64,
    ) -> Result<(), StoreError> {
        self.load(connection, one.key).await?;
        let Some(totals) = self.held.get_mut(&one.key) else { return Ok(()) };
        if sign < 0 && (totals.first_ns == Some(one.start_ns) || totals.last_ns == Some(one.start_ns)) {
            self.stale.insert(one.key);
        }
        cell::count_span(totals, one, sign);
        Ok(())
    }

    /// Finds first and last generations again where they were taken out. Only while the journal is empty: then every folded
    /// span is as the cells have it. Until then the cells are noted.
    async fn settle_ends(
        &mut self,
        connection: &mut SqliteConnection,
        memory: &mut Memory,
        journal_empty: bool,
    ) -> Result<(), StoreError> {
        if !journal_empty {
            let stale = std::mem::take(&mut self.stale);
            return PUT_STALE
                .run(connection, stale.into_iter().collect(), |binds, key| {
                    binds.add(key.pack());
                })
                .await;
        }
        let noted: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT key FROM stale_cell").fetch_all(&mut *connection).await.map_err(from_sqlx)?;
        if !noted.is_empty() {
            for key in &noted {
                self.stale.insert(CellKey::unpack(key)?);
            }
            sqlx::query("DELETE FROM stale_cell").execute(&mut *connection).await.map_err(from_sqlx)?;
        }
        for key in std::mem::take(&mut self.stale) {
            self.load(connection, key).await?;
            if self.held.get(&key).is_none_or(|totals| totals.count == 0) {
                continue;
            }
            let first = end_of_cell(connection, memory, &key, true).await?;
            let last = end_of_cell(connection, memory, &key, false).await?;
            if let Some(totals) = self.held.get_mut(&key) {
                (totals.first_ns, totals.last_ns) = (first, last);
            }
        }
        Ok(())
    }

    async fn write(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let (empty, full): (Vec<_>, Vec<_>) = self.held.into_iter().partition(|(_, totals)| totals.count == 0);
        let bind_key = |binds: &mut super::statement::Binds, key: CellKey| {
            binds.add(key.project).add(key.prompt).add(key.hour).add(key.version).add(key.model).add(key.environment);
        };
        PUT_CELLS
            .run(connection, full, |binds, (key, totals)| {
                bind_key(binds, key);
                binds.add(cell::pack_span_totals(&totals));
            })
            .await?;
        DROP_CELLS.run(connection, empty, |binds, (key, _)| bind_key(binds, key)).await
    }
}

/// The start of the first or last folded generation of a cell.
async fn end_of_cell(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    key: &CellKey,
    first: bool,
) -> Result<Option<i64>, StoreError> {
    let clamp = |ns: i128| ns.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
    let from = clamp(i128::from(key.hour) * i128::from(HOUR_NS));
    let to = clamp((i128::from(key.hour) + 1) * i128::from(HOUR_NS) - 1);
    // The index holds these rows in this order; it is followed until one is of this cell.
    let question = if first {
        "SELECT start_ns, seq, span_id, data FROM span INDEXED BY span_link WHERE prompt = ?1 AND version = ?2 \
         AND start_ns >= ?3 AND start_ns <= ?4 AND (?5 IS NULL OR (start_ns, seq) > (?5, ?6)) \
         ORDER BY start_ns, seq LIMIT ?7"
    } else {
        "SELECT start_ns, seq, span_id, data FROM span INDEXED BY span_link WHERE prompt = ?1 AND version = ?2 \
         AND start_ns >= ?3 AND start_ns <= ?4 AND (?5 IS NULL OR (start_ns, seq) < (?5, ?6)) \
         ORDER BY start_ns DESC, seq DESC LIMIT ?7"
    };
    let mut at: Option<(i64, i64)> = None;
    // The bounds move with the page, so that a page is found by the index and not by skipping.
    let (mut from, mut to) = (from, to);
    loop {
        let rows = sqlx::query(question)
            .bind(key.prompt)
            .bind(key.version)
            .bind(from)
            .bind(to)
            .bind(at.map(|at| at.0))
            .bind(at.map(|at| at.1))
            .bind(PAGE)
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        for row in &rows {
            let start_ns: i64 = row.try_get(0).map_err(from_sqlx)?;
            let seq: i64 = row.try_get(1).map_err(from_sqlx)?;
            at = Some((start_ns, seq));
            if first {
                from = start_ns;
            } else {
                to = start_ns;
            }
            if seq > memory.watermark {
                continue;
            }
            let span = record::span_from_column(row.try_get(2).map_err(from_sqlx)?);
            let narrow = record::unpack(row.try_get(3).map_err(from_sqlx)?, span, start_ns)?;
            let (model, environment) = words(connection, &mut memory.dictionary, key.project, &narrow).await?;
            if (model, environment) == (key.model, key.environment) {
                return Ok(Some(start_ns));
            }
        }
        if (rows.len() as i64) < PAGE {
            return Ok(None);
        }
    }
}

pub(super) async fn words(
    connection: &mut SqliteConnection,
    dictionary: &mut Dictionary,
    project: i64,
    span: &Narrow<'_>,
) -> Result<(i64, i64), StoreError> {
    let model = dictionary.word(connection, project, WordKind::Model, span.model.unwrap_or("")).await?;
    let environment = dictionary.word(connection, project, WordKind::Environment, span.environment).await?;
    Ok((model, environment))
}

/// What a row that holds `project, trace, span_id, start_ns, prompt, version, data` from a column on adds now, if anything.
async fn contribution(
    connection: &mut SqliteConnection,
    dictionary: &mut Dictionary,
    row: &SqliteRow,
    column: usize,
) -> Result<Option<Contribution>, StoreError> {
    let get = |offset: usize| row.try_get::<i64, _>(column + offset).map_err(from_sqlx);
    let prompt: Option<i64> = row.try_get(column + 4).map_err(from_sqlx)?;
    let Some(prompt) = prompt else { return Ok(None) };
    let version = u32::try_from(get(5)?).map_err(StoreError::backend)?;
    let project = get(0)?;
    let span = record::span_from_column(get(2)?);
    let narrow = record::unpack(row.try_get(column + 6).map_err(from_sqlx)?, span, get(3)?)?;
    let (model, environment) = words(connection, dictionary, project, &narrow).await?;
    Ok(Some(Contribution::of(&narrow, project, (prompt, version), model, environment)))
}

/// Folds one step. Says whether more waits.
pub(super) async fn step(connection: &mut SqliteConnection, memory: &mut Memory) -> Result<bool, StoreError> {
    if !memory.waiting && memory.watermark >= memory.last_span {
        return Ok(false);
    }
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    let more = step_within(&mut transaction, memory).await?;
    transaction.commit().await.map_err(from_sqlx)?;
    memory.waiting = more;
    Ok(more)
}

async fn step_within(connection: &mut SqliteConnection, memory: &mut Memory) -> Result<bool, StoreError> {
    let mut cells = Cells::default();
    // Traces, by project, whose generations are not what scores were last folded by.
    let mut touched: BTreeSet<(i64, i64)> = BTreeSet::new();
    let journal_empty = fold_journal(connection, memory, &mut cells, &mut touched).await?;
    fold_fresh(connection, memory, &mut cells, &mut touched).await?;
    cells.settle_ends(connection, memory, journal_empty).await?;
    cells.write(connection).await?;
    fold_score::mark(connection, touched).await?;
    if !journal_empty || memory.watermark < memory.last_span {
        return Ok(true);
    }
    fold_score::fold(connection, memory).await
}

async fn fold_journal(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    cells: &mut Cells,
    touched: &mut BTreeSet<(i64, i64)>,
) -> Result<bool, StoreError> {
    let rows = sqlx::query(
        "SELECT journal.seq, journal.before, span.project, span.trace, span.span_id, span.start_ns, span.prompt, \
         span.version, span.data FROM journal CROSS JOIN span ON span.seq = journal.seq ORDER BY journal.seq LIMIT ?",
    )
    .bind(ENTRIES)
    .fetch_all(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    for row in &rows {
        let before: &[u8] = row.try_get(1).map_err(from_sqlx)?;
        if !before.is_empty() {
            cells.count(connection, &Contribution::unpack(before)?, -1).await?;
        }
        if let Some(now) = contribution(connection, &mut memory.dictionary, row, 2).await? {
            cells.count(connection, &now, 1).await?;
        }
        touched.insert((row.try_get(2).map_err(from_sqlx)?, row.try_get(3).map_err(from_sqlx)?));
    }
    if let Some(last) = rows.last() {
        let last: i64 = last.try_get(0).map_err(from_sqlx)?;
        sqlx::query("DELETE FROM journal WHERE seq <= ?").bind(last).execute(connection).await.map_err(from_sqlx)?;
    }
    Ok((rows.len() as i64) < ENTRIES)
}

async fn fold_fresh(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    cells: &mut Cells,
    touched: &mut BTreeSet<(i64, i64)>,
) -> Result<(), StoreError> {
    let to = memory.last_span.min(memory.watermark.saturating_add(SPANS));
    if to <= memory.watermark {
        return Ok(());
    }
    // NOT INDEXED: by row number, never by the partial index of generations.
    let rows = sqlx::query(
        "SELECT project, trace, span_id, start_ns, prompt, version, data FROM span NOT INDEXED \
         WHERE seq > ? AND seq <= ? AND prompt IS NOT NULL ORDER BY seq",
    )
    .bind(memory.watermark)
    .bind(to)
    .fetch_all(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    for row in &rows {
        if let Some(now) = contribution(connection, &mut memory.dictionary, row, 0).await? {
            cells.count(connection, &now, 1).await?;
        }
        touched.insert((row.try_get(0).map_err(from_sqlx)?, row.try_get(1).map_err(from_sqlx)?));
    }
    sqlx::query("UPDATE watermark SET span = ?").bind(to).execute(connection).await.map_err(from_sqlx)?;
    memory.watermark = to;
    Ok(())
}

/// Throws all totals away; steps from here fold everything afresh.
pub(super) async fn clear(connection: &mut SqliteConnection, memory: &mut Memory) -> Result<(), StoreError> {
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    sqlx::raw_sql(
        "DELETE FROM cell_span; DELETE FROM cell_score; DELETE FROM score_fold; DELETE FROM journal; \
         DELETE FROM stale_cell; DELETE FROM dirty_session; UPDATE watermark SET span = 0; \
         INSERT OR IGNORE INTO dirty_score (seq) SELECT seq FROM score;",
    )
    .execute(&mut *transaction)
    .await
    .map_err(from_sqlx)?;
    transaction.commit().await.map_err(from_sqlx)?;
    memory.watermark = 0;
    memory.waiting = true;
    Ok(())
}
