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
    absorb(OFFSET_BASIS, units)
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
        Self { state: absorb_text(OFFSET_BASIS, seed) }
    }

    /// The bucket of a unit. No allocation.
    #[must_use]
    pub fn bucket(self, unit: &str) -> Bucket {
        let again = absorb_decimal(absorb_text(self.state, unit));
        Bucket((again % u32::from(BUCKETS)) as u16)
    }
}

fn absorb(state: u32, units: impl IntoIterator<Item = u16>) -> u32 {
    units.into_iter().fold(state, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(PRIME))
}

/// Unit ids are nearly always ASCII, whose bytes are its UTF-16 units.
fn absorb_text(state: u32, text: &str) -> u32 {
    if text.is_ascii() { absorb(state, text.bytes().map(u16::from)) } else { absorb(state, text.encode_utf16()) }
}

/// FNV-1a over the decimal digits of a number, without leading zeros.
fn absorb_decimal(number: u32) -> u32 {
    let mut digits = [0_u8; 10];
    let mut rest = number;
    let mut length = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + (rest % 10) as u8;
        rest /= 10;
        length += 1;
        if rest == 0 {
            break;
        }
    }
    absorb(OFFSET_BASIS, digits.iter().skip(digits.len() - length).copied().map(u16::from))
}
