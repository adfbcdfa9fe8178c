//! The one encoding: [postcard](https://docs.rs/postcard), which has no field names. Types that travel must therefore be
//! plain: no `flatten`, no `untagged` or tagged enums, nothing skipped.

use std::{convert::Infallible, fmt, sync::Arc};

use leptos::server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType, Http,
    codec::{GetUrl, Post, PostUrl},
    error::FromServerFnError,
};
use leptos::{
    prelude::Resource,
    server::codee::{Decoder, Encoder},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::AppError;

/// Carries the folder of the build an answer was written by. Without field names a page could misread what another build
/// wrote, and not notice.
pub const BUILD_HEADER: &str = "x-assay-build";

/// How answers and refusals are written.
pub struct Wire;

/// Protocol of a server function that reads: arguments in the address, so that it can be asked again.
pub type Question = Http<GetUrl, Post<Wire>>;

/// Protocol of a server function that changes something: arguments as a form sends them, so that forms work without script.
pub type Command = Http<PostUrl, Post<Wire>>;

impl ContentType for Wire {
    const CONTENT_TYPE: &'static str = "application/x-postcard";
}

impl FormatType for Wire {
    const FORMAT_TYPE: Format = Format::Binary;
}

impl<T: Serialize> Encodes<T> for Wire {
    type Error = postcard::Error;

    fn encode(value: &T) -> Result<Bytes, postcard::Error> {
        postcard::to_allocvec(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for Wire {
    type Error = postcard::Error;

    fn decode(bytes: Bytes) -> Result<T, postcard::Error> {
        postcard::from_bytes(&bytes)
    }
}

/// What a server function answered, still encoded: of one type whatever was asked, so that everything between the network and
/// the page's own code exists once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// Nothing was asked.
    Nothing,
    /// The encoded value.
    Value(Arc<[u8]>),
    /// Why there is none.
    Refused(AppError),
}

impl Answer {
    /// Of what a server function gave.
    #[cfg(feature = "ssr")]
    pub fn of<T: Serialize>(given: Result<T, AppError>) -> Self {
        let broken =
            |cause: postcard::Error| crate::context::refusal(services::ServiceError::Internal(Box::new(cause)));
        match given.and_then(|value| postcard::to_allocvec(&value).map_err(broken)) {
            Ok(bytes) => Self::Value(bytes.into()),
            Err(error) => Self::Refused(error),
        }
    }

    /// The value; `None` when nothing was asked.
    pub fn read<T: DeserializeOwned>(&self) -> Option<Result<T, AppError>> {
        match self {
            Self::Nothing => None,
            Self::Value(bytes) => Some(postcard::from_bytes(bytes).map_err(|_| AppError::unreadable())),
            Self::Refused(error) => Some(Err(error.clone())),
        }
    }
}

/// Writes an [`Answer`] into the page for the browser to take over: one letter for its kind, then its bytes.
pub struct InPage;

/// The resource behind everything a page asks.
pub type AnswerResource = Resource<Answer, InPage>;

impl Encoder<Answer> for InPage {
    type Error = Infallible;
    type Encoded = String;

    fn encode(answer: &Answer) -> Result<String, Infallible> {
        Ok(match answer {
            Answer::Nothing => "n".to_owned(),
            Answer::Value(bytes) => to_text('v', bytes),
            Answer::Refused(error) => to_text('r', &error.ser()),
        })
    }
}

impl Decoder<Answer> for InPage {
    type Error = Damaged;
    type Encoded = str;

    fn decode(text: &str) -> Result<Answer, Damaged> {
        let mut letters = text.chars();
        let kind = letters.next();
        let bytes: Vec<u8> = letters.map(to_byte).collect();
        match kind {
            Some('n') => Ok(Answer::Nothing),
            Some('v') => Ok(Answer::Value(bytes.into())),
            Some('r') => Ok(Answer::Refused(AppError::de(bytes.into()))),
            _ => Err(Damaged),
        }
    }
}

/// The data in the page is not what this build writes.
#[derive(Debug)]
pub struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the data in the page is not what this build writes")
    }
}

impl std::error::Error for Damaged {}

/// One character a byte: printable ASCII as itself, so that texts stay readable and compress with the markup that shows them,
/// everything else as a letter from U+0100 on. None of them needs an escape in a script.
fn to_text(kind: char, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 4 + 1);
    text.push(kind);
    for byte in bytes {
        text.push(match byte {
            b'"' | b'\\' | b'<' => char::from_u32(0x100 + u32::from(*byte)).unwrap_or_default(),
            b' '..=b'~' => char::from(*byte),
            _ => char::from_u32(0x100 + u32::from(*byte)).unwrap_or_default(),
        });
    }
    text
}

fn to_byte(letter: char) -> u8 {
    (u32::from(letter) & 0xff) as u8
}

#[cfg(test)]
mod tests {
    use domain::{Problem, problem::ProblemCode};

    use super::*;

    #[test]
    fn every_byte_goes_through_the_page_without_an_escape() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = InPage::encode(&Answer::Value(bytes.clone().into())).unwrap();
        assert_eq!(InPage::decode(&text).unwrap(), Answer::Value(bytes.into()));
        assert_eq!(format!("{text:?}"), format!("\"{text}\""), "a script can hold it as it is");
        assert!(!text.contains('<'));
    }

    #[test]
    fn refusals_and_nothing_read_back() {
        let mut problem = Problem::new(ProblemCode::Conflict, "taken");
        problem.retry_after_s = Some(3);
        for answer in [Answer::Nothing, Answer::Refused(AppError(problem))] {
            assert_eq!(InPage::decode(&InPage::encode(&answer).unwrap()).unwrap(), answer);
        }
        assert!(InPage::decode("").is_err());
    }

    #[test]
    fn what_another_build_wrote_is_refused() {
        let answer = Answer::Value([9, b'c', b'u', b't'].as_slice().into());
        assert!(matches!(answer.read::<String>(), Some(Err(_))));
    }
}
