//! Where the readers of both encodings deliver: keeps the place in the request and maps each span as it comes, so that
//! only one is ever held unmapped.

use std::marker::PhantomData;

use crate::{
    Decoded, Sender, limits,
    mapping::{Context, Mapped, Resource},
    raw::{Attribute, Notes, RawScope, RawSpan, value::Budget},
    report::Report,
};

/// Takes spans in, in the order of the request.
pub(crate) struct Intake<'s, 'a> {
    sender: &'s Sender,
    budget: Budget,
    resource: Resource,
    context: Context,
    report: Report,
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
            report: Report::new("span"),
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
        self.report.around(notes.into_vec());
    }

    /// From here on spans come from this instrumentation.
    pub(crate) fn scope(&mut self, scope: &RawScope<'a>) {
        self.context = Context::new(&self.resource, scope, self.sender);
    }

    /// Maps a span, or rejects it when it lacks what a span cannot be without.
    pub(crate) fn span(&mut self, span: RawSpan<'a>) {
        let ids = span.ids();
        match self.context.map(span, &self.budget) {
            Ok(Mapped { span, scores, notes }) => {
                self.decoded.spans.push(span);
                self.decoded.scores.extend(scores);
                self.report.used(notes);
            }
            Err(reason) => self.report.rejected(ids, reason),
        }
    }

    /// Rejects a span that could not be read to its end.
    pub(crate) fn damaged(&mut self, span: &RawSpan<'a>, reason: String) {
        self.report.rejected(span.ids(), reason);
    }

    /// Adds a warning about the request as a whole.
    pub(crate) fn warn(&mut self, reason: String) {
        self.report.warn(reason);
    }

    pub(crate) fn finish(self) -> Decoded {
        let Report { rejected, warnings, warning_count, .. } = self.report;
        Decoded { rejected, warnings, warning_count, ..self.decoded }
    }
}
