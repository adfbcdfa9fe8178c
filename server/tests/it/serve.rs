//! What only the whole binary shows: compressed pages, its counters, and the files it leaves behind.

use std::io::Read as _;

use flate2::read::GzDecoder;
use reqwest::{
    Client,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY},
};
use serde_json::json;

use crate::process::{PUBLIC_KEY, SECRET_KEY, Server};

#[tokio::test]
async fn pages_go_out_compressed_and_answers_to_programs_plain() {
    let data = tempfile::tempdir().expect("a data folder");
    let client = Client::new();
    let server = Server::start(data.path(), &client).await;
    let get = async |path: &str| {
        let request = client.get(format!("{}{path}", server.url)).header(ACCEPT_ENCODING, "gzip, deflate, br");
        request.send().await.expect("an answer")
    };
    for path in ["/signin", "/nowhere-at-all"] {
        let page = get(path).await;
        assert_eq!(page.headers()[CONTENT_ENCODING], "gzip", "{path}");
        assert_eq!(page.headers()[VARY], "accept-encoding", "{path}");
        let mut text = String::new();
        GzDecoder::new(&*page.bytes().await.expect("a body")).read_to_string(&mut text).expect("gzip");
        assert!(text.starts_with("<!DOCTYPE html>") && text.contains("</html>"), "{path}: {text}");
    }
    let document = get("/openapi.json").await;
    assert!(!document.headers().contains_key(CONTENT_ENCODING));
    assert!(server.stop());
}

#[tokio::test]
async fn counters_tell_what_waits_and_stopping_leaves_two_files() {
    let data = tempfile::tempdir().expect("a data folder");
    let client = Client::new();
    let server = Server::start(data.path(), &client).await;
    let score = json!({"traceId": "0af7651916cd43dd8448eb211c80319c", "name": "stars", "value": 1});
    let request = client.post(format!("{}/api/public/scores", server.url)).basic_auth(PUBLIC_KEY, Some(SECRET_KEY));
    assert!(request.json(&score).send().await.expect("an answer").status().is_success());
    let counters = client.get(format!("{}/metrics", server.url)).send().await.expect("an answer");
    let counters = counters.text().await.expect("text");
    for line in [
        "assay_ingest_queue_batches 0",
        "assay_ingest_queue_rows 0",
        "assay_ingest_queue_bytes 0",
        "assay_ingest_budget_used_bytes 0",
        "assay_ingest_budget_bytes 134217728",
        "assay_ingest_phase_duration_seconds_count{phase=\"commit\"} 1",
    ] {
        assert!(counters.lines().any(|known| known == line), "no `{line}` in\n{counters}");
    }
    if cfg!(all(unix, not(target_env = "musl"))) {
        let allocated = server.memory(&client, "allocated").await.expect("bytes in use");
        let resident = server.memory(&client, "resident").await.expect("bytes held");
        assert!(1 << 20 < allocated && allocated < resident && resident < 1 << 30, "{allocated} {resident}");
    }
    assert!(server.stop());
    let mut left: Vec<String> = std::fs::read_dir(data.path())
        .expect("the data folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["control.db", "events.db", "lock"], "no log is left beside either file");
}
