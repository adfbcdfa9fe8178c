//! Programs that ask for the slot of an experiment, to copy: whichever client a program has already.

use leptos::prelude::*;
use ui::{Card, CardBody, Choice, Code, SegmentedButtons, Snippet, live};

use super::model::SlotView;

/// Shown where the key belongs when the visitor may not see one.
const KEY_ABSENT: &str = "pk-…";
/// Shown where the secret belongs: it is told once, when the key is made.
const SECRET_GONE: &str = "sk-…";

/// The card.
#[component]
pub fn WireCard(
    /// What is asked for.
    asked: SlotView,
) -> impl IntoView {
    // As a property, `slot` would mean something to Leptos.
    let slot = asked;
    let door = RwSignal::new("openfeature".to_owned());
    let doors = vec![
        Choice::button("openfeature", "OpenFeature"),
        Choice::button("growthbook", "GrowthBook"),
        Choice::button("http", "Plain HTTP"),
    ];
    let note = format!(
        "Give {} to every call: whoever it names keeps one version. OpenFeature and HTTP take an API key with the scope resolve; \
         GrowthBook takes a client key with resolve and ingest, made under Feedback, and tells whom it exposed.",
        if slot.unit == "id" { "the user’s id" } else { &slot.unit }
    );
    let code = live(move || {
        let (id, label, snippets) = match door.get().as_str() {
            "growthbook" => ("code-growthbook", "Ask with GrowthBook", growthbook(&slot)),
            "http" => ("code-http", "Ask over HTTP", http(&slot)),
            _ => ("code-openfeature", "Ask with OpenFeature", openfeature(&slot)),
        };
        Some(view! { <Code id label snippets/> }.into_any())
    });
    view! {
        <Card
            title="Wire a program"
            beside=move || view! { <SegmentedButtons label="Client" current=door items=doors/> }
        >
            <CardBody>
                <div class="stack">
                    <p class="muted small">{note}</p>
                    {code}
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}

/// What a snippet is filled with.
struct Fill<'a> {
    address: &'a str,
    flag: &'a str,
    public: &'a str,
    prompt: &'a str,
    label: &'a str,
    unit: &'a str,
}

fn fill(slot: &SlotView) -> Fill<'_> {
    Fill {
        address: &slot.address,
        flag: &slot.flag_key,
        public: slot.public_key.as_deref().unwrap_or(KEY_ABSENT),
        prompt: &slot.prompt,
        label: &slot.label,
        unit: &slot.unit,
    }
}

/// The context of an OpenFeature call: the user's id is its targeting key, anything else an attribute.
fn python_context(unit: &str) -> String {
    match unit {
        "id" => "EvaluationContext(targeting_key=\"user-1\")".to_owned(),
        unit => format!("EvaluationContext(targeting_key=\"user-1\", attributes={{\"{unit}\": \"…\"}})"),
    }
}

fn script_context(unit: &str) -> String {
    match unit {
        "id" => "{ targetingKey: \"user-1\" }".to_owned(),
        unit => format!("{{ targetingKey: \"user-1\", {unit}: \"…\" }}"),
    }
}

fn openfeature(slot: &SlotView) -> Vec<Snippet> {
    let Fill { address, flag, public, prompt, unit, .. } = fill(slot);
    let (python_context, script_context) = (python_context(unit), script_context(unit));
    let python = format!(
        r#"# pip install openfeature-sdk openfeature-provider-ofrep
from base64 import b64encode
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

key = b64encode("{public}:{SECRET_GONE}".encode()).decode()
api.set_provider(OFREPProvider(base_url="{address}", headers_factory=lambda: {{"Authorization": f"Basic {{key}}"}}))

user = {python_context}
version = api.get_client().get_string_value("{flag}", "", user)
# The version of {prompt} to fetch; empty when Assay cannot be reached: use the label then.
"#
    );
    let javascript = format!(
        r#"// npm install @openfeature/server-sdk @openfeature/ofrep-provider
import {{ OpenFeature }} from "@openfeature/server-sdk";
import {{ OFREPProvider }} from "@openfeature/ofrep-provider";

const key = Buffer.from("{public}:{SECRET_GONE}").toString("base64");
await OpenFeature.setProviderAndWait(
  new OFREPProvider({{ baseUrl: "{address}", headers: [["Authorization", `Basic ${{key}}`]] }}),
);

const user = {script_context};
const version = await OpenFeature.getClient().getStringValue("{flag}", "", user);
// The version of {prompt} to fetch; empty when Assay cannot be reached: use the label then.
"#
    );
    vec![Snippet::new("Python", python), Snippet::new("JavaScript", javascript)]
}

/// GrowthBook's clients assign by themselves, so each tells whom it exposed.
fn growthbook(slot: &SlotView) -> Vec<Snippet> {
    let Fill { address, flag, unit, .. } = fill(slot);
    let client = slot.client_key.as_deref().unwrap_or(KEY_ABSENT);
    let python = format!(
        r#"# pip install growthbook requests
import requests
from growthbook import GrowthBook


def met(experiment, result, **_):
    requests.post(
        "{address}/api/v1/exposures",
        headers={{"Authorization": "Bearer {client}"}},
        json={{"experiment": experiment.key, "unit": result.hashValue, "arm": result.key}},
        timeout=2,
    )


gb = GrowthBook(
    api_host="{address}", client_key="{client}", attributes={{"{unit}": "user-1"}}, on_experiment_viewed=met
)
gb.load_features()
version = gb.get_feature_value("{flag}", "")
"#
    );
    let javascript = format!(
        r#"// npm install @growthbook/growthbook
import {{ GrowthBook }} from "@growthbook/growthbook";

const gb = new GrowthBook({{
  apiHost: "{address}",
  clientKey: "{client}",
  attributes: {{ "{unit}": "user-1" }},
  trackingCallback: (experiment, result) =>
    fetch("{address}/api/v1/exposures", {{
      method: "POST",
      headers: {{ authorization: "Bearer {client}", "content-type": "application/json" }},
      body: JSON.stringify({{ experiment: experiment.key, unit: result.hashValue, arm: result.key }}),
    }}),
}});
await gb.init();
const version = gb.getFeatureValue("{flag}", "");
"#
    );
    vec![Snippet::new("Python", python), Snippet::new("JavaScript", javascript)]
}

fn http(slot: &SlotView) -> Vec<Snippet> {
    let Fill { address, public, prompt, label, unit, .. } = fill(slot);
    let named = if unit == "id" {
        "\"unit\": \"user-1\"".to_owned()
    } else {
        format!("\"attributes\": {{\"{unit}\": \"…\"}}")
    };
    let python = format!(
        r#"# pip install requests
import requests

answer = requests.post(
    "{address}/api/v1/resolve",
    auth=("{public}", "{SECRET_GONE}"),
    json={{"prompt": "{prompt}", "label": "{label}", {named}}},
    timeout=2,
).json()
print(answer["version"], answer["arm"], answer["body"])
"#
    );
    let javascript = format!(
        r#"const key = Buffer.from("{public}:{SECRET_GONE}").toString("base64");
const response = await fetch("{address}/api/v1/resolve", {{
  method: "POST",
  headers: {{ authorization: `Basic ${{key}}`, "content-type": "application/json" }},
  body: JSON.stringify({{ "prompt": "{prompt}", "label": "{label}", {named} }}),
}});
const answer = await response.json();
console.log(answer.version, answer.arm, answer.body);
"#
    );
    let shell = format!(
        r#"curl -u {public}:{SECRET_GONE} {address}/api/v1/resolve \
  -H 'content-type: application/json' \
  -d '{{"prompt": "{prompt}", "label": "{label}", {named}}}'
"#
    );
    vec![Snippet::new("Python", python), Snippet::new("JavaScript", javascript), Snippet::new("curl", shell)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_carries_the_address_the_key_and_the_slot() {
        let slot = SlotView {
            prompt: "support/answer".to_owned(),
            label: "production".to_owned(),
            protected: false,
            flag_key: "support-answer.production".to_owned(),
            unit: "team_id".to_owned(),
            address: "http://a:1".to_owned(),
            public_key: Some("pk-1".to_owned()),
            client_key: Some("pk-1".to_owned()),
        };
        for snippet in [openfeature(&slot), growthbook(&slot), http(&slot)].concat() {
            for wanted in ["http://a:1", "pk-1", "team_id"] {
                assert!(snippet.text.contains(wanted), "{wanted} is not in {}", snippet.text);
            }
            let slot_named = snippet.text.contains(&slot.flag_key) || snippet.text.contains("\"support/answer\"");
            assert!(slot_named, "{}", snippet.text);
        }
    }
}
