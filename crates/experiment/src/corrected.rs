//! Metrics of an experiment whose split moved while it ran. Raw means of its arms would mislead: an unlucky arm is starved before
//! it recovers. So units are grouped by the batch of their first exposure, and corrected for its weights.

use domain::experiment::{Aggregation, Direction, MetricDefinition};
use serde::{Deserialize, Serialize};
use stats::{
    Undefined,
    adaptive::batches::{self, Batch},
    allocation::{Posterior, rank_arms, with_floor_of},
    anytime::Floor,
    estimate::{ArmEstimate, MetricKind},
    exact::{CONCENTRATIONS, Epoch, leads, ln_e_epochs},
    fixed::Proportion,
    moments::Moments,
};

use crate::{Block, block::Reading};

/// Why a metric has no interval.
const NOT_CORRECTED: &str = "no interval under adaptive allocation: only means, counts and rates over all units can be \
                             corrected for a split that moves";

/// Units exposed while the weights stood still, added up for one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Each arm's weight.
    pub weights: Vec<f64>,
    /// Each arm's units.
    pub arms: Vec<Block>,
}

/// A metric, corrected for the weights its units were assigned under. Small, and independent of how it is looked at: it is
/// worked out where the blocks are, and goes to the browser with the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corrected {
    /// Each arm's mean with its standard error.
    pub arms: Vec<Option<[f64; 2]>>,
    /// Each treatment against the control, or why there is nothing to say.
    pub pairs: Vec<Result<Pairs, String>>,
}

/// A treatment and the control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pairs {
    /// For intervals that may be looked at any time: value and variance of the control and of the treatment.
    pub anytime: [[f64; 2]; 2],
    /// For one look at the end, and for beliefs.
    pub once: [[f64; 2]; 2],
    /// Units of both.
    pub units: [u64; 2],
    /// Whether an arm borrowed the pooled variance.
    pub floored: bool,
    /// Where successes or failures are few: the logarithm of the evidence of the exact test, batch by batch.
    pub labels: Option<f64>,
}

impl Corrected {
    /// From the units of every batch, oldest first.
    pub fn of(metric: &MetricDefinition, stretches: &[Stretch], arms: usize) -> Self {
        let reading = Reading::of(&metric.source, metric.aggregation);
        let (true, Reading::Units(kind)) = (metric.aggregation.is_of_every_unit(), reading) else {
            return Self::without(arms, NOT_CORRECTED);
        };
        match Units::new(kind, metric.aggregation == Aggregation::Rate, stretches, arms) {
            Ok(units) => Self {
                arms: (0..arms).map(|arm| units.arm(arm).ok().map(|own| [own.value(), own.standard_error()])).collect(),
                pairs: (1..arms).map(|arm| units.pair(arm)).collect(),
            },
            Err(why) => Self::without(arms, &why.to_string()),
        }
    }

    /// Nothing to say, and why.
    pub fn without(arms: usize, why: &str) -> Self {
        Self { arms: vec![None; arms], pairs: vec![Err(why.to_owned()); arms.saturating_sub(1)] }
    }
}

impl Pairs {
    fn read([one, other]: [[f64; 2]; 2], [units, others]: [u64; 2]) -> stats::Result<[ArmEstimate; 2]> {
        let of = |[value, variance]: [f64; 2], units| ArmEstimate::new(value, variance, units);
        Ok([of(one, units)?, of(other, others)?])
    }

    /// The two arms as intervals take them.
    pub(crate) fn estimates(&self, anytime: bool) -> stats::Result<[ArmEstimate; 2]> {
        Self::read(if anytime { self.anytime } else { self.once }, self.units)
    }
}

/// The units of a metric.
struct Units {
    kind: MetricKind,
    binary: bool,
    batches: Vec<Batch>,
    /// All batches together.
    arms: Vec<Moments>,
}

impl Units {
    fn new(kind: MetricKind, binary: bool, stretches: &[Stretch], arms: usize) -> stats::Result<Self> {
        let mut whole = vec![Moments::new(); arms];
        let mut batches = Vec::with_capacity(stretches.len());
        for stretch in stretches {
            let own: Vec<Moments> = stretch.arms.iter().map(Block::moments).collect::<stats::Result<_>>()?;
            for (sum, own) in whole.iter_mut().zip(&own) {
                *sum = sum.merge(own)?;
            }
            batches.push(Batch { weights: stretch.weights.clone(), arms: own });
        }
        Ok(Self { kind, binary, batches, arms: whole })
    }

    fn of(&self, arm: usize) -> stats::Result<&Moments> {
        self.arms.get(arm).ok_or(Undefined::InvalidInput { name: "arm", need: "one of the arms" })
    }

    /// An arm's corrected mean; it varies at least as its own units do, or all units while they are few.
    fn arm(&self, arm: usize) -> stats::Result<ArmEstimate> {
        let own = self.of(arm)?;
        let others = self.arms.iter().enumerate().filter(|(place, _)| *place != arm);
        let others = others.map(|(_, other)| other).try_fold(Moments::new(), |sum, other| sum.merge(other))?;
        let floor = Floor::new(self.kind, own, &others)?.control.estimate;
        batches::arm(&self.batches, arm, floor.variance() * floor.units() as f64)
    }

    fn pair(&self, treatment: usize) -> Result<Pairs, String> {
        let text = |undefined: Undefined| undefined.to_string();
        let (one, other) = (self.of(0).map_err(text)?, self.of(treatment).map_err(text)?);
        Floor::collecting(self.kind, one, other).map_err(|undefined| format!("still collecting: {undefined}"))?;
        let of_both = || -> stats::Result<Pairs> {
            let floor = Floor::new(self.kind, one, other)?;
            let numbers =
                |pair: batches::Pair| [&pair.control, &pair.treatment].map(|own| [own.value(), own.variance()]);
            let labels = if self.binary { self.labels(treatment, one, other)? } else { None };
            Ok(Pairs {
                anytime: numbers(batches::pair(&self.batches, 0, treatment, &floor)?),
                once: numbers(batches::pair_once(&self.batches, 0, treatment, &floor)?),
                units: [one.units(), other.units()],
                floored: floor.control.floored || floor.treatment.floored,
                labels,
            })
        };
        of_both().map_err(text)
    }

    /// The exact test of success labels as a product over batches, each with its own weights; on failures where those are rarer.
    fn labels(&self, treatment: usize, one: &Moments, other: &Moments) -> stats::Result<Option<f64>> {
        let proportion = |arm: &Moments| Proportion::new(arm.nonzero(), arm.units());
        if !leads(&proportion(one)?, &proportion(other)?) {
            return Ok(None);
        }
        let failures = one.nonzero() + other.nonzero() > u64::midpoint(one.units(), other.units());
        let rare = |arm: &Moments| if failures { arm.units() - arm.nonzero() } else { arm.nonzero() };
        let mut epochs = Vec::with_capacity(self.batches.len());
        for batch in &self.batches {
            let own = batch.arms.first().zip(batch.arms.get(treatment));
            let weights = batch.weights.first().zip(batch.weights.get(treatment));
            let (Some((one, other)), Some((control, own))) = (own, weights) else { continue };
            epochs.push(Epoch { counts: vec![rare(one), rare(other)], weights: vec![*control, *own] });
        }
        ln_e_epochs(&epochs, &CONCENTRATIONS).map(Some)
    }
}

/// What the next batch is split by.
#[derive(Clone, Debug, PartialEq)]
pub struct NextWeights {
    /// In 1/10,000; they sum to 10,000.
    pub weights: Vec<u16>,
    /// How likely each arm is the best, by its corrected mean.
    pub best: Vec<f64>,
}

impl Corrected {
    /// The weights of the next batch: each arm's chance of being the best (and, of more than two arms, of being the second
    /// best), mixed with the share every arm keeps. The same numbers give the same weights; nothing is drawn by lot.
    ///
    /// # Errors
    /// An arm has no mean yet, or the floor leaves no room.
    pub fn next_weights(&self, direction: Direction, floor: f64) -> stats::Result<NextWeights> {
        let sign = if direction == Direction::Lower { -1.0 } else { 1.0 };
        let mut posteriors = Vec::with_capacity(self.arms.len());
        for arm in &self.arms {
            let [mean, deviation] = arm.ok_or(Undefined::TooFewUnits { have: 0, need: 2 })?;
            posteriors.push(Posterior::new(sign * mean, deviation)?);
        }
        let ranking = rank_arms(&posteriors)?;
        let weights = with_floor_of(&ranking.weights(), floor)?;
        Ok(NextWeights { weights: steps(&weights), best: ranking.best })
    }
}

/// Shares in 1/10,000, rounded down; what is left over goes to the largest.
fn steps(shares: &[f64]) -> Vec<u16> {
    let mut steps: Vec<u16> = shares.iter().map(|share| (share * 10_000.0 + 1e-6).floor() as u16).collect();
    let left = 10_000_u16.saturating_sub(steps.iter().sum());
    let largest = (0..shares.len()).max_by(|one, other| {
        let of = |place: &usize| shares.get(*place).copied().unwrap_or(0.0);
        of(one).total_cmp(&of(other)).then(other.cmp(one))
    });
    if let Some(step) = largest.and_then(|place| steps.get_mut(place)) {
        *step += left;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_all_and_keep_the_floor() {
        let of = |means: &[f64], direction, floor| {
            let arms = means.iter().map(|mean| Some([*mean, 0.1])).collect();
            Corrected { arms, pairs: Vec::new() }.next_weights(direction, floor).unwrap()
        };
        for (means, direction, best) in [
            (&[1.0, 1.05][..], Direction::Higher, 1),
            (&[1.0, 9.0], Direction::Lower, 0),
            (&[1.0, 1.1, 1.2], Direction::Higher, 2),
        ] {
            for floor in [0.02, 0.1, 1.0 / means.len() as f64] {
                let next = of(means, direction, floor);
                assert_eq!(next.weights.iter().map(|own| u32::from(*own)).sum::<u32>(), 10_000, "{next:?}");
                assert!(next.weights.iter().all(|own| f64::from(*own) / 10_000.0 >= floor - 2e-4), "{next:?} {floor}");
                let largest = next.best.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1)).unwrap().0;
                assert_eq!(largest, best);
            }
        }
        let unknown = Corrected { arms: vec![Some([1.0, 0.1]), None], pairs: Vec::new() };
        assert!(unknown.next_weights(Direction::Higher, 0.05).is_err());
    }
}
