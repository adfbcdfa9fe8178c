use domain::ids::{SpanId, TraceId};

use crate::{Rejected, Warning, limits, raw::Note};

/// What was lost or changed of a request, and how far into it the reader is.
#[derive(Debug)]
pub(crate) struct Report {
    /// What the request is made of: `span`, or `record`.
    what: &'static str,
    /// The place of the next one.
    next: usize,
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) warning_count: usize,
}

impl Report {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, next: 0, rejected: Vec::new(), warnings: Vec::new(), warning_count: 0 }
    }

    /// The place of the span or record at hand.
    pub(crate) fn place(&self) -> usize {
        self.next
    }

    /// The one at hand is used; what was lost or changed of it is noted.
    pub(crate) fn used(&mut self, notes: Vec<Note>) {
        self.note(Some(self.next), notes);
        self.next += 1;
    }

    /// The one at hand is of no use here, which is no fault.
    pub(crate) fn left_aside(&mut self) {
        self.next += 1;
    }

    /// The one at hand is lost.
    pub(crate) fn rejected(&mut self, (trace_id, span_id): (Option<TraceId>, Option<SpanId>), reason: String) {
        self.rejected.push(Rejected { what: self.what, index: self.next, trace_id, span_id, reason });
        self.next += 1;
    }

    /// Something about the request around them was lost or changed.
    pub(crate) fn around(&mut self, notes: Vec<Note>) {
        self.note(None, notes);
    }

    /// The same in one sentence.
    pub(crate) fn warn(&mut self, reason: String) {
        self.around(vec![Note { attribute: None, reason }]);
    }

    fn note(&mut self, index: Option<usize>, notes: Vec<Note>) {
        self.warning_count += notes.len();
        let room = limits::WARNINGS.saturating_sub(self.warnings.len());
        let warnings = notes.into_iter().map(|note| Warning {
            what: self.what,
            index,
            attribute: note.attribute,
            reason: note.reason,
        });
        self.warnings.extend(warnings.take(room));
    }
}
