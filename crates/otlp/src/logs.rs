//! Log records that say something about spans: messages of GenAI instrumentations, and evaluations. Any other record is of no
//! use here and is left aside.

use std::marker::PhantomData;

use domain::{
    time::TimeNs,
    trace::{Extent, Side, SpanMessage},
};

use crate::{
    Rejected, Warning,
    langfuse::ScoreDraft,
    limits,
    mapping::{evaluation, messages},
    raw::{Note, RawLog, value::Budget},
    report::Report,
};

/// What the log records of a request say, in the order sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DecodedLogs {
    /// Messages of spans.
    pub messages: Vec<SpanMessage>,
    /// Evaluations.
    pub scores: Vec<ScoreDraft>,
    /// Records of no use here.
    pub left_aside: usize,
    /// Records that say something and cannot be read, each with its reason.
    pub rejected: Vec<Rejected>,
    /// Parts of used records that were lost or changed; at most [`limits::WARNINGS`] are listed.
    pub warnings: Vec<Warning>,
    /// How many warnings there were, listed or not.
    pub warning_count: usize,
}

impl DecodedLogs {
    /// What OTLP calls the error message of a partial success; `None` when all went well.
    pub fn error_message(&self) -> Option<String> {
        crate::decoded::error_message(&self.rejected, &self.warnings, self.warning_count)
    }
}

/// Where the readers of both encodings deliver log records.
pub(crate) struct LogIntake<'a> {
    budget: Budget,
    report: Report,
    decoded: DecodedLogs,
    body: PhantomData<&'a ()>,
}

impl<'a> LogIntake<'a> {
    pub(crate) fn new(body_bytes: usize) -> Self {
        Self {
            budget: Budget::new(limits::values(body_bytes)),
            report: Report::new("record"),
            decoded: DecodedLogs::default(),
            body: PhantomData,
        }
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Takes what a record says, or says why it cannot.
    pub(crate) fn log(&mut self, mut log: RawLog<'a>) {
        let at = log.attributes.iter().position(|attribute| attribute.key == "event.name");
        if let Some(at) = at {
            let name = log.attributes.remove(at).value.into_value();
            if log.event.is_empty() {
                log.event = name.as_str().unwrap_or_default().to_owned().into();
            }
        }
        if log.event != evaluation::EVENT && !messages::is_message(&log.event) {
            self.decoded.left_aside += 1;
            self.report.left_aside();
            return;
        }
        let ids = log.ids();
        match self.take(log) {
            Ok(notes) => self.report.used(notes),
            Err(reason) => self.report.rejected(ids, reason),
        }
    }

    fn take(&mut self, log: RawLog<'a>) -> Result<Vec<Note>, String> {
        let of = |what: &str| format!("it says something about a span and names none: {what}");
        let trace_id = log.trace_id.map_err(|invalid| of(&invalid.to_string()))?;
        let span_id = log.span_id.map_err(|invalid| of(&invalid.to_string()))?;
        let at_ns = i64::try_from(log.at_ns).map(TimeNs).map_err(|_| {
            format!("its time `{}` lies beyond the year 2262; times are nanoseconds since 1970", log.at_ns)
        })?;
        if log.event == evaluation::EVENT {
            let at = (at_ns.0 > 0).then_some(at_ns);
            self.decoded.scores.push(evaluation::score(&log.attributes, trace_id, span_id, at)?);
        } else {
            let place = u32::try_from(self.report.place()).unwrap_or(u32::MAX);
            let said = messages::from_log(&log.event, log.body, log.attributes, &self.budget);
            let message = |(side, extent, content): (Side, Extent, serde_json::Value)| SpanMessage {
                trace_id,
                span_id,
                at_ns,
                place,
                side,
                extent,
                content,
            };
            self.decoded.messages.extend(said.into_iter().map(message));
        }
        Ok(log.notes.into_vec())
    }

    /// Rejects a record that could not be read to its end.
    pub(crate) fn damaged(&mut self, log: &RawLog<'a>, reason: String) {
        self.report.rejected(log.ids(), reason);
    }

    /// Adds a warning about the request as a whole.
    pub(crate) fn warn(&mut self, reason: String) {
        self.report.warn(reason);
    }

    pub(crate) fn finish(self) -> DecodedLogs {
        let Report { rejected, warnings, warning_count, .. } = self.report;
        DecodedLogs { rejected, warnings, warning_count, ..self.decoded }
    }
}
