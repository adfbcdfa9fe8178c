//! Every route with every kind of actor. A route without a row here fails the test.

mod clients;
mod needs;
mod prepare;
mod rows;

use std::{collections::BTreeSet, fmt::Write as _};

use api::ApiConfig;
use axum::http::Method;
use domain::{
    auth::{Actor, Scope},
    prompt::PromptBody,
};
use serde_json::json;
use services::prompts::SaveVersion;
use testkit::{TestApp, otlp};

use self::{
    clients::actors,
    needs::ACTORS,
    prepare::{address, prepare},
    rows::rows,
};
use crate::{openapi::operations, results};

#[tokio::test]
async fn every_route_answers_every_actor_as_agreed() {
    // Streams end when the server stops: here at once, after what they begin with.
    let config = ApiConfig::default();
    config.stopping.cancel();
    let app = TestApp::start_with(config).await;
    let spans = [otlp::span("00000000000000aa"), otlp::span("00000000000000ab").text("session.id", "ours")];
    app.key().post("/v1/traces", &otlp::request(spans)).await.expect(200);
    let clients = actors(&app).await;
    let rows = rows();
    let operations = operations(&app).await;
    let known: BTreeSet<&str> = operations.iter().map(|operation| operation.id.as_str()).collect();
    let listed: BTreeSet<&str> = rows.iter().map(|row| row.id).collect();
    assert_eq!(known, listed, "every route has a row, and every row a route");

    let mut table = format!("| route | {} |\n|---|{}\n", ACTORS.join(" | "), "---|".repeat(ACTORS.len()));
    let mut wrong = Vec::new();
    for operation in &operations {
        let row = rows.iter().find(|row| row.id == operation.id).unwrap();
        let _ = write!(table, "| {} {} |", operation.method, operation.path);
        if operation.said["x-needs"] != row.needs.said() {
            wrong.push(format!("{}: `x-needs` says {}, not {}", row.id, operation.said["x-needs"], row.needs.said()));
        }
        for (cell, (client, wanted)) in clients.iter().zip(row.needs.statuses()).enumerate() {
            let wanted = match wanted {
                0 => row.success,
                1 => row.neighbour,
                status => status,
            };
            let (id, user) = prepare(&app, row.id, cell).await;
            let path = address(&app, operation, &id, &user);
            let mut request = client.request(Method::from_bytes(operation.method.as_bytes()).unwrap(), &path);
            if let Some(body) = &row.body {
                // An address can be invited once; each cell has its own.
                let body = body.to_string().replace("new@example.com", &format!("new-{cell}@example.com"));
                // Numbers of removed versions never come back.
                let body = body.replace("\"version\":1", &format!("\"version\":{id}"));
                let body = body.replace("new-experiment", &format!("new-experiment-{cell}"));
                request = request.json(&serde_json::from_str(&body).unwrap());
            }
            let answer = request.send().await;
            let got = answer.status.as_u16();
            if !operation.lists(got) {
                wrong.push(format!("{} by {}: {got} is not in the document", row.id, ACTORS[cell]));
            }
            if got != wanted {
                wrong.push(format!("{} by {}: {got}, not {wanted}: {}", row.id, ACTORS[cell], answer.text()));
            }
            let _ = write!(table, " {got} |");
        }
        table.push('\n');
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    insta::assert_snapshot!("actors", table);
}

/// What the reference tells people to copy works.
#[tokio::test]
async fn every_example_in_the_document_is_accepted() {
    let app = TestApp::start().await;
    app.key().post("/v1/traces", &otlp::request([otlp::span("00000000000000aa")])).await.expect(200);
    for text in ["Answer: {{question}}", "Answer briefly: {{question}}"] {
        let save = SaveVersion {
            labels: vec!["production".to_owned()],
            ..SaveVersion::new("support/answer", PromptBody::Text(text.to_owned()))
        };
        app.services.prompts.save(&Actor::System, app.project.id, save).await.unwrap();
    }
    for (path, body) in [
        ("/api/public/v2/datasets", json!({ "name": "hard-questions" })),
        ("/api/public/dataset-items", json!({ "datasetName": "hard-questions", "id": "item-1" })),
    ] {
        app.key().post(path, &body).await.expect(200);
    }
    results::running(&app).await;
    let (owner, key) = (app.owner().await, app.make_key(app.project.id, "all", &Scope::ALL).await);
    let key = app.bearer(key.secret_key.reveal());
    let rows = rows();
    let mut wrong = Vec::new();
    for (cell, operation) in operations(&app).await.iter().enumerate() {
        let Some(example) = operation.said["requestBody"]["content"]["application/json"].get("example") else {
            continue;
        };
        let row = rows.iter().find(|row| row.id == operation.id).unwrap();
        let (id, user) = prepare(&app, row.id, 100 + cell).await;
        let path = address(&app, operation, &id, &user);
        let client = if operation.said["x-needs"]["scopes"].is_null() { &owner } else { &key };
        let request = client.request(Method::from_bytes(operation.method.as_bytes()).unwrap(), &path);
        let answer = request.json(example).send().await;
        if answer.status.as_u16() != row.success {
            wrong.push(format!("{}: {}: {}", row.id, answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_neighbour_changes_nothing_of_ours() {
    let app = TestApp::start().await;
    app.key().post("/v1/traces", &otlp::request([otlp::span("00000000000000aa")])).await.expect(200);
    app.key()
        .post("/api/public/v2/prompts", &json!({ "name": "greet", "prompt": "Hi", "labels": ["production"] }))
        .await
        .expect(201);
    let before = app.counts(app.project.id).await;
    let neighbour = app.neighbour().await;
    let pair = app.make_key(neighbour.id, "theirs", &Scope::ALL).await;
    let theirs = app.bearer(pair.secret_key.reveal());
    // Our trace, our prompt's name, our score's id: all of it lands in their project, or nowhere.
    theirs.post("/v1/traces", &otlp::request([otlp::span("00000000000000aa").name("theirs")])).await.expect(200);
    theirs.post("/api/public/v2/prompts", &json!({ "name": "greet", "prompt": "Bye" })).await.expect(201);
    theirs.delete("/api/public/v2/prompts/greet").await.expect(204);
    assert_eq!(app.counts(app.project.id).await, before);
    let ours = app.key().get(&format!("/api/public/traces/{}", otlp::TRACE)).await.expect(200).json();
    assert_eq!(ours["observations"][0]["name"], "answer");
}

#[tokio::test]
async fn a_browser_changes_things_from_our_own_pages_only() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let body = json!({ "name": "greet", "prompt": "Hi" });
    owner.post("/api/v1/prompts", &body).await.expect(201);
    let elsewhere = owner.clone().with(axum::http::header::ORIGIN, "https://evil.example");
    let refused = elsewhere.post("/api/v1/prompts", &body).await.expect(403).json();
    assert_eq!(refused["code"], "forbidden");
    owner.clone().without(&axum::http::header::ORIGIN).post("/api/v1/prompts", &body).await.expect(403);
    elsewhere.get("/api/v1/prompts").await.expect(200);
    assert_eq!(app.counts(app.project.id).await.versions, 1);
}

#[tokio::test]
async fn a_person_has_to_say_which_project() {
    let app = TestApp::start().await;
    let owner = app.owner().await.without(&axum::http::HeaderName::from_static("x-assay-project"));
    let refused = owner.get("/api/v1/prompts").await.expect(400).json();
    assert_eq!(refused["fields"][0]["field"], "project");
    owner.get(&format!("/api/v1/prompts?project={}", app.project.slug)).await.expect(200);
    owner.get("/api/v1/prompts?project=nowhere").await.expect(404);
}
