//! API keys.

use domain::auth::{Actor, KeyKind, Permission, Role, Scope};
use services::{ServiceError, access::GivenPair};

use crate::world::World;

#[tokio::test]
async fn a_pair_opens_by_both_doors_until_revoked() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let access = &world.services.access;
    let made = access.create_pair(&owner, project, "ci", &[Scope::Read, Scope::Ingest]).await.unwrap();
    let (public, secret) = (made.key.public_key.as_str(), made.secret_key.reveal());
    assert!(public.starts_with("pk-assay-") && secret.starts_with("sk-assay-"));
    assert_eq!(secret.len(), "sk-assay-".len() + 43);
    assert!(secret.ends_with(&made.key.secret_hint) && made.key.secret_hint.len() == 4);

    let expected =
        Actor::Key { key: made.key.id, project, kind: KeyKind::Pair, scopes: vec![Scope::Ingest, Scope::Read] };
    assert_eq!(access.authenticate_pair(public, secret).await.unwrap(), expected);
    assert_eq!(access.authenticate_secret(secret).await.unwrap(), expected);
    for (wrong_public, wrong_secret) in [(public, "sk-assay-x"), ("pk-assay-x", secret), (public, public)] {
        let refused = access.authenticate_pair(wrong_public, wrong_secret).await;
        assert!(matches!(refused, Err(ServiceError::Unauthenticated)), "{refused:?}");
    }
    assert!(access.authenticate_secret(public).await.is_err());
    assert!(access.authenticate_client(public, None).await.is_err());

    let elsewhere = world.other_process().await;
    elsewhere.access.authenticate_secret(secret).await.unwrap();
    access.revoke_key(&owner, project, made.key.id).await.unwrap();
    assert!(matches!(access.authenticate_pair(public, secret).await, Err(ServiceError::Unauthenticated)));
    world.clock.pass_s(5);
    assert!(matches!(elsewhere.access.authenticate_secret(secret).await, Err(ServiceError::Unauthenticated)));
}

#[tokio::test]
async fn last_use_is_kept_to_the_minute() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let access = &world.services.access;
    let made = access.create_pair(&owner, project, "ci", &Scope::ALL).await.unwrap();
    let last_used = async || access.keys(&owner, project).await.unwrap()[0].last_used_us;
    assert_eq!(last_used().await, None);
    access.authenticate_secret(made.secret_key.reveal()).await.unwrap();
    let first = last_used().await.unwrap();
    for _ in 0..10 {
        world.clock.pass_s(5);
        access.authenticate_secret(made.secret_key.reveal()).await.unwrap();
    }
    assert_eq!(last_used().await, Some(first));
    world.clock.pass_s(10);
    access.authenticate_secret(made.secret_key.reveal()).await.unwrap();
    assert_eq!(last_used().await.unwrap().0, first.0 + 60_000_000);
}

#[tokio::test]
async fn a_client_key_is_bound_to_its_origins_and_may_little() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let access = &world.services.access;
    let origins = ["https://App.example.com".to_owned()];
    let wrong = access.create_client_key(&owner, project, "web", &[Scope::Read], &origins).await;
    assert!(matches!(&wrong, Err(ServiceError::Invalid(fields)) if fields[0].field == "scopes"), "{wrong:?}");
    let path = ["https://ok.example".to_owned(), "https://a.example/path".to_owned()];
    let wrong = access.create_client_key(&owner, project, "web", &[Scope::Resolve], &path).await;
    assert!(matches!(&wrong, Err(ServiceError::Invalid(fields)) if fields[0].field == "origins[1]"), "{wrong:?}");

    let key = access.create_client_key(&owner, project, "web", &[Scope::Resolve], &origins).await.unwrap();
    assert!(key.public_key.starts_with("ck-assay-"));
    let actor = access.authenticate_client(&key.public_key, Some("https://app.example.com")).await.unwrap();
    access.authenticate_client(&key.public_key, None).await.unwrap();
    let elsewhere = access.authenticate_client(&key.public_key, Some("https://evil.example")).await;
    assert!(
        matches!(&elsewhere, Err(ServiceError::Origin(origin)) if origin == "https://evil.example"),
        "{elsewhere:?}"
    );
    assert!(matches!(access.projects(&actor).await, Err(ServiceError::Forbidden(Permission::Read))));
    access.revoke_key(&owner, project, key.id).await.unwrap();
    assert!(access.authenticate_client(&key.public_key, None).await.is_err());
}

#[tokio::test]
async fn keys_are_the_owners_and_stay_in_their_project() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let access = &world.services.access;
    let editor = world.member(project, "editor@example.com", Role::Editor).await;
    let refused = access.create_pair(&editor, project, "mine", &Scope::ALL).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden(Permission::Manage))), "{refused:?}");
    let made = access.create_pair(&owner, project, "ci", &Scope::ALL).await.unwrap();
    let key = access.authenticate_secret(made.secret_key.reveal()).await.unwrap();
    assert!(matches!(access.keys(&key, project).await, Err(ServiceError::Forbidden(_))), "no key makes keys");

    let other = access.create_project(&owner, "Other", None).await.unwrap();
    let owner = world.sign_in("owner@example.com").await;
    let foreign = access.revoke_key(&owner, other.id, made.key.id).await;
    assert!(matches!(foreign, Err(ServiceError::NotFound { .. })), "{foreign:?}");
    assert!(matches!(access.project(&key, other.id).await, Err(ServiceError::NotFound { .. })));
    let pair = GivenPair { public_key: made.key.public_key.clone(), secret_key: made.secret_key.clone() };
    let taken = access.keep_given_pair(&owner, other.id, "copy", &Scope::ALL, &pair).await;
    assert!(matches!(taken, Err(ServiceError::Conflict(_))), "{taken:?}");
}

#[tokio::test]
async fn no_key_speaks_for_assay_itself() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    for name in ["assay", " Assay "] {
        let refused = world.services.access.create_pair(&owner, project, name, &[Scope::Read]).await;
        let Err(ServiceError::Invalid(fields)) = refused else { panic!("{refused:?}") };
        assert_eq!(fields[0].field, "name");
        assert!(fields[0].message.contains("such as `ci`"), "{}", fields[0].message);
    }
    world.services.access.create_pair(&owner, project, "assay ci", &[Scope::Read]).await.unwrap();
}
