//! Where the readers of both encodings deliver: keeps the place in the request and maps each span as it comes, so that
//! only one is ever held unmapped.

use std::marker::PhantomData;

use crate::{
    Decoded, Rejected, Sender, Warning, limits,
    mapping::{Context, Mapped, Resource},
    raw::{Attribute, Note, Notes, RawScope, RawSpan, value::Budget},
};

/// Takes spans in, in the order of the request.
pub(crate) struct Intake<'s, 'a> {
    sender: &'s Sender,
    budget: Budget,
    resource: Resource,
    context: Context,
    next: usize,
    decoded: Decoded,
    body: PhantomData<&'a ()>,
}

impl<'s, 'a> Intake<'s, 'a> {
    pub(crate) fn new(sender: &'s Sender, body_bytes: usize) -> Self {
        Self {
            sender,
            budget: Budget::new(limits::values(body_bytes)),
            resource: Resource::default(),
            context: Context::default(),
            next: 0,
            decoded: Decoded::default(),
            body: PhantomData,
        }
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// From here on spans come from this resource.
    pub(crate) fn resource(&mut self, attributes: Vec<Attribute<'a>>, notes: Notes) {
        self.resource = Resource::new(attributes);
        self.context = Context::default();
        self.warn_all(None, notes.into_vec());
    }

    /// From here on spans come from this instrumentation.
    pub(crate) fn scope(&mut self, scope: &RawScope<'a>) {
        self.context = Context::new(&self.resource, scope, self.sender);
    }

    /// Maps a span, or rejects it when it lacks what a span cannot be without.
    pub(crate) fn span(&mut self, span: RawSpan<'a>) {
        let ids = (span.trace_id.as_ref().ok().copied(), span.span_id.as_ref().ok().copied());
        match self.context.map(span, &self.budget) {
            Ok(Mapped { span, scores, notes }) => {
                self.decoded.spans.push(span);
                self.decoded.scores.extend(scores);
                self.warn_all(Some(self.next), notes);
            }
            Err(reason) => {
                self.decoded.rejected.push(Rejected {
                    what: "span",
                    index: self.next,
                    trace_id: ids.0,
                    span_id: ids.1,
                    reason,
                });
            }
        }
        self.next += 1;
    }

    /// Rejects a span that could not be read to its end.
    pub(crate) fn damaged(&mut self, span: &RawSpan<'a>, reason: String) {
        self.decoded.rejected.push(Rejected {
            what: "span",
            index: self.next,
            trace_id: span.trace_id.as_ref().ok().copied(),
            span_id: span.span_id.as_ref().ok().copied(),
            reason,
        });
        self.next += 1;
    }

    /// Adds a warning about the request as a whole.
    pub(crate) fn warn(&mut self, reason: String) {
        self.warn_all(None, vec![Note { attribute: None, reason }]);
    }

    fn warn_all(&mut self, index: Option<usize>, notes: Vec<Note>) {
        self.decoded.warning_count += notes.len();
        let room = limits::WARNINGS.saturating_sub(self.decoded.warnings.len());
        let warnings = notes.into_iter().map(|note| Warning {
            what: "span",
            index,
            attribute: note.attribute,
            reason: note.reason,
        });
        self.decoded.warnings.extend(warnings.take(room));
    }

    pub(crate) fn finish(self) -> Decoded {
        self.decoded
    }
}
