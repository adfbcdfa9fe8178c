//! The experiments: which versions were compared, from when to when, by what.

use domain::{
    experiment::{Arm, Design, ExperimentMetric, Plan, Schedule},
    time::TimeUs,
};
use serde_json::{Value, json};

use crate::{
    DemoError,
    history::{CHAT_TIMELINE, MATH_TIMELINE, before},
};

/// An experiment of the demo, on the label `production` of a prompt. Its units are users.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoTrial {
    /// Its key.
    pub key: &'static str,
    /// The prompt.
    pub prompt: &'static str,
    /// What was compared.
    pub design: Design,
    /// When it was launched.
    pub launched: TimeUs,
    /// How it ended; none while it runs.
    pub shipped: Option<Shipped>,
}

/// How a trial of the demo ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shipped {
    /// The key of the arm everybody got.
    pub arm: &'static str,
    /// When.
    pub at: TimeUs,
    /// Why.
    pub note: &'static str,
}

/// The experiments up to `end`, oldest first.
///
/// # Errors
/// [`DemoError::Design`] when the build is broken.
pub fn trials(end: TimeUs) -> Result<Vec<DemoTrial>, DemoError> {
    let talk = DemoTrial {
        key: "ask-back",
        prompt: CHAT_TIMELINE.prompt,
        design: Design {
            name: "Ask back more often".to_owned(),
            hypothesis: "People find a conversation more interesting when they are asked back.".to_owned(),
            arms: arms([("tells", "Tells and asks", 1), ("asks", "Asks back", 2)])?,
            metrics: metrics(json!([
                mean("interesting", "goal", Some(0.5)),
                mean("upbeat", "secondary", None),
                mean("witty", "secondary", None),
                latency(0.25),
            ]))?,
            plan: plan(),
            ..Design::default()
        },
        launched: before(end, 8.9),
        shipped: None,
    };
    let math = DemoTrial {
        key: "verifier",
        prompt: MATH_TIMELINE.prompt,
        design: Design {
            name: "Check each step".to_owned(),
            hypothesis: "A large model that checks each step is right more often.".to_owned(),
            arms: arms([("plain", "One answer", 3), ("checked", "Checked", 4)])?,
            schedule: Schedule { minimum_hours: 72, ..Schedule::default() },
            metrics: metrics(json!([
                ratio("score:correct", "Right answers", "higher", "goal", Some(json!({ "absolute": 0.02 }))),
                ratio("cost", "Cost of an answer", "lower", "secondary", None),
                ratio("errors", "Failed calls", "lower", "secondary", None),
                latency(0.5),
            ]))?,
            plan: plan(),
            ..Design::default()
        },
        launched: before(end, 5.5),
        shipped: Some(Shipped {
            arm: "checked",
            at: before(end, 1.5),
            note: "Right more often, and nothing else got worse",
        }),
    };
    Ok(vec![talk, math])
}

/// A newcomer's demo has some hundred users.
fn plan() -> Plan {
    Plan { tuning_units: 150, ..Plan::default() }
}

fn arms(arms: [(&str, &str, u32); 2]) -> Result<Vec<Arm>, DemoError> {
    let arm = |(key, name, version): (&str, &str, u32)| {
        Ok(Arm { key: key.parse()?, name: name.to_owned(), version, weight: 5_000 })
    };
    arms.into_iter().map(arm).collect()
}

/// Read from what the API takes: shorter, and seen to be right by whoever reads its documents.
fn metrics(metrics: Value) -> Result<Vec<ExperimentMetric>, DemoError> {
    serde_json::from_value(metrics).map_err(DemoError::Design)
}

/// Stars from 1 to 10 that a user gave, on average over their conversations.
fn mean(score: &str, role: &str, margin: Option<f64>) -> Value {
    let mut name = score.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let metric = json!({
        "key": score, "name": name, "source": format!("score:{score}"), "aggregation": "unit_mean", "direction": "higher",
    });
    with_margin(metric, role, margin.map(|margin| json!({ "absolute": margin })))
}

fn ratio(source: &str, name: &str, direction: &str, role: &str, margin: Option<Value>) -> Value {
    let key = source.rsplit(':').next().unwrap_or(source);
    let metric = json!({ "key": key, "name": name, "source": source, "aggregation": "ratio", "direction": direction });
    with_margin(metric, role, margin)
}

fn latency(margin: f64) -> Value {
    let metric = json!({
        "key": "latency", "name": "Latency, median", "source": "latency", "aggregation": "p50", "direction": "lower",
    });
    with_margin(metric, "guardrail", Some(json!({ "relative": margin })))
}

fn with_margin(metric: Value, role: &str, margin: Option<Value>) -> Value {
    match margin {
        Some(margin) => json!({ "metric": metric, "role": role, "margin": margin }),
        None => json!({ "metric": metric, "role": role }),
    }
}
