#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod decoded;
mod error;
mod intake;
pub mod langfuse;
pub mod limits;
mod mapping;
mod raw;
mod sender;

use std::borrow::Cow;

pub use decoded::{Decoded, Rejected, Warning};
pub use error::DecodeError;
pub use mapping::service_tier;
pub use sender::Sender;

use intake::Intake;

/// How a trace request is written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Encoding {
    /// `application/x-protobuf`: Python SDKs and most exporters.
    Protobuf,
    /// `application/json`: JavaScript SDKs.
    Json,
}

impl Encoding {
    /// From a `Content-Type`, whatever parameters follow it.
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or(content_type).trim();
        if essence.eq_ignore_ascii_case("application/x-protobuf")
            || essence.eq_ignore_ascii_case("application/protobuf")
        {
            return Some(Self::Protobuf);
        }
        essence.eq_ignore_ascii_case("application/json").then_some(Self::Json)
    }

    /// The `Content-Type` of the answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// Reads an `ExportTraceServiceRequest` (decompressed) into canonical spans.
///
/// A damaged span costs that span and a damaged attribute that attribute; both are named in the result.
///
/// # Errors
/// When what is around the spans is malformed or cut short, or there are more than [`limits::SPANS`]: then nothing
/// of the request is used.
pub fn decode_traces(body: &[u8], encoding: Encoding, sender: &Sender) -> Result<Decoded, DecodeError> {
    match encoding {
        Encoding::Protobuf => {
            let mut intake = Intake::new(sender, body.len());
            raw::protobuf::read(body, &mut intake)?;
            Ok(intake.finish())
        }
        Encoding::Json => {
            let sound = std::str::from_utf8(body);
            let text = sound.map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed);
            let mut intake = Intake::new(sender, body.len());
            if let Err(error) = sound {
                let at = error.valid_up_to();
                intake.warn(format!("the body is not UTF-8 from byte {at} on; what is invalid was replaced"));
            }
            raw::json::read(&text, &mut intake)?;
            Ok(intake.finish())
        }
    }
}
