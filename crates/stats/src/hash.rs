//! MurmurHash3, and the unit hash h3 that groups and samples units.
//!
//! h3 serves what no client has to reproduce: the hashed unit groups of [`quantile`](crate::quantile), server-side
//! sampling, re-randomizing for A/A checks. Experiments are assigned by the hash of the crate `assign`.
//!
//! **Frozen**: groups are stored with the data they group. Golden tests pin the values (against `mmh3`).

/// How many unit groups an experiment's quantiles use (`STATS.md` §1.5).
pub const UNIT_GROUPS: usize = 256;

/// The separator between salt and unit, which keeps ("ab", "c") apart from ("a", "bc").
const SEPARATOR: u8 = 0x1f;

/// MurmurHash3, x64 variant, 128 bits (Appleby 2011, public domain; written from the description).
///
/// Returns the two halves, the low one first. Not a cryptographic hash.
#[must_use]
pub fn murmur3_x64_128(bytes: &[u8], seed: u32) -> [u64; 2] {
    let mut state = Murmur::new(seed);
    state.absorb(bytes);
    state.finish()
}

/// MurmurHash3, x86 variant, 32 bits: for comparing buckets with systems that use it.
#[must_use]
pub fn murmur3_x86_32(bytes: &[u8], seed: u32) -> u32 {
    let scramble = |word: u32| word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (words, tail) = bytes.as_chunks::<4>();
    let mut hash = seed;
    for word in words {
        hash = (hash ^ scramble(u32::from_le_bytes(*word))).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let last = tail.iter().rev().fold(0, |word, &byte| (word << 8) | u32::from(byte));
    hash ^= scramble(last);
    hash ^= bytes.len() as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// A unit's place in [0, 1) under a salt: 53 bits of MurmurHash3 x64-128 over `salt`, the byte 0x1F, and `unit`.
///
/// `STATS.md` §7.1: u = (low 64 bits >> 11)/2⁵³ with seed 0. Uniform, and independent between salts. No allocation.
///
/// ```
/// assert_ne!(stats::hash::h3("ab", "c"), stats::hash::h3("a", "bc"));
/// ```
#[must_use]
pub fn h3(salt: &str, unit: &str) -> f64 {
    // 2⁻⁵³, exact.
    (h3_bits(salt, unit) >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// A unit's group, 0 to 255, from the low bits that [`h3`] does not use.
///
/// Groups fold: `group % 64` is the group among 64, so a rollup can merge 256 groups into 64 without the units.
#[must_use]
pub fn unit_group(salt: &str, unit: &str) -> u8 {
    h3_bits(salt, unit) as u8
}

fn h3_bits(salt: &str, unit: &str) -> u64 {
    let mut state = Murmur::new(0);
    state.absorb(salt.as_bytes());
    state.absorb(&[SEPARATOR]);
    state.absorb(unit.as_bytes());
    let [low, _] = state.finish();
    low
}

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// MurmurHash3 x64-128, fed in parts.
struct Murmur {
    low: u64,
    high: u64,
    block: [u8; 16],
    filled: usize,
    length: u64,
}

impl Murmur {
    fn new(seed: u32) -> Self {
        Self { low: u64::from(seed), high: u64::from(seed), block: [0; 16], filled: 0, length: 0 }
    }

    fn absorb(&mut self, bytes: &[u8]) {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        let mut rest = bytes;
        while !rest.is_empty() {
            let free = &mut self.block[self.filled..];
            let taken = free.len().min(rest.len());
            let (now, later) = rest.split_at(taken);
            free[..taken].copy_from_slice(now);
            rest = later;
            self.filled += taken;
            if self.filled == self.block.len() {
                self.mix_block();
                self.filled = 0;
            }
        }
    }

    /// The block as two little-endian words.
    fn words(&self) -> (u64, u64) {
        let block = u128::from_le_bytes(self.block);
        (block as u64, (block >> 64) as u64)
    }

    fn mix_block(&mut self) {
        let (first, second) = self.words();
        self.low ^= scramble_low(first);
        self.low = self.low.rotate_left(27).wrapping_add(self.high).wrapping_mul(5).wrapping_add(0x52dc_e729);
        self.high ^= scramble_high(second);
        self.high = self.high.rotate_left(31).wrapping_add(self.low).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }

    fn finish(mut self) -> [u64; 2] {
        self.block[self.filled..].fill(0);
        let (first, second) = self.words();
        // A word of zeros scrambles to zero, so an absent tail changes nothing.
        self.low ^= scramble_low(first) ^ self.length;
        self.high ^= scramble_high(second) ^ self.length;
        self.low = self.low.wrapping_add(self.high);
        self.high = self.high.wrapping_add(self.low);
        self.low = avalanche(self.low);
        self.high = avalanche(self.high);
        self.low = self.low.wrapping_add(self.high);
        self.high = self.high.wrapping_add(self.low);
        [self.low, self.high]
    }
}

const fn scramble_low(word: u64) -> u64 {
    word.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

const fn scramble_high(word: u64) -> u64 {
    word.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

const fn avalanche(word: u64) -> u64 {
    let word = (word ^ (word >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let word = (word ^ (word >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}
