//! S7: two arms, 25 batches of 100, Thompson sampling with floor 0.05, unit normal outcomes.

use super::{generator, promise, repetitions, report};
use stats::adaptive::{Batch, Draw, adaptively_weighted, aipw, aipw_floored, batched};
use stats::anytime::{Floor, Sequence};
use stats::contrast::absolute;
use stats::estimate::{MetricKind, mean};
use stats::moments::Moments;
use stats::special::normal_cdf;

const BATCHES: usize = 25;
const PER_BATCH: usize = 100;
const FLOOR: f64 = 0.05;

#[test]
fn inference_after_adaptive_allocation_keeps_its_coverage() {
    let repetitions = repetitions(20);
    let sequence = Sequence::new(0.05, (BATCHES * PER_BATCH) as f64).unwrap();
    for gap in [0.0, 0.2] {
        let (mut anytime, mut floored, mut naive, mut weighted, mut bols) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
        let mut bias = 0.0;
        for repetition in 0..repetitions {
            let mut random = generator(7, repetition);
            let mut draws: Vec<Draw> = Vec::new();
            let mut batches: Vec<Batch> = Vec::new();
            let mut arms = [Moments::new(), Moments::new()];
            let (mut missed, mut missed_floored) = (false, false);
            for batch in 0..BATCHES {
                let share = if batch == 0 {
                    0.5
                } else {
                    let [a, b] = arms.map(|arm| mean(&arm).unwrap());
                    let z = (b.value() - a.value()) / (a.variance() + b.variance()).sqrt();
                    normal_cdf(z).unwrap().clamp(FLOOR, 1.0 - FLOOR)
                };
                let earlier = arms.map(|arm| arm.mean_value());
                let mut own = [Moments::new(), Moments::new()];
                for _ in 0..PER_BATCH {
                    let treated = random.uniform() < share;
                    let outcome = random.normal() + if treated { gap } else { 0.0 };
                    own[usize::from(treated)].insert(outcome, 1.0).unwrap();
                    draws.push(Draw {
                        treated,
                        outcome,
                        control_propensity: 1.0 - share,
                        treatment_propensity: share,
                        control_mean: earlier[0],
                        treatment_mean: earlier[1],
                    });
                }
                // The known unit variance, as in the paper: with five units in an arm an estimate of it is wild.
                if own[0].units() > 0 && own[1].units() > 0 {
                    batches.push(Batch {
                        difference: own[1].mean_value() - own[0].mean_value(),
                        standard_error: (1.0 / own[0].units() as f64 + 1.0 / own[1].units() as f64).sqrt(),
                    });
                }
                for (arm, own) in arms.iter_mut().zip(own) {
                    *arm = arm.merge(&own).unwrap();
                }
                missed |= !sequence.interval(&aipw(&draws).unwrap()).unwrap().contains(gap);
                let floor = Floor::new(MetricKind::MeanPerUnit, &arms[0], &arms[1]).unwrap();
                let effect = aipw_floored(&draws, &floor).unwrap();
                missed_floored |= !sequence.interval(&effect).unwrap().contains(gap);
            }
            anytime += u64::from(missed);
            floored += u64::from(missed_floored);
            let outside = |estimate: f64, se: f64| u64::from((estimate - gap).abs() > 1.96 * se);
            let raw = absolute(&mean(&arms[0]).unwrap(), &mean(&arms[1]).unwrap()).unwrap();
            naive += outside(raw.estimate(), raw.standard_error());
            let hadad = adaptively_weighted(&draws).unwrap();
            weighted += outside(hadad.estimate(), hadad.standard_error());
            let combined = batched(&batches, 0.05).unwrap();
            bols += u64::from(!(combined.lower..=combined.upper).contains(&gap));
            bias += arms[0].mean_value() / repetitions as f64;
        }
        let share = |count: u64| count as f64 / repetitions as f64;
        report(&format!("S7 gap={gap} naive difference, miss"), share(naive));
        report(&format!("S7 gap={gap} bias of the control's mean"), bias);
        report(&format!("S7 gap={gap} adaptive weights once, miss"), share(weighted));
        report(&format!("S7 gap={gap} BOLS once, miss"), share(bols));
        promise(&format!("S7 gap={gap} AIPW sequence, ever missed"), share(anytime), 0.05, repetitions);
        promise(&format!("S7 gap={gap} AIPW sequence with the floor, ever missed"), share(floored), 0.05, repetitions);
    }
}
