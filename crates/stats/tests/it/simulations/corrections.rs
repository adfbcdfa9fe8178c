//! All corrections together (A.12): a ratio metric, winsorised, adjusted by its pre-period, under the variance floor.

use super::{generator, poisson, promise, repetitions, report};
use stats::anytime::{Floor, Sequence};
use stats::contrast::absolute;
use stats::cuped::{Adjustment, Shape};
use stats::estimate::{MetricKind, ratio};
use stats::moments::{JointMoments, Moments};
use stats::winsor::{Cap, is_due, percentile};

const UNITS: usize = 6_000;

fn false_positives(share: f64, repetitions: u64) {
    let sequence = Sequence::new(0.05, 5_000.0).unwrap();
    let (mut hits, mut explained) = (0_u64, 0.0);
    for repetition in 0..repetitions {
        let mut random = generator(40, repetition);
        // (arm, cost, rows, earlier cost, earlier rows) in order of arrival.
        let mut units: Vec<(usize, [f64; 4])> = Vec::with_capacity(UNITS);
        let mut values: Vec<f64> = Vec::with_capacity(UNITS);
        let mut arms = [JointMoments::new(), JointMoments::new()];
        let mut plain = [Moments::new(), Moments::new()];
        let mut cap = (None, Cap::new(f64::MAX).unwrap());
        let mut hit = false;
        for n in 1..=UNITS {
            let arm = usize::from(random.uniform() < share);
            let habit = random.normal();
            let side = |random: &mut stats::random::Generator| {
                let rows = 1 + poisson(random, 4.0);
                let cost: f64 = (0..rows).map(|_| (0.7 * habit + 0.7 * random.normal()).exp()).sum();
                (cost, rows as f64)
            };
            let (cost, rows) = side(&mut random);
            let (earlier, earlier_rows) = side(&mut random);
            values.push(cost);
            units.push((arm, [cost, rows, earlier, earlier_rows]));
            let add = |arms: &mut [JointMoments; 2], plain: &mut [Moments; 2], cap: Cap, unit: &(usize, [f64; 4])| {
                let (arm, [cost, rows, earlier, earlier_rows]) = *unit;
                let (capped, _) = cap.apply(cost).unwrap();
                let (earlier, _) = cap.apply(earlier).unwrap();
                arms[arm].insert([capped, rows, earlier, earlier_rows]).unwrap();
                plain[arm].insert(capped, rows).unwrap();
            };
            if is_due(cap.0, n as u64) {
                cap = (Some(n as u64), Cap::new(percentile(&values, 0.999).unwrap()).unwrap());
                arms = [JointMoments::new(), JointMoments::new()];
                plain = [Moments::new(), Moments::new()];
                for unit in &units {
                    add(&mut arms, &mut plain, cap.1, unit);
                }
            } else {
                add(&mut arms, &mut plain, cap.1, &units[n - 1]);
            }
            if n % 10 != 0 || Floor::collecting(MetricKind::Ratio, &plain[0], &plain[1]).is_err() {
                continue;
            }
            let adjustment = Adjustment::new(&arms, Shape::Ratio).unwrap();
            let estimates = [adjustment.estimate(&arms[0]).unwrap(), adjustment.estimate(&arms[1]).unwrap()];
            let pooled = plain[0].merge(&plain[1]).unwrap();
            let skewness = pooled.skewness(ratio(&pooled).unwrap().value()).unwrap();
            let floor = Floor::from_estimates(estimates, adjustment.pooled_variance(), skewness).unwrap();
            let effect = absolute(&floor.control.estimate, &floor.treatment.estimate).unwrap();
            hit |= !sequence.interval(&effect).unwrap().contains(0.0);
            if n == UNITS {
                explained += adjustment.explained() / repetitions as f64;
            }
        }
        hits += u64::from(hit);
    }
    report(&format!("all corrections, share={share}: variance explained"), explained);
    promise(&format!("all corrections, share={share}"), hits as f64 / repetitions as f64, 0.05, repetitions);
}

#[test]
fn all_corrections_together_keep_the_false_positive_rate() {
    let repetitions = repetitions(10);
    for share in [0.5, 0.1] {
        false_positives(share, repetitions);
    }
}
