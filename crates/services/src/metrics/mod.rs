//! The one planner behind every number: a [`MetricQuery`] in, a [`MetricAnswer`] out, from the totals of the event plane.

mod combine;
mod statistic;

use std::sync::Arc;

use domain::{
    auth::{Actor, Permission},
    ids::ProjectId,
    metric::{Granularity, Measure, MetricAnswer, MetricQuery, MetricRow, Quantity},
    time::{HOUR_NS, TimeRange, TimeUs},
};
use store::event::TotalsQuestion;

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
        authorize(actor, project, Permission::Read)?;
        question.check().map_err(ServiceError::of("query"))?;
        for measure in &question.measures {
            answerable(measure)?;
        }
        let range = whole_hours(question.range);
        let totals = self
            .context
            .events
            .totals(
                project,
                &TotalsQuestion {
                    range,
                    granularity: question.granularity,
                    dimensions: question.dimensions.clone(),
                    filters: question.filters.clone(),
                    spans: question.measures.iter().any(|measure| !measure.is_score()),
                    scores: question.measures.iter().any(Measure::is_score),
                },
            )
            .await?;
        let lag_ms = self.context.events.lag_ms().await?;
        let now = self.context.clock.now();
        let partial = totals.partial.clone();
        let groups = combine::combine(totals, &question.dimensions);
        let mut rows = Vec::with_capacity(groups.len());
        for (place, seen) in groups {
            let step = step(range, question.granularity, place.at_us);
            let observed_us = step.to.min(now).0.saturating_sub(step.from.0).max(0);
            let values = question
                .measures
                .iter()
                .map(|measure| statistic::value(measure, &seen, observed_us))
                .collect::<Result<Vec<_>, _>>()?;
            rows.push(MetricRow { group: place.key, at_us: place.at_us, values });
        }
        Ok(MetricAnswer {
            measures: question.measures.clone(),
            dimensions: question.dimensions.clone(),
            range,
            rows,
            partial,
            lag_ms,
        })
    }
}

/// Quantiles need a sketch, and these quantities keep none.
fn answerable(measure: &Measure) -> Result<(), ServiceError> {
    let Measure::Of(quantity, statistic) = measure else { return Ok(()) };
    let sketched = !matches!(quantity, Quantity::InputCost | Quantity::OutputCost | Quantity::TotalTokens);
    if sketched || statistic.quantile().is_none() {
        return Ok(());
    }
    Err(ServiceError::field(
        "measures",
        format!("`{measure}` is not kept; `{}` answers `count`, `sum`, `mean` and `sd`", quantity.as_str()),
    ))
}

/// Totals are kept by the hour, so the range grows to whole hours.
fn whole_hours(range: TimeRange) -> TimeRange {
    const HOUR_US: i64 = HOUR_NS / 1000;
    let from = range.from.0.div_euclid(HOUR_US).saturating_mul(HOUR_US);
    let up = range.to.0.div_euclid(HOUR_US).saturating_add(i64::from(range.to.0.rem_euclid(HOUR_US) != 0));
    TimeRange { from: TimeUs(from), to: TimeUs(up.saturating_mul(HOUR_US)) }
}

/// The part of the range one row speaks of.
fn step(range: TimeRange, granularity: Option<Granularity>, at_us: Option<TimeUs>) -> TimeRange {
    let width_us = match granularity {
        None => return range,
        Some(Granularity::Hour) => 3_600_000_000,
        Some(Granularity::Day) => 86_400_000_000,
    };
    let from = at_us.map_or(range.from, |at| at.max(range.from));
    let end = at_us.map_or(range.to.0, |at| at.0.saturating_add(width_us));
    TimeRange { from, to: TimeUs(end).min(range.to) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_grow_to_whole_hours() {
        let range = whole_hours(TimeRange { from: TimeUs(3_600_000_001), to: TimeUs(7_200_000_000) });
        assert_eq!(range, TimeRange { from: TimeUs(3_600_000_000), to: TimeUs(7_200_000_000) });
        let range = whole_hours(TimeRange { from: TimeUs(-1), to: TimeUs(1) });
        assert_eq!(range, TimeRange { from: TimeUs(-3_600_000_000), to: TimeUs(3_600_000_000) });
    }

    #[test]
    fn quantiles_without_a_sketch_are_refused_with_what_is_kept() {
        let error = answerable(&"input_cost.p50".parse().unwrap()).unwrap_err().into_problem(None);
        assert!(error.message.contains("`mean`"), "{}", error.message);
        assert!(answerable(&"input_cost.mean".parse().unwrap()).is_ok());
    }
}
