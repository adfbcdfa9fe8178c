//! Comparison of computed JSON with expected JSON, and access to a case's input.

use serde_json::Value;

/// A case's input with readable failures.
pub(crate) struct Input<'a>(pub(crate) &'a Value);

impl<'a> Input<'a> {
    pub(crate) fn get(&self, key: &str) -> Input<'a> {
        Input(self.0.get(key).unwrap_or_else(|| panic!("no `{key}` in {}", self.0)))
    }

    pub(crate) fn number(&self, key: &str) -> f64 {
        self.get(key).float()
    }

    pub(crate) fn float(&self) -> f64 {
        self.0.as_f64().unwrap_or_else(|| panic!("not a number: {}", self.0))
    }

    pub(crate) fn count(&self, key: &str) -> u64 {
        let value = self.get(key);
        value.0.as_u64().unwrap_or_else(|| panic!("not a count: {}", value.0))
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        let value = self.get(key);
        value.0.as_bool().unwrap_or_else(|| panic!("not a boolean: {}", value.0))
    }

    pub(crate) fn text(&self, key: &str) -> &'a str {
        let value = self.get(key);
        value.0.as_str().unwrap_or_else(|| panic!("not a string: {}", value.0))
    }

    pub(crate) fn items(&self, key: &str) -> Vec<Input<'a>> {
        let value = self.get(key);
        value.0.as_array().unwrap_or_else(|| panic!("not a list: {}", value.0)).iter().map(Input).collect()
    }

    pub(crate) fn numbers(&self, key: &str) -> Vec<f64> {
        self.items(key).iter().map(Input::float).collect()
    }

    pub(crate) fn counts(&self, key: &str) -> Vec<u64> {
        self.items(key).iter().map(|item| item.0.as_u64().expect("a count")).collect()
    }
}

/// A number as the vectors write it: infinities are strings.
pub(crate) fn number(value: f64) -> Value {
    if value == f64::INFINITY {
        return Value::from("inf");
    }
    if value == f64::NEG_INFINITY {
        return Value::from("-inf");
    }
    assert!(!value.is_nan(), "the engine returned NaN");
    Value::from(value)
}

/// Every difference between `got` and `expected`, with its place.
pub(crate) fn differences(got: &Value, expected: &Value, rel: f64, abs: f64) -> Vec<String> {
    let mut found = Vec::new();
    compare("", got, expected, rel, abs, &mut found);
    found
}

fn compare(place: &str, got: &Value, expected: &Value, rel: f64, abs: f64, found: &mut Vec<String>) {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => {
            for (key, value) in expected {
                match got.get(key) {
                    Some(own) => compare(&format!("{place}.{key}"), own, value, rel, abs, found),
                    None => found.push(format!("{place}.{key}: missing")),
                }
            }
        }
        (Value::Array(got), Value::Array(expected)) if got.len() == expected.len() => {
            for (index, (own, value)) in got.iter().zip(expected).enumerate() {
                compare(&format!("{place}[{index}]"), own, value, rel, abs, found);
            }
        }
        (Value::Number(got), Value::Number(expected)) => {
            let (own, value) = (got.as_f64().unwrap(), expected.as_f64().unwrap());
            if (own - value).abs() > abs + rel * value.abs() || own.is_nan() {
                found.push(format!("{place}: got {own}, expected {value}"));
            }
        }
        _ if got == expected => {}
        _ => found.push(format!("{place}: got {got}, expected {expected}")),
    }
}
