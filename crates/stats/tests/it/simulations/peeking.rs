//! S1: a look after every pair of units, 50/50, to 5,000 units per arm, plain variance.

use super::{Data, generator, promise, repetitions, report};
use stats::anytime::Sequence;
use stats::contrast::absolute;
use stats::estimate::mean;
use stats::fixed::Welch;
use stats::moments::Moments;

const PAIRS: u64 = 5_000;
const FIRST_LOOK: u64 = 50;

#[test]
fn peeking_keeps_the_false_positive_rate() {
    let repetitions = repetitions(20);
    for data in Data::ALL {
        for tightest_at in [500.0, 5_000.0] {
            let sequence = Sequence::new(0.05, tightest_at).unwrap();
            let critical: Vec<f64> = (0..=PAIRS).map(|n| sequence.critical_value(2 * n.max(1)).unwrap()).collect();
            let (mut anytime, mut peeked, mut once) = (0, 0, 0);
            for repetition in 0..repetitions {
                let mut random = generator(1, repetition);
                let (mut control, mut treatment) = (Moments::new(), Moments::new());
                let (mut hit, mut naive) = (false, false);
                for n in 1..=PAIRS {
                    control.insert(data.draw(&mut random), 1.0).unwrap();
                    treatment.insert(data.draw(&mut random), 1.0).unwrap();
                    if n < FIRST_LOOK {
                        continue;
                    }
                    let Ok(effect) = absolute(&mean(&control).unwrap(), &mean(&treatment).unwrap()) else { continue };
                    hit |= effect.z().abs() >= critical[usize::try_from(n).unwrap()];
                    // The normal quantile instead of t: the same at these sizes, and much faster.
                    naive |= effect.z().abs() > 1.96;
                }
                anytime += u64::from(hit);
                peeked += u64::from(naive);
                let test = Welch::absolute(&mean(&control).unwrap(), &mean(&treatment).unwrap());
                once += u64::from(test.is_ok_and(|test| test.p_two_sided() < 0.05));
            }
            let share = |count: u64| count as f64 / repetitions as f64;
            report(&format!("S1 {data:?} z test peeked"), share(peeked));
            report(&format!("S1 {data:?} Welch once"), share(once));
            promise(&format!("S1 {data:?} sequence n*={tightest_at}"), share(anytime), 0.05, repetitions);
        }
    }
}
