use serde::{Deserialize, Serialize};

use super::{ArmKey, State};
use crate::time::TimeUs;

/// How and why an experiment ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What was decided.
    pub kind: DecisionKind,
    /// The arm shipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<ArmKey>,
    /// Why, in the words of whoever decided.
    #[serde(default)]
    pub note: String,
    /// When.
    pub at_us: TimeUs,
    /// Who, for people: an e-mail address, a key's name, or the rule.
    pub by: String,
    /// The state before, which undoing puts back.
    pub before: State,
    /// The version the label pointed at before, when shipping moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_before: Option<u32>,
    /// The numbers as they were then, for the record; free JSON written by the results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<serde_json::Value>,
}

/// What was decided.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// An arm was shipped.
    Ship,
    /// The control stays.
    Stop,
    /// There was no answer; the control stays.
    Inconclusive,
    /// It did harm; the control stays.
    RollBack,
}
