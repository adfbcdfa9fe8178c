use std::{future::Future, sync::Arc};

use domain::{
    ids::{JobId, ProjectId},
    job::{Job, JobState},
    time::TimeUs,
};
use serde_json::{Value, json};

use super::{T0, id, second_project, set_up};
use crate::{
    StoreError,
    control::{ControlStore, JobLease},
};

const LEASE_US: i64 = 30_000_000;

pub(super) async fn run<F: Future<Output = Arc<dyn ControlStore>>>(fresh: &impl Fn() -> F) {
    a_job_is_worked_on_by_one(&*fresh().await).await;
    a_job_goes_on_where_its_worker_left_it(&*fresh().await).await;
    a_job_may_be_stopped(&*fresh().await).await;
    lists_are_by_project_and_kind(&*fresh().await).await;
}

fn job(number: u128, project: ProjectId) -> Job {
    let at = TimeUs(T0.0 + number as i64);
    Job {
        id: JobId(id(number)),
        project,
        kind: "reprice".to_owned(),
        params: json!({"version": 1, "from": 5}),
        state: JobState::Waiting,
        progress: Value::Null,
        error: None,
        created_by: "ana@example.com".to_owned(),
        created_us: at,
        updated_us: at,
        finished_us: None,
    }
}

fn after(us: i64) -> TimeUs {
    TimeUs(T0.0 + us)
}

async fn lease(store: &dyn ControlStore, worker: &str, now: TimeUs) -> Option<(Job, JobLease)> {
    let until_us = TimeUs(now.0 + LEASE_US);
    let job = store.lease_job("reprice", worker, now, until_us).await.expect("a lease")?;
    let lease = JobLease { job: job.id, worker: worker.to_owned(), until_us };
    Some((job, lease))
}

async fn a_job_is_worked_on_by_one(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    assert!(lease(store, "a", T0).await.is_none());
    let (first, second) = (job(1, project), job(2, project));
    store.create_job(&second).await.expect("a job");
    store.create_job(&first).await.expect("a job");
    let nowhere = store.create_job(&job(9, ProjectId(id(99)))).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound { .. })), "{nowhere:?}");

    let (taken, held) = lease(store, "a", after(10)).await.expect("a job");
    assert_eq!(taken, Job { state: JobState::Running, updated_us: after(10), ..first.clone() }, "the oldest first");
    let (other, _) = lease(store, "b", after(11)).await.expect("a job");
    assert_eq!(other.id, second.id);
    assert!(lease(store, "c", after(12)).await.is_none(), "both are taken");
    assert!(store.lease_job("other kind", "c", after(12), after(13)).await.expect("a lease").is_none());

    assert!(store.advance_job(&held, &json!({"version": 1, "at": 7}), after(20)).await.expect("kept"));
    let kept = store.job(project, first.id).await.expect("the job").expect("there");
    assert_eq!((kept.progress, kept.updated_us), (json!({"version": 1, "at": 7}), after(20)));
    let stranger = JobLease { worker: "b".to_owned(), ..held.clone() };
    assert!(!store.advance_job(&stranger, &Value::Null, after(21)).await.expect("not theirs"));
    let done = json!({"version": 1, "at": 9});
    assert!(!store.finish_job(&stranger, JobState::Done, &done, None, after(21)).await.expect("not theirs"));
    assert!(store.finish_job(&held, JobState::Done, &done, None, after(22)).await.expect("ended"));
    let ended = store.job(project, first.id).await.expect("the job").expect("there");
    let expected =
        Job { state: JobState::Done, progress: done, updated_us: after(22), finished_us: Some(after(22)), ..first };
    assert_eq!(ended, expected);
    assert!(!store.advance_job(&held, &Value::Null, after(23)).await.expect("over"));
    assert!(lease(store, "a", after(10 * LEASE_US)).await.is_some_and(|(job, _)| job.id == second.id), "never again");
}

async fn a_job_goes_on_where_its_worker_left_it(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    store.create_job(&job(1, project)).await.expect("a job");
    let (_, first) = lease(store, "a", T0).await.expect("a job");
    assert!(store.advance_job(&first, &json!({"at": 1}), after(1)).await.expect("kept"));
    assert!(lease(store, "b", after(LEASE_US - 1)).await.is_none(), "still somebody's");
    let (job, second) = lease(store, "b", after(LEASE_US)).await.expect("nobody's any more");
    assert_eq!((job.state, job.progress), (JobState::Running, json!({"at": 1})));
    assert!(!store.advance_job(&first, &json!({"at": 2}), after(LEASE_US + 1)).await.expect("too late"));
    // Each step prolongs the lease.
    let later = JobLease { until_us: TimeUs(second.until_us.0 + LEASE_US), ..second };
    assert!(store.advance_job(&later, &json!({"at": 2}), after(LEASE_US + 2)).await.expect("kept"));
    assert!(lease(store, "a", after(2 * LEASE_US + 1)).await.is_none(), "prolonged");
    let reached = json!({"at": 2});
    let failed = store.finish_job(&later, JobState::Failed, &reached, Some("no luck"), after(2 * LEASE_US));
    assert!(failed.await.expect("ended"));
    let ended = store.job(project, job.id).await.expect("the job").expect("there");
    assert_eq!((ended.state, ended.error.as_deref()), (JobState::Failed, Some("no luck")));
}

async fn a_job_may_be_stopped(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    store.create_job(&job(1, project)).await.expect("a job");
    store.create_job(&job(2, project)).await.expect("a job");
    let (_, held) = lease(store, "a", T0).await.expect("a job");
    for number in [1, 2] {
        let stopped = store.cancel_job(project, JobId(id(number)), after(5)).await.expect("stopped");
        assert_eq!((stopped.state, stopped.finished_us), (JobState::Cancelled, Some(after(5))));
    }
    assert!(!store.advance_job(&held, &Value::Null, after(6)).await.expect("stopped"));
    assert!(lease(store, "b", after(10 * LEASE_US)).await.is_none());
    let again = store.cancel_job(project, JobId(id(1)), after(7)).await.expect("stopped already");
    assert_eq!(again.finished_us, Some(after(5)));
    let missing = store.cancel_job(project, JobId(id(3)), after(7)).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
}

async fn lists_are_by_project_and_kind(store: &dyn ControlStore) {
    let (owner, project) = set_up(store).await;
    let other = second_project(store, owner).await;
    for number in 1..4 {
        store.create_job(&job(number, project)).await.expect("a job");
    }
    store.create_job(&Job { kind: "other".to_owned(), ..job(4, project) }).await.expect("a job");
    store.create_job(&job(5, other)).await.expect("a job");
    let ids = |jobs: Vec<Job>| jobs.into_iter().map(|job| job.id.0.as_u128()).collect::<Vec<_>>();
    assert_eq!(ids(store.jobs(project, "reprice", 2).await.expect("jobs")), [3, 2], "newest first");
    assert_eq!(ids(store.jobs(other, "reprice", 10).await.expect("jobs")), [5]);
    assert!(store.job(other, JobId(id(1))).await.expect("the job").is_none());
    let refused = store.cancel_job(other, JobId(id(1)), T0).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{refused:?}");
}
