//! What is known, in words. The plan's view, on the server only: looking otherwise does not change it.

use domain::experiment::{ExperimentMetric, Method, MetricRole};
use experiment::{CheckKind, CheckStatus, Choices, Comparison, GuardrailState, MetricRow, Sheet, TreatmentVerdict};
use ui::format;

use super::{
    draw::why_not,
    measure::Measure,
    model::{Health, Mood, Verdict},
};

/// The word people know from elsewhere, beside the sentence.
fn word(verdict: experiment::Verdict, forecast: Option<(f64, f64)>) -> (Mood, String) {
    use experiment::Verdict as V;
    let (mood, word) = match verdict {
        V::Broken => (Mood::Bad, "Unhealthy"),
        V::StopNow => (Mood::Bad, "Roll back now"),
        V::Ship => (Mood::Good, "Ship now"),
        V::DoNotShip => (Mood::Bad, "Ready for review"),
        V::YourCall => (Mood::Warn, "Ready for review"),
        V::NoMeaningfulDifference | V::Inconclusive => (Mood::Plain, "Ready for review"),
        V::TooEarly => (Mood::Plain, "Collecting"),
        V::Nearly => (Mood::Warn, "Keep running"),
        V::KeepRunning => match forecast {
            Some((days, _)) => return (Mood::Plain, format!("~{} left", plural_days(days))),
            None => (Mood::Plain, "Keep running"),
        },
    };
    (mood, word.to_owned())
}

fn plural_days(days: f64) -> String {
    format::plural(days.ceil() as i64, "day", "days")
}

/// The verdicts of all treatments: the one that asks for most first.
///
/// # Errors
/// The plan is out of range.
pub(super) fn of(sheet: &Sheet, verdicts: &[TreatmentVerdict]) -> Result<Verdict, stats::Undefined> {
    let planned = Choices { method: Method::Anytime, ..Choices::of(&sheet.plan) };
    let rows = sheet.rows(&planned)?;
    let mut said: Vec<(experiment::Verdict, Verdict)> = verdicts
        .iter()
        .enumerate()
        .map(|(place, verdict)| (verdict.verdict, one(sheet, &rows, place, verdict)))
        .collect();
    said.sort_by_key(|(verdict, _)| verdict.urgency());
    let mut said = said.into_iter();
    let Some((_, mut first)) = said.next() else { return Ok(Verdict::default()) };
    first.others = said.map(|(_, other)| (other.mood, other.headline)).collect();
    Ok(first)
}

fn one(sheet: &Sheet, rows: &[MetricRow], place: usize, verdict: &TreatmentVerdict) -> Verdict {
    use experiment::Verdict as V;
    let name = sheet.arms.get(place + 1).map_or("", experiment::ArmUnits::title);
    let pairs =
        || sheet.metrics.iter().zip(rows).filter_map(|(metric, row)| Some((metric, row.comparisons.get(place)?)));
    let goals: Vec<(&ExperimentMetric, &Comparison)> =
        pairs().filter(|(metric, _)| metric.role == MetricRole::Goal).collect();
    let moved = |better: bool| {
        let of: Vec<String> = goals
            .iter()
            .filter(|(_, comparison)| is_told(comparison, sheet.plan.alpha) && comparison.better == Some(better))
            .map(|(metric, comparison)| moves(metric, comparison))
            .collect();
        if of.is_empty() { String::new() } else { format!(": {}", of.join(" and ")) }
    };
    let sentence = || verdict.sentence.clone();
    let sure = || goals.iter().filter_map(|(metric, comparison)| between(metric, comparison, sheet.plan.alpha));
    let (mut text, headline): (Vec<String>, String) = match verdict.verdict {
        V::Broken => (vec![sentence()], "Do not use these results.".to_owned()),
        V::StopNow | V::YourCall => (sure().collect(), sentence()),
        V::TooEarly => (std::iter::once(sentence()).chain(sure()).collect(), "Too early to say.".to_owned()),
        V::DoNotShip => (sure().collect(), format!("{name} is worse{}.", moved(false))),
        V::Ship => (sure().collect(), format!("{name} is better{}.", moved(true))),
        V::Nearly => (sure().collect(), format!("{name} is better{}. A guardrail is still open.", moved(true))),
        V::NoMeaningfulDifference => {
            (std::iter::once(sentence()).chain(sure()).collect(), format!("{name} makes no difference that matters."))
        }
        V::Inconclusive => (std::iter::once(sentence()).chain(sure()).collect(), "No clear result.".to_owned()),
        V::KeepRunning => {
            let outlook = sheet.forecast.map(|_| sentence());
            (sure().chain(outlook).collect(), "No clear result yet.".to_owned())
        }
    };
    if verdict.verdict != V::Broken {
        text.extend(guardrails(pairs()));
    }
    if matches!(verdict.verdict, V::Ship | V::Nearly) && sheet.days < 2.0 * sheet.least_days.max(7.0) {
        text.push(stats::decision::EARLY_WINNER_NOTE.to_owned());
    }
    let (mood, word) = word(verdict.verdict, sheet.forecast);
    Verdict { mood, word, headline, text, others: Vec::new() }
}

fn is_told(comparison: &Comparison, alpha: f64) -> bool {
    comparison.adjusted_p.is_some_and(|p| p <= alpha)
}

/// "thumbs up rises by 4.1 points".
fn moves(metric: &ExperimentMetric, comparison: &Comparison) -> String {
    let title = metric.metric.title();
    let Some(difference) = comparison.difference else { return title.to_owned() };
    let verb = if difference < 0.0 { "falls" } else { "rises" };
    let measure = Measure::of(&metric.metric);
    let amount = match comparison.lift {
        Some(lift) if measure != Measure::Share => format::percent(lift.abs()),
        _ => measure.amount(difference),
    };
    format!("{title} {verb} by {amount}")
}

/// "We are 95% sure that the true change of thumbs up is between +0.6 and +7.6 pts, however often you look."
fn between(metric: &ExperimentMetric, comparison: &Comparison, alpha: f64) -> Option<String> {
    let measure = Measure::of(&metric.metric);
    let title = metric.metric.title();
    let (low, high) = match (comparison.lift_interval, comparison.interval) {
        (Some([low, high]), _) if measure != Measure::Share => (format::change(low), format::change(high)),
        (_, Some([low, high])) => (measure.difference(low), measure.difference(high)),
        _ => return why_not(comparison, true).map(|why| format!("{title}: {why}.")),
    };
    let sure = format::percent_whole(1.0 - alpha);
    Some(format!(
        "We are {sure} sure that the true change of {title} lies between {low} and {high}, however often you look."
    ))
}

/// "Latency p95 +0.8% and cost +1.9% stay within what you allow; errors cannot be told yet."
fn guardrails<'a>(pairs: impl Iterator<Item = (&'a ExperimentMetric, &'a Comparison)>) -> Option<String> {
    let (mut within, mut open, mut harmed) = (Vec::new(), Vec::new(), Vec::new());
    for (metric, comparison) in pairs.filter(|(metric, _)| metric.role == MetricRole::Guardrail) {
        let title = metric.metric.title();
        let measure = Measure::of(&metric.metric);
        let change = match comparison.lift {
            Some(lift) if measure != Measure::Share => Some(format::change(lift)),
            _ => comparison.difference.map(|difference| measure.difference(difference)),
        };
        let said = change.map_or_else(|| title.to_owned(), |change| format!("{title} {change}"));
        match comparison.guardrail {
            Some(GuardrailState::Passes) => within.push(said),
            Some(GuardrailState::Harmed | GuardrailState::SeriouslyHarmed) => harmed.push(said),
            Some(GuardrailState::Undecided) | None => open.push(title.to_owned()),
        }
    }
    let mut parts = Vec::new();
    if !within.is_empty() {
        parts.push(format!("within what you allow: {}", within.join(", ")));
    }
    if !harmed.is_empty() {
        parts.push(format!("worse: {}", harmed.join(", ")));
    }
    if !open.is_empty() {
        parts.push(format!("not told yet: {}", open.join(", ")));
    }
    (!parts.is_empty()).then(|| format!("Guardrails {}.", parts.join("; ")))
}

/// The checks in a few words each.
pub(super) fn health(sheet: &Sheet, units: &str) -> Vec<Health> {
    let unit = units.strip_suffix('s').unwrap_or(units);
    let split = || {
        let total: u64 = sheet.arms.iter().map(|arm| arm.units).sum();
        let shares: Vec<String> =
            sheet.arms.iter().map(|arm| format::fixed(100.0 * arm.units as f64 / total.max(1) as f64, 1)).collect();
        shares.join(" / ")
    };
    sheet
        .checks
        .iter()
        .map(|check| {
            let ok = check.status == CheckStatus::Ok;
            let text = match (check.kind, ok) {
                (CheckKind::SampleRatio, true) => format!("Split as planned, {}", split()),
                (CheckKind::SampleRatio, false) => format!("Split not as planned, {}", split()),
                (CheckKind::TwoArms, true) if check.number > 0.0 => {
                    format!("{} of {units} in two arms, left out", format::percent(check.number))
                }
                (CheckKind::TwoArms, true) => format!("No {unit} in two arms"),
                (CheckKind::TwoArms, false) => format!("{} of {units} in two arms", format::percent(check.number)),
                (CheckKind::Contamination, true) => "Served as assigned".to_owned(),
                (CheckKind::Contamination, false) => {
                    format!("{} served another version", format::percent(check.number))
                }
                (CheckKind::MissingScores, true) => "Scores equally complete".to_owned(),
                (CheckKind::MissingScores, false) => "Scores missing in one arm".to_owned(),
                (CheckKind::Concentration, true) => format!("No few {units} make the traffic"),
                (CheckKind::Concentration, false) => format!("A few {units} make most of the traffic"),
                (CheckKind::EarlyRows, true) => "Nothing before its exposure".to_owned(),
                (CheckKind::EarlyRows, false) => "Rows older than their exposure".to_owned(),
                (CheckKind::EarlyAgainstLate, _) => "Early and late results contradict each other".to_owned(),
                (CheckKind::SelfCheck, _) if check.status == CheckStatus::NotApplicable => {
                    "Your own data not shuffled yet".to_owned()
                }
                (CheckKind::SelfCheck, _) => {
                    let (found, promised) = (format::percent(check.number), format::percent(sheet.plan.alpha));
                    format!("Your own data, shuffled: {found} false alarms ({promised} promised)")
                }
                (CheckKind::UnknownEligibility, _) => {
                    format!("{} {units} with unknown audience, left out", format::count(check.number as i64))
                }
            };
            let mood = match check.status {
                CheckStatus::NotApplicable => Mood::Plain,
                CheckStatus::Ok => Mood::Good,
                CheckStatus::Warn => Mood::Warn,
                CheckStatus::Broken => Mood::Bad,
            };
            Health { mood, text, more: (!ok).then(|| check.sentence.clone()) }
        })
        .collect()
}
