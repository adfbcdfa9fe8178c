//! The event plane.

use std::path::Path;

use store::{
    StoreError,
    conformance::event::{Build, Model, Random, agrees, fold_all, random},
    event::{EventStore as _, TraceFilter},
};
use store_sqlite::{EventOptions, SqliteEvents};

mod conformance {
    use super::*;

    async fn fresh() -> (SqliteEvents, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (SqliteEvents::open(folder.path()).await.unwrap(), folder)
    }

    store::event_conformance!(fresh());
}

#[tokio::test]
async fn what_is_appended_is_read_back_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Model::default();
    for seed in 0..3 {
        let store = SqliteEvents::open(folder.path()).await.unwrap();
        for batch in random::batches(&mut Random(seed), 20) {
            model.take(&batch);
            store.append(batch).await.unwrap();
        }
        store.fold().await.unwrap();
        store.close().await.unwrap();
        let store = SqliteEvents::open(folder.path()).await.unwrap();
        agrees(&store, &model).await;
        store.close().await.unwrap();
    }
}

/// Every row of the tables of totals, as text.
async fn dump(folder: &Path) -> Vec<String> {
    use sqlx::{ConnectOptions as _, Row as _};
    let mut connection =
        sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("events.db")).connect().await.unwrap();
    let mut lines = Vec::new();
    for question in [
        "SELECT concat_ws(' ', 'span', project, prompt, hour, version, model, environment, segment, arm, hex(data)) FROM cell_span ORDER BY 1",
        "SELECT concat_ws(' ', 'score', project, prompt, hour, version, model, environment, segment, arm, name, level, hex(data)) FROM cell_score ORDER BY 1",
        "SELECT concat_ws(' ', 'folded', seq, hex(data)) FROM score_fold ORDER BY seq",
        "SELECT concat_ws(' ', 'waiting', seq) FROM journal UNION ALL SELECT concat_ws(' ', 'dirty', seq) FROM dirty_score",
    ] {
        let rows = sqlx::query(question).fetch_all(&mut connection).await.unwrap();
        lines.extend(rows.iter().map(|row| row.get::<String, _>(0)));
    }
    let check: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(check, "ok");
    lines
}

#[tokio::test]
async fn a_rebuild_is_equal_to_the_byte() {
    for seed in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteEvents::open(folder.path()).await.unwrap();
        let mut random = Random(1000 + seed);
        for batch in random::batches(&mut random, 60) {
            store.append(batch).await.unwrap();
            if random.one_in(3) {
                store.fold().await.unwrap();
            }
        }
        fold_all(&store).await;
        let folded = dump(folder.path()).await;
        assert!(folded.len() > 10);
        store.rebuild_totals().await.unwrap();
        assert_eq!(folded, dump(folder.path()).await, "seed {seed}");
    }
}
