//! S3: users arrive over 30 days and contribute throughout; looks every 6 hours; ratio by delta method.

use super::{generator, poisson, promise, repetitions, report};
use stats::anytime::{Floor, Sequence};
use stats::contrast::absolute;
use stats::estimate::MetricKind;
use stats::moments::Moments;

const USERS: usize = 3_000;
const DAYS: f64 = 30.0;
const LOOKS_PER_DAY: f64 = 4.0;

#[test]
fn returning_users_keep_the_false_positive_rate() {
    let repetitions = repetitions(10);
    for icc in [0.1_f64, 0.3, 0.6] {
        let sequences = [500.0, 3_000.0].map(|tightest_at| Sequence::new(0.05, tightest_at).unwrap());
        let mut hits = [0_u64; 2];
        let mut naive_hits = 0_u64;
        for repetition in 0..repetitions {
            let mut random = generator(3, repetition);
            // Every row with its time: about ten a user, over the rest of the user's stay.
            let mut rows: Vec<(f64, usize)> = Vec::new();
            let mut level = Vec::with_capacity(USERS);
            for user in 0..USERS {
                let arrival = DAYS * random.uniform();
                level.push(icc.sqrt() * random.normal());
                rows.push((arrival, user));
                for _ in 0..poisson(&mut random, 18.0 * (1.0 - arrival / DAYS)) {
                    rows.push((arrival + (DAYS - arrival) * random.uniform(), user));
                }
            }
            rows.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut state = vec![(0.0, 0.0); USERS];
            let mut arms = [Moments::new(), Moments::new()];
            let mut next_look = 1.0 / LOOKS_PER_DAY;
            let mut hit = [false; 2];
            let mut naive = false;
            for (time, user) in rows {
                while time > next_look {
                    next_look += 1.0 / LOOKS_PER_DAY;
                    if Floor::collecting(MetricKind::Ratio, &arms[0], &arms[1]).is_err() {
                        continue;
                    }
                    let floor = Floor::new(MetricKind::Ratio, &arms[0], &arms[1]).unwrap();
                    let effect = absolute(&floor.control.estimate, &floor.treatment.estimate).unwrap();
                    naive |= effect.z().abs() > 1.96;
                    for (flag, sequence) in hit.iter_mut().zip(&sequences) {
                        *flag |= !sequence.interval(&effect).unwrap().contains(0.0);
                    }
                }
                let value = level[user] + (1.0 - icc).sqrt() * random.normal();
                let (sum, count) = state[user];
                let point = (sum + value, count + 1.0);
                let arm = &mut arms[user % 2];
                let done = if count == 0.0 { arm.insert(point.0, point.1) } else { arm.replace((sum, count), point) };
                state[user] = point;
                if done.is_err() {
                    // Too few digits left, as happens with a handful of units: rebuild from the unit table.
                    assert_eq!(done, Err(stats::Undefined::PrecisionLost));
                    assert!(arm.units() < 50, "rebuilt at {} units", arm.units());
                    *arm = Moments::new();
                    for (sum, rows) in state.iter().skip(user % 2).step_by(2).filter(|(_, rows)| *rows > 0.0) {
                        arm.insert(*sum, *rows).unwrap();
                    }
                }
            }
            naive_hits += u64::from(naive);
            for (count, flag) in hits.iter_mut().zip(hit) {
                *count += u64::from(flag);
            }
        }
        report(&format!("S3 icc={icc} delta z test peeked"), naive_hits as f64 / repetitions as f64);
        for (hits, tightest_at) in hits.into_iter().zip([500, 3_000]) {
            let share = hits as f64 / repetitions as f64;
            promise(&format!("S3 icc={icc} sequence n*={tightest_at}"), share, 0.05, repetitions);
        }
    }
}
