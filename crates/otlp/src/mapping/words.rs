//! The vocabularies of span kinds.

use domain::trace::SpanKind;

/// The kind a word of any dialect names; `None` for a word nobody defined.
pub(crate) fn kind(word: &str) -> Option<SpanKind> {
    // MLflow writes every attribute as JSON, so its words come in quotes.
    let word = word.trim_matches('"');
    if let Some(call) = word.strip_prefix("ai.") {
        return Some(vercel(call));
    }
    if let Ok(kind) = word.parse() {
        return Some(kind);
    }
    Some(match word.to_ascii_lowercase().as_str() {
        "chat" | "text_completion" | "generate_content" | "llm" | "chat_model" | "completion" => SpanKind::Generation,
        "embeddings" => SpanKind::Embedding,
        "execute_tool" => SpanKind::Tool,
        "invoke_agent" | "create_agent" => SpanKind::Agent,
        "invoke_workflow" | "workflow" => SpanKind::Chain,
        "retrieval" | "reranker" => SpanKind::Retriever,
        "task" | "parser" | "unknown" => SpanKind::Span,
        _ => return None,
    })
}

/// Vercel's SDK nests `doGenerate` in a span with the same model and usage; only the inner one is the call.
fn vercel(call: &str) -> SpanKind {
    match call {
        "toolCall" => SpanKind::Tool,
        _ if call.ends_with(".doEmbed") => SpanKind::Embedding,
        _ if call.ends_with(".doGenerate") || call.ends_with(".doStream") => SpanKind::Generation,
        _ => SpanKind::Chain,
    }
}
