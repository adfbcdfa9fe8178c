//! S18: skew, rare events and uneven splits; a look after every unit to 10,000 units, at least 50 per arm.

use super::{Data, generator, promise, repetitions, report};
use stats::anytime::{Floor, Sequence};
use stats::contrast::absolute;
use stats::estimate::{MetricKind, mean};
use stats::moments::Moments;

const UNITS: u64 = 10_000;
const LEAST: u64 = 50;

fn miss_rates(data: Data, lift: f64, share: f64, repetitions: u64) {
    let tunings = [500.0, 5_000.0];
    let critical = tunings.map(|tightest_at| {
        let sequence = Sequence::new(0.05, tightest_at).unwrap();
        (0..=UNITS).map(|n| sequence.critical_value(n.max(1)).unwrap()).collect::<Vec<_>>()
    });
    let truth = data.mean() * lift;
    let mut plain = [0_u64; 2];
    let mut rule = [0_u64; 2];
    for repetition in 0..repetitions {
        let mut random = generator(18, repetition);
        let mut arms = [Moments::new(), Moments::new()];
        let (mut plain_miss, mut rule_miss) = ([false; 2], [false; 2]);
        for n in 1..=UNITS {
            let in_treatment = random.uniform() < share;
            let value = data.draw(&mut random) * if in_treatment { 1.0 + lift } else { 1.0 };
            arms[usize::from(in_treatment)].insert(value, 1.0).unwrap();
            if arms[0].units() < LEAST || arms[1].units() < LEAST || rule_miss == [true; 2] {
                continue;
            }
            let index = usize::try_from(n).unwrap();
            let outside = |effect: &stats::contrast::Effect, at: usize| {
                (effect.estimate() - truth).abs() > critical[at][index] * effect.standard_error()
            };
            if let Ok(effect) = absolute(&mean(&arms[0]).unwrap(), &mean(&arms[1]).unwrap()) {
                for (at, flag) in plain_miss.iter_mut().enumerate() {
                    *flag |= outside(&effect, at);
                }
            }
            let Ok(floor) = Floor::new(MetricKind::MeanPerUnit, &arms[0], &arms[1]) else { continue };
            let Ok(effect) = absolute(&floor.control.estimate, &floor.treatment.estimate) else { continue };
            for (at, flag) in rule_miss.iter_mut().enumerate() {
                *flag |= outside(&effect, at);
            }
        }
        for at in 0..2 {
            plain[at] += u64::from(plain_miss[at]);
            rule[at] += u64::from(rule_miss[at]);
        }
    }
    for (at, tightest_at) in tunings.into_iter().enumerate() {
        let name = format!("S18 {data:?} lift={lift} share={share} n*={tightest_at}");
        report(&format!("{name} plain"), plain[at] as f64 / repetitions as f64);
        promise(&format!("{name} rule"), rule[at] as f64 / repetitions as f64, 0.05, repetitions);
    }
}

#[test]
fn the_floor_keeps_the_miss_rate_with_even_splits() {
    let repetitions = repetitions(8);
    for data in Data::ALL {
        miss_rates(data, 0.0, 0.5, repetitions);
    }
    miss_rates(Data::Lognormal(1.0), 0.2, 0.5, repetitions);
}

#[test]
fn the_floor_keeps_the_miss_rate_with_a_tenth_in_one_arm() {
    let repetitions = repetitions(8);
    for data in Data::ALL {
        miss_rates(data, 0.0, 0.1, repetitions);
    }
    miss_rates(Data::Lognormal(1.0), 0.2, 0.1, repetitions);
}

#[test]
fn the_floor_keeps_the_miss_rate_with_a_fiftieth_in_one_arm() {
    let repetitions = repetitions(8);
    for data in Data::ALL {
        miss_rates(data, 0.0, 0.02, repetitions);
    }
    miss_rates(Data::Lognormal(1.0), 0.2, 0.02, repetitions);
}
