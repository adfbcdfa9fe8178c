//! What is wrong with a definition, field by field.

use core::fmt;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Path of the field, such as `arms[1].weight`.
    pub field: String,
    /// What was given and what would be right: lower case, no final stop.
    pub message: String,
}

/// Everything that is wrong, so that a form can show it all at once. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    fields: Vec<FieldProblem>,
}

impl Problems {
    /// The problems, in the order of the fields.
    #[must_use]
    pub fn fields(&self) -> &[FieldProblem] {
        &self.fields
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.fields.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(out, "{separator}{field}: {message}", field = problem.field, message = problem.message)?;
        }
        Ok(())
    }
}

/// Collects problems while a definition is checked.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    fields: Vec<FieldProblem>,
}

impl Findings {
    pub(crate) fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.fields.push(FieldProblem { field: field.into(), message: message.into() });
    }

    pub(crate) fn into_result(self) -> Result<(), Problems> {
        if self.fields.is_empty() { Ok(()) } else { Err(Problems { fields: self.fields }) }
    }
}

/// Cuts a value for use in a message, so that a megabyte of input never ends up in one.
pub(crate) fn shown(value: &str) -> &str {
    value.char_indices().nth(60).map_or(value, |(end, _)| value.get(..end).unwrap_or(value))
}
