//! GrowthBook's hash, version 2: from a seed and a unit to one of 10,000 buckets.
//!
//! `bucket = fnv(decimal(fnv(seed + unit))) mod 10000`, where `fnv` is FNV-1a with 32 bits over *UTF-16 code units*
//! (each unit XORed whole, not byte by byte), as the JavaScript client reads strings. Every door and every client
//! library gives one unit one arm because all of them compute exactly this.
//!
//! Hashing twice is what makes two experiments independent. Version 1 (`fnv(unit + seed) mod 1000`) leaves the arms of
//! different experiments dependent and is not offered.
//!
//! **Frozen**: a live experiment's units must keep their arms, so golden vectors pin every bucket.

use serde::{Deserialize, Serialize};

/// How many buckets there are.
pub const BUCKETS: u16 = 10_000;

const OFFSET_BASIS: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// A unit's place in an experiment, from 0 to 9,999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Bucket(u16);

impl Bucket {
    /// The bucket with this number, if there is one.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number < BUCKETS { Some(Self(number)) } else { None }
    }

    /// The number, 0 to 9,999.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The number divided by 10,000: what GrowthBook calls n.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / f64::from(BUCKETS)
    }
}

impl TryFrom<u16> for Bucket {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        Self::new(number).ok_or_else(|| format!("bucket `{number}` is out of range; buckets run from 0 to 9999"))
    }
}

impl From<Bucket> for u16 {
    fn from(bucket: Bucket) -> Self {
        bucket.0
    }
}

/// FNV-1a with 32 bits over 16-bit units.
///
/// For units below 256 this is the ordinary byte-wise FNV-1a.
#[must_use]
pub fn fnv1a_32(units: impl IntoIterator<Item = u16>) -> u32 {
    let [hash] = absorb([OFFSET_BASIS], units);
    hash
}

/// The bucket of a unit: see the [module](self). No allocation.
///
/// ```
/// use assign::hash::bucket;
///
/// assert_eq!(bucket("exp-1-seed", "user-42").number(), 5781);
/// ```
#[must_use]
pub fn bucket(seed: &str, unit: &str) -> Bucket {
    Seeded::new(seed).bucket(unit)
}

/// A seed, hashed once, so that a unit costs only its own length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeded {
    state: u32,
}

impl Seeded {
    /// The state after the seed.
    #[must_use]
    pub fn new(seed: &str) -> Self {
        let [state] = absorb_text([OFFSET_BASIS], seed);
        Self { state }
    }

    /// The bucket of a unit. No allocation.
    #[must_use]
    pub fn bucket(self, unit: &str) -> Bucket {
        let [bucket] = buckets([self], unit);
        bucket
    }
}

/// A unit's buckets under several seeds. No allocation.
///
/// A step of FNV-1a waits four cycles for the one before it. Steps of other seeds fit into the wait, so three buckets
/// take little longer than one.
#[must_use]
pub fn buckets<const N: usize>(seeds: [Seeded; N], unit: &str) -> [Bucket; N] {
    let once = absorb_text(seeds.map(|seed| seed.state), unit);
    hash_decimals(once).map(|twice| Bucket((twice % u32::from(BUCKETS)) as u16))
}

fn step(state: u32, unit: u32) -> u32 {
    (state ^ unit).wrapping_mul(PRIME)
}

fn absorb<const N: usize>(states: [u32; N], units: impl IntoIterator<Item = u16>) -> [u32; N] {
    units.into_iter().fold(states, |states, unit| states.map(|state| step(state, u32::from(unit))))
}

/// Unit ids are nearly always ASCII, whose bytes are its UTF-16 units.
fn absorb_text<const N: usize>(states: [u32; N], text: &str) -> [u32; N] {
    if text.is_ascii() { absorb(states, text.bytes().map(u16::from)) } else { absorb(states, text.encode_utf16()) }
}

/// FNV-1a over the decimal digits of each number, without leading zeros.
///
/// The digits come most significant first, as the hash wants them: all but the last are the integer parts of a
/// fixed-point number that starts as `number / 10⁹` and is multiplied by ten. Its constant `2⁵⁷ / 10⁸` is rounded up, by
/// less than 1; nine digits stay exact because `number / 10 · 10⁸ < 2⁵⁷`.
fn hash_decimals<const N: usize>(numbers: [u32; N]) -> [u32; N] {
    const POWERS: [u32; 9] = [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10];
    const ONE: u64 = 1 << 57;
    let mut states = [OFFSET_BASIS; N];
    let mut digits = numbers.map(|number| u64::from(number / 10) * ONE.div_ceil(100_000_000));
    for power in POWERS {
        for ((state, digits), number) in states.iter_mut().zip(&mut digits).zip(numbers) {
            if number >= power {
                *state = step(*state, u32::from(b'0') + (*digits / ONE) as u32);
            }
            *digits = *digits % ONE * 10;
        }
    }
    for (state, number) in states.iter_mut().zip(numbers) {
        *state = step(*state, u32::from(b'0') + number % 10);
    }
    states
}
