//! Datasets, their runs, comments and score configurations, as SDKs keep them.

use serde_json::{Value, json};
use testkit::{Client, TestApp, otlp};

async fn with_items(key: &Client) {
    let dataset = json!({"name": "qa/short", "description": "d", "metadata": {"k": 1}, "inputSchema": null});
    key.post("/api/public/v2/datasets", &dataset).await.expect(200);
    for (id, question) in [("i1", "why"), ("i2", "how")] {
        let item = json!({"datasetName": "qa/short", "id": id, "input": {"q": question}, "expectedOutput": {"a": 2},
            "metadata": null, "sourceTraceId": null, "sourceObservationId": null, "status": null});
        key.post("/api/public/dataset-items", &item).await.expect(200);
    }
}

#[tokio::test]
async fn datasets_and_items_read_back_with_all_that_the_models_require() {
    let app = TestApp::start().await;
    let key = app.key();
    with_items(&key).await;
    let dataset = key.get("/api/public/v2/datasets/qa%2Fshort").await.expect(200).json();
    insta::assert_json_snapshot!("dataset", dataset, { ".id" => "[id]", ".projectId" => "[project]" });
    let list = key.get("/api/public/v2/datasets?limit=1").await.expect(200).json();
    assert_eq!(list["meta"], json!({"page": 1, "limit": 1, "totalItems": 1, "totalPages": 1}));
    let items = key.get("/api/public/dataset-items?datasetName=qa%2Fshort&page=1&limit=1").await.expect(200).json();
    assert_eq!(items["meta"], json!({"page": 1, "limit": 1, "totalItems": 2, "totalPages": 2}));
    insta::assert_json_snapshot!("dataset_item", items["data"][0], { ".datasetId" => "[id]" });
    let one = key.get("/api/public/dataset-items/i2").await.expect(200).json();
    assert_eq!(one, items["data"][0]);
    // The same id is a change; another dataset's is refused.
    let changed = json!({"datasetName": "qa/short", "id": "i2", "input": 1, "status": "ARCHIVED"});
    assert_eq!(key.post("/api/public/dataset-items", &changed).await.expect(200).json()["status"], "ARCHIVED");
    key.post("/api/public/v2/datasets", &json!({"name": "other"})).await.expect(200);
    key.post("/api/public/dataset-items", &json!({"datasetName": "other", "id": "i2"})).await.expect(409);
    key.delete("/api/public/dataset-items/i2").await.expect(200);
    key.get("/api/public/dataset-items/i2").await.expect(404);
}

#[tokio::test]
async fn runs_are_noted_by_request_and_by_span() {
    let app = TestApp::start().await;
    let key = app.key();
    with_items(&key).await;
    // Generation 3: a request an item.
    let note = json!({"runName": "run 1", "datasetItemId": "i1", "traceId": otlp::TRACE, "runDescription": null,
        "metadata": null});
    let noted = key.post("/api/public/dataset-run-items", &note).await.expect(200).json();
    assert_eq!(key.post("/api/public/dataset-run-items", &note).await.expect(200).json(), noted);
    insta::assert_json_snapshot!("run_item", noted, { ".id" => "[id]", ".datasetRunId" => "[run]" });
    // Generation 5: attributes on every span of the item.
    let told = |id: &str| {
        otlp::span(id)
            .text("langfuse.experiment.id", "experiment-7")
            .text("langfuse.experiment.name", "run 2")
            .text("langfuse.experiment.metadata", r#"{"model":"m"}"#)
            .text("langfuse.experiment.item.id", "i2")
            .text("langfuse.experiment.item.root_observation_id", "00000000000000aa")
    };
    let elsewhere = told("00000000000000ac").text("langfuse.experiment.item.id", "of another place");
    let elsewhere = elsewhere.text("langfuse.experiment.item.root_observation_id", "00000000000000ac");
    let batch = otlp::request([told("00000000000000aa"), told("00000000000000ab"), elsewhere]);
    for _ in 0..2 {
        key.post("/api/public/otel/v1/traces", &batch).await.expect(200);
    }
    let runs = key.get("/api/public/datasets/qa%2Fshort/runs").await.expect(200).json();
    let names: Vec<&Value> = runs["data"].as_array().unwrap().iter().map(|run| &run["name"]).collect();
    assert_eq!(names, ["run 2", "run 1"]);
    let run = key.get("/api/public/datasets/qa%2Fshort/runs/run%202").await.expect(200).json();
    assert_eq!((&run["id"], &run["metadata"]), (&json!("experiment-7"), &json!({"model": "m"})));
    let items = run["datasetRunItems"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["datasetItemId"], &items[0]["observationId"]), (&json!("i2"), &json!("00000000000000aa")));
    let id = runs["data"][0]["datasetId"].as_str().unwrap();
    let listed = key.get(&format!("/api/public/dataset-run-items?datasetId={id}&runName=run%201")).await.expect(200);
    assert_eq!(listed.json()["data"][0]["id"], noted["id"]);
    key.delete("/api/public/datasets/qa%2Fshort/runs/run%202").await.expect(200);
    key.get("/api/public/datasets/qa%2Fshort/runs/run%202").await.expect(404);
    key.get("/api/public/datasets/ghost/runs").await.expect(404);
}

#[tokio::test]
async fn an_old_sdk_names_the_observation_alone() {
    let app = TestApp::start().await;
    let key = app.key();
    with_items(&key).await;
    key.post("/v1/traces", &otlp::request([otlp::span("00000000000000aa")])).await.expect(200);
    let note = json!({"runName": "run", "datasetItemId": "i1", "observationId": "00000000000000aa"});
    let noted = key.post("/api/public/dataset-run-items", &note).await.expect(200).json();
    assert_eq!(noted["traceId"], otlp::TRACE);
    let nowhere = json!({"runName": "run", "datasetItemId": "i1"});
    key.post("/api/public/dataset-run-items", &nowhere).await.expect(400);
}

#[tokio::test]
async fn comments_and_score_configurations_are_kept() {
    let app = TestApp::start().await;
    let key = app.key();
    let comment = json!({"projectId": app.project.id, "objectType": "TRACE", "objectId": otlp::TRACE, "content": "hm"});
    let id = key.post("/api/public/comments", &comment).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let one = key.get(&format!("/api/public/comments/{id}")).await.expect(200).json();
    insta::assert_json_snapshot!("comment", one, { ".id" => "[id]", ".projectId" => "[project]" });
    let list = key.get(&format!("/api/public/comments?objectId={}", otlp::TRACE)).await.expect(200).json();
    assert_eq!(list["data"], json!([one]));
    let config = json!({"name": "tone", "dataType": "CATEGORICAL", "categories": [{"label": "kind", "value": 1}]});
    let made = key.post("/api/public/score-configs", &config).await.expect(201).json();
    insta::assert_json_snapshot!("score_config", made, { ".id" => "[id]", ".projectId" => "[project]" });
    let path = format!("/api/public/score-configs/{}", made["id"].as_str().unwrap());
    let changed = key.patch(&path, &json!({"isArchived": true})).await.expect(200).json();
    assert_eq!((&changed["isArchived"], &changed["name"]), (&json!(true), &json!("tone")));
    assert_eq!(key.get(&path).await.expect(200).json(), changed);
    assert_eq!(key.get("/api/public/score-configs").await.expect(200).json()["meta"]["totalItems"], 1);
}
