use std::{future::Future, sync::Arc};

use domain::{ids::ProjectId, time::TimeUs};

use super::{T0, second_project, set_up};
use crate::control::{Claim, ControlStore, KeptAnswer, RepeatableRequest};

const LEASE_US: i64 = 60_000_000;
const DAY_US: i64 = 86_400_000_000;

pub(super) async fn run<F: Future<Output = Arc<dyn ControlStore>>>(fresh: &impl Fn() -> F) {
    a_request_is_done_once(&*fresh().await).await;
    claims_end(&*fresh().await).await;
    of_many_one_is_first(fresh().await).await;
}

fn request(project: ProjectId, body: u8, at: TimeUs) -> RepeatableRequest {
    RepeatableRequest {
        project,
        actor: "key 1".to_owned(),
        key: "order-1".to_owned(),
        fingerprint: [body; 32],
        at,
        lease_us: TimeUs(at.0 + LEASE_US),
        expires_us: TimeUs(at.0 + DAY_US),
    }
}

async fn claim(store: &dyn ControlStore, request: &RepeatableRequest) -> Claim {
    store.claim(request).await.expect("a claim")
}

async fn a_request_is_done_once(store: &dyn ControlStore) {
    let (owner, project) = set_up(store).await;
    let first = request(project, 1, T0);
    assert_eq!(claim(store, &first).await, Claim::First);
    assert_eq!(claim(store, &first).await, Claim::Running);
    assert_eq!(claim(store, &request(project, 2, T0)).await, Claim::Other);
    let answer = KeptAnswer { status: 201, content_type: "application/json".to_owned(), body: vec![0, 255, 7] };
    store.conclude(&first, Some(&answer)).await.expect("concluded");
    assert_eq!(claim(store, &first).await, Claim::Done(Some(answer.clone())));
    assert_eq!(claim(store, &request(project, 1, TimeUs(T0.0 + 5))).await, Claim::Done(Some(answer)));
    assert_eq!(claim(store, &request(project, 2, T0)).await, Claim::Other);
    // The same key of somebody else, or elsewhere, is another request.
    let other = second_project(store, owner).await;
    assert_eq!(claim(store, &request(other, 2, T0)).await, Claim::First);
    let somebody = RepeatableRequest { actor: "key 2".to_owned(), ..request(project, 2, T0) };
    assert_eq!(claim(store, &somebody).await, Claim::First);
    store.conclude(&somebody, None).await.expect("concluded");
    assert_eq!(claim(store, &somebody).await, Claim::Done(None));
}

async fn claims_end(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    let first = request(project, 1, T0);
    assert_eq!(claim(store, &first).await, Claim::First);
    store.release(&first).await.expect("released");
    let second = request(project, 2, TimeUs(T0.0 + 1));
    assert_eq!(claim(store, &second).await, Claim::First, "what was released is as if never asked");
    // Whoever held it is gone; the next may do it, and the late one changes nothing.
    let third = request(project, 3, TimeUs(second.lease_us.0));
    assert_eq!(claim(store, &third).await, Claim::First);
    store.release(&second).await.expect("released");
    store.conclude(&second, None).await.expect("concluded");
    assert_eq!(claim(store, &third).await, Claim::Running);
    store.conclude(&third, None).await.expect("concluded");
    store.delete_expired(TimeUs(third.expires_us.0 - 1)).await.expect("deleted");
    let late = request(project, 4, TimeUs(third.expires_us.0 - 1));
    assert_eq!(claim(store, &late).await, Claim::Other);
    let later = request(project, 4, third.expires_us);
    assert_eq!(claim(store, &later).await, Claim::First, "an answer is forgotten");
    store.delete_expired(later.expires_us).await.expect("deleted");
    assert_eq!(claim(store, &request(project, 5, later.at)).await, Claim::First);
}

async fn of_many_one_is_first(store: Arc<dyn ControlStore>) {
    let (_, project) = set_up(&*store).await;
    let claims: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { claim(&*store, &request(project, 1, T0)).await })
        })
        .collect();
    let mut first = 0;
    for claimed in claims {
        match claimed.await.expect("no panic") {
            Claim::First => first += 1,
            other => assert_eq!(other, Claim::Running),
        }
    }
    assert_eq!(first, 1);
}
