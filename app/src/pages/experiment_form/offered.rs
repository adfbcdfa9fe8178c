//! Metrics the form offers: those that were really seen, and those every prompt has. Server only.

use domain::{
    experiment::{Aggregation, Design, Direction, MetricSource, QuantileLevel},
    metric::{Dimension, Filter, Measure, MetricAnswer, MetricQuery, MetricValue, Quantity},
    time::{RangeChoice, TimeUs},
};
use services::{ServiceError, ingest::OutcomeCount};
use ui::format;

use super::{
    draft::MetricDraft,
    metric::{scale, title, usual_cap},
    model::MetricChoice,
};
use crate::{
    context::{self, Visit},
    error::AppError,
    pages::experiment,
};

/// What is looked back on for metrics.
const FORTNIGHT: RangeChoice = RangeChoice::Last { minutes: 14 * 1440 };
/// Most names of outcome events offered.
const MOST_EVENTS: usize = 25;
/// Guardrails a new experiment begins with, and how much worse each may get, in percent of the control.
const USUAL_GUARDRAILS: [(&str, &str); 3] = [("latency p95", "10"), ("cost ratio", "10"), ("errors ratio", "20")];

/// What can be chosen.
#[derive(Default)]
pub(super) struct Offered {
    /// The metrics.
    pub(super) choices: Vec<MetricChoice>,
    /// Whether the project has outcome events.
    pub(super) events: bool,
}

impl Offered {
    /// With what an experiment uses already, seen of late or not.
    pub(super) fn with_own(&mut self, design: &Design) {
        for own in design.metrics.iter().map(|own| &own.metric) {
            let what = format!("{} {}", own.source, own.aggregation);
            if self.choices.iter().any(|choice| choice.what == what) {
                continue;
            }
            let direction = if own.direction == Direction::Lower { "lower" } else { "higher" };
            let seen = "not seen of late".to_owned();
            let title = own.title().to_owned();
            self.choices.push(MetricChoice { title, ..described(&own.source, own.aggregation, seen, direction) });
        }
    }
}

/// A goal and the usual guardrails, of those that were seen.
pub(super) fn usual(choices: &[MetricChoice]) -> Vec<MetricDraft> {
    let draft = |choice: &MetricChoice, role: &str, margin: &str| MetricDraft {
        what: choice.what.clone(),
        role: role.to_owned(),
        direction: choice.direction.clone(),
        margin: margin.to_owned(),
        ..MetricDraft::empty()
    };
    // What people do is often what an experiment is for, but which of it only they know.
    let known = |choice: &&MetricChoice| !choice.what.starts_with("event:");
    let goal = choices.iter().find(|choice| choice.what.starts_with("score:")).or(choices.iter().find(known));
    let mut drafts: Vec<MetricDraft> = goal.map(|goal| draft(goal, "goal", "5")).into_iter().collect();
    for (what, margin) in USUAL_GUARDRAILS {
        let known = choices.iter().find(|choice| choice.what == what);
        if let Some(choice) = known.filter(|choice| drafts.iter().all(|draft| draft.what != choice.what)) {
            drafts.push(draft(choice, "guardrail", margin));
        }
    }
    drafts
}

/// What a metric of an experiment reads, and the measure that says what it was of late.
fn known(source: &MetricSource) -> Vec<(Aggregation, &'static str)> {
    let p = Aggregation::Quantile;
    match source {
        MetricSource::Quantity(Quantity::Latency) => vec![
            (p(QuantileLevel::P95), "latency.p95"),
            (p(QuantileLevel::P50), "latency.p50"),
            (p(QuantileLevel::P99), "latency.p99"),
        ],
        MetricSource::Quantity(Quantity::TimeToFirstToken) => vec![(p(QuantileLevel::P95), "time_to_first_token.p95")],
        MetricSource::Quantity(Quantity::Cost) => {
            vec![(Aggregation::Ratio, "cost.mean"), (Aggregation::Mean, "cost.mean")]
        }
        MetricSource::Quantity(Quantity::OutputTokens) => vec![(Aggregation::Ratio, "output_tokens.mean")],
        MetricSource::Quantity(Quantity::TotalTokens) => vec![(Aggregation::Ratio, "total_tokens.mean")],
        MetricSource::Errors => vec![(Aggregation::Ratio, "error_rate"), (Aggregation::Rate, "error_rate")],
        MetricSource::NullResponses => vec![(Aggregation::Ratio, "null_rate"), (Aggregation::Rate, "null_rate")],
        MetricSource::Generations => vec![(Aggregation::Count, "count")],
        _ => Vec::new(),
    }
}

const SOURCES: [MetricSource; 8] = [
    MetricSource::Quantity(Quantity::Latency),
    MetricSource::Quantity(Quantity::Cost),
    MetricSource::Errors,
    MetricSource::NullResponses,
    MetricSource::Quantity(Quantity::TimeToFirstToken),
    MetricSource::Quantity(Quantity::OutputTokens),
    MetricSource::Quantity(Quantity::TotalTokens),
    MetricSource::Generations,
];

/// Scores of this prompt, events of the project, and what every prompt has.
pub(super) async fn offered(visit: &Visit, prompt: &str) -> Result<Offered, AppError> {
    let question = |dimensions: &[Dimension], words: &[&str]| -> Result<MetricQuery, AppError> {
        let measures = words.iter().map(|word| word.parse::<Measure>().map_err(ServiceError::of("measures")));
        Ok(MetricQuery {
            measures: measures.collect::<Result<_, _>>().map_err(context::refusal)?,
            dimensions: dimensions.to_vec(),
            filters: vec![Filter::one(Dimension::Prompt, prompt)],
            intervals: false,
            ..MetricQuery::over(FORTNIGHT.resolve(visit.now))
        })
    };
    let mut words: Vec<&str> = SOURCES.iter().flat_map(known).map(|(_, word)| word).collect();
    words.sort_unstable();
    words.dedup();
    let questions = [question(&[], &words)?, question(&[Dimension::ScoreName], &["score.mean"])?];
    let answers = visit.services.metrics.queries(&visit.actor, visit.project.id, &questions).await;
    let answers = answers.map_err(context::refusal)?;
    let mut choices = answers.get(1).map(scores).unwrap_or_default();
    let counts = visit.services.ingest.outcome_counts(&visit.actor, visit.project.id).await;
    let events = outcomes(counts.map_err(context::refusal)?, visit.now);
    let any = !events.is_empty();
    choices.extend(events);
    let values = answers.first().and_then(|answer| answer.rows.first()).map(|row| row.values.as_slice());
    for source in &SOURCES {
        for (aggregation, word) in known(source) {
            let place = words.iter().position(|own| *own == word);
            let value = place.and_then(|place| values?.get(place)).copied();
            let lower = *source != MetricSource::Generations;
            choices.push(choice(source, aggregation, value, if lower { "lower" } else { "higher" }));
        }
    }
    Ok(Offered { choices, events: any })
}

/// Outcome events by name, each as what can be made of it. The newest names where there are many.
fn outcomes(mut counts: Vec<OutcomeCount>, now: TimeUs) -> Vec<MetricChoice> {
    counts.sort_by(|one, other| other.last_us.cmp(&one.last_us).then_with(|| one.name.cmp(&other.name)));
    counts.truncate(MOST_EVENTS);
    counts.sort_by(|one, other| one.name.cmp(&other.name));
    let mut choices = Vec::new();
    for count in counts {
        let events = i64::try_from(count.events).unwrap_or(i64::MAX);
        let seen = format!("{} so far, the newest {}", format::count(events), format::relative(count.last_us.0, now.0));
        let source = MetricSource::Event(count.name);
        for how in [Aggregation::Rate, Aggregation::Count, Aggregation::Mean, Aggregation::Ratio] {
            let title = format!("{} (event)", title(&source, how));
            choices.push(MetricChoice { title, ..described(&source, how, seen.clone(), "higher") });
        }
    }
    choices
}

/// Scores by name; those without a number in them are no metric.
fn scores(answer: &MetricAnswer) -> Vec<MetricChoice> {
    let mut found = Vec::new();
    for row in &answer.rows {
        let (Some(name), Some(value)) = (row.group.first().filter(|name| !name.is_empty()), row.values.first()) else {
            continue;
        };
        let Ok(source) = format!("score:{name}").parse::<MetricSource>() else { continue };
        if value.value.is_some() {
            found.push(choice(&source, Aggregation::Ratio, Some(*value), "higher"));
            found.push(choice(&source, Aggregation::UnitMean, Some(*value), "higher"));
            found.push(choice(&source, Aggregation::Rate, Some(*value), "higher"));
        }
    }
    found
}

fn choice(source: &MetricSource, how: Aggregation, value: Option<MetricValue>, direction: &str) -> MetricChoice {
    let n = value.map_or(0, |value| value.n);
    let n = format::count(i64::try_from(n).unwrap_or(i64::MAX));
    // What was seen is the mean of generations, whatever the metric makes of it.
    let measure = experiment::results::measure::Measure::counted(source, Aggregation::Ratio);
    let now = value.and_then(|value| value.value).map(|value| measure.value(value));
    let seen = match (now, how) {
        (None, _) => "not seen in 14 days".to_owned(),
        (Some(_), Aggregation::Count) => format!("{n} in 14 days"),
        (Some(now), Aggregation::Mean | Aggregation::UnitMean | Aggregation::Rate) => {
            format!("{now} a generation, n {n} in 14 days")
        }
        (Some(now), _) => format!("{now}, n {n} in 14 days"),
    };
    described(source, how, seen, direction)
}

fn described(source: &MetricSource, how: Aggregation, seen: String, direction: &str) -> MetricChoice {
    let cap = match usual_cap(source, how) {
        Some(_) => "As usual: at the 99.9% quantile of all units.",
        None if source.is_amount() && how.is_of_amounts() => "As usual: none, so a few large values may decide.",
        None => "Only means and sums of amounts are capped.",
    };
    MetricChoice {
        what: format!("{source} {how}"),
        title: title(source, how),
        seen,
        unit: scale(source, how).1.to_owned(),
        direction: direction.to_owned(),
        cap: cap.to_owned(),
        every_unit: how.is_of_every_unit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_offered_by_what_can_be_made_of_them() {
        const MINUTE_US: i64 = 60_000_000;
        let count = |name: &str, events: u64, at: i64| OutcomeCount {
            name: name.parse().unwrap(),
            events,
            last_us: TimeUs(at * MINUTE_US),
        };
        let choices = outcomes(vec![count("edit", 3, 8), count("buy", 1_204, 5)], TimeUs(10 * MINUTE_US));
        let names: Vec<&str> = choices.iter().map(|choice| choice.title.as_str()).collect();
        assert_eq!(names[..2], ["buy, share of units (event)", "buy, count a unit (event)"]);
        assert_eq!(names.len(), 8);
        assert_eq!(choices[0].seen, "1,204 so far, the newest 5 min ago");
        assert_eq!((choices[0].what.as_str(), choices[0].unit.as_str()), ("event:buy rate", "points"));
        // What the form offers is a metric, and what it says of adaptive splits is what they take.
        for choice in &choices {
            let (source, how) = choice.what.rsplit_once(' ').unwrap();
            let (source, how): (MetricSource, Aggregation) = (source.parse().unwrap(), how.parse().unwrap());
            assert!(source.allows(how), "{}", choice.what);
            assert_eq!(choice.every_unit, how.is_of_every_unit());
        }
        // Of very many names the newest are offered.
        let many = (0..100).map(|at| count(&format!("event-{at:03}"), 1, at)).collect();
        let choices = outcomes(many, TimeUs(200 * MINUTE_US));
        assert_eq!(choices.len(), 4 * MOST_EVENTS);
        assert_eq!(choices[0].what, format!("event:event-{:03} rate", 100 - MOST_EVENTS));
    }
}
