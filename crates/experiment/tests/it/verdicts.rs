//! The verdict of each state, and that it is the plan's however one looks.

use domain::experiment::{Correction, Method};
use experiment::{CheckStatus, Choices, Sheet, Verdict};

use crate::sheets::{block, check, goal, guardrail, sheet, usual};

fn verdict(sheet: &Sheet) -> (Verdict, String) {
    let table = sheet.table(&Choices::of(&sheet.plan)).unwrap();
    let first = table.verdicts.into_iter().next().unwrap();
    (first.verdict, first.sentence)
}

#[test]
fn a_goal_that_is_better_ships_when_every_guardrail_passes() {
    let (found, sentence) = verdict(&usual(1_500, 0.05, 0.0));
    assert_eq!(found, Verdict::Ship);
    assert!(sentence.starts_with("one is better on score-thumbs-ratio (+"), "{sentence}");
    assert!(sentence.ends_with("nothing you protect got worse by more than you allowed."), "{sentence}");
}

#[test]
fn a_goal_that_is_worse_does_not_ship() {
    let (found, sentence) = verdict(&usual(1_500, -0.05, 0.0));
    assert_eq!(found, Verdict::DoNotShip);
    assert!(sentence.starts_with("one lowers score-thumbs-ratio by "), "{sentence}");
}

#[test]
fn an_open_guardrail_keeps_a_better_goal_running() {
    let mut sheet = usual(1_500, 0.05, 0.0);
    let (guard, units) = (guardrail(), 1_500);
    // Spread so wide that 10% cannot be told.
    sheet.blocks[1] = vec![block(&guard, 3, units, 4e6, 8e6), block(&guard, 4, units, 4e6, 8e6)];
    assert_eq!(verdict(&sheet).0, Verdict::Nearly);
}

#[test]
fn serious_harm_stops_before_the_least_duration() {
    let mut sheet = usual(1_500, 0.05, 0.5);
    sheet.days = 0.5;
    let (found, sentence) = verdict(&sheet);
    assert_eq!(found, Verdict::StopNow);
    assert!(sentence.contains("cost-mean at least 10% worse"), "{sentence}");
}

#[test]
fn a_broken_check_comes_before_everything() {
    let mut sheet = usual(1_500, 0.05, 0.5);
    sheet.checks = vec![check(CheckStatus::Warn), check(CheckStatus::Broken)];
    let (found, sentence) = verdict(&sheet);
    assert_eq!(found, Verdict::Broken);
    assert_eq!(sentence, "Don't use these results: Traffic did not split as planned.");
}

#[test]
fn nothing_is_said_too_early() {
    let mut sheet = usual(1_500, 0.05, 0.0);
    sheet.days = 4.2;
    assert_eq!(verdict(&sheet), (Verdict::TooEarly, "3 more days needed so that every weekday is covered.".to_owned()));
    sheet.days = 8.0;
    sheet.plan.rule.minimum_units = 2_000;
    assert_eq!(verdict(&sheet), (Verdict::TooEarly, "500 more users per version needed.".to_owned()));
}

#[test]
fn what_is_smaller_than_what_matters_is_no_meaningful_difference() {
    assert_eq!(verdict(&usual(6_000, 0.0, 0.0)).0, Verdict::NoMeaningfulDifference);
}

#[test]
fn a_used_up_sample_without_an_answer_is_inconclusive() {
    let mut sheet = usual(300, 0.0, 0.0);
    assert_eq!(verdict(&sheet).0, Verdict::KeepRunning);
    sheet.plan.rule.maximum_units = Some(300);
    assert_eq!(verdict(&sheet).0, Verdict::Inconclusive);
}

#[test]
fn two_goals_that_disagree_are_a_matter_of_taste() {
    let (one, mut other) = (goal(), goal());
    other.metric.key = "other".parse().unwrap();
    let units = 2_000;
    let blocks = vec![
        vec![block(&one, 1, units, 0.6, 0.2), block(&one, 2, units, 0.66, 0.2)],
        vec![block(&other, 3, units, 0.6, 0.2), block(&other, 4, units, 0.54, 0.2)],
    ];
    let (found, sentence) = verdict(&sheet(vec![one, other], blocks));
    assert_eq!(found, Verdict::YourCall);
    assert_eq!(sentence, "one is better on score-thumbs-ratio and worse on other. Weigh them.");
}

#[test]
fn a_forecast_is_told_while_it_runs() {
    let mut sheet = usual(300, 0.0, 0.0);
    sheet.forecast = Some((3.2, 8.0));
    assert_eq!(verdict(&sheet), (Verdict::KeepRunning, "Likely decision in 4–8 days.".to_owned()));
}

#[test]
fn what_an_earlier_look_told_stays_told_on_its_own_side() {
    let mut sheet = usual(300, 0.004, 0.0);
    sheet.plan.rule.minimum_units = 100;
    let is_up = sheet.rows(&Choices::of(&sheet.plan)).unwrap()[0].comparisons[0].difference.unwrap() > 0.0;
    assert_eq!(verdict(&sheet).0, Verdict::KeepRunning);
    let (same, other) = if is_up { ([0.001, 1.0], [1.0, 0.001]) } else { ([1.0, 0.001], [0.001, 1.0]) };
    sheet.past = vec![vec![other], Vec::new()];
    assert_eq!(verdict(&sheet).0, Verdict::KeepRunning);
    sheet.past = vec![vec![same], Vec::new()];
    assert_ne!(verdict(&sheet).0, Verdict::KeepRunning);
    let rows = sheet.rows(&Choices::of(&sheet.plan)).unwrap();
    assert_eq!(rows[0].comparisons[0].p, Some(0.001));
    // Another level is another sequence: its looks are not these.
    let other = Choices { alpha: 0.01, ..Choices::of(&sheet.plan) };
    assert!(sheet.rows(&other).unwrap()[0].comparisons[0].p.unwrap() > 0.001);
}

#[test]
fn looking_otherwise_changes_no_verdict() {
    let sheet = usual(1_500, 0.05, 0.0);
    let planned = sheet.table(&Choices::of(&sheet.plan)).unwrap().verdicts;
    for method in [Method::Anytime, Method::FixedHorizon, Method::Bayesian] {
        for correction in [Correction::Holm, Correction::Bonferroni, Correction::None] {
            for alpha in [0.001, 0.05, 0.2] {
                let choices = Choices { method, correction, alpha, capped: true };
                assert_eq!(sheet.table(&choices).unwrap().verdicts, planned);
            }
        }
    }
}

#[test]
fn an_error_level_that_is_none_is_refused() {
    let sheet = usual(100, 0.0, 0.0);
    for alpha in [0.0, 0.5, 1.0, -1.0, f64::NAN] {
        let choices = Choices { alpha, ..Choices::of(&sheet.plan) };
        assert!(sheet.table(&choices).is_err(), "{alpha}");
    }
}
