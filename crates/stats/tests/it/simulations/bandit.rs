//! Four arms whose traffic moves by top-two Thompson sampling, analysed arm by arm with the corrected estimate (A.12).
//!
//! Batches of 200; uniform until each arm has 100 units; the weights then come from corrected means and are floored. After
//! every batch somebody looks at all arms.

use super::{Data, generator, promise, repetitions, report};
use stats::adaptive::{ArmMean, Draw, Unit, aipw, aipw_floored, has_won};
use stats::allocation::{Posterior, rank_arms, with_floor};
use stats::anytime::{Floor, History, Sequence};
use stats::contrast::{Effect, absolute};
use stats::estimate::{MetricKind, mean};
use stats::moments::Moments;
use stats::multiplicity::{Correction, adjust, e_benjamini_hochberg};
use stats::random::Generator;
use std::collections::BTreeSet;

const ARMS: usize = 4;
const BATCHES: usize = 15;
const PER_BATCH: usize = 200;
const UNIFORM_UNTIL: u64 = 100;
const ALPHA: f64 = 0.05;
/// Planned units of a pair.
const TIGHTEST_AT: f64 = (BATCHES * PER_BATCH * 2 / ARMS) as f64;

/// An experiment under way.
struct Bandit {
    versions: [Data; ARMS],
    arms: [Moments; ARMS],
    corrected: [ArmMean; ARMS],
    /// The draws of each pair `(lower, higher)` of arms.
    pairs: Vec<((usize, usize), Vec<Draw>)>,
}

impl Bandit {
    fn new(versions: [Data; ARMS]) -> Self {
        let pairs = (0..ARMS).flat_map(|low| (low + 1..ARMS).map(move |high| ((low, high), Vec::new())));
        Self { versions, arms: [Moments::new(); ARMS], corrected: [ArmMean::new(); ARMS], pairs: pairs.collect() }
    }

    fn weights(&self) -> Vec<f64> {
        if self.arms.iter().any(|arm| arm.units() < UNIFORM_UNTIL) {
            return vec![1.0 / ARMS as f64; ARMS];
        }
        let posterior = |arm: &ArmMean| {
            let estimate = arm.estimate().unwrap();
            Posterior::new(estimate.estimate(), estimate.standard_error()).unwrap()
        };
        let ranking = rank_arms(&self.corrected.each_ref().map(posterior)).unwrap();
        with_floor(&ranking.top_two_weights()).unwrap()
    }

    fn batch(&mut self, random: &mut Generator) {
        let propensities = self.weights();
        let earlier_means = self.arms.map(|arm| arm.mean_value());
        for _ in 0..PER_BATCH {
            let mut place = random.uniform();
            let arm = propensities.iter().position(|share| {
                place -= share;
                place < 0.0
            });
            let arm = arm.unwrap_or(ARMS - 1);
            let outcome = self.versions[arm].draw(random);
            let unit = Unit { arm, outcome, propensities: &propensities, earlier_means: &earlier_means };
            for ((low, high), draws) in &mut self.pairs {
                draws.extend(Draw::between(*low, *high, &unit).unwrap());
            }
            for (index, corrected) in self.corrected.iter_mut().enumerate() {
                let own = (index == arm).then_some(outcome);
                corrected.insert(own, propensities[index], earlier_means[index]).unwrap();
            }
            self.arms[arm].insert(outcome, 1.0).unwrap();
        }
    }

    /// The draws of an arm and the control.
    fn draws_against_control(&self, arm: usize) -> &[Draw] {
        self.pairs.iter().find(|(pair, _)| *pair == (0, arm)).map_or(&[], |(_, draws)| draws)
    }

    /// `high − low` of every pair.
    fn effects(&self) -> Vec<((usize, usize), Effect)> {
        let effect = |((low, high), draws): &((usize, usize), Vec<Draw>)| {
            let floor = Floor::new(MetricKind::MeanPerUnit, &self.arms[*low], &self.arms[*high]).unwrap();
            ((*low, *high), aipw_floored(draws, &floor).unwrap())
        };
        self.pairs.iter().map(effect).collect()
    }

    /// The advantage of each arm but the control over the control.
    fn against_control(effects: &[((usize, usize), Effect)]) -> Vec<Effect> {
        effects.iter().filter(|((low, _), _)| *low == 0).map(|(_, effect)| *effect).collect()
    }

    /// The arm that has won by the stopping rule of §7.4.
    fn winner(effects: &[((usize, usize), Effect)]) -> Option<usize> {
        (0..ARMS).find(|arm| {
            let advantages: Vec<Effect> = effects
                .iter()
                .filter_map(|((low, high), effect)| match (low == arm, high == arm) {
                    (true, _) => Some(effect.negated()),
                    (_, true) => Some(*effect),
                    _ => None,
                })
                .collect();
            has_won(&advantages, ALPHA, TIGHTEST_AT, 0.0).unwrap()
        })
    }
}

/// What may happen in an experiment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A sequence at α/3 misses the true difference.
    Missed,
    /// It does when made without the floor.
    MissedWithoutFloor,
    /// The 95% interval of a difference of raw means misses it.
    MissedByRawMeans,
    /// Holm names a difference that is none, or in the wrong direction.
    WrongByHolm,
    /// Holm names a true difference.
    FoundByHolm,
}

/// What happened in one.
#[derive(Default)]
struct Outcome {
    events: BTreeSet<Event>,
    /// Of the first list that e-BH gave.
    wrong_share: Option<f64>,
    winner: Option<usize>,
    traffic_of_last: f64,
}

impl Outcome {
    fn note(&mut self, event: Event, happened: bool) {
        if happened {
            self.events.insert(event);
        }
    }
}

fn run(random: &mut Generator, versions: [Data; ARMS]) -> Outcome {
    let truth: Vec<f64> = versions[1..].iter().map(|version| version.mean() - versions[0].mean()).collect();
    let sequence = Sequence::new(ALPHA, TIGHTEST_AT).unwrap();
    let shown = Sequence::new(ALPHA / truth.len() as f64, TIGHTEST_AT).unwrap();
    let mut histories = vec![History::new(); truth.len()];
    let mut bandit = Bandit::new(versions);
    let mut outcome = Outcome::default();
    for _ in 0..BATCHES {
        bandit.batch(random);
        if bandit.arms.iter().any(|arm| arm.units() < UNIFORM_UNTIL) {
            continue;
        }
        let pairs = bandit.effects();
        let effects = Bandit::against_control(&pairs);
        let mut p = Vec::new();
        for ((effect, history), truth) in effects.iter().zip(&mut histories).zip(&truth) {
            let interval = shown.interval(effect).unwrap();
            outcome.note(Event::Missed, !interval.contains(*truth));
            history.look(sequence.p_value(effect), interval).unwrap();
            p.push(Some(history.p_value_towards(effect.estimate())));
        }
        // A version named different that is not, or in the wrong direction.
        let is_wrong = |index: usize| truth[index] == 0.0 || truth[index] * effects[index].estimate() < 0.0;
        for (index, adjusted) in adjust(Correction::Holm, &p).unwrap().into_iter().enumerate() {
            if adjusted.is_some_and(|adjusted| adjusted <= ALPHA) {
                outcome.note(if is_wrong(index) { Event::WrongByHolm } else { Event::FoundByHolm }, true);
            }
        }
        let evidence: Vec<f64> = effects.iter().map(|effect| sequence.ln_e(effect)).collect();
        let list = e_benjamini_hochberg(&evidence, ALPHA).unwrap();
        if outcome.wrong_share.is_none() && !list.is_empty() {
            let wrong = list.iter().filter(|index| is_wrong(**index)).count();
            outcome.wrong_share = Some(wrong as f64 / list.len() as f64);
        }
        outcome.winner = outcome.winner.or_else(|| Bandit::winner(&pairs));
        for (index, arm) in bandit.arms.iter().enumerate().skip(1) {
            let raw = absolute(&mean(&bandit.arms[0]).unwrap(), &mean(arm).unwrap()).unwrap();
            let plain = aipw(bandit.draws_against_control(index)).unwrap();
            let missed = !shown.interval(&plain).unwrap().contains(truth[index - 1]);
            outcome.note(Event::MissedWithoutFloor, missed);
            let missed = (raw.estimate() - truth[index - 1]).abs() > 1.96 * raw.standard_error();
            outcome.note(Event::MissedByRawMeans, missed);
        }
    }
    outcome.traffic_of_last = bandit.arms[ARMS - 1].units() as f64 / (BATCHES * PER_BATCH) as f64;
    outcome
}

fn check(name: &str, versions: [Data; ARMS]) {
    let repetitions = repetitions(4);
    let outcomes: Vec<Outcome> =
        (0..repetitions).map(|repetition| run(&mut generator(50, repetition), versions)).collect();
    let share = |happened: &dyn Fn(&Outcome) -> bool| {
        outcomes.iter().filter(|outcome| happened(outcome)).count() as f64 / repetitions as f64
    };
    let rate = |event: Event| share(&|outcome| outcome.events.contains(&event));
    let best = versions.iter().map(|version| version.mean()).fold(f64::MIN, f64::max);
    let all_equal = versions.iter().all(|version| version.mean() >= best);
    let named_wrongly = |outcome: &Outcome| outcome.winner.is_some_and(|arm| all_equal || versions[arm].mean() < best);
    promise(&format!("bandit, {name}: any sequence at α/3 ever missed"), rate(Event::Missed), ALPHA, repetitions);
    promise(&format!("bandit, {name}: Holm ever wrong"), rate(Event::WrongByHolm), ALPHA, repetitions);
    let discovery =
        outcomes.iter().filter_map(|o| o.wrong_share).fold(0.0, |sum, share| sum + share) / repetitions as f64;
    promise(&format!("bandit, {name}: e-BH, false discoveries of the first list"), discovery, ALPHA, repetitions);
    promise(&format!("bandit, {name}: winner named wrongly"), share(&named_wrongly), ALPHA, repetitions);
    report(&format!("bandit, {name}: without the floor, any sequence ever missed"), rate(Event::MissedWithoutFloor));
    report(&format!("bandit, {name}: raw means, any 95% interval ever missed"), rate(Event::MissedByRawMeans));
    report(&format!("bandit, {name}: difference found by Holm"), rate(Event::FoundByHolm));
    report(&format!("bandit, {name}: winner named rightly"), share(&|o| o.winner.is_some() && !named_wrongly(o)));
    let traffic = outcomes.iter().map(|o| o.traffic_of_last).sum::<f64>() / repetitions as f64;
    report(&format!("bandit, {name}: traffic of the last arm"), traffic);
}

#[test]
fn equal_arms_of_a_bandit_are_rarely_told_apart() {
    for data in [Data::Normal, Data::Bernoulli(0.10), Data::Exponential, Data::Lognormal(1.0)] {
        check(&format!("{data:?}, equal arms"), [data; ARMS]);
    }
}

#[test]
fn a_bandit_finds_the_better_arm_and_nothing_else() {
    check("three of 10%, the last of 16%", [0.10, 0.10, 0.10, 0.16].map(Data::Bernoulli));
    check("the control of 16%, three of 10%", [0.16, 0.10, 0.10, 0.10].map(Data::Bernoulli));
}
