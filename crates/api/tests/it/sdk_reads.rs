//! What SDKs read besides one trace: lists by page number and by cursor, single observations, sessions and scores.

use serde_json::{Value, json};
use testkit::{Client, TestApp, otlp};

const SECOND: &str = "0af7651916cd43dd8448eb211c80bbbb";

/// Two traces of one session, the second later and of another user; three scores.
async fn filled() -> TestApp {
    let app = TestApp::start().await;
    let at = |ns: u64| json!((otlp::NOON_NS + ns).to_string());
    let root = |id: &str, user: &str| {
        otlp::span(id).text("langfuse.observation.type", "span").text("session.id", "s/1").text("user.id", user)
    };
    let early = [
        root("00000000000000a1", "ann")
            .name("root")
            .attribute("langfuse.trace.tags", json!({"arrayValue": {"values": [{"stringValue": "beta"}]}})),
        otlp::span("00000000000000a2")
            .parent("00000000000000a1")
            .prompt("greet", 2)
            .text("langfuse.observation.usage_details", r#"{"input":11,"output":7,"total":18}"#),
        otlp::span("00000000000000a3").parent("00000000000000a1").text("langfuse.observation.level", "ERROR"),
    ];
    let late = root("00000000000000b1", "bob")
        .trace(SECOND)
        .text("langfuse.environment", "staging")
        .field("startTimeUnixNano", at(1_000))
        .field("endTimeUnixNano", at(2_000));
    let spans = early.into_iter().chain([late]);
    app.key().post("/v1/traces", &otlp::request(spans)).await.expect(200);
    for score in [
        json!({"id": "n", "traceId": otlp::TRACE, "observationId": "00000000000000a2", "name": "stars", "value": 0.5,
            "comment": "c", "metadata": {"k": 1}}),
        json!({"id": "c", "traceId": SECOND, "name": "tone", "value": "kind"}),
        json!({"id": "s", "sessionId": "s/1", "name": "done", "value": 1, "dataType": "BOOLEAN"}),
    ] {
        app.key().post("/api/public/scores", &score).await.expect(200);
    }
    app
}

async fn ids(client: &Client, path: &str) -> Vec<String> {
    let answer = client.get(path).await.expect(200).json();
    let data = answer["data"].as_array().unwrap();
    data.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn observations_read_as_both_generations_want_them() {
    let app = filled().await;
    let key = app.key();
    let path = format!("/api/public/observations?traceId={}&limit=2", otlp::TRACE);
    let first = key.get(&path).await.expect(200).json();
    assert_eq!(first["meta"], json!({"page": 1, "limit": 2, "totalItems": 3, "totalPages": 2}));
    insta::assert_json_snapshot!("observation", first["data"][1]);
    let one = key.get("/api/public/observations/00000000000000a2").await.expect(200).json();
    assert_eq!(one, first["data"][1]);
    key.get("/api/public/observations/00000000000000ff").await.expect(404);
    let all = "basic,time,io,metadata,model,usage,prompt,metrics,trace_context";
    let path = format!("/api/public/v2/observations?traceId={}&fields={all}&name=answer", otlp::TRACE);
    let second = key.get(&path).await.expect(200).json();
    insta::assert_json_snapshot!("observation_v2", second["data"][0], { ".projectId" => "[project]" });
    let core = key.get("/api/public/v2/observations?limit=1&fields=core").await.expect(200).json();
    let fields: Vec<&String> = core["data"][0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["id", "traceId", "projectId", "startTime", "endTime", "parentObservationId", "type"]);
}

#[tokio::test]
async fn observations_are_filtered_and_paged() {
    let app = filled().await;
    let key = app.key();
    for (query, expected) in [
        ("", "b1 a1 a2 a3"),
        ("type=GENERATION", "a2 a3"),
        ("name=root", "a1"),
        ("userId=bob", "b1"),
        ("level=ERROR", "a3"),
        ("parentObservationId=00000000000000a1", "a2 a3"),
        ("environment=staging", "b1"),
        ("environment=staging&environment=default", "b1 a1 a2 a3"),
        ("fromStartTime=2026-11-21T12:00:00Z", "b1"),
        ("toStartTime=2026-11-21T12:00:00Z", "a1 a2 a3"),
        ("traceId=0af7651916cd43dd8448eb211c80bbbb", "b1"),
        ("traceId=0af7651916cd43dd8448eb211c80cccc", ""),
    ] {
        for path in ["observations", "v2/observations"] {
            let found = ids(&key, &format!("/api/public/{path}?{query}")).await;
            let found: Vec<&str> = found.iter().map(|id| &id[14..]).collect();
            assert_eq!(found.join(" "), expected, "{path} {query}");
        }
    }
    let (mut cursor, mut found, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let path = format!("/api/public/v2/observations?limit=1&type=SPAN{cursor}");
        let page = key.get(&path).await.expect(200).json();
        found.extend(page["data"].as_array().unwrap().iter().map(|row| row["id"].clone()));
        pages += 1;
        let Some(next) = page["meta"]["cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((found, pages), (vec![json!("00000000000000b1"), json!("00000000000000a1")], 2));
    let roots = ids(&key, "/api/public/v2/observations?isRootObservation=true").await;
    assert_eq!(roots.len(), 2);
}

#[tokio::test]
async fn traces_and_sessions_are_listed() {
    let app = filled().await;
    let key = app.key();
    let list = key.get("/api/public/traces?limit=1&page=2").await.expect(200).json();
    assert_eq!(list["meta"], json!({"page": 2, "limit": 1, "totalItems": 2, "totalPages": 2}));
    insta::assert_json_snapshot!("trace_in_list", list["data"][0], {
        ".projectId" => "[project]", ".htmlPath" => "[path]",
    });
    for (query, expected) in [
        ("", vec![SECOND, otlp::TRACE]),
        ("userId=ann", vec![otlp::TRACE]),
        ("sessionId=s%2F1", vec![SECOND, otlp::TRACE]),
        ("tags=beta", vec![otlp::TRACE]),
        ("tags=beta&tags=alpha", vec![]),
        ("name=root", vec![otlp::TRACE]),
        ("environment=staging&fields=core", vec![SECOND]),
        ("fromTimestamp=2026-11-21T12:00:00Z", vec![SECOND]),
        ("toTimestamp=2026-11-21T12:00:00Z&orderBy=timestamp.desc", vec![otlp::TRACE]),
    ] {
        assert_eq!(ids(&key, &format!("/api/public/traces?{query}")).await, expected, "{query}");
    }
    let sessions = key.get("/api/public/sessions").await.expect(200).json();
    assert_eq!(sessions["meta"]["totalItems"], 1);
    let open = key.get("/api/public/sessions/s%2F1").await.expect(200).json();
    assert_eq!((&open["id"], &sessions["data"][0]["createdAt"]), (&json!("s/1"), &open["createdAt"]));
    let traces: Vec<&Value> = open["traces"].as_array().unwrap().iter().map(|trace| &trace["id"]).collect();
    assert_eq!(traces, [SECOND, otlp::TRACE]);
    key.get("/api/public/sessions/nobody").await.expect(404);
}

#[tokio::test]
async fn scores_read_as_both_generations_want_them() {
    let app = filled().await;
    let key = app.key();
    let v2 = key.get("/api/public/v2/scores?name=stars").await.expect(200).json();
    insta::assert_json_snapshot!("score_v2", v2);
    let v3 = key.get("/api/public/v3/scores?fields=details,subject,annotation").await.expect(200).json();
    insta::assert_json_snapshot!("scores_v3", v3, { ".data[].projectId" => "[project]" });
    for (query, expected) in [
        ("", "s c n"),
        ("name=tone,stars", "c n"),
        ("dataType=CATEGORICAL", "c"),
        ("environment=default", "s c n"),
        ("environment=staging", ""),
        ("source=API", "s c n"),
        ("source=ANNOTATION", ""),
        ("traceId=0af7651916cd43dd8448eb211c80319c", "n"),
        ("observationId=00000000000000a2", "n"),
        ("sessionId=s%2F1", "s"),
        ("fromTimestamp=2030-01-01T00:00:00Z", ""),
        ("toTimestamp=2030-01-01T00:00:00Z", "s c n"),
    ] {
        for path in ["v2/scores", "v3/scores"] {
            assert_eq!(ids(&key, &format!("/api/public/{path}?{query}")).await.join(" "), expected, "{path} {query}");
        }
    }
    for (query, expected) in [
        ("v2/scores?scoreIds=n,s", "s n"),
        ("v2/scores?userId=bob", "c"),
        ("v2/scores?traceTags=beta", "n"),
        ("v2/scores?operator=%3E%3D&value=0.5", "s n"),
        ("v2/scores?operator=%3C&value=0.6", "n"),
        ("v3/scores?id=n", "n"),
        ("v3/scores?value=kind", "c"),
        ("v3/scores?value=0.5", "n"),
        ("v3/scores?valueMin=0.6&valueMax=2", "s"),
    ] {
        assert_eq!(ids(&key, &format!("/api/public/{query}")).await.join(" "), expected, "{query}");
    }
    let page = key.get("/api/public/v3/scores?limit=2").await.expect(200).json();
    let next = page["meta"]["cursor"].as_str().unwrap();
    assert_eq!(ids(&key, &format!("/api/public/v3/scores?limit=2&cursor={next}")).await, ["n"]);
}

#[tokio::test]
async fn a_removed_score_is_gone_also_when_it_is_sent_again() {
    let app = filled().await;
    let key = app.key();
    assert_eq!(key.get("/api/public/v2/scores/n").await.expect(200).json()["value"], 0.5);
    key.delete("/api/public/scores/n").await.expect(204);
    key.get("/api/public/v2/scores/n").await.expect(404);
    key.delete("/api/public/scores/n").await.expect(404);
    let trace = key.get(&format!("/api/public/traces/{}", otlp::TRACE)).await.expect(200).json();
    assert_eq!(trace["scores"], json!([]));
    let again = json!({"id": "n", "traceId": otlp::TRACE, "name": "stars", "value": 0.5});
    key.post("/api/public/scores", &again).await.expect(200);
    key.get("/api/public/v2/scores/n").await.expect(404);
    app.clock.advance_s(1);
    key.post("/api/public/scores", &again).await.expect(200);
    key.get("/api/public/v2/scores/n").await.expect(200);
}
