//! The mapping table: which attribute says what, first from left to right winning. `P.` stands for both `langfuse.` and
//! `abv.`, whose words are the same. Sources: `SDK-PROTOCOL.md` 4.2 to 4.4 and 9; OpenTelemetry GenAI conventions, new and
//! old names; OpenInference; OpenLLMetry (`traceloop`, `llm.usage`); MLflow; Vercel AI.

use std::{collections::HashMap, sync::LazyLock};

/// What a single attribute can say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Field {
    Kind,
    Model,
    Provider,
    Parameters,
    Input,
    Output,
    SystemInstructions,
    InputMime,
    OutputMime,
    UsageDetails,
    CostDetails,
    CompletionStart,
    FirstChunkSeconds,
    FirstChunkMillis,
    PromptName,
    PromptVersion,
    User,
    Session,
    Tags,
    SpanMetadata,
    TraceMetadata,
    TraceName,
    AgentName,
    TracePublic,
    TraceInput,
    TraceOutput,
    Environment,
    Deployment,
    Release,
    Version,
    Level,
    StatusMessage,
    ErrorType,
    AppRoot,
}

impl Field {
    pub(crate) const COUNT: usize = Self::AppRoot as usize + 1;
}

/// What attributes with a common prefix say together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Group {
    SpanMetadata,
    TraceMetadata,
    Parameters,
    UsageGenAi,
    UsageOpenInference,
    UsageVercel,
    Cost,
    InputMessages,
    OutputMessages,
}

use Field::{
    AgentName, AppRoot, CompletionStart, CostDetails, Deployment, Environment, ErrorType, FirstChunkMillis,
    FirstChunkSeconds, Input, InputMime, Kind, Level, Model, Output, OutputMime, Parameters, PromptName, PromptVersion,
    Provider, Release, Session, SpanMetadata, StatusMessage, SystemInstructions, Tags, TraceInput, TraceMetadata,
    TraceName, TraceOutput, TracePublic, UsageDetails, User, Version,
};

/// One row a field.
pub(crate) static ROWS: &[(Field, &[&str])] = &[
    (
        Kind,
        &[
            "P.observation.type",
            "ai.operationId",
            "openinference.span.kind",
            "gen_ai.operation.name",
            "traceloop.span.kind",
            "mlflow.spanType",
        ],
    ),
    (
        Model,
        &[
            "P.observation.model.name",
            "gen_ai.response.model",
            "ai.response.model",
            "llm.response.model_name",
            "gen_ai.request.model",
            "llm.model_name",
            "llm.request.model_name",
            "embedding.model_name",
            "ai.model.id",
            "mlflow.llm.model",
        ],
    ),
    (
        Provider,
        &[
            "gen_ai.provider.name",
            "gen_ai.system",
            "llm.provider",
            "llm.system",
            "ai.model.provider",
            "mlflow.llm.provider",
        ],
    ),
    (Parameters, &["P.observation.model.parameters", "llm.invocation_parameters"]),
    (
        Input,
        &[
            "P.observation.input",
            "gen_ai.input.messages",
            "gen_ai.prompt",
            "input.value",
            "traceloop.entity.input",
            "ai.prompt.messages",
            "ai.prompt",
            "mlflow.spanInputs",
            "gen_ai.tool.call.arguments",
            "ai.toolCall.args",
            "tool.parameters",
            "ai.value",
            "ai.values",
            "prompt",
        ],
    ),
    (
        Output,
        &[
            "P.observation.output",
            "gen_ai.output.messages",
            "gen_ai.completion",
            "output.value",
            "traceloop.entity.output",
            "ai.response.text",
            "ai.response.object",
            "mlflow.spanOutputs",
            "gen_ai.tool.call.result",
            "ai.toolCall.result",
            "ai.response.toolCalls",
        ],
    ),
    (SystemInstructions, &["gen_ai.system_instructions"]),
    (InputMime, &["input.mime_type"]),
    (OutputMime, &["output.mime_type"]),
    (UsageDetails, &["P.observation.usage_details", "mlflow.chat.tokenUsage"]),
    (CostDetails, &["P.observation.cost_details"]),
    (CompletionStart, &["P.observation.completion_start_time"]),
    (FirstChunkSeconds, &["gen_ai.response.time_to_first_chunk"]),
    (FirstChunkMillis, &["ai.response.msToFirstChunk"]),
    (PromptName, &["P.observation.prompt.name", "gen_ai.prompt.name", "prompt.id", "traceloop.prompt.key"]),
    (
        PromptVersion,
        &[
            "P.observation.prompt.version",
            "gen_ai.prompt.version",
            "llm.prompt_template.version",
            "traceloop.prompt.version",
        ],
    ),
    (User, &["user.id", "P.user.id", "enduser.id", "gen_ai.user", "ai.telemetry.metadata.userId", UNDER_USER]),
    (
        Session,
        &["session.id", "P.session.id", "gen_ai.conversation.id", "ai.telemetry.metadata.sessionId", UNDER_SESSION],
    ),
    (Tags, &["P.trace.tags", "tag.tags", "ai.telemetry.metadata.tags"]),
    (SpanMetadata, &["P.observation.metadata", "metadata"]),
    (TraceMetadata, &["P.trace.metadata"]),
    (TraceName, &["P.trace.name", "gen_ai.workflow.name", "traceloop.workflow.name"]),
    (AgentName, &["gen_ai.agent.name"]),
    (TracePublic, &["P.trace.public"]),
    (TraceInput, &["P.trace.input"]),
    (TraceOutput, &["P.trace.output"]),
    (Environment, &["P.environment"]),
    (Deployment, &["deployment.environment.name", "deployment.environment"]),
    (Release, &["P.release", "service.version"]),
    (Version, &["P.version"]),
    (Level, &["P.observation.level"]),
    (StatusMessage, &["P.observation.status_message"]),
    (ErrorType, &["error.type"]),
    (AppRoot, &["P.internal.is_app_root", "P.internal.as_root"]),
];

const UNDER_USER: &str = "traceloop.association.properties.user_id";
const UNDER_SESSION: &str = "traceloop.association.properties.session_id";

/// One row a prefix; exact names of [`ROWS`] come first.
pub(crate) static PREFIXES: &[(Group, &[&str])] = &[
    (Group::SpanMetadata, &["P.observation.metadata.", "traceloop.association.properties.", "ai.telemetry.metadata."]),
    (Group::TraceMetadata, &["P.trace.metadata."]),
    (Group::Parameters, &["gen_ai.request.", "ai.settings."]),
    (Group::UsageGenAi, &["gen_ai.usage.", "llm.usage."]),
    (Group::UsageOpenInference, &["llm.token_count."]),
    (Group::UsageVercel, &["ai.usage."]),
    (Group::Cost, &["llm.cost."]),
    (Group::InputMessages, &["gen_ai.prompt.", "llm.input_messages."]),
    (Group::OutputMessages, &["gen_ai.completion.", "llm.output_messages."]),
];

/// The one key under `gen_ai.usage.` that is money; seen in the wild, in no convention.
pub(crate) const USAGE_COST: &str = "gen_ai.usage.cost";

/// Parameters that name no setting and stay in the metadata.
pub(crate) const NOT_PARAMETERS: &[&str] = &["encoding_formats"];

/// What an attribute means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Meaning {
    /// It says a field, with this rank among those that do (0 wins).
    Field(Field, usize),
    /// It says a part of a group; the part's name starts at this byte of the key.
    Part(Group, usize),
    /// Nothing known here.
    Unknown,
}

static INDEX: LazyLock<HashMap<String, (Field, usize)>> = LazyLock::new(|| {
    let keys = ROWS.iter().flat_map(|(field, keys)| keys.iter().enumerate().map(|(rank, key)| (*field, rank, *key)));
    keys.flat_map(|(field, rank, key)| expand(key).map(move |key| (key, (field, rank)))).collect()
});

static STARTS: LazyLock<Vec<(String, Group)>> = LazyLock::new(|| {
    let prefixes = PREFIXES.iter().flat_map(|(group, prefixes)| prefixes.iter().map(|prefix| (*group, *prefix)));
    prefixes.flat_map(|(group, prefix)| expand(prefix).map(move |prefix| (prefix, group))).collect()
});

/// `P.` written out for both dialects.
fn expand(key: &str) -> impl Iterator<Item = String> + use<> {
    let keys = match key.strip_prefix("P.") {
        Some(rest) => vec![format!("langfuse.{rest}"), format!("abv.{rest}")],
        None => vec![key.to_owned()],
    };
    keys.into_iter()
}

/// The keys that say a field, the winning one first.
pub(crate) fn keys_of(field: Field) -> impl Iterator<Item = String> {
    ROWS.iter().filter(move |(of, _)| *of == field).flat_map(|(_, keys)| keys.iter()).flat_map(|key| expand(key))
}

/// Looks an attribute's key up.
pub(crate) fn meaning(key: &str) -> Meaning {
    if let Some((field, rank)) = INDEX.get(key) {
        return Meaning::Field(*field, *rank);
    }
    let start = STARTS.iter().find(|(prefix, _)| key.len() > prefix.len() && key.starts_with(prefix.as_str()));
    start.map_or(Meaning::Unknown, |(prefix, group)| Meaning::Part(*group, prefix.len()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_key_stands_in_the_table_twice() {
        let keys: Vec<String> = ROWS.iter().flat_map(|(_, keys)| keys.iter()).flat_map(|key| expand(key)).collect();
        let distinct: BTreeSet<&String> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(ROWS.len(), Field::COUNT, "every field has one row");
    }

    #[test]
    fn exact_names_come_before_prefixes() {
        assert_eq!(meaning("gen_ai.prompt.name"), Meaning::Field(Field::PromptName, 1));
        assert_eq!(meaning("gen_ai.prompt.0.role"), Meaning::Part(Group::InputMessages, "gen_ai.prompt.".len()));
        assert_eq!(meaning("abv.trace.metadata.k"), Meaning::Part(Group::TraceMetadata, "abv.trace.metadata.".len()));
        assert_eq!(meaning("abv.trace.metadata."), Meaning::Unknown);
        assert_eq!(meaning("P.trace.name"), Meaning::Unknown);
    }
}
