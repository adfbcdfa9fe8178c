//! Cost: the sender's own amounts, and what they mean.

use std::collections::BTreeMap;

use domain::{money::NanoUsd, trace::Cost};
use serde_json::Value;

use crate::raw::{Notes, shown};

/// Reads amounts in dollars. `detail` tells parts that are already counted in another part.
pub(crate) fn cost(
    reports: Vec<(String, Value)>,
    detail: impl Fn(&str) -> bool,
    what: &str,
    notes: &mut Notes,
) -> Cost {
    let mut reported = BTreeMap::new();
    for (key, value) in reports {
        let dollars = match &value {
            Value::Null => continue,
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let amount = dollars.filter(|dollars| *dollars >= 0.0).and_then(NanoUsd::from_dollars);
        match amount {
            Some(amount) => {
                reported.insert(key, amount);
            }
            None => notes.add(
                what,
                format!(
                    "`{}` is left out: `{}` is not an amount in dollars",
                    shown(&key),
                    shown(value.to_string().trim_matches('"'))
                ),
            ),
        }
    }
    let named = |names: &[&str]| names.iter().find_map(|name| reported.get(*name).copied());
    let sum = || {
        let parts: Vec<i64> = reported.iter().filter(|(key, _)| !detail(key)).map(|(_, amount)| amount.0).collect();
        (!parts.is_empty()).then(|| NanoUsd(parts.into_iter().fold(0, i64::saturating_add)))
    };
    let (total, input, output) =
        (named(&["total"]).or_else(sum), named(&["input", "prompt"]), named(&["output", "completion"]));
    Cost { total, input, output, reported }
}
