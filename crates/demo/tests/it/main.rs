//! The demo is the same for the same seed, true to its data, and of the size asked for.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use demo::{DAYS, Episode, Plan, Traffic, prompts, trials};
use domain::{score::ScoreValue, time::TimeUs, trace::SpanKind};

/// 2026-11-18, midnight.
const END: TimeUs = TimeUs(1_794_960_000_000_000);

fn plan(spans: u64) -> Plan {
    Plan { seed: 1, spans, end: END }
}

/// Who has an even number gets the first arm of whatever trial runs.
fn by_name(prompt: &str, user: &str, at: TimeUs) -> Option<u32> {
    let trials = trials(END).unwrap();
    let runs = |trial: &&demo::DemoTrial| {
        trial.prompt == prompt && trial.launched <= at && trial.shipped.is_none_or(|shipped| at < shipped.at)
    };
    let trial = trials.iter().find(runs)?;
    let number: usize = user.rsplit('-').next().unwrap().parse().unwrap();
    Some(trial.design.arms[number % 2].version)
}

fn all(plan: Plan) -> Vec<Episode> {
    Traffic::new(plan, Box::new(by_name)).unwrap().map(|episode| episode.unwrap()).collect()
}

#[test]
fn the_same_seed_makes_the_same_traffic_and_another_seed_another() {
    assert_eq!(all(plan(2_000)), all(plan(2_000)));
    assert_ne!(all(plan(2_000)), all(Plan { seed: 2, ..plan(2_000) }));
}

#[test]
fn there_are_about_as_many_spans_as_asked_for() {
    for spans in [1_000, 20_000, 50_000] {
        let made: usize = all(plan(spans)).iter().map(|episode| episode.spans.len()).sum();
        let off = (made as f64 / spans as f64 - 1.0).abs();
        assert!(off < 0.1, "{made} spans for {spans}");
    }
}

#[test]
fn everything_lies_in_the_two_weeks_before_the_end_and_no_id_comes_twice() {
    let from = END.0 - i64::from(DAYS) * 86_400_000_000 - 3_600_000_000;
    let mut ids = BTreeSet::new();
    let mut scores = BTreeSet::new();
    let mut last = 0;
    for episode in all(plan(20_000)) {
        let start = episode.spans.first().unwrap().start_ns;
        // A visit may begin in the hour another one ends, but hours follow one another.
        assert!(start.0 > last - 3_600_000_000_000, "out of order");
        last = start.0;
        for span in &episode.spans {
            assert!(span.start_ns.to_us().0 >= from && span.end_ns < END.to_ns() && span.start_ns <= span.end_ns);
            assert!(ids.insert((span.trace_id, span.span_id)));
        }
        for score in &episode.scores {
            assert!(score.at_us < END);
            assert!(scores.insert(score.id.clone()));
        }
    }
}

#[test]
fn every_version_has_traffic_and_every_link_leads_to_a_version() {
    let known: BTreeMap<_, _> = prompts(END).into_iter().map(|prompt| (prompt.name, prompt.versions.len())).collect();
    assert_eq!(known, BTreeMap::from([("assistant/follow", 8), ("chat/companion", 2), ("math/solve", 4)]));
    let mut used = BTreeSet::new();
    for span in all(plan(20_000)).into_iter().flat_map(|episode| episode.spans) {
        assert_eq!(span.prompt.is_some(), span.kind == SpanKind::Generation);
        used.extend(span.prompt.map(|link| (link.name, link.version)));
    }
    let there: BTreeSet<_> =
        known.into_iter().flat_map(|(name, count)| (1..=count as u32).map(move |n| (name.to_owned(), n))).collect();
    assert_eq!(used, there);
}

#[test]
fn trials_are_whole_designs_on_versions_that_were_there_and_users_keep_their_arms() {
    let prompts = prompts(END);
    let trials = trials(END).unwrap();
    assert_eq!(trials.iter().map(|trial| trial.key).collect::<Vec<_>>(), ["ask-back", "verifier"]);
    let episodes = all(plan(20_000));
    for trial in &trials {
        assert_eq!(trial.design.problems(), []);
        let prompt = prompts.iter().find(|prompt| prompt.name == trial.prompt).unwrap();
        for arm in &trial.design.arms {
            assert!(prompt.versions[arm.version as usize - 1].saved < trial.launched);
        }
        let ended = trial.shipped.map_or(END, |shipped| shipped.at);
        let mut arms = BTreeMap::<String, BTreeSet<u32>>::new();
        for episode in &episodes {
            let (root, link) = (&episode.spans[0], episode.spans.iter().find_map(|span| span.prompt.as_ref()).unwrap());
            let at = root.start_ns.to_us();
            if link.name == trial.prompt && at >= trial.launched && at < ended {
                arms.entry(root.trace.user_id.clone().unwrap()).or_default().insert(link.version);
            }
        }
        assert!(arms.len() > 150, "{} has {} users", trial.key, arms.len());
        assert!(arms.values().all(|versions| versions.len() == 1), "{}: {arms:?}", trial.key);
    }
}

/// 21.7, 39.0, 34.7 and 56.3 percent of all 1,319 are right.
#[test]
fn the_share_of_right_answers_is_that_of_the_data() {
    let mut right = BTreeMap::<u32, (u32, u32)>::new();
    for episode in all(plan(40_000)) {
        let version = episode.spans.iter().find_map(|span| span.prompt.as_ref()).map(|link| link.version).unwrap();
        for score in &episode.scores {
            if let ("correct", ScoreValue::Boolean(yes)) = (score.name.as_str(), &score.value) {
                let (yeses, n) = right.entry(version).or_default();
                *yeses += u32::from(*yes);
                *n += 1;
            }
        }
    }
    for (version, share) in [(1, 0.2168), (2, 0.3904), (3, 0.3472), (4, 0.5625)] {
        let (yeses, n) = right.get(&version).copied().unwrap();
        let found = f64::from(yeses) / f64::from(n);
        // Four standard errors.
        let error = 4.0 * (share * (1.0 - share) / f64::from(n)).sqrt();
        assert!((found - share).abs() < error, "version {version}: {found} of {n}");
    }
}

#[test]
fn token_buckets_and_costs_sum_to_their_totals() {
    for span in all(plan(2_000)).into_iter().flat_map(|episode| episode.spans) {
        let Some(buckets) = span.usage.buckets else { continue };
        assert_eq!(buckets.total(), span.usage.reported.values().sum::<u64>());
        let (input, output) = (span.cost.input.expect("an input cost"), span.cost.output.expect("an output cost"));
        assert_eq!(span.cost.total.map(|total| total.0), Some(input.0 + output.0));
    }
}
