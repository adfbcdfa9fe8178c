/// A value that breaks a rule of its type: what was given and what would be right, in one sentence without a final stop.
///
/// The field it belongs to is named by whoever parses a whole request (see [`crate::problem::FieldProblem`]).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl Invalid {
    /// The sentence: lower case, no final stop, the offending value in backticks.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// Cuts a value for use inside a message, so that a megabyte of input never ends up in an error.
pub(crate) fn shown(value: &str) -> &str {
    value.char_indices().nth(60).map_or(value, |(end, _)| value.get(..end).unwrap_or(value))
}
