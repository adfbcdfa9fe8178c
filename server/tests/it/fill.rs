//! `assay demo` and `assay import`.

use std::{path::Path, process::Command};

use reqwest::Client;

use crate::process::{PUBLIC_KEY, SECRET_KEY, Server};

/// Whether it ended well, and what it said.
fn assay(arguments: &[&str], data: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_assay")).args(arguments).arg("--data").arg(data).output();
    let output = output.expect("the binary starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn a_folder_in_use_is_left_alone_and_one_at_rest_is_filled() {
    let data = tempfile::tempdir().expect("a data folder");
    let file = data.path().join("scores.jsonl");
    let line = r#"{"id": "s-1", "traceId": "0af7651916cd43dd8448eb211c80319c", "name": "stars", "value": 4}"#;
    std::fs::write(&file, format!("{line}\nnot json\n")).expect("a file");
    let path = file.to_str().expect("a path in UTF-8");
    let client = Client::new();

    let server = Server::start(data.path(), &client).await;
    let (done, said) = assay(&["demo", "--spans", "500"], data.path());
    assert!(!done && said.contains("stop it first"), "{said}");
    assert!(server.stop());

    let (done, said) = assay(&["import", "jsonl", path, "--dry-run"], data.path());
    assert!(done && said.contains("1 read         1 would be stored"), "{said}");
    let (done, said) = assay(&["import", "jsonl", path], data.path());
    assert!(done && said.contains("line 2: skipped record: it is not JSON"), "{said}");
    let (done, said) = assay(&["demo", "--spans", "500", "--seed", "7"], data.path());
    assert!(done && said.contains("Made `Demo` at /p/demo."), "{said}");
    let (done, said) = assay(&["import", "tar", path], data.path());
    assert!(!done && said.contains("use `langfuse`, `jsonl` or `csv`"), "{said}");

    let server = Server::start(data.path(), &client).await;
    let request = client.get(format!("{}/api/public/v3/scores", server.url)).basic_auth(PUBLIC_KEY, Some(SECRET_KEY));
    let scores = request.send().await.expect("an answer").text().await.expect("a text");
    assert!(scores.contains("\"stars\""), "{scores}");
    assert!(server.stop());
}
