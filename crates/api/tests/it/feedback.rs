//! What web pages of other sites may do with a public key.

use axum::http::{
    HeaderName, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION,
        HOST, ORIGIN,
    },
};
use domain::auth::{Actor, Scope};
use serde_json::{Value, json};
use testkit::{Answer, Client, TestApp, otlp};

const PAGE: &str = "https://app.example.com";
const ADDRESS: &str = "/api/v1/feedback";

async fn client_key(app: &TestApp, scopes: &[Scope]) -> String {
    let origins = [PAGE.to_owned()];
    let made = app.services.access.create_client_key(&Actor::System, app.project.id, "web", scopes, &origins).await;
    made.unwrap().public_key
}

async fn page(app: &TestApp) -> Client {
    app.bearer(&client_key(app, &[Scope::Ingest]).await).with(ORIGIN, PAGE)
}

async fn scores(app: &TestApp) -> Value {
    app.key().get(&format!("/api/public/v2/scores?traceId={}", otlp::TRACE)).await.expect(200).json()["data"].take()
}

fn allowed(answer: &Answer) -> &str {
    answer.header(ACCESS_CONTROL_ALLOW_ORIGIN.as_str())
}

#[tokio::test]
async fn a_page_gives_feedback_and_may_think_again() {
    let app = TestApp::start().await;
    let page = page(&app).await;
    let up = json!({ "trace": otlp::TRACE, "thumbs": "up", "user": "ana" });
    let first = page.post(ADDRESS, &up).await.expect(201);
    assert_eq!(allowed(&first), PAGE);
    app.clock.advance_s(1);
    let down = json!({ "trace": otlp::TRACE, "thumbs": "down", "comment": "wrong order", "user": "ana" });
    let second = page.post(ADDRESS, &down).await.expect(201);
    assert_eq!(first.json(), second.json());
    let rating = json!({ "trace": otlp::TRACE, "rating": 4, "user": "ana" });
    page.post(ADDRESS, &rating).await.expect(201);
    let ben = json!({ "trace": otlp::TRACE, "comment": "just right", "user": "ben" });
    page.post(ADDRESS, &ben).await.expect(201);

    let stored = scores(&app).await;
    let mut said: Vec<String> = stored
        .as_array()
        .unwrap()
        .iter()
        .map(|score| {
            let value = if score["stringValue"].is_null() { &score["value"] } else { &score["stringValue"] };
            format!(
                "{} {value} {} by {} {}",
                score["name"], score["comment"], score["metadata"]["user"], score["source"]
            )
        })
        .collect();
    said.sort();
    insta::assert_snapshot!(said.join("\n"), @r#"
    "comment" "just right" null by "ben" "API"
    "rating" 4.0 null by "ana" "API"
    "thumbs" "False" "wrong order" by "ana" "API"
    "#);
}

#[tokio::test]
async fn a_client_key_works_on_its_own_pages_only() {
    let app = TestApp::start().await;
    let key = client_key(&app, &[Scope::Ingest]).await;
    let body = json!({ "trace": otlp::TRACE, "thumbs": "up" });
    for evil in ["https://evil.example", "null", "http://app.example.com"] {
        let answer = app.bearer(&key).with(ORIGIN, evil).post(ADDRESS, &body).await.expect(403);
        // Whoever builds the page has to be able to read why.
        assert_eq!(allowed(&answer), evil);
        assert!(answer.json()["detail"].as_str().unwrap().contains(evil), "{}", answer.text());
    }
    assert_eq!(app.counts(app.project.id).await.scores, 0);
    // Our own page shows how the key works.
    let own = app.bearer(&key).with(HOST, "assay.example").with(ORIGIN, "https://assay.example");
    own.post(ADDRESS, &body).await.expect(201);
    // Programs send no origin.
    app.bearer(&key).post(ADDRESS, &body).await.expect(201);
    let resolves = client_key(&app, &[Scope::Resolve]).await;
    app.bearer(&resolves).with(ORIGIN, PAGE).post(ADDRESS, &body).await.expect(403);
}

#[tokio::test]
async fn a_preflight_is_answered_for_every_page_and_allows_no_cookies() {
    let app = TestApp::start().await;
    let answer = app
        .anonymous()
        .request(Method::OPTIONS, ADDRESS)
        .header(ORIGIN, "https://anywhere.example")
        .header(ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization, content-type")
        .send()
        .await
        .expect(200);
    assert_eq!(allowed(&answer), "https://anywhere.example");
    assert_eq!(answer.header("access-control-allow-methods"), "POST");
    assert_eq!(answer.header("access-control-allow-headers"), "authorization,content-type,if-none-match");
    assert_eq!(answer.header("access-control-max-age"), "600");
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    // Other routes tell other sites nothing.
    let answer = app
        .anonymous()
        .request(Method::OPTIONS, "/api/v1/scores")
        .header(ORIGIN, "https://anywhere.example")
        .header(ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .send()
        .await;
    assert!(!answer.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "{answer:?}");
}

#[tokio::test]
async fn a_session_of_ours_is_no_use_to_another_site() {
    let app = TestApp::start().await;
    let body = json!({ "trace": otlp::TRACE, "thumbs": "up" });
    let evil = app.owner().await.with(ORIGIN, "https://evil.example").without(&AUTHORIZATION);
    let evil = evil.with(HeaderName::from_static("x-assay-project"), app.project.slug.as_str());
    evil.post(ADDRESS, &body).await.expect(StatusCode::FORBIDDEN.as_u16());
    assert_eq!(app.counts(app.project.id).await.scores, 0);
}
