#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod decoded;
mod error;
mod intake;
pub mod langfuse;
pub mod limits;
mod logs;
mod mapping;
mod raw;
mod report;
mod sender;

use std::borrow::Cow;

pub use decoded::{Decoded, Rejected, Warning};
pub use error::DecodeError;
pub use logs::DecodedLogs;
pub use mapping::{NoLink, service_tier, why_unlinked};
pub use sender::Sender;

use intake::Intake;
use logs::LogIntake;

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
            let (text, note) = as_text(body);
            repairing(&text, note, |text, notes| {
                let mut intake = Intake::new(sender, body.len());
                for note in notes {
                    intake.warn(note);
                }
                raw::json::read(text, &mut intake)?;
                Ok(intake.finish())
            })
        }
    }
}

/// Reads an `ExportLogsServiceRequest` (decompressed) for what it says about spans: messages and evaluations.
///
/// A damaged record costs that record; other records are left aside and counted.
///
/// # Errors
/// When what is around the records is malformed or cut short, or there are more than [`limits::LOGS`]: then nothing of the
/// request is used.
pub fn decode_logs(body: &[u8], encoding: Encoding) -> Result<DecodedLogs, DecodeError> {
    let decoded = match encoding {
        Encoding::Protobuf => {
            let mut intake = LogIntake::new(body.len());
            raw::protobuf_logs::read(body, &mut intake).map(|()| intake.finish())
        }
        Encoding::Json => {
            let (text, note) = as_text(body);
            repairing(&text, note, |text, notes| {
                let mut intake = LogIntake::new(body.len());
                for note in notes {
                    intake.warn(note);
                }
                raw::json_logs::read(text, &mut intake)?;
                Ok(intake.finish())
            })
        }
    };
    decoded.map_err(DecodeError::of_logs)
}

/// Reads JSON, and where it is none for bare `NaN`s, reads it with them as the texts OTLP writes them as.
fn repairing<T>(
    text: &str,
    note: Option<String>,
    read: impl Fn(&str, Vec<String>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let notes: Vec<String> = note.into_iter().collect();
    match read(text, notes.clone()) {
        Err(error @ DecodeError::Json { .. }) => {
            let Some(repaired) = raw::bare_numbers(text, |quoted| quoted) else { return Err(error) };
            let told = "`NaN` and `Infinity` are not JSON; they were read as the texts OTLP writes them as";
            let notes = notes.into_iter().chain([told.to_owned()]).collect();
            // What else is wrong is told as it stands in what was sent.
            read(&repaired, notes).map_err(|_| error)
        }
        other => other,
    }
}

/// The body as text, and what to tell when it is not quite one.
fn as_text(body: &[u8]) -> (Cow<'_, str>, Option<String>) {
    match std::str::from_utf8(body) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(error) => {
            let at = error.valid_up_to();
            let note = format!("the body is not UTF-8 from byte {at} on; what is invalid was replaced");
            (String::from_utf8_lossy(body), Some(note))
        }
    }
}
