//! Gathers what the form needs: versions, metrics really seen, a first draft. Server only.

use domain::{
    experiment::{Aggregation, Arm, ArmKey, Design, Direction, MetricSource, QuantileLevel, State},
    metric::{Dimension, Filter, Measure, MetricAnswer, MetricQuery, MetricValue, Quantity},
    page::PageSize,
    prompt::{LabelName, Prompt},
    time::{RangeChoice, TimeUs},
};
use services::{ServiceError, prompts::PromptFilter};
use ui::format;

use super::{
    draft::{Draft, MetricDraft},
    fill,
    model::{Edited, FormSlot, FormView, MetricChoice},
    parse::{scale, title},
};
use crate::{
    context::{self, Visit},
    error::AppError,
    pages::{experiment, experiments::read::may_write},
};

/// What is looked back on for metrics.
const FORTNIGHT: RangeChoice = RangeChoice::Last { minutes: 14 * 1440 };
/// Guardrails a new experiment begins with, and how much worse each may get, in percent of the control.
const USUAL_GUARDRAILS: [(&str, &str); 3] = [("latency p95", "10"), ("cost ratio", "10"), ("errors ratio", "20")];

/// What an adaptive split is for, and what it costs.
const ADAPTIVE: &str = "Fixed keeps the weights. Adaptive moves traffic to better arms batch by batch, to pick the best of several with \
    few losses. Telling the whole effect then takes longer; ratios, quantiles and segments get no interval; units keep their arm, which \
    only resolve and single OFREP evaluations can deal.";

pub(super) async fn new(visit: &Visit, prompt: Option<String>, label: Option<String>) -> Result<FormView, AppError> {
    let prompts = &visit.services.prompts;
    let Some(name) = prompt.filter(|name| !name.is_empty()) else {
        let all =
            prompts.all(&visit.actor, visit.project.id, &PromptFilter::default()).await.map_err(context::refusal)?;
        let names = |prompt: Prompt| {
            let labels = prompt.labels.iter().map(|label| label.name.to_string()).collect();
            (prompt.name.to_string(), labels)
        };
        let listed = all.prompts.into_iter().map(names).collect();
        return Ok(view(visit, None, listed, Draft::default(), Vec::new(), None));
    };
    let prompt = prompts.prompt(&visit.actor, visit.project.id, &name).await.map_err(context::refusal)?;
    let label = label.filter(|label| !label.is_empty()).unwrap_or_else(|| LabelName::PRODUCTION.to_owned());
    let slot = slot(visit, &prompt, &label).await?;
    let metrics = seen(visit, &name).await?;
    let design = first(&slot);
    let mut draft = fill::draft(&suggested_key(&slot, visit.now), &design);
    draft.metrics = usual(&metrics);
    let labels = prompt.labels.iter().map(|label| label.name.to_string()).collect();
    Ok(view(visit, Some(slot), vec![(name, labels)], draft, metrics, None))
}

pub(super) async fn edited(visit: &Visit, key: &str) -> Result<FormView, AppError> {
    let (experiments, actor, project) = (&visit.services.experiments, &visit.actor, visit.project.id);
    let experiment = experiments.get(actor, project, key).await.map_err(context::refusal)?;
    let report = experiments.report(actor, project, key).await.map_err(context::refusal)?;
    let name = experiment.slot.prompt_name.as_str();
    let prompt = visit.services.prompts.prompt(actor, project, name).await.map_err(context::refusal)?;
    let slot = slot(visit, &prompt, experiment.slot.label.as_str()).await?;
    let mut metrics = seen(visit, name).await?;
    for own in &experiment.design.metrics {
        let what = format!("{} {}", own.metric.source, own.metric.aggregation);
        if !metrics.iter().any(|choice| choice.what == what) {
            let direction = if own.metric.direction == Direction::Lower { "lower" } else { "higher" };
            let title = own.metric.title().to_owned();
            metrics.push(MetricChoice {
                what,
                title,
                seen: "not seen in 14 days".to_owned(),
                unit: scale(&own.metric.source).1.to_owned(),
                direction: direction.to_owned(),
            });
        }
    }
    let launched = experiment.state != State::Draft;
    let edited = Edited {
        id: experiment.id.to_string(),
        revision: experiment.revision,
        launched,
        problems: if launched { Vec::new() } else { report.problems },
    };
    let draft = fill::draft(key, &experiment.design);
    Ok(view(visit, Some(slot), Vec::new(), draft, metrics, Some(edited)))
}

fn view(
    visit: &Visit,
    slot: Option<FormSlot>,
    prompts: Vec<(String, Vec<String>)>,
    draft: Draft,
    metrics: Vec<MetricChoice>,
    edited: Option<Edited>,
) -> FormView {
    FormView {
        slot,
        prompts,
        draft,
        metrics,
        edited,
        may_write: may_write(visit),
        adaptive: ADAPTIVE.to_owned(),
        project_id: visit.project.id.to_string(),
    }
}

async fn slot(visit: &Visit, prompt: &Prompt, label: &str) -> Result<FormSlot, AppError> {
    let Some(found) = prompt.labels.iter().find(|found| found.name.as_str() == label) else {
        let message = format!("`{}` has no label `{label}`; give it one on the prompt’s page", prompt.name);
        return Err(context::refusal(ServiceError::field("label", message)));
    };
    let newest = PageSize::new(PageSize::MAX.into()).unwrap_or_default();
    let (prompts, actor, project) = (&visit.services.prompts, &visit.actor, visit.project.id);
    let versions =
        prompts.versions(actor, project, prompt.name.as_str(), None, newest).await.map_err(context::refusal)?;
    let versions =
        versions.items.into_iter().map(|version| (version.number, version.commit_message.unwrap_or_default()));
    Ok(FormSlot {
        prompt: prompt.name.to_string(),
        label: label.to_owned(),
        points_at: found.version,
        versions: versions.collect(),
    })
}

/// The label's version against the newest other one, half and half.
fn first(slot: &FormSlot) -> Design {
    let other = slot.versions.iter().map(|(number, _)| *number).find(|number| *number != slot.points_at);
    let arm = |key: &str, version: u32| {
        let key: ArmKey = key.parse().ok()?;
        Some(Arm { key, name: String::new(), version, weight: 5_000 })
    };
    let arms = [arm("control", slot.points_at), arm("treatment", other.unwrap_or(0))];
    Design { arms: arms.into_iter().flatten().collect(), ..Design::default() }
}

/// A key that says where and when: `support-answer-nov-21`.
fn suggested_key(slot: &FormSlot, now: TimeUs) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let name: String = slot.prompt.chars().map(plain).take(50).collect();
    let day: String = format::date(now.0).split(',').next().unwrap_or_default().chars().map(plain).collect();
    format!("{name}-{day}")
}

/// A goal and the usual guardrails, of those that were seen.
fn usual(choices: &[MetricChoice]) -> Vec<MetricDraft> {
    let draft = |choice: &MetricChoice, role: &str, margin: &str| MetricDraft {
        what: choice.what.clone(),
        role: role.to_owned(),
        direction: choice.direction.clone(),
        margin: margin.to_owned(),
        margin_of: "relative".to_owned(),
    };
    let goal = choices.iter().find(|choice| choice.what.starts_with("score:")).or(choices.first());
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
        MetricSource::Errors => vec![(Aggregation::Ratio, "error_rate")],
        MetricSource::NullResponses => vec![(Aggregation::Ratio, "null_rate")],
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

async fn seen(visit: &Visit, prompt: &str) -> Result<Vec<MetricChoice>, AppError> {
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
    let values = answers.first().and_then(|answer| answer.rows.first()).map(|row| row.values.as_slice());
    for source in &SOURCES {
        for (aggregation, word) in known(source) {
            let place = words.iter().position(|own| *own == word);
            let value = place.and_then(|place| values?.get(place)).copied();
            let lower = *source != MetricSource::Generations;
            choices.push(choice(source, aggregation, value, if lower { "lower" } else { "higher" }));
        }
    }
    Ok(choices)
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
        (Some(now), Aggregation::Mean | Aggregation::UnitMean) => format!("{now} a generation, n {n} in 14 days"),
        (Some(now), _) => format!("{now}, n {n} in 14 days"),
    };
    MetricChoice {
        what: format!("{source} {how}"),
        title: title(source, how),
        seen,
        unit: scale(source).1.to_owned(),
        direction: direction.to_owned(),
    }
}
