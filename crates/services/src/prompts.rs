//! To be written.

use std::sync::Arc;

use crate::Context;

/// To be written.
#[derive(Clone)]
pub struct Prompts {
    #[expect(dead_code, reason = "until written")]
    context: Arc<Context>,
}

impl Prompts {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }
}
