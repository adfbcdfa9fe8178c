//! What instrumentations call the providers of the catalogue.

/// Names by provider of the catalogue; in lower case, with `-` for `_` and spaces. Sources: OpenTelemetry GenAI
/// (`gen_ai.provider.name` and the older `gen_ai.system`), OpenInference, OpenLLMetry, LiteLLM, LangChain, Vercel AI.
const NAMES: &[(&str, &[&str])] = &[
    ("anthropic", &["anthropic", "claude"]),
    ("arcee", &["arcee", "arcee-ai"]),
    ("aws", &["aws", "amazon", "bedrock", "amazon-bedrock", "aws-bedrock", "bedrock-converse"]),
    ("azure", &["azure", "az", "azure-openai", "azure-ai", "azure-ai-inference", "azureopenai", "microsoft"]),
    ("cerebras", &["cerebras"]),
    ("cloudflare", &["cloudflare", "workers-ai", "cloudflare-workers-ai", "workersai"]),
    ("cohere", &["cohere", "cohere-chat"]),
    ("databricks", &["databricks"]),
    ("deepseek", &["deepseek"]),
    ("fireworks", &["fireworks", "fireworks-ai", "fireworksai"]),
    (
        "google",
        &[
            "google",
            "gemini",
            "gcp",
            "google-genai",
            "google-generative-ai",
            "google-generativeai",
            "google-vertex",
            "google-vertexai",
            "google-gla",
            "google-vertex-ai",
            "vertex",
            "vertexai",
            "vertex-ai",
        ],
    ),
    ("groq", &["groq"]),
    ("meta", &["meta", "meta-llama", "llama-api"]),
    ("minimax", &["minimax"]),
    ("mistral", &["mistral", "mistralai", "mistral-ai"]),
    ("moonshotai", &["moonshotai", "moonshot", "moonshot-ai", "kimi"]),
    ("novita", &["novita", "novita-ai"]),
    ("openai", &["openai"]),
    ("openrouter", &["openrouter"]),
    ("ovhcloud", &["ovhcloud", "ovh"]),
    ("perplexity", &["perplexity", "perplexity-ai"]),
    ("together", &["together", "togetherai", "together-ai", "together.ai"]),
    ("voyageai", &["voyageai", "voyage", "voyage-ai"]),
    ("x-ai", &["x-ai", "xai", "x.ai", "grok"]),
    ("zai", &["zai", "z-ai", "z.ai"]),
    ("zhipuai", &["zhipuai", "zhipu", "zhipu-ai", "bigmodel"]),
];

/// The provider of the catalogue that a span's provider names: `azure.ai.openai` and `az.ai.openai` are `azure`,
/// `vertex_ai` is `google`, `openai.responses` is `openai`. `None` for one the catalogue does not have.
pub fn provider_id(name: &str) -> Option<&'static str> {
    let plain = name.trim().to_lowercase().replace(['_', ' '], "-");
    let known = |wanted: &str| NAMES.iter().find(|(_, names)| names.contains(&wanted)).map(|(id, _)| *id);
    // What follows a dot is the product or the endpoint.
    known(&plain).or_else(|| known(plain.split('.').next().unwrap_or_default()))
}

/// Makers whose models Bedrock calls `maker.model`, also with a region before: `us.anthropic.claude-…`.
const BEDROCK_MAKERS: &[&str] = &[
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "stability",
    "twelvelabs",
    "writer",
    "zai",
];

/// Whether a model's name, in lower case, has Bedrock's form.
pub(crate) fn is_bedrock_name(name: &str) -> bool {
    let mut parts = name.split('.');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let region =
        |text: &str| matches!(text, "us" | "eu" | "ap" | "apac" | "au" | "ca" | "jp" | "sa" | "global" | "us-gov");
    !second.is_empty() && (BEDROCK_MAKERS.contains(&first) || (region(first) && BEDROCK_MAKERS.contains(&second)))
}

/// Every provider this knows names of.
#[cfg(test)]
pub(crate) fn known() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_instrumentations_are_understood() {
        for (name, id) in [
            ("openai", Some("openai")),
            ("OpenAI", Some("openai")),
            ("openai.responses", Some("openai")),
            ("azure.ai.openai", Some("azure")),
            ("az.ai.openai", Some("azure")),
            ("azure.ai.inference", Some("azure")),
            ("azure-openai.chat", Some("azure")),
            ("aws.bedrock", Some("aws")),
            ("bedrock_converse", Some("aws")),
            ("gcp.vertex_ai", Some("google")),
            ("gcp.gemini", Some("google")),
            ("vertex_ai", Some("google")),
            ("google.generative-ai", Some("google")),
            ("mistral_ai", Some("mistral")),
            ("x_ai", Some("x-ai")),
            ("x.ai", Some("x-ai")),
            ("together_ai", Some("together")),
            ("z.ai", Some("zai")),
            ("my gateway", None),
            ("", None),
        ] {
            assert_eq!(provider_id(name), id, "{name}");
        }
    }

    #[test]
    fn bedrock_names_have_a_maker() {
        for name in
            ["anthropic.claude-3-haiku-20240307-v1:0", "us.anthropic.claude-sonnet-4-5-v1:0", "amazon.nova-lite-v1:0"]
        {
            assert!(is_bedrock_name(name), "{name}");
        }
        for name in ["gpt-4.1", "us.gpt", "anthropic", "claude-3.5-sonnet", ""] {
            assert!(!is_bedrock_name(name), "{name}");
        }
    }
}
