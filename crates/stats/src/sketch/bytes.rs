//! The byte format of a sketch.
//!
//! ```text
//! u8      version, 1
//! u8      bin width, 1 = (1.01/0.99)
//! varint  number of bins
//! then for each bin, in ascending order of keys:
//! varint  the first key, zigzag; afterwards the distance to the previous key, at least 1
//! varint  the count, at least 1
//! ```
//!
//! A varint holds seven bits a byte, lowest first, the top bit set on all but the last byte, without superfluous
//! zero groups. So there is exactly one encoding of a sketch, and equal sketches have equal bytes.

use super::{DdSketch, MAX_KEY, SketchError};

const VERSION: u8 = 1;
const GAMMA_ID: u8 = 1;

impl DdSketch {
    /// The sketch as bytes: versioned, canonical (equal sketches have equal bytes), about three bytes a bin.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 + 3 * self.bins().len());
        out.push(VERSION);
        out.push(GAMMA_ID);
        push_varint(&mut out, self.bins().len() as u64);
        let mut previous: Option<i16> = None;
        for &(bin, count) in self.bins() {
            match previous {
                None => push_varint(&mut out, zigzag(bin)),
                Some(last) => push_varint(&mut out, u64::from(bin.abs_diff(last))),
            }
            push_varint(&mut out, count);
            previous = Some(bin);
        }
        out
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. Any bytes are safe to pass; memory is bounded by their length.
    ///
    /// # Errors
    ///
    /// Every variant of [`SketchError`] that speaks of bytes, keys or counts; nothing but the canonical form is read.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SketchError> {
        let mut reader = Reader { rest: bytes };
        let version = reader.byte()?;
        if version != VERSION {
            return Err(SketchError::UnknownVersion { found: version });
        }
        let gamma = reader.byte()?;
        if gamma != GAMMA_ID {
            return Err(SketchError::UnknownGamma { found: gamma });
        }
        let length = reader.varint()?;
        // A bin takes two bytes or more, so a longer list cannot follow, and nothing is reserved for it.
        if length > (reader.rest.len() / 2) as u64 {
            return Err(SketchError::Truncated);
        }
        let mut bins: Vec<(i16, u64)> = Vec::with_capacity(length as usize);
        let mut total = 0_u64;
        for _ in 0..length {
            let bin = match bins.last() {
                None => in_range(unzigzag(reader.varint()?))?,
                Some(&(previous, _)) => {
                    let distance = reader.varint()?;
                    if distance == 0 {
                        return Err(SketchError::NotCanonical);
                    }
                    let distance = i64::try_from(distance).unwrap_or(i64::MAX);
                    in_range(i64::from(previous).saturating_add(distance))?
                }
            };
            let count = reader.varint()?;
            if count == 0 {
                return Err(SketchError::NotCanonical);
            }
            total = total.checked_add(count).ok_or(SketchError::CountOverflow)?;
            bins.push((bin, count));
        }
        if reader.rest.is_empty() { Ok(Self::from_sorted(bins, total)) } else { Err(SketchError::NotCanonical) }
    }
}

fn in_range(key: i64) -> Result<i16, SketchError> {
    i16::try_from(key).ok().filter(|key| (-MAX_KEY..=MAX_KEY).contains(key)).ok_or(SketchError::KeyOutOfRange { key })
}

/// 0, −1, 1, −2, … as 0, 1, 2, 3, …
fn zigzag(key: i16) -> u64 {
    let wide = i64::from(key);
    ((wide << 1) ^ (wide >> 63)) as u64
}

fn unzigzag(code: u64) -> i64 {
    ((code >> 1) as i64) ^ -((code & 1) as i64)
}

fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, SketchError> {
        let (&first, rest) = self.rest.split_first().ok_or(SketchError::Truncated)?;
        self.rest = rest;
        Ok(first)
    }

    fn varint(&mut self) -> Result<u64, SketchError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let group = u64::from(byte & 0x7f);
            if shift == 63 && group > 1 {
                return Err(SketchError::NotCanonical);
            }
            number |= group << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { Err(SketchError::NotCanonical) } else { Ok(number) };
            }
        }
        Err(SketchError::NotCanonical)
    }
}
