use std::fmt::{self, Write as _};

use domain::{
    ids::{SpanId, TraceId},
    trace::Span,
};

use crate::langfuse::ScoreDraft;

/// Every span of a request that could be read, in the order sent, and what could not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// Canonical spans.
    pub spans: Vec<Span>,
    /// Spans that are lost, each with its reason.
    pub rejected: Vec<Rejected>,
    /// Parts of stored spans that are lost or were changed; at most [`crate::limits::WARNINGS`] are listed.
    pub warnings: Vec<Warning>,
    /// How many warnings there were, listed or not.
    pub warning_count: usize,
    /// Evaluations that came as events of spans.
    pub scores: Vec<ScoreDraft>,
}

/// A span that could not be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rejected {
    /// What it is: `span`, or `record` of a log.
    pub what: &'static str,
    /// Its place in the request, from 0.
    pub index: usize,
    /// Its trace, when that much was readable.
    pub trace_id: Option<TraceId>,
    /// Its id, likewise.
    pub span_id: Option<SpanId>,
    /// Why: lower case, with what would be right.
    pub reason: String,
}

/// Something about a stored span that was lost or changed on the way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Warning {
    /// What it is about: `span`, or `record` of a log.
    pub what: &'static str,
    /// Its place in the request; `None` for what is around the spans or records.
    pub index: Option<usize>,
    /// The attribute or field, when one is to blame.
    pub attribute: Option<String>,
    /// What happened: lower case.
    pub reason: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.index)?;
        if let (Some(trace), Some(span)) = (self.trace_id, self.span_id) {
            write!(f, " (`{trace}` / `{span}`)")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "{} {index}", self.what)?,
            None => f.write_str("request")?,
        }
        if let Some(attribute) = &self.attribute {
            write!(f, ", `{attribute}`")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl Decoded {
    /// What OTLP calls the error message of a partial success: the rejected spans, then the warnings, the first ten of
    /// them in words. `None` when all went well.
    pub fn error_message(&self) -> Option<String> {
        error_message(&self.rejected, &self.warnings, self.warning_count)
    }
}

/// Lines of a partial-success message; exporters log it, so it stays short.
const LISTED: usize = 10;

pub(crate) fn error_message(rejected: &[Rejected], warnings: &[Warning], warning_count: usize) -> Option<String> {
    let total = rejected.len() + warning_count;
    if total == 0 {
        return None;
    }
    let lines = rejected.iter().map(ToString::to_string).chain(warnings.iter().map(ToString::to_string));
    let mut message = lines.take(LISTED).collect::<Vec<_>>().join("; ");
    if total > LISTED {
        // Writing to a `String` cannot fail.
        let _ = write!(message, "; and {} more", total - LISTED);
    }
    Some(message)
}
