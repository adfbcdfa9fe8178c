//! What is older than a project keeps goes by itself.

use std::sync::PoisonError;

use domain::{experiment::Phase, ids::ProjectId, time::TimeUs};
use store::event::{Erased, Erasing};

use super::{
    Erasures,
    work::{Plan, Told},
};
use crate::ServiceError;

const DAY_US: i64 = 24 * 3_600_000_000;
/// A project is looked through this often, and at once when it keeps another number of days.
const EVERY_US: i64 = DAY_US;

struct Nobody;

impl Told for Nobody {
    async fn taken(&mut self, _: Erased, _: u64) -> Result<bool, ServiceError> {
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
        let experiments = self.experiments(project).await?;
        let all: Vec<Stretch> = experiments.iter().flat_map(|experiment| &experiment.phases).map(stretch).collect();
        let at = horizon(now, days, &all);
        let phases = self.phases(project, |phase| is_over(stretch(phase), at)).await?;
        let plan = Plan { project, what: Erasing::Before(at), phases };
        let taken = self.pass(&plan, &mut Nobody).await?.unwrap_or_default();
        if taken != Erased::default() {
            let Erased { traces, spans, scores, events, units, .. } = taken;
            tracing::info!(project.id = %project, days, traces, spans, scores, events, units, "erased what is too old");
        }
        Ok(())
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
