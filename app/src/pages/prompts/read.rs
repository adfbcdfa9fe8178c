//! Joins what the registry knows of prompts with their last seven days. Server only.

use std::collections::{BTreeMap, HashMap};

use domain::{
    metric::{Dimension, Granularity, Measure, MetricAnswer, MetricQuery},
    prompt::{LabelName, Prompt},
    time::TimeRange,
};
use services::{ServiceError, prompts::PromptFilter};

use super::model::{PAGE, PromptLine, PromptsPage, PromptsQuery, Sort, folders};
use crate::{
    context::{self, Visit},
    error::AppError,
    measured::{Measured, sentence},
};

/// Days the numbers are of, today with them.
const DAYS: i64 = 7;
const DAY_US: i64 = 86_400_000_000;
/// Beyond any page of a list of the largest size.
const LAST_PAGE: u32 = 1_000;

pub(super) async fn page(visit: &Visit, query: PromptsQuery) -> Result<PromptsPage, AppError> {
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let page = said(&query.page).map_or(Some(1), |text| text.parse().ok());
    let Some(page) = page.filter(|page| (1..=LAST_PAGE).contains(page)) else {
        let wrong = format!("pages count from 1 to {LAST_PAGE}; write one such as `2`");
        return Err(context::refusal(ServiceError::field("page", wrong)));
    };
    let open = said(&query.folder).unwrap_or_default();
    let filter = PromptFilter {
        contains: said(&query.q),
        folder: said(&query.folder),
        tag: said(&query.tag),
        ..PromptFilter::default()
    };
    let registry = &visit.services.prompts;
    let (actor, project) = (&visit.actor, visit.project.id);
    let all = registry.all(actor, project, &PromptFilter::default()).await.map_err(context::refusal)?;
    let folders = folders(all.prompts.iter().map(|prompt| prompt.name.as_str()), &open);
    let mut tags: BTreeMap<String, u32> = BTreeMap::new();
    for tag in all.prompts.iter().flat_map(|prompt| &prompt.tags) {
        *tags.entry(tag.as_str().to_owned()).or_default() += 1;
    }
    let matching =
        if query.is_filtered() { registry.all(actor, project, &filter).await.map_err(context::refusal)? } else { all };
    let week = week(visit).await?;
    let mut lines: Vec<PromptLine> = matching.prompts.into_iter().map(|prompt| line(prompt, &week.by_prompt)).collect();
    let (sort, descending) = Sort::of(query.sort.as_deref());
    sort.apply(descending, &mut lines);
    let total = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    let before = PAGE.saturating_mul(usize::try_from(page.saturating_sub(1)).unwrap_or(usize::MAX));
    Ok(PromptsPage {
        lines: lines.into_iter().skip(before).take(PAGE).collect(),
        page,
        total,
        truncated: matching.more,
        folders,
        tags: tags.into_iter().collect(),
        notices: week.notices,
        now_us: visit.now.0,
        address: context::address(),
    })
}

/// The last seven days of all prompts.
struct Week {
    by_prompt: HashMap<String, Numbers>,
    notices: Vec<String>,
}

#[derive(Default)]
struct Numbers {
    count: u64,
    latency: Measured,
    cost: Measured,
    score: Measured,
    score_margin: Option<f64>,
    score_days: Vec<Option<f64>>,
}

async fn week(visit: &Visit) -> Result<Week, AppError> {
    let range = TimeRange::last_days(visit.now, DAYS);
    let measures = |words: &[&str]| {
        let read = words.iter().map(|word| word.parse::<Measure>().map_err(ServiceError::of("measures")));
        read.collect::<Result<Vec<_>, _>>().map_err(context::refusal)
    };
    let by_prompt = MetricQuery { dimensions: vec![Dimension::Prompt], ..MetricQuery::over(range) };
    let questions = [
        MetricQuery {
            measures: measures(&["count", "latency.p50", "cost.sum"])?,
            intervals: false,
            ..by_prompt.clone()
        },
        MetricQuery {
            measures: measures(&["score.mean"])?,
            granularity: Some(Granularity::Day),
            intervals: false,
            ..by_prompt.clone()
        },
        MetricQuery { measures: measures(&["score.mean"])?, ..by_prompt },
    ];
    let answers = visit.services.metrics.queries(&visit.actor, visit.project.id, &questions).await;
    let answers = answers.map_err(context::refusal)?;
    let mut week = Week { by_prompt: HashMap::new(), notices: Vec::new() };
    for notice in answers.iter().flat_map(|answer| answer.notices.iter().chain(&answer.partial)) {
        let notice = sentence(notice);
        if !week.notices.contains(&notice) {
            week.notices.push(notice);
        }
    }
    let [traffic, days, scores] = answers.as_slice() else { return Ok(week) };
    for row in &traffic.rows {
        let Some(name) = row.group.first() else { continue };
        let measured = |place: usize| row.values.get(place).copied().map(Measured::from).unwrap_or_default();
        let numbers = Numbers { count: measured(0).n, latency: measured(1), cost: measured(2), ..Numbers::default() };
        week.by_prompt.insert(name.clone(), numbers);
    }
    for row in &scores.rows {
        let (Some(name), Some(score)) = (row.group.first(), row.values.first().copied()) else { continue };
        let numbers = week.by_prompt.entry(name.clone()).or_default();
        numbers.score = Measured::from(score);
        numbers.score_margin = score.interval.map(|ends| (ends.upper - ends.lower) / 2.0);
    }
    add_days(days, range.from.0, range.to.0, &mut week.by_prompt);
    Ok(week)
}

/// Puts each day's score in its place; days without any stay empty.
fn add_days(answer: &MetricAnswer, from_us: i64, to_us: i64, by_prompt: &mut HashMap<String, Numbers>) {
    let first = from_us.div_euclid(DAY_US);
    let days = usize::try_from(to_us.div_euclid(DAY_US) - first).unwrap_or(0);
    for row in &answer.rows {
        let (Some(name), Some(at)) = (row.group.first(), row.at_us) else { continue };
        let Some(numbers) = by_prompt.get_mut(name) else { continue };
        numbers.score_days.resize(days, None);
        let place = usize::try_from(at.0.div_euclid(DAY_US) - first).unwrap_or(usize::MAX);
        if let Some(day) = numbers.score_days.get_mut(place) {
            *day = row.values.first().and_then(|value| value.value);
        }
    }
}

fn line(prompt: Prompt, week: &HashMap<String, Numbers>) -> PromptLine {
    let mut labels: Vec<(String, u32)> =
        prompt.labels.iter().map(|label| (label.name.as_str().to_owned(), label.version)).collect();
    labels.sort_by_key(|(name, _)| (name != LabelName::PRODUCTION, name.clone()));
    let nothing = Numbers::default();
    let numbers = week.get(prompt.name.as_str()).unwrap_or(&nothing);
    PromptLine {
        kind: prompt.kind,
        latest: prompt.latest,
        labels,
        tags: prompt.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
        updated_us: prompt.updated_us.0,
        count: numbers.count,
        latency: numbers.latency,
        cost: numbers.cost,
        score: numbers.score,
        score_margin: numbers.score_margin,
        score_days: numbers.score_days.clone(),
        name: prompt.name.as_str().to_owned(),
    }
}
