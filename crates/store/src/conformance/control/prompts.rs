use std::{future::Future, sync::Arc};

use domain::{
    ids::{LabelMoveId, ProjectId, PromptId},
    prompt::{
        ChatItem, FlagKey, Label, LabelName, MoveSource, PromptAtVersion, PromptBody, PromptName, Tag, VersionChoice,
    },
    time::TimeUs,
};
use serde_json::json;

use super::{T0, id, second_project, set_up};
use crate::{
    StoreError,
    control::{ControlStore, MoveRecord, NewVersion, PromptFilter, ProtectedLabels, RemovedPrompt, VersionDraft},
};

pub(super) async fn run<F: Future<Output = Arc<dyn ControlStore>>>(fresh: &impl Fn() -> F) {
    a_version_comes_back_as_it_was_saved(&*fresh().await).await;
    numbers_are_distinct_under_contention(fresh().await).await;
    a_save_can_insist_on_the_newest(fresh().await).await;
    labels_move_and_remember(&*fresh().await).await;
    labels_move_together_or_not_at_all(&*fresh().await).await;
    flag_keys_are_unique_and_for_ever(&*fresh().await).await;
    protected_labels_stay(&*fresh().await).await;
    each_change_raises_the_revision(&*fresh().await).await;
    removal_never_frees_a_number(&*fresh().await).await;
    lists_filter_and_page(&*fresh().await).await;
    projects_do_not_see_each_other(&*fresh().await).await;
}

fn name(text: &str) -> PromptName {
    text.parse().expect("a name")
}

fn label(text: &str) -> LabelName {
    text.parse().expect("a label")
}

fn tags(words: &[&str]) -> Vec<Tag> {
    words.iter().map(|word| word.parse().expect("a tag")).collect()
}

fn key(text: &str) -> FlagKey {
    text.parse().expect("a flag key")
}

/// A save of a text; ids follow from `number`.
fn save(number: u128, prompt: &str, text: &str, labels: &[&str]) -> NewVersion {
    let slug = prompt.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
    NewVersion {
        prompt_id: PromptId(id(number * 1000)),
        name: name(prompt),
        draft: VersionDraft {
            body: PromptBody::Text(text.to_owned()),
            config: json!({ "model": text }),
            commit_message: Some(format!("why {text}")),
            content_hash: format!("hash of {text}"),
        },
        tags: None,
        labels: (1..)
            .zip(labels)
            .map(|(index, word)| (label(word), LabelMoveId(id(number * 1000 + index)), key(&format!("{slug}.{word}"))))
            .collect(),
        expected_latest: None,
        by: "ana@example.com".to_owned(),
        source: MoveSource::User,
        at: TimeUs(T0.0 + number as i64),
        protected: ProtectedLabels::Keep,
    }
}

fn record(number: u128) -> MoveRecord {
    MoveRecord {
        id: LabelMoveId(id(number * 1000 + 500)),
        by: "a key".to_owned(),
        reason: Some(format!("reason {number}")),
        source: MoveSource::Api,
        at: TimeUs(T0.0 + number as i64),
        protected: ProtectedLabels::Keep,
        experiment: None,
    }
}

fn owners(number: u128) -> MoveRecord {
    MoveRecord { protected: ProtectedLabels::Move, ..record(number) }
}

async fn at(
    store: &dyn ControlStore,
    project: ProjectId,
    prompt: &str,
    choice: VersionChoice,
) -> Option<PromptAtVersion> {
    store.prompt_at(project, &name(prompt), &choice).await.expect("an answer")
}

async fn labelled(store: &dyn ControlStore, project: ProjectId, prompt: &str, word: &str) -> Option<u32> {
    at(store, project, prompt, VersionChoice::Label(label(word))).await.map(|found| found.version.number)
}

async fn move_label(
    store: &dyn ControlStore,
    project: ProjectId,
    prompt: &PromptName,
    word: &LabelName,
    wished: &FlagKey,
    to: u32,
    record: MoveRecord,
) -> Result<Label, StoreError> {
    let only = [(word.clone(), wished.clone())];
    let moved = store.move_labels(project, prompt, &only, to, record).await?;
    let [label] = <[Label; 1]>::try_from(moved).expect("one label in, one out");
    Ok(label)
}

async fn moves(store: &dyn ControlStore, project: ProjectId, prompt: &str) -> Vec<(String, Option<u32>, Option<u32>)> {
    let moves = store.label_moves(project, &name(prompt), 100).await.expect("moves");
    moves.into_iter().map(|moved| (moved.label.to_string(), moved.from, moved.to)).collect()
}

async fn names(store: &dyn ControlStore, project: ProjectId, filter: &PromptFilter) -> Vec<String> {
    let found = store.prompts(project, filter, None, 100).await.expect("prompts");
    let count = store.count_prompts(project, filter).await.expect("a count");
    assert_eq!(count, found.len() as u64, "the count agrees with the list for {filter:?}");
    found.into_iter().map(|prompt| prompt.name.to_string()).collect()
}

async fn a_version_comes_back_as_it_was_saved(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    let mut first = save(1, "support/Antwort für Kunden", "Hi {{name}}", &["production"]);
    first.tags = Some(tags(&["a", "ü b"]));
    let saved = store.add_version(project, first.clone()).await.expect("a version");
    assert_eq!(saved.prompt.id, first.prompt_id);
    assert_eq!((saved.version.number, saved.prompt.latest), (1, 1));
    assert_eq!(saved.version.body, first.draft.body);
    assert_eq!(saved.version.config, first.draft.config);
    assert_eq!(saved.version.commit_message, first.draft.commit_message);
    assert_eq!(saved.version.content_hash, first.draft.content_hash);
    assert_eq!(saved.version.author, first.by);
    assert_eq!(saved.labels(), ["production", "latest"]);
    assert_eq!(saved.prompt.tags, tags(&["a", "ü b"]));
    for choice in [VersionChoice::Number(1), VersionChoice::Latest, VersionChoice::Label(label("production"))] {
        assert_eq!(at(store, project, first.name.as_str(), choice).await.as_ref(), Some(&saved));
    }
    assert_eq!(at(store, project, first.name.as_str(), VersionChoice::Number(2)).await, None);
    assert_eq!(at(store, project, "support", VersionChoice::Latest).await, None);
    assert_eq!(store.prompt(project, &first.name).await.expect("a prompt"), Some(saved.prompt.clone()));

    let mut second = save(2, first.name.as_str(), "Hello", &[]);
    second.draft.commit_message = None;
    let saved = store.add_version(project, second).await.expect("a version");
    assert_eq!((saved.version.number, saved.prompt.latest, saved.prompt.id), (2, 2, first.prompt_id));
    assert_eq!(saved.prompt.tags, tags(&["a", "ü b"]), "no tags keeps them");
    assert_eq!(saved.prompt.updated_us, TimeUs(T0.0 + 2));
    assert_eq!(labelled(store, project, first.name.as_str(), "production").await, Some(1));

    let mut chat = save(3, first.name.as_str(), "x", &[]);
    chat.draft.body = PromptBody::Chat(vec![
        ChatItem::Message { role: "system".to_owned(), content: "Be kind".to_owned() },
        ChatItem::Placeholder { name: "history".to_owned() },
    ]);
    let refused = store.add_version(project, chat.clone()).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    chat.name = name("chat");
    let saved = store.add_version(project, chat.clone()).await.expect("a chat");
    assert_eq!(saved.version.body, chat.draft.body);

    let numbers = |versions: Vec<domain::prompt::PromptVersion>| -> Vec<u32> {
        versions.into_iter().map(|version| version.number).collect()
    };
    assert_eq!(numbers(store.versions(project, &first.name, None, 10).await.expect("versions")), [2, 1]);
    assert_eq!(numbers(store.versions(project, &first.name, Some(2), 10).await.expect("versions")), [1]);
    assert_eq!(numbers(store.versions(project, &first.name, None, 1).await.expect("versions")), [2]);
    let outlines =
        store.prompt_outlines(project, &[chat.prompt_id, first.prompt_id, PromptId(id(7))]).await.expect("outlines");
    let shown: Vec<_> = outlines.iter().map(|outline| (outline.prompt, outline.versions.as_slice())).collect();
    assert_eq!(shown, [(chat.prompt_id, &[1][..]), (first.prompt_id, &[1, 2][..])]);
    assert_eq!(outlines.get(1).map(|outline| &outline.latest_config), Some(&json!({ "model": "Hello" })));
}

async fn numbers_are_distinct_under_contention(store: Arc<dyn ControlStore>) {
    let (_, project) = set_up(&*store).await;
    let mut tries = tokio::task::JoinSet::new();
    for number in 1..=24_u128 {
        let store = Arc::clone(&store);
        tries.spawn(async move {
            let new = save(number, "busy", &number.to_string(), &["production"]);
            store.add_version(project, new).await.expect("a version").version.number
        });
    }
    let mut numbers = tries.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=24).collect::<Vec<u32>>());
    assert_eq!(store.revision(project).await.expect("a revision"), 24);
    assert_eq!(moves(&*store, project, "busy").await.len(), 24);
    assert_eq!(labelled(&*store, project, "busy", "production").await, Some(24));
}

async fn a_save_can_insist_on_the_newest(store: Arc<dyn ControlStore>) {
    let (_, project) = set_up(&*store).await;
    let insist = |number, on| NewVersion { expected_latest: Some(on), ..save(number, "p", &number.to_string(), &[]) };
    assert!(matches!(store.add_version(project, insist(1, 1)).await, Err(StoreError::Conflict(_))));
    store.add_version(project, insist(2, 0)).await.expect("the first version");
    assert!(matches!(store.add_version(project, insist(3, 0)).await, Err(StoreError::Conflict(_))));
    let (left, right) =
        tokio::join!(store.add_version(project, insist(4, 1)), store.add_version(project, insist(5, 1)));
    assert!(left.is_ok() != right.is_ok(), "one of two who saw version 1 wins");
    assert_eq!(store.revision(project).await.expect("a revision"), 2, "what was refused changed nothing");
    let latest = at(&*store, project, "p", VersionChoice::Latest).await.expect("a version");
    assert_eq!(latest.version.number, 2, "what was refused took no number");
}

async fn labels_move_and_remember(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    let p = name("p");
    store.add_version(project, save(1, "p", "one", &["production", "staging"])).await.expect("a version");
    store.add_version(project, save(2, "p", "two", &["staging"])).await.expect("a version");
    let production = label("production");
    let wished = key("p.production");
    let moved = move_label(store, project, &p, &production, &wished, 2, record(3)).await.expect("a move");
    assert_eq!(moved, Label { name: production.clone(), version: 2, flag_key: wished.clone(), protected: false });
    let revision = store.revision(project).await.expect("a revision");
    move_label(store, project, &p, &production, &wished, 2, record(4)).await.expect("the same again");
    assert_eq!(store.revision(project).await.expect("a revision"), revision, "no move, no change");
    store.remove_label(project, &p, &label("staging"), record(5)).await.expect("a removal");
    assert_eq!(labelled(store, project, "p", "staging").await, None);

    let expected = [("staging", Some(2), None), ("production", Some(1), Some(2)), ("staging", Some(1), Some(2))];
    let history = moves(store, project, "p").await;
    let newest: Vec<_> = history.iter().take(3).map(|(word, from, to)| (word.as_str(), *from, *to)).collect();
    assert_eq!(newest, expected);
    assert_eq!(history.len(), 5);
    let last = store.label_moves(project, &p, 1).await.expect("moves").pop().expect("a move");
    let wanted = record(5);
    assert_eq!(
        (last.id, last.by, last.reason, last.source, last.at_us),
        (wanted.id, wanted.by, wanted.reason, wanted.source, wanted.at)
    );

    for missing in [
        move_label(store, project, &p, &production, &wished, 9, record(6)).await,
        move_label(store, project, &name("q"), &production, &wished, 1, record(7)).await,
        store.protect_label(project, &p, &label("staging"), true).await,
    ] {
        assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
    }
    let missing = store.remove_label(project, &p, &label("staging"), record(8)).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
    assert_eq!(moves(store, project, "p").await.len(), 5, "what failed left no trace");
}

async fn labels_move_together_or_not_at_all(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    let p = name("p");
    store.add_version(project, save(1, "p", "one", &["b", "c"])).await.expect("a version");
    store.add_version(project, save(2, "p", "two", &["b"])).await.expect("a version");
    let wanted: Vec<_> = ["a", "b", "c"].map(|word| (label(word), key(&format!("p.{word}")))).into();
    let before = store.revision(project).await.expect("a revision");
    let moved = store.move_labels(project, &p, &wanted, 2, record(3)).await.expect("moves");
    let names: Vec<(&str, u32)> = moved.iter().map(|label| (label.name.as_str(), label.version)).collect();
    assert_eq!(names, [("a", 2), ("b", 2), ("c", 2)], "in the order asked for");
    assert_eq!(store.revision(project).await.expect("a revision"), before + 1, "one change");
    let history = store.label_moves(project, &p, 2).await.expect("moves");
    let ids: Vec<_> = history.iter().map(|moved| (moved.label.as_str(), moved.id)).collect();
    assert_eq!(ids, [("c", record(3).nth(1).id), ("a", record(3).id)], "what stood there already has no move");

    store.protect_label(project, &p, &label("b"), true).await.expect("protection");
    let (before, known) = (store.revision(project).await.expect("a revision"), moves(store, project, "p").await.len());
    let refused = store.move_labels(project, &p, &wanted, 1, record(4)).await;
    assert!(matches!(&refused, Err(StoreError::Protected(label)) if label == "b"), "{refused:?}");
    assert_eq!(labelled(store, project, "p", "a").await, Some(2), "the one before it stays too");
    assert_eq!(store.revision(project).await.expect("a revision"), before);
    assert_eq!(moves(store, project, "p").await.len(), known);
    let missing = store.move_labels(project, &p, &wanted, 9, owners(5)).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
    assert!(store.move_labels(project, &p, &[], 1, record(6)).await.expect("nothing to move").is_empty());
    assert_eq!(store.revision(project).await.expect("a revision"), before);
}

async fn flag_keys_are_unique_and_for_ever(store: &dyn ControlStore) {
    let (owner, project) = set_up(store).await;
    let other = second_project(store, owner).await;
    let flag = |saved: &PromptAtVersion| -> Vec<String> {
        saved.prompt.labels.iter().map(|label| label.flag_key.to_string()).collect()
    };
    // Three names that give the same wish.
    let mut kept = Vec::new();
    for (number, prompt) in [(1, "a b"), (2, "a/b"), (3, "a-b")] {
        let saved = store.add_version(project, save(number, prompt, "x", &["production"])).await.expect("a version");
        kept.extend(flag(&saved));
    }
    assert_eq!(kept, ["a-b.production", "a-b.production-2", "a-b.production-3"]);
    let elsewhere = store.add_version(other, save(4, "a b", "x", &["production"])).await.expect("a version");
    assert_eq!(flag(&elsewhere), ["a-b.production"], "unique within a project only");

    let production = label("production");
    store.remove_label(project, &name("a/b"), &production, record(5)).await.expect("a removal");
    store.remove_prompt(project, &name("a b"), None, record(6)).await.expect("a removal");
    let new = store.add_version(project, save(7, "a.b", "x", &[])).await.expect("a version");
    assert!(new.prompt.labels.is_empty());
    let wished = key("a-b.production");
    let moved = move_label(store, project, &name("a.b"), &production, &wished, 1, record(8)).await.expect("a label");
    assert_eq!(moved.flag_key.as_str(), "a-b.production-4", "keys of removed slots stay reserved");
    let back = move_label(store, project, &name("a/b"), &production, &wished, 1, record(9)).await.expect("a label");
    assert_eq!(back.flag_key.as_str(), "a-b.production-2", "a slot keeps its key");
    let again = store.add_version(project, save(10, "a b", "x", &["production"])).await.expect("a version");
    assert_eq!(flag(&again), ["a-b.production"], "also over the prompt's own removal");
}

async fn protected_labels_stay(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    let p = name("p");
    store.add_version(project, save(1, "p", "one", &["production"])).await.expect("a version");
    store.add_version(project, save(2, "p", "two", &[])).await.expect("a version");
    let production = label("production");
    let wished = key("p.production");
    let shielded = store.protect_label(project, &p, &production, true).await.expect("protection");
    assert!(shielded.protected);
    let before = store.revision(project).await.expect("a revision");

    let refusals = [
        move_label(store, project, &p, &production, &wished, 2, record(3)).await.err(),
        store.remove_label(project, &p, &production, record(4)).await.err(),
        store.remove_prompt(project, &p, None, record(5)).await.err(),
        store.remove_prompt(project, &p, Some(&VersionChoice::Number(1)), record(6)).await.err(),
        store.add_version(project, save(7, "p", "three", &["staging", "production"])).await.err(),
    ];
    for refusal in refusals {
        let named = matches!(&refusal, Some(StoreError::Protected(label)) if label == "production");
        assert!(named, "{refusal:?}");
    }
    assert_eq!(store.revision(project).await.expect("a revision"), before);
    assert_eq!(at(store, project, "p", VersionChoice::Latest).await.expect("p").version.number, 2);
    assert_eq!(labelled(store, project, "p", "staging").await, None);

    // Saying where it stands already is no move.
    move_label(store, project, &p, &production, &wished, 1, record(8)).await.expect("no move");
    let moved = move_label(store, project, &p, &production, &wished, 2, owners(9)).await.expect("an owner's move");
    assert!(moved.protected, "a move keeps the protection");
    let saved = NewVersion { protected: ProtectedLabels::Move, ..save(10, "p", "three", &["production"]) };
    store.add_version(project, saved).await.expect("an owner's save");
    assert_eq!(labelled(store, project, "p", "production").await, Some(3), "a refused save takes no number");
    store.protect_label(project, &p, &production, false).await.expect("no protection");
    move_label(store, project, &p, &production, &wished, 1, record(11)).await.expect("anybody's move");
}

async fn each_change_raises_the_revision(store: &dyn ControlStore) {
    let (owner, project) = set_up(store).await;
    let other = second_project(store, owner).await;
    let p = name("p");
    let production = label("production");
    let wished = key("p.production");
    let mut seen = 0;
    let mut step = async |what: &str| {
        seen += 1;
        assert_eq!(store.revision(project).await.expect("a revision"), seen, "after {what}");
    };
    store.add_version(project, save(1, "p", "one", &["production", "staging"])).await.expect("a version");
    step("a save with two labels").await;
    store.add_version(project, save(2, "p", "two", &[])).await.expect("a version");
    step("a save").await;
    move_label(store, project, &p, &production, &wished, 2, record(3)).await.expect("a move");
    step("a move").await;
    store.protect_label(project, &p, &production, true).await.expect("protection");
    step("protection").await;
    let tagged = store.set_tags(project, &p, &tags(&["a"]), TimeUs(T0.0 + 5)).await.expect("tags");
    assert_eq!((tagged.tags, tagged.updated_us, tagged.labels.len()), (tags(&["a"]), TimeUs(T0.0 + 5), 2));
    step("tags").await;
    store.remove_label(project, &p, &label("staging"), record(6)).await.expect("a removal");
    step("a label's removal").await;
    store.remove_prompt(project, &p, None, owners(7)).await.expect("a removal");
    step("a removal").await;
    assert_eq!(store.revision(other).await.expect("a revision"), 0);
    let missing = store.set_tags(project, &p, &[], T0).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
}

async fn removal_never_frees_a_number(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    let p = name("p");
    for (number, labels) in [(1, &["a", "b"][..]), (2, &["c"]), (3, &[])] {
        store.add_version(project, save(number, "p", &number.to_string(), labels)).await.expect("a version");
    }
    let removed = store.remove_prompt(project, &p, Some(&VersionChoice::Latest), record(4)).await.expect("a removal");
    assert_eq!(removed, RemovedPrompt { versions: vec![3], prompt: false });
    let latest = at(store, project, "p", VersionChoice::Latest).await.expect("p");
    assert_eq!(latest.version.number, 2, "the newest that is left");
    let next = store.add_version(project, save(5, "p", "next", &[])).await.expect("a version");
    assert_eq!(next.version.number, 4);

    let by_label = VersionChoice::Label(label("b"));
    let removed = store.remove_prompt(project, &p, Some(&by_label), record(6)).await.expect("a removal");
    assert_eq!(removed, RemovedPrompt { versions: vec![1], prompt: false });
    assert_eq!(labelled(store, project, "p", "a").await, None, "labels go with their version");
    let history = store.label_moves(project, &p, 2).await.expect("moves");
    let ids: Vec<u128> = history.iter().map(|moved| moved.id.0.as_u128()).collect();
    let first = record(6).id.0.as_u128();
    assert_eq!(ids, [first + 1, first], "each label has its move");
    let missing = store.remove_prompt(project, &p, Some(&by_label), record(7)).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");

    let removed = store.remove_prompt(project, &p, None, record(8)).await.expect("a removal");
    assert_eq!(removed, RemovedPrompt { versions: vec![2, 4], prompt: true });
    assert_eq!(store.prompt(project, &p).await.expect("nothing"), None);
    assert_eq!(moves(store, project, "p").await.len(), 6, "three were set and three removed");
    let mut reborn = save(9, "p", "again", &[]);
    reborn.draft.body = PromptBody::Chat(vec![ChatItem::Placeholder { name: "x".to_owned() }]);
    let reborn = store.add_version(project, reborn).await.expect("a new prompt of the same name");
    assert_eq!((reborn.version.number, reborn.prompt.id), (5, PromptId(id(9000))));
    let removed = store.remove_prompt(project, &p, Some(&VersionChoice::Latest), record(10)).await.expect("a removal");
    assert_eq!(removed, RemovedPrompt { versions: vec![5], prompt: true }, "without versions there is no prompt");
}

async fn lists_filter_and_page(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    for (number, prompt, labels) in [
        (1, "support/answer", &["production"][..]),
        (2, "support/deep/Über", &["staging"]),
        (3, "support-desk", &[]),
        (4, "100%_sure", &[]),
    ] {
        let mut new = save(number, prompt, "x", labels);
        new.tags = Some(tags(if number % 2 == 0 { &["even"] } else { &["odd", "even-ish"] }));
        store.add_version(project, new).await.expect("a version");
    }
    let all = PromptFilter::default();
    assert_eq!(names(store, project, &all).await, ["100%_sure", "support-desk", "support/answer", "support/deep/Über"]);
    for (filter, expected) in [
        (PromptFilter { name: Some("support".to_owned()), ..all.clone() }, &[][..]),
        (PromptFilter { name: Some("support/answer".to_owned()), ..all.clone() }, &["support/answer"]),
        (PromptFilter { contains: Some("ÜBER".to_owned()), ..all.clone() }, &["support/deep/Über"]),
        (PromptFilter { contains: Some("%_".to_owned()), ..all.clone() }, &["100%_sure"]),
        (PromptFilter { folder: Some("support".to_owned()), ..all.clone() }, &["support/answer", "support/deep/Über"]),
        (PromptFilter { tag: Some("even".to_owned()), ..all.clone() }, &["100%_sure", "support/deep/Über"]),
        (PromptFilter { label: Some("production".to_owned()), ..all.clone() }, &["support/answer"]),
        (
            PromptFilter { label: Some("latest".to_owned()), folder: Some("support/deep".to_owned()), ..all.clone() },
            &["support/deep/Über"],
        ),
        (
            PromptFilter { updated_from: Some(TimeUs(T0.0 + 2)), updated_to: Some(TimeUs(T0.0 + 4)), ..all.clone() },
            &["support-desk", "support/deep/Über"],
        ),
    ] {
        assert_eq!(names(store, project, &filter).await, expected, "{filter:?}");
    }
    let page = store.prompts(project, &all, Some(&name("support-desk")), 1).await.expect("a page");
    let page: Vec<&str> = page.iter().map(|prompt| prompt.name.as_str()).collect();
    assert_eq!(page, ["support/answer"]);
}

async fn projects_do_not_see_each_other(store: &dyn ControlStore) {
    let (owner, mine) = set_up(store).await;
    let other = second_project(store, owner).await;
    store.add_version(mine, save(1, "p", "mine", &["production"])).await.expect("a version");
    store.add_version(other, save(2, "p", "theirs", &[])).await.expect("a version");
    store.add_version(other, save(3, "q", "theirs", &["production"])).await.expect("a version");
    let mine_now = at(store, mine, "p", VersionChoice::Latest).await.expect("p");
    assert_eq!(mine_now.version.body, PromptBody::Text("mine".to_owned()));
    assert_eq!(at(store, mine, "q", VersionChoice::Latest).await, None);
    assert_eq!(names(store, mine, &PromptFilter::default()).await, ["p"]);
    assert!(store.prompt_outlines(mine, &[PromptId(id(3000))]).await.expect("outlines").is_empty());
    let refused = store.remove_prompt(mine, &name("q"), None, record(4)).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{refused:?}");
    store.remove_prompt(other, &name("p"), None, record(5)).await.expect("a removal");
    assert_eq!(at(store, mine, "p", VersionChoice::Latest).await, Some(mine_now));
    assert!(store.label_moves(other, &name("p"), 10).await.expect("moves").is_empty());
    let nowhere = store.add_version(ProjectId(id(99)), save(6, "p", "x", &[])).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound { .. })), "{nowhere:?}");
}
