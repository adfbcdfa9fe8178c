//! To be written.

use std::sync::Arc;

use crate::Context;

/// To be written.
#[derive(Clone)]
pub struct Access {
    #[expect(dead_code, reason = "until written")]
    context: Arc<Context>,
}

impl Access {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }
}
