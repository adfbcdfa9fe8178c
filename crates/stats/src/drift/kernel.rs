//! Maximum mean discrepancy: a distance of two samples of vectors, such as embeddings.

use crate::error::{Result, Undefined, computed, finite, positive};
use crate::random::Generator;

/// The unbiased squared maximum mean discrepancy with the kernel exp(−‖x − y‖²/(2·bandwidth²)) (Gretton et al. 2012, JMLR
/// 13, eq. 3). About 0 when nothing changed, and then as often below as above.
///
/// Quadratic in the rows: for more than about 2,000 a side use [`RandomFeatures`].
///
/// # Errors
/// Fewer than two vectors a side, vectors of different length, a number that is not finite, or a bandwidth not above 0.
pub fn squared_discrepancy(reference: &[Vec<f64>], current: &[Vec<f64>], bandwidth: f64) -> Result<f64> {
    let bandwidth = positive("bandwidth", bandwidth)?;
    check(reference, current)?;
    let kernel = |left: &[f64], right: &[f64]| {
        let scaled: f64 = left.iter().zip(right).map(|(a, b)| ((a - b) / bandwidth) * ((a - b) / bandwidth)).sum();
        libm::exp(-0.5 * scaled)
    };
    let within = |sample: &[Vec<f64>]| {
        let mut sum = 0.0;
        for (index, left) in sample.iter().enumerate() {
            for right in sample.iter().skip(index + 1) {
                sum += kernel(left, right);
            }
        }
        let count = sample.len() as f64;
        2.0 * sum / (count * (count - 1.0))
    };
    let mut across = 0.0;
    for left in reference {
        for right in current {
            across += kernel(left, right);
        }
    }
    let mean_across = across / (reference.len() as f64 * current.len() as f64);
    computed(within(reference) + within(current) - 2.0 * mean_across)
}

/// The median distance between pooled vectors: the customary bandwidth. At most 500 vectors, evenly spaced, are looked at.
///
/// # Errors
/// As [`squared_discrepancy`]; [`Undefined::NoVariation`] when the median distance is 0.
pub fn median_bandwidth(reference: &[Vec<f64>], current: &[Vec<f64>]) -> Result<f64> {
    const MOST: usize = 500;
    check(reference, current)?;
    let stride = (reference.len() + current.len()).div_ceil(MOST);
    let pooled: Vec<&Vec<f64>> = reference.iter().chain(current).step_by(stride.max(1)).collect();
    let mut distances = Vec::with_capacity(pooled.len() * pooled.len() / 2);
    for (index, left) in pooled.iter().enumerate() {
        for right in pooled.iter().skip(index + 1) {
            distances.push(left.iter().zip(right.iter()).map(|(a, b)| (a - b) * (a - b)).sum::<f64>());
        }
    }
    distances.sort_unstable_by(f64::total_cmp);
    let median = distances.get(distances.len() / 2).copied().unwrap_or(0.0).sqrt();
    if median > 0.0 { computed(median) } else { Err(Undefined::NoVariation) }
}

/// Random Fourier features: the same discrepancy in time linear in the rows (Rahimi & Recht 2007; error about 1/√features).
#[derive(Clone, Debug, PartialEq)]
pub struct RandomFeatures {
    /// One frequency vector and one phase a feature.
    waves: Vec<(Vec<f64>, f64)>,
}

impl RandomFeatures {
    /// Features for vectors of this length: frequencies N(0, 1/bandwidth²), phases uniform, from the seed. 256 features do.
    ///
    /// # Errors
    /// No features, more than 65,536, or a bandwidth not above 0.
    pub fn new(length: usize, features: usize, bandwidth: f64, seed: u64) -> Result<Self> {
        let bandwidth = positive("bandwidth", bandwidth)?;
        if features == 0 || features > 65_536 || length > 65_536 {
            return Err(Undefined::invalid("features", "1 to 65536, and vectors no longer"));
        }
        let mut generator = Generator::new(seed);
        let mut waves = Vec::with_capacity(features);
        for _ in 0..features {
            let mut frequency = Vec::with_capacity(length);
            for _ in 0..length {
                frequency.push(computed(generator.normal() / bandwidth)?);
            }
            waves.push((frequency, core::f64::consts::TAU * generator.uniform()));
        }
        Ok(Self { waves })
    }

    /// The unbiased squared discrepancy of the features' means.
    ///
    /// # Errors
    /// As [`squared_discrepancy`]; vectors longer than the features were made for.
    pub fn squared_discrepancy(&self, reference: &[Vec<f64>], current: &[Vec<f64>]) -> Result<f64> {
        let length = check(reference, current)?;
        if self.waves.first().is_some_and(|(frequency, _)| frequency.len() != length) {
            return Err(Undefined::invalid("current", "of the length the features were made for"));
        }
        let (left, left_own) = self.sums(reference);
        let (right, right_own) = self.sums(current);
        let (n, m) = (reference.len() as f64, current.len() as f64);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let within_left = (dot(&left, &left) - left_own) / (n * (n - 1.0));
        let within_right = (dot(&right, &right) - right_own) / (m * (m - 1.0));
        computed(within_left + within_right - 2.0 * dot(&left, &right) / (n * m))
    }

    /// Σφ(x) and Σ‖φ(x)‖² over a sample.
    fn sums(&self, sample: &[Vec<f64>]) -> (Vec<f64>, f64) {
        let scale = (2.0 / self.waves.len() as f64).sqrt();
        let mut sums = vec![0.0; self.waves.len()];
        let mut own = 0.0;
        for vector in sample {
            for (sum, (frequency, phase)) in sums.iter_mut().zip(&self.waves) {
                let angle: f64 = frequency.iter().zip(vector).map(|(a, b)| a * b).sum::<f64>() + phase;
                // An angle beyond all precision says nothing.
                let feature = if angle.is_finite() { scale * libm::cos(angle) } else { 0.0 };
                *sum += feature;
                own += feature * feature;
            }
        }
        (sums, own)
    }
}

/// The common length of all vectors.
fn check(reference: &[Vec<f64>], current: &[Vec<f64>]) -> Result<usize> {
    let least = reference.len().min(current.len());
    if least < 2 {
        return Err(Undefined::TooFewUnits { have: least as u64, need: 2 });
    }
    let length = reference.first().map_or(0, Vec::len);
    for vector in reference.iter().chain(current) {
        if vector.len() != length {
            return Err(Undefined::invalid("vectors", "all of one length"));
        }
        for &number in vector {
            finite("vectors", number)?;
        }
    }
    Ok(length)
}
