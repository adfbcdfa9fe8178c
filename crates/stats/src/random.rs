//! A seeded generator: forecasts, permutations and bootstraps are reproducible to the bit.
//!
//! xoshiro256++ (Blackman & Vigna 2021, "Scrambled linear pseudorandom number generators", ACM TOMS 47), its state filled
//! from the seed by SplitMix64. Store the seed with the result. Not for secrets.

use crate::special::normal;

/// A stream of random numbers that is a pure function of its seed.
///
/// ```
/// use stats::random::Generator;
///
/// let mut one = Generator::new(7);
/// let mut other = Generator::new(7);
/// assert_eq!(one.next_u64(), other.next_u64());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator {
    state: [u64; 4],
}

impl Generator {
    /// A generator from a seed; every seed is good, also 0.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut counter = seed;
        let state = core::array::from_fn(|_| {
            counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let word = (counter ^ (counter >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^ (word >> 31)
        });
        Self { state }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let [first, second, third, fourth] = self.state;
        let result = first.wrapping_add(fourth).rotate_left(23).wrapping_add(first);
        let third = third ^ first;
        let fourth = fourth ^ second;
        self.state = [first ^ fourth, second ^ third, third ^ (second << 17), fourth.rotate_left(45)];
        result
    }

    /// Uniform on the 2⁵³ multiples of 2⁻⁵³ in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A whole number below `bound`, each equally likely (Lemire 2019, "Fast random integer generation in an interval").
    /// 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            let low = product as u64;
            // Only when the low half falls below 2⁶⁴ mod bound is a number over-represented.
            if low >= bound || low >= bound.wrapping_neg().checked_rem(bound).unwrap_or(0) {
                return (product >> 64) as u64;
            }
        }
    }

    /// Standard normal, by inverting the distribution function: one draw a number, the same on every platform.
    pub fn normal(&mut self) -> f64 {
        // The centres of 2⁵³ equal cells, so never 0 or 1.
        normal::quantile(((self.next_u64() >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0))
    }

    /// Puts a list in random order, each equally likely (Durstenfeld 1964).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}
