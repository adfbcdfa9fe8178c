//! A batch made ready for the writer: packed and compressed by the caller, so that the writer only writes.

use domain::{
    experiment::Exposure,
    ids::ProjectId,
    score::{Score, ScoreSource, ScoreTarget, ScoreValue},
    time::TimeUs,
    trace::SpanVersion,
};
use store::{
    StoreError,
    event::{EventBatch, ScoreRecord, ScoreWrite, SpanWrite},
};

use super::{
    codec::{Packer, Unpacker},
    outcome::{self, PreparedOutcome},
    payload::Press,
    record,
};

const SCORE_FORMAT: u8 = 1;

/// A batch in the form it is stored.
pub(super) struct Prepared {
    pub(super) project: ProjectId,
    pub(super) received_us: i64,
    pub(super) spans: Vec<PreparedSpan>,
    pub(super) scores: Vec<PreparedScore>,
    pub(super) outcomes: Vec<PreparedOutcome>,
    pub(super) exposures: Vec<Exposure>,
    pub(super) segmented_by: Option<String>,
}

impl Prepared {
    /// How many events are in it.
    pub(super) fn events(&self) -> usize {
        self.spans.len() + self.scores.len() + self.outcomes.len() + self.exposures.len()
    }
}

pub(super) struct PreparedSpan {
    pub(super) trace_id: [u8; 16],
    pub(super) span: u64,
    pub(super) start_ns: i64,
    pub(super) version: SpanVersion,
    pub(super) data: Vec<u8>,
    pub(super) payload: Vec<u8>,
}

pub(super) struct PreparedScore {
    pub(super) id: String,
    pub(super) trace_id: Option<[u8; 16]>,
    pub(super) span: Option<u64>,
    pub(super) session_id: Option<String>,
    pub(super) version: (i64, u64),
    pub(super) data: Vec<u8>,
}

/// Bytes of payload up to which a batch is prepared at once; above, on a thread that may block.
pub(super) const AT_ONCE: usize = 16 << 10;

/// Bytes of payload in a batch.
pub(super) fn weight(batch: &EventBatch) -> usize {
    batch.spans.iter().map(|span| span.payload.len()).sum()
}

pub(super) fn prepare(batch: EventBatch) -> Result<Prepared, StoreError> {
    let received = batch.received_us;
    let mut press = Press::new();
    let spans = batch.spans.into_iter().map(|span| prepare_span(&span, received, &mut press)).collect();
    let scores =
        batch.scores.iter().map(|score| prepare_score(score, received)).collect::<Result<Vec<_>, StoreError>>()?;
    let outcomes =
        batch.outcomes.iter().map(|event| outcome::prepare(event, received)).collect::<Result<Vec<_>, StoreError>>()?;
    let exposures = batch.exposures;
    let segmented_by = batch.segmented_by.map(|attribute| attribute.to_string());
    Ok(Prepared { project: batch.project, received_us: received.0, spans, scores, outcomes, exposures, segmented_by })
}

fn prepare_span(span: &SpanWrite, received: TimeUs, press: &mut Press) -> PreparedSpan {
    PreparedSpan {
        trace_id: *span.row.trace_id.as_bytes(),
        span: record::span_number(span.row.span_id),
        start_ns: span.row.start_ns.0,
        version: span.version,
        data: record::pack(&span.row, span.version, received),
        payload: press.pack(&span.payload),
    }
}

fn prepare_score(write: &ScoreWrite, received: TimeUs) -> Result<PreparedScore, StoreError> {
    let version = write.version().map_err(StoreError::backend)?;
    let score = &write.score;
    let (trace_id, span, session_id) = match &score.target {
        ScoreTarget::Observation { trace, span } => (Some(*trace.as_bytes()), Some(record::span_number(*span)), None),
        ScoreTarget::Trace { trace } => (Some(*trace.as_bytes()), None, None),
        ScoreTarget::Session { session } => (None, None, Some(session.clone())),
    };
    let data = pack_score(write, version, received)?;
    Ok(PreparedScore { id: score.id.as_str().to_owned(), trace_id, span, session_id, version, data })
}

/// Score, format 1: times of receipt (first, then of this content), version, then the content. Texts of the target are in it
/// too, so that a score can be read from its record alone.
pub(super) fn pack_score(write: &ScoreWrite, version: (i64, u64), received: TimeUs) -> Result<Vec<u8>, StoreError> {
    let score = &write.score;
    let mut packer = Packer::new(SCORE_FORMAT);
    packer.fixed(received.0 as u64);
    packer.fixed(received.0 as u64);
    packer.integer(version.0);
    packer.fixed(version.1);
    packer.text(score.id.as_str());
    packer.text(score.name.as_str());
    match &score.value {
        ScoreValue::Numeric(number) => {
            packer.byte(0);
            packer.fixed(number.to_bits());
        }
        ScoreValue::Boolean(yes) => packer.byte(1 + u8::from(*yes)),
        ScoreValue::Categorical(text) => {
            packer.byte(3);
            packer.text(text);
        }
        ScoreValue::Text(text) => {
            packer.byte(4);
            packer.text(text);
        }
    }
    match &score.target {
        ScoreTarget::Observation { trace, span } => {
            packer.byte(0);
            packer.text(&trace.to_string());
            packer.fixed(record::span_number(*span));
        }
        ScoreTarget::Trace { trace } => {
            packer.byte(1);
            packer.text(&trace.to_string());
        }
        ScoreTarget::Session { session } => {
            packer.byte(2);
            packer.text(session);
        }
    }
    packer.optional_integer(write.bin.map(i64::from));
    packer.integer(score.at_us.0);
    packer.optional_text(score.comment.as_deref());
    packer.text(&serde_json::to_string(&score.metadata).map_err(StoreError::backend)?);
    packer.byte(match score.source {
        ScoreSource::Api => 0,
        ScoreSource::Human => 1,
        ScoreSource::Feedback => 2,
    });
    packer.text(&score.environment);
    packer.optional_text(score.config_id.as_deref());
    Ok(packer.finish())
}

/// Keeps the time a score was first received when its content is replaced.
pub(super) fn set_first_received(record: &mut [u8], received_us: i64) {
    if let Some(slot) = record.get_mut(1..9) {
        slot.copy_from_slice(&received_us.to_le_bytes());
    }
}

/// First receipt and version of a stored score.
pub(super) fn score_version(record: &[u8]) -> Result<(i64, (i64, u64)), StoreError> {
    let mut reader = Unpacker::new(record, SCORE_FORMAT, "a score")?;
    let first = reader.fixed()? as i64;
    reader.fixed()?;
    Ok((first, (reader.integer()?, reader.fixed()?)))
}

/// A stored score and its bin.
pub(super) fn unpack_score(record: &[u8]) -> Result<(ScoreRecord, Option<i32>), StoreError> {
    let mut reader = Unpacker::new(record, SCORE_FORMAT, "a score")?;
    let received_us = TimeUs(reader.fixed()? as i64);
    let updated_us = TimeUs(reader.fixed()? as i64);
    reader.integer()?;
    reader.fixed()?;
    let damaged = || StoreError::Corrupt("a score cannot be read".to_owned());
    let id = reader.text()?.parse().map_err(|_| damaged())?;
    let name = reader.text()?.to_owned().try_into().map_err(|_| damaged())?;
    let value = match reader.byte()? {
        0 => ScoreValue::Numeric(f64::from_bits(reader.fixed()?)),
        1 => ScoreValue::Boolean(false),
        2 => ScoreValue::Boolean(true),
        3 => ScoreValue::Categorical(reader.text()?.to_owned()),
        4 => ScoreValue::Text(reader.text()?.to_owned()),
        _ => return Err(damaged()),
    };
    let target = match reader.byte()? {
        0 => {
            let trace = reader.text()?.parse().map_err(|_| damaged())?;
            ScoreTarget::Observation { trace, span: record::span_id(reader.fixed()?)? }
        }
        1 => ScoreTarget::Trace { trace: reader.text()?.parse().map_err(|_| damaged())? },
        2 => ScoreTarget::Session { session: reader.text()?.to_owned() },
        _ => return Err(damaged()),
    };
    let bin = reader.optional_integer()?.map(i32::try_from).transpose().map_err(|_| damaged())?;
    let at_us = TimeUs(reader.integer()?);
    let comment = reader.optional_text()?.map(str::to_owned);
    let metadata = serde_json::from_str(reader.text()?).map_err(|_| damaged())?;
    let source = match reader.byte()? {
        0 => ScoreSource::Api,
        1 => ScoreSource::Human,
        2 => ScoreSource::Feedback,
        _ => return Err(damaged()),
    };
    let environment = reader.text()?.to_owned();
    let config_id = reader.optional_text()?.map(str::to_owned);
    let score = Score { id, target, name, value, comment, metadata, source, environment, config_id, at_us };
    Ok((ScoreRecord { score, received_us, updated_us }, bin))
}
