//! `Idempotency-Key`: what is sent twice is done once.

use axum::http::{HeaderName, Method};
use domain::{auth::Actor, ids::KeyId};
use serde_json::{Value, json};
use services::repeats::fingerprint;
use testkit::{Answer, Client, TestApp};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: &str = "idempotency-replayed";

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    client.request(Method::POST, path).header(KEY, key).json(body).send().await
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_changes_nothing() {
    let app = TestApp::start().await;
    let (key, body) = (app.key(), json!({ "name": "greet", "prompt": "Hi" }));
    let first = post(&key, "/api/v1/prompts", "order 1", &body).await.expect(201);
    assert_eq!(first.header(REPLAYED), "");
    let again = post(&key, "/api/v1/prompts", "order 1", &body).await.expect(201);
    assert_eq!((again.header(REPLAYED), &again.bytes), ("true", &first.bytes));
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!(app.counts(app.project.id).await.versions, 1);
    // Another key is another request.
    post(&key, "/api/v1/prompts", "order 2", &body).await.expect(201);
    assert_eq!(app.counts(app.project.id).await.versions, 2);
    // A day later nobody remembers.
    app.clock.advance_s(24 * 3_600);
    let later = post(&key, "/api/v1/prompts", "order 1", &body).await.expect(201);
    assert_eq!(later.header(REPLAYED), "");
    assert_eq!(app.counts(app.project.id).await.versions, 3);
}

#[tokio::test]
async fn a_key_means_one_request_of_one_actor() {
    let app = TestApp::start().await;
    let body = json!({ "name": "greet", "prompt": "Hi" });
    post(&app.key(), "/api/v1/prompts", "k", &body).await.expect(201);
    for (path, other) in [
        ("/api/v1/prompts", json!({ "name": "greet", "prompt": "Ho" })),
        ("/api/v1/prompts/greet/versions", json!({ "name": "greet", "prompt": "Hi" })),
    ] {
        let refused = post(&app.key(), path, "k", &other).await.expect(409).json();
        assert_eq!(refused["code"], "conflict");
        assert!(refused["detail"].as_str().unwrap().contains("`Idempotency-Key` `k` was used for another request"));
    }
    // The same word of somebody else is theirs.
    let owner = post(&app.owner().await, "/api/v1/prompts", "k", &body).await.expect(201);
    assert_eq!(owner.header(REPLAYED), "");
    let wrong = post(&app.key(), "/api/v1/prompts", &"k".repeat(256), &body).await.expect(400).json();
    assert_eq!(wrong["fields"][0]["field"], "Idempotency-Key");
    post(&app.key(), "/api/v1/prompts", "", &body).await.expect(400);
}

#[tokio::test]
async fn what_was_refused_may_be_corrected_under_its_key() {
    let app = TestApp::start().await;
    post(&app.key(), "/api/v1/prompts", "k", &json!({ "name": "a//b", "prompt": "Hi" })).await.expect(400);
    post(&app.key(), "/api/v1/prompts", "k", &json!({ "name": "a/b", "prompt": "Hi" })).await.expect(201);
}

#[tokio::test]
async fn while_it_is_answered_a_repeat_waits_outside() {
    let app = TestApp::start().await;
    let body = json!({ "name": "greet", "prompt": "Hi" }).to_string();
    let me = app.services.access.authenticate_pair(TestApp::PUBLIC_KEY, TestApp::SECRET_KEY).await.unwrap();
    let print = fingerprint([b"/api/v1/prompts".as_slice(), b"application/json", b"", body.as_bytes()]);
    let begun = app.services.repeats.begin(&me, app.project.id, "k", print).await.unwrap();
    let services::repeats::Begun::First(ticket) = begun else { panic!("nobody asked before") };
    let value: Value = serde_json::from_str(&body).unwrap();
    let refused = post(&app.key(), "/api/v1/prompts", "k", &value).await.expect(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("is being answered right now"));
    assert_eq!(app.counts(app.project.id).await.versions, 0);
    app.services.repeats.release(ticket).await.unwrap();
    post(&app.key(), "/api/v1/prompts", "k", &value).await.expect(201);
}

#[tokio::test]
async fn many_at_once_make_one() {
    let app = TestApp::start().await;
    let body = json!({ "name": "greet", "prompt": "Hi" });
    let (one, two) = (app.key(), app.key());
    let (a, b) = tokio::join!(post(&one, "/api/v1/prompts", "k", &body), post(&two, "/api/v1/prompts", "k", &body));
    for status in [a.status.as_u16(), b.status.as_u16()] {
        assert!(matches!(status, 201 | 409), "{status}");
    }
    assert_eq!(app.counts(app.project.id).await.versions, 1);
}

#[tokio::test]
async fn an_answer_with_a_secret_is_not_kept() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let body = json!({ "name": "deploy", "scopes": ["read"] });
    let made = post(&owner, "/api/v1/keys", "k", &body).await.expect(201).json();
    assert!(made["secret_key"].as_str().unwrap().starts_with("sk-"));
    let refused = post(&owner, "/api/v1/keys", "k", &body).await.expect(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("was done before"));
    assert_eq!(app.counts(app.project.id).await.keys, 2);
}

#[tokio::test]
async fn who_may_not_may_not_begin() {
    let app = TestApp::start().await;
    let begun = app.services.repeats.begin(&Actor::Anonymous, app.project.id, "k", [0; 32]).await;
    assert!(begun.is_err());
    post(&app.anonymous(), "/api/v1/prompts", "k", &json!({})).await.expect(401);
    let key = Actor::Key {
        key: KeyId(uuid::Uuid::nil()),
        project: app.project.id,
        kind: domain::auth::KeyKind::Pair,
        scopes: Vec::new(),
    };
    assert!(app.services.repeats.begin(&key, app.project.id, "k", [0; 32]).await.is_ok());
}
