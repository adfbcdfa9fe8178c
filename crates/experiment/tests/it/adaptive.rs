//! A split that moves: what its numbers say, and how often they say it wrongly. `ASSAY_SLOW=1` lives through many experiments, the
//! quick tier through a few hundred; `--nocapture` prints the figures.

use domain::experiment::{ExperimentMetric, Margin, Method, MetricRole, Plan};
use experiment::{Block, Choices, Corrected, GuardrailState, Sheet, Stretch, Verdict};
use stats::{moments::Moments, random::Generator};

use crate::sheets::{metric, sheet};

const BATCHES: usize = 20;
const PER_BATCH: usize = 250;
const FLOOR: f64 = 0.05;
const LEAST_OF_ARM: u64 = 100;

fn slow() -> bool {
    std::env::var_os("ASSAY_SLOW").is_some_and(|value| value == "1")
}

/// Units of a metric by batch and arm.
struct Bandit {
    goal: ExperimentMetric,
    batches: Vec<(Vec<u16>, Vec<Moments>)>,
    arms: usize,
}

impl Bandit {
    fn new(how: &str, arms: usize) -> Self {
        Self { goal: metric("event:buy", how, MetricRole::Goal, None), batches: Vec::new(), arms }
    }

    /// The weights of the next batch, as the worker has them.
    fn weights(&self) -> Vec<u16> {
        let even: Vec<u16> =
            (0..self.arms).map(|arm| (10_000 / self.arms + usize::from(arm < 10_000 % self.arms)) as u16).collect();
        if self.batches.is_empty() || (0..self.arms).any(|arm| self.raw(arm).units() < LEAST_OF_ARM) {
            return even;
        }
        let next = self.corrected().next_weights(self.goal.metric.direction, FLOOR);
        next.map_or(even, |next| next.weights)
    }

    /// One batch; an outcome follows from batch and arm.
    fn live(&mut self, random: &mut Generator, mut outcome: impl FnMut(&mut Generator, usize, usize) -> f64) {
        let (number, weights) = (self.batches.len(), self.weights());
        let mut arms = vec![Moments::new(); self.arms];
        for _ in 0..PER_BATCH {
            let mut place = random.uniform() * 10_000.0;
            let arm = weights.iter().position(|weight| {
                place -= f64::from(*weight);
                place < 0.0
            });
            let arm = arm.unwrap_or(self.arms - 1);
            arms[arm].insert(outcome(random, number, arm), 1.0).unwrap();
        }
        self.batches.push((weights, arms));
    }

    fn raw(&self, arm: usize) -> Moments {
        self.batches.iter().fold(Moments::new(), |sum, (_, arms)| sum.merge(&arms[arm]).unwrap())
    }

    fn corrected(&self) -> Corrected {
        let stretch = |(weights, arms): &(Vec<u16>, Vec<Moments>)| Stretch {
            weights: weights.iter().map(|weight| f64::from(*weight)).collect(),
            arms: arms.iter().map(|arm| Block::new(&arm.parts(), None)).collect(),
        };
        let stretches: Vec<Stretch> = self.batches.iter().map(stretch).collect();
        Corrected::of(&self.goal.metric, &stretches, self.arms)
    }

    /// As pages get it.
    fn sheet(&self, is_corrected: bool) -> Sheet {
        let blocks = (0..self.arms).map(|arm| Block::new(&self.raw(arm).parts(), None)).collect();
        let mut sheet = sheet(vec![self.goal.clone()], vec![blocks]);
        sheet.plan.tuning_units = (BATCHES * PER_BATCH / self.arms) as u64;
        if is_corrected {
            sheet.corrected = vec![[Some(self.corrected()), None]];
        }
        sheet
    }

    /// Whether a treatment is called better or worse.
    fn is_called(&self, is_corrected: bool) -> bool {
        let sheet = self.sheet(is_corrected);
        let table = sheet.table(&Choices::of(&sheet.plan)).unwrap();
        table.verdicts.iter().any(|own| matches!(own.verdict, Verdict::Ship | Verdict::DoNotShip))
    }
}

/// How outcomes come about: batch and arm are given.
type Outcome = fn(&mut Generator, usize, usize) -> f64;

/// Of experiments looked at after every batch: how many were ever called by the corrected numbers, how many by raw ones, and the
/// mean error of the last difference of corrected and of raw means.
fn lived(runs: u64, seed: u64, (how, arms): (&str, usize), outcome: Outcome) -> (f64, f64, f64, f64) {
    let (mut called, mut raw_called, mut bias, mut raw_bias) = (0, 0, 0.0, 0.0);
    for run in 0..runs {
        let mut random = Generator::new(seed + run);
        let mut bandit = Bandit::new(how, arms);
        let (mut corrected, mut raw) = (false, false);
        for _ in 0..BATCHES {
            bandit.live(&mut random, outcome);
            corrected |= bandit.is_called(true);
            raw |= bandit.is_called(false);
        }
        called += u32::from(corrected);
        raw_called += u32::from(raw);
        // By which the control is told to be worse than it is.
        let truth: f64 = (0..BATCHES).map(|batch| expected(outcome, batch)).sum::<f64>() / BATCHES as f64;
        bias += (bandit.corrected().arms[0].unwrap()[0] - truth) / runs as f64;
        raw_bias += (bandit.raw(0).mean_value() - truth) / runs as f64;
    }
    (f64::from(called) / runs as f64, f64::from(raw_called) / runs as f64, bias, raw_bias)
}

/// The mean outcome of a batch, of many draws.
fn expected(outcome: Outcome, batch: usize) -> f64 {
    let mut random = Generator::new(4_711);
    (0..2_000).map(|_| outcome(&mut random, batch, 0)).sum::<f64>() / 2_000.0
}

#[test]
fn alike_arms_of_a_split_that_moves_are_rarely_called() {
    let runs = if slow() { 2_000 } else { 200 };
    let luck = 3.0 * (0.05_f64 * 0.95 / runs as f64).sqrt();
    let cases: [(&str, &str, usize, Outcome); 4] = [
        ("rates of 20%", "rate", 2, |random, _, _| f64::from(u8::from(random.uniform() < 0.2))),
        ("rates of 20%, three arms", "rate", 3, |random, _, _| f64::from(u8::from(random.uniform() < 0.2))),
        ("skewed amounts", "mean", 2, |random, _, _| (0.8 * random.normal()).exp()),
        ("amounts far from zero", "mean", 2, |random, _, _| 50.0 + random.normal()),
    ];
    for (index, (what, how, arms, outcome)) in cases.into_iter().enumerate() {
        let (called, raw, bias, raw_bias) = lived(runs, 10_000 * (index as u64 + 1), (how, arms), outcome);
        println!(
            "{what}: of {runs} experiments without a difference {:.1}% were ever called, by raw means {:.1}%; the control's mean is \
             off by {bias:.4}, the raw one by {raw_bias:.4}",
            100.0 * called,
            100.0 * raw
        );
        assert!(called <= 0.05 + luck, "{what}: {called}");
    }
}

#[test]
fn raw_means_of_a_split_that_moves_mislead_where_corrected_ones_do_not() {
    // What users do changes from batch to batch, alike in both arms: an arm that got its traffic late looks better.
    let rising: Outcome = |random, batch, _| 0.3 * batch as f64 + random.normal();
    let runs = if slow() { 2_000 } else { 200 };
    let luck = 3.0 * (0.05_f64 * 0.95 / runs as f64).sqrt();
    let (called, raw, bias, raw_bias) = lived(runs, 900_000, ("mean", 2), rising);
    println!(
        "rising outcomes: {:.1}% ever called, by raw means {:.1}%; the control's mean is off by {bias:.4}, the raw one by {raw_bias:.4}",
        100.0 * called,
        100.0 * raw
    );
    assert!(called <= 0.05 + luck, "{called}");
    assert!(raw > 0.15, "raw means should have misled: {raw}");
}

#[test]
fn a_better_arm_gets_the_traffic_and_is_found() {
    let mut random = Generator::new(8);
    let mut bandit = Bandit::new("rate", 3);
    for _ in 0..BATCHES {
        let rates = [0.2, 0.2, 0.3];
        bandit.live(&mut random, |random, _, arm| f64::from(u8::from(random.uniform() < rates[arm])));
        assert!(bandit.weights().iter().all(|weight| *weight >= 500), "{:?}", bandit.weights());
    }
    // Of three arms the best gets half and the rest goes to who might be, too.
    assert!(bandit.weights()[2] > 4_000, "{:?}", bandit.weights());
    let sheet = bandit.sheet(true);
    let table = sheet.table(&Choices::of(&sheet.plan)).unwrap();
    assert_eq!(table.verdicts[1].verdict, Verdict::Ship, "{}", table.verdicts[1].sentence);
    assert_ne!(table.verdicts[0].verdict, Verdict::Ship);
    let (row, corrected) = (&table.rows[0], bandit.corrected());
    // Values are the corrected ones, and the difference is one of the pair.
    for (value, arm) in row.values.iter().zip(&corrected.arms) {
        assert_eq!(value.value, arm.map(|[mean, _]| mean));
    }
    let difference = row.comparisons[1].difference.unwrap();
    assert!((difference - 0.1).abs() < 0.04, "{difference}");
    let [low, high] = row.comparisons[1].interval.unwrap();
    assert!(low < difference && difference < high);
    // Otherwise looked at, it is the estimate for one look.
    let once = sheet.rows(&Choices { method: Method::FixedHorizon, ..Choices::of(&sheet.plan) }).unwrap();
    let [once_low, once_high] = once[0].comparisons[1].interval.unwrap();
    assert!(once_high - once_low < high - low);
    let belief = sheet.rows(&Choices { method: Method::Bayesian, ..Choices::of(&sheet.plan) }).unwrap();
    assert!(belief[0].comparisons[1].chance_to_win.unwrap() > 0.95);
}

#[test]
fn of_two_arms_the_exact_test_leads_batch_by_batch_while_successes_are_few() {
    let mut random = Generator::new(9);
    let mut bandit = Bandit::new("rate", 2);
    for _ in 0..4 {
        bandit.live(&mut random, |random, _, _| f64::from(u8::from(random.uniform() < 0.02)));
    }
    let comparison = &bandit.sheet(true).rows(&Choices::of(&Plan::default())).unwrap()[0].comparisons[0];
    assert!(comparison.exact, "{comparison:?}");
    assert!(comparison.p.unwrap() > 0.05);
}

#[test]
fn a_guardrail_is_judged_by_corrected_numbers() {
    let mut random = Generator::new(10);
    let mut bandit = Bandit::new("mean", 2);
    bandit.goal = metric("cost", "mean", MetricRole::Guardrail, Some(Margin::Relative(0.05)));
    for _ in 0..BATCHES {
        bandit.live(&mut random, |random, batch, arm| 10.0 + 0.1 * batch as f64 + 2.0 * arm as f64 + random.normal());
    }
    let comparison = &bandit.sheet(true).rows(&Choices::of(&Plan::default())).unwrap()[0].comparisons[0];
    assert_eq!(comparison.guardrail, Some(GuardrailState::SeriouslyHarmed));
    // Cheaper is better: the traffic went to the control, and its lift is about a fifth.
    assert!(bandit.weights()[0] > 9_000, "{:?}", bandit.weights());
    assert!((comparison.lift.unwrap() - 2.0 / 10.95).abs() < 0.03, "{comparison:?}");
}

#[test]
fn what_cannot_be_corrected_says_so() {
    for how in ["ratio", "unit_mean", "p95"] {
        let goal = metric("latency", how, MetricRole::Secondary, None);
        let stretch = Stretch { weights: vec![5_000.0, 5_000.0], arms: vec![Block::default(), Block::default()] };
        let corrected = Corrected::of(&goal.metric, &[stretch], 2);
        assert!(corrected.pairs[0].as_ref().unwrap_err().contains("no interval under adaptive allocation"), "{how}");
        assert!(corrected.next_weights(goal.metric.direction, FLOOR).is_err());
    }
    // Early on it is still collecting.
    let mut bandit = Bandit::new("rate", 2);
    let few = |_: &mut Generator, _, _| 1.0;
    assert!(bandit.corrected().pairs[0].as_ref().unwrap_err().contains("still collecting"));
    bandit.live(&mut Generator::new(1), few);
    // Everybody did it: nothing tells the arms apart.
    assert!(bandit.corrected().next_weights(bandit.goal.metric.direction, FLOOR).is_err());
}
