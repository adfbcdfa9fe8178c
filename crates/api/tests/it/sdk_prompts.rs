use serde_json::json;
use testkit::TestApp;

/// A version as the SDKs need it: every field of section 3.1, whatever the client left out.
#[tokio::test]
async fn the_four_recorded_bodies_are_saved_and_read_back() {
    let app = TestApp::start().await;
    let key = app.key();
    let bodies = [
        json!({"name":"n","prompt":"Hello {{name}}","config":{"m":1},"labels":["production"],"tags":["t"],"commitMessage":"c1","type":"text"}),
        json!({"name":"n","prompt":"Hi","config":{},"labels":["staging"],"tags":null,"commitMessage":null}),
        json!({"name":"c","type":"chat","labels":["production"],"prompt":[
            {"role":"system","content":"S {{x}}","type":"chatmessage"},{"type":"placeholder","name":"hist"}]}),
        json!({"name":"d","type":"chat","prompt":[{"role":"system","content":"..."},{"name":"history","type":"placeholder"}],
            "config":{},"labels":["production"],"tags":null,"commitMessage":null}),
    ];
    let mut saved = Vec::new();
    for body in bodies {
        saved.push(key.post("/api/public/v2/prompts", &body).await.expect(201).json());
    }
    insta::assert_json_snapshot!(saved, {
        "[].id" => "[id]", "[].projectId" => "[project]", "[].createdAt" => "[time]", "[].updatedAt" => "[time]",
    });
    let read = key.get("/api/public/v2/prompts/c").await.expect(200).json();
    assert_eq!(read["prompt"], saved[2]["prompt"]);
}

#[tokio::test]
async fn without_version_or_label_production_is_meant() {
    let app = TestApp::start().await;
    let key = app.key();
    for (text, label) in [("one", "production"), ("two", "staging")] {
        key.post("/api/public/v2/prompts", &json!({"name": "p", "prompt": text, "labels": [label]})).await.expect(201);
    }
    let version = |path: &'static str| {
        let key = key.clone();
        async move { key.get(path).await.expect(200).json()["version"].clone() }
    };
    assert_eq!(version("/api/public/v2/prompts/p").await, 1);
    assert_eq!(version("/api/public/v2/prompts/p?label=staging").await, 2);
    assert_eq!(version("/api/public/v2/prompts/p?label=latest").await, 2);
    assert_eq!(version("/api/public/v2/prompts/p?version=1").await, 1);
    for missing in
        ["/api/public/v2/prompts/q", "/api/public/v2/prompts/p?version=9", "/api/public/v2/prompts/p?label=x"]
    {
        let refused = key.get(missing).await.expect(404).json();
        assert_eq!(refused["error"], "NotFound", "{missing}");
        assert!(refused["message"].is_string());
    }
    key.get("/api/public/v2/prompts/p?version=1&label=staging").await.expect(400);
}

#[tokio::test]
async fn names_hold_slashes_and_spaces_encoded_or_plain() {
    let app = TestApp::start().await;
    let key = app.key();
    let name = "folder/sub prompt/ü";
    key.post("/api/public/v2/prompts", &json!({"name": name, "prompt": "x", "labels": ["production"]}))
        .await
        .expect(201);
    for path in ["folder%2Fsub%20prompt%2F%C3%BC", "folder/sub%20prompt/%C3%BC"] {
        assert_eq!(key.get(&format!("/api/public/v2/prompts/{path}")).await.expect(200).json()["name"], name);
        let moved = key
            .patch(&format!("/api/public/v2/prompts/{path}/versions/1"), &json!({"newLabels": ["staging"]}))
            .await
            .expect(200)
            .json();
        assert_eq!(moved["labels"], json!(["production", "staging", "latest"]));
    }
    key.delete("/api/public/v2/prompts/folder%2Fsub%20prompt%2F%C3%BC").await.expect(204);
    assert_eq!(app.counts(app.project.id).await.prompts, 0);
}

#[tokio::test]
async fn labels_move_and_the_old_version_loses_them() {
    let app = TestApp::start().await;
    let key = app.key();
    key.post("/api/public/v2/prompts", &json!({"name": "p", "prompt": "1", "labels": ["production"]}))
        .await
        .expect(201);
    key.post("/api/public/v2/prompts", &json!({"name": "p", "prompt": "2", "labels": ["staging"]})).await.expect(201);
    let path = "/api/public/v2/prompts/p/versions/2";
    let moved = key.patch(path, &json!({"newLabels": ["production", "latest"]})).await.expect(200).json();
    assert_eq!(moved["labels"], json!(["production", "staging", "latest"]));
    let old = key.get("/api/public/v2/prompts/p?version=1").await.expect(200).json();
    assert_eq!(old["labels"], json!([]));
    key.patch("/api/public/v2/prompts/p/versions/7", &json!({"newLabels": ["production"]})).await.expect(404);
}

#[tokio::test]
async fn the_list_has_every_field_python_5_requires() {
    let app = TestApp::start().await;
    let key = app.key();
    for name in ["a", "b", "c"] {
        let body = json!({"name": name, "prompt": "x", "tags": ["t"], "config": {"m": 1}, "labels": ["production"]});
        key.post("/api/public/v2/prompts", &body).await.expect(201);
    }
    let page = key.get("/api/public/v2/prompts?limit=2&page=2").await.expect(200).json();
    insta::assert_json_snapshot!(page, { ".data[].lastUpdatedAt" => "[time]" });
    let one = key.get("/api/public/v2/prompts?name=b").await.expect(200).json();
    assert_eq!(one["meta"]["totalItems"], 1);
}
