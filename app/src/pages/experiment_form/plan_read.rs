//! Plans and dry runs put into words. Server only.

use domain::{
    experiment::{Aggregation, Design, ExperimentMetric, Margin, Method, MetricRole, MetricSource},
    problem::FieldProblem,
};
use services::{
    ServiceError,
    planning::{ArmSpend, Days, MetricPlan, Plan, PlanQuery, Why},
};
use ui::{format, problem::sentence};

use super::{
    draft::Draft,
    metric::title,
    model::{DryRunCard, PlanCard, PlanLine},
    parse::parse,
};
use crate::{
    context::{self, Visit},
    error::AppError,
    pages::experiment::{results::measure::Measure, words},
};

/// The form as it was sent.
pub(super) struct Form {
    pub(super) prompt: String,
    pub(super) label: String,
    pub(super) revision: Option<u32>,
    pub(super) draft: Draft,
}

async fn query(visit: &Visit, form: Form) -> Result<PlanQuery, AppError> {
    let experiment = form.revision.map(|_| form.draft.key.clone());
    let base = match &experiment {
        Some(key) => {
            let known = visit.services.experiments.get(&visit.actor, visit.project.id, key).await;
            known.map_err(context::refusal)?.design
        }
        None => Design::default(),
    };
    let parsed = parse(&form.draft, &base);
    if !parsed.problems.is_empty() {
        return Err(context::refusal(ServiceError::Invalid(parsed.problems)));
    }
    Ok(PlanQuery {
        experiment,
        prompt: Some(form.prompt),
        label: Some(form.label),
        design: Some(parsed.design),
        days: None,
    })
}

pub(super) async fn plan(visit: &Visit, form: Form) -> Result<PlanCard, AppError> {
    let query = query(visit, form).await?;
    let design = query.design.clone().unwrap_or_default();
    let plan = visit.services.planning.plan(&visit.actor, visit.project.id, query).await.map_err(context::refusal)?;
    Ok(card(&design, &plan))
}

/// A value of a metric as people read it.
fn value(source: &MetricSource, how: Aggregation, value: f64) -> String {
    Measure::counted(source, how).value(value)
}

/// Days, and years where nobody counts in days any more.
fn days_text(days: f64) -> String {
    const YEAR: f64 = 365.0;
    if days >= 2.0 * YEAR {
        return format!("{} years", format::fixed(days / YEAR, 1));
    }
    format::plural(days.ceil().max(1.0) as i64, "day", "days")
}

fn units(count: u64) -> String {
    format::count(i64::try_from(count).unwrap_or(i64::MAX))
}

fn card(design: &Design, plan: &Plan) -> PlanCard {
    let goals = || design.metrics.iter().filter(|metric| metric.role == MetricRole::Goal);
    let headline = match (plan.days, goals().count()) {
        (Some(days), one) => {
            let needed = days.by(design.plan.method).max(plan.least_days);
            let difference = goals().next().filter(|_| one == 1).map_or_else(
                || "the differences that matter".to_owned(),
                |goal| margin(goal, plan).unwrap_or_else(|| "the difference that matters".to_owned()),
            );
            format!("About {} to find {difference}", days_text(needed))
        }
        (None, _) => "How long it takes cannot be told yet".to_owned(),
    };
    PlanCard {
        headline,
        sentences: plan.days.map(|days| sentences(design, plan, days)).unwrap_or_default(),
        metrics: plan.metrics.iter().filter_map(|planned| line(design, planned)).collect(),
        found: found(design, plan),
        spend: spend(plan),
        warnings: warnings(design, &plan.warnings),
        basis: basis(design, plan),
    }
}

/// The margin of a goal: `a change of 5% (0.033) of correct`.
fn margin(goal: &ExperimentMetric, plan: &Plan) -> Option<String> {
    let planned = plan.metrics.iter().find(|planned| planned.key == goal.metric.key)?;
    let absolute = value(&goal.metric.source, goal.metric.aggregation, planned.difference?);
    Some(match goal.margin? {
        Margin::Relative(share) => format!("a change of {} ({absolute})", format::percent(share)),
        Margin::Absolute(_) => format!("a change of {absolute}"),
    })
}

fn sentences(design: &Design, plan: &Plan, days: Days) -> Vec<String> {
    let mut said = vec![match design.plan.method {
        Method::Anytime => {
            let unlucky = days.unlucky.map_or_else(
                || "in bad luck it stays undecided at this traffic".to_owned(),
                |unlucky| format!("nine of ten after {}", days_text(unlucky)),
            );
            format!(
                "Looked at whenever you like, half of such experiments are decided after {}, {} after {}, {unlucky}. One look at \
                 the end alone would take {}.",
                days_text(days.typical),
                format::percent_whole(design.plan.power),
                days_text(days.planned),
                days_text(days.fixed)
            )
        }
        Method::FixedHorizon | Method::Bayesian => {
            format!("One look after {}; earlier ones would mislead.", days_text(days.fixed))
        }
    }];
    if plan.least_days > 0.0 {
        said.push(format!("No verdict before {}, whatever the numbers say.", days_text(plan.least_days)));
    }
    said
}

fn line(design: &Design, planned: &MetricPlan) -> Option<PlanLine> {
    let metric = &design.metrics.iter().find(|metric| metric.metric.key == planned.key)?.metric;
    let was = planned.baseline.map_or_else(
        || "not seen".to_owned(),
        |baseline| {
            let rows = units(baseline.rows);
            format!("{}, n {rows}", value(&metric.source, metric.aggregation, baseline.value))
        },
    );
    let takes = match (planned.sample, planned.days) {
        (Some(sample), Some(days)) => {
            let needed = sample.planned.unwrap_or(sample.fixed);
            format!("{} units, {}", units(needed), days_text(days.by(design.plan.method)))
        }
        (Some(sample), None) => format!("{} units", units(sample.planned.unwrap_or(sample.fixed))),
        (None, _) => planned.why.as_ref().map(|why| why.replace('`', "")).unwrap_or_default(),
    };
    let name = if metric.name.is_empty() { title(&metric.source, metric.aggregation) } else { metric.name.clone() };
    let guard = if planned.role == MetricRole::Guardrail { " (guardrail)" } else { "" };
    Some(PlanLine { title: format!("{name}{guard}"), was, takes })
}

/// Of the first goal: what could be found by when.
fn found(design: &Design, plan: &Plan) -> Vec<(String, String)> {
    let Some(goal) = plan.metrics.iter().find(|planned| planned.role == MetricRole::Goal) else { return Vec::new() };
    let Some(metric) = design.metrics.iter().find(|metric| metric.metric.key == goal.key) else { return Vec::new() };
    let text = |found: &services::planning::Detectable| {
        let absolute = value(&metric.metric.source, metric.metric.aggregation, found.sequential);
        let relative = found.relative.map(|share| format!(" ({})", format::percent(share))).unwrap_or_default();
        (
            format!("After {}", days_text(f64::from(found.days))),
            format!("{absolute}{relative}, {} units", units(found.units)),
        )
    };
    goal.detectable.iter().map(text).collect()
}

fn spend(plan: &Plan) -> Vec<String> {
    let spend = &plan.spend;
    let days = days_text(spend.days);
    let treatments = || spend.arms.iter().skip(1);
    let known: Vec<String> = treatments()
        .filter_map(|arm| {
            let extra = arm.extra?;
            let more = if extra < 0.0 { "less" } else { "more" };
            Some(format!("v{} {} {more}", arm.version, format::money(extra.abs() as i64)))
        })
        .collect();
    let mut said = Vec::new();
    if let Some(extra) = spend.extra {
        let more = if extra < 0.0 { "less" } else { "more" };
        let by_arm = if known.len() > 1 { format!(": {}", known.join(", ")) } else { String::new() };
        said.push(format!(
            "Costs about {} {more} than without it in {days}{by_arm}.",
            format::money(extra.abs() as i64)
        ));
        return said;
    }
    said.extend(treatments().filter(|arm| arm.per_generation.is_none()).map(|arm| unpriced(arm, &days)));
    if said.is_empty() {
        said.push("No call of the control with a price was seen: what it costs cannot be told.".to_owned());
    }
    said
}

/// An arm of whose calls no price was seen.
fn unpriced(arm: &ArmSpend, days: &str) -> String {
    let calls = units(arm.generations);
    match arm.total {
        Some(total) => format!(
            "What a call of v{} costs was not seen yet. At the control’s cost its {calls} calls in {days} come to {}; each 10% \
             more a call adds {}.",
            arm.version,
            format::money(total as i64),
            format::money((total / 10.0) as i64)
        ),
        None => format!("v{} gets about {calls} calls in {days}; what a call costs was not seen.", arm.version),
    }
}

/// Warnings that do not stand at their fields already.
fn warnings(design: &Design, found: &[FieldProblem]) -> Vec<String> {
    let at_field = ["schedule.minimum_hours", "arms[", "sticky", "allocation"];
    let shown = found.iter().filter(|warning| !at_field.iter().any(|field| warning.field.starts_with(field)));
    shown.map(|warning| format!("{}{}", named(design, &warning.field), sentence(&warning.message))).collect()
}

/// What a field is called in the form.
fn named(design: &Design, field: &str) -> String {
    let name = match field {
        "targeting" => "Audience",
        "coverage" => "Traffic",
        "unit" => "Unit",
        "plan.tuning_units" => "Planned units",
        "schedule.end" => "End",
        "ramp" => "Ramp",
        _ => {
            let index = field.strip_prefix("metrics[").and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
            let metric = index.and_then(|index| design.metrics.get(index));
            return metric.map(|metric| format!("{}: ", metric.metric.title())).unwrap_or_default();
        }
    };
    format!("{name}: ")
}

fn basis(design: &Design, plan: &Plan) -> String {
    let traffic = &plan.traffic;
    if traffic.units == 0 {
        return "Worked out from this prompt’s own traffic, once there is some.".to_owned();
    }
    let each = match &design.unit {
        domain::experiment::UnitKind::User => ("user", "users"),
        domain::experiment::UnitKind::Session => ("session", "sessions"),
        domain::experiment::UnitKind::Trace => ("trace", "traces"),
        domain::experiment::UnitKind::Attribute(_) => ("unit", "units"),
    };
    let count = format::plural(i64::try_from(traffic.units).unwrap_or(i64::MAX), each.0, each.1);
    let part = if traffic.sampled < traffic.units {
        format!(", variances from {} of them", units(traffic.sampled))
    } else {
        String::new()
    };
    let cut = if traffic.cut { " (the newest traces only)" } else { "" };
    format!(
        "From the last {}{cut}: {count}{part}. {} of them would take part.",
        days_text(traffic.days),
        format::percent(traffic.share)
    )
}

pub(super) async fn dry_run(visit: &Visit, form: Form) -> Result<DryRunCard, AppError> {
    let query = query(visit, form).await?;
    let run = visit.services.planning.dry_run(&visit.actor, visit.project.id, query).await.map_err(context::refusal)?;
    let looked =
        if run.looked_at < run.units { format!(", {} of them looked at", units(run.looked_at)) } else { String::new() };
    let headline = if run.units == 0 {
        "Nobody used this prompt in the last day.".to_owned()
    } else {
        format!("{} used this prompt in the last day{looked}.", format::plural(run.units as i64, "unit", "units"))
    };
    let mut counts: Vec<(String, String)> =
        run.arms.iter().map(|arm| (format!("{} (v{})", arm.key, arm.version), units(arm.units))).collect();
    counts.extend(run.left_out.iter().map(|left| (why(&left.why), units(left.units))));
    let shown = |example: services::planning::Example| {
        let outcome = example.outcome.map_or_else(|left| why(&left), |arm| arm.to_string());
        (example.unit, example.trace.to_string(), outcome)
    };
    Ok(DryRunCard {
        headline,
        counts,
        split: run.split.map(|check| check.sentence).unwrap_or_default(),
        examples: run.examples.into_iter().map(shown).collect(),
        note: if run.settled {
            "These units get these arms once it is launched.".to_owned()
        } else {
            "Shares hold; which unit gets which arm is settled when it is saved.".to_owned()
        },
    })
}

/// What keeps a unit out.
fn why(why: &Why) -> String {
    use assign::Reason;

    match why {
        Why::Reason(Reason::Forced) => "tester, never counted".to_owned(),
        Why::Reason(Reason::HeldOut) => "in the holdout".to_owned(),
        Why::Reason(Reason::Excluded) => "its place belongs to other experiments".to_owned(),
        Why::Reason(Reason::OutsideCoverage) => "beyond the traffic share".to_owned(),
        Why::Reason(Reason::MissingUnit) => "no id".to_owned(),
        Why::Reason(Reason::Kept) => "keeps the arm it has".to_owned(),
        Why::Reason(Reason::Undealt) => "has not met it yet".to_owned(),
        Why::Reason(Reason::NotTargeted | Reason::Assigned) => "not in the audience".to_owned(),
        Why::Condition(_, json) => {
            let rule = serde_json::from_str(json).ok().and_then(|json| words::condition(&json));
            format!("not in the audience: {}", rule.unwrap_or_else(|| json.clone()))
        }
        Why::Attribute(attribute) => format!("its trace does not tell {attribute}"),
    }
}
