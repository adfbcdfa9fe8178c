use crate::problem::FieldProblem;

/// Collects everything that is wrong, so that a form can show it at once.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<FieldProblem>);

impl Problems {
    pub(super) fn add(&mut self, field: impl Into<String>, message: impl ToString) {
        self.0.push(FieldProblem::new(field, message));
    }

    pub(super) fn into_vec(self) -> Vec<FieldProblem> {
        self.0
    }
}
