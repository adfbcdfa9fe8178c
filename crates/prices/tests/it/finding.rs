//! Which entry of the catalogue a name finds.

use prices::{Catalogue, Entry};

#[test]
fn a_name_finds_its_model() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut wrong = Vec::new();
    for (provider, model, key) in [
        // The provider the span names, in any instrumentation's words.
        (Some("openai"), "gpt-4o-2024-08-06", Some("openai/gpt-4o")),
        (Some("azure.ai.openai"), "gpt-4o", Some("openai/gpt-4o")),
        (Some("azure.ai.openai"), "text-embedding-ada-002", Some("azure/ada")),
        (
            Some("aws.bedrock"),
            "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
            Some("aws/regional.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ),
        (Some("gcp.vertex_ai"), "claude-sonnet-4-5@20250929", Some("google/claude-sonnet-4-5")),
        (Some("openrouter"), "openai/gpt-4o-mini", Some("openrouter/openai/gpt-4o-mini")),
        // Names that look like one provider's.
        (None, "claude-sonnet-4-5-20250929", Some("anthropic/claude-sonnet-4-5")),
        (None, "GPT-4o", Some("openai/gpt-4o")),
        (None, " gpt-4o ", Some("openai/gpt-4o")),
        (Some("my own gateway"), "gpt-4o", Some("openai/gpt-4o")),
        (None, "o3", Some("openai/o3")),
        (None, "gemini-2.5-pro", Some("google/gemini-2.5-pro")),
        (None, "mistral-large-latest", Some("mistral/mistral-large")),
        (None, "text-embedding-3-small", Some("openai/text-embedding-3-small")),
        // Exact names.
        (None, "ai21.jamba-1-5-large-v1:0", Some("bedrock/ai21.jamba-1-5-large-v1:0")),
        // A leading part that names the provider, or nothing.
        (None, "anthropic/claude-sonnet-4-5", Some("anthropic/claude-sonnet-4-5")),
        (None, "groq/llama-3.1-8b-instant", Some("groq/llama-3.1-8b-instant")),
        (None, "models/gemini-2.5-pro", Some("google/gemini-2.5-pro")),
        (Some("vertex_ai"), "publishers/google/models/gemini-2.5-pro", Some("google/gemini-2.5-pro")),
        // Bedrock's form of names.
        (
            None,
            "bedrock/us.anthropic.claude-3-5-sonnet-20241022-v2:0",
            Some("aws/regional.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ),
        (None, "anthropic.claude-3-haiku-20240307-v1:0", Some("aws/regional.anthropic.claude-3-haiku-20240307-v1:0")),
        // Nobody's.
        (None, "my-finetune-7b", None),
        (Some("openai"), "", None),
        (None, "////////////////", None),
    ] {
        let found = catalogue.find(provider, model).map(Entry::key);
        if found != key {
            wrong.push(format!("{provider:?} {model}: {found:?}, not {key:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// The names a rule names, without those it excludes.
fn names(rule: &serde_json::Value) -> Vec<&str> {
    match (rule[0].as_str(), rule.as_array()) {
        (Some("="), _) => rule[1].as_str().into_iter().collect(),
        (Some("or"), Some(parts)) => parts[1..].iter().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_name_in_the_catalogue_finds_a_price_at_its_provider() {
    let catalogue = Catalogue::embedded().unwrap();
    let file: serde_json::Value = serde_json::from_str(include_str!("../../data/model-prices.json")).unwrap();
    let mut looked_for = 0;
    for provider in file["providers"].as_array().unwrap() {
        let id = provider["id"].as_str().unwrap();
        for name in provider["models"].as_array().unwrap().iter().flat_map(|model| names(&model["match"])) {
            let found = catalogue.find(Some(id), name).map(Entry::provider);
            assert_eq!(found, Some(id), "{name}");
            looked_for += 1;
        }
    }
    for exact in file["exact"].as_array().unwrap() {
        assert!(catalogue.find(None, exact["id"].as_str().unwrap()).is_some(), "{exact}");
        looked_for += 1;
    }
    assert!(looked_for > 2800, "{looked_for}");
}
