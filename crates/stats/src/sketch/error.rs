//! Why a sketch refuses an operation.

use core::fmt;

/// Why a sketch could not be changed or read. The sketch is unchanged whenever one of these is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SketchError {
    /// The value is infinite or not a number, so it has no bin.
    NotFinite,
    /// A removal asked for more than is there: the value was never added, or was removed already.
    NotPresent {
        /// The bin that holds too little.
        key: i16,
    },
    /// The total count would exceed `u64::MAX`.
    CountOverflow,
    /// The key lies outside `-MAX_KEY..=MAX_KEY`.
    KeyOutOfRange {
        /// The offending key.
        key: i64,
    },
    /// The bytes end in the middle of a field.
    Truncated,
    /// The format version is not one this crate reads.
    UnknownVersion {
        /// The version byte found.
        found: u8,
    },
    /// The bin width is not one this crate reads.
    UnknownGamma {
        /// The id found.
        found: u8,
    },
    /// The bytes decode, but not as [`to_bytes`](super::DdSketch::to_bytes) would have written them: keys out of
    /// order, a zero count, an overlong integer, or bytes left over.
    NotCanonical,
}

impl fmt::Display for SketchError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite => out.write_str("the value is not a finite number"),
            Self::NotPresent { key } => write!(out, "bin `{key}` holds less than is to be removed"),
            Self::CountOverflow => out.write_str("the count exceeds 64 bits"),
            Self::KeyOutOfRange { key } => {
                write!(out, "bin `{key}` is out of range; keys run from -{max} to {max}", max = super::MAX_KEY)
            }
            Self::Truncated => out.write_str("the sketch ends early"),
            Self::UnknownVersion { found } => write!(out, "unknown sketch version `{found}`; known versions: `1`"),
            Self::UnknownGamma { found } => write!(out, "unknown bin width `{found}`; known widths: `1` (1.01/0.99)"),
            Self::NotCanonical => out.write_str("the sketch is not in canonical form"),
        }
    }
}

impl core::error::Error for SketchError {}
