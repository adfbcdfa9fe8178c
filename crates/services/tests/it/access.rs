//! Setting up, signing in and out, passwords.

use domain::auth::{Actor, Role};
use services::{
    ServiceError,
    access::{GivenPair, Initial, Initialized, LinkFor, Secret},
};

use crate::world::{CLIENT, PASSWORD, World};

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

#[tokio::test]
async fn the_first_link_sets_up_once() {
    let world = World::new().await;
    let access = &world.services.access;
    let replaced = access.first_owner_link().await.unwrap().unwrap();
    let link = access.first_owner_link().await.unwrap().unwrap();
    assert!(matches!(access.link(replaced.reveal()).await, Err(ServiceError::NotFound { .. })));
    assert_eq!(access.link(link.reveal()).await.unwrap(), LinkFor::FirstOwner);

    let Err(ServiceError::Invalid(fields)) = access.set_up(link.reveal(), "nobody", "short", " ").await else {
        panic!("was accepted");
    };
    let names: Vec<&str> = fields.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(names, ["email", "password", "project"]);

    let session = access.set_up(link.reveal(), "Owner@Example.com", PASSWORD, "Support Bot").await.unwrap();
    let actor = world.actor(&session.token).await;
    let project = access.project_by_slug(&actor, "support-bot").await.unwrap();
    assert_eq!(project.name, "Support Bot");
    assert_eq!(access.projects(&actor).await.unwrap(), [project]);

    let again = access.set_up(link.reveal(), "late@example.com", PASSWORD, "Late").await;
    assert!(matches!(again, Err(ServiceError::NotFound { .. })), "{again:?}");
    assert!(access.first_owner_link().await.unwrap().is_none());
}

#[tokio::test]
async fn the_environment_sets_up_on_the_first_start_only() {
    let world = World::new().await;
    let access = &world.services.access;
    let initial = |secret_key: &str| Initial {
        email: "owner@example.com".to_owned(),
        password: secret(PASSWORD),
        project: "Demo".to_owned(),
        key: Some(GivenPair { public_key: "pk-given-1".to_owned(), secret_key: secret(secret_key) }),
    };
    let refused = access.initialize(initial("too short")).await;
    assert!(matches!(&refused, Err(ServiceError::Invalid(fields)) if fields[0].field == "secret_key"), "{refused:?}");
    assert_eq!(access.initialize(initial("sk-given-1-0123456789")).await.unwrap(), Initialized::Created);
    assert_eq!(access.initialize(initial("sk-other-0123456789")).await.unwrap(), Initialized::AlreadySetUp);
    let key = access.authenticate_pair("pk-given-1", "sk-given-1-0123456789").await.unwrap();
    assert_eq!(access.projects(&key).await.unwrap()[0].slug.as_str(), "demo");
    assert!(access.authenticate_secret("sk-other-0123456789").await.is_err());
    access.sign_in("owner@example.com", PASSWORD, CLIENT).await.unwrap();
}

#[tokio::test]
async fn owners_rename_a_project_and_its_address_stays() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let access = &world.services.access;
    let before = access.project(&owner, project).await.unwrap();
    access.rename_project(&owner, project, "  Help centre ").await.unwrap();
    let after = access.project(&owner, project).await.unwrap();
    assert_eq!((after.name.as_str(), after.slug), ("Help centre", before.slug));
    let refused = access.rename_project(&owner, project, " ").await;
    assert!(matches!(&refused, Err(ServiceError::Invalid(fields)) if fields[0].field == "name"), "{refused:?}");
    let editor = world.member(project, "editor@example.com", Role::Editor).await;
    let refused = access.rename_project(&editor, project, "Mine").await;
    assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{refused:?}");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_alike() {
    let world = World::new().await;
    world.set_up().await;
    let access = &world.services.access;
    for (email, password) in [("owner@example.com", "wrong password"), ("who@example.com", PASSWORD), ("", PASSWORD)] {
        let refused = access.sign_in(email, password, CLIENT).await;
        assert!(matches!(refused, Err(ServiceError::Unauthenticated)), "{refused:?}");
    }
    let session = access.sign_in(" OWNER@example.com", PASSWORD, CLIENT).await.unwrap();
    access.sign_out(session.token.reveal()).await.unwrap();
    access.sign_out(session.token.reveal()).await.unwrap();
    let ended = access.authenticate_session(session.token.reveal()).await;
    assert!(matches!(ended, Err(ServiceError::Unauthenticated)), "{ended:?}");
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let world = World::new().await;
    world.set_up().await;
    let access = &world.services.access;
    for client in 0..10 {
        let refused = access.sign_in("owner@example.com", "wrong password", &format!("192.0.2.{client}")).await;
        assert!(matches!(refused, Err(ServiceError::Unauthenticated)), "{refused:?}");
    }
    let refused = access.sign_in("owner@example.com", PASSWORD, CLIENT).await;
    let Err(ServiceError::RateLimited { retry_after_s }) = refused else { panic!("{refused:?}") };
    world.clock.pass_s(i64::from(retry_after_s));
    access.sign_in("owner@example.com", PASSWORD, CLIENT).await.unwrap();
}

#[tokio::test]
async fn a_session_lives_while_it_is_used() {
    const DAY: i64 = 86_400;
    let world = World::new().await;
    world.set_up().await;
    let access = &world.services.access;
    let session = access.sign_in("owner@example.com", PASSWORD, CLIENT).await.unwrap();
    let token = session.token.reveal();
    world.clock.pass_s(3599);
    assert!(!access.authenticate_session(token).await.unwrap().extended, "at most hourly");
    for _ in 0..3 {
        world.clock.pass_s(13 * DAY);
        assert!(access.authenticate_session(token).await.unwrap().extended);
    }
    world.clock.pass_s(14 * DAY);
    assert!(matches!(access.authenticate_session(token).await, Err(ServiceError::Unauthenticated)));
    access.delete_expired().await.unwrap();
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let world = World::new().await;
    let (owner, _) = world.set_up().await;
    let access = &world.services.access;
    let old = access.sign_in("owner@example.com", PASSWORD, CLIENT).await.unwrap();
    let wrong = access.change_password(&owner, "not this one", "a new long password", CLIENT).await;
    assert!(matches!(&wrong, Err(ServiceError::Invalid(fields)) if fields[0].field == "current"), "{wrong:?}");
    let new = access.change_password(&owner, PASSWORD, "a new long password", CLIENT).await.unwrap();
    assert!(access.authenticate_session(old.token.reveal()).await.is_err());
    access.authenticate_session(new.token.reveal()).await.unwrap();
    assert!(access.sign_in("owner@example.com", PASSWORD, CLIENT).await.is_err());

    let reset = access.reset_link(&Actor::System, "owner@example.com").await.unwrap();
    assert!(access.reset_link(&owner, "owner@example.com").await.is_err());
    let LinkFor::Password { email } = access.link(reset.reveal()).await.unwrap() else { panic!("another link") };
    assert_eq!(email.as_str(), "owner@example.com");
    let short = access.set_password(reset.reveal(), "short").await;
    assert!(matches!(short, Err(ServiceError::Invalid(_))), "{short:?}");
    access.set_password(reset.reveal(), PASSWORD).await.unwrap();
    assert!(access.authenticate_session(new.token.reveal()).await.is_err());
    assert!(matches!(access.set_password(reset.reveal(), PASSWORD).await, Err(ServiceError::NotFound { .. })));
}

#[tokio::test]
async fn a_link_expires() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let access = &world.services.access;
    let link = access.invite(&owner, project, "ana@example.com", Role::Viewer).await.unwrap().link.unwrap();
    world.clock.pass_s(7 * 86_400);
    assert!(matches!(access.link(link.reveal()).await, Err(ServiceError::NotFound { .. })));
    assert!(matches!(access.set_password(link.reveal(), PASSWORD).await, Err(ServiceError::NotFound { .. })));
}
