//! The decision table end to end (A.12), with several treatments, primaries and guardrails, looked at daily.

use super::{generator, promise, repetitions, report};
use stats::anytime::{Floor, History, OneSided, Sequence};
use stats::contrast::{Direction, absolute};
use stats::decision::{Canary, Guardrail, Margin, Plan, Primary, Treatment, Verdict, assess, decide};
use stats::estimate::{MetricKind, mean};
use stats::exact::{CONCENTRATIONS, Epoch, SuccessLabels};
use stats::guard::sample_ratio;
use stats::moments::Moments;
use stats::random::Generator;

const ALPHA: f64 = 0.05;
const DAYS: u32 = 28;
const PER_DAY: u32 = 240;

/// What a version does: score of each primary, latency factor, error rate.
#[derive(Clone, Copy)]
struct Version {
    quality: f64,
    thumbs: f64,
    latency: f64,
    errors: f64,
}

const CONTROL: Version = Version { quality: 0.0, thumbs: 0.10, latency: 1.0, errors: 0.02 };

#[derive(Clone)]
struct Arm {
    quality: Moments,
    thumbs: Moments,
    latency: Moments,
    failures: u64,
}

impl Arm {
    fn new() -> Self {
        Self { quality: Moments::new(), thumbs: Moments::new(), latency: Moments::new(), failures: 0 }
    }

    fn add(&mut self, version: &Version, random: &mut Generator) {
        // One user: a score with noise, a thumbs-up, a lognormal latency, perhaps a failure.
        self.quality.insert(3.5 + version.quality + random.normal(), 1.0).unwrap();
        self.thumbs.insert(f64::from(u8::from(random.uniform() < version.thumbs)), 1.0).unwrap();
        self.latency.insert(version.latency * (0.6 * random.normal()).exp(), 1.0).unwrap();
        self.failures += u64::from(random.uniform() < version.errors);
    }
}

/// Runs an experiment to its end, and returns for each treatment the first final verdict and the last one.
fn run(random: &mut Generator, versions: &[Version]) -> Vec<(Option<Verdict>, Verdict)> {
    let hypotheses = (2 * (versions.len() - 1)) as f64;
    let tightest_at = 5_000.0;
    let sequence = Sequence::new(ALPHA, tightest_at).unwrap();
    let shown = Sequence::new(ALPHA / hypotheses, tightest_at).unwrap();
    let guard = OneSided::new(ALPHA, tightest_at).unwrap();
    let mut arms = vec![Arm::new(); versions.len()];
    let mut histories = vec![[History::new(), History::new()]; versions.len()];
    let mut outcome = vec![(None, Verdict::KeepRunning); versions.len() - 1];
    let mut largest = None;
    for day in 1..=DAYS {
        for _ in 0..PER_DAY {
            let arm = usize::try_from(random.below(versions.len() as u64)).unwrap();
            arms[arm].add(&versions[arm], random);
        }
        let counts: Vec<u64> = arms.iter().map(|arm| arm.quality.units()).collect();
        let ratio = sample_ratio::check(&[Epoch { counts, weights: vec![1.0; arms.len()] }], largest, 1).unwrap();
        largest = Some(ratio.largest);
        let control = &arms[0];
        let mut treatments = Vec::new();
        for (index, arm) in arms.iter().enumerate().skip(1) {
            let primary = |name: &str, kind, a: &Moments, b: &Moments, history: &mut History| {
                let effect = Floor::collecting(kind, a, b).and_then(|()| {
                    let floor = Floor::new(kind, a, b)?;
                    Ok((absolute(&floor.control.estimate, &floor.treatment.estimate)?, floor))
                });
                let (effect, interval, lift) = match effect {
                    Ok((effect, floor)) => {
                        let interval = shown.interval(&effect).unwrap();
                        history.look(sequence.p_value(&effect), interval).unwrap();
                        let lift = shown.lift(&floor.control.estimate, &floor.treatment.estimate).ok();
                        (Ok(effect), Some(interval), lift)
                    }
                    Err(reason) => (Err(reason), None, None),
                };
                Primary {
                    name: name.to_owned(),
                    direction: Direction::HigherIsBetter,
                    effect,
                    p: effect.map_or(1.0, |effect| history.p_value_towards(effect.estimate())),
                    interval,
                    lift,
                    smallest_relevant: None,
                }
            };
            let [first, second] = &mut histories[index];
            let primaries = vec![
                primary("quality", MetricKind::UnitMean, &control.quality, &arm.quality, first),
                primary("thumbs-up", MetricKind::BinaryPerUnit, &control.thumbs, &arm.thumbs, second),
            ];
            let margin = Margin::Relative(0.05);
            let state = mean(&control.latency)
                .and_then(|a| assess(&a, &mean(&arm.latency)?, margin, Direction::LowerIsBetter, &guard));
            let units = (control.quality.units() + arm.quality.units()) as f64;
            let share = arm.quality.units() as f64 / units;
            let labels = SuccessLabels::new(control.failures, arm.failures, 0.5).unwrap();
            treatments.push(Treatment {
                name: format!("version {index}"),
                findings: vec![ratio.finding.clone()],
                primaries,
                guardrails: vec![Guardrail { name: "latency".to_owned(), margin, state }],
                canary: Some(Canary {
                    ln_e: labels.ln_e(&CONCENTRATIONS).unwrap(),
                    harmful: arm.failures as f64 * (1.0 - share) > control.failures as f64 * share,
                }),
                units_per_arm: control.quality.units().min(arm.quality.units()),
            });
        }
        let plan = Plan {
            alpha: ALPHA,
            least_days: 7.0,
            least_units: 100,
            most_units: u64::from(DAYS * PER_DAY) / versions.len() as u64,
            days: f64::from(day),
            forecast: None,
        };
        for (slot, decision) in outcome.iter_mut().zip(decide(&treatments, &plan).unwrap()) {
            assert!(!decision.sentence.is_empty());
            slot.1 = decision.verdict;
            if slot.0.is_none() && decision.verdict.is_final() {
                slot.0 = Some(decision.verdict);
            }
        }
    }
    outcome
}

/// Share of experiments in which any treatment's first final verdict is `wanted`.
fn share(seed: u64, repetitions: u64, versions: &[Version], wanted: impl Fn(Verdict) -> bool) -> f64 {
    let hits = (0..repetitions)
        .filter(|repetition| {
            let outcome = run(&mut generator(seed, *repetition), versions);
            outcome.iter().any(|(first, _)| first.is_some_and(&wanted))
        })
        .count();
    hits as f64 / repetitions as f64
}

fn names_a_difference(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Ship | Verdict::DoNotShip)
}

#[test]
fn no_difference_is_rarely_decided() {
    let repetitions = repetitions(20);
    for arms in [2_usize, 4] {
        let versions = vec![CONTROL; arms];
        let wrong = share(30, repetitions, &versions, names_a_difference);
        promise(&format!("decision table, {arms} equal arms: ship or don't ship"), wrong, ALPHA, repetitions);
        let stopped = share(31, repetitions, &versions, |verdict| verdict == Verdict::StopNow);
        // The canary runs per treatment at α, seriously harmed guardrails at α each: at most 2α a treatment.
        let allowed = 2.0 * ALPHA * (arms - 1) as f64;
        promise(&format!("decision table, {arms} equal arms: stop now"), stopped, allowed, repetitions);
    }
}

#[test]
fn harm_beyond_the_margin_is_rarely_shipped() {
    let repetitions = repetitions(20);
    let slow = Version { quality: 0.25, latency: 1.05, ..CONTROL };
    let shipped = share(32, repetitions, &[CONTROL, slow], |verdict| verdict == Verdict::Ship);
    promise("decision table, better but 5% slower: ship", shipped, ALPHA, repetitions);
    let failing = Version { errors: 0.08, ..CONTROL };
    let stopped = share(33, repetitions, &[CONTROL, failing], |verdict| verdict == Verdict::StopNow);
    report("decision table, errors 2% to 8%: stop now", stopped);
    assert!(stopped > 0.9, "a fourfold error rate must be stopped");
}

#[test]
fn a_clear_improvement_is_shipped() {
    let repetitions = repetitions(20);
    let better = Version { quality: 0.15, latency: 0.97, ..CONTROL };
    let shipped = share(34, repetitions, &[CONTROL, better], |verdict| verdict == Verdict::Ship);
    report("decision table, quality +0.15 sd, 3% faster: ship", shipped);
    assert!(shipped > 0.5);
    let worse = Version { quality: -0.15, ..CONTROL };
    let refused = share(35, repetitions, &[CONTROL, worse], |verdict| verdict == Verdict::DoNotShip);
    report("decision table, quality -0.15 sd: don't ship", refused);
    assert!(refused > 0.5);
}
