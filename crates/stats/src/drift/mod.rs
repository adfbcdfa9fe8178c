//! Did a distribution change: inputs, outputs, categories, embeddings?
//!
//! A window (by default a day, at least 500 rows of 100 units) against a reference (28 days). Each distance says *how far*;
//! whether it is more than chance is said by permuting *units* ([`permutation_p_value`]), never by a fixed threshold: the
//! PSI of two samples of one distribution is about (bins − 1)(1/n + 1/m), times the design effect of clustered rows. A
//! p-value becomes evidence by [`evidence`] and shares the alarm budget of the [`detector`](crate::detector).
//!
//! *In plain words: questions this week differ from last month's.*

mod histogram;
mod kernel;
mod permutation;
mod samples;

pub(crate) use histogram::deciles;
pub use histogram::{ChiSquare, chi_square, decile_counts, jensen_shannon, population_stability};
pub use kernel::{RandomFeatures, median_bandwidth, squared_discrepancy};
pub use permutation::{evidence, permutation_p_value};
pub use samples::{kolmogorov_smirnov, wasserstein};
