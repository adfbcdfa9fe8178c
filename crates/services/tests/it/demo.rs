//! The demo project.

use domain::{
    auth::Scope,
    experiment::{Outcome, State},
    page::PageSize,
};
use experiment::Verdict;
use serde_json::{Map, Value};
use services::{ServiceError, demo::DemoSize, prompts::PromptFilter, results::ResultQuery, traces::TraceFilter};

use crate::world::World;

#[tokio::test]
async fn a_demo_has_prompts_with_a_history_and_traffic_that_counts_for_them() {
    let world = World::new().await;
    let (actor, _) = world.set_up().await;
    let demo = &world.services.demo;
    let mut told = Vec::new();
    let size = DemoSize { spans: 9_000, seed: 3 };
    let project = demo.create(&actor, size, |progress| told.push(progress)).await.unwrap();
    assert_eq!((project.name.as_str(), project.slug.as_str()), ("Demo", "demo"));
    assert!(told.len() >= 2 && told.iter().map(|progress| progress.done).is_sorted(), "{told:?}");
    assert!(
        told.last().is_some_and(|last| (last.done - 1.0).abs() < 1e-9 && last.spans > 8_000 && last.scores > 1_000)
    );

    // Who has a new project signs in again in this test; the session of a browser looks its roles up anew.
    let actor = world.sign_in("owner@example.com").await;
    let services = &world.services;
    let filter = PromptFilter::default();
    let page = services.prompts.list(&actor, project.id, &filter, None, PageSize::default()).await.unwrap();
    let names: Vec<&str> = page.items.iter().map(|prompt| prompt.name.as_str()).collect();
    assert_eq!(names, ["assistant/follow", "chat/companion", "math/solve"]);
    let moves = services.prompts.label_moves(&actor, project.id, "math/solve").await.unwrap();
    assert_eq!(moves.iter().map(|moved| moved.to).collect::<Vec<_>>(), [Some(4), Some(3), Some(2), Some(1)]);
    assert!(moves.iter().map(|moved| moved.at_us).is_sorted_by(|later, earlier| later > earlier));

    let traces =
        services.traces.list(&actor, project.id, &TraceFilter::default(), None, PageSize::default()).await.unwrap();
    assert_eq!(traces.page.items.len(), 50);
    assert!(traces.page.items.iter().any(|trace| !trace.links.is_empty()), "generations are linked");
}

#[tokio::test]
async fn its_experiments_have_results_and_users_keep_the_arms_they_had() {
    let world = World::new().await;
    let (actor, _) = world.set_up().await;
    let services = &world.services;
    let project = services.demo.create(&actor, DemoSize { spans: 20_000, seed: 3 }, |_| {}).await.unwrap();
    let actor = world.sign_in("owner@example.com").await;
    services.ingest.fold().await.unwrap();

    let shipped = services.experiments.get(&actor, project.id, "verifier").await.unwrap();
    assert_eq!(shipped.state, State::Decided(Outcome::Ship));
    let result = services.results.result(&actor, project.id, "verifier", &ResultQuery::default()).await.unwrap();
    assert!(result.sheet.arms.iter().all(|arm| arm.units > 80), "{:?}", result.sheet.arms);
    let right = &result.table.rows[0].comparisons[0];
    // 34.7% of version 3's answers are right and 56.3% of version 4's.
    assert!(right.better == Some(true) && right.p.unwrap() < 0.05, "{right:?}");
    assert_eq!(result.table.verdicts[0].verdict, Verdict::Ship);

    let running = services.experiments.get(&actor, project.id, "ask-back").await.unwrap();
    assert_eq!(running.state, State::Running);
    let result = services.results.result(&actor, project.id, "ask-back", &ResultQuery::default()).await.unwrap();
    assert!(!matches!(result.table.verdicts[0].verdict, Verdict::Ship | Verdict::DoNotShip | Verdict::Broken));
    let rules = services.assignment.rules(&actor, project.id).await.unwrap();
    let rule = rules.by_label("chat/companion", &"production".parse().unwrap()).unwrap();
    let mut asked = 0;
    for number in 0..500 {
        let user = format!("user-{number:05}");
        let explained = services.results.explain(&actor, project.id, "ask-back", &user, None).await.unwrap();
        let Some(met) = explained.exposures.first() else { continue };
        let now = rule.resolve(&Map::from_iter([("id".to_owned(), Value::String(user))]));
        assert_eq!(now.split.unwrap().arm, Some(&met.exposure.arm));
        asked += 1;
    }
    assert!(asked > 200, "{asked} users");
}

#[tokio::test]
async fn a_demo_of_an_impossible_size_is_refused_and_makes_nothing() {
    let world = World::new().await;
    let (actor, _) = world.set_up().await;
    let size = DemoSize { spans: 5, seed: 1 };
    let refused = world.services.demo.create(&actor, size, |_| {}).await;
    assert!(matches!(&refused, Err(ServiceError::Invalid(fields)) if fields[0].field == "spans"), "{refused:?}");
    assert_eq!(world.services.access.projects(&actor).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_removed_project_is_gone_with_its_keys_and_others_stay() {
    let world = World::new().await;
    let (actor, own) = world.set_up().await;
    let services = &world.services;
    let refused = services.access.remove_project(&actor, own).await;
    assert!(matches!(&refused, Err(ServiceError::Conflict(why)) if why.contains("only project")), "{refused:?}");

    let demo = services.demo.create(&actor, DemoSize { spans: 2_000, seed: 3 }, |_| {}).await.unwrap();
    let stranger = services.access.remove_project(&actor, demo.id).await;
    assert!(matches!(&stranger, Err(ServiceError::NotFound { .. })), "roles of this actor are older: {stranger:?}");
    let actor = world.sign_in("owner@example.com").await;
    let key = services.access.create_pair(&actor, demo.id, "ci", &[Scope::Read]).await.unwrap();
    let other = services.access.create_pair(&actor, own, "ci", &[Scope::Read]).await.unwrap();
    let secret = key.secret_key.reveal();
    services.access.authenticate_secret(secret).await.unwrap();

    services.access.remove_project(&actor, demo.id).await.unwrap();
    let refused = services.access.authenticate_secret(secret).await;
    assert!(matches!(refused, Err(ServiceError::Unauthenticated)), "{refused:?}");
    services.access.authenticate_secret(other.secret_key.reveal()).await.unwrap();
    let actor = world.sign_in("owner@example.com").await;
    let left = services.access.projects(&actor).await.unwrap();
    assert_eq!(left.iter().map(|project| project.id).collect::<Vec<_>>(), [own]);
    let again = services.demo.create(&actor, DemoSize { spans: 2_000, seed: 3 }, |_| {}).await.unwrap();
    assert_eq!(again.slug.as_str(), "demo", "its address is free again");
}
