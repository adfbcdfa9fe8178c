//! Taking a whole project out of the event plane, a bounded piece at a time.

use domain::ids::ProjectId;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use store::StoreError;

use super::{append::Memory, dictionary::Dictionary};
use crate::error::from_sqlx;

/// Traces, and then scores, taken out in one commit: ingest of other projects waits no longer than for a batch of its own.
const PIECE: i64 = 512;

/// What belongs to the traces chosen by `?1` and `?2`; the traces themselves come last.
const OF_TRACES: [&str; 5] = [
    "DELETE FROM payload WHERE seq IN (SELECT seq FROM span WHERE trace IN (TRACES))",
    "DELETE FROM journal WHERE seq IN (SELECT seq FROM span WHERE trace IN (TRACES))",
    "DELETE FROM past_cost WHERE seq IN (SELECT seq FROM span WHERE trace IN (TRACES))",
    "DELETE FROM span WHERE trace IN (TRACES)",
    "DELETE FROM trace WHERE id IN (TRACES)",
];
const TRACES: &str = "SELECT id FROM trace WHERE project = ?1 ORDER BY trace_id LIMIT ?2";

const OF_SCORES: [&str; 3] = [
    "DELETE FROM score_fold WHERE seq IN (SCORES)",
    "DELETE FROM dirty_score WHERE seq IN (SCORES)",
    "DELETE FROM score WHERE seq IN (SCORES)",
];
/// Events, and then exposed units.
const OF_EVENTS: [&str; 1] = ["DELETE FROM outcome WHERE seq IN (EVENTS)"];
const EVENTS: &str = "SELECT seq FROM outcome WHERE project = ?1 ORDER BY seq LIMIT ?2";
const OF_UNITS: [&str; 1] = ["DELETE FROM unit WHERE (trial, unit) IN (UNITS)"];
const UNITS: &str = "SELECT unit.trial, unit.unit FROM trial CROSS JOIN unit ON unit.trial = trial.id \
     WHERE trial.project = ?1 LIMIT ?2";

const SCORES: &str = "SELECT seq FROM score WHERE project = ?1 ORDER BY seq LIMIT ?2";

/// What is left when traces and scores are gone. A cell whose ends are still to be looked up is passed over once it is gone.
const REST: [&str; 20] = [
    "DELETE FROM trace_link WHERE prompt IN (SELECT id FROM word WHERE project = ?1)",
    "DELETE FROM score_place WHERE prompt IN (SELECT id FROM word WHERE project = ?1)",
    "DELETE FROM message WHERE project = ?1",
    "DELETE FROM cell_span WHERE project = ?1",
    "DELETE FROM cell_score WHERE project = ?1",
    "DELETE FROM day_span WHERE project = ?1",
    "DELETE FROM day_score WHERE project = ?1",
    "DELETE FROM group_span WHERE project = ?1",
    "DELETE FROM group_bins WHERE project = ?1",
    "DELETE FROM group_score WHERE project = ?1",
    "DELETE FROM segment_job WHERE project = ?1",
    "DELETE FROM unpriced WHERE project = ?1",
    "DELETE FROM dirty_session WHERE project = ?1",
    "DELETE FROM dirty_unit WHERE project = ?1",
    "DELETE FROM unit_block WHERE trial IN (SELECT id FROM trial WHERE project = ?1)",
    "DELETE FROM unit_bins WHERE trial IN (SELECT id FROM trial WHERE project = ?1)",
    "DELETE FROM trial WHERE project = ?1",
    "DELETE FROM outcome_name WHERE project = ?1",
    // Numbers of projects and words are never given out twice, because readers remember them: the rows stay, without content.
    "UPDATE word SET text = id WHERE project = ?1",
    "UPDATE project SET uuid = randomblob(16), last_span_us = NULL, last_linked_us = NULL, last_score_us = NULL, \
     segment_by = NULL WHERE id = ?1",
];

/// Takes a piece of the project out; `true` when there is more. A project nobody knows is gone already.
pub(super) async fn step(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    project: ProjectId,
) -> Result<bool, StoreError> {
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    let known: Option<i64> = sqlx::query_scalar("SELECT id FROM project WHERE uuid = ?")
        .bind(project.0.as_bytes().as_slice())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    let Some(known) = known else { return Ok(false) };
    let sorts: [(&[&str], (&str, &str)); 4] = [
        (&OF_TRACES, ("TRACES", TRACES)),
        (&OF_SCORES, ("SCORES", SCORES)),
        (&OF_EVENTS, ("EVENTS", EVENTS)),
        (&OF_UNITS, ("UNITS", UNITS)),
    ];
    let mut more = false;
    for (statements, chosen) in sorts {
        more = piece(&mut transaction, known, statements, chosen).await? > 0;
        if more {
            break;
        }
    }
    if !more {
        for statement in REST {
            sqlx::query(statement).bind(known).execute(&mut *transaction).await.map_err(from_sqlx)?;
        }
    }
    transaction.commit().await.map_err(from_sqlx)?;
    if !more {
        memory.dictionary = Dictionary::default();
        memory.watched.remove(&known);
    }
    Ok(more)
}

/// Runs the statements on the rows `chosen` selects; how many of those there were.
async fn piece(
    connection: &mut SqliteConnection,
    project: i64,
    statements: &[&str],
    (name, chosen): (&str, &str),
) -> Result<u64, StoreError> {
    let mut rows = 0;
    for statement in statements {
        // Both halves are constants of this module.
        let statement = AssertSqlSafe(statement.replace(name, chosen));
        let done =
            sqlx::query(statement).bind(project).bind(PIECE).execute(&mut *connection).await.map_err(from_sqlx)?;
        rows = done.rows_affected();
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_table_of_a_project_is_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let events = crate::SqliteEvents::open(folder.path()).await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c ON c.name = 'project' \
             WHERE t.type = 'table' ORDER BY t.name",
        )
        .fetch_all(&events.reader.pool)
        .await
        .unwrap();
        let statements = || OF_TRACES.iter().chain(&OF_SCORES).chain(&OF_EVENTS).chain(&OF_UNITS).chain(&REST);
        let is_named = |table: &str| {
            statements().any(|statement| {
                ["DELETE FROM", "UPDATE"].iter().any(|verb| statement.starts_with(&format!("{verb} {table} ")))
            })
        };
        let kept: Vec<&String> = tables.iter().filter(|table| !is_named(table)).collect();
        assert!(tables.len() > 10 && kept.is_empty(), "{kept:?} of {tables:?} outlive their project");
    }
}
