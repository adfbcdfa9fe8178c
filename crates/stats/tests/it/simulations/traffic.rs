//! S4: sample ratio mismatch, 200 looks to 20,000 units.

use super::{generator, promise, repetitions, report};
use stats::exact::Epoch;
use stats::guard::{Status, sample_ratio};

/// Shares of runs that warn, break, and would have had a chi-square below 0.05 at some look.
fn alarms(share: f64, repetitions: u64) -> [f64; 3] {
    let mut counts_of = [0_u64; 3];
    for repetition in 0..repetitions {
        let mut random = generator(4, repetition);
        let mut counts = [0_u64; 2];
        let mut largest = None;
        let mut chi = false;
        let mut worst = Status::Ok;
        for _ in 0..200 {
            for _ in 0..100 {
                counts[usize::from(random.uniform() < share)] += 1;
            }
            let epoch = Epoch { counts: counts.to_vec(), weights: vec![0.5, 0.5] };
            let result = sample_ratio::check(&[epoch], largest, 1).unwrap();
            largest = Some(result.largest);
            worst = worst.max(result.finding.status);
            chi |= sample_ratio::chi_square(&counts, &[0.5, 0.5]).unwrap().p < 0.05;
        }
        counts_of[0] += u64::from(worst >= Status::Warn);
        counts_of[1] += u64::from(worst == Status::Broken);
        counts_of[2] += u64::from(chi);
    }
    counts_of.map(|count| count as f64 / repetitions as f64)
}

#[test]
fn sample_ratio_alarms_keep_their_rate() {
    let repetitions = repetitions(50);
    let [warn, broken, chi] = alarms(0.5, repetitions);
    promise("S4 null, warning", warn, 0.01, repetitions);
    promise("S4 null, broken", broken, 0.001, repetitions);
    report("S4 null, chi-square p<.05 peeked", chi);
}

#[test]
fn sample_ratio_alarms_find_mismatches() {
    let repetitions = repetitions(30);
    for share in [0.51, 0.52, 0.53] {
        let [_, broken, _] = alarms(share, repetitions);
        report(&format!("S4 truth {share}, broken"), broken);
        if share > 0.525 {
            assert!(broken > 0.99, "53/47 must always be found, got {broken}");
        }
    }
}
