//! The quantile sequence over time (A.12): users arrive daily with about ten rows each, looks daily, no difference.

use super::{generator, poisson, promise, repetitions, report};
use stats::anytime::Sequence;
use stats::quantile::{Grouped, difference};
use stats::sketch::DdSketch;

const DAYS: usize = 28;
const USERS_PER_DAY: usize = 140;
const GROUPS: u64 = 256;

#[test]
fn the_quantile_sequence_keeps_the_false_positive_rate() {
    let repetitions = repetitions(3);
    let sequence = Sequence::new(0.05, 5_000.0).unwrap();
    for icc in [0.0_f64, 0.3] {
        let orders = [0.5, 0.95, 0.99];
        let mut hits = [0_u64; 3];
        let mut decided = [0_u64; 3];
        for repetition in 0..repetitions {
            let mut random = generator(5, repetition);
            let mut arms = [vec![DdSketch::new(); 256], vec![DdSketch::new(); 256]];
            let mut hit = [false; 3];
            let mut known = [false; 3];
            let mut users = 0;
            for _ in 0..DAYS {
                for _ in 0..USERS_PER_DAY {
                    users += 1;
                    let arm = usize::from(random.uniform() < 0.5);
                    let group = usize::try_from(random.below(GROUPS)).unwrap();
                    let level = icc.sqrt() * random.normal();
                    for _ in 0..=poisson(&mut random, 9.0) {
                        let value = (level + (1.0 - icc).sqrt() * random.normal()).exp();
                        arms[arm][group].add(value).unwrap();
                    }
                }
                let grouped = [Grouped::new(arms[0].clone()).unwrap(), Grouped::new(arms[1].clone()).unwrap()];
                for (at, order) in orders.into_iter().enumerate() {
                    let quantile = |arm: &Grouped| arm.anytime(order, &sequence, users);
                    let (Ok(a), Ok(b)) = (quantile(&grouped[0]), quantile(&grouped[1])) else { continue };
                    let Ok(effect) = difference(&a, &b, users) else { continue };
                    known[at] = true;
                    hit[at] |= !sequence.interval(&effect).unwrap().contains(0.0);
                }
            }
            for at in 0..orders.len() {
                hits[at] += u64::from(hit[at]);
                decided[at] += u64::from(known[at]);
            }
        }
        for (at, order) in orders.into_iter().enumerate() {
            report(&format!("quantile {order} icc={icc} ever known"), decided[at] as f64 / repetitions as f64);
            let share = hits[at] as f64 / repetitions as f64;
            promise(&format!("quantile {order} icc={icc} sequence"), share, 0.05, repetitions);
        }
    }
}
