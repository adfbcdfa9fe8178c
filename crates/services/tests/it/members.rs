//! Members, roles and projects.

use domain::{
    auth::{Actor, Permission, Role},
    ids::UserId,
};
use services::ServiceError;

use crate::world::{PASSWORD, World};

fn user(actor: &Actor) -> UserId {
    match actor {
        Actor::Person { user, .. } => *user,
        other => panic!("no person: {other:?}"),
    }
}

#[tokio::test]
async fn only_owners_manage() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let access = &world.services.access;
    for role in [Role::Viewer, Role::Analyst, Role::Editor] {
        let member = world.member(project, &format!("{}@example.com", role.as_str()), role).await;
        let outcomes = [
            access.members(&member, project).await.err(),
            access.keys(&member, project).await.err(),
            access.invite(&member, project, "x@example.com", Role::Owner).await.err(),
            access.set_role(&member, project, user(&member), Role::Owner).await.err(),
            access.remove_member(&member, project, user(&owner)).await.err(),
            access.create_project(&member, "Mine", None).await.err(),
        ];
        for outcome in outcomes {
            let refused = matches!(outcome, Some(ServiceError::Forbidden(Permission::Manage)));
            assert!(refused, "{role:?}: {outcome:?}");
        }
    }
    assert!(matches!(access.members(&Actor::Anonymous, project).await, Err(ServiceError::Unauthenticated)));
    assert_eq!(access.members(&owner, project).await.unwrap().len(), 4);
}

#[tokio::test]
async fn the_last_owner_cannot_go() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let access = &world.services.access;
    assert!(matches!(
        access.set_role(&owner, project, user(&owner), Role::Editor).await,
        Err(ServiceError::Conflict(_))
    ));
    let second = world.member(project, "two@example.com", Role::Owner).await;
    access.remove_member(&second, project, user(&owner)).await.unwrap();
    assert!(matches!(access.remove_member(&second, project, user(&second)).await, Err(ServiceError::Conflict(_))));
}

#[tokio::test]
async fn strangers_do_not_learn_that_a_project_exists() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let access = &world.services.access;
    let other = access.create_project(&owner, "Other", None).await.unwrap();
    let stranger = world.member(other.id, "stranger@example.com", Role::Owner).await;
    let hidden = access.project_by_slug(&stranger, "first").await.unwrap_err();
    let missing = access.project_by_slug(&stranger, "nothing").await.unwrap_err();
    assert_eq!(hidden.to_string().replace("first", "nothing"), missing.to_string());
    assert!(matches!(access.members(&stranger, project).await, Err(ServiceError::NotFound { .. })));
    assert!(matches!(access.project(&stranger, project).await, Err(ServiceError::NotFound { .. })));
    assert_eq!(access.projects(&stranger).await.unwrap(), [other]);
}

#[tokio::test]
async fn an_open_invitation_does_not_reach_into_other_peoples_projects() {
    let world = World::new().await;
    let (owner, project) = world.set_up().await;
    let access = &world.services.access;
    let other = access.create_project(&owner, "Other", None).await.unwrap();
    let owner = world.sign_in("owner@example.com").await;
    let second = world.member(other.id, "two@example.com", Role::Owner).await;

    let open = access.invite(&second, other.id, "ana@example.com", Role::Viewer).await.unwrap();
    assert!(open.link.is_some());
    // The first owner does own both projects, and may; the second owner has nothing to say in the first project.
    access.invite(&owner, project, "ana@example.com", Role::Viewer).await.unwrap();
    let renewed = access.renew_invitation(&second, other.id, open.user).await;
    assert!(matches!(renewed, Err(ServiceError::Conflict(_))), "{renewed:?}");
    let link = access.renew_invitation(&owner, other.id, open.user).await.unwrap();
    access.set_password(link.reveal(), PASSWORD).await.unwrap();
    let voided = access.set_password(open.link.unwrap().reveal(), PASSWORD).await;
    assert!(matches!(voided, Err(ServiceError::NotFound { .. })), "{voided:?}");

    // Once they have a password, anybody may invite them, and nobody gets a link.
    let third = access.create_project(&second, "Third", None).await.unwrap();
    let second = world.sign_in("two@example.com").await;
    assert!(access.invite(&second, third.id, "ana@example.com", Role::Viewer).await.unwrap().link.is_none());
}

#[tokio::test]
async fn projects_of_one_name_get_their_own_addresses() {
    let world = World::new().await;
    let (owner, _) = world.set_up().await;
    let access = &world.services.access;
    let second = access.create_project(&owner, "First", None).await.unwrap();
    assert_eq!(second.slug.as_str(), "first-2");
    let taken = access.create_project(&owner, "Third", Some("first")).await;
    assert!(matches!(taken, Err(ServiceError::Conflict(_))), "{taken:?}");
}
