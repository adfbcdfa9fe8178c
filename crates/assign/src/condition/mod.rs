//! Targeting: conditions over a unit's attributes.
//!
//! Comparisons are strict about types: the text `"5"` is not the number 5, and a missing attribute satisfies nothing but
//! `ne`, `not_in`, `not` and `exists: false`. The condition sent to GrowthBook's clients spells that strictness out, so
//! that they decide the same (see [`Condition::to_growthbook`]).

pub(crate) mod check;
mod growthbook;

use serde::{Deserialize, Serialize};

use crate::attribute::{Attribute, Attributes, Scalar};

/// A condition; in JSON `{"eq": {"attribute": "plan", "value": "pro"}}`, `{"and": [ … ]}`, `{"not": { … }}`.
///
/// ```
/// use assign::{Attribute, Condition};
///
/// let condition: Condition = serde_json::from_str(
///     r#"{"and": [{"in": {"attribute": "plan", "values": ["pro", "team"]}}, {"ge": {"attribute": "age_days", "value": 7}}]}"#,
/// )?;
/// assert!(condition.matches(&[("plan", Attribute::Text("pro")), ("age_days", Attribute::Number(30.0))]));
/// assert!(!condition.matches(&()));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// All of these hold.
    And(Vec<Condition>),
    /// At least one of these holds.
    Or(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// The attribute has this type and value.
    Eq(Comparison),
    /// It has not; also when it is missing.
    Ne(Comparison),
    /// The attribute is one of these.
    In(Membership),
    /// It is none of them; also when it is missing.
    NotIn(Membership),
    /// The attribute is a number above.
    Gt(Threshold),
    /// The attribute is a number at or above.
    Ge(Threshold),
    /// The attribute is a number below.
    Lt(Threshold),
    /// The attribute is a number at or below.
    Le(Threshold),
    /// The attribute is there and not null, or is not.
    Exists(Existence),
    /// The attribute is a text that contains this one. Case matters.
    Contains(Part),
    /// The attribute is a text that starts with this one. Case matters.
    Prefix(Part),
    /// The attribute is a text that ends with this one. Case matters.
    Suffix(Part),
}

/// An attribute and the value it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The attribute's name or path.
    pub attribute: String,
    /// The value.
    pub value: Scalar,
}

/// An attribute and the values it may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The attribute's name or path.
    pub attribute: String,
    /// The values.
    pub values: Values,
}

/// A list of one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// Texts.
    Texts(Vec<String>),
    /// Numbers.
    Numbers(Vec<f64>),
}

/// An attribute and a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The attribute's name or path.
    pub attribute: String,
    /// The number.
    pub value: f64,
}

/// Whether an attribute is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Existence {
    /// The attribute's name or path.
    pub attribute: String,
    /// True: it must be there. False: it must not.
    pub exists: bool,
}

/// An attribute and a part of its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The attribute's name or path.
    pub attribute: String,
    /// The part.
    pub text: String,
}

impl Condition {
    /// Whether the attributes satisfy the condition. No allocation.
    #[must_use]
    pub fn matches(&self, attributes: &dyn Attributes) -> bool {
        match self {
            Self::And(all) => all.iter().all(|condition| condition.matches(attributes)),
            Self::Or(any) => any.iter().any(|condition| condition.matches(attributes)),
            Self::Not(condition) => !condition.matches(attributes),
            Self::Eq(comparison) => comparison.holds(attributes),
            Self::Ne(comparison) => !comparison.holds(attributes),
            Self::In(membership) => membership.holds(attributes),
            Self::NotIn(membership) => !membership.holds(attributes),
            Self::Gt(threshold) => threshold.number(attributes).is_some_and(|number| number > threshold.value),
            Self::Ge(threshold) => threshold.number(attributes).is_some_and(|number| number >= threshold.value),
            Self::Lt(threshold) => threshold.number(attributes).is_some_and(|number| number < threshold.value),
            Self::Le(threshold) => threshold.number(attributes).is_some_and(|number| number <= threshold.value),
            Self::Exists(existence) => attributes.get(&existence.attribute).is_some() == existence.exists,
            Self::Contains(part) => part.text_of(attributes).is_some_and(|text| text.contains(&part.text)),
            Self::Prefix(part) => part.text_of(attributes).is_some_and(|text| text.starts_with(&part.text)),
            Self::Suffix(part) => part.text_of(attributes).is_some_and(|text| text.ends_with(&part.text)),
        }
    }

    /// Calls `found` with the name of each attribute the condition looks at, in order, with repetitions.
    ///
    /// A generation without an exposure can only be judged eligible when all of these are known.
    pub fn visit_attributes<'a>(&'a self, found: &mut dyn FnMut(&'a str)) {
        match self {
            Self::And(conditions) | Self::Or(conditions) => {
                for condition in conditions {
                    condition.visit_attributes(found);
                }
            }
            Self::Not(condition) => condition.visit_attributes(found),
            Self::Eq(Comparison { attribute, .. })
            | Self::Ne(Comparison { attribute, .. })
            | Self::In(Membership { attribute, .. })
            | Self::NotIn(Membership { attribute, .. })
            | Self::Gt(Threshold { attribute, .. })
            | Self::Ge(Threshold { attribute, .. })
            | Self::Lt(Threshold { attribute, .. })
            | Self::Le(Threshold { attribute, .. })
            | Self::Exists(Existence { attribute, .. })
            | Self::Contains(Part { attribute, .. })
            | Self::Prefix(Part { attribute, .. })
            | Self::Suffix(Part { attribute, .. }) => found(attribute),
        }
    }
}

impl Comparison {
    fn holds(&self, attributes: &dyn Attributes) -> bool {
        attributes.get(&self.attribute) == Some(self.value.as_attribute())
    }
}

impl Membership {
    fn holds(&self, attributes: &dyn Attributes) -> bool {
        match (attributes.get(&self.attribute), &self.values) {
            (Some(Attribute::Text(text)), Values::Texts(texts)) => texts.iter().any(|one| one == text),
            (Some(Attribute::Number(number)), Values::Numbers(numbers)) => numbers.contains(&number),
            _ => false,
        }
    }
}

impl Threshold {
    fn number(&self, attributes: &dyn Attributes) -> Option<f64> {
        match attributes.get(&self.attribute)? {
            Attribute::Number(number) => Some(number),
            _ => None,
        }
    }
}

impl Part {
    fn text_of<'a>(&self, attributes: &'a dyn Attributes) -> Option<&'a str> {
        match attributes.get(&self.attribute)? {
            Attribute::Text(text) => Some(text),
            _ => None,
        }
    }
}
