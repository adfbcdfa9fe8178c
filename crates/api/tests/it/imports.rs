//! A file sent, brought in the background, and what is told of it.

use std::time::Duration;

use api::ApiConfig;
use axum::http::{Method, header::CONTENT_TYPE};
use testkit::{Answer, TestApp};

const LINES: &str = "{\"kind\": \"prompt\", \"name\": \"brought\", \"version\": 1, \"prompt\": \"Hi {{name}}\"}\n\
                     not json\n\
                     {\"kind\": \"score\", \"session_id\": \"s\", \"name\": \"ok\", \"value\": true}\n";

async fn send(app: &TestApp, query: &str, file: &str) -> Answer {
    let request = app.key().request(Method::POST, &format!("/api/v1/imports?{query}"));
    request.header(CONTENT_TYPE, "application/octet-stream").body(file.as_bytes().to_vec()).send().await
}

async fn told(app: &TestApp, sent: &Answer) -> serde_json::Value {
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    app.key().get(&format!("/api/v1/imports/{id}")).await.expect(200).json()
}

#[tokio::test]
async fn a_dry_run_tells_what_the_import_then_does() {
    let app = TestApp::start().await;
    let dry = send(&app, "format=jsonl&dry_run=true&name=lines.jsonl", LINES).await.expect(202);
    assert_eq!(dry.json()["state"], "waiting");
    let busy = send(&app, "format=jsonl", LINES).await.expect(409);
    assert!(busy.json()["detail"].as_str().unwrap().contains("already"), "{}", busy.text());
    assert!(app.services.import.work().await.unwrap());
    let dry = told(&app, &dry).await;
    assert_eq!(dry["state"], "done");
    assert_eq!(dry["name"], "lines.jsonl");
    assert_eq!(dry["report"]["notes"][0]["place"], "line 2");
    app.key().get("/api/v1/prompts/brought").await.expect(404);

    let wet = send(&app, "format=jsonl", LINES).await.expect(202);
    assert!(app.services.import.work().await.unwrap());
    let wet = told(&app, &wet).await;
    assert_eq!(wet["report"], dry["report"]);
    assert_eq!(wet["report"]["prompts"]["stored"], 1);
    app.key().get("/api/v1/prompts/brought").await.expect(200);
    assert_eq!(app.key().get("/api/v1/imports").await.expect(200).json()["items"].as_array().unwrap().len(), 2);
    assert_eq!(std::fs::read_dir(app.folder().join("spool")).unwrap().count(), 0, "no file is left behind");
}

#[tokio::test]
async fn an_import_that_takes_seconds_tells_how_far_it_is_while_it_writes() {
    const PROMPTS: usize = 1_500;
    let app = TestApp::start().await;
    let line =
        |number| format!("{{\"kind\": \"prompt\", \"name\": \"p-{number}\", \"version\": 1, \"prompt\": \"Hi\"}}\n");
    let sent = send(&app, "format=jsonl", &(0..PROMPTS).map(line).collect::<String>()).await.expect(202);
    // It writes all the time, and so does whoever tells of it: neither may wait for the other for ever.
    let worked = tokio::time::timeout(Duration::from_mins(2), app.services.import.work()).await;
    assert!(worked.expect("it ends").unwrap());
    let told = told(&app, &sent).await;
    assert_eq!((&told["state"], &told["report"]["prompts"]["stored"]), (&"done".into(), &PROMPTS.into()), "{told}");
}

#[tokio::test]
async fn what_cannot_be_read_fails_in_words_and_a_waiting_one_can_be_stopped() {
    let app = TestApp::start().await;
    let sent = send(&app, "format=langfuse", "[1, 2").await.expect(202);
    assert!(app.services.import.work().await.unwrap());
    let told = told(&app, &sent).await;
    assert_eq!(told["state"], "failed");
    assert!(told["error"].as_str().unwrap().starts_with("`file`: it cannot be read"), "{told}");

    let sent = send(&app, "format=csv", "name,value\n").await.expect(202);
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    let stopped = app.key().request(Method::DELETE, &format!("/api/v1/imports/{id}")).send().await.expect(200);
    assert_eq!(stopped.json()["state"], "cancelled");
    assert!(!app.services.import.work().await.unwrap());
    assert_eq!(std::fs::read_dir(app.folder().join("spool")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused_and_leaves_nothing() {
    let app = TestApp::start_with(ApiConfig { max_import_bytes: 64, ..ApiConfig::default() }).await;
    let refused = send(&app, "format=jsonl", LINES).await.expect(413);
    assert!(refused.json()["detail"].as_str().unwrap().contains("64 bytes"), "{}", refused.text());
    assert_eq!(app.key().get("/api/v1/imports").await.expect(200).json()["items"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn files_of_uploads_that_broke_off_are_swept() {
    let app = TestApp::start().await;
    let spool = app.folder().join("spool");
    std::fs::create_dir_all(&spool).unwrap();
    let left = spool.join(format!("{}.00000000-0000-7000-8000-000000000000", app.project.id));
    std::fs::write(&left, "half").unwrap();
    let waiting = send(&app, "format=jsonl", LINES).await.expect(202);
    app.services.import.sweep().await.unwrap();
    assert!(!left.exists());
    assert!(app.services.import.work().await.unwrap(), "{} is still there", waiting.text());
    assert_eq!(told(&app, &waiting).await["state"], "done");
}
