use std::sync::Mutex;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use services::{ServiceError, context::Random};

/// Random bytes that are the same in every run of one `rand` release.
#[derive(Debug)]
pub struct SeededRandom(Mutex<StdRng>);

impl SeededRandom {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ServiceError> {
        self.0.lock().expect("no test panics while it draws").fill_bytes(bytes);
        Ok(())
    }
}
