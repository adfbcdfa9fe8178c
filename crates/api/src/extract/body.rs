use axum::{
    body::{Body, HttpBody as _},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use domain::{Problem, problem::ProblemCode};
use http_body_util::BodyExt as _;
use services::ingest::{Ingest, Permit};

use super::inflate::{Coding, Inflater, too_large};
use crate::refusal::Failure;

/// Compressed input is fed in pieces this small, so that no piece inflates to more than a few megabytes at once.
const PIECE: usize = 4 * 1024;
/// After this much output other tasks get a turn.
const TURN: usize = 1024 * 1024;
/// Most room made for a body on the word of its sender: as large as batches get as a rule.
const FORESEEN: u64 = 4 * 1024 * 1024;
/// The budget of all requests together is drawn in steps of this size.
const STEP: usize = 256 * 1024;

/// The format of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Json,
    Protobuf,
}

impl Kind {
    /// From `Content-Type`, whose parameters (`charset`) are ignored.
    pub(crate) fn of(headers: &HeaderMap, known: &[Self]) -> Result<Self, Failure> {
        let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let kind = match essence.as_str() {
            "application/json" => Some(Self::Json),
            "application/x-protobuf" | "application/protobuf" => Some(Self::Protobuf),
            _ => None,
        };
        kind.filter(|kind| known.contains(kind)).ok_or_else(|| {
            let known: Vec<String> = known.iter().map(|kind| format!("`{}`", kind.content_type())).collect();
            let shown: String = essence.chars().take(60).collect();
            let what = if shown.is_empty() {
                "The request has no content type".to_owned()
            } else {
                format!("The content type `{shown}` cannot be read here")
            };
            Problem::new(ProblemCode::UnsupportedMediaType, format!("{what}; send {}.", known.join(" or "))).into()
        })
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/x-protobuf",
        }
    }
}

/// A body in memory, and its share of the budget all requests have together, given back when dropped.
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    pub(crate) share: Share,
}

/// A share of that budget.
pub(crate) struct Share {
    _permits: Vec<Permit>,
}

/// Reads a body of at most `limit` decompressed bytes. With a `budget`, memory is drawn from it as the body grows.
pub(crate) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    budget: Option<&Ingest>,
) -> Result<Held, Failure> {
    let coding = Coding::of(headers)?;
    let mut inflater = Inflater::new(coding, limit);
    let mut permits = Vec::new();
    let mut turn = 0;
    while let Some(frame) = body.frame().await {
        // The client went away or broke its own framing: nobody is left to be told much.
        let frame = frame.map_err(|_| Problem::new(ProblemCode::Invalid, "The body ended before it was complete."))?;
        let Ok(data) = frame.into_data() else { continue };
        if coding == Coding::Identity && inflater.len() + data.len() > limit {
            return Err(too_large(limit).into());
        }
        // Once something came; what is still to come is known where its length was said.
        if inflater.len() == 0 {
            let more = body.size_hint().lower().min(FORESEEN) as usize;
            inflater.expect(data.len().saturating_add(more).min(limit));
        }
        for piece in data.chunks(PIECE) {
            inflater.take(piece)?;
            let length = inflater.len();
            if let Some(budget) = budget {
                while permits.len() * STEP < length {
                    permits.push(budget.reserve(STEP)?);
                }
            }
            if length - turn > TURN {
                turn = length;
                tokio::task::yield_now().await;
            }
        }
    }
    Ok(Held { bytes: inflater.finish()?, share: Share { _permits: permits } })
}
