//! The event plane.

use store::{
    conformance::event::Build,
    event::{EventStore as _, TraceFilter},
};
use store_sqlite::SqliteEvents;

#[tokio::test]
async fn what_is_appended_is_read_back_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteEvents::open(folder.path()).await.unwrap();
    let project = Build::project(1);
    let mut parent = Build::span(1, 1);
    parent.prompt = Some(Build::link("greet", 3));
    let mut child = Build::generation(1, 2);
    child.parent_id = Some(parent.span_id);
    let batch = Build::batch(project, vec![child.clone()], vec![]);
    assert_eq!(store.append(batch.clone()).await.unwrap().new, 1);
    assert_eq!(store.append(batch).await.unwrap().unchanged, 1);
    store.append(Build::batch(project, vec![parent.clone()], vec![])).await.unwrap();
    store.close().await.unwrap();

    let store = SqliteEvents::open(folder.path()).await.unwrap();
    let traces = store.traces(project, &TraceFilter::default(), None, 10).await.unwrap();
    assert_eq!(traces.len(), 1);
    assert_eq!(traces[0].links, vec![Build::link("greet", 3)]);
    let spans = store.spans(project, child.trace_id, None, 10).await.unwrap();
    assert_eq!(spans.len(), 2);
    let payload = store.payload(project, child.trace_id, child.span_id).await.unwrap().unwrap();
    assert_eq!(payload.output, child.output);
    assert!(store.activity(project).await.unwrap().last_linked_us.is_some());
}
