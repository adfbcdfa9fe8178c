//! The control plane.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use store::{
    StoreError,
    conformance::control,
    control::{AccessStore as _, ControlStore},
};
use store_sqlite::{DataFile, SqliteControl};

#[tokio::test]
async fn keeps_the_rules_of_the_control_plane() {
    let folders = Mutex::new(Vec::new());
    control::run(|| async {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteControl::open(folder.path()).await.unwrap();
        folders.lock().unwrap().push(folder);
        Arc::new(store) as Arc<dyn ControlStore>
    })
    .await;
}

#[tokio::test]
async fn what_is_written_is_there_after_opening_again_and_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteControl::open(folder.path()).await.unwrap();
    let other = SqliteControl::open(folder.path()).await.unwrap();
    let owner = first_owner();
    store.create_first_owner(owner.clone()).await.unwrap();
    assert!(other.has_people().await.unwrap(), "another process sees it");
    assert!(matches!(other.create_first_owner(owner.clone()).await, Err(StoreError::Conflict(_))));
    store.close().await.unwrap();
    other.close().await.unwrap();
    let again = SqliteControl::open(folder.path()).await.unwrap();
    assert_eq!(again.project(owner.project.id).await.unwrap(), Some(owner.project));
}

#[tokio::test]
async fn closing_leaves_no_log_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteControl::open(folder.path()).await.unwrap();
    store.create_first_owner(first_owner()).await.unwrap();
    let log = SqliteControl::file(folder.path()).with_extension("db-wal");
    assert!(log.metadata().is_ok_and(|log| log.len() > 0), "it was written to the log first");
    store.close().await.unwrap();
    assert!(log.metadata().map_or(0, |log| log.len()) == 0, "the file alone is the whole state");
}

pub(crate) fn first_owner() -> store::control::NewOwner {
    let created_us = control::T0;
    store::control::NewOwner {
        person: store::control::Person {
            id: domain::ids::UserId(uuid::Uuid::from_u128(1)),
            email: "a@example.com".parse().unwrap(),
            password_hash: None,
            created_us,
        },
        project: domain::project::Project {
            id: domain::ids::ProjectId(uuid::Uuid::from_u128(2)),
            slug: "p".parse().unwrap(),
            name: "P".to_owned(),
            created_us,
        },
        key: None,
    }
}

async fn refusal(folder: &Path) -> String {
    match SqliteControl::open(folder).await {
        Err(StoreError::Unusable(sentence)) => sentence,
        other => panic!("was opened or failed otherwise: {other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(SqliteControl::file(folder.path()), "not a database at all, but long enough to look at".repeat(50))
        .unwrap();
    let sentence = refusal(folder.path()).await;
    assert!(sentence.contains("damaged or not an SQLite file"), "{sentence}");
}

async fn execute(path: &Path, statements: &'static str) {
    use sqlx::{ConnectOptions as _, Connection as _};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = SqliteControl::file(folder.path());
    execute(&path, "CREATE TABLE theirs (x)").await;
    let sentence = refusal(folder.path()).await;
    assert!(sentence.contains("belongs to another program"), "{sentence}");
}

#[tokio::test]
async fn a_file_of_a_newer_release_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    SqliteControl::open(folder.path()).await.unwrap().close().await.unwrap();
    execute(&SqliteControl::file(folder.path()), "PRAGMA user_version = 999").await;
    let sentence = refusal(folder.path()).await;
    assert!(sentence.contains("newer release"), "{sentence}");
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteControl::open(folder.path()).await.unwrap();
    store.create_first_owner(first_owner()).await.unwrap();
    store.close().await.unwrap();
    let path = SqliteControl::file(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    // Everything after the first page, which holds the header and the schema.
    bytes.iter_mut().skip(4096).for_each(|byte| *byte = 0x5a);
    std::fs::write(&path, bytes).unwrap();
    let sentence = refusal(folder.path()).await;
    assert!(sentence.contains("is damaged"), "{sentence}");
}

#[tokio::test]
async fn a_copy_made_while_the_store_is_open_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteControl::open(folder.path()).await.unwrap();
    let owner = first_owner();
    store.create_first_owner(owner.clone()).await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    let target = DataFile::Control.path(copy.path());
    DataFile::Control.copy(folder.path(), &target).await.unwrap();
    assert!(DataFile::Control.copy(folder.path(), &target).await.is_err(), "a copy is not written over");

    let found = DataFile::Control.examine(copy.path()).await.unwrap();
    assert!(found.damage.is_empty() && found.format > 0 && found.bytes > 0, "{found:?}");
    assert!(found.rows.contains(&("projects", 1)), "{found:?}");
    let restored = SqliteControl::open(copy.path()).await.unwrap();
    assert_eq!(restored.project(owner.project.id).await.unwrap(), Some(owner.project));
    assert!(matches!(DataFile::Events.examine(copy.path()).await, Err(StoreError::NotFound { .. })));
}
