//! Taking events away that belong to no trace: walked through in order of arrival, or found by their unit.

use domain::{experiment::UnitKind, time::TimeUs};
use sqlx::{Row as _, SqliteConnection};
use store::{
    StoreError,
    event::{ErasePlace, Erased},
};

use super::{append::unit_of, erase::Taken, prepare};
use crate::error::from_sqlx;

/// Sorts of events, in the order they are walked through.
const SCORES: u8 = 0;
const EVENTS: u8 = 1;
const MESSAGES: u8 = 2;

const NEXT_SCORES: &str = "SELECT score.seq, score_fold.data, score.data, score.trace_id, score.session_id FROM score \
     INDEXED BY score_arrival LEFT JOIN score_fold ON score_fold.seq = score.seq \
     WHERE score.project = ?1 AND score.seq > ?2 ORDER BY score.seq LIMIT ?3";
const NEXT_EVENTS: &str = "SELECT seq, data, at_us FROM outcome INDEXED BY outcome_arrival \
     WHERE project = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
const NEXT_MESSAGES: &str =
    "SELECT DISTINCT trace_id FROM message WHERE project = ?1 AND trace_id > ?2 ORDER BY trace_id LIMIT ?3";
const EVENTS_OF_USER: &str = "SELECT seq, data FROM outcome WHERE project = ?1 AND kind = ?2 AND unit = ?3 LIMIT ?4";

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 4] = [NEXT_SCORES, NEXT_EVENTS, NEXT_MESSAGES, EVENTS_OF_USER];

fn place(erased: &mut Erased, sort: u8, after: Option<String>) {
    // At the end of a sort, the next one begins.
    erased.place = match after {
        Some(after) => ErasePlace { sort, after },
        None => ErasePlace { sort: sort + 1, after: String::new() },
    };
    erased.more = erased.place.sort <= MESSAGES;
}

/// Some of what happened before an instant.
pub(super) async fn before(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    at: TimeUs,
    from: &ErasePlace,
    rows: i64,
) -> Result<(), StoreError> {
    let after = match from.sort {
        SCORES => scores(connection, taken, at, &from.after, rows).await?,
        EVENTS => events(connection, taken, at, &from.after, rows).await?,
        MESSAGES => messages(connection, taken.project, at, &from.after, rows).await?,
        _ => return Ok(()),
    };
    place(&mut taken.erased, from.sort, after);
    Ok(())
}

/// The number a walk goes on after.
fn number(after: &str) -> i64 {
    after.parse().unwrap_or(0)
}

async fn scores(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    at: TimeUs,
    after: &str,
    limit: i64,
) -> Result<Option<String>, StoreError> {
    let ask = sqlx::query(NEXT_SCORES).bind(taken.project).bind(number(after)).bind(limit);
    let rows = ask.fetch_all(connection).await.map_err(from_sqlx)?;
    for row in &rows {
        let (record, _) = prepare::unpack_score(row.try_get(2).map_err(from_sqlx)?)?;
        if record.score.at_us >= at {
            continue;
        }
        taken.score(row, 0)?;
        let trace: Option<&[u8]> = row.try_get(3).map_err(from_sqlx)?;
        let about = unit_of(trace.and_then(|id| id.try_into().ok()), row.try_get(4).map_err(from_sqlx)?);
        taken.notes.extend(about);
    }
    end(&rows, limit)
}

async fn events(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    at: TimeUs,
    after: &str,
    limit: i64,
) -> Result<Option<String>, StoreError> {
    let ask = sqlx::query(NEXT_EVENTS).bind(taken.project).bind(number(after)).bind(limit);
    let rows = ask.fetch_all(connection).await.map_err(from_sqlx)?;
    for row in &rows {
        if row.try_get::<i64, _>(2).map_err(from_sqlx)? < at.0 {
            taken.event(row)?;
        }
    }
    end(&rows, limit)
}

/// Where to go on: after the last of as many rows as were asked for.
fn end(rows: &[sqlx::sqlite::SqliteRow], limit: i64) -> Result<Option<String>, StoreError> {
    let Some(last) = rows.last().filter(|_| rows.len() as i64 >= limit) else { return Ok(None) };
    Ok(Some(last.try_get::<i64, _>(0).map_err(from_sqlx)?.to_string()))
}

/// Messages of spans whose trace never came; the others went with it.
async fn messages(
    connection: &mut SqliteConnection,
    project: i64,
    at: TimeUs,
    after: &str,
    limit: i64,
) -> Result<Option<String>, StoreError> {
    let after = u128::from_str_radix(after, 16).map_or_else(|_| Vec::new(), |id| id.to_be_bytes().to_vec());
    let ids: Vec<Vec<u8>> = sqlx::query_scalar(NEXT_MESSAGES)
        .bind(project)
        .bind(after)
        .bind(limit)
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    for id in &ids {
        sqlx::query(
            "DELETE FROM message WHERE project = ?1 AND trace_id = ?2 AND at_ns < ?3 \
             AND NOT EXISTS (SELECT 1 FROM trace WHERE trace.project = ?1 AND trace.trace_id = ?2)",
        )
        .bind(project)
        .bind(id)
        .bind(at.0.saturating_mul(1000))
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    }
    let last = ids.last().filter(|_| ids.len() as i64 >= limit);
    Ok(last
        .and_then(|id| <[u8; 16]>::try_from(id.as_slice()).ok())
        .map(|id| format!("{:032x}", u128::from_be_bytes(id))))
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
