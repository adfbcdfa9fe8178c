//! Experiments over HTTP, from a draft to a shipped version, and what every flag client is answered meanwhile.

use std::collections::BTreeMap;

use axum::http::header::{ETAG, IF_NONE_MATCH, ORIGIN};
use domain::auth::{Actor, Scope};
use serde_json::{Value, json};
use testkit::{Client, TestApp};

pub(crate) async fn with_prompt(app: &TestApp) -> Client {
    let key = app.key();
    for (text, labels) in [("Hello", json!(["production"])), ("Hello, dear", json!([])), ("Hey", json!([]))] {
        let prompt = json!({"name": "greet", "prompt": text, "labels": labels});
        key.post("/api/v1/prompts", &prompt).await.expect(201);
    }
    key
}

pub(crate) fn design() -> Value {
    json!({
        "arms": [{"key": "control", "version": 1, "weight": 5000}, {"key": "warm", "version": 2, "weight": 5000}],
        "metrics": [{
            "metric": {"key": "thumbs", "source": "score:thumbs", "aggregation": "ratio", "direction": "higher"},
            "role": "goal",
        }],
    })
}

async fn act(key: &Client, action: &str, body: Value) -> Value {
    key.post(&format!("/api/v1/experiments/tone/{action}"), &body).await.expect(200).json()
}

pub(crate) async fn launched(key: &Client) {
    let draft = json!({"key": "tone", "prompt": "greet", "design": design()});
    key.post("/api/v1/experiments", &draft).await.expect(201);
    act(key, "launch", json!({})).await;
}

#[tokio::test]
async fn sticky_units_keep_their_arm_at_every_door_that_knows_them() {
    let app = TestApp::start().await;
    let key = with_prompt(&app).await;
    let mut sticky = design();
    sticky["sticky"] = json!(true);
    let draft = json!({"key": "tone", "prompt": "greet", "design": sticky});
    key.post("/api/v1/experiments", &draft).await.expect(201);
    act(&key, "launch", json!({})).await;
    let mut stored = app.services.ingest.appended();
    let mut before = Vec::new();
    for user in 0..40 {
        before.push(resolved(&key, &format!("user {user}")).await["version"].clone());
    }
    let id = app.control.experiment(app.project.id, &"tone".parse().unwrap()).await.unwrap().unwrap().id;
    while app.events.units_version(app.project.id, id, 0).await.unwrap().units < 40 {
        stored.changed().await.unwrap();
    }
    sticky["arms"][0]["weight"] = json!(500);
    sticky["arms"][1]["weight"] = json!(9500);
    key.put("/api/v1/experiments/tone", &json!({"revision": 2, "design": sticky})).await.expect(200);
    for (user, version) in before.iter().enumerate() {
        let unit = format!("user {user}");
        let answer = resolved(&key, &unit).await;
        assert_eq!((&answer["version"], &answer["reason"]), (version, &json!("kept")), "{unit}");
        let flag = ofrep(&key, &unit).await;
        assert_eq!((&flag["value"], &flag["reason"]), (&json!(version.to_string()), &json!("SPLIT")), "{unit}");
        let context = json!({"context": {"targetingKey": unit}});
        let all = key.post("/ofrep/v1/evaluate/flags", &context).await.expect(200).json();
        assert_eq!(all["flags"].as_array().unwrap().iter().find(|one| one["key"] == flag["key"]), Some(&flag));
    }
    assert!(before.contains(&json!(1)) && before.contains(&json!(2)));
    // Nobody of them is counted among those the new weights dealt.
    assert_eq!(app.events.units_version(app.project.id, id, 1).await.unwrap().units, 0);
}

async fn client_key(app: &TestApp) -> String {
    let origins = ["https://app.example.com".to_owned()];
    let scopes = [Scope::Resolve];
    let made = app.services.access.create_client_key(&Actor::System, app.project.id, "web", &scopes, &origins).await;
    made.unwrap().public_key
}

pub(crate) async fn resolved(key: &Client, unit: &str) -> Value {
    key.post("/api/v1/resolve", &json!({"prompt": "greet", "unit": unit})).await.expect(200).json()
}

pub(crate) async fn ofrep(key: &Client, unit: &str) -> Value {
    let context = json!({"context": {"targetingKey": unit}});
    key.post("/ofrep/v1/evaluate/flags/greet.production", &context).await.expect(200).json()
}

#[tokio::test]
async fn from_a_draft_to_a_shipped_version() {
    let app = TestApp::start().await;
    let key = with_prompt(&app).await;
    let draft = json!({"key": "tone", "prompt": "greet", "design": {"name": "Tone"}});
    let made = key.post("/api/v1/experiments", &draft).await.expect(201).json();
    assert_eq!(
        (&made["state"], &made["revision"], &made["flag_key"]),
        (&json!("draft"), &json!(1), &json!("greet.production"))
    );
    let check = key.get("/api/v1/experiments/tone/check").await.expect(200).json();
    let fields: Vec<&str> =
        check["problems"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["design.arms", "design.metrics"]);
    let refused = key.post("/api/v1/experiments/tone/launch", &json!({})).await.expect(400).json();
    assert_eq!(refused["fields"], check["problems"]);

    let change = json!({"revision": 1, "design": design(), "note": "complete"});
    key.put("/api/v1/experiments/tone", &change).await.expect(200);
    let stale = key.put("/api/v1/experiments/tone", &change).await.expect(409).json();
    assert!(stale["detail"].as_str().unwrap().contains("Since then: edited by"), "{stale}");
    let running = act(&key, "launch", json!({"revision": 2})).await;
    assert_eq!(running["state"], "running");
    assert_eq!(running["phases"][0]["epochs"][0]["weights"], json!({"control": 5000, "warm": 5000}));

    let owned = key.put("/api/v1/prompts/greet/labels/production", &json!({"version": 3})).await.expect(409).json();
    assert!(owned["detail"].as_str().unwrap().contains("belongs to the experiment `tone`"), "{owned}");
    let rebased = json!({"version": 3, "experiment": "rebase"});
    key.put("/api/v1/prompts/greet/labels/production", &rebased).await.expect(200);

    let shipped = act(&key, "ship", json!({"arm": "warm", "note": "warmer wins"})).await;
    assert_eq!((&shipped["state"], &shipped["decision"]["note"]), (&json!("shipped"), &json!("warmer wins")));
    // The numbers it was decided on are kept, and are not in lists.
    let told = key.get("/api/v1/experiments/tone").await.expect(200).json();
    let evidence = &told["decision"]["evidence"];
    assert_eq!((&evidence["phase"], &evidence["verdicts"][0]["arm"]), (&json!(1), &json!("warm")));
    let listed = key.get("/api/v1/experiments").await.expect(200).json();
    assert_eq!(listed["items"][0]["decision"]["evidence"], Value::Null);
    assert_eq!(resolved(&key, "user-1").await["version"], 2);
    act(&key, "reopen", json!({})).await;
    act(&key, "stop", json!({})).await;
    assert_eq!(resolved(&key, "user-1").await["version"], 3);
    act(&key, "archive", json!({})).await;

    let log = key.get("/api/v1/experiments/tone/activity?limit=3").await.expect(200).json();
    let kinds: Vec<&str> = log["items"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["archived", "stopped", "reopened"]);
    let older = format!("/api/v1/experiments/tone/activity?cursor={}", log["next"].as_str().unwrap());
    assert_eq!(key.get(&older).await.expect(200).json()["items"][0]["kind"], "shipped");
    let listed = key.get("/api/v1/experiments?status=archived&prompt=greet").await.expect(200).json();
    assert_eq!(listed["items"][0]["key"], "tone");
}

#[tokio::test]
async fn resolve_and_ofrep_split_alike_and_call_it_what_it_is() {
    let app = TestApp::start().await;
    let key = with_prompt(&app).await;
    let before = ofrep(&key, "user-1").await;
    assert_eq!(
        (&before["value"], &before["reason"], &before["variant"]),
        (&json!("1"), &json!("STATIC"), &json!("default"))
    );
    launched(&key).await;
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for index in 0..500 {
        let unit = format!("üser-{index}");
        let (here, there) = (resolved(&key, &unit).await, ofrep(&key, &unit).await);
        assert_eq!(here["version"].to_string(), there["value"].as_str().unwrap(), "{unit}");
        assert_eq!((&here["arm"], &there["reason"]), (&there["variant"], &json!("SPLIT")));
        assert_eq!(there["metadata"]["promptVersion"], here["version"]);
        *counts.entry(there["variant"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(counts.values().all(|count| (200..=300).contains(count)), "{counts:?}");
    let answer = resolved(&key, "üser-0").await;
    let texts = json!(["Hello", "Hello, dear"]);
    assert!(texts.as_array().unwrap().contains(&answer["body"]), "{answer}");

    // Without an id, and with one of another type: the caller is told, among all flags and by resolve the control is served.
    for context in [json!({}), json!({"context": {"targetingKey": ["a"]}}), json!({"context": {"targetingKey": ""}})] {
        let answer = key.post("/ofrep/v1/evaluate/flags/greet.production", &context).await.expect(400).json();
        assert_eq!(
            (&answer["key"], &answer["errorCode"]),
            (&json!("greet.production"), &json!("TARGETING_KEY_MISSING"))
        );
        assert!(answer["errorDetails"].as_str().unwrap().contains("`tone`"), "{answer}");
        let all = key.post("/ofrep/v1/evaluate/flags", &context).await.expect(200).json();
        assert_eq!((&all["flags"][0]["value"], &all["flags"][0]["reason"]), (&json!("1"), &json!("DEFAULT")));
        assert_eq!(all["flags"][0]["metadata"]["why"], "missing_unit");
    }
    let unknown = key.post("/ofrep/v1/evaluate/flags/ghost", &json!({})).await.expect(404).json();
    assert_eq!((&unknown["key"], &unknown["errorCode"]), (&json!("ghost"), &json!("FLAG_NOT_FOUND")));
    assert!(unknown["errorDetails"].is_string());
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let app = TestApp::start().await;
    let key = with_prompt(&app).await;
    let web = client_key(&app).await;
    let page = app.bearer(&web).with(ORIGIN, "https://app.example.com");
    let context = json!({"context": {"targetingKey": "user-1"}});
    let features = format!("/api/features/{web}");
    let bulk = "/ofrep/v1/evaluate/flags";
    let bulk_tag = page.post(bulk, &context).await.expect(200);
    assert_eq!(bulk_tag.json()["flags"][0]["key"], "greet.production");
    let stream = bulk_tag.json()["eventStreams"][0]["endpoint"]["requestUri"].clone();
    assert_eq!(stream, json!(format!("/api/v1/sdk/stream?client_key={web}")));
    let bulk_tag = bulk_tag.header(ETAG.as_str()).to_owned();
    let features_tag = app.anonymous().get(&features).await.expect(200);
    assert_eq!(features_tag.header("x-sse-support"), "enabled");
    let features_tag = features_tag.header(ETAG.as_str()).to_owned();
    let bundle_tag = key.get("/api/v1/sdk/bundle").await.expect(200).header(ETAG.as_str()).to_owned();

    let again = async |status: u16| {
        let known = page.clone().with(IF_NONE_MATCH, &bulk_tag);
        assert_eq!(known.post(bulk, &context).await.expect(status).text().is_empty(), status == 304);
        app.anonymous().with(IF_NONE_MATCH, &features_tag).get(&features).await.expect(status);
        key.clone().with(IF_NONE_MATCH, &bundle_tag).get("/api/v1/sdk/bundle").await.expect(status);
    };
    again(304).await;
    app.clock.advance_s(1);
    launched(&key).await;
    again(200).await;
    let payload = app.anonymous().get(&features).await.expect(200).json();
    let rule = &payload["features"]["greet.production"]["rules"][0];
    assert_eq!((&rule["hashVersion"], &rule["variations"]), (&json!(2), &json!(["1", "2"])));
}

#[tokio::test]
async fn a_client_key_resolves_from_its_own_pages_with_its_scope() {
    let app = TestApp::start().await;
    with_prompt(&app).await;
    let web = client_key(&app).await;
    let elsewhere = app.bearer(&web).with(ORIGIN, "https://evil.example");
    elsewhere.post("/ofrep/v1/evaluate/flags", &json!({})).await.expect(403);
    app.anonymous().with(ORIGIN, "https://evil.example").get(&format!("/api/features/{web}")).await.expect(403);
    app.anonymous().get("/api/features/ck-assay-nobodys").await.expect(401);
    let secret = TestApp::PUBLIC_KEY;
    app.anonymous().get(&format!("/api/features/{secret}")).await.expect(401);
    let origins = ["*".to_owned()];
    let access = &app.services.access;
    let feedback = access.create_client_key(&Actor::System, app.project.id, "f", &[Scope::Ingest], &origins).await;
    app.anonymous().get(&format!("/api/features/{}", feedback.unwrap().public_key)).await.expect(403);
}

#[tokio::test]
async fn listeners_hear_of_changes() {
    use axum::http::Method;
    use futures::StreamExt as _;

    let app = TestApp::start().await;
    let key = with_prompt(&app).await;
    let web = client_key(&app).await;
    let open = async |path: String| {
        let response = app.anonymous().request(Method::GET, &path).open().await;
        assert_eq!(response.status().as_u16(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        response.into_body().into_data_stream()
    };
    let mut features = open(format!("/sub/{web}")).await;
    let mut refetch = open(format!("/api/v1/sdk/stream?client_key={web}")).await;
    let heard = async |stream: &mut axum::body::BodyDataStream| {
        let piece = tokio::time::timeout(std::time::Duration::from_secs(10), stream.next()).await;
        String::from_utf8(piece.expect("an event in time").unwrap().unwrap().to_vec()).unwrap()
    };
    let first = heard(&mut features).await;
    assert!(first.starts_with("event: features\ndata: {\"status\":200"), "{first}");
    assert!(!first.contains("hashVersion"), "{first}");
    assert!(heard(&mut refetch).await.contains("refetchEvaluation"));
    app.clock.advance_s(1);
    launched(&key).await;
    // Making the draft told of a change, too, after which nothing is answered differently: a comment.
    let mut next = heard(&mut features).await;
    while next.starts_with(':') {
        next = heard(&mut features).await;
    }
    assert!(next.contains("\"hashVersion\":2"), "{next}");
    let mut next = heard(&mut refetch).await;
    while next.starts_with(':') {
        next = heard(&mut refetch).await;
    }
    assert!(next.contains("refetchEvaluation"), "{next}");
}

#[tokio::test]
async fn browsers_may_ask_beforehand_at_every_door_of_flags() {
    use axum::http::{
        Method,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD},
    };

    let app = TestApp::start().await;
    for (address, method) in [
        ("/ofrep/v1/evaluate/flags", "POST"),
        ("/ofrep/v1/evaluate/flags/greet.production", "POST"),
        ("/api/features/ck-assay-any", "GET"),
        ("/sub/ck-assay-any", "GET"),
        ("/api/v1/sdk/stream", "GET"),
    ] {
        let page = app.anonymous().with(ORIGIN, "https://app.example.com");
        let asked = page
            .request(Method::OPTIONS, address)
            .header(ACCESS_CONTROL_REQUEST_METHOD, method)
            .header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type,if-none-match")
            .send()
            .await
            .expect(200);
        assert_eq!(asked.header(ACCESS_CONTROL_ALLOW_ORIGIN.as_str()), "https://app.example.com", "{address}");
        let headers = asked.header("access-control-allow-headers").to_ascii_lowercase();
        assert!(headers.contains("authorization") && headers.contains("if-none-match"), "{address}: {headers}");
    }
    // What a refusal says can be read by the page, too.
    let page = app.anonymous().with(ORIGIN, "https://app.example.com");
    let refused = page.get("/api/features/ck-assay-any").await.expect(401);
    assert_eq!(refused.header(ACCESS_CONTROL_ALLOW_ORIGIN.as_str()), "https://app.example.com");
}
