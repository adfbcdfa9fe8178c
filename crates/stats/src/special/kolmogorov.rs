//! The distribution of the two-sided Kolmogorov statistic.

use super::gamma::ln_gamma;

/// Sample size up to which the distribution is always exact.
const EXACT_UP_TO: u64 = 140;
/// Sample size above which nothing is summed over the sample.
const LARGE: u64 = 100_000;

/// `P(D_n ≥ d)` for a sample of `n ≥ 1` from a continuous distribution.
///
/// The choice of methods follows Simard & L'Ecuyer (2011), as scipy's does: twice Smirnov's one-sided formula where the two
/// one-sided events hardly meet, the exact matrix power of Marsaglia, Tsang & Wang (2003) for small samples and small
/// distances, and Pelz & Good's (1976) expansion otherwise (relative error below 1e-5 of the tail).
pub(crate) fn sf(n: u64, d: f64) -> f64 {
    let count = n as f64;
    if d <= 0.5 / count {
        return 1.0;
    }
    if d >= 1.0 {
        return 0.0;
    }
    let n_root = count.sqrt();
    let spread = count * d * d;
    let smirnov_from = if n <= EXACT_UP_TO { 4.0 } else { 2.2 };
    let tail = if spread >= 370.0 {
        0.0
    } else if n > LARGE && spread >= smirnov_from {
        // The sum would be long; its limit, shifted as by Vrbik (2018), is within 1e-4 of it here.
        let t = n_root * d + 1.0 / (6.0 * n_root);
        2.0 * libm::exp(-2.0 * t * t)
    } else if d >= 0.5 || spread >= smirnov_from {
        2.0 * smirnov(count, d)
    } else if n <= EXACT_UP_TO || (n <= LARGE && count * d * d.sqrt() <= 1.4) {
        1.0 - matrix_cdf(n, d)
    } else {
        1.0 - pelz_good_cdf(count, d)
    };
    tail.clamp(0.0, 1.0)
}

/// Pelz & Good (1976): Kolmogorov's limit with three terms in powers of `1/√n`.
fn pelz_good_cdf(n: f64, d: f64) -> f64 {
    use core::f64::consts::PI;
    let z = n.sqrt() * d;
    let z2 = z * z;
    let (z4, z6) = (z2 * z2, z2 * z2 * z2);
    let (pi2, pi4) = (PI * PI, PI * PI * PI * PI);
    let pi6 = pi2 * pi4;
    let root = (2.0 * PI).sqrt();
    let (mut k0, mut k1, mut k2, mut k3) = (0.0, 0.0, 0.0, 0.0);
    let (mut extra2, mut extra3) = (0.0, 0.0);
    let terms = libm::ceil(16.0 * z / PI).max(1.0);
    let mut k = terms;
    while k >= 1.0 {
        let m = 2.0 * k - 1.0;
        let m2 = m * m;
        let weight = libm::exp(-pi2 * m2 / (8.0 * z2));
        k0 += weight;
        k1 += weight * (pi2 / 4.0 * m2 - z2);
        k2 += weight
            * (6.0 * z6 + 2.0 * z4 + (2.0 * z4 - 5.0 * z2) * pi2 / 4.0 * m2 + pi4 * (1.0 - 2.0 * z2) / 16.0 * m2 * m2);
        k3 += weight
            * (-30.0 * z6 - 90.0 * z4 * z4
                + pi2 * (135.0 * z4 - 96.0 * z6) / 4.0 * m2
                + pi4 * (212.0 * z4 - 60.0 * z2) / 16.0 * m2 * m2
                + pi6 * (5.0 - 30.0 * z2) / 64.0 * m2 * m2 * m2);
        let weight = libm::exp(-pi2 * k * k / (2.0 * z2)) * k * k;
        extra2 += weight;
        extra3 += weight * (3.0 * z2 - pi2 * k * k);
        k -= 1.0;
    }
    let first = k0 * root / z;
    let second = k1 * root / (6.0 * z4);
    let third = k2 * root / (72.0 * z6 * z) - extra2 * pi2 * root / (36.0 * z2 * z);
    let fourth = k3 * root / (6480.0 * z6 * z4) + extra3 * pi2 * root / (216.0 * z6);
    first + second / n.sqrt() + third / n + fourth / (n * n.sqrt())
}

/// `P(D⁺ ≥ d) = d Σ_j C(n, j) (1 − d − j/n)^{n−j} (d + j/n)^{j−1}`; every term is positive.
fn smirnov(n: f64, d: f64) -> f64 {
    let ln_factorial = ln_gamma(n + 1.0);
    let mut sum = 0.0;
    let mut j = 0.0;
    while j < n * (1.0 - d) {
        let below = 1.0 - d - j / n;
        let above = d + j / n;
        let ln_choose = ln_factorial - ln_gamma(j + 1.0) - ln_gamma(n - j + 1.0);
        if below > 0.0 {
            sum += libm::exp(ln_choose + (n - j) * libm::log(below) + (j - 1.0) * libm::log(above));
        }
        j += 1.0;
    }
    d * sum
}

/// A square matrix, its size and a decimal exponent that keeps its entries in range.
struct Scaled {
    size: usize,
    entries: Vec<f64>,
    exponent: i32,
}

impl Scaled {
    fn get(&self, row: usize, column: usize) -> f64 {
        self.entries.get(row * self.size + column).copied().unwrap_or(0.0)
    }

    fn times(&self, other: &Self) -> Self {
        let size = self.size;
        let mut entries = vec![0.0; size * size];
        for (row, out) in entries.chunks_exact_mut(size).enumerate() {
            let left = self.entries.iter().skip(row * size).take(size);
            for (factor, line) in left.zip(other.entries.chunks_exact(size)) {
                for (sum, value) in out.iter_mut().zip(line) {
                    *sum += factor * value;
                }
            }
        }
        let mut product = Self { size, entries, exponent: self.exponent + other.exponent };
        if product.get(size / 2, size / 2) > 1e140 {
            product.entries.iter_mut().for_each(|entry| *entry *= 1e-140);
            product.exponent += 140;
        }
        product
    }
}

/// Marsaglia, Tsang & Wang (2003): `P(D_n < d)` from the `n`-th power of a `(2k − 1)`-square matrix, `k = ⌈nd⌉`.
fn matrix_cdf(n: u64, d: f64) -> f64 {
    let count = n as f64;
    let k = (count * d) as usize + 1;
    let size = 2 * k - 1;
    let h = k as f64 - count * d;
    let power = |exponent: usize| libm::pow(h, exponent as f64);
    let mut entries = vec![0.0; size * size];
    for (row, line) in entries.chunks_exact_mut(size).enumerate() {
        for (column, entry) in line.iter_mut().enumerate() {
            if column > row + 1 {
                continue;
            }
            let mut value = 1.0;
            if column == 0 {
                value -= power(row + 1);
            }
            if row + 1 == size {
                value -= power(size - column);
            }
            if column == 0 && row + 1 == size && 2.0 * h > 1.0 {
                value += libm::pow(2.0 * h - 1.0, size as f64);
            }
            let order = row + 1 - column;
            for factor in 1..=order {
                value /= factor as f64;
            }
            *entry = value;
        }
    }
    let mut base = Scaled { size, entries, exponent: 0 };
    let mut result: Option<Scaled> = None;
    let mut left = n;
    while left > 0 {
        if left & 1 == 1 {
            result = Some(match result {
                Some(product) => product.times(&base),
                None => Scaled { size, entries: base.entries.clone(), exponent: base.exponent },
            });
        }
        left >>= 1;
        if left > 0 {
            base = base.times(&base);
        }
    }
    let Some(result) = result else { return 0.0 };
    let mut value = result.get(k - 1, k - 1);
    let mut exponent = result.exponent;
    for i in 1..=n {
        value *= i as f64 / count;
        if value < 1e-140 {
            value *= 1e140;
            exponent -= 140;
        }
    }
    value * libm::pow(10.0, f64::from(exponent))
}
