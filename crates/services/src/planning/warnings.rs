//! What is better known before a launch, as far as past traffic says it.

use domain::{experiment::UnitKind, problem::FieldProblem};

use super::{
    DAY_US, Days, MetricPlan, Subject,
    traffic::{FITTED_DAYS, Past},
};
use crate::experiments::check;

/// Units below which a variance is little more than a guess.
const FEW_UNITS: u64 = 50;
/// Days nobody waits for.
const LONG_DAYS: f64 = 60.0;
/// Share of traces without a unit from which it matters.
const WITHOUT: f64 = 0.05;
/// How far the tuning may lie from the planned sample, either way, before it costs power.
const TUNED: f64 = 4.0;

pub(super) fn of(
    subject: &Subject,
    past: &Past,
    metrics: &[MetricPlan],
    days: Option<Days>,
    least_days: f64,
) -> Vec<FieldProblem> {
    let mut found = check::warnings(&subject.design);
    let mut add = |field: &str, message: String| found.push(FieldProblem::new(field, message));
    traffic(subject, past, &mut add);
    let (design, traffic) = (&subject.design, &past.traffic);
    if design.targeting.is_some() && traffic.units > 0 {
        if traffic.unknown > 0 && traffic.unknown >= traffic.sampled {
            let message = "no trace of late tells the attributes the audience is chosen by; everybody was counted. Send them \
                           as metadata of the trace to plan for the audience";
            add("targeting", message.to_owned());
        } else if traffic.sampled == 0 {
            add("targeting", "nobody of late would have been in this audience".to_owned());
        }
    }
    for (index, metric) in design.metrics.iter().enumerate() {
        let planned = metrics.iter().find(|planned| planned.key == metric.metric.key);
        let Some(planned) = planned.filter(|_| traffic.units > 0) else { continue };
        if let Some(why) = &planned.why {
            let field = if planned.baseline.is_some() { "margin" } else { "metric" };
            add(&format!("metrics[{index}].{field}"), why.clone());
        }
    }
    let Some(days) = days else { return found };
    let needed = days.by(design.plan.method).max(least_days);
    if needed > LONG_DAYS {
        let message = format!(
            "about {needed:.0} days at this traffic: let more take part, split fewer ways, or look for a larger difference"
        );
        add("coverage", message);
    }
    if let Some(end) = design.schedule.end {
        let start = design.schedule.start.unwrap_or(subject.range.to).max(subject.range.to);
        let given = (end.0.saturating_sub(start.0)) as f64 / DAY_US as f64;
        if given < needed {
            add("schedule.end", format!("{given:.1} days are left until then; about {needed:.1} are needed"));
        }
    }
    let arms = design.arms.len().max(1) as f64;
    let sample = metrics.iter().filter_map(|metric| metric.sample).map(|sample| sample.fixed).max().unwrap_or(0);
    let (tuned, wanted) = (design.plan.tuning_units as f64, sample as f64 / arms);
    if wanted > 0.0 && !(1.0 / TUNED..=TUNED).contains(&(tuned / wanted)) {
        add(
            "plan.tuning_units",
            format!("the planned sample is {wanted:.0} units an arm; the sequence is tightest there"),
        );
    }
    if design.ramp.is_some() {
        add("ramp", "fewer take part while the ramp climbs; the days are counted from its last step on".to_owned());
    }
    found
}

fn traffic(subject: &Subject, past: &Past, add: &mut impl FnMut(&str, String)) {
    let (traffic, design) = (&past.traffic, &subject.design);
    let prompt = &subject.slot.prompt_name;
    if let UnitKind::Attribute(name) = &design.unit {
        add("unit", format!("units by `{name}` are not found in past traces; plan with users, sessions or traces"));
        return;
    }
    let asked = (subject.range.to.0 - subject.range.from.0) as f64 / DAY_US as f64;
    if traffic.traces == 0 {
        add(
            "prompt",
            format!("no generation counted for `{prompt}` in the last {asked:.0} days: nothing to plan with"),
        );
        return;
    }
    let without = traffic.without_unit as f64 / traffic.traces as f64;
    if without > WITHOUT {
        let message = format!(
            "{:.0}% of the traces name no {}; they take part only if the program sends one when it asks for a version",
            100.0 * without,
            design.unit.attribute()
        );
        add("unit", message);
    }
    if traffic.units == 0 {
        return;
    }
    if traffic.units < FEW_UNITS {
        add(
            "prompt",
            format!("only {} units in {:.1} days: all this is little more than a guess", traffic.units, traffic.days),
        );
    } else if traffic.days < 1.0 {
        add("prompt", "less than a day of traffic, counted as a whole one: the days are a guess".to_owned());
    } else if traffic.days < FITTED_DAYS {
        add("prompt", format!("only {:.1} days of traffic: how many units come in weeks is a guess", traffic.days));
    }
}
