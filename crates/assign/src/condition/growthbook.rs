//! A condition as GrowthBook's clients read it.
//!
//! Their plain comparisons convert types, differently in each language: to JavaScript a missing number is below 5, and
//! the pattern `null` is found in a missing text. Each comparison therefore carries a `$type`, and all operators in one
//! object must hold. Negations wrap the whole comparison, so that a missing attribute satisfies them everywhere.

use serde_json::{Map, Number, Value, json};

use super::{Comparison, Condition, Membership, Part, Threshold, Values};
use crate::attribute::Scalar;

impl Condition {
    /// The Mongo-like condition for a GrowthBook rule. Clients decide as [`matches`](Condition::matches) does.
    #[must_use]
    pub fn to_growthbook(&self) -> Value {
        match self {
            Self::And(conditions) => json!({ "$and": list(conditions) }),
            Self::Or(conditions) => json!({ "$or": list(conditions) }),
            Self::Not(condition) => json!({ "$not": condition.to_growthbook() }),
            Self::Eq(comparison) => on(&comparison.attribute, equal(comparison)),
            Self::Ne(comparison) => on(&comparison.attribute, json!({ "$not": equal(comparison) })),
            Self::In(membership) => on(&membership.attribute, among(membership)),
            Self::NotIn(membership) => on(&membership.attribute, json!({ "$not": among(membership) })),
            Self::Gt(threshold) => beyond("$gt", threshold),
            Self::Ge(threshold) => beyond("$gte", threshold),
            Self::Lt(threshold) => beyond("$lt", threshold),
            Self::Le(threshold) => beyond("$lte", threshold),
            Self::Exists(existence) => on(&existence.attribute, json!({ "$exists": existence.exists })),
            Self::Contains(part) => pattern(part, literal(&part.text)),
            Self::Prefix(part) => pattern(part, format!("^{}", literal(&part.text))),
            // Not `$`, which in Python also matches before a final line break.
            Self::Suffix(part) => pattern(part, format!(r"{}(?![\s\S])", literal(&part.text))),
        }
    }
}

fn list(conditions: &[Condition]) -> Vec<Value> {
    conditions.iter().map(Condition::to_growthbook).collect()
}

fn on(attribute: &str, test: Value) -> Value {
    Value::Object(Map::from_iter([(attribute.to_owned(), test)]))
}

fn equal(comparison: &Comparison) -> Value {
    match &comparison.value {
        Scalar::Bool(flag) => json!({ "$type": "boolean", "$eq": flag }),
        Scalar::Number(value) => json!({ "$type": "number", "$eq": number(*value) }),
        Scalar::Text(text) => json!({ "$type": "string", "$eq": text }),
    }
}

fn among(membership: &Membership) -> Value {
    match &membership.values {
        Values::Texts(texts) => json!({ "$type": "string", "$in": texts }),
        Values::Numbers(numbers) => {
            json!({ "$type": "number", "$in": numbers.iter().map(|&value| number(value)).collect::<Vec<_>>() })
        }
    }
}

fn beyond(operator: &str, threshold: &Threshold) -> Value {
    let mut test = Map::new();
    test.insert("$type".to_owned(), json!("number"));
    test.insert(operator.to_owned(), number(threshold.value));
    on(&threshold.attribute, Value::Object(test))
}

fn pattern(part: &Part, regex: String) -> Value {
    on(&part.attribute, json!({ "$type": "string", "$regex": regex }))
}

/// Whole numbers without a decimal point.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// A pattern that matches exactly this text, in JavaScript and in Python.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\^$.|?*+()[]{}/".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
