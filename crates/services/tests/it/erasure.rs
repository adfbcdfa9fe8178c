//! Events taken away: by age, of a user, of a project, with experiments told.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    auth::{Actor, Role},
    experiment::ActivityKind,
    ids::TraceId,
    job::JobState,
    page::PageSize,
    project::Change,
};
use serde_json::Value;
use services::{ServiceError, access::SettingsChange, erasure::Erasure, media::Announcement};
use sha2::{Digest as _, Sha256};
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

/// Announces a picture and sends it.
async fn picture(pipeline: &Pipeline, bytes: &[u8], trace: Option<TraceId>) -> String {
    let media = &pipeline.world.services.media;
    let announcement = Announcement {
        content_type: "image/png".to_owned(),
        length: bytes.len() as u64,
        sha256: BASE64_STANDARD.encode(Sha256::digest(bytes)),
        trace,
    };
    media.announce(&pipeline.actor, pipeline.project, &announcement).await.unwrap().id.to_string()
}

async fn is_known(pipeline: &Pipeline, id: &str) -> bool {
    pipeline.world.services.media.expect(&pipeline.actor, pipeline.project, id).await.is_ok()
}

#[tokio::test]
async fn media_of_no_trace_go_by_age() {
    let pipeline = Pipeline::new().await;
    let never = TraceId::from_bytes([9; 16]).ok();
    let (of_none, of_never) = (picture(&pipeline, b"none", None).await, picture(&pipeline, b"never", never).await);
    let still_used = picture(&pipeline, b"again", None).await;
    let retain = async || pipeline.world.services.erasures.retain().await.unwrap();
    keep(&pipeline, Some(7)).await.unwrap();
    pipeline.world.clock.pass_s(6 * DAY_S);
    picture(&pipeline, b"again", None).await;
    retain().await;
    assert!(is_known(&pipeline, &of_none).await && is_known(&pipeline, &of_never).await, "six days old");
    pipeline.world.clock.pass_s(2 * DAY_S);
    retain().await;
    assert!(!is_known(&pipeline, &of_none).await && !is_known(&pipeline, &of_never).await, "eight days old");
    assert!(is_known(&pipeline, &still_used).await, "announced two days ago");
    pipeline.world.clock.pass_s(60);
    let job = pipeline.world.services.erasures.erase_project(&pipeline.actor, pipeline.project).await.unwrap();
    assert_eq!(done(&pipeline, &job).await.media, 1);
    assert!(!is_known(&pipeline, &still_used).await);
}

#[tokio::test]
async fn who_would_keep_events_for_less_is_told_what_would_go() {
    let pipeline = Pipeline::new().await;
    let erasures = &pipeline.world.services.erasures;
    let old = erasures.older_than(&pipeline.actor, pipeline.project, 30).await.unwrap();
    assert_eq!((old.traces, old.or_more, old.earliest_us), (0, false, None));
    assert_eq!(old.before_us.0, pipeline.world.services.now().0 - 30 * DAY_S * 1_000_000);
    let viewer = pipeline.world.member(pipeline.project, "viewer@example.com", Role::Editor).await;
    assert!(matches!(erasures.older_than(&viewer, pipeline.project, 30).await, Err(ServiceError::Forbidden(_))));
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
    let told = (ActivityKind::Erased, format!("{early} units left: their events were older than 7 days."));
    assert_eq!(log(&pipeline).await.iter().filter(|entry| **entry == told).count(), 1);
    // For ever again: nothing more goes.
    keep(&pipeline, None).await.unwrap();
    pipeline.world.clock.pass_s(900 * DAY_S);
    retain().await;
    assert_eq!(bought(&pipeline).await, 1);
}

/// The log of the experiment, newest first.
async fn log(pipeline: &Pipeline) -> Vec<(ActivityKind, String)> {
    let (experiments, page) = (&pipeline.world.services.experiments, PageSize::default());
    let log = experiments.activity(&pipeline.actor, pipeline.project, &pipeline.key, None, page).await.unwrap();
    log.items.into_iter().map(|entry| (entry.kind, entry.note)).collect()
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
    let told = log(&pipeline).await;
    assert_eq!(told[0], (ActivityKind::Erased, "1 unit left: the data of a user was deleted.".to_owned()));
    assert!(told.iter().all(|(_, note)| !note.contains(one.as_str())), "nobody is named: {told:?}");
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

#[tokio::test]
async fn whoever_could_not_go_on_lets_another_do_it_at_once() {
    let pipeline = launched().await;
    let erasures = &pipeline.world.services.erasures;
    let job = erasures.erase_user(&pipeline.actor, pipeline.project, "somebody").await.unwrap();
    pipeline.world.events.close().await.unwrap();
    assert!(matches!(erasures.work().await, Err(ServiceError::Unavailable { .. })));
    // No time has passed that a lease could have run out in.
    let other = pipeline.world.other_process().await.erasures;
    assert!(other.work().await.unwrap());
    assert_eq!(other.get(&pipeline.actor, pipeline.project, job.id).await.unwrap().state, JobState::Done);
}
