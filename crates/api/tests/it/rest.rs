use axum::http::header::{ETAG, IF_NONE_MATCH};
use serde_json::json;
use testkit::{TestApp, otlp};

#[tokio::test]
async fn a_prompt_lives_through_versions_labels_and_tags() {
    let app = TestApp::start().await;
    let key = app.key();
    let made = key
        .post(
            "/api/v1/prompts",
            &json!({"name": "support/answer", "prompt": "Hi {{name}}", "labels": ["production"], "tags": ["b", "a"]}),
        )
        .await
        .expect(201)
        .json();
    assert_eq!((&made["version"], &made["labels"]), (&json!(1), &json!(["production", "latest"])));
    let at = "/api/v1/prompts/support%2Fanswer";
    let next = json!({"prompt": "Hello {{name}}", "expected_latest": 1, "commit_message": "warmer"});
    key.post(&format!("{at}/versions"), &next).await.expect(201);
    // Somebody else was faster: the same save again is refused.
    key.post(&format!("{at}/versions"), &next).await.expect(409);
    key.put(&format!("{at}/labels/production"), &json!({"version": 2, "reason": "better"})).await.expect(200);
    key.delete(&format!("{at}/labels/production?reason=worse")).await.expect(204);
    let history = key.get(&format!("{at}/label-moves")).await.expect(200).json();
    insta::assert_json_snapshot!(history);
    let tagged = key.patch(at, &json!({"tags": ["z"]})).await.expect(200).json();
    assert_eq!(tagged["tags"], json!(["z"]));
    let versions = key.get(&format!("{at}/versions?limit=1")).await.expect(200).json();
    assert_eq!(versions["items"][0]["version"], 2);
    let rest = key
        .get(&format!("{at}/versions?limit=1&cursor={}", versions["next"].as_str().unwrap()))
        .await
        .expect(200)
        .json();
    assert_eq!((&rest["items"][0]["version"], &rest["next"]), (&json!(1), &json!(null)));
    key.delete(at).await.expect(204);
    key.get(at).await.expect(404);
    key.post(&format!("{at}/versions"), &json!({"prompt": "x"})).await.expect(404);
}

#[tokio::test]
async fn every_label_has_an_address_whatever_its_name() {
    let app = TestApp::start().await;
    let key = app.key();
    key.post("/api/v1/prompts", &json!({"name": "p", "prompt": "x"})).await.expect(201);
    for label in ["history", "label-moves", "versions", "metrics", "labels"] {
        let at = format!("/api/v1/prompts/p/labels/{label}");
        let set = key.put(&at, &json!({"version": 1})).await.expect(200).json();
        assert_eq!(set["name"], label);
        key.get(&format!("/api/v1/prompts/p/versions/{label}")).await.expect(200);
        key.delete(&at).await.expect(204);
    }
}

#[tokio::test]
async fn reads_carry_a_tag_and_the_same_again_is_not_sent() {
    let app = TestApp::start().await;
    let key = app.key();
    key.post("/api/v1/prompts", &json!({"name": "p", "prompt": "x", "labels": ["production"]})).await.expect(201);
    let first = key.get("/api/v1/prompts/p/versions/production").await.expect(200);
    let tag = first.header(ETAG.as_str()).to_owned();
    let again = key.clone().with(IF_NONE_MATCH, &tag).get("/api/v1/prompts/p/versions/production").await.expect(304);
    assert!(again.bytes.is_empty());
    key.put("/api/v1/prompts/p/labels/staging", &json!({"version": 1})).await.expect(200);
    key.clone().with(IF_NONE_MATCH, &tag).get("/api/v1/prompts/p/versions/production").await.expect(200);
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_path() {
    let app = TestApp::start().await;
    let key = app.key();
    let wrong = json!({"name": "p", "type": "chat", "prompt": [{"role": "user", "content": "a"}, {"role": "user", "content": 1}]});
    let refused = key.post("/api/v1/prompts", &wrong).await.expect(400);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    insta::assert_json_snapshot!(refused.json());
    let unknown =
        key.post("/api/v1/prompts", &json!({"name": "p", "prompt": "x", "colour": 1})).await.expect(400).json();
    assert_eq!(unknown["fields"][0]["field"], "colour");
    let measure =
        key.post("/api/v1/query", &json!({"measures": ["count", "ctr"], "range": "24h"})).await.expect(400).json();
    assert_eq!(measure["fields"][0]["field"], "measures[1]");
    key.get("/api/v1/traces?colour=red").await.expect(400);
    key.get("/api/v1/traces?limit=0").await.expect(400);
    key.get("/api/v1/traces?version=1").await.expect(400);
    for (query, field) in [
        ("score_min=1", "score"),
        ("score=tone&score_min=2&score_max=1", "score_max"),
        ("score=tone&score_min=2&score_is=good", "score_is"),
        ("duration_min_ms=-1", "duration_min_ms"),
        ("duration_min_ms=5&duration_max_ms=4", "duration_max_ms"),
    ] {
        let refused = key.get(&format!("/api/v1/traces?{query}")).await.expect(400).json();
        assert_eq!(refused["fields"][0]["field"], field, "{query}");
    }
    assert_eq!(app.counts(app.project.id).await.prompts, 0);
}

#[tokio::test]
async fn traces_are_listed_by_page_opened_and_read() {
    let app = TestApp::start().await;
    let key = app.key();
    for number in 1..=3_u8 {
        let span = otlp::span("00000000000000aa").trace(&format!("{number:032x}")).prompt("greet", u32::from(number));
        let start = otlp::NOON_NS - 1_000_000_000 * u64::from(number);
        let span = span.field("startTimeUnixNano", start.to_string().into());
        key.post("/v1/traces", &otlp::request([span])).await.expect(200);
    }
    let page = key.get("/api/v1/traces?limit=2").await.expect(200).json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
    assert!(page["items"][0]["id"].as_str().is_some_and(|id| id.ends_with('1')), "newest first");
    let rest =
        key.get(&format!("/api/v1/traces?limit=2&cursor={}", page["next"].as_str().unwrap())).await.expect(200).json();
    assert_eq!((rest["items"].as_array().map(Vec::len), &rest["next"]), (Some(1), &json!(null)));
    let only = key.get("/api/v1/traces?prompt=greet&version=2&range=1h").await.expect(200).json();
    assert_eq!(only["items"].as_array().map(Vec::len), Some(1));
    let id = only["items"][0]["id"].as_str().unwrap();
    let open = key.get(&format!("/api/v1/traces/{id}")).await.expect(200).json();
    assert_eq!(open["spans"][0]["prompt"], json!({"name": "greet", "version": 2, "inherited": false}));
    let io = key.get(&format!("/api/v1/traces/{id}/spans/00000000000000aa/io")).await.expect(200).json();
    assert_eq!((&io["input"], &io["output"]), (&json!("hi"), &json!("hello")));
    key.get(&format!("/api/v1/traces/{id}/spans/00000000000000cc/io")).await.expect(404);
}

#[tokio::test]
async fn traces_are_filtered_by_model_score_and_duration() {
    let app = TestApp::start().await;
    let key = app.key();
    for number in 1..=3_u8 {
        let trace = format!("{number:032x}");
        let end = otlp::NOON_NS - 2_000_000_000 + 1_000_000 * u64::from(number);
        let span = otlp::span("00000000000000aa")
            .trace(&trace)
            .prompt("greet", 1)
            .field("startTimeUnixNano", (otlp::NOON_NS - 2_000_000_000).to_string().into())
            .field("endTimeUnixNano", end.to_string().into())
            .text("langfuse.observation.model.name", if number == 1 { "small" } else { "large" });
        key.post("/v1/traces", &otlp::request([span])).await.expect(200);
        let score =
            json!({"id": format!("s{number}"), "traceId": trace, "name": "tone", "value": f64::from(number) / 4.0});
        key.post("/api/public/scores", &score).await.expect(200);
    }
    for (query, expected) in [
        ("model=small", vec!["1"]),
        ("model=large&prompt=greet", vec!["3", "2"]),
        ("score=tone", vec!["3", "2", "1"]),
        ("score=tone&score_min=0.5&score_max=0.5", vec!["2"]),
        ("score=tone&score_is=good", vec![]),
        ("score=taste", vec![]),
        ("duration_min_ms=2", vec!["3", "2"]),
        ("duration_max_ms=1.5&model=small", vec!["1"]),
    ] {
        let found = key.get(&format!("/api/v1/traces?{query}")).await.expect(200).json();
        let ids: Vec<_> = found["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
        let ends: Vec<_> = ids.iter().map(|id| id.trim_start_matches('0')).collect();
        assert_eq!(ends, expected, "{query}");
        assert_eq!(found.get("partial"), None);
    }
}

#[tokio::test]
async fn numbers_of_a_prompt_by_version() {
    let app = TestApp::start().await;
    let key = app.key();
    for (span, version) in [("00000000000000a1", 1), ("00000000000000a2", 2), ("00000000000000a3", 2)] {
        key.post("/v1/traces", &otlp::request([otlp::span(span).prompt("greet", version)])).await.expect(200);
    }
    key.post(
        "/api/public/scores",
        &json!({"traceId": otlp::TRACE, "observationId": "00000000000000a2", "name": "ok", "value": 1}),
    )
    .await
    .expect(200);
    app.fold().await;
    let answer = key
        .get("/api/v1/prompts/greet/metrics?range=24h&measures=count,latency.mean,score:ok.sum")
        .await
        .expect(200)
        .json();
    insta::assert_json_snapshot!(answer, { ".lag_ms" => "[lag]" });
    let same = json!({"measures": ["count"], "dimensions": ["version"], "range": {"from": "2026-11-21T00:00:00Z", "to": "2026-11-22T00:00:00Z"},
        "filters": [{"dimension": "prompt", "values": ["greet"]}]});
    let rows = key.post("/api/v1/query", &same).await.expect(200).json()["rows"].clone();
    assert_eq!(rows[1]["values"][0]["value"], 2.0);
}

#[tokio::test]
async fn keys_are_shown_once_and_revoked_for_good() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let made = owner.post("/api/v1/keys", &json!({"name": "ci", "scopes": ["read"]})).await.expect(201).json();
    let secret = made["secret_key"].as_str().unwrap();
    app.bearer(secret).get("/api/v1/prompts").await.expect(200);
    let listed = owner.get("/api/v1/keys").await.expect(200);
    assert!(!listed.text().contains(secret), "a list never shows a secret");
    owner.delete(&format!("/api/v1/keys/{}", made["id"].as_str().unwrap())).await.expect(204);
    app.bearer(secret).get("/api/v1/prompts").await.expect(401);
}
