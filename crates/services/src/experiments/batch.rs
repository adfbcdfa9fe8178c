//! The batches of an adaptive split: when one is over, and by which weights the next is split (`STATS.md` §7.4).

use domain::{
    auth::Actor,
    experiment::{ActivityKind, Allocation, Experiment, MetricRole, State},
    ids::ProjectId,
    time::TimeUs,
};
use experiment::CheckStatus;

use super::{Experiments, save::Told, stage};
use crate::{ServiceError, results::Moment};

/// Units a batch has at least; with fewer it goes on.
const LEAST_UNITS: u64 = 200;
/// Units each arm of the phase has before the weights leave those it began with.
const LEAST_OF_ARM: u64 = 100;
/// Weights that would all move by less than this, in 1/10,000, stay: no more epochs than say something.
const LEAST_MOVE: u16 = 100;
const HOUR_US: i64 = 3_600_000_000;

/// How the next batch is split.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct NextBatch {
    /// In 1/10,000, in the order of the arms.
    pub(super) weights: Vec<u16>,
    /// Why, for people.
    pub(super) why: String,
}

impl Experiments {
    /// How the next batch of an experiment is split, where one is due. The same units give the same weights: nothing is drawn by
    /// lot.
    pub(super) async fn next_batch(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        now: TimeUs,
    ) -> Result<Option<NextBatch>, ServiceError> {
        let Some(phase) = experiment.phase().filter(|_| experiment.state == State::Running) else { return Ok(None) };
        let Some(epoch) = phase.epoch().filter(|_| phase.definition.allocation == Allocation::Adaptive) else {
            return Ok(None);
        };
        let rule = experiment.design.adaptive.unwrap_or_default();
        if now.0.saturating_sub(epoch.from_us.0) < i64::from(rule.batch_hours).saturating_mul(HOUR_US) {
            return Ok(None);
        }
        let units = self.context.events.units_version(project, experiment.id, phase.number).await?;
        if !self.batches.is_due(experiment.id, units.version, now) {
            return Ok(None);
        }
        let looked = Moment::of(&self.context, project, experiment, None, now).await;
        let next =
            looked.inspect_err(|_| self.batches.failed(experiment.id))?.and_then(|moment| next(experiment, &moment));
        if next.is_some() {
            // Should it not begin now, the next tick tries it again.
            self.batches.forget(experiment.id);
        }
        Ok(next)
    }

    /// Begins a batch.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when somebody changed the experiment since it was looked at.
    pub(super) async fn begin_batch(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        next: NextBatch,
    ) -> Result<Experiment, ServiceError> {
        let now = self.context.clock.now();
        let mut changed = self.load(project, experiment.key.as_str()).await?;
        self.unless_changed(project, &changed, Some(experiment.revision)).await?;
        stage::open_batch(&mut changed, now, &next.why, next.weights);
        self.save(&Actor::System, project, changed, now, Told::new(ActivityKind::Reallocated, next.why)).await
    }
}

/// How the next batch is split by the numbers of a moment; none while the present one goes on.
fn next(experiment: &Experiment, moment: &Moment) -> Option<NextBatch> {
    let phase = experiment.phase()?;
    let (epoch, rule) = (phase.epoch()?, experiment.design.adaptive.unwrap_or_default());
    let least = moment.sheet.arms.iter().map(|arm| arm.units).min().unwrap_or(0);
    // Numbers that must not be used move nothing.
    let broken = moment.sheet.checks.iter().any(|check| check.status == CheckStatus::Broken);
    // Batches get longer, so that their number grows with the logarithm of the units.
    let total: u64 = moment.sheet.arms.iter().map(|arm| arm.units).sum();
    if broken || moment.newest < LEAST_UNITS.max(total / 20) || least < LEAST_OF_ARM {
        return None;
    }
    let goals = experiment.design.metrics.iter().zip(&moment.sheet.corrected);
    let goal = goals.into_iter().find(|(metric, _)| metric.role == MetricRole::Goal);
    let (goal, [Some(corrected), _]) = goal? else { return None };
    let floor = rule.floor_of(moment.sheet.arms.len()).fraction();
    // Without a spread yet, such as before the first success, nothing tells the arms apart: the batch goes on.
    let next = corrected.next_weights(goal.metric.direction, floor).ok()?;
    let moved = next.weights.iter().zip(&epoch.weights).any(|(next, now)| next.abs_diff(*now) >= LEAST_MOVE);
    if !moved {
        return None;
    }
    // Who pauses and goes on begins no batch: the weights stay.
    let moves = phase.epochs.windows(2).filter(|pair| matches!(pair, [one, other] if one.weights != other.weights));
    let batches = moves.count() + 1;
    let best = (0..next.best.len())
        .max_by(|one, other| next.best.get(*one).unwrap_or(&0.0).total_cmp(next.best.get(*other).unwrap_or(&0.0)));
    let named = |place: usize| experiment.design.arms.get(place).map(|arm| arm.key.to_string()).unwrap_or_default();
    let mut shares: Vec<(usize, u16)> = next.weights.iter().copied().enumerate().collect();
    shares.sort_by(|(one, weight), (other, more)| more.cmp(weight).then(one.cmp(other)));
    let told: Vec<String> =
        shares.iter().map(|(place, weight)| format!("{} {:.0}%", named(*place), f64::from(*weight) / 100.0)).collect();
    let chance = best.and_then(|place| next.best.get(place)).copied().unwrap_or(0.0);
    let why = format!(
        "batch {}: {}, because after {} units the chance that {} is the best by {} is {:.0}%",
        batches + 1,
        told.join(", "),
        moment.sheet.arms.iter().map(|arm| arm.units).sum::<u64>(),
        best.map(named).unwrap_or_default(),
        goal.metric.title(),
        // Never quite sure.
        (100.0 * chance).clamp(1.0, 99.0),
    );
    Some(NextBatch { weights: next.weights, why })
}
