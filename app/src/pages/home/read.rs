//! Gathers what the home page shows. Server only.

use domain::{
    auth::{Role, Scope},
    metric::{Dimension, Filter, Measure, MetricQuery},
    page::PageSize,
    time::TimeRange,
};
use services::{ServiceError, prompts::PromptFilter};
use ui::format;

use super::{
    model::{Health, HomeView, Progress},
    week,
};
use crate::{
    context::{self, Visit},
    error::AppError,
    measured::Measured,
    pages::experiments,
};

/// Experiments shown; the rest are one click away.
const MOST_EXPERIMENTS: u32 = 5;

pub(super) async fn view(visit: &Visit) -> Result<HomeView, AppError> {
    let progress = progress(visit).await?;
    let (health, week) =
        if progress.span { (Some(health(visit).await?), Some(week::week(visit).await?)) } else { (None, None) };
    Ok(HomeView {
        project_name: visit.project.name.clone(),
        address: context::address(),
        public_key: public_key(visit).await?,
        may_make_keys: visit.role >= Role::Owner,
        progress,
        health,
        experiments: experiments::read::live(visit, MOST_EXPERIMENTS).await?,
        week,
        now_us: visit.now.0,
    })
}

pub(super) async fn progress(visit: &Visit) -> Result<Progress, AppError> {
    let (actor, project) = (&visit.actor, visit.project.id);
    let activity = visit.services.traces.activity(actor, project).await.map_err(context::refusal)?;
    let span = activity.last_span_us.is_some();
    Ok(Progress {
        // Whoever may not see keys sees whether one was used.
        key: span || has_key(visit).await?,
        prompt: has_prompt(visit).await?,
        span,
        link: activity.last_linked_us.is_some(),
        score: activity.last_score_us.is_some(),
    })
}

async fn has_key(visit: &Visit) -> Result<bool, AppError> {
    Ok(public_key(visit).await?.is_some())
}

async fn public_key(visit: &Visit) -> Result<Option<String>, AppError> {
    let keys = match visit.services.access.keys(&visit.actor, visit.project.id).await {
        Ok(keys) => keys,
        Err(ServiceError::Forbidden(_)) => return Ok(None),
        Err(error) => return Err(context::refusal(error)),
    };
    let wanted = [Scope::Ingest, Scope::Read];
    let usable =
        keys.into_iter().find(|key| key.revoked_us.is_none() && wanted.iter().all(|scope| key.scopes.contains(scope)));
    Ok(usable.map(|key| key.public_key))
}

async fn has_prompt(visit: &Visit) -> Result<bool, AppError> {
    let size = PageSize::new(1).map_err(|error| context::refusal(ServiceError::of("limit")(error)))?;
    let filter = PromptFilter::default();
    let prompts = &visit.services.prompts;
    let page = prompts.list(&visit.actor, visit.project.id, &filter, None, size).await.map_err(context::refusal)?;
    Ok(!page.items.is_empty())
}

async fn health(visit: &Visit) -> Result<Health, AppError> {
    let (day, lately) = (TimeRange::last_hours(visit.now, 24), TimeRange::last_hours(visit.now, 2));
    let question = |range: TimeRange, measures: &[&str]| -> Result<MetricQuery, AppError> {
        let measures = measures.iter().map(|measure| measure.parse::<Measure>().map_err(ServiceError::of("measures")));
        let measures = measures.collect::<Result<_, _>>().map_err(context::refusal)?;
        Ok(MetricQuery { measures, intervals: false, ..MetricQuery::over(range) })
    };
    let questions = [
        question(day, &["count", "error_rate", "latency.p95", "cost.sum"])?,
        question(lately, &["count"])?,
        // What counts for no version counts for the empty name.
        MetricQuery { filters: vec![Filter::one(Dimension::Prompt, "")], ..question(day, &["count"])? },
    ];
    let answers = visit.services.metrics.queries(&visit.actor, visit.project.id, &questions).await;
    let answers = answers.map_err(context::refusal)?;
    let value = |answer: usize, place: usize| {
        let row = answers.get(answer).and_then(|answer| answer.rows.first());
        row.and_then(|row| row.values.get(place)).copied().map(Measured::from).unwrap_or_default()
    };
    let since = format::count(i64::try_from(value(1, 0).n).unwrap_or(i64::MAX));
    Ok(Health {
        count: value(0, 0).n,
        error_rate: value(0, 1),
        latency_p95: value(0, 2),
        cost: value(0, 3),
        lately: format!("{since} since {:02}:00 UTC", lately.from.to_ns().hour().rem_euclid(24)),
        unlinked: value(2, 0).n,
        waiting: visit.services.waiting().events,
        lag_ms: answers.iter().map(|answer| answer.lag_ms).max().unwrap_or(0),
    })
}
