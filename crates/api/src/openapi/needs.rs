//! Who may call an operation, as the document says it (`x-needs`). The test of every route with every kind of actor
//! (`tests/it/actors.rs`) holds it against what the routes answer.

use serde_json::{Value, json};

/// Who may call an operation.
#[derive(Clone, Copy)]
pub(super) struct Needs {
    /// What a key has to have, all of it; `None` where keys are not welcome.
    scopes: Option<&'static [&'static str]>,
    /// What a person has to be at least; `None` where people are not welcome.
    role: Option<&'static str>,
    /// Whether a public client key with one of these scopes will do, too.
    client_key: bool,
}

const ANYBODY: Needs = Needs { scopes: None, role: None, client_key: false };
const KNOWN: Needs = Needs { scopes: Some(&[]), role: Some("viewer"), client_key: false };
const READ: Needs = Needs { scopes: Some(&["read"]), ..KNOWN };
const WRITE: Needs = Needs { scopes: Some(&["write"]), role: Some("editor"), client_key: false };
const ANNOTATE: Needs = Needs { scopes: Some(&["ingest"]), role: Some("analyst"), client_key: false };
const IMPORT: Needs = Needs { scopes: Some(&["write", "ingest"]), ..WRITE };
const FEEDBACK: Needs = Needs { client_key: true, ..ANNOTATE };
const RESOLVE: Needs = Needs { scopes: Some(&["resolve"]), ..ANNOTATE };
const FLAGS: Needs = Needs { client_key: true, ..RESOLVE };
const ERASE: Needs = Needs { scopes: Some(&["write"]), role: Some("owner"), client_key: false };
const MANAGE: Needs = Needs { scopes: None, role: Some("owner"), client_key: false };
const SDK_KNOWN: Needs = Needs { role: None, ..KNOWN };
const SDK_READ: Needs = Needs { role: None, ..READ };
const SDK_WRITE: Needs = Needs { role: None, ..WRITE };
const SDK_INGEST: Needs = Needs { role: None, ..ANNOTATE };

impl Needs {
    /// Nothing at all, or what stands in the address.
    pub(super) fn is_nothing(self) -> bool {
        self.scopes.is_none() && self.role.is_none()
    }

    /// To be somebody, whoever it is.
    pub(super) fn is_known(self) -> bool {
        self.scopes.is_some_and(<[_]>::is_empty)
    }

    /// `{"scopes": ["read"], "role": "viewer", "client_key": false}`, or `{"anybody": true}`.
    pub(super) fn as_json(self) -> Value {
        if self.is_nothing() {
            return json!({ "anybody": true });
        }
        json!({ "scopes": self.scopes, "role": self.role, "client_key": self.client_key })
    }
}

/// What the operation of this name needs; `None` when it is not listed, which the test finds.
pub(super) fn of(operation: &str) -> Option<Needs> {
    Some(match operation {
        // Media have signed addresses, GrowthBook's carry the key.
        "healthz"
        | "readyz"
        | "metrics"
        | "sdk_health"
        | "sdk_send_media"
        | "sdk_read_media"
        | "growthbook_features"
        | "growthbook_stream" => ANYBODY,
        "list_projects" => KNOWN,
        "get_project"
        | "list_prompts"
        | "get_prompt"
        | "list_versions"
        | "get_version"
        | "label_moves"
        | "prompt_metrics"
        | "query"
        | "list_experiments"
        | "get_experiment"
        | "check_experiment"
        | "experiment_activity"
        | "experiment_results"
        | "experiment_results_csv"
        | "experiment_timeseries"
        | "experiment_health"
        | "explain_unit"
        | "plan_experiment"
        | "dry_run_experiment"
        | "event_names"
        | "sdk_bundle"
        | "unlinked"
        | "list_traces"
        | "get_trace"
        | "get_span_io"
        | "list_past_costs"
        | "list_prices"
        | "search_catalogue"
        | "list_unpriced_models"
        | "list_repricings"
        | "get_repricing"
        | "list_imports"
        | "list_erasures"
        | "get_erasure"
        | "get_import" => READ,
        "create_prompt" | "change_prompt" | "delete_prompt" | "create_version" | "move_label" | "remove_label"
        | "create_experiment" | "change_experiment" | "act_on_experiment" | "create_price" | "close_price"
        | "start_repricing" | "cancel_repricing" | "cancel_import" => WRITE,
        "create_scores" | "create_events" => ANNOTATE,
        "start_import" => IMPORT,
        "give_feedback" | "create_exposures" => FEEDBACK,
        "resolve" => RESOLVE,
        "sdk_stream" | "ofrep_evaluate" | "ofrep_evaluate_all" => FLAGS,
        "delete_user_data" => ERASE,
        "change_project"
        | "delete_project_data"
        | "list_keys"
        | "create_key"
        | "revoke_key"
        | "list_members"
        | "add_member"
        | "change_member"
        | "remove_member" => MANAGE,
        "sdk_projects" => SDK_KNOWN,
        "sdk_list_prompts"
        | "sdk_get_prompt"
        | "sdk_get_trace"
        | "sdk_list_traces"
        | "sdk_list_observations"
        | "sdk_list_observations_v2"
        | "sdk_get_observation"
        | "sdk_metrics"
        | "sdk_list_sessions"
        | "sdk_get_session"
        | "sdk_list_scores"
        | "sdk_list_scores_v3"
        | "sdk_get_score"
        | "sdk_get_media"
        | "sdk_list_datasets"
        | "sdk_get_dataset"
        | "sdk_list_dataset_items"
        | "sdk_get_dataset_item"
        | "sdk_list_run_items"
        | "sdk_list_runs"
        | "sdk_get_run"
        | "sdk_list_comments"
        | "sdk_get_comment"
        | "sdk_list_score_configs"
        | "sdk_get_score_config" => SDK_READ,
        "sdk_create_prompt"
        | "sdk_label_prompt"
        | "sdk_delete_prompt"
        | "sdk_create_dataset"
        | "sdk_create_dataset_item"
        | "sdk_delete_dataset_item"
        | "sdk_delete_run"
        | "sdk_create_score_config"
        | "sdk_change_score_config" => SDK_WRITE,
        "otlp_traces"
        | "otlp_logs"
        | "otlp_sdk_traces"
        | "otlp_sdk_logs"
        | "sdk_ingestion"
        | "sdk_create_scores"
        | "sdk_delete_score"
        | "sdk_announce_media"
        | "sdk_report_media"
        | "sdk_create_run_item"
        | "sdk_create_comment" => SDK_INGEST,
        _ => return None,
    })
}
