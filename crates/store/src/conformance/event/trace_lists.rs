//! Tests of lists of traces beyond what `agrees` checks.

use domain::{
    money::NanoUsd,
    score::{ScoreTarget, ScoreValue},
    time::TimeNs,
    trace::{Level, Span},
};

use super::{Build, START_NS};
use crate::event::{EventStore, Gather, GatheredList, GatheredTotals, TraceKey, Words};

/// A generation of a user in a session, this long after the start of time.
fn of(trace: u64, offset_ns: i64, user: &str, session: &str) -> Span {
    let mut span = Build::generation(trace, trace);
    (span.start_ns, span.end_ns) = (TimeNs(START_NS + offset_ns), TimeNs(START_NS + offset_ns + 10));
    (span.trace.user_id, span.trace.session_id) = (Some(user.to_owned()), Some(session.to_owned()));
    span
}

pub async fn a_session_is_read_from_its_first_trace_on(store: &dyn EventStore) {
    let project = Build::project(1);
    // Two at the same instant, so that ids decide.
    let spans = vec![of(1, 5, "a", "s"), of(2, 1, "a", "s"), of(3, 5, "b", "s"), of(4, 3, "b", "other")];
    store.append(Build::batch(project, spans, vec![])).await.expect("append");
    let mut expected = [(5, Build::trace(1)), (1, Build::trace(2)), (5, Build::trace(3))];
    expected.sort();
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = store.of_session(project, "s", after, 2).await.expect("traces");
        let Some(last) = page.last() else { break };
        after = Some(TraceKey::of(last));
        found.extend(page.iter().map(|trace| (trace.start_ns.0 - START_NS, trace.trace_id)));
    }
    assert_eq!(found, expected);
    for (project, session) in [(project, "nobody"), (Build::project(2), "s")] {
        assert!(store.of_session(project, session, None, 5).await.expect("traces").is_empty());
    }
}

pub async fn sessions_and_users_are_listed_by_their_newest_trace_and_by_id(store: &dyn EventStore) {
    let project = Build::project(1);
    let mut failed = of(3, 3, "ana", "s 2");
    (failed.level, failed.cost.total) = (Level::Error, None);
    let spans = vec![of(1, 1, "ana", "s 1"), of(2, 2, "bo", "s 1"), failed, of(4, 4, "anton", "s 3")];
    let nobody = Build::generation(5, 5);
    store.append(Build::batch(project, spans, vec![])).await.expect("append");
    store.append(Build::batch(project, vec![nobody], vec![])).await.expect("append");
    store.append(Build::batch(Build::project(2), vec![of(9, 9, "zoe", "s 9")], vec![])).await.expect("append");
    let ids = async |by: Gather, list: GatheredList, limit: u16| -> Vec<String> {
        let slice = store.gathered(project, by, &list, limit, 10).await.expect("a list");
        assert_eq!(slice.reached, None, "all were looked at");
        slice.items.into_iter().map(|item| item.id).collect()
    };
    assert_eq!(ids(Gather::User, GatheredList::Newest(None), 10).await, ["anton", "ana", "bo"]);
    assert_eq!(ids(Gather::Session, GatheredList::Newest(None), 2).await, ["s 3", "s 2"]);
    let second = store.gathered(project, Gather::Session, &GatheredList::Newest(None), 2, 10).await.expect("a list");
    let after = second.items.last().map(|last| TraceKey::of(&last.newest));
    assert_eq!(ids(Gather::Session, GatheredList::Newest(after), 2).await, ["s 1"]);

    let prefix = |prefix: &str, after: Option<&str>| GatheredList::Prefix(prefix.to_owned(), after.map(str::to_owned));
    assert_eq!(ids(Gather::User, prefix("an", None), 10).await, ["ana", "anton"]);
    assert_eq!(ids(Gather::User, prefix("an", Some("ana")), 10).await, ["anton"]);
    assert_eq!(ids(Gather::User, prefix("A", None), 10).await, [""; 0], "capitals count");
    assert_eq!(ids(Gather::Session, prefix("s", None), 2).await, ["s 1", "s 2"]);

    let ana = store.gathered_one(project, Gather::User, "ana", 10).await.expect("an answer").expect("there");
    assert_eq!((ana.first_ns, ana.newest.trace_id), (TimeNs(START_NS + 1), Build::trace(3)));
    let totals = GatheredTotals {
        traces: 2,
        failed: 1,
        generations: 2,
        input_tokens: 200,
        output_tokens: 40,
        cost: Some(NanoUsd(1_500_000)),
        more: false,
    };
    assert_eq!(ana.totals, totals);
    let newest = store.gathered_one(project, Gather::User, "ana", 1).await.expect("an answer").expect("there");
    assert_eq!((newest.totals.traces, newest.totals.more, newest.totals.cost), (1, true, None));
    for (project, id) in [(project, "nobody"), (Build::project(2), "ana")] {
        assert_eq!(store.gathered_one(project, Gather::User, id, 10).await.expect("an answer"), None);
    }
}

pub async fn words_are_what_a_project_has_used(store: &dyn EventStore) {
    let project = Build::project(1);
    let mut linked = Build::generation(1, 1);
    linked.prompt = Some(Build::link("greet", 1));
    "staging".clone_into(&mut linked.environment);
    let plain = Build::generation(2, 1);
    let target = ScoreTarget::Trace { trace: Build::trace(1) };
    let score = Build::score("s", target, "tone", ScoreValue::Boolean(true));
    store.append(Build::batch(project, vec![linked, plain], vec![score])).await.expect("append");
    super::fold_all(store).await;
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let expected = Words {
        prompts: text(&["greet"]),
        models: text(&["gpt-4o"]),
        environments: text(&["default", "staging"]),
        scores: text(&["tone"]),
    };
    assert_eq!(store.words(project).await.expect("words"), expected);
}
