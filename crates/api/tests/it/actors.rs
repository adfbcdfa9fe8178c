//! Every route with every kind of actor. A route without a row here fails the test.

use std::{collections::BTreeSet, fmt::Write as _};

use api::ApiConfig;
use axum::http::Method;
use domain::{
    auth::{Actor, Role, Scope},
    prompt::PromptBody,
};
use serde_json::{Value, json};
use services::{
    experiments::NewExperiment,
    import::{ImportFormat, NewImport},
    prices::{NewPrice, NewRepricing},
    prompts::SaveVersion,
};
use testkit::{Client, TestApp, otlp};

use crate::{
    experiments,
    openapi::{Operation, operations},
    results, sdk_metrics,
};

/// What a route asks of whoever calls it.
#[derive(Clone, Copy)]
enum Needs {
    /// Nothing.
    Nothing,
    /// To be somebody; it answers about them alone.
    Known,
    /// To be a key; likewise.
    SdkKnown,
    Read,
    Write,
    Annotate,
    /// To write prompts and to send events.
    Import,
    /// What a client key may do.
    Feedback,
    Resolve,
    /// The same, where a client key is not welcome.
    ServerResolve,
    Manage,
    SdkRead,
    SdkWrite,
    SdkIngest,
}

const ACTORS: [&str; 13] = [
    "nobody",
    "viewer",
    "analyst",
    "editor",
    "owner",
    "key read",
    "key write",
    "key ingest",
    "key resolve",
    "client key",
    "revoked key",
    "neighbour's key",
    "neighbour",
];

impl Needs {
    /// The status for each of [`ACTORS`], 0 standing for the route's success, and 1 for what a neighbour's key gets.
    fn statuses(self) -> [u16; 13] {
        match self {
            Self::Nothing => [0; 13],
            Self::Known => [401, 0, 0, 0, 0, 0, 0, 0, 0, 401, 401, 0, 0],
            Self::SdkKnown => [401, 401, 401, 401, 401, 0, 0, 0, 0, 401, 401, 0, 401],
            Self::Read => [401, 0, 0, 0, 0, 0, 403, 403, 403, 401, 401, 404, 404],
            Self::Write => [401, 403, 403, 0, 0, 403, 0, 403, 403, 401, 401, 404, 404],
            Self::Annotate => [401, 403, 0, 0, 0, 403, 403, 0, 403, 401, 401, 404, 404],
            Self::Import => [401, 403, 403, 0, 0, 403, 403, 403, 403, 401, 401, 404, 404],
            Self::Feedback => [401, 403, 0, 0, 0, 403, 403, 0, 403, 0, 401, 404, 404],
            Self::Resolve => [401, 403, 0, 0, 0, 403, 403, 403, 0, 0, 401, 404, 404],
            Self::ServerResolve => [401, 403, 0, 0, 0, 403, 403, 403, 0, 401, 401, 404, 404],
            Self::Manage => [401, 403, 403, 403, 0, 403, 403, 403, 403, 401, 401, 404, 404],
            Self::SdkRead => [401, 401, 401, 401, 401, 0, 403, 403, 403, 401, 401, 1, 401],
            Self::SdkWrite => [401, 401, 401, 401, 401, 403, 0, 403, 403, 401, 401, 1, 401],
            Self::SdkIngest => [401, 401, 401, 401, 401, 403, 403, 0, 403, 401, 401, 1, 401],
        }
    }

    /// What the document has to say of it, read from the statuses.
    fn said(self) -> Value {
        let may = self.statuses().map(|status| status == 0);
        if may[0] {
            return json!({ "anybody": true });
        }
        let role = ACTORS[1..5].iter().zip(&may[1..5]).find_map(|(role, may)| may.then_some(*role));
        let keys = ACTORS[5..9].iter().zip(&may[5..9]);
        let enough: Vec<&str> = keys.filter(|(_, may)| **may).map(|(key, _)| key.trim_start_matches("key ")).collect();
        let scopes = match enough.len() {
            4 => json!([]),
            // No key with a single scope will do: one with two, or none.
            0 if matches!(self, Self::Import) => json!(["write", "ingest"]),
            0 => Value::Null,
            _ => json!(enough),
        };
        json!({ "scopes": scopes, "role": role, "client_key": may[9] })
    }
}

struct Row {
    id: &'static str,
    needs: Needs,
    success: u16,
    /// What a neighbour's key gets on the SDKs' routes: its own project's answer.
    neighbour: u16,
    body: Option<Value>,
}

fn rows() -> Vec<Row> {
    let row = |id, needs, success, neighbour, body| Row { id, needs, success, neighbour, body };
    let score = json!({ "traceId": otlp::TRACE, "name": "stars", "value": 1 });
    let spans = otlp::request([otlp::span("00000000000000aa")]);
    let prompt = json!({ "name": "greet", "prompt": "Hi {{name}}" });
    vec![
        row("healthz", Needs::Nothing, 200, 200, None),
        row("readyz", Needs::Nothing, 200, 200, None),
        row("metrics", Needs::Nothing, 404, 404, None),
        row("sdk_health", Needs::Nothing, 200, 200, None),
        row("sdk_projects", Needs::SdkKnown, 200, 200, None),
        row("otlp_sdk_traces", Needs::SdkIngest, 200, 200, Some(spans.clone())),
        row("otlp_sdk_logs", Needs::SdkIngest, 200, 200, Some(json!({}))),
        row("otlp_logs", Needs::SdkIngest, 200, 200, Some(json!({}))),
        row("otlp_traces", Needs::SdkIngest, 200, 200, Some(spans)),
        row("sdk_ingestion", Needs::SdkIngest, 207, 207, Some(json!({ "batch": [] }))),
        row("sdk_create_scores", Needs::SdkIngest, 200, 200, Some(score)),
        row("sdk_list_prompts", Needs::SdkRead, 200, 200, None),
        row("sdk_get_prompt", Needs::SdkRead, 200, 404, None),
        row("sdk_create_prompt", Needs::SdkWrite, 201, 201, Some(prompt.clone())),
        row("sdk_label_prompt", Needs::SdkWrite, 200, 404, Some(json!({ "newLabels": ["staging"] }))),
        // A neighbour removes and reads what an earlier row put into the neighbour's own project under the same name and id.
        row("sdk_delete_prompt", Needs::SdkWrite, 204, 204, None),
        row("sdk_get_trace", Needs::SdkRead, 200, 200, None),
        row("sdk_list_traces", Needs::SdkRead, 200, 200, None),
        row("sdk_list_observations", Needs::SdkRead, 200, 200, None),
        row("sdk_list_observations_v2", Needs::SdkRead, 200, 200, None),
        row("sdk_get_observation", Needs::SdkRead, 200, 404, None),
        row("sdk_metrics", Needs::SdkRead, 200, 200, None),
        row("sdk_list_sessions", Needs::SdkRead, 200, 200, None),
        row("sdk_get_session", Needs::SdkRead, 200, 404, None),
        row("sdk_list_scores", Needs::SdkRead, 200, 200, None),
        row("sdk_list_scores_v3", Needs::SdkRead, 200, 200, None),
        row("sdk_get_score", Needs::SdkRead, 200, 404, None),
        row("sdk_delete_score", Needs::SdkIngest, 204, 404, None),
        row(
            "sdk_announce_media",
            Needs::SdkIngest,
            201,
            201,
            Some(json!({
                "contentType": "image/png", "contentLength": 3, "sha256Hash": "A".repeat(43) + "=",
            })),
        ),
        row("sdk_get_media", Needs::SdkRead, 404, 404, None),
        row("sdk_report_media", Needs::SdkIngest, 404, 404, Some(json!({ "uploadHttpStatus": 200 }))),
        row("sdk_send_media", Needs::Nothing, 403, 403, None),
        row("sdk_read_media", Needs::Nothing, 403, 403, None),
        row("sdk_create_dataset", Needs::SdkWrite, 200, 200, Some(json!({ "name": "ours" }))),
        row("sdk_list_datasets", Needs::SdkRead, 200, 200, None),
        row("sdk_get_dataset", Needs::SdkRead, 200, 404, None),
        row("sdk_create_dataset_item", Needs::SdkWrite, 200, 404, Some(json!({ "datasetName": "set", "id": "new" }))),
        row("sdk_list_dataset_items", Needs::SdkRead, 200, 200, None),
        row("sdk_get_dataset_item", Needs::SdkRead, 200, 404, None),
        row("sdk_delete_dataset_item", Needs::SdkWrite, 200, 404, None),
        row(
            "sdk_create_run_item",
            Needs::SdkIngest,
            200,
            404,
            Some(json!({
                "runName": "run", "datasetItemId": "item", "traceId": otlp::TRACE,
            })),
        ),
        row("sdk_list_run_items", Needs::SdkRead, 200, 200, None),
        row("sdk_list_runs", Needs::SdkRead, 200, 404, None),
        row("sdk_get_run", Needs::SdkRead, 200, 404, None),
        row("sdk_delete_run", Needs::SdkWrite, 200, 404, None),
        row(
            "sdk_create_comment",
            Needs::SdkIngest,
            201,
            201,
            Some(json!({
                "objectType": "TRACE", "objectId": otlp::TRACE, "content": "hm",
            })),
        ),
        row("sdk_list_comments", Needs::SdkRead, 200, 200, None),
        row("sdk_get_comment", Needs::SdkRead, 404, 404, None),
        row(
            "sdk_create_score_config",
            Needs::SdkWrite,
            201,
            201,
            Some(json!({ "name": "tone", "dataType": "NUMERIC" })),
        ),
        row("sdk_list_score_configs", Needs::SdkRead, 200, 200, None),
        row("sdk_get_score_config", Needs::SdkRead, 404, 404, None),
        row("sdk_change_score_config", Needs::SdkWrite, 404, 404, Some(json!({ "isArchived": true }))),
        row("list_projects", Needs::Known, 200, 0, None),
        row("get_project", Needs::Read, 200, 0, None),
        row("change_project", Needs::Manage, 200, 0, Some(json!({ "segment": "metadata.plan" }))),
        row("list_prompts", Needs::Read, 200, 0, None),
        row("create_prompt", Needs::Write, 201, 0, Some(prompt)),
        row("get_prompt", Needs::Read, 200, 0, None),
        row("change_prompt", Needs::Write, 200, 0, Some(json!({ "tags": ["a"] }))),
        row("delete_prompt", Needs::Write, 204, 0, None),
        row("list_versions", Needs::Read, 200, 0, None),
        row("create_version", Needs::Write, 201, 0, Some(json!({ "prompt": "Hello {{name}}" }))),
        row("get_version", Needs::Read, 200, 0, None),
        row("label_moves", Needs::Read, 200, 0, None),
        row("move_label", Needs::Write, 200, 0, Some(json!({ "version": 1 }))),
        row("remove_label", Needs::Write, 204, 0, None),
        row("prompt_metrics", Needs::Read, 200, 0, None),
        row("query", Needs::Read, 200, 0, Some(json!({ "measures": ["count"], "range": "24h" }))),
        row(
            "create_scores",
            Needs::Annotate,
            201,
            0,
            Some(json!({ "trace": otlp::TRACE, "name": "stars", "value": 1 })),
        ),
        row("give_feedback", Needs::Feedback, 201, 0, Some(json!({ "trace": otlp::TRACE, "thumbs": "up" }))),
        row("list_experiments", Needs::Read, 200, 0, None),
        row("create_experiment", Needs::Write, 201, 0, Some(json!({ "key": "new-experiment", "prompt": "greet" }))),
        row("get_experiment", Needs::Read, 200, 0, None),
        row("change_experiment", Needs::Write, 200, 0, Some(json!({ "revision": 1, "design": { "name": "ours" } }))),
        row("check_experiment", Needs::Read, 200, 0, None),
        row("experiment_activity", Needs::Read, 200, 0, None),
        row("act_on_experiment", Needs::Write, 200, 0, Some(json!({}))),
        row(
            "plan_experiment",
            Needs::Read,
            200,
            0,
            Some(json!({ "prompt": "greet", "design": experiments::design() })),
        ),
        row(
            "dry_run_experiment",
            Needs::Read,
            200,
            0,
            Some(json!({ "prompt": "greet", "design": experiments::design() })),
        ),
        row("resolve", Needs::ServerResolve, 200, 0, Some(json!({ "prompt": "greet", "unit": "u-1" }))),
        row("sdk_bundle", Needs::Read, 200, 0, None),
        row("sdk_stream", Needs::Resolve, 200, 0, None),
        row("ofrep_evaluate", Needs::Resolve, 200, 0, Some(json!({ "context": { "targetingKey": "u-1" } }))),
        row("ofrep_evaluate_all", Needs::Resolve, 200, 0, Some(json!({}))),
        // The key in the address is the credential, whoever sends it.
        row("growthbook_features", Needs::Nothing, 200, 200, None),
        row("growthbook_stream", Needs::Nothing, 200, 200, None),
        row(
            "create_events",
            Needs::Annotate,
            201,
            0,
            Some(json!({ "name": "buy", "unit": { "kind": "user", "id": "ana" } })),
        ),
        row("event_names", Needs::Read, 200, 0, None),
        row(
            "create_exposures",
            Needs::Feedback,
            201,
            0,
            Some(json!({ "experiment": results::KEY, "unit": "ana", "arm": "b" })),
        ),
        row("experiment_results", Needs::Read, 200, 0, None),
        row("experiment_results_csv", Needs::Read, 200, 0, None),
        row("experiment_timeseries", Needs::Read, 200, 0, None),
        row("experiment_health", Needs::Read, 200, 0, None),
        row("explain_unit", Needs::Read, 200, 0, None),
        row("unlinked", Needs::Read, 200, 0, None),
        row("list_traces", Needs::Read, 200, 0, None),
        row("get_trace", Needs::Read, 200, 0, None),
        row("get_span_io", Needs::Read, 200, 0, None),
        row("list_past_costs", Needs::Read, 200, 0, None),
        row("list_prices", Needs::Read, 200, 0, None),
        row("create_price", Needs::Write, 201, 0, Some(json!({ "model": "ours", "rates": { "input": 1 } }))),
        row("close_price", Needs::Write, 200, 0, Some(json!({}))),
        row("search_catalogue", Needs::Read, 200, 0, None),
        row("list_unpriced_models", Needs::Read, 200, 0, None),
        row("list_repricings", Needs::Read, 200, 0, None),
        row("start_repricing", Needs::Write, 202, 0, Some(json!({}))),
        row("get_repricing", Needs::Read, 200, 0, None),
        row("cancel_repricing", Needs::Write, 200, 0, None),
        row("list_imports", Needs::Read, 200, 0, None),
        row("start_import", Needs::Import, 202, 0, Some(json!({ "kind": "score", "name": "ok", "value": 1 }))),
        row("get_import", Needs::Read, 200, 0, None),
        row("cancel_import", Needs::Write, 200, 0, None),
        row("list_keys", Needs::Manage, 200, 0, None),
        row("create_key", Needs::Manage, 201, 0, Some(json!({ "name": "new", "scopes": ["read"] }))),
        row("revoke_key", Needs::Manage, 204, 0, None),
        row("list_members", Needs::Manage, 200, 0, None),
        row("add_member", Needs::Manage, 201, 0, Some(json!({ "email": "new@example.com", "role": "viewer" }))),
        row("change_member", Needs::Manage, 204, 0, Some(json!({ "role": "analyst" }))),
        row("remove_member", Needs::Manage, 204, 0, None),
    ]
}

async fn actors(app: &TestApp) -> Vec<Client> {
    let mut clients = vec![app.anonymous()];
    for role in [Role::Viewer, Role::Analyst, Role::Editor] {
        clients.push(app.member(&app.project, &format!("{}@example.com", role.as_str()), role).await.1);
    }
    clients.push(app.owner().await);
    for scope in [Scope::Read, Scope::Write, Scope::Ingest, Scope::Resolve] {
        clients.push(app.key_with(scope.as_str(), &[scope]).await);
    }
    let access = &app.services.access;
    let public = access
        .create_client_key(
            &Actor::System,
            app.project.id,
            "web",
            &[Scope::Ingest, Scope::Resolve],
            &["https://app.example.com".to_owned()],
        )
        .await;
    clients.push(app.bearer(&public.unwrap().public_key));
    clients.push(app.revoked_key().await.1);
    let neighbour = app.neighbour().await;
    let pair = app.make_key(neighbour.id, "theirs", &Scope::ALL).await;
    let there = axum::http::HeaderName::from_static("x-assay-project");
    clients.push(app.bearer(pair.secret_key.reveal()).with(there.clone(), app.project.slug.as_str()));
    let (_, person) = app.member(&neighbour, "neighbour@example.com", Role::Owner).await;
    clients.push(person.with(there, app.project.slug.as_str()));
    clients
}

/// What every row may rely on, put back before every cell; the ids the path needs.
async fn prepare(app: &TestApp, row: &str, cell: usize) -> (String, String) {
    let prompts = &app.services.prompts;
    if prompts.prompt(&Actor::System, app.project.id, "greet").await.is_err() {
        let save = SaveVersion {
            labels: vec!["production".to_owned()],
            ..SaveVersion::new("greet", PromptBody::Text("Hello {{name}}".to_owned()))
        };
        prompts.save(&Actor::System, app.project.id, save).await.unwrap();
    }
    if row.contains("dataset") || row.contains("run") {
        let key = app.key();
        key.post("/api/public/v2/datasets", &json!({ "name": "set" })).await.expect(200);
        key.post("/api/public/dataset-items", &json!({ "datasetName": "set", "id": "item" })).await.expect(200);
        let note = json!({ "runName": "run", "datasetItemId": "item", "traceId": otlp::TRACE });
        key.post("/api/public/dataset-run-items", &note).await.expect(200);
    }
    let newest = prompts.prompt(&Actor::System, app.project.id, "greet").await.unwrap().latest;
    for label in ["production", "staging"] {
        prompts.move_label(&Actor::System, app.project.id, "greet", label, newest, None).await.unwrap();
    }
    let access = &app.services.access;
    match row {
        "get_experiment" | "change_experiment" | "check_experiment" | "experiment_activity" | "act_on_experiment" => {
            let key = format!("{}-{cell}", row.replace('_', "-"));
            let new = NewExperiment {
                key: key.clone(),
                prompt: "greet".to_owned(),
                label: None,
                design: domain::experiment::Design::default(),
            };
            app.services.experiments.create(&Actor::System, app.project.id, new).await.unwrap();
            (key, String::new())
        }
        "growthbook_features" | "growthbook_stream" => {
            let origins = ["*".to_owned()];
            let scopes = [Scope::Resolve];
            let made = access.create_client_key(&Actor::System, app.project.id, "flags", &scopes, &origins).await;
            (made.unwrap().public_key, String::new())
        }
        "revoke_key" => (app.make_key(app.project.id, "spare", &[Scope::Read]).await.key.id.to_string(), String::new()),
        "change_member" | "remove_member" => {
            let email = format!("spare-{row}-{cell}@example.com");
            let invited = access.invite(&Actor::System, app.project.id, &email, Role::Viewer).await.unwrap();
            (String::new(), invited.user.to_string())
        }
        "close_price" => {
            let new = NewPrice {
                model: "spare".to_owned(),
                rates: [("input".to_owned(), "1".to_owned())].into(),
                ..NewPrice::default()
            };
            let set = app.services.prices.create(&Actor::System, app.project.id, new).await.unwrap();
            (set.price.id.to_string(), String::new())
        }
        // Only one at a time.
        "start_repricing" => {
            while app.services.prices.work().await.unwrap() {}
            (String::new(), String::new())
        }
        "get_repricing" | "cancel_repricing" => {
            while app.services.prices.work().await.unwrap() {}
            let job = app.services.prices.reprice(&Actor::System, app.project.id, NewRepricing::default()).await;
            (job.unwrap().id.to_string(), String::new())
        }
        "start_import" => {
            while app.services.import.work().await.unwrap() {}
            (String::new(), String::new())
        }
        "get_import" | "cancel_import" => {
            while app.services.import.work().await.unwrap() {}
            let mut upload = app.services.import.receive(&Actor::System, app.project.id).await.unwrap();
            upload.write(b"{}").await.unwrap();
            let new = NewImport { format: ImportFormat::Jsonl, dry_run: true, name: None };
            let job = app.services.import.submit(&Actor::System, upload, new).await.unwrap();
            (job.id.to_string(), String::new())
        }
        "sdk_get_score" | "sdk_delete_score" => {
            let id = format!("{row}-{cell}");
            let score = json!({ "id": id, "traceId": otlp::TRACE, "name": "stars", "value": 1 });
            app.key().post("/api/public/scores", &score).await.expect(200);
            (id, String::new())
        }
        "experiment_results"
        | "experiment_results_csv"
        | "experiment_timeseries"
        | "experiment_health"
        | "explain_unit"
        | "create_exposures" => {
            results::running(app).await;
            (results::KEY.to_owned(), String::new())
        }
        _ => (newest.to_string(), String::new()),
    }
}

/// The path of an operation with everything in it that a request needs.
fn address(app: &TestApp, operation: &Operation, id: &str, user: &str) -> String {
    let mut path = operation
        .path
        .replace(
            "{name}",
            match operation.id.as_str() {
                "sdk_label_prompt" => "greet/versions/{version}",
                "sdk_get_dataset" => "set",
                _ => "greet",
            },
        )
        .replace("{dataset}", "set")
        .replace("{item}", "item")
        .replace("{run}", "run")
        .replace("{project}/{media}", &format!("{}/AAAAAAAAAAAAAAAAAAAAAA?expires=1&signature=x", app.project.id))
        .replace("{media}", "BBBBBBBBBBBBBBBBBBBBBB")
        .replace("{experiment}", id)
        .replace("{action}", "archive")
        .replace("{flag}", "greet.production")
        .replace("{comment}", "none")
        .replace("{config}", "none")
        .replace("{label}", "staging")
        .replace("{trace}", otlp::TRACE)
        .replace("{span}", "00000000000000aa")
        .replace("{session}", "ours")
        .replace("{score}", id)
        .replace("{key}", id)
        .replace("{price}", id)
        .replace("{job}", id)
        .replace("{user}", user);
    path = path.replace("{version}", id);
    if operation.id.as_str() == "start_import" {
        path.push_str("?format=jsonl&dry_run=true");
    }
    if operation.id.as_str() == "sdk_metrics" {
        path.push_str(&sdk_metrics::query(&sdk_metrics::tokens()));
    }
    if operation.id.as_str() == "explain_unit" {
        path.push_str("?unit=ana");
    }
    path
}

#[tokio::test]
async fn every_route_answers_every_actor_as_agreed() {
    // Streams end when the server stops: here at once, after what they begin with.
    let config = ApiConfig::default();
    config.stopping.cancel();
    let app = TestApp::start_with(config).await;
    let spans = [otlp::span("00000000000000aa"), otlp::span("00000000000000ab").text("session.id", "ours")];
    app.key().post("/v1/traces", &otlp::request(spans)).await.expect(200);
    let clients = actors(&app).await;
    let rows = rows();
    let operations = operations(&app).await;
    let known: BTreeSet<&str> = operations.iter().map(|operation| operation.id.as_str()).collect();
    let listed: BTreeSet<&str> = rows.iter().map(|row| row.id).collect();
    assert_eq!(known, listed, "every route has a row, and every row a route");

    let mut table = format!("| route | {} |\n|---|{}\n", ACTORS.join(" | "), "---|".repeat(ACTORS.len()));
    let mut wrong = Vec::new();
    for operation in &operations {
        let row = rows.iter().find(|row| row.id == operation.id).unwrap();
        let _ = write!(table, "| {} {} |", operation.method, operation.path);
        if operation.said["x-needs"] != row.needs.said() {
            wrong.push(format!("{}: `x-needs` says {}, not {}", row.id, operation.said["x-needs"], row.needs.said()));
        }
        for (cell, (client, wanted)) in clients.iter().zip(row.needs.statuses()).enumerate() {
            let wanted = match wanted {
                0 => row.success,
                1 => row.neighbour,
                status => status,
            };
            let (id, user) = prepare(&app, row.id, cell).await;
            let path = address(&app, operation, &id, &user);
            let mut request = client.request(Method::from_bytes(operation.method.as_bytes()).unwrap(), &path);
            if let Some(body) = &row.body {
                // An address can be invited once; each cell has its own.
                let body = body.to_string().replace("new@example.com", &format!("new-{cell}@example.com"));
                // Numbers of removed versions never come back.
                let body = body.replace("\"version\":1", &format!("\"version\":{id}"));
                let body = body.replace("new-experiment", &format!("new-experiment-{cell}"));
                request = request.json(&serde_json::from_str(&body).unwrap());
            }
            let answer = request.send().await;
            let got = answer.status.as_u16();
            if !operation.lists(got) {
                wrong.push(format!("{} by {}: {got} is not in the document", row.id, ACTORS[cell]));
            }
            if got != wanted {
                wrong.push(format!("{} by {}: {got}, not {wanted}: {}", row.id, ACTORS[cell], answer.text()));
            }
            let _ = write!(table, " {got} |");
        }
        table.push('\n');
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    insta::assert_snapshot!("actors", table);
}

/// What the reference tells people to copy works.
#[tokio::test]
async fn every_example_in_the_document_is_accepted() {
    let app = TestApp::start().await;
    app.key().post("/v1/traces", &otlp::request([otlp::span("00000000000000aa")])).await.expect(200);
    for text in ["Answer: {{question}}", "Answer briefly: {{question}}"] {
        let save = SaveVersion {
            labels: vec!["production".to_owned()],
            ..SaveVersion::new("support/answer", PromptBody::Text(text.to_owned()))
        };
        app.services.prompts.save(&Actor::System, app.project.id, save).await.unwrap();
    }
    for (path, body) in [
        ("/api/public/v2/datasets", json!({ "name": "hard-questions" })),
        ("/api/public/dataset-items", json!({ "datasetName": "hard-questions", "id": "item-1" })),
    ] {
        app.key().post(path, &body).await.expect(200);
    }
    results::running(&app).await;
    let (owner, key) = (app.owner().await, app.make_key(app.project.id, "all", &Scope::ALL).await);
    let key = app.bearer(key.secret_key.reveal());
    let rows = rows();
    let mut wrong = Vec::new();
    for (cell, operation) in operations(&app).await.iter().enumerate() {
        let Some(example) = operation.said["requestBody"]["content"]["application/json"].get("example") else {
            continue;
        };
        let row = rows.iter().find(|row| row.id == operation.id).unwrap();
        let (id, user) = prepare(&app, row.id, 100 + cell).await;
        let path = address(&app, operation, &id, &user);
        let client = if operation.said["x-needs"]["scopes"].is_null() { &owner } else { &key };
        let request = client.request(Method::from_bytes(operation.method.as_bytes()).unwrap(), &path);
        let answer = request.json(example).send().await;
        if answer.status.as_u16() != row.success {
            wrong.push(format!("{}: {}: {}", row.id, answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_neighbour_changes_nothing_of_ours() {
    let app = TestApp::start().await;
    app.key().post("/v1/traces", &otlp::request([otlp::span("00000000000000aa")])).await.expect(200);
    app.key()
        .post("/api/public/v2/prompts", &json!({ "name": "greet", "prompt": "Hi", "labels": ["production"] }))
        .await
        .expect(201);
    let before = app.counts(app.project.id).await;
    let neighbour = app.neighbour().await;
    let pair = app.make_key(neighbour.id, "theirs", &Scope::ALL).await;
    let theirs = app.bearer(pair.secret_key.reveal());
    // Our trace, our prompt's name, our score's id: all of it lands in their project, or nowhere.
    theirs.post("/v1/traces", &otlp::request([otlp::span("00000000000000aa").name("theirs")])).await.expect(200);
    theirs.post("/api/public/v2/prompts", &json!({ "name": "greet", "prompt": "Bye" })).await.expect(201);
    theirs.delete("/api/public/v2/prompts/greet").await.expect(204);
    assert_eq!(app.counts(app.project.id).await, before);
    let ours = app.key().get(&format!("/api/public/traces/{}", otlp::TRACE)).await.expect(200).json();
    assert_eq!(ours["observations"][0]["name"], "answer");
}

#[tokio::test]
async fn a_browser_changes_things_from_our_own_pages_only() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let body = json!({ "name": "greet", "prompt": "Hi" });
    owner.post("/api/v1/prompts", &body).await.expect(201);
    let elsewhere = owner.clone().with(axum::http::header::ORIGIN, "https://evil.example");
    let refused = elsewhere.post("/api/v1/prompts", &body).await.expect(403).json();
    assert_eq!(refused["code"], "forbidden");
    owner.clone().without(&axum::http::header::ORIGIN).post("/api/v1/prompts", &body).await.expect(403);
    elsewhere.get("/api/v1/prompts").await.expect(200);
    assert_eq!(app.counts(app.project.id).await.versions, 1);
}

#[tokio::test]
async fn a_person_has_to_say_which_project() {
    let app = TestApp::start().await;
    let owner = app.owner().await.without(&axum::http::HeaderName::from_static("x-assay-project"));
    let refused = owner.get("/api/v1/prompts").await.expect(400).json();
    assert_eq!(refused["fields"][0]["field"], "project");
    owner.get(&format!("/api/v1/prompts?project={}", app.project.slug)).await.expect(200);
    owner.get("/api/v1/prompts?project=nowhere").await.expect(404);
}
