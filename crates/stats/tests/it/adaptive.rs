//! Allocation of traffic, and the analysis after it moved: the behaviour no reference case pins.

use stats::Undefined;
use stats::adaptive::{ArmMean, Draw, Unit, aipw, aipw_floored, has_won};
use stats::allocation::{Posterior, rank_arms, track_and_stop, with_floor};
use stats::anytime::{Floor, OneSided};
use stats::contrast::Effect;
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
