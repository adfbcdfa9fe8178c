//! Which conditions are accepted.

use super::{Condition, Values};
use crate::attribute::Scalar;
use crate::problem::{Findings, shown};

/// Deepest nesting of `and`, `or` and `not`.
const MOST_DEPTH: usize = 16;
/// Most entries of one list.
const MOST_ENTRIES: usize = 1_000;
/// Longest name or text, in bytes.
const MOST_BYTES: usize = 1_000;
/// 2⁵³: the largest number every client compares exactly.
const LARGEST_NUMBER: f64 = 9_007_199_254_740_992.0;

/// Names that a JavaScript client finds on every object, so that they are never missing there.
const INHERITED: [&str; 8] = [
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "length",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

impl Condition {
    pub(crate) fn check(&self, field: &str, findings: &mut Findings) {
        self.check_at(field, MOST_DEPTH, findings);
    }

    fn check_at(&self, field: &str, depth_left: usize, findings: &mut Findings) {
        if depth_left == 0 {
            findings.add(field, format!("nested deeper than {MOST_DEPTH}; flatten it"));
            return;
        }
        match self {
            Self::And(conditions) => check_list(conditions, &format!("{field}.and"), depth_left, findings),
            Self::Or(conditions) => check_list(conditions, &format!("{field}.or"), depth_left, findings),
            Self::Not(condition) => condition.check_at(&format!("{field}.not"), depth_left - 1, findings),
            Self::Eq(comparison) => check_scalar(&comparison.value, &format!("{field}.eq.value"), findings),
            Self::Ne(comparison) => check_scalar(&comparison.value, &format!("{field}.ne.value"), findings),
            Self::In(membership) => check_values(&membership.values, &format!("{field}.in.values"), findings),
            Self::NotIn(membership) => check_values(&membership.values, &format!("{field}.not_in.values"), findings),
            Self::Gt(threshold) => check_number(threshold.value, &format!("{field}.gt.value"), findings),
            Self::Ge(threshold) => check_number(threshold.value, &format!("{field}.ge.value"), findings),
            Self::Lt(threshold) => check_number(threshold.value, &format!("{field}.lt.value"), findings),
            Self::Le(threshold) => check_number(threshold.value, &format!("{field}.le.value"), findings),
            Self::Exists(_) => {}
            Self::Contains(part) => check_part(&part.text, &format!("{field}.contains.text"), findings),
            Self::Prefix(part) => check_part(&part.text, &format!("{field}.prefix.text"), findings),
            Self::Suffix(part) => check_part(&part.text, &format!("{field}.suffix.text"), findings),
        }
        if !matches!(self, Self::And(_) | Self::Or(_) | Self::Not(_)) {
            self.visit_attributes(&mut |attribute| check_attribute(attribute, field, findings));
        }
    }
}

fn check_list(conditions: &[Condition], field: &str, depth_left: usize, findings: &mut Findings) {
    if conditions.is_empty() {
        findings.add(field, "empty; give at least one condition");
    }
    if conditions.len() > MOST_ENTRIES {
        findings.add(field, format!("`{count}` conditions; at most {MOST_ENTRIES}", count = conditions.len()));
        return;
    }
    for (index, condition) in conditions.iter().enumerate() {
        condition.check_at(&format!("{field}[{index}]"), depth_left - 1, findings);
    }
}

/// The attribute's name must mean the same to every client: a path of plain segments.
pub(crate) fn check_attribute(attribute: &str, field: &str, findings: &mut Findings) {
    let plain = |segment: &str| {
        let mut characters = segment.chars();
        characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && characters.all(|next| next.is_ascii_alphanumeric() || next == '_' || next == '-')
            && !segment.starts_with("__")
            && !INHERITED.contains(&segment)
    };
    if attribute.len() > MOST_BYTES || !attribute.split('.').all(plain) {
        findings.add(
            field,
            format!(
                "attribute `{name}` cannot be used; a name has letters, digits, `_` and `-`, starts with a letter or one \
                 `_`, and is no name that JavaScript objects inherit; dots separate the names of a path",
                name = shown(attribute)
            ),
        );
    }
}

fn check_scalar(value: &Scalar, field: &str, findings: &mut Findings) {
    match value {
        Scalar::Bool(_) => {}
        Scalar::Number(number) => check_number(*number, field, findings),
        Scalar::Text(text) => check_length(text, field, findings),
    }
}

fn check_values(values: &Values, field: &str, findings: &mut Findings) {
    let count = match values {
        Values::Texts(texts) => texts.len(),
        Values::Numbers(numbers) => numbers.len(),
    };
    if count == 0 {
        findings.add(field, "empty; give at least one value");
    }
    if count > MOST_ENTRIES {
        findings.add(field, format!("`{count}` values; at most {MOST_ENTRIES}"));
        return;
    }
    match values {
        Values::Texts(texts) => texts.iter().for_each(|text| check_length(text, field, findings)),
        Values::Numbers(numbers) => numbers.iter().for_each(|&number| check_number(number, field, findings)),
    }
}

fn check_number(number: f64, field: &str, findings: &mut Findings) {
    if !number.is_finite() || number.abs() > LARGEST_NUMBER {
        findings.add(field, format!("`{number}` is too large; numbers are compared exactly up to 2^53"));
    }
}

fn check_part(text: &str, field: &str, findings: &mut Findings) {
    if text.is_empty() {
        findings.add(field, "empty; give the text to look for");
    }
    check_length(text, field, findings);
}

fn check_length(text: &str, field: &str, findings: &mut Findings) {
    if text.len() > MOST_BYTES {
        findings.add(field, format!("`{length}` bytes long; at most {MOST_BYTES}", length = text.len()));
    }
}
