//! Evaluations that come as events: `gen_ai.evaluation.result`, as a span event or as a log record.

use domain::{
    Invalid,
    ids::{SpanId, TraceId},
    score::{ScoreName, ScoreTarget, ScoreValue},
    time::TimeNs,
};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::slots::text;
use crate::{
    langfuse::ScoreDraft,
    raw::{Any, Attribute},
};

/// What such an event is called.
pub(crate) const EVENT: &str = "gen_ai.evaluation.result";
const PREFIX: &str = "gen_ai.evaluation.";
/// Characters of a label that is a category.
const LABEL_CHARS: usize = 500;

/// The score an evaluation of a span is. Its id follows from what it says, so that the same event again is the same score.
pub(crate) fn score(
    attributes: &[Attribute<'_>],
    trace: TraceId,
    span: SpanId,
    at: Option<TimeNs>,
) -> Result<ScoreDraft, String> {
    let said = |name: &str| {
        let attribute = attributes.iter().find(|attribute| attribute.key.strip_prefix(PREFIX) == Some(name))?;
        Some(&attribute.value)
    };
    let words =
        |name: &str| said(name).and_then(text).filter(|text| !text.is_empty()).map(std::borrow::Cow::into_owned);
    let name = words("name").ok_or("an evaluation needs `gen_ai.evaluation.name`")?;
    let label = words("score.label");
    let number = said("score.value").and_then(|value| match value {
        Any::Json(Value::Bool(yes)) => Some(f64::from(u8::from(*yes))),
        value => text(value)?.parse::<f64>().ok(),
    });
    let value = match (number, &label) {
        (Some(number), _) => ScoreValue::numeric(number).map_err(|invalid: Invalid| invalid.to_string())?,
        (None, Some(label)) if label.chars().nth(LABEL_CHARS).is_none() => ScoreValue::Categorical(label.clone()),
        _ => {
            let wanted = "an evaluation needs `gen_ai.evaluation.score.value`, a number, or a short `.score.label`";
            return Err(wanted.to_owned());
        }
    };
    let mut metadata = Map::new();
    if let (Some(_), Some(label)) = (number, &label) {
        metadata.insert("label".to_owned(), Value::from(label.as_str()));
    }
    for attribute in attributes {
        if !attribute.key.starts_with(PREFIX) && attribute.key != "event.name" {
            metadata.insert(attribute.key.clone().into_owned(), attribute.value.clone().into_value());
        }
    }
    let response = metadata.get("gen_ai.response.id").and_then(Value::as_str).unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [&trace.to_string(), &span.to_string(), &name, response, &at.map_or(0, |at| at.0).to_string()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize().iter().take(16).fold(0_u128, |all, byte| (all << 8) | u128::from(*byte));
    Ok(ScoreDraft {
        id: format!("otel-{digest:032x}").parse().ok(),
        target: ScoreTarget::Observation { trace, span },
        name: ScoreName::try_from(name).map_err(|invalid| invalid.to_string())?,
        value,
        comment: words("explanation"),
        metadata: if metadata.is_empty() { Value::Null } else { Value::Object(metadata) },
        environment: "default".to_owned(),
        config_id: None,
        at_us: at.map(TimeNs::to_us),
    })
}
