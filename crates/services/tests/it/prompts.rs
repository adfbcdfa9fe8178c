//! Prompts, labels and the snapshot.

use std::sync::Arc;

use domain::{
    auth::{Actor, Permission, Role, Scope},
    ids::ProjectId,
    page::PageSize,
    prompt::{MoveSource, PromptAtVersion, PromptBody, VersionChoice},
};
use services::{
    ServiceError, Services,
    prompts::{LatestLabel, PromptChange, PromptEvent, PromptsChanged, SaveVersion},
};
use store::control::PromptFilter;

use crate::world::World;

fn text(name: &str, text: &str, labels: &[&str]) -> SaveVersion {
    SaveVersion {
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        ..SaveVersion::new(name, PromptBody::Text(text.to_owned()))
    }
}

fn production() -> VersionChoice {
    services::prompts::choose(None, None).unwrap()
}

async fn fetched(services: &Services, actor: &Actor, project: ProjectId) -> Arc<PromptAtVersion> {
    services.prompts.fetch(actor, project, "greet", &production()).await.unwrap()
}

#[tokio::test]
async fn who_may_do_what() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let Services { access, prompts, .. } = &world.services;
    let viewer = world.member(project, "viewer@example.com", Role::Viewer).await;
    let editor = world.member(project, "editor@example.com", Role::Editor).await;
    let reader = access.create_pair(&owner, project, "reader", &[Scope::Read]).await.unwrap();
    let reader = access.authenticate_secret(reader.secret_key.reveal()).await.unwrap();
    let writer = access.create_pair(&owner, project, "writer", &[Scope::Write]).await.unwrap();
    let writer = access.authenticate_secret(writer.secret_key.reveal()).await.unwrap();

    for actor in [&viewer, &reader] {
        let refused = prompts.save(actor, project, text("greet", "x", &[])).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(Permission::WritePrompts))), "{refused:?}");
    }
    let saved = prompts.save(&editor, project, text("greet", "one", &["production"])).await.unwrap();
    assert_eq!(saved.version.author, "editor@example.com");
    let saved = prompts.save(&writer, project, text("greet", "two", &["production"])).await.unwrap();
    assert_eq!((saved.version.author.as_str(), saved.version.number), ("writer", 2));
    for actor in [&viewer, &editor, &reader] {
        assert_eq!(fetched(&world.services, actor, project).await.version.number, 2);
    }
    let blind = prompts.fetch(&writer, project, "greet", &production()).await;
    assert!(matches!(blind, Err(ServiceError::Forbidden(Permission::Read))), "{blind:?}");

    let moves = prompts.label_moves(&viewer, project, "greet").await.unwrap();
    let shown: Vec<_> = moves.iter().map(|moved| (moved.from, moved.to, moved.by.as_str(), moved.source)).collect();
    assert_eq!(
        shown,
        [(Some(1), Some(2), "writer", MoveSource::Api), (None, Some(1), "editor@example.com", MoveSource::User),]
    );

    prompts.protect_label(&editor, project, "greet", "production", true).await.unwrap_err();
    prompts.protect_label(&owner, project, "greet", "production", true).await.unwrap();
    for actor in [&editor, &writer] {
        let refused = prompts.move_label(actor, project, "greet", "production", 1, None).await;
        assert!(matches!(&refused, Err(ServiceError::Protected(label)) if label == "production"), "{refused:?}");
        let refused = prompts.remove(actor, project, "greet", None).await;
        assert!(matches!(refused, Err(ServiceError::Protected(_))), "{refused:?}");
    }
    prompts.move_label(&owner, project, "greet", "production", 1, Some("worse")).await.unwrap();
    assert_eq!(prompts.label_moves(&owner, project, "greet").await.unwrap()[0].reason.as_deref(), Some("worse"));
}

#[tokio::test]
async fn projects_are_islands() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let Services { access, prompts, .. } = &world.services;
    prompts.save(&owner, project, text("greet", "one", &["production"])).await.unwrap();
    fetched(&world.services, &owner, project).await;
    let other = access.create_project(&owner, "Other", None).await.unwrap();
    let stranger = world.member(other.id, "stranger@example.com", Role::Owner).await;
    for asked in [
        prompts.fetch(&stranger, project, "greet", &production()).await,
        prompts.fetch(&stranger, other.id, "greet", &production()).await,
        prompts.save(&stranger, project, text("greet", "mine now", &[])).await,
    ] {
        assert!(matches!(asked, Err(ServiceError::NotFound { .. })), "{asked:?}");
    }
    prompts.save(&stranger, other.id, text("greet", "theirs", &["production"])).await.unwrap();
    let mine = fetched(&world.services, &owner, project).await;
    assert_eq!(mine.version.body, PromptBody::Text("one".to_owned()));
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let prompts = &world.services.prompts;
    prompts.save(&owner, project, text("greet", "one", &[])).await.unwrap();
    for (name, choice, expected) in [
        ("nope", VersionChoice::Latest, "no prompt `nope`"),
        ("a//b", VersionChoice::Latest, "no prompt `a//b`"),
        ("greet", VersionChoice::Number(9), "no prompt version `greet 9`"),
        ("greet", production(), "no prompt label `greet production`"),
    ] {
        let error = prompts.fetch(&owner, project, name, &choice).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn labels_come_as_the_sdks_send_them() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let prompts = &world.services.prompts;
    let refused = prompts.save(&owner, project, text("greet", "one", &["latest"])).await;
    assert!(matches!(&refused, Err(ServiceError::Invalid(fields)) if fields[0].field == "labels[0]"), "{refused:?}");
    let save = SaveVersion { latest: LatestLabel::Ignore, ..text("greet", "one", &["latest", "staging"]) };
    assert_eq!(prompts.save(&owner, project, save).await.unwrap().labels(), ["staging", "latest"]);
    prompts.save(&owner, project, text("greet", "two", &[])).await.unwrap();
    let labels = ["production".to_owned(), "latest".to_owned()];
    let moved = prompts.add_labels(&owner, project, "greet", 1, &labels, LatestLabel::Ignore).await.unwrap();
    assert_eq!(moved.labels(), ["production", "staging"]);
    assert_eq!(moved.prompt.labels[0].flag_key.as_str(), "greet.production");
    let missing = prompts.add_labels(&owner, project, "greet", 7, &labels, LatestLabel::Ignore).await;
    assert!(matches!(missing, Err(ServiceError::NotFound { .. })), "{missing:?}");
    prompts.remove_label(&owner, project, "greet", "staging", None).await.unwrap();
    assert_eq!(fetched(&world.services, &owner, project).await.labels(), ["production"]);
}

#[tokio::test]
async fn a_save_after_another_one_can_be_refused() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let prompts = &world.services.prompts;
    let seen = |latest| SaveVersion { expected_latest: Some(latest), ..text("greet", "x", &[]) };
    prompts.save(&owner, project, seen(0)).await.unwrap();
    prompts.save(&owner, project, seen(1)).await.unwrap();
    let late = prompts.save(&owner, project, seen(1)).await;
    assert!(matches!(late, Err(ServiceError::Conflict(_))), "{late:?}");
}

#[tokio::test]
async fn the_snapshot_is_fresh_here_at_once_and_elsewhere_within_a_second() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let here = &world.services;
    let elsewhere = world.other_process().await;
    here.prompts.save(&owner, project, text("greet", "one", &["production"])).await.unwrap();
    let first = fetched(&elsewhere, &owner, project).await;
    assert!(Arc::ptr_eq(&first, &fetched(&elsewhere, &owner, project).await), "served from memory");
    let mut heard = elsewhere.prompts.subscribe();
    let mut heard_here = here.prompts.subscribe();

    here.prompts.save(&owner, project, text("greet", "two", &["production"])).await.unwrap();
    assert_eq!(fetched(here, &owner, project).await.version.number, 2, "at once");
    assert_eq!(heard_here.try_recv().unwrap(), PromptsChanged { project, revision: 2 });
    world.clock.pass_s(1);
    assert_eq!(fetched(&elsewhere, &owner, project).await.version.number, 2, "within a second");
    assert_eq!(heard.try_recv().unwrap(), PromptsChanged { project, revision: 2 });

    world.clock.pass_s(1);
    let kept = fetched(&elsewhere, &owner, project).await;
    world.clock.pass_s(1);
    assert!(Arc::ptr_eq(&kept, &fetched(&elsewhere, &owner, project).await), "nothing changed, nothing read again");

    here.prompts.remove(&owner, project, "greet", None).await.unwrap();
    assert!(here.prompts.fetch(&owner, project, "greet", &production()).await.is_err());
    world.clock.pass_s(3600);
    assert!(elsewhere.prompts.fetch(&owner, project, "greet", &production()).await.is_err());
}

/// Readers and a writer at once: a reader that starts after a save has returned never sees an older version.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_reader_sees_the_past_of_a_finished_save() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let services = &world.services;
    services.prompts.save(&owner, project, text("greet", "0", &["production"])).await.unwrap();
    let saved = Arc::new(AtomicU32::new(1));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (services, owner, saved) = (services.clone(), owner.clone(), Arc::clone(&saved));
        readers.spawn(async move {
            while saved.load(Ordering::SeqCst) < 40 {
                let at_least = saved.load(Ordering::SeqCst);
                let seen = fetched(&services, &owner, project).await.version.number;
                assert!(seen >= at_least, "saw {seen} after {at_least} was saved");
                tokio::task::yield_now().await;
            }
        });
    }
    for number in 2..=40 {
        services.prompts.save(&owner, project, text("greet", &number.to_string(), &["production"])).await.unwrap();
        saved.store(number, Ordering::SeqCst);
    }
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
}

#[tokio::test]
async fn lists_go_page_by_page() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let prompts = &world.services.prompts;
    for number in 1..=5 {
        prompts.save(&owner, project, text(&format!("p{number}"), "x", &[])).await.unwrap();
    }
    prompts.save(&owner, project, text("p4", "y", &[])).await.unwrap();
    let all = PromptFilter::default();
    let two = PageSize::new(2).unwrap();
    let mut names = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = prompts.list(&owner, project, &all, cursor.as_deref(), two).await.unwrap();
        names.extend(page.items.iter().map(|prompt| prompt.name.to_string()));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(names, ["p1", "p2", "p3", "p4", "p5"]);
    let wrong = prompts.list(&owner, project, &all, Some("no cursor!"), two).await;
    assert!(matches!(&wrong, Err(ServiceError::Invalid(fields)) if fields[0].field == "cursor"), "{wrong:?}");

    let page = prompts.list_numbered(&owner, project, &all, 2, two).await.unwrap();
    let rows: Vec<_> = page.items.iter().map(|row| (row.prompt.name.as_str(), row.versions.as_slice())).collect();
    assert_eq!(rows, [("p3", &[1][..]), ("p4", &[1, 2][..])]);
    assert_eq!((page.total_items, page.total_pages), (5, 3));
    assert!(prompts.list_numbered(&owner, project, &all, 4, two).await.unwrap().items.is_empty());

    let versions = prompts.versions(&owner, project, "p4", None, PageSize::new(1).unwrap()).await.unwrap();
    assert_eq!((versions.items[0].number, versions.next.as_deref()), (2, Some("2")));
    let versions = prompts.versions(&owner, project, "p4", Some("2"), two).await.unwrap();
    assert_eq!((versions.items[0].number, versions.next), (1, None));
    assert!(matches!(prompts.versions(&owner, project, "none", None, two).await, Err(ServiceError::NotFound { .. })));
}

#[tokio::test]
async fn all_prompts_and_what_changed_lately() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let prompts = &world.services.prompts;
    let save = |name: &str, content: &str, labels: &[&str]| SaveVersion {
        commit_message: Some("why".to_owned()),
        ..text(name, content, labels)
    };
    prompts.save(&owner, project, save("old", "one", &[])).await.unwrap();
    world.clock.pass_s(8 * 86_400);
    let since = world.services.now();
    prompts.save(&owner, project, save("a/b", "one", &["production"])).await.unwrap();
    world.clock.pass_s(1);
    prompts.save(&owner, project, save("a/b", "two", &[])).await.unwrap();
    world.clock.pass_s(1);
    prompts.save(&owner, project, save("c", "one", &[])).await.unwrap();

    let all = prompts.all(&owner, project, &PromptFilter::default()).await.unwrap();
    assert_eq!(all.prompts.iter().map(|prompt| prompt.name.as_str()).collect::<Vec<_>>(), ["a/b", "c", "old"]);
    assert!(!all.more);

    let changes = prompts.changes(&owner, project, since, 10).await.unwrap();
    let told = |change: &PromptChange| match &change.what {
        PromptEvent::Saved { number, message } => {
            assert_eq!(message.as_deref(), Some("why"));
            format!("{} v{number}", change.prompt.as_str())
        }
        PromptEvent::Moved(one) => format!("{} {} {:?}", change.prompt.as_str(), one.label.as_str(), one.to),
    };
    let newest: Vec<_> = changes.iter().map(told).collect();
    assert_eq!(newest, ["c v1", "a/b v2", "a/b production Some(1)", "a/b v1"], "the old one is not of this week");
    assert_eq!(prompts.changes(&owner, project, since, 2).await.unwrap().len(), 2);

    let stranger = Actor::Anonymous;
    assert!(prompts.changes(&stranger, project, since, 2).await.is_err());
    assert!(prompts.all(&stranger, project, &PromptFilter::default()).await.is_err());
}
