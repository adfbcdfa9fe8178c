//! GrowthBook's own clients decide as we do. The fixture holds what they answered; see its `source`.

use assign::{Definition, Experiment};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    definition: Definition,
    rule: Value,
    attributes: Vec<Map<String, Value>>,
    values: Vec<String>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../fixtures/growthbook.json")).unwrap()
}

#[test]
fn the_emitted_rules_are_those_the_clients_read() {
    for case in fixture().cases {
        let experiment = Experiment::new(case.definition).unwrap();
        assert_eq!(serde_json::to_value(experiment.growthbook_rule().unwrap()).unwrap(), case.rule);
    }
}

#[test]
fn the_clients_give_every_unit_our_arm() {
    let mut compared = 0;
    for case in fixture().cases {
        // Forced units are the server's alone: the clients never hear of them.
        let experiment = Experiment::new(Definition { forced: [].into(), ..case.definition }).unwrap();
        for (attributes, expected) in case.attributes.iter().zip(&case.values) {
            let unit = attributes.get("id").and_then(Value::as_str);
            let found = experiment.assign(unit, attributes).arm().map_or("default", |arm| arm.value.as_str());
            let key = &experiment.definition().key;
            assert_eq!(
                found,
                expected,
                "{key}: {condition:?} {attributes:?}",
                condition = experiment.definition().condition
            );
            compared += 1;
        }
    }
    assert!(compared > 2_000, "{compared}");
}

#[test]
fn no_rule_uses_the_first_hash() {
    for case in fixture().cases {
        let rule = case.rule.as_object().unwrap();
        assert!(!rule.contains_key("namespace"));
        assert_eq!(rule["hashVersion"], 2);
        for filter in rule.get("filters").and_then(Value::as_array).into_iter().flatten() {
            assert_eq!(filter["hashVersion"], 2);
        }
    }
}
