//! Pictures, sounds and documents beside spans: named by their content, so that the same bytes are stored once.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Invalid, invalid::shown, time::TimeUs};

/// The id the SDKs give a piece of media: the first 22 characters of the URL-safe base64 of its SHA-256.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct MediaId(String);

impl MediaId {
    /// Characters of an id.
    pub const LENGTH: usize = 22;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MediaId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.len() != Self::LENGTH || !text.bytes().all(known) {
            return Err(Invalid::new(format!(
                "`{}` is not a media id; it has {} letters, digits, `-` and `_`",
                shown(text),
                Self::LENGTH
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a piece of media is, such as `image/png`: lower case, without parameters.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaType(String);

impl MediaType {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a browser shows it without running anything in it. All else is offered as a file.
    pub fn is_passive(&self) -> bool {
        const TYPES: [&str; 9] = [
            "image/png",
            "image/jpeg",
            "image/jpg",
            "image/webp",
            "image/gif",
            "image/bmp",
            "image/tiff",
            "image/avif",
            "text/plain",
        ];
        TYPES.contains(&self.as_str()) || self.0.starts_with("audio/") || self.0.starts_with("video/")
    }
}

impl FromStr for MediaType {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let word = |part: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_');
            !part.is_empty() && part.bytes().all(known)
        };
        match essence.split_once('/') {
            Some((kind, subtype)) if essence.len() <= 100 && word(kind) && word(subtype) => Ok(Self(essence)),
            _ => Err(Invalid::new(format!("`{}` is not a content type, such as `image/png`", shown(text)))),
        }
    }
}

/// What is known of a piece of media.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Media {
    /// Its id.
    pub id: MediaId,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// What it is, as whoever announced it first said.
    pub content_type: MediaType,
    /// How many bytes it has.
    pub length: u64,
    /// When it was announced.
    pub created_us: TimeUs,
    /// When its bytes came; none while they have not.
    pub uploaded_us: Option<TimeUs>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_types_are_told_from_anything_else() {
        assert!("ABCDEFGHIJKLMNOPQRSTU-".parse::<MediaId>().is_ok());
        for wrong in ["", "short", "ABCDEFGHIJKLMNOPQRSTU/", "../../../../etc/passwd", &"A".repeat(23)] {
            assert!(wrong.parse::<MediaId>().is_err(), "{wrong}");
        }
        let png: MediaType = "Image/PNG; q=1".parse().unwrap();
        assert_eq!((png.as_str(), png.is_passive()), ("image/png", true));
        for active in ["image/svg+xml", "text/html", "application/pdf", "application/xhtml+xml", "text/xml"] {
            assert!(!active.parse::<MediaType>().unwrap().is_passive(), "{active}");
        }
        for wrong in ["", "png", "image/", "/png", "image/p ng", "image/png\r\nx: y"] {
            assert!(wrong.parse::<MediaType>().is_err(), "{wrong:?}");
        }
    }
}
