//! Media: announced, sent, read; by whom and as what.

use axum::http::{Method, header::CONTENT_TYPE};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::{Answer, Client, TestApp};

fn announcement(bytes: &[u8], content_type: &str) -> Value {
    json!({
        "traceId": "0af7651916cd43dd8448eb211c80319c", "observationId": null, "contentType": content_type,
        "contentLength": bytes.len(), "sha256Hash": BASE64_STANDARD.encode(Sha256::digest(bytes)), "field": "input",
    })
}

/// Path and query of an address.
fn path(url: &Value) -> String {
    let url = url.as_str().unwrap();
    assert!(url.starts_with("http://assay.test/api/public/media/"), "{url}");
    url.trim_start_matches("http://assay.test").to_owned()
}

async fn put(client: &Client, path: &str, bytes: &[u8]) -> Answer {
    client.request(Method::PUT, path).header(CONTENT_TYPE, "image/png").body(bytes.to_vec()).send().await
}

#[tokio::test]
async fn a_picture_is_announced_sent_and_read() {
    let app = TestApp::start().await;
    let (key, nobody, bytes) = (app.key(), app.anonymous(), b"\x89PNG picture".as_slice());
    let announced = key.post("/api/public/media", &announcement(bytes, "image/png")).await.expect(201).json();
    let id = announced["mediaId"].as_str().unwrap();
    assert_eq!(id.len(), 22);
    let report = json!({"uploadedAt": "2026-11-21T12:00:00Z", "uploadHttpStatus": 200, "uploadHttpError": "", "uploadTimeMs": 4});
    key.get(&format!("/api/public/media/{id}")).await.expect(404);
    put(&nobody, &path(&announced["uploadUrl"]), bytes).await.expect(200);
    // Sent again it is the same.
    put(&nobody, &path(&announced["uploadUrl"]), bytes).await.expect(200);
    key.patch(&format!("/api/public/media/{id}"), &report).await.expect(204);
    let known = key.post("/api/public/media", &announcement(bytes, "image/png")).await.expect(200).json();
    assert_eq!(known, json!({"mediaId": id, "uploadUrl": null}));
    let found = key.get(&format!("/api/public/media/{id}")).await.expect(200).json();
    assert_eq!((&found["contentType"], &found["contentLength"]), (&json!("image/png"), &json!(bytes.len())));
    let read = nobody.get(&path(&found["url"])).await.expect(200);
    assert_eq!(read.bytes, bytes);
    let headers = ["content-type", "content-disposition", "x-content-type-options", "content-security-policy"];
    assert_eq!(
        headers.map(|name| read.header(name)),
        ["image/png", "inline", "nosniff", "sandbox; default-src 'none'; frame-ancestors 'self'"]
    );
    // Every address is good for its purpose, its piece and its time alone.
    put(&nobody, &path(&found["url"]), bytes).await.expect(403);
    nobody.get(&path(&announced["uploadUrl"])).await.expect(403);
    let other = path(&found["url"]).replace(id, "AAAAAAAAAAAAAAAAAAAAAA");
    nobody.get(&other).await.expect(403);
    app.clock.advance_s(3601);
    nobody.get(&path(&found["url"])).await.expect(403);
}

#[tokio::test]
async fn what_could_run_in_a_browser_is_offered_as_a_file() {
    let app = TestApp::start().await;
    let key = app.key();
    for kind in ["image/svg+xml", "text/html", "application/pdf"] {
        let bytes = format!("<script>{kind}</script>").into_bytes();
        let announced = key.post("/api/public/media", &announcement(&bytes, kind)).await.expect(201).json();
        put(&app.anonymous(), &path(&announced["uploadUrl"]), &bytes).await.expect(200);
        let found = key.get(&format!("/api/public/media/{}", announced["mediaId"].as_str().unwrap())).await.expect(200);
        let read = app.anonymous().get(&path(&found.json()["url"])).await.expect(200);
        let headers = ["content-type", "content-disposition", "x-content-type-options"];
        assert_eq!(
            headers.map(|name| read.header(name)),
            ["application/octet-stream", "attachment", "nosniff"],
            "{kind}"
        );
    }
}

#[tokio::test]
async fn only_the_bytes_announced_are_taken() {
    let app = TestApp::start().await;
    let (key, nobody) = (app.key(), app.anonymous());
    let announced = key.post("/api/public/media", &announcement(b"right", "image/png")).await.expect(201).json();
    let url = path(&announced["uploadUrl"]);
    for (bytes, status) in [(b"wrong".as_slice(), 400), (b"righ", 400), (b"rights", 413), (b"", 400)] {
        put(&nobody, &url, bytes).await.expect(status);
    }
    let id = announced["mediaId"].as_str().unwrap();
    key.get(&format!("/api/public/media/{id}")).await.expect(404);
    put(&nobody, &url, b"right").await.expect(200);
    key.get(&format!("/api/public/media/{id}")).await.expect(200);
}

#[tokio::test]
async fn a_neighbour_has_media_of_its_own() {
    let app = TestApp::start().await;
    let neighbour = app.neighbour().await;
    let theirs = app.make_key(neighbour.id, "theirs", &domain::auth::Scope::ALL).await;
    let theirs = app.bearer(theirs.secret_key.reveal());
    let announced = app.key().post("/api/public/media", &announcement(b"ours", "image/png")).await.expect(201).json();
    put(&app.anonymous(), &path(&announced["uploadUrl"]), b"ours").await.expect(200);
    let id = announced["mediaId"].as_str().unwrap();
    theirs.get(&format!("/api/public/media/{id}")).await.expect(404);
    // They learn nothing of our having it.
    theirs.post("/api/public/media", &announcement(b"ours", "image/png")).await.expect(201);
    let url = path(&announced["uploadUrl"]).replace(&app.project.id.to_string(), &neighbour.id.to_string());
    put(&app.anonymous(), &url, b"ours").await.expect(403);
}
