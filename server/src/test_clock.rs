//! A clock that tests move, so that days can pass: in builds with the feature `test-clock` only, which no release has.

use std::{env, fs, path::PathBuf};

use domain::time::TimeUs;
use services::context::{Clock, SystemClock};

#[cfg(not(debug_assertions))]
compile_error!("the feature `test-clock` is for tests; a release goes by the machine's clock");

/// Names the file that says by how many seconds the clock runs ahead. Without it the machine's clock is meant.
const FILE: &str = "ASSAY_TEST_CLOCK";

struct Ahead(PathBuf);

impl Clock for Ahead {
    fn now(&self) -> TimeUs {
        let ahead = fs::read_to_string(&self.0).ok().and_then(|text| text.trim().parse::<i64>().ok());
        TimeUs(SystemClock.now().0.saturating_add(ahead.unwrap_or(0).saturating_mul(1_000_000)))
    }
}

/// The clock of a test build.
pub(crate) fn clock() -> Box<dyn Clock> {
    match env::var_os(FILE) {
        Some(file) => Box::new(Ahead(file.into())),
        None => Box::new(SystemClock),
    }
}
