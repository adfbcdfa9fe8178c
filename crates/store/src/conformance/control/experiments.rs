use std::{future::Future, sync::Arc};

use domain::{
    experiment::{
        Activity, ActivityKind, Arm, BucketRange, Decision, DecisionKind, Design, Exclusion, Experiment, Outcome, Slot,
        State,
    },
    ids::{ActivityId, ExperimentId, LabelMoveId, ProjectId, PromptId},
    prompt::{FlagKey, LabelName, MoveSource, PromptBody, PromptName, VersionChoice},
    time::TimeUs,
};
use serde_json::json;

use super::{T0, id, second_project, set_up};
use crate::{
    StoreError,
    control::{
        ControlStore, ExperimentChange, ExperimentFilter, LabelStep, MoveRecord, NewVersion, ProtectedLabels,
        VersionDraft,
    },
};

pub(super) async fn run<F: Future<Output = Arc<dyn ControlStore>>>(fresh: &impl Fn() -> F) {
    an_experiment_comes_back_as_it_was_saved(&*fresh().await).await;
    keys_are_unique_in_a_project(&*fresh().await).await;
    of_changes_from_one_revision_one_wins(&*fresh().await).await;
    a_slot_has_one_owner(&*fresh().await).await;
    buckets_of_a_group_have_one_owner(&*fresh().await).await;
    an_owned_label_moves_for_its_experiment_only(&*fresh().await).await;
    shipping_moves_the_label_and_ends_in_one_step(&*fresh().await).await;
    lists_filter_and_page(&*fresh().await).await;
    projects_do_not_see_each_other(&*fresh().await).await;
}

fn greet() -> PromptName {
    "greet".parse().expect("a name")
}

fn production() -> LabelName {
    "production".parse().expect("a label")
}

fn flag_key() -> FlagKey {
    "greet.production".parse().expect("a flag key")
}

/// A project (10) with versions 1 to 3 of `greet`, production on 1.
async fn with_prompt(store: &dyn ControlStore) -> ProjectId {
    let (_, project) = set_up(store).await;
    for number in 1..=3_u128 {
        let labels = if number == 1 { vec![(production(), LabelMoveId(id(900)), flag_key())] } else { Vec::new() };
        let new = NewVersion {
            prompt_id: PromptId(id(800)),
            name: greet(),
            draft: VersionDraft {
                body: PromptBody::Text(format!("Hello {number}")),
                config: json!({}),
                commit_message: None,
                content_hash: number.to_string(),
            },
            tags: None,
            labels,
            expected_latest: None,
            by: "ana@example.com".to_owned(),
            source: MoveSource::User,
            at: T0,
            protected: ProtectedLabels::Keep,
        };
        store.add_version(project, new).await.expect("a version");
    }
    project
}

fn experiment(number: u128, key: &str) -> Experiment {
    let arm = |key: &str, version| Arm { key: key.parse().expect("a key"), name: String::new(), version, weight: 5000 };
    Experiment {
        id: ExperimentId(id(number)),
        key: key.parse().expect("a key"),
        slot: Slot { prompt: PromptId(id(800)), prompt_name: greet(), label: production(), flag_key: flag_key() },
        state: State::Draft,
        revision: 1,
        design: Design { arms: vec![arm("control", 1), arm("warm", 2)], ..Design::default() },
        phases: Vec::new(),
        ramp: None,
        decision: None,
        created_by: "ana@example.com".to_owned(),
        created_us: T0,
        updated_us: T0,
        launched_us: None,
        started_us: None,
        ended_us: None,
    }
}

fn entry(number: u128, kind: ActivityKind, revision: u32) -> Activity {
    Activity {
        id: ActivityId(id(number)),
        at_us: TimeUs(T0.0 + number as i64),
        by: "ana@example.com".to_owned(),
        kind,
        note: String::new(),
        changes: Vec::new(),
        revision,
    }
}

/// The experiment one revision on, in another state.
fn changed(from: &Experiment, state: State, number: u128) -> ExperimentChange {
    let experiment = Experiment { state, revision: from.revision + 1, ..from.clone() };
    let activity = entry(number, ActivityKind::Edited, experiment.revision);
    ExperimentChange { experiment, activity, label: None }
}

fn record(number: u128, experiment: Option<ExperimentId>) -> MoveRecord {
    MoveRecord {
        id: LabelMoveId(id(number)),
        by: "ana@example.com".to_owned(),
        reason: None,
        source: MoveSource::Experiment,
        at: T0,
        protected: ProtectedLabels::Keep,
        experiment,
    }
}

async fn made(store: &dyn ControlStore, project: ProjectId, number: u128, key: &str) -> Experiment {
    let made = experiment(number, key);
    let first = entry(number * 100, ActivityKind::Created, 1);
    store.create_experiment(project, &made, &first).await.expect("an experiment");
    made
}

async fn keys(store: &dyn ControlStore, project: ProjectId, filter: &ExperimentFilter) -> Vec<String> {
    let found = store.experiments(project, filter, None, 100).await.expect("experiments");
    found.iter().map(|experiment| experiment.key.to_string()).collect()
}

async fn an_experiment_comes_back_as_it_was_saved(store: &dyn ControlStore) {
    let project = with_prompt(store).await;
    let before = store.revision(project).await.expect("a revision");
    let first = made(store, project, 1, "tone").await;
    assert_eq!(store.experiment(project, &first.key).await.expect("an answer"), Some(first.clone()));
    let mut change = changed(&first, State::Draft, 101);
    "warmer is better".clone_into(&mut change.experiment.design.hypothesis);
    store.save_experiment(project, &change).await.expect("saved");
    let read = store.experiment(project, &first.key).await.expect("an answer");
    assert_eq!(read.as_ref(), Some(&change.experiment));
    let log = store.experiment_activity(project, first.id, None, 10).await.expect("a log");
    assert_eq!(log, [change.activity.clone(), entry(100, ActivityKind::Created, 1)]);
    let older = store.experiment_activity(project, first.id, Some(2), 10).await.expect("a log");
    assert_eq!(older.len(), 1);
    assert_eq!(store.revision(project).await.expect("a revision"), before + 2);
    let missing = changed(&experiment(7, "none"), State::Draft, 700);
    let missing = store.save_experiment(project, &missing).await;
    assert!(matches!(missing, Err(StoreError::NotFound { entity: "experiment", .. })), "{missing:?}");
}

async fn keys_are_unique_in_a_project(store: &dyn ControlStore) {
    let project = with_prompt(store).await;
    made(store, project, 1, "tone").await;
    let again = store.create_experiment(project, &experiment(2, "tone"), &entry(2, ActivityKind::Created, 1)).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    let nowhere = ProjectId(id(77));
    let lost = store.create_experiment(nowhere, &experiment(3, "lost"), &entry(3, ActivityKind::Created, 1)).await;
    assert!(matches!(lost, Err(StoreError::NotFound { entity: "project", .. })), "{lost:?}");
}

async fn of_changes_from_one_revision_one_wins(store: &dyn ControlStore) {
    let project = with_prompt(store).await;
    let first = made(store, project, 1, "tone").await;
    store.save_experiment(project, &changed(&first, State::Draft, 200)).await.expect("the first");
    let late = store.save_experiment(project, &changed(&first, State::Draft, 201)).await;
    assert!(matches!(&late, Err(StoreError::Conflict(why)) if why.contains("revision 2")), "{late:?}");
    let log = store.experiment_activity(project, first.id, None, 10).await.expect("a log");
    assert_eq!(log.len(), 2, "what was refused left nothing");
}

async fn a_slot_has_one_owner(store: &dyn ControlStore) {
    let project = with_prompt(store).await;
    let first = made(store, project, 1, "tone").await;
    let second = made(store, project, 2, "length").await;
    let running = changed(&first, State::Running, 201);
    store.save_experiment(project, &running).await.expect("the slot was free");
    for state in [State::Scheduled, State::Running, State::Paused] {
        let refused = store.save_experiment(project, &changed(&second, state, 202)).await;
        assert!(matches!(&refused, Err(StoreError::Conflict(why)) if why.contains("`tone`")), "{refused:?}");
    }
    assert_eq!(store.owning_experiments().await.expect("owners"), [(project, running.experiment.clone())]);
    let stopped = changed(&running.experiment, State::Decided(Outcome::Stop), 203);
    store.save_experiment(project, &stopped).await.expect("stopped");
    store.save_experiment(project, &changed(&second, State::Running, 204)).await.expect("the slot is free again");
}

async fn buckets_of_a_group_have_one_owner(store: &dyn ControlStore) {
    let project = with_prompt(store).await;
    let owning = |number, key, label: &str, start, end| {
        let mut made = experiment(number, key);
        made.slot.label = label.parse().expect("a label");
        let group = "group".parse().expect("a group");
        made.design.exclusion = Some(Exclusion { group, ranges: vec![BucketRange { start, end }] });
        made
    };
    for (number, key, label, start, end, free) in [
        (1, "tone", "production", 0, 5000, true),
        (2, "length", "staging", 4999, 6000, false),
        (3, "format", "beta", 5000, 6000, true),
    ] {
        let made = owning(number, key, label, start, end);
        store.create_experiment(project, &made, &entry(number * 100, ActivityKind::Created, 1)).await.expect("made");
        let saved = store.save_experiment(project, &changed(&made, State::Running, number * 100 + 1)).await;
        match saved {
            Err(StoreError::Conflict(why)) if !free => assert!(why.contains("`tone`"), "{why}"),
            other => assert!(other.is_ok() && free, "{key}: {other:?}"),
        }
    }
}

async fn an_owned_label_moves_for_its_experiment_only(store: &dyn ControlStore) {
    let project = with_prompt(store).await;
    let first = made(store, project, 1, "tone").await;
    let running = changed(&first, State::Running, 201);
    store.save_experiment(project, &running).await.expect("running");
    let only = [(production(), flag_key())];
    for stranger in [None, Some(ExperimentId(id(99)))] {
        let moved = store.move_labels(project, &greet(), &only, 3, record(301, stranger)).await;
        assert!(matches!(&moved, Err(StoreError::Owned { experiment, .. }) if experiment == "tone"), "{moved:?}");
    }
    let removed = store.remove_label(project, &greet(), &production(), record(302, None)).await;
    assert!(matches!(removed, Err(StoreError::Owned { .. })), "{removed:?}");
    let gone = store.remove_prompt(project, &greet(), None, record(303, None)).await;
    assert!(matches!(gone, Err(StoreError::Owned { .. })), "{gone:?}");
    let version = store.remove_prompt(project, &greet(), Some(&VersionChoice::Number(2)), record(304, None)).await;
    assert!(matches!(&version, Err(StoreError::Conflict(why)) if why.contains("`tone`")), "{version:?}");
    store
        .remove_prompt(project, &greet(), Some(&VersionChoice::Number(3)), record(305, None))
        .await
        .expect("a version no arm serves can go");

    // Rebased: the label moves on behalf of the experiment, which keeps the slot.
    let mut rebased = changed(&running.experiment, State::Running, 206);
    rebased.label = Some(LabelStep { to: 2, record: record(306, Some(first.id)) });
    store.save_experiment(project, &rebased).await.expect("rebased");
    let label = store.prompt(project, &greet()).await.expect("an answer").expect("the prompt").labels;
    assert_eq!(label[0].version, 2);
}

async fn shipping_moves_the_label_and_ends_in_one_step(store: &dyn ControlStore) {
    let project = with_prompt(store).await;
    let first = made(store, project, 1, "tone").await;
    let running = changed(&first, State::Running, 201).experiment;
    store.save_experiment(project, &changed(&first, State::Running, 201)).await.expect("running");
    store.protect_label(project, &greet(), &production(), true).await.expect("protected");
    let mut shipped = changed(&running, State::Decided(Outcome::Ship), 202);
    shipped.experiment.decision = Some(Decision {
        kind: DecisionKind::Ship,
        arm: Some("warm".parse().expect("a key")),
        note: "better".to_owned(),
        at_us: T0,
        by: "ana@example.com".to_owned(),
        before: State::Running,
        label_before: Some(1),
        evidence: None,
    });
    shipped.label = Some(LabelStep { to: 2, record: record(301, Some(first.id)) });
    let refused = store.save_experiment(project, &shipped).await;
    assert!(matches!(refused, Err(StoreError::Protected(_))), "{refused:?}");
    let still = store.experiment(project, &first.key).await.expect("an answer").expect("the experiment");
    assert_eq!(still, running, "a label that may not move ships nothing");
    shipped.label = Some(LabelStep {
        to: 2,
        record: MoveRecord { protected: ProtectedLabels::Move, ..record(301, Some(first.id)) },
    });
    store.save_experiment(project, &shipped).await.expect("shipped");
    let moves = store.label_moves(project, &greet(), 10).await.expect("moves");
    assert_eq!((moves[0].from, moves[0].to, moves[0].source), (Some(1), Some(2), MoveSource::Experiment));
    let to_nowhere = ExperimentChange {
        label: Some(LabelStep { to: 9, record: record(302, Some(first.id)) }),
        ..changed(&shipped.experiment, State::Paused, 203)
    };
    let refused = store.save_experiment(project, &to_nowhere).await;
    assert!(matches!(refused, Err(StoreError::NotFound { entity: "prompt version", .. })), "{refused:?}");
}

async fn lists_filter_and_page(store: &dyn ControlStore) {
    let project = with_prompt(store).await;
    let first = made(store, project, 1, "tone").await;
    made(store, project, 2, "length").await;
    made(store, project, 3, "format").await;
    store.save_experiment(project, &changed(&first, State::Running, 201)).await.expect("running");
    let all = ExperimentFilter::default();
    assert_eq!(keys(store, project, &all).await, ["format", "length", "tone"]);
    let running = ExperimentFilter { states: vec![State::Running, State::Paused], ..all.clone() };
    assert_eq!(keys(store, project, &running).await, ["tone"]);
    let elsewhere = ExperimentFilter { prompt: Some("other".parse().expect("a name")), ..all.clone() };
    assert_eq!(keys(store, project, &elsewhere).await, [""; 0]);
    let here = ExperimentFilter { prompt: Some(greet()), states: vec![State::Draft] };
    assert_eq!(keys(store, project, &here).await, ["format", "length"]);
    let page = store.experiments(project, &all, Some(ExperimentId(id(3))), 1).await.expect("a page");
    assert_eq!(page.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["length"]);
}

async fn projects_do_not_see_each_other(store: &dyn ControlStore) {
    let (owner, project) = set_up(store).await;
    let other = second_project(store, owner).await;
    let first = made(store, project, 1, "tone").await;
    assert_eq!(store.experiment(other, &first.key).await.expect("an answer"), None);
    assert_eq!(keys(store, other, &ExperimentFilter::default()).await, [""; 0]);
    assert_eq!(store.experiment_activity(other, first.id, None, 10).await.expect("a log"), []);
    let stolen = store.save_experiment(other, &changed(&first, State::Draft, 200)).await;
    assert!(matches!(stolen, Err(StoreError::NotFound { entity: "experiment", .. })), "{stolen:?}");
    made(store, other, 2, "tone").await;
    store.remove_project(project).await.expect("a project with experiments can go");
    assert_eq!(keys(store, other, &ExperimentFilter::default()).await, ["tone"]);
}
