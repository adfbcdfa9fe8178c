//! The totals of generations that a step of the fold touches: by the hour, by the day, and by day and unit group.

use std::collections::BTreeSet;

use domain::time::HOUR_NS;
use sqlx::{Row as _, SqliteConnection};
use store::{StoreError, event::SpanTotals};

use super::{
    append::Memory,
    books::{BINS_OF_GROUPS, SPAN_DAYS, SPAN_GROUPS, SPAN_HOURS},
    cell::{CellKey, HOURS_A_DAY},
    fold::{Change, words},
    group::{GroupBins, GroupSums, Grouped, spread_group},
    ledger::Ledger,
    record,
    statement::Statement,
};
use crate::error::from_sqlx;

/// Rows read at a time when a cell's first or last generation is looked for.
const PAGE: i64 = 64;
/// Hours whose ends are looked for together; each is read with the others of its day.
const STALE: usize = 16;

static PUT_STALE: Statement = Statement::new("INSERT OR IGNORE INTO stale_cell (key) VALUES ", "(?)", "");

/// Takes out what was, puts in what is. Gives the cells whose first or last generation was taken out.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    changes: &[Change],
) -> Result<BTreeSet<CellKey>, StoreError> {
    let mut moves = Vec::with_capacity(changes.len());
    for Change { before, now } in changes {
        // When only the unit turned out to be another, the hours stay as they are.
        let by_hour = match (before, now) {
            (Some(before), Some(now)) => !before.same_but_group(now),
            _ => true,
        };
        if by_hour || before != now {
            moves.extend(before.iter().map(|one| (one, -1, by_hour)));
            moves.extend(now.iter().map(|one| (one, 1, by_hour)));
        }
    }
    let timed = || moves.iter().filter(|(.., by_hour)| *by_hour).map(|(one, sign, _)| (*one, *sign));
    let all = || moves.iter().map(|(one, sign, _)| (*one, *sign));
    let mut stale = BTreeSet::new();
    let hours = timed().map(|(one, sign)| (one.key.of_hour(), (one, sign))).collect();
    Ledger::<SpanTotals, 8>::change(&SPAN_HOURS, connection, hours, |totals, (one, sign)| {
        if *sign < 0 && (totals.first_ns == Some(one.start_ns) || totals.last_ns == Some(one.start_ns)) {
            stale.insert(one.key);
        }
        one.count(totals, *sign);
        Ok(())
    })
    .await?;
    let days = timed().map(|(one, sign)| (one.key.of_day(), (one, sign))).collect();
    Ledger::<SpanTotals, 8>::change(&SPAN_DAYS, connection, days, |totals, (one, sign)| {
        one.count(totals, *sign);
        Ok(())
    })
    .await?;
    let groups = all().map(|(one, sign)| (one.key.of_groups(), (one, sign))).collect();
    Ledger::<Grouped<GroupSums>, 6>::change(&SPAN_GROUPS, connection, groups, |groups, (one, sign)| {
        one.count_in_group(groups.get_mut(spread_group(one.group))?, *sign);
        Ok(())
    })
    .await?;
    let bins = all().map(|(one, sign)| (one.key.of_group(one.group), (one, sign))).collect();
    Ledger::<GroupBins, 7>::change(&BINS_OF_GROUPS, connection, bins, |bins, (one, sign)| {
        one.count_in_bins(bins, *sign);
        Ok(())
    })
    .await?;
    Ok(stale)
}

/// Finds first and last generations again where they were taken out. Only while the journal is empty: then every folded span
/// is as the cells have it. Until then the cells are noted.
pub(super) async fn settle_ends(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    mut stale: BTreeSet<CellKey>,
    journal_empty: bool,
) -> Result<(), StoreError> {
    if !journal_empty {
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
            stale.insert(CellKey::unpack(key)?);
        }
        sqlx::query("DELETE FROM stale_cell").execute(&mut *connection).await.map_err(from_sqlx)?;
    }
    let stale: Vec<CellKey> = stale.into_iter().collect();
    for some in stale.chunks(STALE) {
        settle(connection, memory, some).await?;
    }
    Ok(())
}

/// The ends of some hours and of their days. A day the rest of whose hours comes later is right once the last of them was here.
async fn settle(connection: &mut SqliteConnection, memory: &mut Memory, stale: &[CellKey]) -> Result<(), StoreError> {
    let hours_of = |key: &CellKey| {
        let first = key.hour.div_euclid(HOURS_A_DAY).saturating_mul(HOURS_A_DAY);
        let key = *key;
        (0..HOURS_A_DAY).map(move |hour| CellKey { hour: first.saturating_add(hour), ..key }.of_hour())
    };
    let wanted = stale.iter().flat_map(hours_of).collect();
    let mut hours: Ledger<SpanTotals, 8> = Ledger::load(&SPAN_HOURS, connection, wanted).await?;
    for key in stale {
        if hours.get(&key.of_hour()).is_none_or(|totals| totals.count == 0) {
            continue;
        }
        let first = end_of_cell(connection, memory, key, true).await?;
        let last = end_of_cell(connection, memory, key, false).await?;
        if let Some(totals) = hours.get_mut(&key.of_hour()) {
            (totals.first_ns, totals.last_ns) = (first, last);
        }
    }
    let mut days: Ledger<SpanTotals, 8> =
        Ledger::load(&SPAN_DAYS, connection, stale.iter().map(CellKey::of_day).collect()).await?;
    for key in stale {
        let (mut first, mut last) = (None, None);
        for hour in hours_of(key) {
            let Some(totals) = hours.get(&hour).filter(|totals| totals.count > 0) else { continue };
            first = [first, totals.first_ns].into_iter().flatten().min();
            last = [last, totals.last_ns].into_iter().flatten().max();
        }
        if let Some(totals) = days.get_mut(&key.of_day()) {
            (totals.first_ns, totals.last_ns) = (first, last);
        }
    }
    hours.write(connection).await?;
    days.write(connection).await
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
        "SELECT span.start_ns, span.seq, span.span_id, span.data, span.segment, trace.segment FROM span INDEXED BY span_link \
         CROSS JOIN trace ON trace.id = span.trace WHERE span.prompt = ?1 AND span.version = ?2 AND span.start_ns >= ?3 \
         AND span.start_ns <= ?4 AND (?5 IS NULL OR (span.start_ns, span.seq) > (?5, ?6)) \
         ORDER BY span.start_ns, span.seq LIMIT ?7"
    } else {
        "SELECT span.start_ns, span.seq, span.span_id, span.data, span.segment, trace.segment FROM span INDEXED BY span_link \
         CROSS JOIN trace ON trace.id = span.trace WHERE span.prompt = ?1 AND span.version = ?2 AND span.start_ns >= ?3 \
         AND span.start_ns <= ?4 AND (?5 IS NULL OR (span.start_ns, span.seq) < (?5, ?6)) \
         ORDER BY span.start_ns DESC, span.seq DESC LIMIT ?7"
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
            let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
            let (start_ns, seq) = (get(0)?, get(1)?);
            at = Some((start_ns, seq));
            if first {
                from = start_ns;
            } else {
                to = start_ns;
            }
            if seq > memory.watermark {
                continue;
            }
            let span = record::span_from_column(get(2)?);
            let narrow = record::unpack(row.try_get(3).map_err(from_sqlx)?, span, start_ns)?;
            let (model, environment) = words(connection, &mut memory.dictionary, key.project, &narrow).await?;
            let (own, of_trace) = (get(4)?, get(5)?);
            let segment = if own == 0 { of_trace } else { own };
            if (model, environment, segment) == (key.model, key.environment, key.segment) {
                return Ok(Some(start_ns));
            }
        }
        if (rows.len() as i64) < PAGE {
            return Ok(None);
        }
    }
}
