//! A design as the form shows it: the way back of [`super::parse`]. Server only.

use assign::{Condition, attribute::Scalar, condition::Values};
use domain::experiment::{
    Allocation, Cap, Correction, Design, ExperimentMetric, Margin, Method, MetricRole, OnHarm, Targeting, UnitKind,
};
use ui::format;

use super::{
    draft::{ArmDraft, Draft, MetricDraft, RuleDraft, StepDraft},
    metric::{scale, usual_cap},
};

/// The form of a design.
pub(super) fn draft(key: &str, design: &Design) -> Draft {
    let (unit, unit_attribute) = match &design.unit {
        UnitKind::Attribute(name) => ("attribute".to_owned(), name.to_string()),
        other => (other.to_string(), String::new()),
    };
    let (joined, rules, audience) = design.targeting.as_ref().map_or_else(nobody_named, self::audience);
    let percent = |share: domain::experiment::Share| share.to_string().trim_end_matches('%').to_owned();
    let plan = &design.plan;
    let adaptive = design.adaptive.unwrap_or_default();
    Draft {
        key: key.to_owned(),
        name: design.name.clone(),
        hypothesis: design.hypothesis.clone(),
        arms: design
            .arms
            .iter()
            .map(|arm| ArmDraft {
                key: arm.key.to_string(),
                name: arm.name.clone(),
                version: if arm.version == 0 { String::new() } else { arm.version.to_string() },
                weight: (f64::from(arm.weight) / 100.0).to_string(),
            })
            .collect(),
        allocation: match design.allocation {
            Allocation::Fixed => "fixed",
            Allocation::Adaptive => "adaptive",
        }
        .to_owned(),
        batch_hours: adaptive.batch_hours.to_string(),
        floor: adaptive.floor.map_or_else(String::new, percent),
        unit,
        unit_attribute,
        sticky: ticked(design.sticky),
        coverage: percent(design.coverage),
        joined,
        rules,
        audience,
        group: design.exclusion.as_ref().map(|exclusion| exclusion.group.to_string()).unwrap_or_default(),
        ranges: design.exclusion.as_ref().map_or_else(String::new, |exclusion| {
            let ranges: Vec<String> =
                exclusion.ranges.iter().map(|range| format!("{}-{}", range.start, range.end)).collect();
            ranges.join(", ")
        }),
        holdout: design.holdout.map_or_else(String::new, |holdout| percent(holdout.share)),
        forced: design.forced.iter().map(|(unit, arm)| format!("{unit} {arm}")).collect::<Vec<_>>().join("\n"),
        metrics: design.metrics.iter().map(metric).collect(),
        start: design.schedule.start.map_or_else(String::new, |at| format::datetime_local(at.0)),
        end: design.schedule.end.map_or_else(String::new, |at| format::datetime_local(at.0)),
        minimum_hours: design.schedule.minimum_hours.to_string(),
        ramp: design
            .ramp
            .iter()
            .flat_map(|ramp| &ramp.steps)
            .map(|step| StepDraft {
                coverage: percent(step.coverage),
                hours: (f64::from(step.hold_minutes) / 60.0).to_string(),
                units: if step.minimum_units == 0 { String::new() } else { step.minimum_units.to_string() },
                approval: ticked(step.approval),
            })
            .collect(),
        method: match plan.method {
            Method::Anytime => "anytime",
            Method::FixedHorizon => "fixed_horizon",
            Method::Bayesian => "bayesian",
        }
        .to_owned(),
        alpha: tidy(plan.alpha * 100.0),
        power: tidy(plan.power * 100.0),
        correction: match plan.correction {
            Correction::Holm => "holm",
            Correction::Bonferroni => "bonferroni",
            Correction::None => "none",
        }
        .to_owned(),
        tuning_units: plan.tuning_units.to_string(),
        minimum_units: plan.rule.minimum_units.to_string(),
        on_harm: match plan.rule.on_harm {
            OnHarm::Tell => "tell",
            OnHarm::Pause => "pause",
            OnHarm::RollBack => "roll_back",
        }
        .to_owned(),
    }
}

/// A box as a form sends it: nothing where it has no tick.
fn ticked(yes: bool) -> String {
    if yes { "true".to_owned() } else { String::new() }
}

/// Without the last digits binary fractions add.
fn tidy(number: f64) -> String {
    ((number * 1e9).round() / 1e9).to_string()
}

fn metric(metric: &ExperimentMetric) -> MetricDraft {
    let definition = &metric.metric;
    let (unit, _) = scale(&definition.source, definition.aggregation);
    let (margin, margin_of) = match metric.margin {
        None => (String::new(), "relative"),
        Some(Margin::Relative(share)) => (tidy(share * 100.0), "relative"),
        Some(Margin::Absolute(value)) => (tidy(value / unit), "absolute"),
    };
    let (cap, cap_of) = match definition.cap {
        cap if cap == usual_cap(&definition.source, definition.aggregation) => (String::new(), ""),
        None => (String::new(), "none"),
        Some(Cap::Percentile(share)) => (tidy(share * 100.0), "percentile"),
        Some(Cap::Value(value)) => (tidy(value / unit), "value"),
    };
    let (window, window_of) = match definition.window_hours {
        None => (String::new(), "days"),
        Some(hours) if hours % 24 == 0 => ((hours / 24).to_string(), "days"),
        Some(hours) => (hours.to_string(), "hours"),
    };
    MetricDraft {
        what: format!("{} {}", definition.source, definition.aggregation),
        role: match metric.role {
            MetricRole::Goal => "goal",
            MetricRole::Guardrail => "guardrail",
            MetricRole::Secondary => "secondary",
        }
        .to_owned(),
        direction: match definition.direction {
            domain::experiment::Direction::Higher => "higher",
            domain::experiment::Direction::Lower => "lower",
        }
        .to_owned(),
        margin,
        margin_of: margin_of.to_owned(),
        cap,
        cap_of: cap_of.to_owned(),
        window,
        window_of: window_of.to_owned(),
    }
}

fn nobody_named() -> (String, Vec<RuleDraft>, String) {
    ("and".to_owned(), Vec::new(), String::new())
}

/// The audience as rows, or as JSON where rows cannot say it.
fn audience(targeting: &Targeting) -> (String, Vec<RuleDraft>, String) {
    let as_rows = || {
        let condition: Condition = serde_json::from_value(targeting.0.clone()).ok()?;
        let (joined, parts) = match condition {
            Condition::And(parts) => ("and", parts),
            Condition::Or(parts) => ("or", parts),
            single => ("and", vec![single]),
        };
        let rows: Option<Vec<RuleDraft>> = parts.iter().map(row).collect();
        Some((joined.to_owned(), rows?, String::new()))
    };
    as_rows().unwrap_or_else(|| ("and".to_owned(), Vec::new(), targeting.0.to_string()))
}

fn row(condition: &Condition) -> Option<RuleDraft> {
    let (how, attribute, value) = match condition {
        Condition::Eq(compared) => ("eq", &compared.attribute, scalar(&compared.value)),
        Condition::Ne(compared) => ("ne", &compared.attribute, scalar(&compared.value)),
        Condition::In(members) => ("in", &members.attribute, several(&members.values)?),
        Condition::NotIn(members) => ("not_in", &members.attribute, several(&members.values)?),
        Condition::Gt(threshold) => ("gt", &threshold.attribute, threshold.value.to_string()),
        Condition::Ge(threshold) => ("ge", &threshold.attribute, threshold.value.to_string()),
        Condition::Lt(threshold) => ("lt", &threshold.attribute, threshold.value.to_string()),
        Condition::Le(threshold) => ("le", &threshold.attribute, threshold.value.to_string()),
        Condition::Contains(part) => ("contains", &part.attribute, part.text.clone()),
        Condition::Prefix(part) => ("prefix", &part.attribute, part.text.clone()),
        Condition::Suffix(part) => ("suffix", &part.attribute, part.text.clone()),
        Condition::Exists(existence) => {
            (if existence.exists { "exists" } else { "missing" }, &existence.attribute, String::new())
        }
        Condition::And(_) | Condition::Or(_) | Condition::Not(_) => return None,
    };
    Some(RuleDraft { attribute: attribute.clone(), how: how.to_owned(), value })
}

/// A value that reads back as it is: texts that look like something else stand in quotes.
fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Bool(truth) => truth.to_string(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) if super::parse::scalar(text) == *value => text.clone(),
        Scalar::Text(text) => format!("\"{text}\""),
    }
}

/// Values with commas between; `None` where that would not read back.
fn several(values: &Values) -> Option<String> {
    match values {
        Values::Numbers(numbers) => Some(numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        Values::Texts(texts) => {
            let clean = |text: &String| !text.contains(',') && text.trim() == text && !text.is_empty();
            let all_numbers = texts.iter().all(|text| text.parse::<f64>().is_ok());
            (texts.iter().all(clean) && !all_numbers).then(|| texts.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pages::experiment_form::parse::parse;

    #[test]
    fn a_design_goes_through_the_form_unchanged() {
        let design: Design = serde_json::from_value(json!({
            "name": "Warmer tone", "hypothesis": "Users like it", "unit": "attribute:team",
            "arms": [
                {"key": "control", "name": "Today", "version": 7, "weight": 3333},
                {"key": "warm", "name": "", "version": 8, "weight": 6667}
            ],
            "coverage": 0.8, "sticky": true,
            "targeting": {"or": [
                {"eq": {"attribute": "plan", "value": "pro"}},
                {"eq": {"attribute": "code", "value": "42"}},
                {"in": {"attribute": "locale", "values": ["de", "en"]}},
                {"ge": {"attribute": "age_days", "value": 7.5}},
                {"exists": {"attribute": "email", "exists": false}}
            ]},
            "exclusion": {"group": "tone", "ranges": [{"start": 0, "end": 5000}, {"start": 6000, "end": 7000}]},
            "holdout": {"share": 0.05},
            "forced": {"tester one": "warm"},
            "ramp": {"steps": [{"coverage": 0.05, "hold_minutes": 90, "minimum_units": 100, "approval": true}]},
            "schedule": {"start": "2026-11-21T09:00:00.000000Z", "end": "2026-12-21T09:00:00.000000Z", "minimum_hours": 48},
            "metrics": [
                {
                    "metric": {"key": "thumbs", "source": "score:thumbs up", "aggregation": "ratio", "direction": "higher"},
                    "role": "goal", "margin": {"absolute": 0.03}
                },
                {
                    "metric": {"key": "p95", "source": "latency", "aggregation": "p95", "direction": "lower", "window_hours": 24},
                    "role": "guardrail", "margin": {"absolute": 250000000.0}
                },
                {
                    "metric": {"key": "e", "source": "errors", "aggregation": "ratio", "direction": "lower"},
                    "role": "guardrail", "margin": {"relative": 0.07}
                },
                {
                    "metric": {
                        "key": "spent", "source": "event:checkout.completed", "aggregation": "mean", "direction": "higher",
                        "cap": {"value": 49.99}, "window_hours": 168
                    },
                    "role": "secondary"
                },
                {
                    "metric": {
                        "key": "spent-soon", "source": "event:checkout.completed", "aggregation": "mean", "direction": "higher",
                        "cap": {"percentile": 0.995}, "window_hours": 36
                    },
                    "role": "secondary"
                },
                {
                    "metric": {"key": "bought", "source": "event:checkout.completed", "aggregation": "rate", "direction": "higher"},
                    "role": "guardrail", "margin": {"absolute": 0.02}
                },
                {
                    "metric": {
                        "key": "cost", "source": "cost", "aggregation": "mean", "direction": "lower", "cap": {"value": 250000000.0}
                    },
                    "role": "secondary"
                },
                {
                    "metric": {"key": "uncapped", "source": "cost", "aggregation": "ratio", "direction": "lower"},
                    "role": "secondary"
                },
                {
                    "metric": {
                        "key": "usual", "source": "output_tokens", "aggregation": "ratio", "direction": "lower",
                        "cap": {"percentile": 0.999}
                    },
                    "role": "secondary"
                }
            ],
            "plan": {"alpha": 0.07, "power": 0.9, "rule": {"on_harm": "roll_back"}}
        }))
        .unwrap();
        let parsed = parse(&draft("tone", &design), &design);
        assert_eq!(parsed.problems, []);
        assert_eq!(parsed.design, design);
    }

    #[test]
    fn a_metric_says_what_a_unit_counts_for_and_how_long() {
        let row = |cap: &str, cap_of: &str, window: &str, window_of: &str| MetricDraft {
            what: "event:buy mean".to_owned(),
            cap: cap.to_owned(),
            cap_of: cap_of.to_owned(),
            window: window.to_owned(),
            window_of: window_of.to_owned(),
            ..MetricDraft::default()
        };
        let read = |rows: &[MetricDraft]| {
            let form = Draft { metrics: rows.to_vec(), ..draft("x", &Design::default()) };
            let parsed = parse(&form, &Design::default());
            let metrics: Vec<_> = parsed.design.metrics.iter().map(|metric| metric.metric.clone()).collect();
            let fields: Vec<String> = parsed.all_problems().into_iter().map(|problem| problem.field).collect();
            (metrics, fields.into_iter().filter(|field| field.starts_with("metrics[")).collect::<Vec<_>>())
        };
        let (metrics, wrong) = read(&[row("12,5", "value", "2", "days"), row("99.5%", "percentile", "6", "hours")]);
        assert_eq!(wrong, [""; 0]);
        let said: Vec<_> = metrics.iter().map(|metric| (metric.cap, metric.window_hours)).collect();
        assert_eq!(said, [(Some(Cap::Value(12.5)), Some(48)), (Some(Cap::Percentile(0.995)), Some(6))]);
        assert_ne!(metrics[0].key, metrics[1].key, "the same within another time is another metric");

        let (_, wrong) = read(&[row("", "value", "a week", "days"), row("101", "percentile", "0", "hours")]);
        assert_eq!(
            wrong,
            [
                "metrics[0].metric.cap",
                "metrics[0].metric.window_hours",
                "metrics[1].metric.cap",
                "metrics[1].metric.window_hours"
            ]
        );
        // A cap typed earlier does not stay behind where none is meant.
        let usual = MetricDraft { what: "cost mean".to_owned(), ..row("12", "", "", "days") };
        let none = MetricDraft { what: "cost ratio".to_owned(), ..row("12", "none", "", "days") };
        let (metrics, _) = read(&[usual, none]);
        let caps: Vec<_> = metrics.iter().map(|metric| metric.cap).collect();
        assert_eq!(caps, [Some(Cap::Percentile(0.999)), None]);
    }

    #[test]
    fn a_metric_keeps_its_key_when_its_window_changes() {
        let design: Design = serde_json::from_value(json!({"metrics": [
            {"metric": {"key": "early", "source": "event:buy", "aggregation": "rate", "direction": "higher", "window_hours": 24},
             "role": "goal"},
            {"metric": {"key": "late", "source": "event:buy", "aggregation": "rate", "direction": "higher", "window_hours": 168},
             "role": "secondary"}
        ]}))
        .unwrap();
        let mut form = draft("x", &design);
        form.metrics[0].window = "2".to_owned();
        let read = parse(&form, &design).design.metrics;
        let keys: Vec<_> = read.iter().map(|metric| (metric.metric.key.as_str(), metric.metric.window_hours)).collect();
        assert_eq!(keys, [("early", Some(48)), ("late", Some(168))]);
    }

    #[test]
    fn an_adaptive_split_goes_through_the_form_unchanged() {
        for settings in [json!(null), json!({"batch_hours": 6, "floor": 0.1})] {
            let design: Design =
                serde_json::from_value(json!({"allocation": "adaptive", "adaptive": settings})).unwrap();
            assert_eq!(parse(&draft("tone", &design), &design).design, design);
        }
        let mut form = draft("tone", &Design { allocation: Allocation::Adaptive, ..Design::default() });
        (form.batch_hours, form.floor) = ("often".to_owned(), "all".to_owned());
        let fields: Vec<String> =
            parse(&form, &Design::default()).problems.into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["adaptive.batch_hours", "adaptive.floor"]);
        form.allocation = "fixed".to_owned();
        assert_eq!(parse(&form, &Design::default()).design.adaptive, None);
    }

    #[test]
    fn an_audience_rows_cannot_say_is_kept_as_it_is() {
        let nested = json!({"not": {"and": [{"eq": {"attribute": "plan", "value": "pro"}}]}});
        let design = Design { targeting: Some(Targeting(nested)), ..Design::default() };
        let form = draft("x", &design);
        assert!(form.rules.is_empty());
        assert_eq!(parse(&form, &design).design, design);
    }

    #[test]
    fn what_cannot_be_read_is_said_at_its_field() {
        let mut form = draft("x", &Design::default());
        form.arms = vec![ArmDraft { key: "a b".to_owned(), weight: "half".to_owned(), ..ArmDraft::default() }];
        form.coverage = "120".to_owned();
        form.rules = vec![RuleDraft { attribute: "age".to_owned(), how: "gt".to_owned(), value: "old".to_owned() }];
        form.minimum_hours = "a week".to_owned();
        let fields: Vec<String> =
            parse(&form, &Design::default()).problems.into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["arms[0].key", "coverage", "targeting[0]", "schedule.minimum_hours"]);
    }
}
