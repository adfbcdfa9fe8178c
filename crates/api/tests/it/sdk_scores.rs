use serde_json::json;
use testkit::{TestApp, otlp};

async fn with_trace() -> TestApp {
    let app = TestApp::start().await;
    app.key().post("/v1/traces", &otlp::request([otlp::span("00000000000000aa")])).await.expect(200);
    app
}

#[tokio::test]
async fn an_array_is_accepted_and_a_damaged_score_refused_alone() {
    let app = with_trace().await;
    let good = json!({"id": "s1", "traceId": otlp::TRACE, "name": "stars", "value": 0.5, "dataType": "NUMERIC"});
    let all = app.key().post("/api/public/scores", &json!([good])).await.expect(202).json();
    assert_eq!(all, json!({"message": "Accepted"}));
    let wrong = json!({"id": "s2", "traceId": otlp::TRACE, "value": 1});
    let some = app.key().post("/api/public/scores", &json!([good, wrong])).await.expect(207).json();
    assert_eq!((&some["accepted"], &some["rejected"]), (&json!(1), &json!(1)));
    assert_eq!(app.counts(app.project.id).await.scores, 1);
}

#[tokio::test]
async fn one_object_is_answered_with_its_id_and_the_same_id_is_an_update() {
    let app = with_trace().await;
    for value in [1.0, 2.0] {
        let score = json!({"id": "s1", "traceId": otlp::TRACE, "name": "stars", "value": value});
        let answer = app.key().post("/api/public/scores", &score).await.expect(200).json();
        assert_eq!(answer, json!({"id": "s1"}));
        app.clock.advance_s(1);
    }
    assert_eq!(app.counts(app.project.id).await.scores, 1);
    let trace = app.key().get(&format!("/api/public/traces/{}", otlp::TRACE)).await.expect(200).json();
    assert_eq!(trace["scores"][0]["value"], 2.0);
}

#[tokio::test]
async fn ingestion_answers_every_event_by_its_id() {
    let app = with_trace().await;
    let batch = json!({"batch": [
        {"id": "e1", "type": "score-create", "timestamp": "2026-11-21T12:00:00Z",
            "body": {"id": "s1", "traceId": otlp::TRACE, "name": "stars", "value": 0.75, "comment": "c"}},
        {"id": "e2", "type": "trace-create", "body": {}},
        {"id": "e3", "type": "score-create", "body": {"traceId": otlp::TRACE, "name": "stars", "value": null}},
    ], "metadata": {"api_key": "sk-leaked"}});
    let answer = app.key().post("/api/public/ingestion", &batch).await.expect(207).json();
    insta::assert_json_snapshot!(answer);
    assert_eq!(app.counts(app.project.id).await.scores, 1);
}

#[tokio::test]
async fn analysts_score_by_rest_and_a_wrong_score_stores_none_of_its_batch() {
    let app = with_trace().await;
    let (_, analyst) = app.member(&app.project, "ana@example.com", domain::auth::Role::Analyst).await;
    let good = json!({"id": "s1", "trace": otlp::TRACE, "name": "stars", "value": 4});
    let wrong = json!({"trace": otlp::TRACE, "session": "s", "name": "stars", "value": 4});
    let refused = analyst.post("/api/v1/scores", &json!([good, wrong])).await.expect(400).json();
    assert_eq!(refused["fields"][0]["field"], "[1].trace");
    assert_eq!(app.counts(app.project.id).await.scores, 0);
    let made = analyst.post("/api/v1/scores", &good).await.expect(201).json();
    assert_eq!(made, json!({"ids": ["s1"]}));
    let unknown = json!({"trace": otlp::TRACE, "name": "stars", "value": 4, "colour": "red"});
    let refused = analyst.post("/api/v1/scores", &unknown).await.expect(400).json();
    assert!(refused["detail"].as_str().is_some_and(|text| text.contains("colour")));
}

#[tokio::test]
async fn a_score_from_a_clock_a_day_ahead_is_refused_at_every_door() {
    let app = with_trace().await;
    let key = app.key();
    // The test clock stands at noon of the 21st.
    let score = |at: &str| json!({"id": "s1", "traceId": otlp::TRACE, "name": "stars", "value": 1, "timestamp": at});
    let (last, first_ahead) = ("2026-11-22T12:00:00Z", "2026-11-22T12:00:01Z");
    let words =
        "`2026-11-22T12:00:01.000000Z` is more than a day ahead of the server's clock; check the sender's clock";

    let one = key.post("/api/public/scores", &score(first_ahead)).await.expect(400).json();
    assert_eq!(one["message"], format!("`timestamp`: {words}."));
    let many = json!([score(first_ahead), score("2999-01-01T00:00:00Z")]);
    let many = key.post("/api/public/scores", &many).await.expect(207).json();
    assert_eq!(
        (&many["accepted"], &many["errors"][0]["message"]),
        (&json!(0), &json!(format!("`timestamp`: {words}")))
    );
    // The time may be the score's own or its event's.
    let events = json!({"batch": [
        {"id": "e1", "type": "score-create", "body": score(first_ahead)},
        {"id": "e2", "type": "score-create", "timestamp": first_ahead,
            "body": {"id": "s1", "traceId": otlp::TRACE, "name": "stars", "value": 1}},
    ]});
    let batch = key.post("/api/public/ingestion", &events).await.expect(207).json();
    assert_eq!(batch["successes"], json!([]));
    assert_eq!(batch["errors"][1]["message"], format!("`timestamp`: {words}"));
    let own = json!([
        {"trace": otlp::TRACE, "name": "stars", "value": 1},
        {"trace": otlp::TRACE, "name": "stars", "value": 1, "at": first_ahead},
    ]);
    let own = key.post("/api/v1/scores", &own).await.expect(400).json();
    assert_eq!((&own["fields"][0]["field"], &own["fields"][0]["message"]), (&json!("[1].at"), &json!(words)));
    assert_eq!(app.counts(app.project.id).await.scores, 0);

    key.post("/api/public/scores", &score(last)).await.expect(200);
    assert_eq!(app.counts(app.project.id).await.scores, 1);
}
