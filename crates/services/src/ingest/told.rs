//! What spans tell besides themselves.

use domain::trace::Span;
use serde_json::Value;

use crate::datasets::NewRunItem;

/// The item of a dataset a span ran, as SDKs from generation 5 on tell it: on every span of the item's trace. The root that is
/// named there stands for the item; without one each span does.
pub(super) fn run_item(span: &Span) -> Option<NewRunItem> {
    let text = |name: &str| match span.metadata.get(&format!("langfuse.experiment.{name}"))? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let item = text("item.id")?;
    let root = text("item.root_observation_id");
    if root.as_ref().is_some_and(|root| *root != span.span_id.to_string()) {
        return None;
    }
    let run_id = text("id");
    let metadata = text("metadata").map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
    Some(NewRunItem {
        run: text("name").or_else(|| run_id.clone())?,
        run_id,
        description: text("description"),
        metadata: metadata.unwrap_or_default(),
        item,
        trace: span.trace_id,
        observation: Some(span.span_id),
    })
}
