//! Conditions on known, unknown and hostile attributes.

use std::collections::BTreeMap;

use assign::attribute::Scalar;
use assign::{Attribute, Attributes, Condition};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn condition(json: Value) -> Condition {
    serde_json::from_value(json).unwrap()
}

fn object(json: Value) -> Map<String, Value> {
    json.as_object().unwrap().clone()
}

#[test]
fn types_are_never_converted() {
    let five = condition(json!({"eq": {"attribute": "a", "value": 5}}));
    for (value, expected) in
        [(json!(5), true), (json!(5.0), true), (json!("5"), false), (json!([5]), false), (json!(true), false)]
    {
        assert_eq!(five.matches(&object(json!({ "a": value }))), expected, "{value}");
    }
}

#[test]
fn missing_and_null_satisfy_negations_only() {
    for attributes in [json!({}), json!({"a": null})].map(object) {
        for (test, expected) in [
            (json!({"eq": {"attribute": "a", "value": ""}}), false),
            (json!({"ne": {"attribute": "a", "value": ""}}), true),
            (json!({"in": {"attribute": "a", "values": ["null"]}}), false),
            (json!({"not_in": {"attribute": "a", "values": ["null"]}}), true),
            (json!({"lt": {"attribute": "a", "value": 5}}), false),
            (json!({"ge": {"attribute": "a", "value": -5}}), false),
            (json!({"contains": {"attribute": "a", "text": "u"}}), false),
            (json!({"exists": {"attribute": "a", "exists": true}}), false),
            (json!({"exists": {"attribute": "a", "exists": false}}), true),
        ] {
            assert_eq!(condition(test.clone()).matches(&attributes), expected, "{test}");
        }
    }
}

#[test]
fn paths_descend_into_objects_only() {
    let pro = condition(json!({"eq": {"attribute": "user.plan", "value": "pro"}}));
    assert!(pro.matches(&object(json!({"user": {"plan": "pro"}}))));
    for attributes in [
        json!({"user.plan": "pro"}),
        json!({"user": "pro"}),
        json!({"user": [{"plan": "pro"}]}),
        json!({"user": {"plan": {"plan": "pro"}}}),
    ] {
        assert!(!pro.matches(&object(attributes.clone())), "{attributes}");
    }
}

#[test]
fn flat_tables_are_looked_up_whole() {
    let table: BTreeMap<String, Scalar> = [("user.plan".to_owned(), Scalar::Text("pro".to_owned()))].into();
    assert!(condition(json!({"prefix": {"attribute": "user.plan", "text": "p"}})).matches(&table));
    assert_eq!(Attributes::get(&[("a", Attribute::Bool(true))], "b"), None);
}

#[test]
fn not_a_number_satisfies_no_comparison() {
    let attributes = [("a", Attribute::Number(f64::NAN))];
    for test in ["gt", "ge", "lt", "le", "eq"] {
        assert!(!condition(json!({test: {"attribute": "a", "value": 0}})).matches(&attributes), "{test}");
    }
}

#[test]
fn names_every_attribute_it_looks_at() {
    let nested = condition(json!({"and": [
        {"not": {"eq": {"attribute": "plan", "value": "free"}}},
        {"or": [{"gt": {"attribute": "age", "value": 1}}, {"suffix": {"attribute": "mail", "text": "@x.org"}}]},
    ]}));
    let mut names = Vec::new();
    nested.visit_attributes(&mut |name| names.push(name.to_owned()));
    assert_eq!(names, ["plan", "age", "mail"]);
}

#[test]
fn lists_hold_one_type() {
    assert!(serde_json::from_value::<Condition>(json!({"in": {"attribute": "a", "values": ["x", 1]}})).is_err());
    assert!(serde_json::from_value::<Condition>(json!({"in": {"attribute": "a", "values": [true]}})).is_err());
}

/// Any JSON, three levels deep.
fn hostile() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[ab.$_]{0,4}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn tests(text: &str, number: f64) -> Vec<Condition> {
    [
        json!({"eq": {"attribute": "a", "value": text}}),
        json!({"in": {"attribute": "a.b", "values": [text]}}),
        json!({"in": {"attribute": "a", "values": [number]}}),
        json!({"gt": {"attribute": "a", "value": number}}),
        json!({"le": {"attribute": "a", "value": number}}),
        json!({"exists": {"attribute": "a.b", "exists": true}}),
        json!({"contains": {"attribute": "a", "text": text}}),
        json!({"suffix": {"attribute": "b", "text": text}}),
    ]
    .map(condition)
    .into()
}

proptest! {
    #[test]
    fn any_attributes_are_safe_and_negation_is_the_opposite(
        a in hostile(), b in hostile(), text in ".{1,6}", number in -1e9..1e9_f64,
    ) {
        let attributes = object(json!({"a": a, "b": b}));
        for test in tests(&text, number) {
            let negated = Condition::Not(Box::new(test.clone()));
            prop_assert_ne!(test.matches(&attributes), negated.matches(&attributes));
        }
    }

    #[test]
    fn ne_and_not_in_are_the_opposites_of_eq_and_in(a in hostile(), text in ".{0,6}") {
        let attributes = object(json!({ "a": a }));
        for (positive, negative) in [("eq", "ne"), ("in", "not_in")] {
            let field = if positive == "eq" { json!({"attribute": "a", "value": text}) } else { json!({"attribute": "a", "values": [text]}) };
            prop_assert_ne!(
                condition(json!({positive: field})).matches(&attributes),
                condition(json!({negative: field})).matches(&attributes)
            );
        }
    }
}
