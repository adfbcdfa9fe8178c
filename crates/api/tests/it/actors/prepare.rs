//! What a route needs to be there, and its address.

use domain::{
    auth::{Actor, Role, Scope},
    prompt::PromptBody,
};
use serde_json::json;
use services::{
    experiments::NewExperiment,
    import::{ImportFormat, NewImport},
    prices::{NewPrice, NewRepricing},
    prompts::SaveVersion,
};
use testkit::{TestApp, otlp};

use crate::{openapi::Operation, results, sdk_metrics};

/// What every row may rely on, put back before every cell; the ids the path needs.
pub(super) async fn prepare(app: &TestApp, row: &str, cell: usize) -> (String, String) {
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
        "delete_user_data" => (String::new(), "somebody".to_owned()),
        "get_erasure" => {
            let job = app.services.erasures.erase_user(&Actor::System, app.project.id, "somebody").await;
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
pub(super) fn address(app: &TestApp, operation: &Operation, id: &str, user: &str) -> String {
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
