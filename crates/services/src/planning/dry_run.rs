//! Which units of the past would have got which arm.

use std::collections::BTreeMap;

use assign::{Condition, Outcome, Reason};
use domain::{
    experiment::ArmKey,
    ids::{ProjectId, TraceId},
    time::TimeUs,
};
use experiment::{Check, CheckKind};
use serde_json::{Map, Value};
use stats::{exact::Epoch, guard::sample_ratio};
use store::event::Meeting;

use super::{
    Subject,
    traffic::{OPENED, TRACES, attributes, missing, sample},
};
use crate::{Context, ServiceError};

/// Examples shown of each outcome.
const EXAMPLES: usize = 3;

/// Which units would have got which arm.
#[derive(Clone, Debug, PartialEq)]
pub struct DryRun {
    /// The earliest instant it covers.
    pub from: TimeUs,
    /// The present.
    pub to: TimeUs,
    /// Units that used the prompt.
    pub units: u64,
    /// Those looked at: all, or, where the audience has rules, some chosen by their ids.
    pub looked_at: u64,
    /// Traces that name no unit.
    pub without_unit: u64,
    /// Units of each arm, the control first.
    pub arms: Vec<ArmCount>,
    /// Units that would not take part, by what keeps them out.
    pub left_out: Vec<LeftOut>,
    /// Some units with the trace each was met in first.
    pub examples: Vec<Example>,
    /// Whether the arms are split as planned; none when nobody takes part.
    pub split: Option<Check>,
    /// Whether it is the hash the experiment will have: before it is saved only shares can be told.
    pub settled: bool,
}

/// Units of an arm.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmCount {
    /// The arm.
    pub key: ArmKey,
    /// The version it serves.
    pub version: u32,
    /// Units.
    pub units: u64,
    /// Of the units that take part, the share it should have.
    pub share: f64,
}

/// Why units get the control and are not counted.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// Why.
    pub why: Why,
    /// Units.
    pub units: u64,
}

/// What keeps a unit out.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Why {
    /// Assignment's own reason: a tester, the holdout, the exclusion group, coverage.
    Reason(Reason),
    /// This part of the audience does not hold, the first one of all that have to: its path and its JSON.
    Condition(String, String),
    /// The trace does not tell these attributes, the first that is missing.
    Attribute(String),
}

/// A unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Its id.
    pub unit: String,
    /// The first of its traces.
    pub trace: TraceId,
    /// Its arm, or why it has none.
    pub outcome: Result<ArmKey, Why>,
}

pub(super) async fn run(context: &Context, project: ProjectId, subject: &Subject) -> Result<DryRun, ServiceError> {
    let (design, range) = (&subject.design, subject.range);
    let prompt = subject.slot.prompt_name.as_str();
    let met = context.events.meetings(project, prompt, None, &design.unit, range, TRACES).await?;
    let condition = subject.engine.definition().condition.as_ref();
    let chosen: Vec<&Meeting> =
        if condition.is_some() { sample(&met.units, OPENED) } else { met.units.iter().collect() };
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut left_out: BTreeMap<Why, u64> = BTreeMap::new();
    let mut examples: Vec<Example> = Vec::new();
    for meeting in &chosen {
        let told = match condition {
            Some(_) => attributes(context, project, prompt, meeting).await?,
            None => Map::new(),
        };
        let outcome = outcome(subject, condition, meeting, &told)?;
        match &outcome {
            Ok(arm) => {
                let arm = design.arms.iter().find(|own| own.key == *arm).map_or("", |own| own.key.as_str());
                *counts.entry(arm).or_default() += 1;
            }
            Err(why) => *left_out.entry(why.clone()).or_default() += 1,
        }
        if examples.iter().filter(|shown| shown.outcome == outcome).count() < EXAMPLES {
            examples.push(Example { unit: meeting.unit.clone(), trace: meeting.trace, outcome });
        }
    }
    let arms: Vec<ArmCount> = design
        .arms
        .iter()
        .map(|arm| ArmCount {
            key: arm.key.clone(),
            version: arm.version,
            units: counts.get(arm.key.as_str()).copied().unwrap_or(0),
            share: f64::from(arm.weight) / 10_000.0,
        })
        .collect();
    let mut left_out: Vec<LeftOut> = left_out.into_iter().map(|(why, units)| LeftOut { why, units }).collect();
    left_out.sort_by(|one, other| other.units.cmp(&one.units).then_with(|| one.why.cmp(&other.why)));
    Ok(DryRun {
        from: met.reached.unwrap_or(range.from).max(range.from),
        to: range.to,
        units: met.units.len() as u64,
        looked_at: chosen.len() as u64,
        without_unit: met.without_unit,
        split: split(&arms)?,
        arms,
        left_out,
        examples,
        settled: subject.settled,
    })
}

/// The arm a unit would have got, or why none.
fn outcome(
    subject: &Subject,
    condition: Option<&Condition>,
    meeting: &Meeting,
    told: &Map<String, Value>,
) -> Result<Result<ArmKey, Why>, ServiceError> {
    let assigned = subject.engine.assign(Some(&meeting.unit), told);
    let judged = matches!(assigned, Outcome::Assigned { .. } | Outcome::OutsideCoverage { .. } | Outcome::NotTargeted);
    // Also where an absent attribute would do: the program would send it, the trace does not tell it.
    if let Some(missing) = condition.filter(|_| judged).and_then(|condition| missing(condition, told)) {
        return Ok(Err(Why::Attribute(missing)));
    }
    let why = match assigned {
        Outcome::Assigned { arm, .. } => {
            let own = subject.design.arms.iter().find(|own| own.key.as_str() == arm.key);
            return Ok(own.map(|own| own.key.clone()).ok_or(Why::Reason(Reason::OutsideCoverage)));
        }
        Outcome::NotTargeted => match condition {
            Some(condition) => not_targeted(condition, told)?,
            None => Why::Reason(Reason::NotTargeted),
        },
        other => Why::Reason(other.reason()),
    };
    Ok(Err(why))
}

fn not_targeted(condition: &Condition, told: &Map<String, Value>) -> Result<Why, ServiceError> {
    let (path, failing) = failing(condition, told, "targeting".to_owned());
    let json = serde_json::to_string(failing).map_err(|error| ServiceError::Internal(Box::new(error)))?;
    Ok(Why::Condition(path, json))
}

/// The first part that has to hold and does not.
fn failing<'c>(condition: &'c Condition, told: &Map<String, Value>, path: String) -> (String, &'c Condition) {
    if let Condition::And(all) = condition
        && let Some((index, part)) = all.iter().enumerate().find(|(_, part)| !part.matches(told))
    {
        return failing(part, told, format!("{path}.and[{index}]"));
    }
    (path, condition)
}

fn split(arms: &[ArmCount]) -> Result<Option<Check>, ServiceError> {
    if arms.iter().all(|arm| arm.units == 0) {
        return Ok(None);
    }
    let epoch = Epoch {
        counts: arms.iter().map(|arm| arm.units).collect(),
        weights: arms.iter().map(|arm| arm.share).collect(),
    };
    let found = sample_ratio::check(&[epoch], None, 1).map_err(|error| ServiceError::Internal(Box::new(error)))?;
    Ok(Some(Check::of(CheckKind::SampleRatio, found.finding)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_condition_that_fails_is_named_by_its_path() {
        let condition: Condition = serde_json::from_value(json!({"and": [
            {"eq": {"attribute": "plan", "value": "pro"}},
            {"and": [{"ge": {"attribute": "age", "value": 3}}, {"or": [{"eq": {"attribute": "lang", "value": "de"}}]}]},
        ]}))
        .unwrap();
        let why = |told: Value| not_targeted(&condition, told.as_object().unwrap()).unwrap();
        let at = |path: &str, json: &str| Why::Condition(path.to_owned(), json.to_owned());
        assert_eq!(
            why(json!({"plan": "free", "age": 1, "lang": "de"})),
            at("targeting.and[0]", r#"{"eq":{"attribute":"plan","value":"pro"}}"#)
        );
        assert_eq!(
            why(json!({"plan": "pro", "age": 1, "lang": "de"})),
            at("targeting.and[1].and[0]", r#"{"ge":{"attribute":"age","value":3.0}}"#)
        );
        assert_eq!(
            why(json!({"plan": "pro", "age": 9, "lang": "fr"})),
            at("targeting.and[1].and[1]", r#"{"or":[{"eq":{"attribute":"lang","value":"de"}}]}"#)
        );
        let lacks = |told: Value| missing(&condition, told.as_object().unwrap());
        assert_eq!(lacks(json!({"plan": "free", "age": 1})).as_deref(), Some("lang"));
        assert_eq!(lacks(json!({"plan": "free", "age": 1, "lang": "de"})), None);
    }
}
