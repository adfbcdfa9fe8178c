//! Asks the questions behind the Metrics tab and lays the answers side by side. Server only.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    metric::{Dimension, Filter, Granularity, Measure, MetricAnswer, MetricQuery},
    page::PageSize,
    prompt::LabelMove,
    time::TimeRange,
};
use services::ServiceError;

use super::model::{DEFAULT_RANGE, KnownVersion, MetricsQuery, MetricsView, ScoreCell, Trend, VersionRow};
use crate::{
    context::{self, Visit},
    error::AppError,
    measured::Measured,
    range,
};

/// One number a column of the table, in this order.
const COLUMNS: [&str; 14] = [
    "count",
    "latency.p50",
    "latency.p95",
    "latency.p99",
    "time_to_first_token.p50",
    "input_tokens.p50",
    "output_tokens.p50",
    "total_tokens.sum",
    "cost.p50",
    "cost.sum",
    "error_rate",
    "null_rate",
    "first_seen",
    "last_seen",
];
const SCORE_COLUMNS: [&str; 6] = ["score.count", "score.sum", "score.mean", "score.p50", "score.min", "score.max"];

pub(super) async fn view(visit: &Visit, name: &str, query: &MetricsQuery) -> Result<MetricsView, AppError> {
    let choice = range::choose(query.range.as_deref(), query.from.as_deref(), query.to.as_deref(), DEFAULT_RANGE)
        .map_err(|error| context::refusal(ServiceError::of("range")(error)))?;
    let range = choice.resolve(visit.now);
    let ask = Ask { visit, name, query, range };
    let granularity = if range.length_us() > 4 * 86_400_000_000 { Granularity::Day } else { Granularity::Hour };

    let by_version = [Dimension::Version];
    let numbers = ask.question(&COLUMNS, &by_version, None).await?;
    let scores = ask.question(&SCORE_COLUMNS, &[Dimension::Version, Dimension::ScoreName], None).await?;
    let all_scores = ask.question(&["score.p50"], &by_version, None).await?;
    let volume = ask.question(&["count"], &by_version, Some(granularity)).await?;
    let choices = Ask { query: &MetricsQuery::default(), ..ask }
        .question(&["count"], &[Dimension::Environment, Dimension::Model], None)
        .await?;

    let score_names: Vec<String> =
        scores.rows.iter().filter_map(|row| row.group.get(1).cloned()).collect::<BTreeSet<_>>().into_iter().collect();
    let trend = query
        .metric
        .as_deref()
        .and_then(Trend::of)
        .unwrap_or_else(|| score_names.first().map_or(Trend::Latency, |name| Trend::Score(name.clone())));
    let series = ask.question(&[&trend.measure()], &by_version, Some(granularity)).await?;

    let known = known_versions(visit, name).await?;
    let rows = rows(&numbers, &scores, &all_scores, &volume, &score_names, &known.versions);
    let palette: Vec<(u32, u32)> =
        rows.iter().rev().enumerate().map(|(place, row)| (row.version, place as u32 % 5)).collect();
    let chart = if rows.is_empty() {
        None
    } else {
        Some(super::chart::trend(&trend, granularity, &series, &palette, &known.moves)?)
    };
    Ok(MetricsView {
        rows,
        score_names,
        environments: values(&choices, 0),
        models: values(&choices, 1),
        trend: trend.key(),
        chart,
        palette,
        range: choice.into(),
        lag_ms: numbers.lag_ms,
        partial: numbers.partial,
        now_us: visit.now.0,
    })
}

/// One prompt's questions share everything but what is asked.
#[derive(Clone, Copy)]
struct Ask<'a> {
    visit: &'a Visit,
    name: &'a str,
    query: &'a MetricsQuery,
    range: TimeRange,
}

impl Ask<'_> {
    async fn question(
        &self,
        measures: &[&str],
        dimensions: &[Dimension],
        granularity: Option<Granularity>,
    ) -> Result<MetricAnswer, AppError> {
        let measures = measures
            .iter()
            .map(|measure| measure.parse::<Measure>().map_err(ServiceError::of("metric")))
            .collect::<Result<Vec<_>, _>>()
            .map_err(context::refusal)?;
        let mut filters = vec![Filter { dimension: Dimension::Prompt, values: vec![self.name.to_owned()] }];
        for (dimension, value) in
            [(Dimension::Environment, &self.query.environment), (Dimension::Model, &self.query.model)]
        {
            if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                filters.push(Filter { dimension, values: vec![value.clone()] });
            }
        }
        let question = MetricQuery {
            measures,
            dimensions: dimensions.to_vec(),
            filters,
            granularity,
            ..MetricQuery::over(self.range)
        };
        let visit = self.visit;
        visit.services.metrics.query(&visit.actor, visit.project.id, &question).await.map_err(context::refusal)
    }
}

/// What the registry says: it may know versions that were never used, and not know ones that were.
struct Known {
    versions: BTreeMap<u32, KnownVersion>,
    moves: Vec<LabelMove>,
}

async fn known_versions(visit: &Visit, name: &str) -> Result<Known, AppError> {
    let mut known = Known { versions: BTreeMap::new(), moves: Vec::new() };
    let (prompts, actor, project) = (&visit.services.prompts, &visit.actor, visit.project.id);
    let prompt = match prompts.prompt(actor, project, name).await {
        Ok(prompt) => prompt,
        // Spans may name a prompt the registry does not have: their numbers are shown all the same.
        Err(ServiceError::NotFound { .. } | ServiceError::Invalid(_)) => return Ok(known),
        Err(error) => return Err(context::refusal(error)),
    };
    let newest = PageSize::new(PageSize::MAX.into()).unwrap_or_default();
    let versions = prompts.versions(actor, project, name, None, newest).await.map_err(context::refusal)?;
    for version in versions.items {
        let labels = prompt.labels.iter().filter(|label| label.version == version.number);
        known.versions.insert(
            version.number,
            KnownVersion {
                labels: labels.map(|label| label.name.as_str().to_owned()).collect(),
                message: version.commit_message,
                author: version.author,
                created_us: version.created_us.0,
            },
        );
    }
    known.moves = prompts.label_moves(actor, project, name).await.map_err(context::refusal)?;
    Ok(known)
}

fn rows(
    numbers: &MetricAnswer,
    scores: &MetricAnswer,
    all_scores: &MetricAnswer,
    volume: &MetricAnswer,
    score_names: &[String],
    known: &BTreeMap<u32, KnownVersion>,
) -> Vec<VersionRow> {
    let total: f64 = numbers.rows.iter().filter_map(|row| row.values.first()?.value).sum();
    let mut rows: Vec<VersionRow> = numbers
        .rows
        .iter()
        .filter_map(|row| {
            let group = row.group.first()?;
            let version: u32 = group.parse().ok()?;
            let value = |column: usize| row.values.get(column).copied().map(Measured::from).unwrap_or_default();
            let count = value(0);
            Some(VersionRow {
                version,
                known: known.get(&version).cloned(),
                share: if total > 0.0 { count.value.unwrap_or(0.0) / total } else { 0.0 },
                volume: volume
                    .rows
                    .iter()
                    .filter(|step| step.group.first() == Some(group))
                    .filter_map(|step| step.values.first()?.value)
                    .collect(),
                count,
                latency_p50: value(1),
                latency_p95: value(2),
                latency_p99: value(3),
                first_token_p50: value(4),
                input_p50: value(5),
                output_p50: value(6),
                tokens_sum: value(7),
                cost_p50: value(8),
                cost_sum: value(9),
                error_rate: value(10),
                null_rate: value(11),
                first_us: value(12),
                last_us: value(13),
                score_p50: all_scores
                    .rows
                    .iter()
                    .find(|row| row.group.first() == Some(group))
                    .and_then(|row| row.values.first().copied().map(Measured::from))
                    .unwrap_or_default(),
                scores: score_names.iter().map(|name| score_cell(scores, group, name)).collect(),
            })
        })
        .collect();
    rows.reverse();
    rows
}

fn score_cell(scores: &MetricAnswer, version: &str, name: &str) -> Option<ScoreCell> {
    let row = scores.rows.iter().find(|row| {
        row.group.first().is_some_and(|group| group == version) && row.group.get(1).is_some_and(|group| group == name)
    })?;
    let value = |column: usize| row.values.get(column).and_then(|value| value.value);
    Some(ScoreCell {
        n: row.values.first()?.n,
        sum: value(1)?,
        mean: value(2)?,
        p50: value(3)?,
        min: value(4)?,
        max: value(5)?,
    })
}

fn values(answer: &MetricAnswer, place: usize) -> Vec<String> {
    let distinct: BTreeSet<String> =
        answer.rows.iter().filter_map(|row| row.group.get(place).cloned()).filter(|value| !value.is_empty()).collect();
    distinct.into_iter().collect()
}
