//! What is older than a project keeps goes by itself.

use std::sync::PoisonError;

use domain::{
    auth::{Actor, Permission},
    experiment::Phase,
    ids::ProjectId,
    time::{TimeNs, TimeUs},
};
use store::event::{Erased, Erasing};

use super::{
    Erasures,
    work::{Plan, Told},
};
use crate::{ServiceError, context::authorize};

const DAY_US: i64 = 24 * 3_600_000_000;
/// A project is looked through this often, and at once when it keeps another number of days.
const EVERY_US: i64 = DAY_US;

/// Most traces counted to say what would go.
const MOST_COUNTED: u32 = 1_000_000;

/// What a project would lose if it kept its events for so many days.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OldTraces {
    /// Traces that began before it go: so many days ago, or earlier where an experiment needs them.
    pub before_us: TimeUs,
    /// How many.
    pub traces: u32,
    /// Whether there are more than were counted.
    pub or_more: bool,
    /// When the earliest began.
    pub earliest_us: Option<TimeUs>,
}

/// What went so far; also when the stores fail half way.
#[derive(Default)]
struct Gone {
    erased: Erased,
    media: u64,
}

impl Told for Gone {
    async fn taken(&mut self, erased: Erased, media: u64) -> Result<bool, ServiceError> {
        self.erased.add(erased);
        self.media += media;
        Ok(true)
    }
}

/// Up to when events go that are older than so many days. Phases of experiments are kept whole: what began before the end of one
/// that is not too old itself, or has no end yet, stays.
fn horizon(now: TimeUs, days: u32, phases: &[Stretch]) -> TimeUs {
    let mut at = TimeUs(now.0.saturating_sub(i64::from(days).saturating_mul(DAY_US)));
    loop {
        let needs = |phase: &Stretch| TimeUs(phase.0.0.saturating_sub(REACH_US));
        let cut = phases.iter().filter(|phase| needs(phase) < at && !is_over(**phase, at)).map(needs).min();
        match cut {
            Some(from) => at = from,
            None => return at,
        }
    }
}

/// How long before an exposure a trace may have begun whose generations count for it; and a clock may go a bit wrong.
const REACH_US: i64 = DAY_US;

/// When a phase began and ended.
type Stretch = (TimeUs, Option<TimeUs>);

fn is_over((_, to): Stretch, at: TimeUs) -> bool {
    to.is_some_and(|to| to <= at)
}

fn stretch(phase: &Phase) -> Stretch {
    (phase.from_us, phase.to_us)
}

impl Erasures {
    /// Takes away what is older than each project keeps, where that was not looked for within the day. For a worker to call now
    /// and then.
    ///
    /// # Errors
    /// As the stores; what went is gone, the rest goes with the next call.
    pub async fn retain(&self) -> Result<(), ServiceError> {
        let context = &*self.context;
        for project in context.control.projects().await? {
            let Some(days) = context.control.settings(project.id).await?.settings.retention_days else { continue };
            let now = context.clock.now();
            let known = self.retained.lock().unwrap_or_else(PoisonError::into_inner).get(&project.id).copied();
            // A clock that jumped back is not waited for.
            let is_fresh = |at: TimeUs| (at.0..at.0.saturating_add(EVERY_US)).contains(&now.0);
            if known.is_some_and(|(at, by)| by == days && is_fresh(at)) {
                continue;
            }
            if let Err(error) = self.retain_project(project.id, now, days).await {
                if error.passes() {
                    return Err(error);
                }
                // One project that cannot be read stops no other; it is tried again tomorrow.
                tracing::error!(project.id = %project.id, error = ?error, "could not erase what is too old");
            }
            self.retained.lock().unwrap_or_else(PoisonError::into_inner).insert(project.id, (now, days));
        }
        Ok(())
    }

    async fn retain_project(&self, project: ProjectId, now: TimeUs, days: u32) -> Result<(), ServiceError> {
        let at = self.horizon(project, now, days).await?;
        let phases = self.phases(project, |phase| is_over(stretch(phase), at)).await?;
        let plan = Plan { project, what: Erasing::Before(at), phases };
        let mut gone = Gone::default();
        let ended = self.pass(&plan, &mut gone).await;
        let (Gone { mut erased, media }, is_whole) = (gone, ended.is_ok());
        let Erased { traces, spans, scores, events, units, .. } = erased;
        if [traces, spans, scores, events, units, media].iter().any(|count| *count > 0) {
            tracing::info!(
                project.id = %project, days, is_whole, traces, spans, scores, events, units, media, "erased what is too old"
            );
        }
        self.tell(project, &mut erased, &format!("their events were older than {days} days")).await?;
        ended.map(|_| ())
    }

    async fn horizon(&self, project: ProjectId, now: TimeUs, days: u32) -> Result<TimeUs, ServiceError> {
        let experiments = self.experiments(project).await?;
        let all: Vec<Stretch> = experiments.iter().flat_map(|experiment| &experiment.phases).map(stretch).collect();
        Ok(horizon(now, days, &all))
    }

    /// What would go at once if the project kept its events for so many days, for whoever is about to decide that.
    ///
    /// # Errors
    /// As the actor may not manage the project.
    pub async fn older_than(&self, actor: &Actor, project: ProjectId, days: u32) -> Result<OldTraces, ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        let before_us = self.horizon(project, self.context.clock.now(), days).await?;
        let (counted, earliest) = self.context.events.old_traces(project, before_us, MOST_COUNTED + 1).await?;
        Ok(OldTraces {
            before_us,
            traces: counted.min(MOST_COUNTED),
            or_more: counted > MOST_COUNTED,
            earliest_us: earliest.map(TimeNs::to_us),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_kept_whole() {
        let now = TimeUs(100 * DAY_US);
        let days = |phases: &[(i64, Option<i64>)]| {
            let day = |day: i64| TimeUs(day * DAY_US);
            let phases: Vec<Stretch> = phases.iter().map(|(from, to)| (day(*from), to.map(day))).collect();
            horizon(now, 30, &phases).0 / DAY_US
        };
        assert_eq!(days(&[]), 70);
        assert_eq!(days(&[(80, None)]), 70, "one that began within the time");
        assert_eq!(days(&[(40, None)]), 39, "one that runs, and the day before it");
        assert_eq!(days(&[(40, Some(70))]), 70, "one that is too old");
        assert_eq!(days(&[(40, Some(71))]), 39, "one that ended within the time");
        assert_eq!(days(&[(60, None), (50, Some(65))]), 49, "what one needs may be part of another");
    }
}
