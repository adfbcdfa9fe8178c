//! Somebody of every kind.

use domain::auth::{Actor, Role, Scope};
use testkit::{Client, TestApp};

/// One client for each of [`super::needs::ACTORS`], in their order.
pub(super) async fn actors(app: &TestApp) -> Vec<Client> {
    let mut clients = vec![app.anonymous()];
    for role in [Role::Viewer, Role::Analyst, Role::Editor] {
        clients.push(app.member(&app.project, &format!("{}@example.com", role.as_str()), role).await.1);
    }
    clients.push(app.owner().await);
    for scope in [Scope::Read, Scope::Write, Scope::Ingest, Scope::Resolve] {
        clients.push(app.key_with(scope.as_str(), &[scope]).await);
    }
    let access = &app.services.access;
    let public = access
        .create_client_key(
            &Actor::System,
            app.project.id,
            "web",
            &[Scope::Ingest, Scope::Resolve],
            &["https://app.example.com".to_owned()],
        )
        .await;
    clients.push(app.bearer(&public.unwrap().public_key));
    clients.push(app.revoked_key().await.1);
    let neighbour = app.neighbour().await;
    let pair = app.make_key(neighbour.id, "theirs", &Scope::ALL).await;
    let there = axum::http::HeaderName::from_static("x-assay-project");
    clients.push(app.bearer(pair.secret_key.reveal()).with(there.clone(), app.project.slug.as_str()));
    let (_, person) = app.member(&neighbour, "neighbour@example.com", Role::Owner).await;
    clients.push(person.with(there, app.project.slug.as_str()));
    clients
}
