//! Files as earlier releases left them: each is brought to the present form and keeps its rows.

use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use store::{
    conformance::event::{Build, Random, fold_all, random},
    control::AccessStore as _,
    event::{EventStore as _, TraceFilter},
};
use store_sqlite::{DataFile, SqliteControl, SqliteEvents};

const EVENT_STEPS: [&str; 9] = [
    include_str!("../../migrations/event/0001_first.sql"),
    include_str!("../../migrations/event/0002_clients.sql"),
    include_str!("../../migrations/event/0003_spread.sql"),
    include_str!("../../migrations/event/0004_charges.sql"),
    include_str!("../../migrations/event/0005_days.sql"),
    include_str!("../../migrations/event/0006_experiments.sql"),
    include_str!("../../migrations/event/0007_blocks.sql"),
    include_str!("../../migrations/event/0008_groups.sql"),
    include_str!("../../migrations/event/0009_notes_in_turn.sql"),
];
const CONTROL_STEPS: [&str; 9] = [
    include_str!("../../migrations/control/0001_first.sql"),
    include_str!("../../migrations/control/0002_repeats.sql"),
    include_str!("../../migrations/control/0003_settings.sql"),
    include_str!("../../migrations/control/0004_prices.sql"),
    include_str!("../../migrations/control/0005_clients.sql"),
    include_str!("../../migrations/control/0006_experiments.sql"),
    include_str!("../../migrations/control/0007_media_use.sql"),
    include_str!("../../migrations/control/0008_loose_media.sql"),
    include_str!("../../migrations/control/0009_media_age.sql"),
];
/// Rows of events; everything else is worked out of them.
const RAW: [&str; 11] = [
    "project",
    "word",
    "trace",
    "trace_link",
    "span",
    "payload",
    "score",
    "message",
    "unpriced",
    "outcome",
    "outcome_name",
];

/// Makes the file as the first `steps` made it, with the rows of the present one that it had a place for.
async fn make_older(file: DataFile, steps: &[&'static str], mark: i64, present: &Path, older: &Path, only: &[&str]) {
    let options = SqliteConnectOptions::new().filename(file.path(older)).create_if_missing(true).foreign_keys(false);
    let mut connection = options.connect().await.unwrap();
    for step in steps {
        sqlx::raw_sql(*step).execute(&mut connection).await.unwrap();
    }
    let attach = format!("ATTACH '{}' AS present", file.path(present).display());
    run(&mut connection, attach).await;
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    for table in tables.iter().filter(|table| only.is_empty() || only.contains(&table.as_str())) {
        let columns: Vec<String> = sqlx::query_scalar(
            "SELECT old.name FROM pragma_table_info(?1, 'main') old JOIN pragma_table_info(?1, 'present') now USING (name)",
        )
        .bind(table)
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let columns = columns.join(", ");
        run(
            &mut connection,
            format!("INSERT OR REPLACE INTO {table} ({columns}) SELECT {columns} FROM present.{table}"),
        )
        .await;
    }
    if file == DataFile::Events {
        run(&mut connection, "INSERT INTO dirty_score (seq) SELECT seq FROM score".to_owned()).await;
    }
    run(&mut connection, format!("PRAGMA application_id = {mark}; PRAGMA user_version = {}", steps.len())).await;
    connection.close().await.unwrap();
}

async fn run(connection: &mut SqliteConnection, statement: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(connection).await.unwrap();
}

#[tokio::test]
async fn event_files_of_every_earlier_format_keep_their_rows() {
    let present = tempfile::tempdir().unwrap();
    let store = SqliteEvents::open(present.path()).await.unwrap();
    for batch in random::batches(&mut Random(4711), 40) {
        store.append(batch).await.unwrap();
    }
    fold_all(&store).await;
    store.close().await.unwrap();
    let counts = super::event::counts(present.path()).await;
    let totals = super::event::dump(present.path()).await;
    assert!(counts.0 > 50 && counts.2 > 10, "{counts:?}");
    let store = SqliteEvents::open(present.path()).await.unwrap();
    let filter = TraceFilter::default();
    let traces = store.traces(Build::project(1), &filter, None, 100).await.unwrap();
    for known in 1..EVENT_STEPS.len() {
        let older = tempfile::tempdir().unwrap();
        make_older(DataFile::Events, &EVENT_STEPS[..known], 0x4173_7945, present.path(), older.path(), &RAW).await;
        let migrated = SqliteEvents::open(older.path()).await.unwrap();
        assert_eq!(super::event::counts(older.path()).await, counts, "format {known}");
        assert_eq!(migrated.traces(Build::project(1), &filter, None, 100).await.unwrap(), traces, "format {known}");
        fold_all(&migrated).await;
        let folded = super::event::dump(older.path()).await;
        // Groups of units and segments are stored with traces from format 3 on; exposures from format 6.
        let comparable = |lines: &[String]| -> Vec<String> {
            lines
                .iter()
                .filter(|line| {
                    known >= 3 && !line.starts_with("unit") && !line.starts_with("block") && !line.starts_with("bins")
                })
                .cloned()
                .collect()
        };
        assert_eq!(comparable(&folded), comparable(&totals), "format {known}");
        migrated.rebuild_totals().await.unwrap();
        assert!(super::event::dump(older.path()).await == folded, "format {known}");
        migrated.close().await.unwrap();
    }
}

#[tokio::test]
async fn control_files_of_every_earlier_format_keep_their_rows() {
    let present = tempfile::tempdir().unwrap();
    let owner = super::control::first_owner();
    let store = SqliteControl::open(present.path()).await.unwrap();
    store.create_first_owner(owner.clone()).await.unwrap();
    for known in 1..CONTROL_STEPS.len() {
        let older = tempfile::tempdir().unwrap();
        make_older(DataFile::Control, &CONTROL_STEPS[..known], 0x4153_5943, present.path(), older.path(), &[]).await;
        let migrated = SqliteControl::open(older.path()).await.unwrap();
        assert_eq!(migrated.project(owner.project.id).await.unwrap().as_ref(), Some(&owner.project), "format {known}");
        assert_eq!(migrated.person(owner.person.id).await.unwrap().as_ref(), Some(&owner.person), "format {known}");
    }
}
