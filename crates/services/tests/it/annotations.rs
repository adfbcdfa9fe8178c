//! Scores given by hand.

use domain::{
    ids::TraceId,
    problem::FieldProblem,
    score::{ScoreSource, ScoreTarget, ScoreValue},
};
use services::{
    ServiceError,
    annotations::{self, Annotation},
};
use store::control::ScoreKind;

use crate::world::World;

fn trace() -> TraceId {
    "5eed0000000000000000000000000001".parse().unwrap()
}

fn annotation(value: &str) -> Annotation {
    Annotation {
        id: None,
        target: ScoreTarget::Trace { trace: trace() },
        name: "quality".to_owned(),
        kind: ScoreKind::Numeric,
        value: value.to_owned(),
        comment: " helpful ".to_owned(),
        environment: "production".to_owned(),
        author: "owner@example.com".to_owned(),
    }
}

#[tokio::test]
async fn a_score_is_given_changed_and_taken_back() {
    let world = World::new().await;
    let (actor, project) = world.set_up().await;
    let annotate = &world.services.annotations;
    let score = annotate.give(&actor, project, annotation("0.5")).await.unwrap();
    assert_eq!((score.source, score.comment.as_deref()), (ScoreSource::Human, Some("helpful")));
    assert_eq!(annotations::author(&score), Some("owner@example.com"));
    let id = score.id.to_string();
    assert_eq!(world.services.scores.get(&actor, project, &id).await.unwrap().score, score);

    world.clock.pass_s(1);
    let changed = Annotation { id: Some(id.clone()), ..annotation("0.75") };
    annotate.give(&actor, project, changed.clone()).await.unwrap();
    let read = world.services.scores.get(&actor, project, &id).await.unwrap().score;
    assert_eq!(read.value, ScoreValue::Numeric(0.75));

    world.clock.pass_s(1);
    let gone = annotate.take_back(&actor, project, &id).await.unwrap();
    assert_eq!(gone.value, ScoreValue::Numeric(0.75));
    assert!(matches!(world.services.scores.get(&actor, project, &id).await, Err(ServiceError::NotFound { .. })));
    // What is not there cannot be changed, but given again.
    assert!(matches!(annotate.give(&actor, project, changed).await, Err(ServiceError::NotFound { .. })));
    annotate.give(&actor, project, annotation("0.75")).await.unwrap();
}

#[tokio::test]
async fn every_field_at_fault_is_named() {
    let world = World::new().await;
    let (actor, project) = world.set_up().await;
    let wrong = Annotation { name: " ".to_owned(), comment: "x".repeat(3_000), ..annotation("many") };
    let Err(ServiceError::Invalid(problems)) = world.services.annotations.give(&actor, project, wrong).await else {
        panic!("it was taken")
    };
    let fields: Vec<&str> = problems.iter().map(|problem: &FieldProblem| problem.field.as_str()).collect();
    assert_eq!(fields, ["name", "value", "comment"]);
}
