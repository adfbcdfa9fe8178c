//! Lists of traces, sessions and users.

use domain::{auth::Actor, ids::ProjectId, page::PageSize};
use serde_json::{Value, json};
use services::{
    ServiceError, Services,
    ingest::{Encoding, Sender},
    traces::{Gather, TraceFilter},
};

use crate::world::World;

const SECOND_NS: i64 = 1_000_000_000;

/// A trace of one generation, so many seconds before now.
fn span(services: &Services, number: u8, ago_s: i64, user: &str, session: &str) -> Value {
    let start = services.now().to_ns().0 - ago_s * SECOND_NS;
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    json!({
        "traceId": format!("{number:032x}"),
        "spanId": format!("{number:016x}"),
        "name": "answer",
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": (start + SECOND_NS / 2).to_string(),
        "attributes": [
            text("langfuse.observation.type", "generation"),
            text("langfuse.observation.input", &format!("question {number}")),
            text("langfuse.observation.output", &format!("answer {number}")),
            text("user.id", user),
            text("session.id", session),
        ],
    })
}

async fn send(services: &Services, actor: &Actor, project: ProjectId, spans: Vec<Value>) {
    let request =
        json!({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {}, "spans": spans}]}]});
    let bytes = serde_json::to_vec(&request).unwrap();
    services.ingest.traces(actor, project, bytes, Encoding::Json, Sender::default()).await.unwrap();
}

fn size(rows: u32) -> PageSize {
    PageSize::new(rows).unwrap()
}

#[tokio::test]
async fn sessions_and_users_are_paged_found_and_read_in_order() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let services = &world.services;
    let traces = &services.traces;
    let spans = vec![
        span(services, 1, 50, "ana", "chat 1"),
        span(services, 2, 40, "bo", "chat 2"),
        span(services, 3, 30, "ana", "chat 1"),
        span(services, 4, 20, "ann", "chat 1"),
    ];
    send(services, &owner, project, spans).await;

    let users = async |prefix: Option<&str>, cursor: Option<&str>| {
        let page = traces.gathered(&owner, project, Gather::User, prefix, cursor, size(2)).await.unwrap();
        assert_eq!(page.looked_back_to, None);
        (page.page.items.into_iter().map(|user| user.id).collect::<Vec<_>>(), page.page.next)
    };
    let (first, next) = users(None, None).await;
    assert_eq!(first, ["ann", "ana"], "last seen first");
    assert_eq!(users(None, next.as_deref()).await, (vec!["bo".to_owned()], None));
    assert_eq!(users(Some("an"), None).await, (vec!["ana".to_owned(), "ann".to_owned()], None));
    let (first, next) = users(Some(""), None).await;
    assert_eq!(first, ["ana", "ann"]);
    assert_eq!(users(Some(""), next.as_deref()).await, (vec!["bo".to_owned()], None));

    let ana = traces.gathered_one(&owner, project, Gather::User, "ana").await.unwrap();
    assert_eq!((ana.totals.traces, ana.totals.generations, ana.totals.more), (2, 2, false));
    assert_eq!(ana.newest.start_ns.0 - ana.first_ns.0, 20 * SECOND_NS);

    let turns = async |cursor: Option<&str>| {
        let page = traces.turns(&owner, project, "chat 1", cursor, size(2)).await.unwrap();
        let said = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned)).unwrap();
        let turns = page.items.into_iter().map(|turn| (said(turn.input), said(turn.output)));
        (turns.collect::<Vec<_>>(), page.next)
    };
    let turn = |number: u8| (format!("question {number}"), format!("answer {number}"));
    let (first, next) = turns(None).await;
    assert_eq!(first, [turn(1), turn(3)]);
    assert_eq!(turns(next.as_deref()).await, (vec![turn(4)], None));
}

#[tokio::test]
async fn lists_refuse_strangers_foreign_cursors_and_unknown_ids() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let services = &world.services;
    let traces = &services.traces;
    send(services, &owner, project, vec![span(services, 1, 50, "ana", "chat 1")]).await;
    let by = Gather::Session;
    let refused = traces.gathered(&Actor::Anonymous, project, by, None, None, size(2)).await;
    assert!(matches!(refused, Err(ServiceError::Unauthenticated)), "{refused:?}");
    let refused = traces.gathered(&owner, project, by, None, Some("elsewhere"), size(2)).await;
    assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{refused:?}");
    let refused = traces.turns(&owner, project, "chat 1", Some("elsewhere"), size(2)).await;
    assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{refused:?}");
    let refused = traces.gathered_one(&owner, project, by, "nobody").await;
    assert!(matches!(refused, Err(ServiceError::NotFound { entity: "session", .. })), "{refused:?}");
    let filter = TraceFilter { version: Some(1), ..TraceFilter::default() };
    let refused = traces.list(&owner, project, &filter, None, size(2)).await;
    assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{refused:?}");
    let words = traces.words(&owner, project).await.unwrap();
    assert_eq!((words.environments, words.models), (vec!["default".to_owned()], Vec::new()));
}
