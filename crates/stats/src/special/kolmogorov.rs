//! The distribution of the two-sided Kolmogorov statistic.

use super::gamma::ln_gamma;

/// Sample size up to which the distribution is exact.
const EXACT_UP_TO: u64 = 1_000;

/// `P(D_n ≥ d)` for a sample of `n ≥ 1` from a continuous distribution.
///
/// Exact up to a thousand values: twice Smirnov's one-sided formula where both one-sided events cannot matter
/// together (`n·d² ≥ 4`), otherwise the matrix power of Marsaglia, Tsang & Wang (2003). Above that Kolmogorov's limit
/// with Vrbik's (2018) correction, whose error is below 1e-6 there.
pub(crate) fn sf(n: u64, d: f64) -> f64 {
    let count = n as f64;
    if d <= 0.5 / count {
        return 1.0;
    }
    if d >= 1.0 {
        return 0.0;
    }
    let spread = count * d * d;
    let tail = if n > EXACT_UP_TO {
        let root = count.sqrt();
        let x = root * d;
        limit(x + 1.0 / (6.0 * root) + (x - 1.0) / (4.0 * count))
    } else if spread >= 4.0 {
        2.0 * smirnov(count, d)
    } else {
        1.0 - matrix_cdf(n, d)
    };
    tail.clamp(0.0, 1.0)
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

/// Kolmogorov's limiting tail `2 Σ (−1)^{k−1} e^{−2k²x²}`, by its dual series for small `x`.
fn limit(x: f64) -> f64 {
    use core::f64::consts::PI;
    if x <= 0.0 {
        return 1.0;
    }
    if x < 1.18 {
        let mut sum = 0.0;
        for odd in [1.0, 3.0, 5.0, 7.0] {
            sum += libm::exp(-odd * odd * PI * PI / (8.0 * x * x));
        }
        return 1.0 - (2.0 * PI).sqrt() / x * sum;
    }
    let mut sum = 0.0;
    let mut sign = 1.0;
    for k in [1.0, 2.0, 3.0, 4.0, 5.0] {
        sum += sign * libm::exp(-2.0 * k * k * x * x);
        sign = -sign;
    }
    2.0 * sum
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
