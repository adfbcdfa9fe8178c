use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ids::ActivityId, time::TimeUs};

/// One entry of an experiment's log. Entries are never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activity {
    /// Its id, in order of time.
    pub id: ActivityId,
    /// When.
    pub at_us: TimeUs,
    /// Who, for people: an e-mail address, a key's name, or the rule that acted.
    pub by: String,
    /// What.
    pub kind: ActivityKind,
    /// Why, or what more there is to say.
    #[serde(default)]
    pub note: String,
    /// What it changed in the design, in the order of the fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// The experiment's revision it made.
    pub revision: u32,
}

/// What happened.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// It was made.
    Created,
    /// Its design was edited.
    Edited,
    /// It was launched.
    Launched,
    /// Its scheduled start came.
    Started,
    /// It was paused.
    Paused,
    /// It was resumed.
    Resumed,
    /// Its ramp climbed a step.
    Advanced,
    /// The next batch of an adaptive split began with other weights.
    Reallocated,
    /// An arm was shipped.
    Shipped,
    /// It was stopped.
    Stopped,
    /// It ended without an answer.
    Concluded,
    /// It was rolled back.
    RolledBack,
    /// Its ending was undone.
    Reopened,
    /// The label moved on and the control with it.
    Rebased,
    /// It was archived.
    Archived,
    /// Units left it, because their events were deleted.
    Erased,
}

impl ActivityKind {
    /// The word stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Edited => "edited",
            Self::Launched => "launched",
            Self::Started => "started",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Advanced => "advanced",
            Self::Reallocated => "reallocated",
            Self::Shipped => "shipped",
            Self::Stopped => "stopped",
            Self::Concluded => "concluded",
            Self::RolledBack => "rolled_back",
            Self::Reopened => "reopened",
            Self::Rebased => "rebased",
            Self::Archived => "archived",
            Self::Erased => "erased",
        }
    }
}

/// One field before and after; a field that was not there is `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    /// Its path, such as `arms[1].weight`.
    pub field: String,
    /// What it was.
    pub before: Value,
    /// What it became.
    pub after: Value,
}

impl FieldChange {
    /// What differs between two values of one shape, by path; lists of different lengths and values of different kinds are
    /// told whole.
    pub fn between(before: &Value, after: &Value) -> Vec<Self> {
        let mut found = Vec::new();
        collect("", before, after, &mut found);
        found
    }
}

fn collect(path: &str, before: &Value, after: &Value, found: &mut Vec<FieldChange>) {
    match (before, after) {
        _ if before == after => {}
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                let deeper = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                collect(&deeper, old.get(key).unwrap_or(&Value::Null), new.get(key).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                collect(&format!("{path}[{index}]"), old, new, found);
            }
        }
        _ => found.push(FieldChange { field: path.to_owned(), before: before.clone(), after: after.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_named_by_their_path() {
        let before = json!({"arms": [{"key": "a", "weight": 5000}, {"key": "b", "weight": 5000}], "coverage": 0.5});
        let after = json!({
            "arms": [{"key": "a", "weight": 4000}, {"key": "b", "weight": 6000}], "coverage": 0.5, "sticky": true
        });
        let changes = FieldChange::between(&before, &after);
        let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["arms[0].weight", "arms[1].weight", "sticky"]);
        assert_eq!(changes[2].before, Value::Null);
        let fewer = json!({"arms": [], "coverage": 0.5});
        assert_eq!(FieldChange::between(&before, &fewer)[0].field, "arms");
    }
}
