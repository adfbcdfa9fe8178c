//! Taking traces away with everything that hangs on them, and what hangs on sessions with their last trace.

use std::collections::BTreeMap;

use domain::{experiment::UnitKind, ids::TraceId};
use sqlx::{Row as _, SqliteConnection};
use store::StoreError;

use super::{
    append::unit_of,
    erase::Taken,
    statement::{Binds, Statement},
    summary::Summary,
};
use crate::error::from_sqlx;

/// Scores or events looked for at once; where there are more, they go first.
const HANGING: usize = 1_000;

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
const TRACES_OF_SESSION: &str =
    "SELECT count(*) FROM (SELECT 1 FROM trace WHERE project = ?1 AND session_id = ?2 LIMIT ?3) AS bounded";
const SCORES_OF_SESSION: &str = "SELECT score.seq, score_fold.data FROM score LEFT JOIN score_fold \
     ON score_fold.seq = score.seq WHERE score.project = ?1 AND score.session_id = ?2 LIMIT ?3";
const EVENTS_OF_SESSION: &str =
    "SELECT seq, data FROM outcome WHERE project = ?1 AND kind = 'session' AND unit = ?2 LIMIT ?3";

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 3] = [TRACES_OF_SESSION, SCORES_OF_SESSION, EVENTS_OF_SESSION];

static DROP_TRACES: Statement = Statement::new("DELETE FROM trace WHERE id IN (", "?", ")");
static DROP_LINKS: Statement =
    Statement::any_of("DELETE FROM trace_link WHERE ", "(prompt, version, start_ns, trace_id) = (?,?,?,?)");
static DROP_MESSAGES: Statement = Statement::any_of("DELETE FROM message WHERE ", "(project, trace_id) = (?,?)");

/// A trace that goes.
struct Going {
    id: i64,
    trace_id: [u8; 16],
    start_ns: i64,
    user: Option<String>,
    session: Option<String>,
    summary: Summary,
}

impl Going {
    /// How many spans it has.
    fn spans(&self) -> i64 {
        i64::try_from(self.summary.spans).unwrap_or(i64::MAX)
    }
}

/// Takes some of these traces, about so many rows; a larger one alone, in pieces.
pub(super) async fn take_traces(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    traces: &[TraceId],
    rows: i64,
) -> Result<(), StoreError> {
    let going = choose(connection, taken, traces, rows).await?;
    let sessions = ending(connection, taken.project, &going).await?;
    // First what hangs on them, so that it is never left behind.
    if !take_hanging(connection, taken, &going, &sessions).await? {
        go_on_later(taken, &going);
        return Ok(());
    }
    match going.as_slice() {
        [large] if large.spans() > rows => {
            let found = sqlx::query(SOME_SPANS)
                .bind(large.id)
                .bind(rows)
                .fetch_all(&mut *connection)
                .await
                .map_err(from_sqlx)?;
            let whole = (found.len() as i64) < rows;
            taken.spans = found;
            if !whole {
                go_on_later(taken, &going);
                return Ok(());
            }
        }
        _ => {
            let ids = going.iter().map(|trace| trace.id).collect();
            let bind = |binds: &mut Binds, id: i64| {
                binds.add(id);
            };
            taken.spans = SPANS.fetch(connection, ids, |_| {}, bind).await?;
        }
    }
    drop_traces(connection, taken, going, sessions).await
}

/// The first of the traces, as many as make up so many rows; at least one.
async fn choose(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    traces: &[TraceId],
    rows: i64,
) -> Result<Vec<Going>, StoreError> {
    let project = taken.project;
    let first = |binds: &mut Binds| {
        binds.add(project);
    };
    let bind = |binds: &mut Binds, trace: TraceId| {
        binds.add(trace.as_bytes().to_vec());
    };
    let mut going: Vec<Going> = Vec::new();
    let mut spans = 0_i64;
    for row in FIND.fetch(connection, traces.to_vec(), first, bind).await? {
        let trace_id: &[u8] = row.try_get(1).map_err(from_sqlx)?;
        let one = Going {
            id: row.try_get(0).map_err(from_sqlx)?,
            trace_id: trace_id.try_into().map_err(StoreError::backend)?,
            start_ns: row.try_get(2).map_err(from_sqlx)?,
            user: row.try_get(3).map_err(from_sqlx)?,
            session: row.try_get(4).map_err(from_sqlx)?,
            summary: Summary::unpack(row.try_get(5).map_err(from_sqlx)?)?,
        };
        spans = spans.saturating_add(one.spans());
        if !going.is_empty() && spans > rows {
            taken.erased.more = true;
            break;
        }
        going.push(one);
    }
    Ok(going)
}

/// Sessions of the traces, and whether each ends with them.
async fn ending(
    connection: &mut SqliteConnection,
    project: i64,
    going: &[Going],
) -> Result<BTreeMap<String, bool>, StoreError> {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for session in going.iter().filter_map(|one| one.session.clone()) {
        *counts.entry(session).or_default() += 1;
    }
    let mut sessions = BTreeMap::new();
    for (session, count) in counts {
        let there: i64 = sqlx::query_scalar(TRACES_OF_SESSION)
            .bind(project)
            .bind(&session)
            .bind(count + 1)
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        sessions.insert(session, there <= count);
    }
    Ok(sessions)
}

/// Takes scores and events of the traces, and of the sessions that end with them; `false` when there are more than one piece
/// may take.
async fn take_hanging(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    going: &[Going],
    sessions: &BTreeMap<String, bool>,
) -> Result<bool, StoreError> {
    let project = taken.project;
    let first = |binds: &mut Binds| {
        binds.add(project);
    };
    let ids = going.iter().map(|trace| trace.trace_id).collect();
    let scores = SCORES
        .fetch(connection, ids, first, |binds, id: [u8; 16]| {
            binds.add(id.to_vec());
        })
        .await?;
    let ids = going.iter().map(|trace| hex(&trace.trace_id)).collect();
    let events = EVENTS
        .fetch(connection, ids, first, |binds, id: String| {
            binds.add(id);
        })
        .await?;
    let most = scores.len().max(events.len());
    for row in &scores {
        taken.score(row, 0)?;
    }
    for row in &events {
        taken.event(row)?;
    }
    let mut left = HANGING.saturating_sub(most);
    for (session, _) in sessions.iter().filter(|(_, ends)| **ends) {
        if left == 0 {
            break;
        }
        let ask = |question: &'static str| sqlx::query(question).bind(project).bind(session.clone()).bind(left as i64);
        let scores = ask(SCORES_OF_SESSION).fetch_all(&mut *connection).await.map_err(from_sqlx)?;
        let events = ask(EVENTS_OF_SESSION).fetch_all(&mut *connection).await.map_err(from_sqlx)?;
        left = left.saturating_sub(scores.len().max(events.len()));
        for row in &scores {
            taken.score(row, 0)?;
        }
        for row in &events {
            taken.event(row)?;
        }
    }
    Ok(left > 0)
}

/// Notes that the traces are not done with: what experiments say of them is worked out anew as it stands now.
fn go_on_later(taken: &mut Taken, going: &[Going]) {
    taken.erased.more = true;
    for one in going {
        taken.notes.extend(unit_of(Some(one.trace_id), None));
        taken.notes.extend(unit_of(None, one.session.as_deref()));
    }
}

/// Takes the traces themselves; sessions that end with them go as units, too.
async fn drop_traces(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    going: Vec<Going>,
    sessions: BTreeMap<String, bool>,
) -> Result<(), StoreError> {
    let project = taken.project;
    let (user, session, trace) =
        (UnitKind::User.to_string(), UnitKind::Session.to_string(), UnitKind::Trace.to_string());
    let mut links = Vec::new();
    for one in &going {
        links.extend(one.summary.links.keys().map(|(prompt, version)| (*prompt, *version, one.start_ns, one.trace_id)));
        taken.units.insert((trace.clone(), hex(&one.trace_id)));
        taken.notes.extend(one.user.clone().map(|id| (user.clone(), id)));
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
    for (id, ends) in sessions {
        if ends {
            taken.units.insert((session.clone(), id));
        } else {
            taken.notes.insert((session.clone(), id.clone()));
            taken.sessions.insert(id);
        }
    }
    Ok(())
}

/// A trace's id as it is written, which is also its id as a unit.
fn hex(id: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*id))
}
