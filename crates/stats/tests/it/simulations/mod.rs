//! Operating characteristics by simulation.
//!
//! A promise "at most α" passes when the measured rate is at most `α + 3·√(α(1−α)/repetitions)` (STATS.md §10.1). Run with
//! `ASSAY_SLOW=1` for 2,000 repetitions each; without it a few, to keep the code alive. `--nocapture` prints the figures
//! that the README records.

mod adaptive;
mod bandit;
mod clustered;
mod corrections;
mod decisions;
mod epochs;
mod lift;
mod peeking;
mod quantiles;
mod skewed;
mod traffic;

use stats::random::Generator;

/// 2,000 in the slow tier, `quick` otherwise.
pub(crate) fn repetitions(quick: u64) -> u64 {
    if std::env::var_os("ASSAY_SLOW").is_some_and(|value| value == "1") { 2_000 } else { quick }
}

/// Counts how often an event happens over seeded repetitions.
pub(crate) fn rate(seed: u64, repetitions: u64, mut event: impl FnMut(&mut Generator) -> bool) -> f64 {
    let hits = (0..repetitions).filter(|repetition| event(&mut generator(seed, *repetition))).count();
    hits as f64 / repetitions as f64
}

pub(crate) fn generator(seed: u64, repetition: u64) -> Generator {
    Generator::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(repetition))
}

/// Prints a figure and checks the promise.
pub(crate) fn promise(what: &str, measured: f64, alpha: f64, repetitions: u64) {
    println!("{what}: {:.2}% (at most {:.1}%, {repetitions} repetitions)", 100.0 * measured, 100.0 * alpha);
    let bound = alpha + 3.0 * (alpha * (1.0 - alpha) / repetitions as f64).sqrt();
    assert!(measured <= bound, "{what}: {measured} exceeds {bound} at {repetitions} repetitions");
}

/// Prints a figure that is not promised.
pub(crate) fn report(what: &str, measured: f64) {
    println!("{what}: {:.2}%", 100.0 * measured);
}

/// The distributions of STATS.md A.1 and A.7.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Data {
    Normal,
    Score,
    Bernoulli(f64),
    Exponential,
    Lognormal(f64),
}

impl Data {
    pub(crate) const ALL: [Self; 7] = [
        Self::Normal,
        Self::Score,
        Self::Bernoulli(0.10),
        Self::Bernoulli(0.01),
        Self::Exponential,
        Self::Lognormal(1.0),
        Self::Lognormal(2.0),
    ];

    pub(crate) fn draw(self, random: &mut Generator) -> f64 {
        match self {
            Self::Normal => random.normal(),
            Self::Score => {
                let u = random.uniform();
                1.0 + [0.1, 0.2, 0.4, 0.7].iter().filter(|cut| u >= **cut).count() as f64
            }
            Self::Bernoulli(p) => f64::from(u8::from(random.uniform() < p)),
            Self::Exponential => -(1.0 - random.uniform()).ln(),
            Self::Lognormal(sigma) => (sigma * random.normal()).exp(),
        }
    }

    pub(crate) fn mean(self) -> f64 {
        match self {
            Self::Normal => 0.0,
            Self::Score => 0.1 + 0.2 + 0.6 + 1.2 + 1.5,
            Self::Bernoulli(p) => p,
            Self::Exponential => 1.0,
            Self::Lognormal(sigma) => (0.5 * sigma * sigma).exp(),
        }
    }
}

/// A Poisson number, by Knuth's product.
pub(crate) fn poisson(random: &mut Generator, mean: f64) -> u64 {
    let floor = (-mean).exp();
    let mut product = random.uniform();
    let mut count = 0;
    while product > floor {
        product *= random.uniform();
        count += 1;
    }
    count
}
