//! All corrections together (A.12): ratio metrics adjusted by their pre-period, one of them winsorised, under the variance
//! floor, several versions and metrics under Holm, looked at after every ten users.

use super::{generator, poisson, promise, repetitions, report};
use stats::anytime::{Floor, History, Sequence};
use stats::contrast::{Effect, absolute};
use stats::cuped::{Adjustment, Shape};
use stats::estimate::{MetricKind, ratio};
use stats::moments::{JointMoments, Moments};
use stats::multiplicity::{Correction, adjust};
use stats::random::Generator;
use stats::winsor::{Cap, is_due, percentile};

const UNITS: usize = 6_000;
const ALPHA: f64 = 0.05;

/// What a version does to the cost (a factor) and the score (a shift) of a generation.
#[derive(Clone, Copy)]
struct Version {
    share: f64,
    cost: f64,
    score: f64,
}

const fn equal(share: f64) -> Version {
    Version { share, cost: 1.0, score: 0.0 }
}

/// A user's value, rows, earlier value and earlier rows of one metric.
type Point = [f64; 4];

/// The blocks of one metric, arm by arm.
struct Metric {
    joint: Vec<JointMoments>,
    plain: Vec<Moments>,
    cap: Option<(u64, Cap)>,
}

impl Metric {
    fn new(arms: usize) -> Self {
        Self { joint: vec![JointMoments::new(); arms], plain: vec![Moments::new(); arms], cap: None }
    }

    fn insert(&mut self, arm: usize, [value, rows, earlier, earlier_rows]: Point) {
        let capped = |value: f64| self.cap.map_or(value, |(_, cap)| cap.apply(value).unwrap().0);
        let (value, earlier) = (capped(value), capped(earlier));
        self.joint[arm].insert([value, rows, earlier, earlier_rows]).unwrap();
        self.plain[arm].insert(value, rows).unwrap();
    }

    /// Sets the cap anew when that is due, and rebuilds the blocks under it.
    fn winsorise(&mut self, users: &[(usize, Point)]) {
        let count = users.len() as u64;
        if is_due(self.cap.map(|(set_at, _)| set_at), count) {
            let values: Vec<f64> = users.iter().map(|(_, point)| point[0]).collect();
            *self = Self::new(self.joint.len());
            self.cap = Some((count, Cap::new(percentile(&values, 0.999).unwrap()).unwrap()));
            for (arm, point) in users {
                self.insert(*arm, *point);
            }
        }
    }

    /// Each treatment against the control; `None` while collecting.
    fn effects(&self, adjustment: &Adjustment) -> Vec<Option<Effect>> {
        let compare = |arm: usize| {
            Floor::collecting(MetricKind::Ratio, &self.plain[0], &self.plain[arm]).ok()?;
            let estimates = [0, arm].map(|arm| adjustment.estimate(&self.joint[arm]).unwrap());
            let pooled = self.plain[0].merge(&self.plain[arm]).unwrap();
            let skewness = pooled.skewness(ratio(&pooled).unwrap().value()).unwrap();
            let floor = Floor::from_estimates(estimates, adjustment.pooled_variance(), skewness).unwrap();
            Some(absolute(&floor.control.estimate, &floor.treatment.estimate).unwrap())
        };
        (1..self.plain.len()).map(compare).collect()
    }
}

/// A user: cost and score over their generations, now and before.
fn user(random: &mut Generator, version: Version) -> [Point; 2] {
    let (spender, judge) = (random.normal(), random.normal());
    let mut side = |version: Version| {
        let rows = 1 + poisson(random, 4.0);
        let (mut cost, mut score) = (0.0, 0.0);
        for _ in 0..rows {
            cost += version.cost * (0.7 * spender + 0.7 * random.normal()).exp();
            score += 3.5 + version.score + 0.6 * judge + 0.8 * random.normal();
        }
        (cost, score, rows as f64)
    };
    let (cost, score, rows) = side(version);
    let (cost_before, score_before, rows_before) = side(equal(0.0));
    [[cost, rows, cost_before, rows_before], [score, rows, score_before, rows_before]]
}

/// Per experiment: Holm ever named a difference that is none; a sequence at α/m ever missed "no difference" where there is
/// none; Holm found a difference that is one; the explained variance of both metrics.
fn run(random: &mut Generator, versions: &[Version]) -> ([bool; 3], [f64; 2]) {
    let treatments = versions.len() - 1;
    let hypotheses = (2 * treatments) as f64;
    let sequence = Sequence::new(ALPHA, 5_000.0).unwrap();
    let shown = Sequence::new(ALPHA / hypotheses, 5_000.0).unwrap();
    let mut histories = vec![History::new(); 2 * treatments];
    let mut metrics = [Metric::new(versions.len()), Metric::new(versions.len())];
    let mut costs: Vec<(usize, Point)> = Vec::with_capacity(UNITS);
    let [mut wrong, mut missed, mut found] = [false; 3];
    let mut explained = [0.0; 2];
    let differs = |hypothesis: usize| {
        let version = &versions[1 + hypothesis % treatments];
        if hypothesis < treatments { version.cost != 1.0 } else { version.score != 0.0 }
    };
    for n in 1..=UNITS {
        let mut place = random.uniform();
        let arm = versions.iter().position(|version| {
            place -= version.share;
            place < 0.0
        });
        let arm = arm.unwrap_or(treatments);
        let [cost, score] = user(random, versions[arm]);
        costs.push((arm, cost));
        metrics[0].insert(arm, cost);
        metrics[1].insert(arm, score);
        metrics[0].winsorise(&costs);
        if n % 10 != 0 || n < 100 {
            continue;
        }
        let adjustments = metrics.each_ref().map(|metric| Adjustment::new(&metric.joint, Shape::Ratio).unwrap());
        let effects: Vec<Option<Effect>> =
            metrics.iter().zip(&adjustments).flat_map(|(metric, adjustment)| metric.effects(adjustment)).collect();
        let mut p = Vec::with_capacity(effects.len());
        for (hypothesis, (effect, history)) in effects.iter().zip(&mut histories).enumerate() {
            p.push(effect.map(|effect| {
                let interval = shown.interval(&effect).unwrap();
                missed |= !differs(hypothesis) && !interval.contains(0.0);
                history.look(sequence.p_value(&effect), interval).unwrap();
                history.p_value_towards(effect.estimate())
            }));
        }
        for (hypothesis, adjusted) in adjust(Correction::Holm, &p).unwrap().into_iter().enumerate() {
            if adjusted.is_some_and(|adjusted| adjusted <= ALPHA) {
                wrong |= !differs(hypothesis);
                found |= differs(hypothesis);
            }
        }
        explained = adjustments.map(|adjustment| adjustment.explained());
    }
    ([wrong, missed, found], explained)
}

fn check(name: &str, versions: &[Version]) {
    let repetitions = repetitions(6);
    let mut hits = [0_u64; 3];
    let mut explained = [0.0; 2];
    for repetition in 0..repetitions {
        let (events, shares) = run(&mut generator(40, repetition), versions);
        for (count, event) in hits.iter_mut().zip(events) {
            *count += u64::from(event);
        }
        for (sum, share) in explained.iter_mut().zip(shares) {
            *sum += share / repetitions as f64;
        }
    }
    let [wrong, missed, found] = hits.map(|count| count as f64 / repetitions as f64);
    promise(&format!("all corrections, {name}: Holm ever wrong"), wrong, ALPHA, repetitions);
    promise(&format!("all corrections, {name}: a sequence at α/m ever missed 0"), missed, ALPHA, repetitions);
    report(&format!("all corrections, {name}: a difference found"), found);
    report(&format!("all corrections, {name}: variance of the cost explained"), explained[0]);
    report(&format!("all corrections, {name}: variance of the score explained"), explained[1]);
}

#[test]
fn all_corrections_together_keep_the_false_positive_rate() {
    check("2 arms 50/50", &[equal(0.5); 2]);
    check("2 arms 90/10", &[equal(0.9), equal(0.1)]);
    check("4 arms 25/25/25/25", &[equal(0.25); 4]);
    check("4 arms 70/10/10/10", &[equal(0.7), equal(0.1), equal(0.1), equal(0.1)]);
}

#[test]
fn all_corrections_together_find_what_is_there_and_nothing_else() {
    let better = Version { share: 1.0 / 3.0, cost: 0.85, score: 0.0 };
    check("3 arms, one 15% cheaper", &[equal(1.0 / 3.0), better, equal(1.0 / 3.0)]);
}
