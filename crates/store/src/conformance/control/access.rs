use std::{future::Future, sync::Arc};

use domain::{
    auth::{KeyKind, Role, Scope},
    ids::{KeyId, ProjectId, UserId},
    project::{ProjectSettings, SettingsAt},
    time::TimeUs,
};

use super::{T0, id, link, owners, person, project, second_project, session, set_up};
use crate::{
    StoreError,
    control::{ApiKey, ControlStore, LinkPurpose, NewOwner, StoredKey},
};

pub(super) async fn run<F: Future<Output = Arc<dyn ControlStore>>>(fresh: &impl Fn() -> F) {
    first_owner_once(&*fresh().await).await;
    one_of_many_first_owners_wins(fresh().await).await;
    projects_have_one_address(&*fresh().await).await;
    a_removed_project_frees_its_address(&*fresh().await).await;
    settings_change_from_what_was_read(&*fresh().await).await;
    members_and_roles(&*fresh().await).await;
    the_last_owner_stays(fresh().await).await;
    sessions_end(&*fresh().await).await;
    links_work_once(fresh().await).await;
    a_new_password_ends_sessions_and_links(&*fresh().await).await;
    keys_are_found_and_revoked(&*fresh().await).await;
}

fn key(number: u128, project: ProjectId) -> StoredKey {
    StoredKey {
        key: ApiKey {
            id: KeyId(id(number)),
            project,
            name: format!("key {number}"),
            kind: KeyKind::Pair,
            scopes: vec![Scope::Ingest, Scope::Read],
            public_key: format!("pk-{number}"),
            secret_hint: "wxyz".to_owned(),
            origins: Vec::new(),
            created_by: "owner@example.com".to_owned(),
            created_us: TimeUs(T0.0 + number as i64),
            last_used_us: None,
            revoked_us: None,
        },
        secret: Some([number as u8; 32]),
    }
}

fn conflict<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Conflict(_))), "expected a conflict, got {outcome:?}");
}

fn not_found<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::NotFound { .. })), "expected nothing to be found, got {outcome:?}");
}

async fn first_owner_once(store: &dyn ControlStore) {
    assert!(!store.has_people().await.expect("people"));
    let given = key(5, ProjectId(id(10)));
    let owner =
        NewOwner { person: person(1, "owner@example.com"), project: project(10, "first"), key: Some(given.clone()) };
    store.create_first_owner(owner.clone()).await.expect("the first owner");
    assert!(store.has_people().await.expect("people"));
    let found = store.person_by_email(&owner.person.email).await.expect("a person");
    assert_eq!(found.as_ref(), Some(&owner.person));
    assert_eq!(store.person(owner.person.id).await.expect("a person"), found);
    assert_eq!(store.roles(owner.person.id).await.expect("roles"), [(owner.project.id, Role::Owner)]);
    assert_eq!(store.key_by_public("pk-5").await.expect("a key"), Some(given));

    let late = NewOwner { person: person(2, "late@example.com"), project: project(11, "late"), key: None };
    conflict(store.create_first_owner(late).await);
    assert_eq!(store.projects().await.expect("projects"), [owner.project]);
    assert_eq!(store.person(UserId(id(2))).await.expect("nobody"), None);
}

async fn one_of_many_first_owners_wins(store: Arc<dyn ControlStore>) {
    let mut tries = tokio::task::JoinSet::new();
    for number in 1..=8_u128 {
        let store = Arc::clone(&store);
        tries.spawn(async move {
            let owner = NewOwner {
                person: person(number, &format!("p{number}@example.com")),
                project: project(10 + number, &format!("p{number}")),
                key: None,
            };
            store.create_first_owner(owner).await.is_ok()
        });
    }
    let won = tries.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    assert_eq!(store.projects().await.expect("projects").len(), 1);
}

async fn projects_have_one_address(store: &dyn ControlStore) {
    let (owner, first) = set_up(store).await;
    let second = second_project(store, owner).await;
    conflict(store.create_project(&project(12, "second"), owner).await);
    assert_eq!(store.project(ProjectId(id(12))).await.expect("nothing"), None);
    let slug = "second".parse().expect("a slug");
    assert_eq!(store.project_by_slug(&slug).await.expect("a project").map(|found| found.id), Some(second));
    let all: Vec<ProjectId> = store.projects().await.expect("projects").iter().map(|found| found.id).collect();
    assert_eq!(all, [first, second]);
    assert_eq!(store.revision(first).await.expect("a revision"), 0);
    store.rename_project(second, "Second to none").await.expect("renamed");
    let renamed = store.project_by_slug(&slug).await.expect("a project");
    assert_eq!(renamed.map(|found| (found.id, found.name)), Some((second, "Second to none".to_owned())));
    not_found(store.rename_project(ProjectId(id(99)), "Nobody").await);
}

async fn a_removed_project_frees_its_address(store: &dyn ControlStore) {
    let (owner, first) = set_up(store).await;
    let second = second_project(store, owner).await;
    store.remove_project(second).await.expect("removed");
    not_found(store.remove_project(second).await);
    assert_eq!(store.project(second).await.expect("nothing"), None);
    let all: Vec<ProjectId> = store.projects().await.expect("projects").iter().map(|found| found.id).collect();
    assert_eq!(all, [first]);
    store.create_project(&project(13, "second"), owner).await.expect("the address is free");
}

async fn settings_change_from_what_was_read(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    assert_eq!(store.settings(project).await.expect("settings"), SettingsAt::default());
    let segment = Some("metadata.plan".parse().expect("an attribute"));
    let settings = ProjectSettings { segment, retention_days: Some(30), demo: true };
    assert_eq!(store.set_settings(project, &settings, 0).await.expect("set"), 1);
    conflict(store.set_settings(project, &ProjectSettings::default(), 0).await);
    assert_eq!(store.settings(project).await.expect("settings"), SettingsAt { settings, revision: 1 });
    let nobody = ProjectId(id(99));
    not_found(store.set_settings(nobody, &ProjectSettings::default(), 0).await);
    assert_eq!(store.settings(nobody).await.expect("settings"), SettingsAt::default());
}

async fn members_and_roles(store: &dyn ControlStore) {
    let (owner, first) = set_up(store).await;
    let second = second_project(store, owner).await;
    let mut invited = person(2, "ana@example.com");
    invited.password_hash = None;
    let user = store.add_member(first, &invited, Role::Viewer).await.expect("a member");
    assert_eq!(user, invited.id);
    conflict(store.add_member(first, &person(3, "ana@example.com"), Role::Editor).await);
    // The address is known: the person who has it stands.
    let same = store.add_member(second, &person(4, "ana@example.com"), Role::Editor).await.expect("a member");
    assert_eq!(same, user);

    let members = store.members(first).await.expect("members");
    let shown: Vec<(&str, Role, bool)> =
        members.iter().map(|member| (member.email.as_str(), member.role, member.active)).collect();
    assert_eq!(shown, [("ana@example.com", Role::Viewer, false), ("owner@example.com", Role::Owner, true)]);

    store.set_role(first, user, Role::Analyst).await.expect("a role");
    assert_eq!(store.roles(user).await.expect("roles"), [(first, Role::Analyst), (second, Role::Editor)]);
    not_found(store.set_role(first, UserId(id(99)), Role::Owner).await);
    not_found(store.remove_member(first, UserId(id(99))).await);
    store.remove_member(first, user).await.expect("removal");
    assert_eq!(store.roles(user).await.expect("roles"), [(second, Role::Editor)]);
    assert!(store.person(user).await.expect("the account stays").is_some());
}

async fn the_last_owner_stays(store: Arc<dyn ControlStore>) {
    let (owner, first) = set_up(&*store).await;
    conflict(store.set_role(first, owner, Role::Editor).await);
    conflict(store.remove_member(first, owner).await);
    store.set_role(first, owner, Role::Owner).await.expect("the same role");
    let other = store.add_member(first, &person(2, "two@example.com"), Role::Owner).await.expect("a member");
    // Each owner throws the other one out at the same moment.
    let (left, right) = tokio::join!(store.remove_member(first, owner), store.set_role(first, other, Role::Viewer));
    assert!(left.is_ok() != right.is_ok(), "{left:?} {right:?}");
    assert_eq!(owners(&*store, first).await, 1);
}

async fn sessions_end(store: &dyn ControlStore) {
    let (owner, first) = set_up(store).await;
    let end = TimeUs(T0.0 + 100);
    let kept = session(7, owner, end);
    store.create_session(&kept).await.expect("a session");
    let found = store.session(&kept.token, T0).await.expect("a session").expect("there");
    assert_eq!(found.session, kept);
    assert_eq!(found.email.as_str(), "owner@example.com");
    assert_eq!(found.roles, [(first, Role::Owner)]);
    assert_eq!(store.session(&[8; 32], T0).await.expect("none"), None);
    assert_eq!(store.session(&kept.token, end).await.expect("none"), None, "it ends at its end");

    let later = TimeUs(end.0 + 100);
    store.extend_session(kept.id, later).await.expect("an extension");
    assert!(store.session(&kept.token, end).await.expect("a session").is_some());
    store.delete_expired(end).await.expect("a clean-up");
    assert!(store.session(&kept.token, end).await.expect("a session").is_some());
    store.delete_expired(later).await.expect("a clean-up");
    assert_eq!(store.session(&kept.token, T0).await.expect("none"), None);

    let other = session(9, owner, end);
    store.create_session(&other).await.expect("a session");
    store.delete_session(other.id).await.expect("the end");
    assert_eq!(store.session(&other.token, T0).await.expect("none"), None);

    // A person without projects is still signed in.
    let stray = store.add_member(first, &person(2, "two@example.com"), Role::Viewer).await.expect("a member");
    store.remove_member(first, stray).await.expect("removal");
    let lonely = session(10, stray, end);
    store.create_session(&lonely).await.expect("a session");
    assert!(store.session(&lonely.token, T0).await.expect("a session").expect("there").roles.is_empty());
}

async fn links_work_once(store: Arc<dyn ControlStore>) {
    let end = TimeUs(T0.0 + 100);
    let first = link(1, LinkPurpose::FirstOwner, end);
    store.create_link(&first).await.expect("a link");
    assert_eq!(store.link(&first.token, T0).await.expect("a link").as_ref(), Some(&first));
    assert_eq!(store.link(&first.token, end).await.expect("none"), None);
    let replaced = link(2, LinkPurpose::FirstOwner, end);
    store.create_link(&replaced).await.expect("a link");
    assert_eq!(store.link(&first.token, T0).await.expect("none"), None);

    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        let id = replaced.id;
        tries.spawn(async move { store.consume_link(id).await.expect("an answer") });
    }
    assert_eq!(tries.join_all().await.into_iter().filter(|used| *used).count(), 1);
    assert_eq!(store.link(&replaced.token, T0).await.expect("none"), None);

    let (owner, _) = set_up(&*store).await;
    let password = link(3, LinkPurpose::Password(owner), end);
    store.create_link(&password).await.expect("a link");
    assert_eq!(store.link(&password.token, T0).await.expect("a link"), Some(password.clone()));
    store.delete_expired(end).await.expect("a clean-up");
    assert!(!store.consume_link(password.id).await.expect("an answer"));
}

async fn a_new_password_ends_sessions_and_links(store: &dyn ControlStore) {
    let (owner, first) = set_up(store).await;
    let other = store.add_member(first, &person(2, "two@example.com"), Role::Viewer).await.expect("a member");
    let end = TimeUs(T0.0 + 100);
    let (own, foreign) = (session(7, owner, end), session(8, other, end));
    store.create_session(&own).await.expect("a session");
    store.create_session(&foreign).await.expect("a session");
    let old = link(9, LinkPurpose::Password(owner), end);
    store.create_link(&old).await.expect("a link");
    store.set_password(owner, "new hash").await.expect("a password");
    let stored = store.person(owner).await.expect("a person").expect("there").password_hash;
    assert_eq!(stored.as_deref(), Some("new hash"));
    assert_eq!(store.session(&own.token, T0).await.expect("none"), None);
    assert_eq!(store.link(&old.token, T0).await.expect("none"), None);
    assert!(store.session(&foreign.token, T0).await.expect("a session").is_some());
    not_found(store.set_password(UserId(id(99)), "x").await);
}

async fn keys_are_found_and_revoked(store: &dyn ControlStore) {
    let (owner, first) = set_up(store).await;
    let second = second_project(store, owner).await;
    let pair = key(5, first);
    store.create_key(&pair).await.expect("a key");
    let mut same_public = key(6, second);
    "pk-5".clone_into(&mut same_public.key.public_key);
    conflict(store.create_key(&same_public).await);
    let mut same_secret = key(6, second);
    same_secret.secret = pair.secret;
    conflict(store.create_key(&same_secret).await);
    let mut client = key(7, first);
    client.key.kind = KeyKind::Client;
    client.key.origins = vec!["https://app.example.com".to_owned()];
    client.key.secret_hint = String::new();
    client.secret = None;
    store.create_key(&client).await.expect("a client key");

    assert_eq!(store.key_by_public("pk-5").await.expect("a key"), Some(pair.clone()));
    assert_eq!(store.key_by_public("pk-7").await.expect("a key"), Some(client.clone()));
    assert_eq!(store.key_by_public("pk-8").await.expect("none"), None);
    assert_eq!(store.key_by_secret(&[5; 32]).await.expect("a key"), Some(pair.clone()));
    assert_eq!(store.key_by_secret(&[9; 32]).await.expect("none"), None);
    assert_eq!(store.keys(first).await.expect("keys"), [client.key, pair.key.clone()]);
    assert!(store.keys(second).await.expect("keys").is_empty());

    let (early, late) = (TimeUs(T0.0 + 1_000), TimeUs(T0.0 + 2_000));
    store.touch_key(pair.key.id, late).await.expect("a use");
    store.touch_key(pair.key.id, early).await.expect("a use seen late");
    not_found(store.revoke_key(second, pair.key.id, early).await);
    store.revoke_key(first, pair.key.id, early).await.expect("a revocation");
    store.revoke_key(first, pair.key.id, late).await.expect("a second revocation");
    let found = store.key_by_secret(&[5; 32]).await.expect("a key").expect("still there").key;
    assert_eq!((found.revoked_us, found.last_used_us), (Some(early), Some(late)));
}
