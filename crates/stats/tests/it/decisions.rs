//! The decision table row by row, and the guards' sentences.

use stats::anytime::{History, OneSided};
use stats::contrast::{Direction, Effect, Lift, LiftSet};
use stats::decision::{
    Canary, Decision, Guardrail, GuardrailState, Margin, Plan, Primary, Standing, Treatment, Verdict, assess, decide,
};
use stats::estimate::ArmEstimate;
use stats::exact::Epoch;
use stats::guard::novelty::{self, Bucket};
use stats::guard::{Finding, Status, concentration, exposure, missing, sample_ratio, segments};
use stats::{Interval, Undefined};

fn plan() -> Plan {
    Plan { alpha: 0.05, least_days: 7.0, least_units: 100, most_units: 10_000, days: 10.0, forecast: Some((3.2, 8.5)) }
}

fn primary(name: &str, estimate: f64, p: f64) -> Primary {
    let lift = Interval::new(estimate - 0.025, estimate + 0.026).unwrap();
    Primary {
        name: name.to_owned(),
        direction: Direction::HigherIsBetter,
        effect: Effect::new(estimate, 0.01, 2_000),
        p,
        interval: Some(lift),
        lift: Some(Lift { estimate, set: LiftSet::Bounded(lift) }),
        smallest_relevant: None,
    }
}

fn latency(state: GuardrailState) -> Guardrail {
    Guardrail { name: "p95 latency".to_owned(), margin: Margin::Relative(0.05), state: Ok(state) }
}

fn treatment(primaries: Vec<Primary>) -> Treatment {
    Treatment {
        name: "B".to_owned(),
        findings: vec![Finding::new(Status::Ok, 0.0, "Traffic splits as planned.")],
        primaries,
        guardrails: vec![latency(GuardrailState::Passes)],
        canary: None,
        units_per_arm: 1_000,
    }
}

fn one(treatment: Treatment, plan: &Plan) -> Decision {
    decide(&[treatment], plan).unwrap().remove(0)
}

#[test]
fn a_broken_guard_comes_before_everything() {
    let mut own = treatment(vec![primary("quality", 0.031, 1e-6)]);
    own.findings.push(Finding::new(Status::Broken, 20.0, "Traffic did not split as planned."));
    own.guardrails = vec![latency(GuardrailState::SeriouslyHarmed)];
    let decision = one(own, &plan());
    assert_eq!(decision.verdict, Verdict::Broken);
    assert_eq!(decision.sentence, "Don't use these results: Traffic did not split as planned.");
}

#[test]
fn serious_harm_stops_also_before_the_minimum_duration() {
    let mut own = treatment(vec![primary("quality", 0.031, 1e-6)]);
    own.guardrails = vec![latency(GuardrailState::SeriouslyHarmed)];
    let decision = one(own, &Plan { days: 1.0, ..plan() });
    assert_eq!(decision.verdict, Verdict::StopNow);
    assert_eq!(decision.sentence, "B makes p95 latency at least 5% worse.");
}

#[test]
fn a_dead_canary_stops() {
    let mut own = treatment(vec![]);
    own.canary = Some(Canary { ln_e: 3.1, harmful: true });
    let decision = one(own.clone(), &Plan { days: 0.5, ..plan() });
    assert_eq!(
        (decision.verdict, decision.sentence.as_str()),
        (Verdict::StopNow, "B fails more often than the control.")
    );
    own.canary = Some(Canary { ln_e: 3.1, harmful: false });
    assert_eq!(one(own, &plan()).verdict, Verdict::KeepRunning);
}

#[test]
fn nothing_is_decided_too_early() {
    let own = treatment(vec![primary("quality", 0.031, 1e-6)]);
    let decision = one(own.clone(), &Plan { days: 4.0, ..plan() });
    assert_eq!(decision.verdict, Verdict::TooEarly);
    assert_eq!(decision.sentence, "3 more days needed so that every weekday is covered.");
    let few = Treatment { units_per_arm: 60, ..own };
    assert_eq!(one(few, &plan()).sentence, "40 more users per version needed.");
}

#[test]
fn a_worse_primary_is_not_shipped() {
    let decision = one(treatment(vec![primary("quality", -0.04, 1e-6)]), &plan());
    assert_eq!(decision.verdict, Verdict::DoNotShip);
    assert_eq!(decision.sentence, "B lowers quality by 1.4–6.5%.");
    assert_eq!(decision.standings, [Standing::Worse]);
}

#[test]
fn better_and_worse_is_your_call() {
    let primaries = vec![primary("quality", 0.031, 1e-6), primary("speed", -0.04, 1e-6)];
    let decision = one(treatment(primaries), &plan());
    assert_eq!(decision.verdict, Verdict::YourCall);
    assert_eq!(decision.sentence, "B is better on quality and worse on speed. Weigh them.");
}

#[test]
fn a_better_primary_with_passing_guardrails_ships() {
    let decision = one(treatment(vec![primary("quality", 0.031, 0.01)]), &plan());
    assert_eq!(decision.verdict, Verdict::Ship);
    assert!(decision.verdict.is_final());
    let expected =
        "B is better on quality (+3.1%, +0.6% to +5.7%) and nothing you protect got worse by more than you allowed.";
    assert_eq!(decision.sentence, expected);
}

#[test]
fn an_open_guardrail_keeps_it_running() {
    for state in [GuardrailState::Undecided, GuardrailState::Harmed] {
        let mut own = treatment(vec![primary("quality", 0.031, 0.01)]);
        own.guardrails = vec![latency(state)];
        let decision = one(own, &plan());
        assert_eq!(decision.verdict, Verdict::Nearly);
        assert_eq!(
            decision.sentence,
            "B is better on quality; whether p95 latency stays within what you allow is still open. Likely decision in \
             4–9 days."
        );
    }
}

#[test]
fn a_small_interval_means_no_meaningful_difference() {
    let small = Primary { smallest_relevant: Some(0.03), ..primary("quality", 0.001, 0.8) };
    assert_eq!(one(treatment(vec![small.clone()]), &plan()).verdict, Verdict::NoMeaningfulDifference);
    let mut open = treatment(vec![small]);
    open.guardrails = vec![latency(GuardrailState::Undecided)];
    assert_eq!(one(open, &plan()).verdict, Verdict::KeepRunning);
}

#[test]
fn the_planned_sample_ends_it() {
    let own = treatment(vec![primary("quality", 0.01, 0.4)]);
    assert_eq!(one(own.clone(), &Plan { most_units: 1_000, ..plan() }).verdict, Verdict::Inconclusive);
    let running = one(own, &plan());
    assert_eq!((running.verdict, running.sentence.as_str()), (Verdict::KeepRunning, "Likely decision in 4–9 days."));
}

#[test]
fn holm_spans_all_treatments() {
    // 0.02 alone is significant; beside three others it is not.
    let make = |p| treatment(vec![primary("quality", 0.031, p)]);
    assert_eq!(one(make(0.02), &plan()).verdict, Verdict::Ship);
    let all = decide(&[make(0.02), make(0.5), make(0.6), make(0.7)], &plan()).unwrap();
    assert!(all.iter().all(|decision| decision.verdict == Verdict::KeepRunning));
}

#[test]
fn a_primary_without_an_interval_decides_nothing() {
    let mut open = primary("quality", 0.031, 1e-9);
    open.effect = Err(Undefined::TooFewUnits { have: 30, need: 50 });
    assert_eq!(one(treatment(vec![open]), &plan()).verdict, Verdict::KeepRunning);
}

#[test]
fn lower_is_better_turns_the_verdict() {
    let cost = Primary { direction: Direction::LowerIsBetter, ..primary("cost", 0.04, 1e-6) };
    let decision = one(treatment(vec![cost]), &plan());
    assert_eq!((decision.verdict, decision.sentence.as_str()), (Verdict::DoNotShip, "B raises cost by 1.5–6.6%."));
}

#[test]
fn guardrails_follow_the_margin() {
    let sequence = OneSided::new(0.05, 5_000.0).unwrap();
    let arm = |value: f64| ArmEstimate::new(value, 1e-4, 2_500).unwrap();
    let state = |control: f64, treated: f64, margin: Margin, direction| {
        assess(&arm(control), &arm(treated), margin, direction, &sequence).unwrap()
    };
    let five = Margin::Relative(0.05);
    assert_eq!(state(2.0, 2.0, five, Direction::LowerIsBetter), GuardrailState::Passes);
    assert_eq!(state(2.0, 2.3, five, Direction::LowerIsBetter), GuardrailState::SeriouslyHarmed);
    assert_eq!(state(2.0, 2.11, five, Direction::LowerIsBetter), GuardrailState::Harmed);
    assert_eq!(state(2.0, 2.3, five, Direction::HigherIsBetter), GuardrailState::Passes);
    assert_eq!(state(2.0, 1.7, five, Direction::HigherIsBetter), GuardrailState::SeriouslyHarmed);
    assert_eq!(state(-2.0, -2.3, five, Direction::HigherIsBetter), GuardrailState::SeriouslyHarmed);
    assert_eq!(state(-2.0, -2.0, five, Direction::HigherIsBetter), GuardrailState::Passes);
    assert_eq!(state(2.0, 2.03, Margin::Absolute(0.001), Direction::LowerIsBetter), GuardrailState::Undecided);
}

#[test]
fn a_mismatch_is_told_with_its_numbers() {
    let epoch = Epoch { counts: vec![5_200, 4_800], weights: vec![0.5, 0.5] };
    // Looked at later, an alarm stays an alarm.
    let result = sample_ratio::check(&[epoch], Some(8.0), 1).unwrap();
    assert_eq!(result.finding.status, Status::Broken);
    assert!(result.finding.sentence.starts_with("Traffic did not split as planned: expected 50/50, got 52/48."));
    let stray = Epoch { counts: vec![50, 50, 1], weights: vec![0.5, 0.5, 0.0] };
    assert_eq!(sample_ratio::check(std::slice::from_ref(&stray), None, 1).unwrap().finding.status, Status::Broken);
    assert!(sample_ratio::chi_square(&stray.counts, &stray.weights).is_err());
    // An unused arm adds no degree of freedom.
    let p = sample_ratio::chi_square(&[5_100, 4_900, 0], &[0.5, 0.5, 0.0]).unwrap().p;
    assert!((p - 0.0455).abs() < 1e-4);
}

#[test]
fn guards_tell_what_they_see() {
    let limits = exposure::Limits::DEFAULT;
    assert_eq!(exposure::multiple(1, 20, &limits).unwrap().finding.status, Status::Ok);
    assert_eq!(exposure::multiple(60, 1_000, &limits).unwrap().finding.status, Status::Broken);
    assert_eq!(exposure::early_rows(20, 1_000).unwrap().status, Status::Warn);
    let mut rows = vec![1_u64; 99];
    rows.push(1_000);
    let heavy = concentration::check(&rows).unwrap();
    assert_eq!((heavy.status, concentration::outliers(&rows)), (Status::Warn, vec![99]));
    assert_eq!(missing::judges(&["m:1", "m:1"]).unwrap().status, Status::Ok);
    assert_eq!(missing::judges(&["m:1", "m:2"]).unwrap().status, Status::Broken);
}

#[test]
fn simpson_needs_an_uneven_mix_or_a_clear_reversal() {
    let effect = |d: f64| Effect::new(d, 0.01, 1_000).unwrap();
    let even = [vec![500, 500], vec![300, 310]];
    let uneven = [vec![800, 200], vec![200, 800]];
    let status = |a: f64, b: f64, mix: &[Vec<u64>]| segments::simpson(&effect(a), &effect(b), mix).unwrap().status;
    assert_eq!(status(0.05, 0.05, &even), Status::Ok);
    assert_eq!(status(0.001, -0.001, &even), Status::Ok);
    assert_eq!(status(0.05, -0.02, &even), Status::Warn);
    assert_eq!(status(0.05, -0.02, &uneven), Status::Broken);
}

#[test]
fn fading_and_growing_effects_are_told_apart() {
    let series = |effects: [f64; 5]| {
        let days = [0.0, 1.5, 4.5, 10.0, 14.0];
        let buckets: Vec<Bucket> = days
            .into_iter()
            .zip(effects)
            .map(|(day, d)| Bucket { day, effect: Effect::new(d, 0.02, 500).unwrap() })
            .collect();
        novelty::check(&buckets).unwrap()
    };
    assert_eq!(series([0.5, 0.4, 0.3, 0.2, 0.1]).finding.sentence, "The advantage is fading.");
    assert_eq!(series([0.1, 0.2, 0.3, 0.4, 0.5]).finding.sentence, "The effect is still growing.");
    let steady = series([0.3, 0.31, 0.29, 0.3, 0.3]);
    assert_eq!((steady.finding.status, steady.long_run.estimate()), (Status::Ok, 0.3));
}

#[test]
fn looks_that_contradict_each_other_are_found() {
    let mut history = History::new();
    history.look(0.5, Interval::new(0.0, 0.1).unwrap()).unwrap();
    assert_eq!(history.finding().status, Status::Ok);
    history.look(0.01, Interval::new(-0.4, -0.1).unwrap()).unwrap();
    history.look(0.9, Interval::new(-0.4, 0.4).unwrap()).unwrap();
    assert!(history.contradicts_itself() && history.common().is_none());
    assert!((history.p_value() - 0.01).abs() < 1e-15);
    // Evidence for harm is no evidence for good.
    assert!((history.p_value_towards(-0.2) - 0.01).abs() < 1e-15);
    assert!((history.p_value_towards(0.2) - 0.5).abs() < 1e-15);
    assert_eq!(history.finding().status, Status::Broken);
}
