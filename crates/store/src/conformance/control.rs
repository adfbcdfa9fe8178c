//! Suite of the control plane. Run each function on a store of its own, or all of them with [`run`].
#![expect(clippy::expect_used, reason = "a suite says what differed by panicking")]

mod access;
mod clients;
mod experiments;
mod jobs;
mod prices;
mod prompts;
mod repeats;

use std::{future::Future, sync::Arc};

use domain::{
    auth::Role,
    ids::{LinkId, ProjectId, SessionId, UserId},
    project::Project,
    time::TimeUs,
};
use uuid::Uuid;

use crate::StoreError;
use crate::control::{ControlStore, LinkPurpose, NewOwner, OneTimeLink, Person, Session};

/// The instant tests start from.
pub const T0: TimeUs = TimeUs(1_790_000_000_000_000);

/// Runs the whole suite; `fresh` makes an empty store each time it is called.
pub async fn run<F: Future<Output = Arc<dyn ControlStore>>>(fresh: impl Fn() -> F) {
    access::run(&fresh).await;
    jobs::run(&fresh).await;
    prices::run(&fresh).await;
    prompts::run(&fresh).await;
    repeats::run(&fresh).await;
    clients::run(&fresh).await;
    experiments::run(&fresh).await;
    a_closed_store_says_so(&*fresh().await).await;
}

async fn a_closed_store_says_so(store: &dyn ControlStore) {
    let (owner, _) = set_up(store).await;
    store.close().await.expect("closed");
    let read = store.has_people().await;
    assert!(matches!(read, Err(StoreError::Closed)), "{read:?}");
    let written = store.create_project(&project(11, "second"), owner).await;
    assert!(matches!(written, Err(StoreError::Closed)), "{written:?}");
    store.close().await.expect("closing again changes nothing");
}

pub(super) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(super) fn person(number: u128, email: &str) -> Person {
    Person {
        id: UserId(id(number)),
        email: email.parse().expect("an address"),
        password_hash: Some(format!("hash {number}")),
        created_us: T0,
    }
}

pub(super) fn project(number: u128, slug: &str) -> Project {
    Project {
        id: ProjectId(id(number)),
        slug: slug.parse().expect("a slug"),
        name: slug.to_uppercase(),
        created_us: T0,
    }
}

/// The first owner (person 1) with project 10.
pub(super) async fn set_up(store: &dyn ControlStore) -> (UserId, ProjectId) {
    let owner = NewOwner { person: person(1, "owner@example.com"), project: project(10, "first"), key: None };
    let ids = (owner.person.id, owner.project.id);
    store.create_first_owner(owner).await.expect("the first owner");
    ids
}

/// A second project (11) of the same owner.
pub(super) async fn second_project(store: &dyn ControlStore, owner: UserId) -> ProjectId {
    let other = project(11, "second");
    store.create_project(&other, owner).await.expect("a second project");
    other.id
}

pub(super) fn session(number: u128, user: UserId, expires_us: TimeUs) -> Session {
    Session { id: SessionId(id(number)), token: [number as u8; 32], user, created_us: T0, expires_us }
}

pub(super) fn link(number: u128, purpose: LinkPurpose, expires_us: TimeUs) -> OneTimeLink {
    OneTimeLink { id: LinkId(id(number)), token: [number as u8; 32], purpose, expires_us }
}

pub(super) async fn owners(store: &dyn ControlStore, project: ProjectId) -> usize {
    let members = store.members(project).await.expect("members");
    members.iter().filter(|member| member.role == Role::Owner).count()
}
