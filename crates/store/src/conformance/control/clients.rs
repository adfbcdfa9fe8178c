//! What SDKs keep beside prompts: media, datasets and runs, comments, score configurations.

use std::{future::Future, sync::Arc};

use domain::{
    dataset::{Dataset, DatasetItem, DatasetRun, ItemStatus, RunItem},
    ids::{CommentId, DatasetId, ProjectId, ScoreConfigId, SpanId, TraceId},
    media::Media,
    time::TimeUs,
};
use serde_json::{Value, json};

use super::{T0, id, second_project, set_up};
use crate::{
    StoreError,
    control::{
        BesideTraces, Comment, CommentFilter, ControlStore, ItemFilter, RunItemFilter, ScoreCategory, ScoreConfig,
        ScoreKind,
    },
};

pub(super) async fn run<F: Future<Output = Arc<dyn ControlStore>>>(fresh: &impl Fn() -> F) {
    media_are_announced_then_come(&*fresh().await).await;
    media_go_with_the_last_of_their_traces(&*fresh().await).await;
    datasets_and_items_are_saved_by_name_and_id(&*fresh().await).await;
    runs_note_each_item_once(&*fresh().await).await;
    comments_and_configurations_come_back(&*fresh().await).await;
}

fn not_found<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::NotFound { .. })), "expected nothing to be found, got {outcome:?}");
}

async fn media_are_announced_then_come(store: &dyn ControlStore) {
    let (owner, project) = set_up(store).await;
    let other = second_project(store, owner).await;
    let secret = store.signing_secret([1; 32]).await.expect("a secret");
    assert_eq!((secret, store.signing_secret([2; 32]).await.expect("a secret")), ([1; 32], [1; 32]));
    let picture = Media {
        id: "AAAAAAAAAAAAAAAAAAAAAA".parse().expect("an id"),
        sha256: [7; 32],
        content_type: "image/png".parse().expect("a type"),
        length: 3,
        created_us: T0,
        uploaded_us: None,
    };
    let id = &picture.id;
    not_found(store.put_media(project, id, vec![1, 2, 3], T0).await);
    assert_eq!(store.announce_media(project, &picture, None).await.expect("announced"), picture);
    let said_otherwise = Media { content_type: "text/html".parse().expect("a type"), ..picture.clone() };
    assert_eq!(
        store.announce_media(project, &said_otherwise, None).await.expect("announced"),
        picture,
        "the first stands"
    );
    assert_eq!(store.media_bytes(project, id).await.expect("bytes"), None);
    for at in [5, 9] {
        store.put_media(project, id, vec![1, 2, 3], TimeUs(T0.0 + at)).await.expect("kept");
    }
    let came = Media { uploaded_us: Some(TimeUs(T0.0 + 5)), ..picture.clone() };
    assert_eq!(store.media(project, id).await.expect("media"), Some(came));
    assert_eq!(store.media_bytes(project, id).await.expect("bytes"), Some(vec![1, 2, 3]));
    assert_eq!(store.media(other, id).await.expect("media"), None);
    assert_eq!(store.media_bytes(other, id).await.expect("bytes"), None);
}

pub(super) async fn media_go_with_the_last_of_their_traces(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    let trace = |number: u8| TraceId::from_bytes([number; 16]).expect("not zero");
    let piece = |name: &str| Media {
        id: format!("{name:A<22}").parse().expect("an id"),
        sha256: [name.as_bytes()[0]; 32],
        content_type: "image/png".parse().expect("a type"),
        length: 1,
        created_us: T0,
        uploaded_us: None,
    };
    let [own, shared, loose] = ["one", "two", "loose"].map(piece);
    for (media, traces) in [(&own, vec![Some(1)]), (&shared, vec![Some(1), Some(2)]), (&loose, vec![None])] {
        for of in traces {
            store.announce_media(project, media, of.map(trace)).await.expect("announced");
        }
        store.put_media(project, &media.id, vec![7], T0).await.expect("kept");
    }
    let beside = |number: u8| BesideTraces { traces: vec![trace(number)], ..BesideTraces::default() };
    let there = async || {
        let mut there = Vec::new();
        for media in [&own, &shared, &loose] {
            there.push(store.media_bytes(project, &media.id).await.expect("bytes").is_some());
        }
        there
    };
    assert_eq!(store.forget_traces(project, &beside(1)).await.expect("forgotten"), 1);
    assert_eq!(there().await, [false, true, true]);
    assert_eq!(store.forget_traces(project, &beside(1)).await.expect("forgotten"), 0);
    assert_eq!(store.forget_traces(project, &beside(2)).await.expect("forgotten"), 1);
    assert_eq!(there().await, [false, false, true]);
    // Not announced for long: what belongs to no trace goes, and of what does it can be said which.
    let at = |seconds: i64| TimeUs(T0.0 + seconds * 1_000_000);
    let late = Media { created_us: at(50), ..piece("late") };
    store.announce_media(project, &late, Some(trace(9))).await.expect("announced");
    store.announce_media(project, &Media { created_us: at(20), ..loose.clone() }, None).await.expect("announced");
    let traces = async |before: TimeUs, after: Option<TraceId>| {
        store.media_traces(project, before, after, 10).await.expect("traces")
    };
    assert_eq!((traces(at(50), None).await, traces(at(51), None).await), (vec![], vec![trace(9)]));
    assert_eq!(traces(at(51), Some(trace(9))).await, []);
    assert_eq!(store.forget_loose_media(project, at(20), 10).await.expect("forgotten"), 0, "announced again since");
    assert_eq!(store.forget_loose_media(project, at(60), 10).await.expect("forgotten"), 1, "but not that of a trace");
    assert_eq!(there().await, [false, false, false]);
    assert!(store.media(project, &late.id).await.expect("media").is_some());
    // Announced again, it may come again.
    store.announce_media(project, &own, Some(trace(3))).await.expect("announced");
    store.put_media(project, &own.id, vec![7], T0).await.expect("kept");
    assert_eq!(there().await, [true, false, false]);
}

fn dataset(number: u128, name: &str) -> Dataset {
    Dataset {
        id: DatasetId(id(number)),
        name: name.to_owned(),
        description: None,
        metadata: Value::Null,
        input_schema: None,
        expected_schema: None,
        created_us: TimeUs(T0.0 + number as i64),
        updated_us: TimeUs(T0.0 + number as i64),
    }
}

fn item(name: &str, dataset: &Dataset) -> DatasetItem {
    DatasetItem {
        id: name.to_owned(),
        dataset: dataset.id,
        dataset_name: dataset.name.clone(),
        status: ItemStatus::Active,
        input: json!({"q": name}),
        expected_output: Value::Null,
        metadata: json!({"k": [1]}),
        source_trace: None,
        source_observation: None,
        created_us: T0,
        updated_us: T0,
    }
}

async fn datasets_and_items_are_saved_by_name_and_id(store: &dyn ControlStore) {
    let (owner, project) = set_up(store).await;
    let other = second_project(store, owner).await;
    let first = store.save_dataset(project, &dataset(1, "one")).await.expect("saved");
    let again = Dataset { description: Some("d".to_owned()), input_schema: Some(json!({})), ..dataset(2, "one") };
    let changed = store.save_dataset(project, &again).await.expect("saved");
    assert_eq!((changed.id, changed.created_us), (first.id, first.created_us), "a name keeps its id");
    assert_eq!((changed.description.as_deref(), &changed.input_schema), (Some("d"), &Some(json!({}))));
    let second = store.save_dataset(project, &dataset(3, "two")).await.expect("saved");
    let theirs = store.save_dataset(other, &dataset(4, "one")).await.expect("saved");
    let page = store.datasets(project, 0, 1).await.expect("datasets");
    assert_eq!((page.total, page.items), (2, vec![second.clone()]));
    assert_eq!(store.datasets(project, 1, 1).await.expect("datasets").items, std::slice::from_ref(&changed));
    assert_eq!(store.dataset(project, "one").await.expect("a dataset"), Some(changed.clone()));
    assert_eq!(store.dataset(project, "three").await.expect("a dataset"), None);

    let saved = store.save_item(project, &item("a", &changed)).await.expect("saved");
    assert_eq!(saved, item("a", &changed));
    let archived = DatasetItem {
        status: ItemStatus::Archived,
        source_trace: Some("t".to_owned()),
        updated_us: TimeUs(T0.0 + 1),
        ..item("a", &changed)
    };
    assert_eq!(store.save_item(project, &archived).await.expect("saved"), archived);
    let elsewhere = store.save_item(project, &item("a", &second)).await;
    assert!(matches!(elsewhere, Err(StoreError::Conflict(_))), "{elsewhere:?}");
    not_found(store.save_item(project, &item("b", &theirs)).await);
    store.save_item(project, &item("b", &changed)).await.expect("saved");
    store.save_item(project, &item("c", &second)).await.expect("saved");
    let names = async |filter: ItemFilter| -> Vec<String> {
        let found = store.items(project, &filter, 0, 10).await.expect("items");
        assert_eq!(found.total, found.items.len() as u64);
        found.items.into_iter().map(|item| item.id).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(names(ItemFilter::default()).await, ["c", "b", "a"]);
    assert_eq!(names(ItemFilter { dataset: text("one"), ..ItemFilter::default() }).await, ["b", "a"]);
    assert_eq!(names(ItemFilter { source_trace: text("t"), ..ItemFilter::default() }).await, ["a"]);
    assert_eq!(store.item(other, "a").await.expect("an item"), None);
    store.remove_item(project, "a").await.expect("removed");
    not_found(store.remove_item(project, "a").await);
    assert_eq!(store.item(project, "a").await.expect("an item"), None);
}

async fn runs_note_each_item_once(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    let of = store.save_dataset(project, &dataset(1, "one")).await.expect("saved");
    for name in ["a", "b"] {
        store.save_item(project, &item(name, &of)).await.expect("saved");
    }
    let wanted = DatasetRun {
        id: "run 1".to_owned(),
        dataset: of.id,
        dataset_name: of.name.clone(),
        name: "first".to_owned(),
        description: None,
        metadata: Value::Null,
        created_us: T0,
        updated_us: T0,
    };
    let note = |number: u8, name: &str, observation: Option<u8>| RunItem {
        id: format!("note {number}"),
        run: "run 1".to_owned(),
        run_name: "first".to_owned(),
        item: name.to_owned(),
        trace: TraceId::from_bytes([number; 16]).expect("not zero"),
        observation: observation.map(|number| SpanId::from_bytes([number; 8]).expect("not zero")),
        created_us: T0,
    };
    let notes = [note(1, "a", None), note(2, "b", Some(9))];
    let made = store.record_run(project, &wanted, &notes).await.expect("recorded");
    assert_eq!(made, notes);
    // Sent again under other ids, with more known of the run: what stands is told.
    let again = [RunItem { id: "another".to_owned(), ..note(1, "a", None) }];
    let later = DatasetRun {
        id: "run 2".to_owned(),
        description: Some("d".to_owned()),
        metadata: json!({"m": 1}),
        updated_us: TimeUs(T0.0 + 5),
        ..wanted.clone()
    };
    assert_eq!(store.record_run(project, &later, &again).await.expect("recorded"), [note(1, "a", None)]);
    let stands = DatasetRun { id: "run 1".to_owned(), ..later.clone() };
    assert_eq!(store.run(project, "one", "first").await.expect("a run"), Some(stands.clone()));
    not_found(store.record_run(project, &wanted, &[note(3, "ghost", None)]).await);
    let second = DatasetRun { id: "run 3".to_owned(), name: "second".to_owned(), ..wanted.clone() };
    store.record_run(project, &second, &[]).await.expect("recorded");
    let runs = store.runs(project, "one", 0, 1).await.expect("runs");
    assert_eq!((runs.total, runs.items), (2, vec![second]));
    let filter = |run: &str| RunItemFilter {
        dataset_id: Some(of.id.to_string()),
        run: Some(run.to_owned()),
        ..RunItemFilter::default()
    };
    let listed = store.run_items(project, &filter("first"), 0, 10).await.expect("notes");
    assert_eq!((listed.total, listed.items), (2, vec![note(2, "b", Some(9)), note(1, "a", None)]));
    let none = RunItemFilter { dataset_id: Some("x".to_owned()), ..RunItemFilter::default() };
    assert_eq!(store.run_items(project, &none, 0, 10).await.expect("notes").total, 0);
    // An item that goes takes its notes along; so does a run.
    store.remove_item(project, "b").await.expect("removed");
    assert_eq!(store.run_items(project, &filter("first"), 0, 10).await.expect("notes").total, 1);
    store.remove_run(project, "one", "first").await.expect("removed");
    not_found(store.remove_run(project, "one", "first").await);
    assert_eq!(store.run_items(project, &filter("first"), 0, 10).await.expect("notes").total, 0);
    not_found(store.remove_run(ProjectId(id(99)), "one", "second").await);
}

async fn comments_and_configurations_come_back(store: &dyn ControlStore) {
    let (owner, project) = set_up(store).await;
    let other = second_project(store, owner).await;
    let comment = |number: u128, about: &str| Comment {
        id: CommentId(id(number)),
        object_type: "TRACE".to_owned(),
        object_id: about.to_owned(),
        content: "well".to_owned(),
        author: Some("ann".to_owned()),
        created_us: T0,
    };
    for (number, about) in [(1, "t"), (2, "u"), (3, "t")] {
        store.add_comment(project, &comment(number, about)).await.expect("kept");
    }
    assert_eq!(store.comment(project, CommentId(id(1))).await.expect("one"), Some(comment(1, "t")));
    assert_eq!(store.comment(other, CommentId(id(1))).await.expect("one"), None);
    let filter = CommentFilter { object_id: Some("t".to_owned()), ..CommentFilter::default() };
    let found = store.comments(project, &filter, 1, 5).await.expect("comments");
    assert_eq!((found.total, found.items), (2, vec![comment(1, "t")]));
    // Comments go with what they are on, however much goes at once, and with nothing else.
    let span = |number: u64| SpanId::from_bytes((number + 1).to_be_bytes()).expect("not zero");
    let on = |number: u128, what: &str, about: &str| Comment { object_type: what.to_owned(), ..comment(number, about) };
    let first = on(4, "OBSERVATION", &span(0).to_string());
    let last = on(5, "OBSERVATION", &span(699).to_string());
    let (beyond, session) = (on(6, "OBSERVATION", &span(700).to_string()), on(7, "SESSION", "s"));
    for one in [&first, &last, &beyond, &session] {
        store.add_comment(project, one).await.expect("kept");
    }
    let observations: Vec<SpanId> = (0..700).map(span).collect();
    let beside = BesideTraces { observations, sessions: vec!["s".to_owned()], ..BesideTraces::default() };
    store.forget_traces(other, &beside).await.expect("forgotten");
    assert!(store.comment(project, first.id).await.expect("one").is_some(), "that of a neighbour stays");
    store.forget_traces(project, &beside).await.expect("forgotten");
    let found = store.comments(project, &CommentFilter::default(), 0, 9).await.expect("comments");
    let left: Vec<CommentId> = found.items.iter().map(|comment| comment.id).collect();
    assert!(left.contains(&beyond.id) && left.len() == 4, "{left:?}");
    let config = ScoreConfig {
        id: ScoreConfigId(id(9)),
        name: "tone".to_owned(),
        kind: ScoreKind::Categorical,
        archived: false,
        min: Some(0.5),
        max: None,
        categories: vec![ScoreCategory { label: "kind".to_owned(), value: 1.0 }],
        description: None,
        created_us: T0,
        updated_us: T0,
    };
    store.save_score_config(project, &config).await.expect("kept");
    let archived = ScoreConfig { archived: true, updated_us: TimeUs(T0.0 + 1), ..config.clone() };
    store.save_score_config(project, &archived).await.expect("kept");
    assert_eq!(store.score_config(project, config.id).await.expect("one"), Some(archived.clone()));
    assert_eq!(store.score_config(other, config.id).await.expect("one"), None);
    let found = store.score_configs(project, 0, 5).await.expect("configurations");
    assert_eq!((found.total, found.items), (1, vec![archived]));
}
