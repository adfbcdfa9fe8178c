use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use store::control::Digest;

use crate::{Context, ServiceError};

/// A secret on its one way out: shown to whoever asked for it, never logged, never stored.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The text, for the cookie, link or page it is made for.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// 256 random bits as 43 characters of base64url, behind `prefix`.
pub(super) fn random_token(context: &Context, prefix: &str) -> Result<Secret, ServiceError> {
    let mut bytes = [0_u8; 32];
    context.random.fill(&mut bytes)?;
    Ok(Secret::from(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
}

/// What is stored of a secret.
pub(super) fn digest(secret: &str) -> Digest {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether two digests are equal, in a time that does not tell where they differ.
pub(super) fn same(left: &Digest, right: &Digest) -> bool {
    left.iter().zip(right).fold(0_u8, |different, (a, b)| different | (a ^ b)) == 0
}
