//! An experiment in words. Server only.

use domain::experiment::{
    Action, ActivityKind, Allocation, Cap, Correction, Decision, DecisionKind, Direction, Experiment, ExperimentMetric,
    Margin, Method, OnHarm, Targeting, UnitKind,
};
use serde_json::Value;
use ui::format;

use super::results::measure::Measure;

/// What is split, in the plural.
pub(super) fn units(unit: &UnitKind) -> String {
    match unit {
        UnitKind::User => "users".to_owned(),
        UnitKind::Session => "sessions".to_owned(),
        UnitKind::Trace => "requests".to_owned(),
        UnitKind::Attribute(name) => format!("values of {name}"),
    }
}

/// Who takes part.
pub(super) fn who(experiment: &Experiment) -> Vec<(String, String)> {
    let design = &experiment.design;
    let mut said = vec![
        ("Split by".to_owned(), format!("{}, by the attribute {}", units(&design.unit), design.unit.attribute())),
        ("Traffic".to_owned(), format!("{} of whoever matches", design.coverage)),
        ("Audience".to_owned(), design.targeting.as_ref().map_or_else(|| "everybody".to_owned(), audience)),
    ];
    if design.sticky && design.allocation == Allocation::Fixed {
        said.push(("Arms".to_owned(), "whoever met one keeps it".to_owned()));
    }
    if let Some(exclusion) = &design.exclusion {
        let ranges: Vec<String> =
            exclusion.ranges.iter().map(|range| format!("{} to {}", range.start, range.end)).collect();
        said.push((
            "Exclusion group".to_owned(),
            format!("{}, places {} of 10000", exclusion.group, ranges.join(", ")),
        ));
    }
    if let Some(holdout) = design.holdout {
        said.push(("Holdout".to_owned(), format!("{} take part in nothing", holdout.share)));
    }
    if !design.forced.is_empty() {
        let count = i64::try_from(design.forced.len()).unwrap_or(i64::MAX);
        said.push(("Testers".to_owned(), format!("{} with a fixed arm", format::plural(count, "unit", "units"))));
    }
    said
}

/// A condition on one line, such as `plan = pro and age_days ≥ 7`.
fn audience(targeting: &Targeting) -> String {
    condition(&targeting.0).unwrap_or_else(|| targeting.0.to_string())
}

/// A condition in words.
pub(in crate::pages) fn condition(json: &Value) -> Option<String> {
    let (kind, inside) = json.as_object()?.iter().next()?;
    let attribute = || inside.get("attribute").and_then(Value::as_str);
    let compared = |sign: &str, field: &str| {
        let value = inside.get(field)?;
        Some(format!("{} {sign} {}", attribute()?, shown(value)))
    };
    match kind.as_str() {
        "and" | "or" => {
            let parts: Option<Vec<String>> = inside.as_array()?.iter().map(condition).collect();
            Some(parts?.join(&format!(" {kind} ")))
        }
        "not" => Some(format!("not ({})", condition(inside)?)),
        "eq" => compared("=", "value"),
        "ne" => compared("≠", "value"),
        "gt" => compared(">", "value"),
        "ge" => compared("≥", "value"),
        "lt" => compared("<", "value"),
        "le" => compared("≤", "value"),
        "in" => compared("is one of", "values"),
        "not_in" => compared("is none of", "values"),
        "contains" => compared("contains", "text"),
        "prefix" => compared("starts with", "text"),
        "suffix" => compared("ends with", "text"),
        "exists" => {
            let is = if inside.get("exists")?.as_bool()? { "is known" } else { "is not known" };
            Some(format!("{} {is}", attribute()?))
        }
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// How it is judged and when.
pub(super) fn plan(experiment: &Experiment) -> Vec<(String, String)> {
    let (plan, schedule) = (&experiment.design.plan, &experiment.design.schedule);
    let method = match plan.method {
        Method::Anytime => "always valid: look as often as you like",
        Method::FixedHorizon => "fixed horizon: valid once, at the planned sample",
        Method::Bayesian => "Bayesian: promises nothing about false alarms",
    };
    let correction = match plan.correction {
        Correction::Holm => "Holm",
        Correction::Bonferroni => "Bonferroni",
        Correction::None => "none",
    };
    let harm = match plan.rule.on_harm {
        OnHarm::Tell => "this page says so",
        OnHarm::Pause => "it pauses",
        OnHarm::RollBack => "it is rolled back",
    };
    let least = match schedule.minimum_hours {
        0 => "no least time".to_owned(),
        hours if hours % 24 == 0 => format::plural(i64::from(hours / 24), "day", "days"),
        hours => format::plural(i64::from(hours), "hour", "hours"),
    };
    let mut said = vec![
        ("Method".to_owned(), method.to_owned()),
        ("Error level".to_owned(), format!("{}, correction {correction}", format::percent(plan.alpha))),
        ("Verdict after".to_owned(), format!("{least} and {} units an arm", plan.rule.minimum_units)),
        ("If a guardrail is harmed".to_owned(), harm.to_owned()),
    ];
    if experiment.design.allocation == Allocation::Adaptive {
        let rule = experiment.design.adaptive.unwrap_or_default();
        let hours = format::plural(i64::from(rule.batch_hours), "hour", "hours");
        let floor = rule.floor_of(experiment.design.arms.len());
        said.push(("Split".to_owned(), format!("adaptive: it may move every {hours}, and every arm keeps {floor}")));
    }
    if let Some(ramp) = &experiment.design.ramp {
        let mut steps: Vec<String> = ramp.steps.iter().map(|step| step.coverage.to_string()).collect();
        steps.push(experiment.design.coverage.to_string());
        said.push(("Ramp".to_owned(), steps.join(" → ")));
    }
    if let Some(start) = schedule.start {
        said.push(("Starts".to_owned(), format!("{} UTC", format::date_time(start.0))));
    }
    if let Some(end) = schedule.end {
        said.push(("Ends by itself".to_owned(), format!("{} UTC", format::date_time(end.0))));
    }
    said
}

/// What a metric reads and how.
pub(super) fn how(metric: &ExperimentMetric) -> String {
    let definition = &metric.metric;
    let mut said = vec![format!("{} of {}", definition.aggregation, definition.source)];
    said.extend(definition.cap.map(|cap| match cap {
        Cap::Percentile(share) => format!("capped at the {} quantile", format::percent(share)),
        Cap::Value(value) => format!("capped at {}", Measure::of_source(&definition.source).value(value)),
    }));
    let window = |hours: u32| {
        let long = match hours {
            hours if hours % 24 == 0 => format::plural(i64::from(hours / 24), "day", "days"),
            hours => format::plural(i64::from(hours), "hour", "hours"),
        };
        format!("within {long} of the first exposure")
    };
    said.extend(definition.window_hours.map(window));
    said.join(", ")
}

/// Which way is better.
pub(super) fn better(metric: &ExperimentMetric) -> &'static str {
    match metric.metric.direction {
        Direction::Higher => "higher",
        Direction::Lower => "lower",
    }
}

/// A margin in the unit people read.
pub(super) fn margin(metric: &ExperimentMetric) -> String {
    match metric.margin {
        None => String::new(),
        Some(Margin::Relative(share)) => format!("{} of the control", format::percent(share)),
        Some(Margin::Absolute(value)) => Measure::of(&metric.metric).amount(value),
    }
}

/// How it ended, in one sentence.
pub(super) fn decided(experiment: &Experiment, decision: &Decision) -> String {
    let slot = &experiment.slot;
    let control = experiment.design.arms.first().map_or(0, |arm| arm.version);
    match decision.kind {
        DecisionKind::Ship => {
            let arm = decision.arm.as_ref().and_then(|key| experiment.design.arm(key));
            arm.map_or_else(
                || format!("An arm was shipped to {}.", slot.label),
                |arm| format!("{} was shipped: {} points at v{} now.", arm.key, slot.label, arm.version),
            )
        }
        DecisionKind::Stop => format!("Stopped: everybody gets v{control}."),
        DecisionKind::Inconclusive => format!("Ended without an answer: everybody gets v{control}."),
        DecisionKind::RollBack => format!("Rolled back because it did harm: everybody gets v{control}."),
    }
}

/// What an action did.
pub(super) fn done(action: Action, experiment: &Experiment) -> String {
    let title = experiment.title();
    match action {
        Action::Launch if experiment.phases.is_empty() => format!("{title} is scheduled"),
        Action::Launch | Action::Start => format!("{title} is running"),
        Action::Pause => format!("{title} is paused: everybody gets the control"),
        Action::Resume => format!("{title} is running again"),
        Action::Advance => {
            let coverage = experiment.phase().and_then(|phase| phase.epoch()).map(|epoch| epoch.coverage);
            format!("{title} takes {} of the traffic", coverage.unwrap_or(experiment.design.coverage))
        }
        Action::Ship | Action::Stop | Action::Conclude | Action::RollBack => {
            experiment.decision.as_ref().map_or_else(|| title.to_owned(), |decision| decided(experiment, decision))
        }
        Action::Reopen => format!("{title} goes on as before"),
        Action::Archive => format!("{title} is archived"),
    }
}

/// What happened, for the log.
pub(super) fn happened(kind: ActivityKind) -> String {
    kind.as_str().replace('_', " ")
}

/// A value of the design before or after a change.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn margins_are_in_units_people_read() {
        let margin = |source: &str, how: &str, value: f64| {
            let metric = json!({
                "metric": {"key": "m", "source": source, "aggregation": how, "direction": "lower"},
                "role": "guardrail", "margin": {"absolute": value}
            });
            super::margin(&serde_json::from_value(metric).unwrap())
        };
        assert_eq!(margin("input_cost", "mean", 1.5e9), "$1.50");
        assert_eq!(margin("latency", "p95", 2.5e8), "250 ms");
        assert_eq!(margin("errors", "ratio", 0.02), "2.0 points");
        assert_eq!(margin("score:thumbs", "ratio", 0.03), "0.03");
    }

    #[test]
    fn a_metric_says_its_cap_and_its_window() {
        let how = |cap: Value, hours: u32| {
            let metric = json!({
                "metric": {
                    "key": "m", "source": "event:buy", "aggregation": "mean", "direction": "higher", "cap": cap, "window_hours": hours
                },
                "role": "secondary"
            });
            super::how(&serde_json::from_value(metric).unwrap())
        };
        assert_eq!(
            how(json!({"value": 49.5}), 48),
            "mean of event:buy, capped at 49.5, within 2 days of the first exposure"
        );
        assert_eq!(
            how(json!({"percentile": 0.999}), 1),
            "mean of event:buy, capped at the 99.9% quantile, within 1 hour of the first exposure"
        );
    }

    #[test]
    fn a_condition_reads_as_a_line() {
        let said = condition(&json!({"and": [
            {"eq": {"attribute": "plan", "value": "pro"}},
            {"in": {"attribute": "locale", "values": ["de", "en"]}},
            {"exists": {"attribute": "email", "exists": false}},
        ]}));
        assert_eq!(said.as_deref(), Some("plan = pro and locale is one of de, en and email is not known"));
        assert_eq!(condition(&json!({"near": {}})), None);
    }
}
