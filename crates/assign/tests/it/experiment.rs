//! Who gets which arm, and why not.

use std::collections::BTreeMap;

use assign::range::growthbook_ranges;
use assign::{
    Allocation, Arm, Attribute, Condition, Definition, Experiment, Filter, Holdout, Outcome, Range, Reason, ServerOnly,
    Stage,
};
use proptest::prelude::*;

pub(crate) fn arms(weights: &[u16]) -> Vec<Arm> {
    (0..).zip(weights).map(|(index, &weight)| arm(index, weight)).collect()
}

fn arm(index: usize, weight: u16) -> Arm {
    Arm { key: format!("arm-{index}"), name: String::new(), value: index.to_string(), weight }
}

pub(crate) fn definition(seed: &str, weights: &[u16], coverage: f64) -> Definition {
    Definition {
        key: "test".to_owned(),
        seed: seed.to_owned(),
        unit: "id".to_owned(),
        arms: arms(weights),
        coverage,
        condition: None,
        holdout: None,
        exclusion: None,
        forced: BTreeMap::new(),
        allocation: Allocation::Fixed,
        sticky: false,
        stage: Stage::default(),
    }
}

fn experiment(seed: &str, weights: &[u16], coverage: f64) -> Experiment {
    Experiment::new(definition(seed, weights, coverage)).unwrap()
}

#[test]
fn names_the_arm_its_bucket_and_its_probability() {
    let experiment = experiment("exp-1-seed", &[2500, 2500, 5000], 1.0);
    let Outcome::Assigned { arm, bucket, propensity } = experiment.assign(Some("user-42"), &()) else {
        panic!("not assigned")
    };
    assert_eq!((arm.key.as_str(), bucket.number()), ("arm-2", 5781));
    assert!((propensity - 0.5).abs() < 1e-15);
}

#[test]
fn without_a_unit_nobody_is_assigned() {
    let experiment = experiment("s", &[5000, 5000], 1.0);
    assert_eq!(experiment.assign(None, &()), Outcome::MissingUnit);
    assert_eq!(experiment.assign(Some(""), &()), Outcome::MissingUnit);
}

#[test]
fn each_obstacle_has_its_reason() {
    let base = definition("s", &[5000, 5000], 1.0);
    let condition: Condition = serde_json::from_str(r#"{"eq": {"attribute": "plan", "value": "pro"}}"#).unwrap();
    let reason = |definition: Definition| Experiment::new(definition).unwrap().assign(Some("u"), &()).reason();
    let targeted = Definition { condition: Some(condition), ..base.clone() };
    assert_eq!(reason(targeted.clone()), Reason::NotTargeted);
    let nobody = Definition { coverage: 0.0, ..base.clone() };
    assert_eq!(reason(nobody), Reason::OutsideCoverage);
    let elsewhere = assign::hash::bucket("g", "u").number() + 1;
    let filter = Filter { seed: "g".to_owned(), ranges: vec![Range { start: elsewhere, end: elsewhere + 1 }] };
    let excluded = Definition { exclusion: Some(filter), ..targeted };
    assert_eq!(reason(excluded.clone()), Reason::Excluded);
    let held = Definition { holdout: Some(Holdout { seed: "h".to_owned(), share: 0.9999 }), ..excluded };
    assert_eq!(reason(held.clone()), Reason::HeldOut);
    let forced = Definition { forced: [("u".to_owned(), "arm-1".to_owned())].into(), ..held };
    assert_eq!(reason(forced), Reason::Forced);
    assert_eq!(reason(base), Reason::Assigned);
}

#[test]
fn the_holdout_holds_out_its_share_and_lets_the_rest_through() {
    let with = |share| {
        let holdout = Holdout { seed: "holdout".to_owned(), share };
        Experiment::new(Definition { holdout: Some(holdout), ..definition("s", &[5000, 5000], 1.0) }).unwrap()
    };
    let experiment = with(0.05);
    let units = (0..20_000).map(|number| format!("user-{number}"));
    let held = units.filter(|unit| experiment.assign(Some(unit), &()).reason() == Reason::HeldOut).count();
    // 20,000 draws at 5%: s.d. 31.
    assert!((900..1100).contains(&held), "{held}");
}

#[test]
fn experiments_of_one_group_never_share_a_unit() {
    let filter = |start, end| Some(Filter { seed: "group".to_owned(), ranges: vec![Range { start, end }] });
    let base = definition("s", &[5000, 5000], 1.0);
    let first = Experiment::new(Definition { exclusion: filter(0, 4000), ..base.clone() }).unwrap();
    let second = Experiment::new(Definition { exclusion: filter(4000, 10_000), seed: "t".to_owned(), ..base }).unwrap();
    for number in 0..2_000 {
        let unit = number.to_string();
        let both = [&first, &second].map(|experiment| experiment.assign(Some(&unit), &()).arm().is_some());
        assert_eq!(both.iter().filter(|&&assigned| assigned).count(), 1);
    }
}

#[test]
fn forced_units_are_never_published() {
    let forced = [("internal-user".to_owned(), "arm-0".to_owned())].into();
    let experiment = Experiment::new(Definition { forced, ..definition("s", &[5000, 5000], 1.0) }).unwrap();
    let rule = serde_json::to_string(&experiment.growthbook_rule().unwrap()).unwrap();
    assert!(!rule.contains("internal-user"));
}

#[test]
fn what_only_the_server_knows_has_no_rule() {
    let base = definition("s", &[5000, 5000], 1.0);
    let adaptive = Experiment::new(Definition { allocation: Allocation::Adaptive, ..base.clone() }).unwrap();
    let sticky = Experiment::new(Definition { sticky: true, ..base }).unwrap();
    assert_eq!(adaptive.growthbook_rule(), Err(ServerOnly::Adaptive));
    assert_eq!(sticky.growthbook_rule(), Err(ServerOnly::Sticky));
}

#[test]
fn an_arm_is_kept_unless_something_else_than_its_place_keeps_the_unit_out() {
    let base = definition("s", &[5000, 5000], 0.001);
    let outside = Experiment::new(base.clone()).unwrap();
    let unit = (0..100)
        .map(|number: u32| number.to_string())
        .find(|unit| outside.assign(Some(unit), &()).arm().is_none())
        .unwrap();
    assert_eq!(outside.keeps(&unit, &(), "arm-1").map(|arm| arm.key.as_str()), Some("arm-1"));
    assert_eq!(outside.keeps(&unit, &(), "gone"), None);
    let nobody = Experiment::new(Definition { coverage: 0.0, ..base.clone() }).unwrap();
    assert_eq!(nobody.keeps(&unit, &(), "arm-1"), None);
    let forced = [(unit.clone(), "arm-0".to_owned())].into();
    let forced = Experiment::new(Definition { forced, ..base.clone() }).unwrap();
    assert_eq!(forced.keeps(&unit, &(), "arm-1"), None);
    let condition = serde_json::from_str(r#"{"eq": {"attribute": "plan", "value": "pro"}}"#).unwrap();
    let targeted = Experiment::new(Definition { condition: Some(condition), ..base }).unwrap();
    assert_eq!(targeted.keeps(&unit, &(), "arm-1"), None);
}

#[test]
fn shares_are_those_of_the_buckets_in_use() {
    let experiment = experiment("s", &[3333, 3333, 3334], 0.01);
    assert_eq!(experiment.ranges().iter().map(|range| range.width()).collect::<Vec<_>>(), [34, 34, 34]);
    assert_eq!(experiment.shares(), [1.0 / 3.0; 3]);
    assert_eq!(self::experiment("s", &[5000, 5000], 0.0).shares(), [0.0, 0.0]);
}

#[test]
fn a_definition_survives_json_and_rejects_unknown_fields() {
    let condition: Condition = serde_json::from_str(r#"{"in": {"attribute": "a", "values": [1, 2]}}"#).unwrap();
    let whole = Definition {
        condition: Some(condition),
        holdout: Some(Holdout { seed: "h".to_owned(), share: 0.05 }),
        exclusion: Some(Filter { seed: "g".to_owned(), ranges: vec![Range { start: 0, end: 10 }] }),
        forced: [("u".to_owned(), "arm-0".to_owned())].into(),
        ..definition("s", &[5000, 5000], 0.25)
    };
    let json = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<Definition>(&json).unwrap(), whole);
    for unknown in [
        json.replacen("\"key\"", "\"kei\":1,\"key\"", 1),
        json.replacen("\"share\"", "\"shares\"", 1),
        json.replacen("\"start\"", "\"begin\"", 1),
        json.replacen("\"attribute\"", "\"op\":1,\"attribute\"", 1),
    ] {
        assert!(serde_json::from_str::<Definition>(&unknown).is_err(), "{unknown}");
    }
}

/// Weights of 2 to 6 arms, summing to 10,000.
fn weights() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(0..10_000_u16, 1..6).prop_map(|mut cuts| {
        cuts.sort_unstable();
        let mut previous = 0;
        let mut weights: Vec<u16> = Vec::new();
        for cut in cuts.into_iter().chain([10_000]) {
            weights.push(cut - previous);
            previous = cut;
        }
        weights
    })
}

proptest! {
    #[test]
    fn raising_coverage_moves_nobody(
        seed in "[a-z0-9]{1,12}", units in prop::collection::vec("[ -~é😀]{1,24}", 1..60),
        weights in weights(), low in 0..=10_000_u16, high in 0..=10_000_u16,
    ) {
        let share = |steps: u16| f64::from(steps) / 10_000.0;
        let before = experiment(&seed, &weights, share(low.min(high)));
        let after = experiment(&seed, &weights, share(low.max(high)));
        for unit in &units {
            if let Some(arm) = before.assign(Some(unit), &()).arm() {
                prop_assert_eq!(after.assign(Some(unit), &()).arm(), Some(arm));
            }
        }
    }

    /// The integers decide as the definition with real numbers does, whatever its rounding.
    #[test]
    fn integer_ranges_equal_the_definition(weights in weights(), coverage in 0..=10_000_u16) {
        let experiment = experiment("s", &weights, f64::from(coverage) / 10_000.0);
        let mut start = 0_u64;
        for (range, &weight) in experiment.ranges().iter().zip(&weights) {
            for bucket in [range.start, range.end.saturating_sub(1), range.end, range.end + 1] {
                let inside = u64::from(bucket) >= start
                    && u64::from(bucket) * 10_000 < start * 10_000 + u64::from(coverage) * u64::from(weight);
                let ours = (range.start..range.end).contains(&bucket);
                prop_assert_eq!(ours, inside);
            }
            start += u64::from(weight);
        }
        let fractions: Vec<f64> = weights.iter().map(|&weight| f64::from(weight) / 10_000.0).collect();
        let theirs = growthbook_ranges(&fractions, f64::from(coverage) / 10_000.0);
        for (ours, theirs) in experiment.ranges().iter().zip(theirs) {
            prop_assert!((ours.fractions()[0] - theirs[0]).abs() < 1e-9);
            prop_assert!((-1e-9..1e-4).contains(&(ours.fractions()[1] - theirs[1])));
        }
    }

    #[test]
    fn shares_sum_to_one_and_agree_with_the_answer(weights in weights(), coverage in 1..=10_000_u16, unit in ".{1,20}") {
        let experiment = experiment("s", &weights, f64::from(coverage) / 10_000.0);
        prop_assert!((experiment.shares().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        if let Outcome::Assigned { arm, propensity, .. } = experiment.assign(Some(&unit), &()) {
            let index: usize = arm.value.parse().unwrap();
            prop_assert_eq!(experiment.shares()[index].to_bits(), propensity.to_bits());
            prop_assert!(propensity > 0.0);
        }
    }

    #[test]
    fn attributes_never_change_the_arm_only_the_eligibility(unit in ".{1,20}", plan in ".{0,9}") {
        let condition = serde_json::from_str(r#"{"exists": {"attribute": "plan", "exists": true}}"#).unwrap();
        let all = experiment("s", &[5000, 5000], 1.0);
        let some = Experiment::new(Definition { condition: Some(condition), ..definition("s", &[5000, 5000], 1.0) }).unwrap();
        let attributes = [("plan", Attribute::Text(plan.as_str()))];
        prop_assert_eq!(some.assign(Some(&unit), &attributes).arm(), all.assign(Some(&unit), &()).arm());
    }
}
