//! Between the user's address and `services`. Server only.

use domain::{
    auth::Permission,
    metric::{Dimension, Filter, Measure, MetricAnswer, MetricQuery, MetricRow},
    page::PageSize,
    time::TimeRange,
};
use services::{ServiceError, traces::TraceFilter};

use super::model::{DEFAULT_RANGE, UserNumbers, UserScore, UserView};
use crate::{
    context::{self, Visit},
    error::AppError,
    measured::Measured,
    pages::{
        gathered::{
            model::Kind,
            read::{by, line},
        },
        traces::read as traces,
    },
    range,
};

/// Traces on the page.
const TRACES: u32 = 20;

pub(super) async fn view(visit: &Visit, id: &str, [shown, from, to]: [Option<&str>; 3]) -> Result<UserView, AppError> {
    let choice = range::choose(shown, from, to, DEFAULT_RANGE)
        .map_err(|error| context::refusal(ServiceError::of("range")(error)))?;
    let range = choice.resolve(visit.now);
    let services = &visit.services;
    let head = services.traces.gathered_one(&visit.actor, visit.project.id, by(Kind::User), id);
    let head = line(head.await.map_err(context::refusal)?);
    let question = |measures: &[&str], dimensions: &[Dimension]| question(id, range, measures, dimensions);
    let questions = [
        question(&["count", "error_rate", "latency.p95", "cost.sum"], &[])?,
        question(&["score.count", "score.mean", "score.min", "score.max"], &[Dimension::ScoreName])?,
    ];
    let answers =
        services.metrics.queries(&visit.actor, visit.project.id, &questions).await.map_err(context::refusal)?;
    let partial = answers.iter().find_map(|answer| answer.partial.clone());
    let filter = TraceFilter { user_id: Some(id.to_owned()), range: Some(range), ..TraceFilter::default() };
    let size = PageSize::new(TRACES).map_err(|error| context::refusal(ServiceError::of("limit")(error)))?;
    let list = services.traces.list(&visit.actor, visit.project.id, &filter, None, size).await;
    let page = list.map_err(context::refusal)?.page;
    Ok(UserView {
        head,
        numbers: answers.first().map(numbers).unwrap_or_default(),
        scores: answers.get(1).map(scores).unwrap_or_default(),
        more: page.next.is_some(),
        traces: page.items.into_iter().map(traces::line).collect(),
        range: choice.into(),
        may_erase: visit.role >= Permission::Erase.needs().0,
        partial,
        now_us: visit.now.0,
    })
}

fn question(
    user: &str,
    range: TimeRange,
    measures: &[&str],
    dimensions: &[Dimension],
) -> Result<MetricQuery, AppError> {
    let measures = measures
        .iter()
        .map(|measure| measure.parse::<Measure>().map_err(ServiceError::of("measures")))
        .collect::<Result<_, _>>()
        .map_err(context::refusal)?;
    Ok(MetricQuery {
        measures,
        dimensions: dimensions.to_vec(),
        filters: vec![Filter::one(Dimension::User, user)],
        intervals: false,
        ..MetricQuery::over(range)
    })
}

fn numbers(answer: &MetricAnswer) -> UserNumbers {
    let values = answer.rows.first().map(|row| row.values.as_slice()).unwrap_or_default();
    let value = |place: usize| values.get(place).copied().map(Measured::from).unwrap_or_default();
    UserNumbers { count: value(0), error_rate: value(1), latency_p95: value(2), cost: value(3) }
}

fn scores(answer: &MetricAnswer) -> Vec<UserScore> {
    let score = |row: &MetricRow| {
        let value = |place: usize| row.values.get(place).copied().map(Measured::from).unwrap_or_default();
        Some(UserScore {
            name: row.group.first().cloned()?,
            count: value(0).value.map_or(0, |count| count as u64),
            mean: value(1),
            ends: value(2).value.zip(value(3).value),
        })
    };
    answer.rows.iter().filter_map(score).collect()
}
