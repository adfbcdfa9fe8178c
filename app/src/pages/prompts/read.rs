//! Joins what the registry knows of prompts with how much they were used. Server only.

use std::collections::HashMap;

use domain::{
    metric::{Dimension, Filter, Measure, MetricQuery},
    page::PageSize,
    prompt::{LabelName, Prompt},
    time::{RangeChoice, TimeUs},
};
use services::prompts::PromptFilter;

use super::model::{PromptLine, PromptsPage, PromptsQuery};
use crate::{
    context::{self, Visit},
    error::AppError,
};

const WEEK: RangeChoice = RangeChoice::Last { minutes: 7 * 1440 };

pub(super) async fn page(visit: &Visit, query: PromptsQuery) -> Result<PromptsPage, AppError> {
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = PromptFilter {
        contains: said(query.q),
        folder: said(query.folder),
        tag: said(query.tag),
        ..PromptFilter::default()
    };
    let page = visit
        .services
        .prompts
        .list(&visit.actor, visit.project.id, &filter, query.cursor.as_deref(), PageSize::default())
        .await
        .map_err(context::refusal)?;
    let week = week(visit, &page.items).await?;
    let lines = page.items.into_iter().map(|prompt| line(prompt, &week)).collect();
    Ok(PromptsPage { lines, next: page.next, now_us: visit.now.0, address: context::address() })
}

/// Generations of the last seven days by prompt.
async fn week(visit: &Visit, prompts: &[Prompt]) -> Result<HashMap<String, u64>, AppError> {
    if prompts.is_empty() {
        return Ok(HashMap::new());
    }
    let question = MetricQuery {
        measures: vec![Measure::Count],
        dimensions: vec![Dimension::Prompt],
        filters: vec![Filter {
            dimension: Dimension::Prompt,
            values: prompts.iter().map(|prompt| prompt.name.as_str().to_owned()).collect(),
        }],
        ..MetricQuery::over(WEEK.resolve(TimeUs(visit.now.0)))
    };
    let answer =
        visit.services.metrics.query(&visit.actor, visit.project.id, &question).await.map_err(context::refusal)?;
    Ok(answer.rows.into_iter().filter_map(|row| Some((row.group.first()?.clone(), row.values.first()?.n))).collect())
}

fn line(prompt: Prompt, week: &HashMap<String, u64>) -> PromptLine {
    let mut labels: Vec<(String, u32)> =
        prompt.labels.iter().map(|label| (label.name.as_str().to_owned(), label.version)).collect();
    labels.sort_by_key(|(name, _)| (name != LabelName::PRODUCTION, name.clone()));
    PromptLine {
        week: week.get(prompt.name.as_str()).copied().unwrap_or(0),
        kind: prompt.kind,
        latest: prompt.latest,
        labels,
        tags: prompt.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
        updated_us: prompt.updated_us.0,
        name: prompt.name.as_str().to_owned(),
    }
}
