//! Allocation of traffic, and the analysis after it moved: the behaviour no reference case pins.

use stats::Undefined;
use stats::adaptive::batches::{self, Batch};
use stats::adaptive::{ArmMean, Draw, Unit, adaptively_weighted, aipw, aipw_floored, has_won};
use stats::allocation::{Posterior, rank_arms, track_and_stop, with_floor, with_floor_of};
use stats::anytime::{Floor, OneSided};
use stats::contrast::{Effect, absolute};
use stats::estimate::MetricKind;
use stats::moments::Moments;
use stats::random::Generator;

#[test]
fn chances_of_being_best_survive_extreme_posteriors() {
    let arm = |mean, deviation| Posterior::new(mean, deviation).unwrap();
    for arms in [
        vec![arm(0.0, 1.0), arm(1e9, 1.0)],
        vec![arm(0.0, 1e-6), arm(0.0, 1.0), arm(1e-3, 1e-3)],
        vec![arm(1e300, 1.0), arm(-1e300, 1e-300)],
    ] {
        match rank_arms(&arms) {
            Ok(ranking) => {
                assert!((ranking.best.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                assert!((ranking.second.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
            Err(why) => assert_eq!(why, Undefined::PrecisionLost),
        }
    }
}

#[test]
fn every_arm_keeps_a_little_traffic() {
    for weights in [vec![1.0, 0.0], vec![0.7, 0.3, 0.0, 0.0, 0.0], vec![1.0; 60]] {
        let floored = with_floor(&weights).unwrap();
        let least = (0.1 / weights.len() as f64).max(0.02).min(1.0 / weights.len() as f64);
        assert!((floored.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(floored.iter().all(|&weight| weight >= least - 1e-12));
    }
    let tied = track_and_stop(&[1.0, 1.0, 1.0], &[1.0, 1.0, 1.0]).unwrap();
    assert!(tied.weights.iter().all(|&weight| weight > 0.1), "{tied:?}");
}

#[test]
fn a_corrected_arm_mean_is_unbiased_under_any_weights() {
    let mut generator = Generator::new(2);
    let mut mean = ArmMean::new();
    for batch in 0..40 {
        let propensity = if batch % 2 == 0 { 0.1 } else { 0.9 };
        for _ in 0..500 {
            let outcome = (generator.uniform() < propensity).then(|| 3.0 + generator.normal());
            mean.insert(outcome, propensity, 2.0).unwrap();
        }
    }
    let found = mean.estimate().unwrap();
    assert!((found.estimate() - 3.0).abs() < 4.0 * found.standard_error(), "{found:?}");
}

#[test]
fn a_pair_of_several_arms_is_assigned_by_its_own_propensities() {
    let unit = |arm| Unit { arm, outcome: 7.0, propensities: &[0.1, 0.6, 0.3], earlier_means: &[4.0, 5.0, 6.0] };
    let draw = Draw::between(0, 2, &unit(2)).unwrap().unwrap();
    assert!(draw.treated);
    assert!((draw.control_propensity - 0.25).abs() < 1e-15 && (draw.treatment_propensity - 0.75).abs() < 1e-15);
    assert_eq!((draw.outcome, draw.control_mean, draw.treatment_mean), (7.0, 4.0, 6.0));
    assert!(!Draw::between(0, 2, &unit(0)).unwrap().unwrap().treated);
    assert_eq!(Draw::between(0, 2, &unit(1)).unwrap(), None);
    for (control, treatment) in [(1, 1), (0, 3), (3, 0)] {
        assert!(matches!(Draw::between(control, treatment, &unit(1)), Err(Undefined::InvalidInput { .. })));
    }
    let never = Unit { propensities: &[0.0, 0.5, 0.5], ..unit(1) };
    assert!(Draw::between(0, 1, &never).is_err());
}

/// Whatever the weights and the earlier means were, the scores average to the true effect.
#[test]
fn the_effect_of_a_pair_is_unbiased_under_moving_weights() {
    let (truth, mut generator) = ([1.0, 1.0, 1.5], Generator::new(5));
    let mut draws = Vec::new();
    for step in 0..60_000 {
        let lean = f64::from(step % 7) / 10.0;
        let propensities = [0.1 + lean / 3.0, 0.2, 0.7 - lean / 3.0];
        let place = generator.uniform();
        let arm = usize::from(place >= propensities[0]) + usize::from(place >= propensities[0] + propensities[1]);
        let outcome = truth[arm] + generator.normal();
        let unit = Unit { arm, outcome, propensities: &propensities, earlier_means: &[0.5, 9.0, -lean] };
        draws.extend(Draw::between(0, 2, &unit).unwrap());
    }
    let effect = aipw(&draws).unwrap();
    assert!((effect.estimate() - 0.5).abs() < 4.0 * effect.standard_error(), "{effect:?}");
    assert!(effect.standard_error() < 0.02);
}

/// A starved arm without a single success says nothing about its spread: the other arm's counts for it.
#[test]
fn the_floor_gives_a_starved_arm_the_spread_of_all_units() {
    let mut arms = [Moments::new(); 2];
    let mut draws = Vec::new();
    for unit in 0..1_000_u32 {
        let treated = unit % 20 == 0;
        let outcome = f64::from(u8::from(!treated && unit % 9 == 1));
        arms[usize::from(treated)].insert(outcome, 1.0).unwrap();
        let unit = Unit { arm: usize::from(treated), outcome, propensities: &[0.95, 0.05], earlier_means: &[0.1, 0.0] };
        draws.extend(Draw::between(0, 1, &unit).unwrap());
    }
    let [control, treatment] = arms;
    let floor = Floor::new(MetricKind::MeanPerUnit, &control, &treatment).unwrap();
    let (plain, floored) = (aipw(&draws).unwrap(), aipw_floored(&draws, &floor).unwrap());
    assert_eq!(plain.estimate(), floored.estimate());
    let spread = floor.pooled_variance;
    let expected = (spread / 0.95 + spread / 0.05) / 1_000.0;
    assert!((floored.standard_error().powi(2) / expected - 1.0).abs() < 0.01, "{floored:?} {expected}");
    assert!(plain.standard_error() < 0.5 * floored.standard_error());
}

#[test]
fn an_arm_wins_only_against_all_others() {
    let ahead = Effect::new(0.5, 0.1, 1_000).unwrap();
    let level = Effect::new(0.05, 0.1, 1_000).unwrap();
    assert_eq!(has_won(&[ahead, ahead], 0.05, 1_000.0, 0.0), Ok(true));
    assert_eq!(has_won(&[ahead, level], 0.05, 1_000.0, 0.0), Ok(false));
    // Within half a unit of the best is good enough.
    assert_eq!(has_won(&[ahead, level], 0.05, 1_000.0, 0.5), Ok(true));
    assert!(has_won(&[], 0.05, 1_000.0, 0.0).is_err());
    assert!(has_won(&[ahead], 0.05, 1_000.0, -1.0).is_err());
    // The level is shared: what one rival alone would allow, ten do not.
    let edge = OneSided::new(0.05, 1_000.0).unwrap().lower_bound(&Effect::new(0.0, 0.1, 1_000).unwrap()).unwrap();
    let close = Effect::new(-edge + 1e-9, 0.1, 1_000).unwrap();
    assert_eq!(has_won(&[close], 0.05, 1_000.0, 0.0), Ok(true));
    assert_eq!(has_won(&[close; 10], 0.05, 1_000.0, 0.0), Ok(false));
}

/// Weights of a batch, and its units: arm and outcome.
type Dealt = (Vec<f64>, Vec<(usize, f64)>);

/// Units of batches whose weights move, and the same as blocks.
fn moving(seed: u64, level: f64) -> (Vec<Dealt>, Vec<Batch>) {
    let mut generator = Generator::new(seed);
    let (mut units, mut blocks) = (Vec::new(), Vec::new());
    for weights in [[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1]] {
        let mut own = Vec::new();
        let mut arms = vec![Moments::new(); 3];
        for _ in 0..300 {
            let place = generator.uniform();
            let arm = usize::from(place >= weights[0]) + usize::from(place >= weights[0] + weights[1]);
            let outcome = level + [0.0, 0.3, 0.1][arm] + generator.normal();
            arms[arm].insert(outcome, 1.0).unwrap();
            own.push((arm, outcome));
        }
        units.push((weights.to_vec(), own));
        blocks.push(Batch { weights: weights.to_vec(), arms });
    }
    (units, blocks)
}

#[test]
fn blocks_say_of_batches_what_their_units_say() {
    let (units, blocks) = moving(3, 5.0);
    let merged = |arm: usize| blocks.iter().fold(Moments::new(), |sum, batch| sum.merge(&batch.arms[arm]).unwrap());
    let floor = Floor::new(MetricKind::MeanPerUnit, &merged(0), &merged(2)).unwrap();
    let mut draws = Vec::new();
    let mut earlier = [Moments::new(); 3];
    for (batch, (weights, own)) in units.iter().enumerate() {
        let pair: Vec<f64> = own.iter().filter(|(arm, _)| *arm != 1).map(|(_, outcome)| *outcome).collect();
        let total: f64 = pair.iter().sum();
        for (arm, outcome) in own {
            // In the first batch the mean of the pair's other units.
            let others = (total - outcome) / (pair.len() as f64 - 1.0);
            let means = earlier.map(|arm| if batch == 0 { others } else { arm.mean_value() });
            let unit = Unit { arm: *arm, outcome: *outcome, propensities: weights, earlier_means: &means };
            draws.extend(Draw::between(0, 2, &unit).unwrap());
        }
        for (arm, outcome) in own {
            earlier[*arm].insert(*outcome, 1.0).unwrap();
        }
    }
    let by_units = aipw_floored(&draws, &floor).unwrap();
    let by_blocks = batches::pair(&blocks, 0, 2, &floor).unwrap();
    let effect = absolute(&by_blocks.control, &by_blocks.treatment).unwrap();
    assert!((effect.estimate() - by_units.estimate()).abs() < 1e-12, "{effect:?} {by_units:?}");
    assert!((effect.standard_error() / by_units.standard_error() - 1.0).abs() < 1e-12, "{effect:?} {by_units:?}");
    assert_eq!(effect.units(), by_units.units());
    let (once, weighted) = (batches::pair_once(&blocks, 0, 2, &floor).unwrap(), adaptively_weighted(&draws).unwrap());
    let once = absolute(&once.control, &once.treatment).unwrap();
    assert!((once.estimate() - weighted.estimate()).abs() < 1e-12, "{once:?} {weighted:?}");
    assert!((once.standard_error() / weighted.standard_error() - 1.0).abs() < 1e-12, "{once:?} {weighted:?}");
    // A corrected mean is where the truth is, whatever the weights did.
    let control = batches::arm(&blocks, 0, 1.0).unwrap();
    assert!((control.value() - 5.0).abs() < 4.0 * control.standard_error(), "{control:?}");
    assert!((by_blocks.control.value() - 5.0).abs() < 0.3, "{by_blocks:?}");
}

#[test]
fn the_level_of_a_metric_is_no_noise() {
    let standard_error = |level: f64| {
        let (_, blocks) = moving(4, level);
        let merged = |arm: usize| blocks.iter().fold(Moments::new(), |sum, batch| sum.merge(&batch.arms[arm]).unwrap());
        let floor = Floor::new(MetricKind::MeanPerUnit, &merged(0), &merged(1)).unwrap();
        let pair = batches::pair(&blocks, 0, 1, &floor).unwrap();
        absolute(&pair.control, &pair.treatment).unwrap().standard_error()
    };
    let (low, high) = (standard_error(0.0), standard_error(1_000.0));
    assert!((low / high - 1.0).abs() < 1e-9, "{low} {high}");
}

#[test]
fn what_cannot_be_said_of_batches_is_said() {
    let (_, blocks) = moving(5, 0.0);
    let arms = [blocks[0].arms[0], blocks[0].arms[1]];
    let floor = Floor::new(MetricKind::MeanPerUnit, &arms[0], &arms[1]).unwrap();
    assert!(batches::pair(&[], 0, 1, &floor).is_err());
    assert!(batches::pair(&blocks, 0, 0, &floor).is_err());
    assert!(batches::pair(&blocks, 0, 7, &floor).is_err());
    assert!(batches::arm(&blocks, 7, 1.0).is_err());
    let starved = Batch { weights: vec![1.0, 0.0, 0.0], ..blocks[0].clone() };
    assert!(batches::pair(&[starved], 0, 1, &floor).is_err());
    let weights = with_floor_of(&[1.0, 0.0], 0.2).unwrap();
    assert!((weights[0] - 0.8).abs() < 1e-12 && (weights[1] - 0.2).abs() < 1e-12, "{weights:?}");
    assert!(with_floor_of(&[1.0, 0.0], 0.6).is_err());
}

#[test]
fn two_arms_are_weighed_by_their_chances_of_being_the_best() {
    let arm = |mean| Posterior::new(mean, 1.0).unwrap();
    let ranking = rank_arms(&[arm(0.0), arm(1.0)]).unwrap();
    assert!(ranking.weights()[1] > 0.7, "{ranking:?}");
    assert!((ranking.top_two_weights()[1] - 0.5).abs() < 1e-9);
    let three = rank_arms(&[arm(0.0), arm(1.0), arm(3.0)]).unwrap();
    assert_eq!(three.weights(), three.top_two_weights());
}
