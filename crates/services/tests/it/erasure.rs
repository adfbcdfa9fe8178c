//! Events taken away: by age, of a user, of a project, with experiments told.

use domain::{
    auth::{Actor, Role},
    job::JobState,
    project::Change,
};
use serde_json::Value;
use services::{ServiceError, access::SettingsChange, erasure::Erasure};
use store::event::{EventStore as _, OutcomeStore as _, UnitStore as _};

use crate::pipeline::{KEY, Pipeline, metric, units};

const DAY_S: i64 = 24 * 3_600;

async fn launched() -> Pipeline {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &[metric("buy", "rate", "higher", "goal", Value::Null)], |_| {}).await;
    pipeline
}

/// Units meet the experiment and buy something. How many take part.
async fn some_buy(pipeline: &Pipeline, prefix: &str) -> u64 {
    let names = units(prefix, 0..40);
    let arms = pipeline.meet(&names).await;
    pipeline.happened(names.into_iter().map(|unit| (unit, "buy", 1.0))).await;
    pipeline.fold().await;
    arms.iter().flatten().count() as u64
}

async fn exposed(pipeline: &Pipeline, phase: u32) -> u64 {
    let experiment = pipeline.experiment().await;
    pipeline.world.events.units_version(pipeline.project, experiment.id, phase).await.unwrap().units
}

async fn bought(pipeline: &Pipeline) -> u64 {
    let counts = pipeline.world.events.outcome_counts(pipeline.project, 10).await.unwrap();
    counts.iter().map(|count| count.events).sum()
}

async fn keep(pipeline: &Pipeline, days: Option<u32>) -> Result<(), ServiceError> {
    let change = SettingsChange { retention_days: Change::To(days), ..SettingsChange::default() };
    pipeline.world.services.access.change_settings(&pipeline.actor, pipeline.project, change).await.map(drop)
}

async fn done(pipeline: &Pipeline, job: &Erasure) -> Erasure {
    let erasures = &pipeline.world.services.erasures;
    while erasures.work().await.unwrap() {}
    pipeline.fold().await;
    erasures.get(&pipeline.actor, pipeline.project, job.id).await.unwrap()
}

/// What is stored is what a rebuild makes of it.
async fn is_consistent(pipeline: &Pipeline) {
    let before = pipeline.result().await;
    pipeline.world.events.rebuild_totals().await.unwrap();
    assert_eq!(format!("{:?}", pipeline.result().await), format!("{before:?}"));
}

#[tokio::test]
async fn old_events_go_and_what_an_experiment_needs_stays_until_it_is_old() {
    let pipeline = launched().await;
    let early = some_buy(&pipeline, "early").await;
    assert!(early > 10);
    let retain = async || pipeline.world.services.erasures.retain().await.unwrap();
    for wrong in [0, 3_651] {
        assert!(matches!(keep(&pipeline, Some(wrong)).await, Err(ServiceError::Invalid(_))));
    }
    keep(&pipeline, Some(7)).await.unwrap();
    pipeline.world.clock.pass_s(20 * DAY_S);
    retain().await;
    assert_eq!((exposed(&pipeline, 0).await, bought(&pipeline).await), (early, 40), "it still runs");
    is_consistent(&pipeline).await;
    pipeline.stop().await;
    pipeline.world.clock.pass_s(6 * DAY_S);
    retain().await;
    assert_eq!((exposed(&pipeline, 0).await, bought(&pipeline).await), (early, 40), "it ended six days ago");
    pipeline.world.clock.pass_s(DAY_S + 3_600);
    pipeline.happened([("late".to_owned(), "buy", 1.0)]).await;
    retain().await;
    pipeline.fold().await;
    assert_eq!((exposed(&pipeline, 0).await, bought(&pipeline).await), (0, 1), "all of it is too old");
    // For ever again: nothing more goes.
    keep(&pipeline, None).await.unwrap();
    pipeline.world.clock.pass_s(900 * DAY_S);
    retain().await;
    assert_eq!(bought(&pipeline).await, 1);
}

#[tokio::test]
async fn a_user_leaves_experiments_and_may_come_back() {
    let pipeline = launched().await;
    let all = some_buy(&pipeline, "unit").await;
    let names = units("unit", 0..40);
    let arms = pipeline.assigned(&names).await;
    let one = names.iter().zip(&arms).find_map(|(unit, arm)| arm.is_some().then_some(unit)).unwrap();
    let erasures = &pipeline.world.services.erasures;
    let viewer = pipeline.world.member(pipeline.project, "viewer@example.com", Role::Editor).await;
    assert!(matches!(erasures.erase_user(&viewer, pipeline.project, one).await, Err(ServiceError::Forbidden(_))));
    let job = erasures.erase_user(&pipeline.actor, pipeline.project, one).await.unwrap();
    let again = erasures.erase_user(&pipeline.actor, pipeline.project, one).await.unwrap();
    assert_eq!(again.id, job.id, "it is asked for already");
    let job = done(&pipeline, &job).await;
    assert_eq!((job.state, job.erased.units, job.erased.events), (JobState::Done, 1, 1));
    assert_eq!((job.user.as_deref(), job.created_by.as_str()), (Some(one.as_str()), "owner@example.com"));
    assert_eq!((exposed(&pipeline, 0).await, bought(&pipeline).await), (all - 1, 39));
    is_consistent(&pipeline).await;
    pipeline.meet(std::slice::from_ref(one)).await;
    assert_eq!(exposed(&pipeline, 0).await, all, "met anew, it is counted anew");
}

#[tokio::test]
async fn a_projects_events_go_and_its_experiments_count_anew() {
    let pipeline = launched().await;
    assert!(some_buy(&pipeline, "old").await > 10);
    let erasures = &pipeline.world.services.erasures;
    pipeline.world.clock.pass_s(60);
    let job = erasures.erase_project(&pipeline.actor, pipeline.project).await.unwrap();
    let key = Actor::Anonymous;
    assert!(matches!(erasures.erase_project(&key, pipeline.project).await, Err(ServiceError::Unauthenticated)));
    // What happens after it was asked for stays.
    pipeline.world.clock.pass_s(60);
    let new = some_buy(&pipeline, "new").await;
    let job = done(&pipeline, &job).await;
    assert_eq!((job.state, job.user), (JobState::Done, None));
    assert_eq!((exposed(&pipeline, 0).await, bought(&pipeline).await), (new, 40));
    is_consistent(&pipeline).await;
    assert!(pipeline.world.services.prompts.prompt(&pipeline.actor, pipeline.project, "greet").await.is_ok());
}
