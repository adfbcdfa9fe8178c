//! Every mistake is named with its field.

use assign::{Condition, Definition, ExclusionGroup, Experiment, Filter, Holdout, Range};
use proptest::prelude::*;
use serde_json::json;

use crate::experiment::{arms, definition};

fn base() -> Definition {
    definition("s", &[5000, 5000], 1.0)
}

fn fields(definition: Definition) -> Vec<String> {
    match Experiment::new(definition) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.fields().iter().map(|problem| problem.field.clone()).collect(),
    }
}

fn with_condition(condition: serde_json::Value) -> Definition {
    Definition { condition: Some(serde_json::from_value(condition).unwrap()), ..base() }
}

#[test]
fn weights_must_sum_to_ten_thousand() {
    let problems = Experiment::new(Definition { arms: arms(&[5000, 4000]), ..base() }).unwrap_err();
    assert_eq!(problems.to_string(), "arms: the weights sum to `9000`; they must sum to 10000");
}

#[test]
fn an_experiment_has_two_arms_with_different_keys() {
    assert_eq!(fields(Definition { arms: arms(&[10_000]), ..base() }), ["arms"]);
    assert_eq!(fields(Definition { arms: Vec::new(), ..base() }), ["arms", "arms"]);
    let mut twice = base();
    twice.arms[1].key = "arm-0".to_owned();
    assert_eq!(fields(twice), ["arms[1].key"]);
    let mut unprintable = base();
    unprintable.arms[0].key = "a b".to_owned();
    assert_eq!(fields(unprintable), ["arms[0].key"]);
}

#[test]
fn coverage_is_a_share_in_ten_thousandths() {
    for wrong in [-0.0001, 1.0001, 0.00005, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        assert_eq!(fields(Definition { coverage: wrong, ..base() }), ["coverage"], "{wrong}");
    }
    for right in [0.0, 0.0001, 0.1 + 0.2, 0.3333, 1.0] {
        assert_eq!(fields(Definition { coverage: right, ..base() }), [""; 0], "{right}");
    }
}

#[test]
fn exclusion_ranges_are_disjoint() {
    let with = |ranges: &[(u16, u16)]| {
        let ranges = ranges.iter().map(|&(start, end)| Range { start, end }).collect();
        Definition { exclusion: Some(Filter { seed: "g".to_owned(), ranges }), ..base() }
    };
    assert_eq!(fields(with(&[(0, 100), (99, 200)])), ["exclusion.ranges[1]"]);
    assert_eq!(fields(with(&[(5, 5)])), ["exclusion.ranges[0]"]);
    assert_eq!(fields(with(&[(6, 5)])), ["exclusion.ranges[0]"]);
    assert_eq!(fields(with(&[(0, 10_001)])), ["exclusion.ranges[0]"]);
    assert_eq!(fields(with(&[])), ["exclusion.ranges"]);
    assert_eq!(fields(with(&[(0, 100), (100, 10_000)])), [""; 0]);
}

#[test]
fn a_group_names_the_experiments_that_overlap() {
    let own = |name: &str, start, end| (name.to_owned(), vec![Range { start, end }]);
    let problems = ExclusionGroup::new("g", [own("a", 0, 5000), own("b", 4999, 6000)]).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "owners[b]: `4999..6000` overlaps `0..5000` of `a`; experiments of a group own disjoint ranges"
    );
    let group = ExclusionGroup::new("g", [own("a", 1000, 5000), own("b", 6000, 10_000)]).unwrap();
    assert_eq!(group.free(), [Range { start: 0, end: 1000 }, Range { start: 5000, end: 6000 }]);
    assert_eq!(group.filter("b").unwrap().ranges, [Range { start: 6000, end: 10_000 }]);
    assert!(group.filter("c").is_none());
    let json = serde_json::to_string(&group).unwrap();
    assert_eq!(serde_json::from_str::<ExclusionGroup>(&json).unwrap(), group);
    assert!(serde_json::from_str::<ExclusionGroup>(&json.replace("6000", "4000")).is_err());
}

#[test]
fn a_range_that_spans_several_others_is_found() {
    let own = |name: &str, start, end| (name.to_owned(), vec![Range { start, end }]);
    assert!(ExclusionGroup::new("g", [own("a", 0, 9000), own("b", 100, 200), own("c", 300, 400)]).is_err());
}

#[test]
fn a_holdout_is_neither_nobody_nor_everybody() {
    for share in [0.0, 1.0, -0.1, f64::NAN, 0.00001] {
        let holdout = Some(Holdout { seed: "h".to_owned(), share });
        assert_eq!(fields(Definition { holdout, ..base() }), ["holdout.share"], "{share}");
    }
}

#[test]
fn forced_arms_exist() {
    let forced = [("u".to_owned(), "arm-7".to_owned())].into();
    assert_eq!(fields(Definition { forced, ..base() }), ["forced[u]"]);
}

#[test]
fn attribute_names_mean_the_same_to_every_client() {
    for wrong in ["", "$eq", "a..b", "__proto__", "constructor", "a.toString", "tags.length", "tags.0", "a b", "é"] {
        let found = fields(with_condition(json!({"exists": {"attribute": wrong, "exists": true}})));
        assert_eq!(found, ["condition"], "{wrong}");
    }
    for right in ["plan", "user.plan", "_a", "user-id", "a1"] {
        assert_eq!(fields(with_condition(json!({"exists": {"attribute": right, "exists": true}}))), [""; 0], "{right}");
    }
    assert_eq!(fields(Definition { unit: "user.id".to_owned(), ..base() }), ["unit"]);
}

#[test]
fn conditions_say_where_they_are_wrong() {
    let wrong = json!({"and": [
        {"or": []},
        {"not": {"contains": {"attribute": "a", "text": ""}}},
        {"in": {"attribute": "a", "values": []}},
        {"gt": {"attribute": "a", "value": 1e300}},
    ]});
    assert_eq!(
        fields(with_condition(wrong)),
        [
            "condition.and[0].or",
            "condition.and[1].not.contains.text",
            "condition.and[2].in.values",
            "condition.and[3].gt.value"
        ]
    );
}

#[test]
fn nesting_is_bounded() {
    let mut deep: Condition = serde_json::from_value(json!({"exists": {"attribute": "a", "exists": true}})).unwrap();
    for _ in 0..40 {
        deep = Condition::Not(Box::new(deep));
    }
    assert_eq!(fields(Definition { condition: Some(deep), ..base() }).len(), 1);
}

#[test]
fn messages_quote_only_the_start_of_a_long_value() {
    let mut long = base();
    long.arms[0].key = "é".repeat(100_000);
    assert!(Experiment::new(long).unwrap_err().to_string().len() < 400);
}

proptest! {
    #[test]
    fn any_definition_is_accepted_or_refused_without_panic(
        weights in prop::collection::vec(any::<u16>(), 0..30), coverage in any::<f64>(), share in any::<f64>(),
        ranges in prop::collection::vec((any::<u16>(), any::<u16>()), 0..5), unit in ".{0,9}", key in ".{0,9}",
    ) {
        let ranges: Vec<Range> = ranges.into_iter().map(|(start, end)| Range { start, end }).collect();
        let hostile = Definition {
            key,
            holdout: Some(Holdout { seed: "h".to_owned(), share }),
            exclusion: Some(Filter { seed: "g".to_owned(), ranges: ranges.clone() }),
            ..definition("s", &weights, coverage)
        };
        if let Ok(experiment) = Experiment::new(hostile) {
            let _ = experiment.assign(Some(&unit), &());
            let _ = experiment.growthbook_rule();
        }
        if let Ok(group) = ExclusionGroup::new("g", [("a".to_owned(), ranges)]) {
            let _ = group.free();
        }
    }
}
