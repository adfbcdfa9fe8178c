//! The home of a project: what is set up, what arrived, what the last day looked like.

use serde::{Deserialize, Serialize};

use crate::{measured::Measured, pages::experiments::model::ExperimentLine};

/// Everything the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HomeView {
    /// Name of the project.
    pub project_name: String,
    /// Address clients use.
    pub address: String,
    /// Public part of the newest key that can send and fetch, if there is one.
    pub public_key: Option<String>,
    /// Whether the visitor may make keys.
    pub may_make_keys: bool,
    /// What arrived.
    pub progress: Progress,
    /// How things are; `None` until something came.
    pub health: Option<Health>,
    /// Experiments under way.
    pub experiments: Vec<ExperimentLine>,
    /// What changed this week; `None` until something came.
    pub week: Option<Week>,
    /// The server's present.
    pub now_us: i64,
}

/// How far the set-up is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "a checklist is a list of yes and no")]
pub struct Progress {
    /// There is a key.
    pub key: bool,
    /// There is a prompt.
    pub prompt: bool,
    /// A span came.
    pub span: bool,
    /// A generation came that names its prompt version.
    pub link: bool,
    /// A score came.
    pub score: bool,
}

impl Progress {
    /// The steps in order: whether done, what, and why.
    pub fn steps(&self) -> [(bool, &'static str, &'static str); 5] {
        [
            (self.key, "Make an API key", "Programs sign in with it."),
            (self.prompt, "Save a prompt", "From code as below, or through the API. Every save is a new version."),
            (self.span, "Send a trace", "Any call of your model, through an SDK or OpenTelemetry."),
            (
                self.link,
                "Link it to the prompt",
                "Pass the prompt to the generation, so that its numbers count for the version.",
            ),
            (self.score, "Score it", "A thumb, a judge, a test: whatever says whether the answer was good."),
        ]
    }

    /// How many are done.
    pub fn done(&self) -> usize {
        self.steps().iter().filter(|(done, ..)| *done).count()
    }

    /// Whether nothing is left to do.
    pub fn is_complete(&self) -> bool {
        self.done() == self.steps().len()
    }
}

/// How things are: the last 24 hours in numbers, and what waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// Generations of this hour and the one before, written.
    pub lately: String,
    /// Generations of the last 24 hours.
    pub count: u64,
    /// Share of them that failed.
    pub error_rate: Measured,
    /// 95th percentile of their latency, nanoseconds.
    pub latency_p95: Measured,
    /// Their cost, nano-dollars; `n` says how many have one.
    pub cost: Measured,
    /// Those that name no prompt version.
    pub unlinked: u64,
    /// Events received and not stored yet, of the whole server.
    pub waiting: u64,
    /// How long ago the oldest event not counted yet was stored, milliseconds.
    pub lag_ms: u64,
}

/// What changed this week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Week {
    /// Versions saved and labels moved, newest first.
    pub changes: Vec<ChangeLine>,
    /// Numbers that differ from the week before by more than chance explains, the surest first.
    pub moved: Vec<MovedLine>,
    /// How many numbers were compared.
    pub compared: u32,
}

/// A version saved, or a label moved.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ChangeLine {
    /// Prompt.
    pub prompt: String,
    /// When, microseconds.
    pub at_us: i64,
    /// Who.
    pub by: String,
    /// The label that moved; `None` when a version was saved.
    pub label: Option<String>,
    /// The version it left.
    pub from: Option<u32>,
    /// The version it went to, or the one saved.
    pub to: Option<u32>,
    /// Why, if they said.
    pub why: Option<String>,
}

/// Which way a number went.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Direction {
    /// Up.
    Up,
    /// Down.
    Down,
}

/// A number of a prompt that moved.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct MovedLine {
    /// Prompt.
    pub prompt: String,
    /// The trend on the prompt's page.
    pub trend: String,
    /// What it is called.
    pub name: String,
    /// The week before, written.
    pub before: String,
    /// This week.
    pub now: String,
    /// The change.
    pub change: String,
    /// Where the true change lies, in words.
    pub interval: String,
    /// What both rest on, the week before first.
    pub n: (u64, u64),
    /// Whether that is good, where it can be said.
    pub is_good: Option<bool>,
}

/// Shown where the secret belongs when it is not known any more.
const SECRET_GONE: &str = "sk-…";

/// The address and keys a program needs.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// Base address, without a slash at the end.
    pub address: &'a str,
    /// Public key.
    pub public_key: Option<&'a str>,
    /// Secret key, known only right after it was made.
    pub secret_key: Option<&'a str>,
}

impl Credentials<'_> {
    fn public(&self) -> &str {
        self.public_key.unwrap_or("pk-…")
    }

    fn secret(&self) -> &str {
        self.secret_key.unwrap_or(SECRET_GONE)
    }
}

/// A whole Python program: save a prompt, fetch it, send one linked generation, score it.
pub fn python(credentials: Credentials<'_>) -> String {
    format!(
        r#"# pip install langfuse
from langfuse import Langfuse

assay = Langfuse(
    base_url="{address}",
    public_key="{public}",
    secret_key="{secret}",
)

assay.create_prompt(name="hello", prompt="Say hello to {{{{name}}}}.", labels=["production"])
prompt = assay.get_prompt("hello")

with assay.start_as_current_observation(
    name="greet", as_type="generation", model="my-model",
    prompt=prompt, input=prompt.compile(name="Ana"),
) as generation:
    # Call your model here.
    generation.update(output="Hello, Ana!", usage_details={{"input": 9, "output": 4}})
    generation.score(name="thumbs-up", value=1, data_type="BOOLEAN")

assay.flush()
"#,
        address = credentials.address,
        public = credentials.public(),
        secret = credentials.secret(),
    )
}

/// The same in JavaScript.
pub fn javascript(credentials: Credentials<'_>) -> String {
    format!(
        r#"// npm install @langfuse/client @langfuse/tracing @langfuse/otel @opentelemetry/sdk-node
import {{ LangfuseClient }} from "@langfuse/client";
import {{ LangfuseSpanProcessor }} from "@langfuse/otel";
import {{ startObservation }} from "@langfuse/tracing";
import {{ NodeSDK }} from "@opentelemetry/sdk-node";

const keys = {{
  baseUrl: "{address}",
  publicKey: "{public}",
  secretKey: "{secret}",
}};
const assay = new LangfuseClient(keys);
const spans = new LangfuseSpanProcessor(keys);
const sdk = new NodeSDK({{ spanProcessors: [spans] }});
sdk.start();

await assay.prompt.create({{ name: "hello", prompt: "Say hello to {{{{name}}}}.", labels: ["production"] }});
const prompt = await assay.prompt.get("hello");

const generation = startObservation(
  "greet",
  {{ model: "my-model", prompt, input: prompt.compile({{ name: "Ana" }}) }},
  {{ asType: "generation" }},
);
// Call your model here.
generation.update({{ output: "Hello, Ana!", usageDetails: {{ input: 9, output: 4 }} }}).end();
assay.score.observation(generation, {{ name: "thumbs-up", value: 1, dataType: "BOOLEAN" }});

await assay.flush();
await spans.forceFlush();
await sdk.shutdown();
"#,
        address = credentials.address,
        public = credentials.public(),
        secret = credentials.secret(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_carries_the_real_key_and_keeps_the_template() {
        let credentials = Credentials { address: "http://a:1", public_key: Some("pk-1"), secret_key: Some("sk-1") };
        for code in [python(credentials), javascript(credentials)] {
            for wanted in ["\"http://a:1\"", "\"pk-1\"", "\"sk-1\"", "Say hello to {{name}}."] {
                assert!(code.contains(wanted), "{wanted} is not in {code}");
            }
        }
    }

    #[test]
    fn progress_counts_what_is_done() {
        let progress = Progress { key: true, span: true, ..Progress::default() };
        assert_eq!(progress.done(), 2);
        assert!(!progress.is_complete());
    }
}
