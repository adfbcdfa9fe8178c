//! The event plane.

use std::path::Path;

use domain::{
    experiment::UnitKind,
    time::{TimeNs, TimeUs},
};
use store::{
    StoreError,
    conformance::event::{Build, Model, Random, START_NS, agrees, charges, experiments, fold_all, random},
    event::{
        ChargeStore as _, ErasePiece, EraseStore as _, EventStore as _, Gather, GatherStore as _, GatheredList,
        LooseEvents, SliceKind, TraceFilter, TraceKey, UnitStore as _, Waiting,
    },
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
pub(crate) async fn dump(folder: &Path) -> Vec<String> {
    use sqlx::{ConnectOptions as _, Row as _};
    let mut connection =
        sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("events.db")).connect().await.unwrap();
    let mut lines = Vec::new();
    for question in [
        "SELECT concat_ws(' ', 'span', project, prompt, hour, version, model, environment, segment, arm, hex(data)) FROM cell_span ORDER BY 1",
        "SELECT concat_ws(' ', 'score', project, prompt, hour, version, model, environment, segment, arm, name, level, hex(data)) FROM cell_score ORDER BY 1",
        "SELECT concat_ws(' ', 'span day', project, prompt, day, version, model, environment, segment, arm, hex(data)) FROM day_span ORDER BY 1",
        "SELECT concat_ws(' ', 'score day', project, prompt, day, version, model, environment, segment, arm, name, level, hex(data)) FROM day_score ORDER BY 1",
        "SELECT concat_ws(' ', 'span groups', project, prompt, day, version, environment, arm, hex(data)) FROM group_span ORDER BY 1",
        "SELECT concat_ws(' ', 'group bins', project, prompt, day, version, environment, arm, unit_group, hex(data)) FROM group_bins ORDER BY 1",
        "SELECT concat_ws(' ', 'score groups', project, prompt, day, version, environment, arm, name, level, hex(data)) FROM group_score ORDER BY 1",
        "SELECT concat_ws(' ', 'place', prompt, version, start_ns, seq) FROM score_place ORDER BY 1",
        "SELECT concat_ws(' ', 'segment', project, done, until) FROM segment_job",
        "SELECT concat_ws(' ', 'folded', seq, hex(data)) FROM score_fold ORDER BY seq",
        "SELECT concat_ws(' ', 'unit', trial, unit, multiple, revision, hex(exposure), hex(state)) FROM unit ORDER BY 1",
        "SELECT concat_ws(' ', 'block', trial, kind, place, arm, hex(data)) FROM unit_block ORDER BY 1",
        "SELECT concat_ws(' ', 'bins', trial, kind, place, arm, unit_group, hex(data)) FROM unit_bins ORDER BY 1",
        "SELECT concat_ws(' ', 'waiting', seq) FROM journal UNION ALL SELECT concat_ws(' ', 'dirty', seq) FROM dirty_score \
         UNION ALL SELECT concat_ws(' ', 'dirty unit', project, kind, unit) FROM dirty_unit",
    ] {
        let rows = sqlx::query(question).fetch_all(&mut connection).await.unwrap();
        lines.extend(rows.iter().map(|row| row.get::<String, _>(0)));
    }
    let check: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(check, "ok");
    lines
}

/// Spans, payloads and scores in the file.
pub(crate) async fn counts(folder: &Path) -> (i64, i64, i64) {
    use sqlx::ConnectOptions as _;
    let mut connection =
        sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("events.db")).connect().await.unwrap();
    sqlx::query_as("SELECT (SELECT count(*) FROM span), (SELECT count(*) FROM payload), (SELECT count(*) FROM score)")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_rebuild_is_equal_to_the_byte() {
    for seed in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteEvents::open(folder.path()).await.unwrap();
        let mut random = Random(1000 + seed);
        for (step, batch) in (0..).zip(random::batches(&mut random, 60)) {
            store.append(batch).await.unwrap();
            if random.one_in(5) {
                let project = Build::project(1 + random.below(2));
                let batch = charges::some(&store, &mut random, project, step).await;
                store.recharge(batch).await.unwrap();
            }
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

#[tokio::test]
async fn units_added_up_are_equal_to_the_byte_after_any_delivery_and_a_rebuild() {
    for (seed, kind) in (0..).zip([UnitKind::User, UnitKind::Session, UnitKind::Trace, UnitKind::User]) {
        let mut random = Random(4_000 + seed);
        let clean = experiments::random_batches(&mut random, &kind, 50);
        let watch = experiments::watch(kind, None);
        let mut states = Vec::new();
        for late in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let store = SqliteEvents::open(folder.path()).await.unwrap();
            let mut batches = clean.clone();
            if late {
                batches.extend(clean.iter().filter(|_| random.one_in(3)).cloned());
                random.shuffle(&mut batches);
            }
            let told = if late { batches.len() / 2 } else { 0 };
            for (at, batch) in (0..).zip(batches) {
                if at == told {
                    store.watch(Build::project(1), watch.clone()).await.unwrap();
                }
                store.append(batch).await.unwrap();
                if late && random.one_in(3) {
                    store.fold().await.unwrap();
                }
            }
            fold_all(&store).await;
            let folded = dump(folder.path()).await;
            store.rebuild_totals().await.unwrap();
            assert_eq!(folded, dump(folder.path()).await, "seed {seed}");
            let added = |line: &String| line.starts_with("block ") || line.starts_with("bins ");
            states.push(folded.into_iter().filter(added).collect::<Vec<_>>());
        }
        assert!(states[0].len() > 4, "seed {seed}");
        assert_eq!(states[0], states[1], "seed {seed}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_full_queue_is_busy_and_stores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let options = EventOptions { queue: 4, ..EventOptions::default() };
    let store = SqliteEvents::open_with(folder.path(), &options).await.unwrap();
    let project = Build::project(1);
    // On one thread nobody drains the queue before all have tried.
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..20 {
        let store = store.clone();
        tasks.spawn(async move {
            (number, store.append(Build::batch(project, vec![Build::generation(number, 1)], vec![])).await)
        });
    }
    let (mut stored, mut busy) = (0, 0);
    while let Some(outcome) = tasks.join_next().await {
        let (number, outcome) = outcome.unwrap();
        let there = store.trace(project, Build::trace(number)).await.unwrap().is_some();
        match outcome {
            Ok(appended) => {
                assert_eq!(appended.new, 1);
                assert!(there);
                stored += 1;
            }
            Err(StoreError::Busy) => {
                assert!(!there);
                busy += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((stored, busy), (4, 16));
}

#[tokio::test]
async fn a_full_disk_is_said_and_writing_goes_on_when_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Model::default();
    let project = Build::project(1);
    let small = EventOptions { max_pages: Some(161), ..EventOptions::default() };
    let store = SqliteEvents::open_with(folder.path(), &small).await.unwrap();
    let mut refused = 0;
    for number in 0..60 {
        let mut span = Build::generation(number, 1);
        // Does not compress, so that the disk fills quickly.
        let mut random = Random(number);
        let noise: String = (0..60_000).map(|_| char::from(b'!' + (random.below(90) as u8))).collect();
        span.input = Some(noise.into());
        let batch = Build::batch(project, vec![span], vec![]);
        match store.append(batch.clone()).await {
            Ok(_) => model.take(&batch),
            Err(StoreError::Full) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused > 5, "the disk was never full");
    assert!(store.is_full());
    // Reading goes on; and what fits is still stored by the same writer.
    agrees_but_totals(&store, &model).await;
    // A transaction SQLite ended by itself, then one that is taken back: the next must still be a real one.
    assert!(!store.remove_project(Build::project(77)).await.unwrap());
    let batch = Build::batch(project, vec![Build::generation(2000, 1)], vec![]);
    store.append(batch.clone()).await.unwrap();
    model.take(&batch);
    agrees_but_totals(&store, &model).await;
    assert!(!store.is_full());
    store.close().await.unwrap();
    let store = SqliteEvents::open(folder.path()).await.unwrap();
    let batch = Build::batch(project, vec![Build::generation(1000, 1)], vec![]);
    model.take(&batch);
    store.append(batch).await.unwrap();
    agrees(&store, &model).await;
}

#[tokio::test]
async fn a_disk_without_space_is_said_before_anybody_writes() {
    let folder = tempfile::tempdir().unwrap();
    let options = EventOptions { least_space: u64::MAX, ..EventOptions::default() };
    let store = SqliteEvents::open_with(folder.path(), &options).await.unwrap();
    let log = || std::fs::metadata(folder.path().join("events.db-wal")).map_or(0, |log| log.len());
    let before = log();
    for _ in 0..3 {
        store.ping().await.unwrap();
        assert!(store.is_full());
    }
    assert_eq!(log(), before, "asking writes nothing");
    store.close().await.unwrap();
    assert!(!SqliteEvents::open(folder.path()).await.unwrap().is_full(), "there is space for the usual");
}

#[tokio::test]
async fn whoever_holds_an_old_state_cannot_make_the_log_grow_without_end() {
    use sqlx::{ConnectOptions as _, Connection as _};
    let folder = tempfile::tempdir().unwrap();
    let longest = 4 << 20;
    let options = EventOptions { longest_log: longest, ..EventOptions::default() };
    let store = SqliteEvents::open_with(folder.path(), &options).await.unwrap();
    let path = folder.path().join("events.db");
    let mut reader = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let mut held = reader.begin().await.unwrap();
    sqlx::query("SELECT count(*) FROM span").execute(&mut *held).await.unwrap();
    let log = || std::fs::metadata(folder.path().join("events.db-wal")).map_or(0, |log| log.len());
    let mut model = Model::default();
    let mut number = 0;
    let mut send = async |model: &mut Model| {
        number += 1;
        let mut span = Build::generation(number, 1);
        let mut random = Random(number);
        span.input = Some((0..60_000).map(|_| char::from(b'!' + (random.below(90) as u8))).collect::<String>().into());
        let batch = Build::batch(Build::project(1), vec![span], vec![]);
        let outcome = store.append(batch.clone()).await;
        if outcome.is_ok() {
            model.take(&batch);
        }
        outcome
    };
    let mut refused = false;
    for _ in 0..400 {
        match send(&mut model).await {
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            Err(StoreError::Busy) => {
                refused = true;
                break;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused && log() < 4 * longest, "{} bytes", log());
    // Whatever else would write waits, too, and says so.
    let everything = ErasePiece::Loose(TimeUs(i64::MAX), LooseEvents::default());
    assert!(matches!(store.erase(Build::project(1), everything.clone()).await, Err(StoreError::Busy)));
    assert!(matches!(store.fold().await, Err(StoreError::Busy)));
    held.rollback().await.unwrap();
    for tries in 0.. {
        assert!(tries < 100, "it never goes on");
        if send(&mut model).await.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    send(&mut model).await.unwrap();
    agrees_but_totals(&store, &model).await;
    store.erase(Build::project(1), everything).await.unwrap();
    fold_all(&store).await;
}

async fn agrees_but_totals(store: &SqliteEvents, model: &Model) {
    let project = Build::project(1);
    let found = store.traces(project, &TraceFilter::default(), None, 100).await.unwrap();
    assert_eq!(found.traces, model.traces(project, &TraceFilter::default(), None));
}

#[tokio::test]
async fn foreign_damaged_and_newer_files_are_refused_with_the_reason() {
    use sqlx::ConnectOptions as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let refusal = || async { SqliteEvents::open(folder.path()).await.unwrap_err().to_string() };

    std::fs::write(&path, "this is no database, whatever its name says".repeat(100)).unwrap();
    let said = refusal().await;
    assert!(said.contains("damaged or not an SQLite file"), "{said}");
    std::fs::remove_file(&path).unwrap();

    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE theirs (a)").execute(&mut connection).await.unwrap();
    drop(connection);
    let said = refusal().await;
    assert!(said.contains("belongs to another program"), "{said}");
    for name in ["events.db", "events.db-wal", "events.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }

    let store = SqliteEvents::open(folder.path()).await.unwrap();
    store.close().await.unwrap();
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut connection).await.unwrap();
    drop(connection);
    let said = refusal().await;
    assert!(said.contains("newer release"), "{said}");
}

#[tokio::test]
async fn what_waits_for_the_writer_is_counted_until_it_is_answered() {
    use sqlx::{ConnectOptions as _, Connection as _};
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteEvents::open(folder.path()).await.unwrap();
    // Small ones: all must be there before the writer gives up waiting, also on a busy machine.
    let batches: Vec<_> = (0..12).map(|n| Build::batch(Build::project(1), vec![Build::span(n, 1)], vec![])).collect();
    let count = batches.len() as u64;
    let events = batches.iter().map(|batch| batch.spans.len() + batch.scores.len()).sum::<usize>() as u64;
    let bytes = batches.iter().flat_map(|batch| &batch.spans).map(|span| span.payload.len()).sum::<usize>() as u64;
    // Somebody else writes: ours has to wait.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("events.db"));
    // On a busy disk a commit of ours may take its time before this one's turn comes.
    let mut other = options.busy_timeout(std::time::Duration::from_mins(1)).connect().await.unwrap();
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let mut appends = tokio::task::JoinSet::new();
    for batch in batches {
        let store = store.clone();
        // How the wait ends is not the question here: on a busy machine the writer may give up.
        appends.spawn(async move { store.append(batch).await.is_ok() });
    }
    let all_wait = async {
        while store.waiting().batches < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), all_wait).await.expect("none of them is answered");
    assert_eq!(store.waiting(), Waiting { batches: count, events, bytes });
    held.rollback().await.unwrap();
    appends.join_all().await;
    assert_eq!(store.waiting(), Waiting::default());
}

#[tokio::test]
async fn looking_for_traces_ends_at_a_bound_and_goes_on() {
    // More than is looked at for one question; only the oldest lasts long.
    const MANY: u64 = 25_000;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteEvents::open(folder.path()).await.unwrap();
    let project = Build::project(1);
    for first in (0..MANY).step_by(2_500) {
        let spans = (first..first + 2_500).map(|number| {
            let mut span = Build::span(number, 1);
            span.start_ns = TimeNs(START_NS + number as i64);
            span.end_ns = TimeNs(span.start_ns.0 + if number == 0 { 5_000 } else { 10 });
            span
        });
        store.append(Build::batch(project, spans.collect(), vec![])).await.unwrap();
    }
    let filter = TraceFilter { min_duration_ns: Some(1_000), ..TraceFilter::default() };
    let slice = store.traces(project, &filter, None, 10).await.unwrap();
    assert!(slice.traces.is_empty());
    let reached = slice.reached.unwrap();
    assert_eq!(slice.end(), Some(reached));
    let slice = store.traces(project, &filter, Some(reached), 10).await.unwrap();
    assert_eq!(slice.traces.iter().map(|trace| trace.trace_id).collect::<Vec<_>>(), [Build::trace(0)]);
    assert_eq!(slice.reached, None, "that was all");
}

#[tokio::test]
async fn many_users_are_listed_too() {
    // More than are hopped through.
    const USERS: u64 = 1_200;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteEvents::open(folder.path()).await.unwrap();
    let project = Build::project(1);
    let spans = (0..2 * USERS).map(|number| {
        let mut span = Build::span(number, 1);
        (span.start_ns, span.end_ns) = (TimeNs(START_NS + number as i64), TimeNs(START_NS + number as i64));
        span.trace.user_id = Some(format!("user {}", number % USERS));
        span
    });
    store.append(Build::batch(project, spans.collect(), vec![])).await.unwrap();
    let mut expected: Vec<u64> = (0..USERS).collect();
    expected.reverse();
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let slice = store.gathered(project, Gather::User, &GatheredList::Newest(after), 500, 10).await.unwrap();
        let Some(last) = slice.items.last() else { break };
        after = Some(TraceKey::of(&last.newest));
        assert!(slice.items.iter().all(|user| user.totals.traces == 2));
        found.extend(slice.items.into_iter().map(|user| user.id));
    }
    assert_eq!(found, expected.iter().map(|number| format!("user {number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn segments_are_named_with_a_single_connection() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteEvents::open(folder.path()).await.unwrap();
    let watch = experiments::watch(UnitKind::User, None);
    store.watch(Build::project(1), watch.clone()).await.unwrap();
    store.segment_by(Build::project(1), Some("release".parse().unwrap())).await.unwrap();
    for mut batch in experiments::random_batches(&mut Random(7), &UnitKind::User, 20) {
        batch.spans.iter_mut().for_each(|span| span.row.trace.release = Some("one".to_owned()));
        store.append(Build::segmented(&batch, &"release".parse().unwrap())).await.unwrap();
    }
    fold_all(&store).await;
    store.close().await.unwrap();
    // Opened anew, it knows no names yet.
    let options = EventOptions { readers: 1, ..EventOptions::default() };
    let store = SqliteEvents::open_with(folder.path(), &options).await.unwrap();
    let blocks = store.unit_blocks(Build::project(1), watch.experiment, 0, &[SliceKind::Segments]);
    let blocks = tokio::time::timeout(std::time::Duration::from_secs(5), blocks).await.unwrap().unwrap();
    assert!(!blocks.is_empty());
}
