//! Epoch products (A.12): weights change by hand, the base rate drifts, success labels and sample ratio stay valid.

use super::{promise, rate, repetitions, report};
use stats::exact::{CONCENTRATIONS, Epoch, ln_e_epochs};
use stats::guard::{Status, sample_ratio};
use stats::random::Generator;

const RAMP: [f64; 3] = [0.1, 0.3, 0.5];

/// Epochs of the ramp with a drifting rate; reports after each batch whether `look` says stop.
fn ramp(random: &mut Generator, ratio: f64, mut look: impl FnMut(&[Epoch], &[Epoch]) -> bool) -> bool {
    let (mut successes, mut units): (Vec<Epoch>, Vec<Epoch>) = (Vec::new(), Vec::new());
    let mut time = 0.0_f64;
    for share in RAMP {
        let weights = vec![1.0 - share, share];
        let (mut events, mut arrived) = (vec![0_u64; 2], vec![0_u64; 2]);
        for _ in 0..40 {
            for _ in 0..100 {
                time += 1.0 / 12_000.0;
                let arm = usize::from(random.uniform() < share);
                let base: f64 = 0.05 * (1.0 + (6.0 * time).sin() * 0.8);
                arrived[arm] += 1;
                events[arm] += u64::from(random.uniform() < base * if arm == 1 { ratio } else { 1.0 });
            }
            let with = |done: &[Epoch], counts: &[u64]| {
                let mut all = done.to_vec();
                all.push(Epoch { counts: counts.to_vec(), weights: weights.clone() });
                all
            };
            if look(&with(&successes, &events), &with(&units, &arrived)) {
                return true;
            }
        }
        successes.push(Epoch { counts: events, weights: weights.clone() });
        units.push(Epoch { counts: arrived, weights });
    }
    false
}

#[test]
fn epoch_products_keep_the_false_positive_rate() {
    let repetitions = repetitions(60);
    let stops = |successes: &[Epoch], _: &[Epoch]| ln_e_epochs(successes, &CONCENTRATIONS).unwrap() >= 20.0_f64.ln();
    let null = rate(24, repetitions, |random| ramp(random, 1.0, stops));
    promise("epoch product of success labels, ramp 10/30/50%", null, 0.05, repetitions);
    report("  the same, rate +50%", rate(25, repetitions, |random| ramp(random, 1.5, stops)));
    let mismatch = rate(27, repetitions, |random| {
        let mut largest = None;
        ramp(random, 1.0, |_, units| {
            let result = sample_ratio::check(units, largest, 1).unwrap();
            largest = Some(result.largest);
            result.finding.status >= Status::Warn
        })
    });
    promise("epoch product of the sample ratio, warning", mismatch, 0.01, repetitions);
}
