//! Folding events into totals, a bounded step at a time.
//!
//! One step is one transaction: it takes out and puts in what the journal says changed, adds spans beyond the watermark in
//! order of arrival, and moves the watermark. Scores are looked at only when no span waits: then every span a score could
//! count by is as the totals have it, so what a score adds depends on the events alone. Segments are sorted anew when nothing
//! else is to be done ([`segment`]).

use std::collections::BTreeSet;

use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteRow};
use store::StoreError;

use super::{
    append::Memory,
    cell::{Contribution, Placed},
    dictionary::{Dictionary, WordKind},
    fold_score, fold_span, fold_unit,
    home::Home,
    record::{self, Narrow},
    segment,
};
use crate::{error::from_sqlx, pool::sync_commits};

/// Spans looked at in one step.
const SPANS: i64 = 10_000;
/// Journal entries taken in one step.
const ENTRIES: i64 = 4_000;

/// A change of one generation's contribution.
#[derive(Default)]
pub(super) struct Change {
    pub(super) before: Option<Contribution>,
    pub(super) now: Option<Contribution>,
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

/// What a row adds now, if anything, that holds from a column on `project, trace, span_id, start_ns, prompt, version, segment,
/// data` of a span and `unit_group, segment` of its trace.
pub(super) async fn contribution(
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
    let narrow = record::unpack(row.try_get(column + 7).map_err(from_sqlx)?, span, get(3)?)?;
    let (model, environment) = words(connection, dictionary, project, &narrow).await?;
    let home = Home::read(row, column + 8)?;
    let placed =
        Placed { link: (prompt, version), model, environment, segment: home.segment_of(get(6)?), group: home.group };
    Ok(Some(Contribution::of(&narrow, project, placed)))
}

/// Folds one step. Says whether more waits. Its commit does not wait for the disk: totals follow from events, and what a power cut
/// takes of them is folded again. After a failure commits may still not wait ([`sync_commits`]).
pub(super) async fn step(connection: &mut SqliteConnection, memory: &mut Memory) -> Result<bool, StoreError> {
    if !memory.waiting && memory.watermark >= memory.last_span {
        return Ok(false);
    }
    sync_commits(connection, false).await?;
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    let more = step_within(&mut transaction, memory).await?;
    transaction.commit().await.map_err(from_sqlx)?;
    sync_commits(connection, true).await?;
    memory.waiting = more;
    Ok(more)
}

async fn step_within(connection: &mut SqliteConnection, memory: &mut Memory) -> Result<bool, StoreError> {
    // Traces, by project, whose generations are not what scores were last folded by.
    let mut touched: BTreeSet<(i64, i64)> = BTreeSet::new();
    let mut changes = Vec::new();
    let journal_empty = read_journal(connection, memory, &mut changes, &mut touched).await?;
    read_fresh(connection, memory, &mut changes, &mut touched).await?;
    let stale = fold_span::apply(connection, &changes).await?;
    fold_span::settle_ends(connection, memory, stale, journal_empty).await?;
    fold_score::mark(connection, touched).await?;
    let units_wait = fold_unit::step(connection, memory).await?;
    if units_wait || !journal_empty || memory.watermark < memory.last_span {
        return Ok(true);
    }
    if fold_score::fold(connection, memory).await? {
        return Ok(true);
    }
    segment::step(connection, memory).await
}

async fn read_journal(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    changes: &mut Vec<Change>,
    touched: &mut BTreeSet<(i64, i64)>,
) -> Result<bool, StoreError> {
    const QUESTION: &str = "SELECT journal.seq, journal.before, span.project, span.trace, span.span_id, span.start_ns, \
         span.prompt, span.version, span.segment, span.data, trace.unit_group, trace.segment FROM journal \
         CROSS JOIN span ON span.seq = journal.seq CROSS JOIN trace ON trace.id = span.trace ORDER BY journal.seq LIMIT ?";
    let rows = sqlx::query(QUESTION).bind(ENTRIES).fetch_all(&mut *connection).await.map_err(from_sqlx)?;
    for row in &rows {
        let before: &[u8] = row.try_get(1).map_err(from_sqlx)?;
        changes.push(Change {
            before: if before.is_empty() { None } else { Some(Contribution::unpack(before)?) },
            now: contribution(connection, &mut memory.dictionary, row, 2).await?,
        });
        touched.insert((row.try_get(2).map_err(from_sqlx)?, row.try_get(3).map_err(from_sqlx)?));
    }
    if let Some(last) = rows.last() {
        let last: i64 = last.try_get(0).map_err(from_sqlx)?;
        sqlx::query("DELETE FROM journal WHERE seq <= ?").bind(last).execute(connection).await.map_err(from_sqlx)?;
    }
    Ok((rows.len() as i64) < ENTRIES)
}

async fn read_fresh(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    changes: &mut Vec<Change>,
    touched: &mut BTreeSet<(i64, i64)>,
) -> Result<(), StoreError> {
    // NOT INDEXED: by row number, never by the partial index of generations.
    const QUESTION: &str = "SELECT span.project, span.trace, span.span_id, span.start_ns, span.prompt, span.version, \
         span.segment, span.data, trace.unit_group, trace.segment FROM span NOT INDEXED CROSS JOIN trace \
         ON trace.id = span.trace WHERE span.seq > ? AND span.seq <= ? AND span.prompt IS NOT NULL ORDER BY span.seq";
    let to = memory.last_span.min(memory.watermark.saturating_add(SPANS));
    if to <= memory.watermark {
        return Ok(());
    }
    let rows =
        sqlx::query(QUESTION).bind(memory.watermark).bind(to).fetch_all(&mut *connection).await.map_err(from_sqlx)?;
    for row in &rows {
        let now = contribution(connection, &mut memory.dictionary, row, 0).await?;
        changes.push(Change { before: None, now });
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
        "DELETE FROM cell_span; DELETE FROM cell_score; DELETE FROM day_span; DELETE FROM day_score; \
         DELETE FROM group_span; DELETE FROM group_bins; DELETE FROM group_score; \
         DELETE FROM score_fold; DELETE FROM score_place; DELETE FROM journal; DELETE FROM stale_cell; \
         DELETE FROM dirty_session; UPDATE watermark SET span = 0; UPDATE unit SET state = NULL; \
         DELETE FROM unit_block; DELETE FROM unit_bins; \
         INSERT OR IGNORE INTO dirty_unit (project, kind, unit) SELECT trial.project, trial.kind, unit.unit \
         FROM trial CROSS JOIN unit ON unit.trial = trial.id WHERE trial.kind IS NOT NULL; \
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
