//! Gathers what the general page and the environments page show. Server only.

use std::collections::HashMap;

use domain::{
    auth::Role,
    metric::{Dimension, Measure, MetricAnswer, MetricQuery},
    page::PageSize,
    project::ProjectSettings,
    time::RangeChoice,
};
use services::{ServiceError, traces::TraceFilter};
use ui::format;

use super::model::{DataView, EnvironmentLine, EnvironmentsView, ErasureLine, GeneralView};
use crate::{
    context::{self, Visit},
    error::AppError,
    measured::Measured,
};

/// What counts as in use.
const LATELY: RangeChoice = RangeChoice::Last { minutes: 90 * 1440 };
/// Most environments shown: each is looked up by itself.
const MOST: usize = 50;

pub(super) async fn general(visit: &Visit) -> Result<GeneralView, AppError> {
    let at = visit.services.access.settings(&visit.actor, visit.project.id).await.map_err(context::refusal)?;
    let mut segments = Vec::new();
    if at.settings.segment.is_some() {
        for row in measured(visit, Dimension::Segment, &["count"]).await?.rows {
            let count = row.values.first().map_or(0, |value| value.n);
            segments.extend(row.group.into_iter().next().map(|name| (name, count)));
        }
        segments.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
    }
    Ok(GeneralView {
        name: visit.project.name.clone(),
        slug: visit.project.slug.as_str().to_owned(),
        id: visit.project.id.to_string(),
        created_us: visit.project.created_us.0,
        segment: at.settings.segment.as_ref().map(ToString::to_string),
        revision: at.revision,
        segments,
        data: DataView {
            retention_days: at.settings.retention_days,
            revision: at.revision,
            erasures: erasures(visit).await?,
        },
        may_manage: visit.role >= Role::Owner,
        now_us: visit.now.0,
    })
}

/// Deletions of events, newest first.
pub(super) async fn erasures(visit: &Visit) -> Result<Vec<ErasureLine>, AppError> {
    let jobs = visit.services.erasures.list(&visit.actor, visit.project.id).await.map_err(context::refusal)?;
    let line = |job: services::erasure::Erasure| {
        let went = job.erased;
        ErasureLine {
            user: job.user,
            state: job.state,
            counts: [went.traces, went.spans, went.scores, went.events, went.units, job.media],
            error: job.error,
            created_by: job.created_by,
            created_us: job.created_us.0,
        }
    };
    Ok(jobs.into_iter().map(line).collect())
}

/// What keeping events for so many days would delete, in words; nothing where nothing is that old, or goes as it is.
pub(super) async fn what_would_go(visit: &Visit, days: u32) -> Result<Option<String>, AppError> {
    let (actor, project) = (&visit.actor, visit.project.id);
    let kept = visit.services.access.settings(actor, project).await.map_err(context::refusal)?.settings.retention_days;
    let may_be = (1..=ProjectSettings::MOST_DAYS).contains(&days);
    if !may_be || kept.is_some_and(|kept| kept <= days) {
        return Ok(None);
    }
    let old = visit.services.erasures.older_than(actor, project, days).await.map_err(context::refusal)?;
    let Some(earliest) = old.earliest_us else { return Ok(None) };
    let more = if old.or_more { "more than " } else { "" };
    let (traces, began) = match old.traces {
        1 => ("trace", "it began on"),
        _ => ("traces", "the oldest began on"),
    };
    Ok(Some(format!(
        "{more}{} {traces} from before {} would be deleted at once, for good; {began} {}. Type {} to do that.",
        format::count(i64::from(old.traces)),
        format::date(old.before_us.0),
        format::date(earliest.0),
        visit.project.slug.as_str(),
    )))
}

pub(super) async fn environments(visit: &Visit) -> Result<EnvironmentsView, AppError> {
    let (actor, project) = (&visit.actor, visit.project.id);
    let mut known = visit.services.traces.words(actor, project).await.map_err(context::refusal)?.environments;
    let answer = measured(visit, Dimension::Environment, &["count", "error_rate", "cost.sum"]).await?;
    let mut lately: HashMap<String, [Measured; 3]> = HashMap::new();
    for row in answer.rows {
        let value = |place: usize| row.values.get(place).copied().map(Measured::from).unwrap_or_default();
        let values = [value(0), value(1), value(2)];
        lately.extend(row.group.into_iter().next().map(|name| (name, values)));
    }
    known.extend(lately.keys().filter(|name| !name.is_empty()).cloned());
    known.sort();
    known.dedup();
    known.truncate(MOST);
    let mut lines = Vec::with_capacity(known.len());
    for name in known {
        let [count, failed, cost] = lately.remove(&name).unwrap_or_default();
        let filter = TraceFilter { environment: Some(name.clone()), ..TraceFilter::default() };
        let one = PageSize::new(1).unwrap_or_default();
        let newest = visit.services.traces.list(actor, project, &filter, None, one).await.map_err(context::refusal)?;
        let newest = newest.page.items.into_iter().next();
        lines.push(EnvironmentLine {
            name,
            generations: count.n,
            failed,
            cost,
            newest: newest.map(|trace| (trace.trace_id.to_string(), trace.start_ns.to_us().0)),
        });
    }
    lines.sort_by(|one, other| other.generations.cmp(&one.generations).then_with(|| one.name.cmp(&other.name)));
    Ok(EnvironmentsView { lines, now_us: visit.now.0 })
}

async fn measured(visit: &Visit, by: Dimension, words: &[&str]) -> Result<MetricAnswer, AppError> {
    let measures = words.iter().map(|word| word.parse::<Measure>().map_err(ServiceError::of("measures")));
    let measures = measures.collect::<Result<Vec<_>, _>>().map_err(context::refusal)?;
    let over = MetricQuery::over(LATELY.resolve(visit.now));
    let query = MetricQuery { measures, dimensions: vec![by], intervals: false, ..over };
    visit.services.metrics.query(&visit.actor, visit.project.id, &query).await.map_err(context::refusal)
}
