//! Gathers what the home page shows. Server only.

use domain::{
    auth::{Role, Scope},
    metric::{Measure, MetricQuery},
    page::PageSize,
    prompt::LabelName,
    time::{RangeChoice, TimeUs},
};
use services::{ServiceError, prompts::PromptFilter};

use super::model::{Day, HomeView, Progress, RecentPrompt};
use crate::{
    context::{self, Visit},
    error::AppError,
    measured::Measured,
};

const DAY: RangeChoice = RangeChoice::Last { minutes: 1440 };

pub(super) async fn view(visit: &Visit) -> Result<HomeView, AppError> {
    let mut prompts = prompts(visit, PageSize::new(PageSize::MAX.into()).unwrap_or_default()).await?;
    prompts.sort_by_key(|prompt| std::cmp::Reverse(prompt.updated_us));
    prompts.truncate(8);
    Ok(HomeView {
        project_name: visit.project.name.clone(),
        address: context::address(),
        public_key: public_key(visit).await?,
        may_make_keys: visit.role >= Role::Owner,
        progress: progress(visit).await?,
        day: day(visit).await?,
        prompts,
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
        prompt: !prompts(visit, PageSize::new(1).unwrap_or_default()).await?.is_empty(),
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

async fn prompts(visit: &Visit, size: PageSize) -> Result<Vec<RecentPrompt>, AppError> {
    let filter = PromptFilter::default();
    let page = visit
        .services
        .prompts
        .list(&visit.actor, visit.project.id, &filter, None, size)
        .await
        .map_err(context::refusal)?;
    Ok(page
        .items
        .into_iter()
        .map(|prompt| RecentPrompt {
            latest: prompt.latest,
            production: prompt
                .labels
                .iter()
                .find(|label| label.name.as_str() == LabelName::PRODUCTION)
                .map(|label| label.version),
            updated_us: prompt.updated_us.0,
            name: prompt.name.as_str().to_owned(),
        })
        .collect())
}

async fn day(visit: &Visit) -> Result<Day, AppError> {
    let measures = ["count", "error_rate", "latency.p95", "cost.sum"]
        .into_iter()
        .map(|measure| measure.parse::<Measure>().map_err(ServiceError::of("measures")))
        .collect::<Result<Vec<_>, _>>()
        .map_err(context::refusal)?;
    let question = MetricQuery { measures, ..MetricQuery::over(DAY.resolve(TimeUs(visit.now.0))) };
    let answer =
        visit.services.metrics.query(&visit.actor, visit.project.id, &question).await.map_err(context::refusal)?;
    let values = answer.rows.first().map(|row| row.values.as_slice()).unwrap_or_default();
    let value = |place: usize| values.get(place).copied().map(Measured::from).unwrap_or_default();
    Ok(Day { count: value(0), error_rate: value(1), latency_p95: value(2), cost: value(3) })
}
