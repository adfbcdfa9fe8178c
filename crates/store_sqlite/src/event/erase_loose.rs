//! Taking events away that belong to no trace: found by a reader, who walks through them in order of arrival, and taken by the
//! writer, who is told which; those of a user are found by their unit.

use domain::{experiment::UnitKind, ids::TraceId, time::TimeUs};
use sqlx::{Row as _, SqliteConnection, SqlitePool, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{ErasePlace, LooseEvents, LooseFound},
};

use super::{append::unit_of, erase::Taken, prepare, statement::Statement};
use crate::error::from_sqlx;

/// Sorts of events, in the order they are walked through.
const SCORES: u8 = 0;
const EVENTS: u8 = 1;
const MESSAGES: u8 = 2;
/// Rows looked at by one look.
const LOOK: i64 = 1_000;

const NEXT_SCORES: &str =
    "SELECT seq, data FROM score INDEXED BY score_arrival WHERE project = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
const NEXT_EVENTS: &str =
    "SELECT seq, at_us FROM outcome INDEXED BY outcome_arrival WHERE project = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
/// Traces that messages are of, and whether each is there: messages of those that are go with them.
const NEXT_MESSAGES: &str = "SELECT bounded.trace_id, EXISTS (SELECT 1 FROM trace WHERE trace.project = ?1 AND \
     trace.trace_id = bounded.trace_id) FROM (SELECT DISTINCT trace_id FROM message WHERE project = ?1 AND trace_id > ?2 \
     ORDER BY trace_id LIMIT ?3) AS bounded";
const EVENTS_OF_USER: &str = "SELECT seq, data FROM outcome WHERE project = ?1 AND kind = ?2 AND unit = ?3 LIMIT ?4";

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 4] = [NEXT_SCORES, NEXT_EVENTS, NEXT_MESSAGES, EVENTS_OF_USER];

static OLD_SCORES: Statement = Statement::new(
    "SELECT score.seq, score_fold.data, score.data, score.trace_id, score.session_id FROM score LEFT JOIN score_fold \
     ON score_fold.seq = score.seq WHERE +score.project = ? AND score.seq IN (",
    "?",
    ")",
);
static OLD_EVENTS: Statement =
    Statement::new("SELECT seq, data, at_us FROM outcome WHERE +project = ? AND seq IN (", "?", ")");
static DROP_MESSAGES: Statement = Statement::new(
    "DELETE FROM message WHERE project = ?1 AND at_ns < ?2 AND NOT EXISTS (SELECT 1 FROM trace \
     WHERE trace.project = message.project AND trace.trace_id = message.trace_id) AND trace_id IN (",
    "?",
    ")",
);

/// Looks through some events, from a place on.
pub(super) async fn find(
    pool: &SqlitePool,
    project: i64,
    before: TimeUs,
    from: &ErasePlace,
) -> Result<LooseFound, StoreError> {
    let mut found = LooseFound::default();
    let loose = &mut found.loose;
    let question = match from.sort {
        SCORES => NEXT_SCORES,
        EVENTS => NEXT_EVENTS,
        MESSAGES => NEXT_MESSAGES,
        _ => return Ok(found),
    };
    let ask = sqlx::query(question).bind(project);
    let ask = if from.sort == MESSAGES {
        let after = u128::from_str_radix(&from.after, 16).map_or_else(|_| Vec::new(), |id| id.to_be_bytes().to_vec());
        ask.bind(after)
    } else {
        ask.bind(from.after.parse::<i64>().unwrap_or(0))
    };
    let rows = ask.bind(LOOK).fetch_all(pool).await.map_err(from_sqlx)?;
    let mut last = None;
    for row in &rows {
        if from.sort == MESSAGES {
            let id = trace(row)?;
            let is_there: bool = row.try_get(1).map_err(from_sqlx)?;
            loose.messages.extend((!is_there).then_some(id));
            last = Some(id.to_string());
            continue;
        }
        let seq: i64 = row.try_get(0).map_err(from_sqlx)?;
        last = Some(seq.to_string());
        if from.sort == SCORES {
            let (record, _) = prepare::unpack_score(row.try_get(1).map_err(from_sqlx)?)?;
            loose.scores.extend((record.score.at_us < before).then_some(seq));
        } else {
            let at: i64 = row.try_get(1).map_err(from_sqlx)?;
            loose.events.extend((at < before.0).then_some(seq));
        }
    }
    // At the end of a sort, the next one begins.
    let next = match last.filter(|_| rows.len() as i64 >= LOOK) {
        Some(after) => ErasePlace { sort: from.sort, after },
        None => ErasePlace { sort: from.sort + 1, after: String::new() },
    };
    found.next = (next.sort <= MESSAGES).then_some(next);
    Ok(found)
}

fn trace(row: &SqliteRow) -> Result<TraceId, StoreError> {
    let id: &[u8] = row.try_get(0).map_err(from_sqlx)?;
    TraceId::from_slice(id).map_err(|_| StoreError::Corrupt("a trace's id cannot be read".to_owned()))
}

/// Takes some of the events found, as long as they are as old as they were: a score or event may have been sent again since.
pub(super) async fn take(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    before: TimeUs,
    loose: &LooseEvents,
    rows: i64,
) -> Result<(), StoreError> {
    let project = taken.project;
    let numbers = async |connection: &mut SqliteConnection, statement: &Statement, list: &[i64]| {
        let first = |binds: &mut super::statement::Binds| {
            binds.add(project);
        };
        let bind = |binds: &mut super::statement::Binds, seq: i64| {
            binds.add(seq);
        };
        statement.fetch(connection, list.to_vec(), first, bind).await
    };
    let mut left = rows;
    for row in numbers(connection, &OLD_SCORES, &loose.scores).await? {
        let (record, _) = prepare::unpack_score(row.try_get(2).map_err(from_sqlx)?)?;
        if record.score.at_us >= before {
            continue;
        }
        if left == 0 {
            taken.erased.more = true;
            return Ok(());
        }
        left -= 1;
        taken.score(&row, 0)?;
        let trace: Option<&[u8]> = row.try_get(3).map_err(from_sqlx)?;
        let about = unit_of(trace.and_then(|id| id.try_into().ok()), row.try_get(4).map_err(from_sqlx)?);
        taken.notes.extend(about);
    }
    for row in numbers(connection, &OLD_EVENTS, &loose.events).await? {
        if row.try_get::<i64, _>(2).map_err(from_sqlx)? >= before.0 {
            continue;
        }
        if left == 0 {
            taken.erased.more = true;
            return Ok(());
        }
        left -= 1;
        taken.event(&row)?;
    }
    let until_ns = before.0.saturating_mul(1000);
    let ids = loose.messages.iter().map(|id| id.as_bytes().to_vec()).collect();
    DROP_MESSAGES
        .fetch(
            connection,
            ids,
            |binds| {
                binds.add(project).add(until_ns);
            },
            |binds, id| {
                binds.add(id);
            },
        )
        .await?;
    Ok(())
}

/// Some events about a user, and then the user as a unit of experiments.
pub(super) async fn of_user(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    user: &str,
    rows: i64,
) -> Result<(), StoreError> {
    let kind = UnitKind::User.to_string();
    let found = sqlx::query(EVENTS_OF_USER)
        .bind(taken.project)
        .bind(&kind)
        .bind(user)
        .bind(rows)
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    for row in &found {
        taken.event(row)?;
    }
    taken.erased.more = found.len() as i64 >= rows;
    taken.units.insert((kind, user.to_owned()));
    Ok(())
}
