//! The Fieller sequence (A.12): is the true lift ever outside, over all looks?

use super::{Data, generator, promise, repetitions, report};
use stats::anytime::{Floor, Sequence};
use stats::contrast::LiftSet;
use stats::estimate::MetricKind;
use stats::moments::Moments;

fn miss(data: Data, lift: f64, share: f64, repetitions: u64) {
    let sequence = Sequence::new(0.05, 5_000.0).unwrap();
    let (mut missed, mut unbounded) = (0_u64, 0_u64);
    for repetition in 0..repetitions {
        let mut random = generator(26, repetition);
        let mut arms = [Moments::new(), Moments::new()];
        let (mut out, mut open) = (false, true);
        for n in 1..=10_000_u64 {
            let in_treatment = random.uniform() < share;
            let base = data.draw(&mut random);
            arms[usize::from(in_treatment)].insert(base * if in_treatment { 1.0 + lift } else { 1.0 }, 1.0).unwrap();
            if n % 5 != 0 || arms[0].units() < 50 || arms[1].units() < 50 {
                continue;
            }
            let Ok(floor) = Floor::new(MetricKind::MeanPerUnit, &arms[0], &arms[1]) else { continue };
            let Ok(found) = sequence.lift(&floor.control.estimate, &floor.treatment.estimate) else { continue };
            if let LiftSet::Bounded(interval) = found.set {
                out |= !interval.contains(lift);
                open = false;
            }
        }
        missed += u64::from(out);
        unbounded += u64::from(open);
    }
    let name = format!("Fieller sequence {data:?} lift={lift} share={share}");
    report(&format!("{name} never bounded"), unbounded as f64 / repetitions as f64);
    promise(&name, missed as f64 / repetitions as f64, 0.05, repetitions);
}

#[test]
fn the_fieller_sequence_covers_the_true_lift() {
    let repetitions = repetitions(10);
    for lift in [0.0, 0.2, -0.5] {
        for share in [0.5, 0.1] {
            for data in [Data::Score, Data::Exponential, Data::Lognormal(1.0)] {
                miss(data, lift, share, repetitions);
            }
        }
    }
    miss(Data::Bernoulli(0.05), 0.0, 0.5, repetitions);
    miss(Data::Bernoulli(0.05), 0.0, 0.1, repetitions);
}
