use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use domain::time::TimeUs;
use services::context::Clock;

/// A clock that stands still until a test moves it. Begins on 2026-11-21 at noon.
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<AtomicI64>);

impl Default for FakeClock {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(1_795_262_400_000_000)))
    }
}

impl FakeClock {
    /// Moves on.
    pub fn advance_s(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> TimeUs {
        TimeUs(self.0.load(Ordering::SeqCst))
    }
}
