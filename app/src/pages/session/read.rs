//! Between the session's address and `services`. Server only.

use domain::{
    page::PageSize,
    score::{Score, ScoreTarget, ScoreValue},
};
use serde_json::Value;
use services::{ServiceError, traces::Turn};
use ui::JsonValue;

use super::model::{SessionView, TurnView};
use crate::{
    context::{self, Visit},
    error::AppError,
    pages::gathered::{
        model::Kind,
        read::{by, line},
    },
};

/// Traces a page.
const TURNS: u32 = 20;
/// Characters shown of one input or output; the trace's own page has it whole.
const SHOWN: usize = 20_000;

pub(super) async fn view(visit: &Visit, id: &str, cursor: Option<&str>) -> Result<SessionView, AppError> {
    let traces = &visit.services.traces;
    let (actor, project) = (&visit.actor, visit.project.id);
    let head = traces.gathered_one(actor, project, by(Kind::Session), id).await.map_err(context::refusal)?;
    let size = PageSize::new(TURNS).map_err(|error| context::refusal(ServiceError::of("limit")(error)))?;
    let page = traces.turns(actor, project, id, cursor, size).await.map_err(context::refusal)?;
    let of_session = |score: &&Score| matches!(score.target, ScoreTarget::Session { .. });
    let scores = page
        .items
        .first()
        .map(|turn| turn.scores.iter().map(|record| &record.score).filter(of_session).map(score).collect())
        .unwrap_or_default();
    Ok(SessionView {
        head: line(head),
        scores,
        turns: page.items.into_iter().map(turn).collect(),
        next: page.next,
        now_us: visit.now.0,
    })
}

fn turn(turn: Turn) -> TurnView {
    let Turn { trace, input, output, scores } = turn;
    let (input, input_cut) = shown(input);
    let (output, output_cut) = shown(output);
    TurnView {
        id: trace.trace_id.to_string(),
        name: trace.name,
        start_us: trace.start_ns.to_us().0,
        duration_ns: trace.end_ns.0.saturating_sub(trace.start_ns.0),
        errors: trace.errors,
        cost: trace.cost.map(|cost| cost.0),
        links: trace.links,
        input,
        output,
        cut: input_cut || output_cut,
        scores: scores
            .iter()
            .map(|record| &record.score)
            .filter(|score| !matches!(score.target, ScoreTarget::Session { .. }))
            .map(score)
            .collect(),
    }
}

/// A value as far as it is shown, and whether there is more of it.
fn shown(value: Option<Value>) -> (Option<JsonValue>, bool) {
    let Some(value) = value else { return (None, false) };
    let text = match &value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(SHOWN) {
        None => (Some(value.into()), false),
        Some((end, _)) => {
            let start = text.get(..end).unwrap_or_default();
            (Some(JsonValue::Text(format!("{start}…"))), true)
        }
    }
}

fn score(score: &Score) -> (String, String) {
    let value = match &score.value {
        ScoreValue::Numeric(value) => ui::format::number(*value),
        ScoreValue::Boolean(true) => "yes".to_owned(),
        ScoreValue::Boolean(false) => "no".to_owned(),
        ScoreValue::Categorical(text) | ScoreValue::Text(text) => text.clone(),
    };
    (score.name.as_str().to_owned(), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_short_ones_left_alone() {
        assert_eq!(shown(None), (None, false));
        assert_eq!(shown(Some(Value::from("hi"))), (Some(JsonValue::Text("hi".to_owned())), false));
        let (cut, is_cut) = shown(Some(Value::from("é".repeat(SHOWN + 1))));
        assert!(is_cut);
        assert_eq!(cut, Some(JsonValue::Text(format!("{}…", "é".repeat(SHOWN)))));
    }
}
