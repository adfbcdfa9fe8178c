//! To be written.

use std::sync::Arc;

use crate::Context;

/// To be written.
#[derive(Clone)]
pub struct Metrics {
    #[expect(dead_code, reason = "until written")]
    context: Arc<Context>,
}

impl Metrics {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }
}
