//! The decision in a sentence.

use super::is_seriously_harmed;
use super::{Guardrail, GuardrailState, Margin, Plan, Primary, Standing, Treatment, Verdict, canary_died};
use crate::contrast::{Direction, LiftSet};
use crate::guard::{Status, percent};

pub(super) fn of(verdict: Verdict, treatment: &Treatment, standings: &[Standing], plan: &Plan) -> String {
    let name = &treatment.name;
    match verdict {
        Verdict::Broken => {
            let cause = treatment.findings.iter().find(|finding| finding.status == Status::Broken);
            format!("Don't use these results: {}", cause.map_or("", |finding| &finding.sentence))
        }
        Verdict::StopNow => stop(treatment, plan),
        Verdict::TooEarly => early(treatment, plan),
        Verdict::DoNotShip => {
            let worse: Vec<String> = with(treatment, standings, Standing::Worse).map(moves).collect();
            format!("{name} {}.", join(&worse))
        }
        Verdict::YourCall => {
            let better: Vec<&str> = names(with(treatment, standings, Standing::Better));
            let worse: Vec<&str> = names(with(treatment, standings, Standing::Worse));
            format!("{name} is better on {} and worse on {}. Weigh them.", join(&better), join(&worse))
        }
        Verdict::Ship => {
            let better: Vec<String> = with(treatment, standings, Standing::Better).map(measured).collect();
            let protected = if treatment.guardrails.is_empty() {
                "."
            } else {
                " and nothing you protect got worse by more than you allowed."
            };
            format!("{name} is better on {}{protected}", join(&better))
        }
        Verdict::Nearly => {
            let better: Vec<&str> = names(with(treatment, standings, Standing::Better));
            let open: Vec<&str> =
                treatment.guardrails.iter().filter(|own| !passes(own)).map(|own| own.name.as_str()).collect();
            format!(
                "{name} is better on {}; whether {} stays within what you allow is still open. {}",
                join(&better),
                join(&open),
                outlook(plan)
            )
        }
        Verdict::NoMeaningfulDifference => {
            "Whatever difference there is, it's smaller than what matters to you. Pick the cheaper.".to_owned()
        }
        Verdict::Inconclusive => {
            "The planned sample is used up without a clear result. Ship on other grounds, or plan a longer experiment."
                .to_owned()
        }
        Verdict::KeepRunning => outlook(plan),
    }
}

fn stop(treatment: &Treatment, plan: &Plan) -> String {
    let name = &treatment.name;
    match treatment.guardrails.iter().find(|guardrail| is_seriously_harmed(guardrail)) {
        Some(Guardrail { name: metric, margin: Margin::Relative(margin), .. }) => {
            format!("{name} makes {metric} at least {} worse.", percent(*margin))
        }
        Some(Guardrail { name: metric, .. }) => format!("{name} makes {metric} worse by more than you allowed."),
        None if canary_died(treatment, plan) => format!("{name} fails more often than the control."),
        None => format!("{name} does harm."),
    }
}

fn early(treatment: &Treatment, plan: &Plan) -> String {
    let days = libm::ceil(plan.least_days - plan.days);
    if days >= 1.0 {
        let unit = if days > 1.0 { "days" } else { "day" };
        return format!("{days:.0} more {unit} needed so that every weekday is covered.");
    }
    let missing = plan.least_units.saturating_sub(treatment.units_per_arm);
    format!("{missing} more users per version needed.")
}

fn outlook(plan: &Plan) -> String {
    match plan.forecast {
        Some((from, to)) if from.is_finite() && to.is_finite() && from >= 0.0 && to > from => {
            format!("Likely decision in {:.0}–{:.0} days.", libm::ceil(from), libm::ceil(to))
        }
        _ => "No clear result yet. Keep running.".to_owned(),
    }
}

fn with<'a>(
    treatment: &'a Treatment,
    standings: &'a [Standing],
    wanted: Standing,
) -> impl Iterator<Item = &'a Primary> {
    treatment
        .primaries
        .iter()
        .zip(standings)
        .filter(move |(_, standing)| **standing == wanted)
        .map(|(primary, _)| primary)
}

fn names<'a>(primaries: impl Iterator<Item = &'a Primary>) -> Vec<&'a str> {
    primaries.map(|primary| primary.name.as_str()).collect()
}

fn passes(guardrail: &Guardrail) -> bool {
    guardrail.state == Ok(GuardrailState::Passes)
}

/// "quality (+3.1%, +0.6% to +5.7%)".
fn measured(primary: &Primary) -> String {
    match primary.lift {
        Some(lift) => match lift.set {
            LiftSet::Bounded(interval) => format!(
                "{} ({}, {} to {})",
                primary.name,
                signed(lift.estimate),
                signed(interval.lower()),
                signed(interval.upper())
            ),
            LiftSet::Exclusive | LiftSet::WholeLine => primary.name.clone(),
        },
        None => primary.name.clone(),
    }
}

/// "lowers quality by 2–6%".
fn moves(primary: &Primary) -> String {
    // Worse means down when higher is better, and up otherwise.
    let verb = match primary.direction {
        Direction::HigherIsBetter => "lowers",
        Direction::LowerIsBetter => "raises",
    };
    let Some(LiftSet::Bounded(interval)) = primary.lift.map(|lift| lift.set) else {
        return format!("{verb} {}", primary.name);
    };
    let (one, other) = (interval.lower().abs(), interval.upper().abs());
    // Holm may reject where the shown interval still touches 0: then no range is claimed.
    if interval.contains(0.0) {
        return format!("{verb} {}", primary.name);
    }
    let low = percent(one.min(other));
    format!("{verb} {} by {}–{}", primary.name, low.trim_end_matches('%'), percent(one.max(other)))
}

fn signed(share: f64) -> String {
    if share >= 0.0 { format!("+{}", percent(share)) } else { format!("−{}", percent(-share)) }
}

fn join(parts: &[impl AsRef<str>]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}
