//! Gathers what an experiment knows of one unit. Server only.

use assign::Reason;
use domain::{
    experiment::{Eligibility, ExposureDoor},
    time::TimeUs,
};
use services::results::{Explained, RuleSays};
use ui::format;

use super::model::{ExplainView, MetLine};
use crate::{
    context::{self, Visit},
    error::AppError,
    pages::experiment::results::measure::Measure,
};

pub(super) async fn explain(visit: &Visit, key: &str, unit: &str, at: Option<&str>) -> Result<ExplainView, AppError> {
    let at = at.filter(|at| !at.is_empty()).map(time).transpose()?;
    let results = &visit.services.results;
    let explained = results.explain(&visit.actor, visit.project.id, key, unit, at).await.map_err(context::refusal)?;
    let control =
        visit.services.experiments.get(&visit.actor, visit.project.id, key).await.map_err(context::refusal)?;
    let control = control.design.arms.first().map_or_else(String::new, |arm| format!("v{}", arm.version));
    Ok(ExplainView {
        unit: unit.to_owned(),
        rule: rule(explained.rule.as_ref(), &control),
        counts: counts(&explained),
        met: met(&explained),
        sums: sums(&explained),
    })
}

/// What `datetime-local` sends has neither seconds nor zone; pages are in UTC.
fn time(text: &str) -> Result<TimeUs, AppError> {
    let text = match text.len() {
        16 => format!("{text}:00Z"),
        19 => format!("{text}Z"),
        _ => text.to_owned(),
    };
    context::parse("at", &text)
}

fn rule(says: Option<&RuleSays>, control: &str) -> String {
    let Some(says) = says else { return "The experiment did not run then: it gave nobody anything.".to_owned() };
    let when = format!("Phase {}, epoch {}", says.phase, says.epoch);
    let lost = match (says.reason, &says.lost) {
        (Reason::Assigned | Reason::OutsideCoverage, Some(lost)) => {
            format!(" {lost}, the arm it had, was removed, so it is dealt anew:")
        }
        _ => String::new(),
    };
    let place = says.bucket.map(|bucket| format!("{lost} its place is {bucket} of 10000,")).unwrap_or_default();
    let given = match (says.reason, &says.arm) {
        (Reason::Forced, Some(arm)) => {
            format!("it is a tester with the fixed arm {} (v{}), and left out of the analysis", arm.key, arm.version)
        }
        (Reason::Kept, Some(arm)) => match &says.lost {
            Some(lost) => format!("it keeps {} (v{}), dealt to it after {lost} was removed", arm.key, arm.version),
            None => format!("it keeps {} (v{}), the arm it met first", arm.key, arm.version),
        },
        (_, Some(arm)) => format!("{place} which is in the range of {} (v{})", arm.key, arm.version),
        (Reason::HeldOut, None) => format!("it is in the holdout, which takes part in nothing, and gets {control}"),
        (Reason::Excluded, None) => {
            format!("its place in the exclusion group belongs to other experiments, so it gets {control}")
        }
        (Reason::OutsideCoverage, None) => {
            format!("{place} which the traffic share does not reach, so it gets {control}")
        }
        (Reason::MissingUnit, None) => format!("without an id nobody takes part; it gets {control}"),
        _ => format!("it does not take part and gets {control}"),
    };
    let audience = if says.if_targeted { " This holds if it belongs to the audience." } else { "" };
    format!("{when}: {}.{audience}", given.trim_start())
}

fn counts(explained: &Explained) -> String {
    let Some(unit) = &explained.unit else {
        return "It never met this experiment in the present phase.".to_owned();
    };
    if unit.exposed.multiple {
        return "It saw two arms, so it is left out of the analysis with everything it did.".to_owned();
    }
    if unit.exposed.exposure.eligibility == Eligibility::Unknown {
        return "Nobody knows whether it belongs to the audience, so it is left out of the analysis.".to_owned();
    }
    match &unit.state {
        None => "It counts; what it did is being added up.".to_owned(),
        Some(state) => match &state.segment {
            Some(segment) => format!("It counts, in the segment {segment}."),
            None => "It counts.".to_owned(),
        },
    }
}

fn met(explained: &Explained) -> Vec<MetLine> {
    let lines = explained.exposures.iter().map(|record| {
        let exposure = &record.exposure;
        MetLine {
            arm: exposure.arm.to_string(),
            door: door(exposure.door).to_owned(),
            place: format!("phase {}, epoch {}, place {}", exposure.phase, exposure.epoch, exposure.bucket),
            at_us: exposure.first_us.0,
        }
    });
    lines.collect()
}

fn door(door: ExposureDoor) -> &'static str {
    match door {
        ExposureDoor::Resolve => "asked for the prompt",
        ExposureDoor::Ofrep => "evaluated the flag",
        ExposureDoor::Tracking => "reported by a client",
        ExposureDoor::Generation => "sent a generation",
    }
}

fn sums(explained: &Explained) -> Vec<[String; 3]> {
    let totals = explained.unit.as_ref().map(services::results::totals).unwrap_or_default();
    let measures = explained.measures.iter().zip(totals).filter(|(measure, _)| !measure.bins);
    let lines = measures.map(|(measure, sum)| {
        let value = sum.sum as f64 * experiment::scale(&measure.source);
        let written = Measure::of_source(&measure.source).value(value);
        let rows = format::plural(i64::try_from(sum.rows).unwrap_or(i64::MAX), "row", "rows");
        [measure.source.to_string(), written, rows]
    });
    lines.collect()
}
