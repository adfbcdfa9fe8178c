//! Tests of lists of traces beyond what `agrees` checks.

use domain::score::{ScoreTarget, ScoreValue};

use super::Build;
use crate::event::{EventStore, Words};

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
