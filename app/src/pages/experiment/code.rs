//! Programs that ask for the slot of an experiment, to copy: whichever client a program has already. Server only.

use domain::experiment::{Allocation, Design};

use super::model::{DoorView, WireView};

/// Shown where the key belongs when the visitor may not see one.
const KEY_ABSENT: &str = "pk-…";
/// Shown where the secret belongs: it is told once, when the key is made.
const SECRET_GONE: &str = "sk-…";

/// The programs by the client they ask with.
pub(super) fn wire(slot: &Fill<'_>) -> WireView {
    let door = |key: &str, title: &str, label: &str, programs: Vec<(&str, String)>| DoorView {
        key: key.to_owned(),
        title: title.to_owned(),
        label: label.to_owned(),
        programs: programs.into_iter().map(|(language, text)| (language.to_owned(), text)).collect(),
    };
    let who = if slot.unit == "id" { "the user’s id" } else { slot.unit };
    let key = match slot.deals {
        Deals::Anybody => {
            "; GrowthBook takes a client key with resolve and ingest, made under Feedback, and tells whom it exposed."
        }
        Deals::Server => {
            ". Units keep the arm they met, which only this server knows: GrowthBook’s clients and the offline bundle, which deal \
             arms by themselves, serve the control."
        }
        Deals::ServerOneByOne => {
            ". The split moves, so only a question for this one slot deals an arm. Whoever asks for all flags at once, as browser \
             clients of OpenFeature do, gets the control until the unit has met the experiment; GrowthBook’s clients and the \
             offline bundle, which deal arms by themselves, always serve it."
        }
    };
    let mut doors = vec![door("openfeature", "OpenFeature", "Ask with OpenFeature", openfeature(slot))];
    if slot.deals == Deals::Anybody {
        doors.push(door("growthbook", "GrowthBook", "Ask with GrowthBook", growthbook(slot)));
    }
    doors.push(door("http", "Plain HTTP", "Ask over HTTP", http(slot)));
    let note = format!(
        "Give {who} to every call: whoever it names keeps one version. OpenFeature and HTTP take an API key with the scope \
         resolve{key}"
    );
    WireView { note, doors }
}

/// Who can give a unit its arm.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Deals {
    /// Clients too: it follows from the rule alone.
    Anybody,
    /// Whoever knows what the unit met before.
    Server,
    /// Whoever notes at once by which weights it was dealt.
    ServerOneByOne,
}

impl Deals {
    /// As a design has it.
    pub(super) fn of(design: &Design) -> Self {
        match design.allocation {
            Allocation::Adaptive => Self::ServerOneByOne,
            Allocation::Fixed if design.sticky => Self::Server,
            Allocation::Fixed => Self::Anybody,
        }
    }
}

/// What a snippet is filled with.
#[derive(Clone, Copy)]
pub(super) struct Fill<'a> {
    /// The address of this server.
    pub(super) address: &'a str,
    /// The key flag clients use.
    pub(super) flag: &'a str,
    /// Public key of a pair with the scope resolve, if the visitor may see keys and there is one.
    pub(super) public: Option<&'a str>,
    /// A client key likewise: what GrowthBook's clients ask with.
    pub(super) client: Option<&'a str>,
    pub(super) prompt: &'a str,
    pub(super) label: &'a str,
    /// The attribute that carries the unit's id.
    pub(super) unit: &'a str,
    /// Which clients there are programs for.
    pub(super) deals: Deals,
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
        unit => format!("{{ targetingKey: \"user-1\", \"{unit}\": \"…\" }}"),
    }
}

fn openfeature(slot: &Fill<'_>) -> Vec<(&'static str, String)> {
    let Fill { address, flag, prompt, unit, .. } = *slot;
    let public = slot.public.unwrap_or(KEY_ABSENT);
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
    vec![("Python", python), ("JavaScript", javascript)]
}

/// GrowthBook's clients assign by themselves, so each tells whom it exposed.
fn growthbook(slot: &Fill<'_>) -> Vec<(&'static str, String)> {
    let Fill { address, flag, unit, .. } = *slot;
    let client = slot.client.unwrap_or(KEY_ABSENT);
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
    vec![("Python", python), ("JavaScript", javascript)]
}

fn http(slot: &Fill<'_>) -> Vec<(&'static str, String)> {
    let Fill { address, prompt, label, unit, .. } = *slot;
    let public = slot.public.unwrap_or(KEY_ABSENT);
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
    vec![("Python", python), ("JavaScript", javascript), ("curl", shell)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_carries_the_address_the_key_and_the_slot() {
        let slot = Fill {
            prompt: "support/answer",
            label: "production",
            flag: "support-answer.production",
            // What a program must quote: with a hyphen it is no name in JavaScript.
            unit: "team-id",
            address: "http://a:1",
            public: Some("pk-1"),
            client: Some("pk-1"),
            deals: Deals::Anybody,
        };
        for (_, text) in [openfeature(&slot), growthbook(&slot), http(&slot)].concat() {
            for wanted in ["http://a:1", "pk-1", "\"team-id\": "] {
                assert!(text.contains(wanted), "{wanted} is not in {text}");
            }
            assert!(text.contains(slot.flag) || text.contains("\"support/answer\""), "{text}");
        }
        let doors =
            |deals| -> Vec<String> { wire(&Fill { deals, ..slot }).doors.into_iter().map(|door| door.key).collect() };
        assert_eq!(doors(Deals::Anybody), ["openfeature", "growthbook", "http"]);
        for deals in [Deals::Server, Deals::ServerOneByOne] {
            assert_eq!(doors(deals), ["openfeature", "http"], "what deals arms by itself cannot");
            assert!(wire(&Fill { deals, ..slot }).note.contains("GrowthBook’s clients and the offline bundle"));
        }
    }
}
