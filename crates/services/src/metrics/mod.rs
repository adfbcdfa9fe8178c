//! The one planner behind every number: a [`MetricQuery`] in, a [`MetricAnswer`] out, from the totals of the event plane.

mod combine;
mod compare;
mod distribution;
mod effect;
mod labels;
mod notice;
mod part;
mod registry;
mod statistic;
mod zone;

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    auth::{Actor, Permission},
    ids::ProjectId,
    metric::{Comparison, Dimension, IntervalMethod, Measure, MetricAnswer, MetricQuery, MetricRow, NoInterval},
    time::{TimeRange, TimeUs},
};

pub use self::zone::local_time;
use self::{
    combine::{Place, Seen},
    effect::Effect,
    part::{Asked, Part},
    statistic::{Around, Valued},
};
use crate::{Context, ServiceError, context::authorize};

/// Answers questions about generations and scores.
#[derive(Clone)]
pub struct Metrics {
    context: Arc<Context>,
}

impl Metrics {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Answers a question.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a question that makes no sense, with what would.
    pub async fn query(
        &self,
        actor: &Actor,
        project: ProjectId,
        question: &MetricQuery,
    ) -> Result<MetricAnswer, ServiceError> {
        let answers = self.queries(actor, project, std::slice::from_ref(question)).await?;
        let missing = || ServiceError::Internal("a question without an answer".into());
        answers.into_iter().next().ok_or_else(missing)
    }

    /// Answers questions, in their order. Those about the same things of the same range are answered in one pass, so a page asks
    /// for all its numbers at once.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for the first question that makes no sense, with what would.
    pub async fn queries(
        &self,
        actor: &Actor,
        project: ProjectId,
        questions: &[MetricQuery],
    ) -> Result<Vec<MetricAnswer>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let mut asked = Vec::with_capacity(questions.len());
        for question in questions {
            question.check().map_err(|problem| ServiceError::Invalid(vec![problem]))?;
            let steps = zone::steps(question.range, question.granularity, question.zone.as_deref())?;
            asked.push(Asked { question, range: question.range, steps });
            if let Some(Comparison::Range(range)) = question.compare {
                asked.push(Asked { question, range, steps: Vec::new() });
            }
        }
        let lag_ms = self.context.events.lag_ms().await?;
        let segmented = self.context.control.settings(project).await?.settings.segment.is_some();
        let mut parts = self.parts(project, asked).await?.into_iter();
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let Some(part) = parts.next() else { break };
            let baseline = match question.compare {
                Some(Comparison::Range(_)) => parts.next(),
                _ => None,
            };
            answers.push(self.answer(question, part, baseline, lag_ms, segmented)?);
        }
        Ok(answers)
    }

    fn answer(
        &self,
        question: &MetricQuery,
        part: Part,
        baseline: Option<Part>,
        lag_ms: u64,
        segmented: bool,
    ) -> Result<MetricAnswer, ServiceError> {
        let notices = notice::notices(question, part.places.values(), segmented);
        let rows = self.rows(question, &part, baseline.as_ref())?;
        let partial = [part.partial, baseline.as_ref().and_then(|part| part.partial.clone())];
        Ok(MetricAnswer {
            measures: question.measures.clone(),
            dimensions: question.dimensions.clone(),
            range: part.range,
            compared: baseline.map(|part| part.range),
            rows,
            notices,
            partial: partial.into_iter().flatten().reduce(|one, other| format!("{one}; compared with: {other}")),
            lag_ms,
        })
    }

    fn rows(
        &self,
        question: &MetricQuery,
        part: &Part,
        baseline: Option<&Part>,
    ) -> Result<Vec<MetricRow>, ServiceError> {
        let now = self.context.clock.now();
        let valued = values(question, part, now)?;
        let before = baseline.map(|part| values(question, part, now)).transpose()?;
        let mut rows = Vec::with_capacity(valued.len());
        for ((place, seen), numbers) in part.places.iter().zip(valued.values()) {
            let compared = match (&question.compare, &before) {
                (Some(Comparison::Range(_)), Some(before)) => Some(before.get(place)),
                (Some(Comparison::Group { dimension, value }), _) => {
                    Some(valued.get(&place.with(&question.dimensions, *dimension, value)))
                }
                _ => None,
            };
            let key = part.key(place);
            rows.push(MetricRow {
                group: place.key.clone(),
                at_us: place.at_us,
                values: numbers.iter().map(|number| number.value).collect(),
                differences: compared.map_or_else(Vec::new, |baseline| differences(numbers, baseline)),
                distributions: question
                    .distributions
                    .iter()
                    .map(|subject| distribution::of(subject, seen, part.spreads.as_ref(), &key))
                    .collect(),
            });
        }
        Ok(rows)
    }
}

fn differences(numbers: &[Valued], baseline: Option<&Vec<Valued>>) -> Vec<domain::metric::Difference> {
    let nothing = Valued { value: domain::metric::MetricValue::NOTHING, estimate: None };
    numbers
        .iter()
        .enumerate()
        .map(|(at, number)| {
            compare::difference(number, baseline.and_then(|baseline| baseline.get(at)).unwrap_or(&nothing))
        })
        .collect()
}

/// Every measure at every place.
fn values(question: &MetricQuery, part: &Part, now: TimeUs) -> Result<BTreeMap<Place, Vec<Valued>>, ServiceError> {
    let method = match &part.spreads {
        // A step is a part of what the spread was measured on.
        Some(spreads) if spreads.exact && part.steps.is_empty() => IntervalMethod::UnitGroups,
        _ => IntervalMethod::DesignEffect,
    };
    let beside = beside(question, &part.places);
    let mut effects: BTreeMap<(Vec<String>, &Measure), Result<Effect, NoInterval>> = BTreeMap::new();
    let mut valued = BTreeMap::new();
    for (place, seen) in &part.places {
        let step = part.step(place.at_us);
        let observed_us = step.to.min(now).0.saturating_sub(step.from.0).max(0);
        let key = part.key(place);
        let mut numbers = Vec::with_capacity(question.measures.len());
        for measure in &question.measures {
            let effect = match &part.spreads {
                Some(spreads) if statistic::has_interval(measure) => {
                    *effects.entry((key.clone(), measure)).or_insert_with(|| spreads.effect(&key, measure))
                }
                _ if !question.intervals => Err(NoInterval::NotAsked),
                _ => Err(NoInterval::NoVariation),
            };
            let beside = beside.get(&place.without_version(&question.dimensions)).copied().unwrap_or(0);
            numbers.push(statistic::value(measure, seen, &Around { observed_us, beside, effect, method })?);
        }
        valued.insert(place.clone(), numbers);
    }
    Ok(valued)
}

/// Generations of all versions that are the same in everything else, when adoption is asked for.
fn beside(question: &MetricQuery, places: &BTreeMap<Place, Seen>) -> BTreeMap<Place, u64> {
    let mut sums = BTreeMap::new();
    if question.measures.contains(&Measure::Adoption) {
        for (place, seen) in places {
            *sums.entry(place.without_version(&question.dimensions)).or_default() += seen.spans.count;
        }
    }
    sums
}

impl Part {
    /// The part of the range one row speaks of.
    fn step(&self, at: Option<TimeUs>) -> TimeRange {
        let Some(at) = at else { return self.range };
        let after = self.steps.partition_point(|start| *start <= at);
        let end = self.steps.get(after).copied().unwrap_or(self.range.to);
        TimeRange { from: at.max(self.range.from), to: end.min(self.range.to) }
    }
}

impl Place {
    fn with(&self, dimensions: &[Dimension], dimension: Dimension, value: &str) -> Self {
        let mut key = self.key.clone();
        for (held, of) in key.iter_mut().zip(dimensions) {
            if *of == dimension {
                value.clone_into(held);
            }
        }
        Self::new(key, self.at_us, dimensions)
    }

    fn without_version(&self, dimensions: &[Dimension]) -> Self {
        self.with(dimensions, Dimension::Version, "")
    }
}
