use async_trait::async_trait;
use domain::{
    ids::{JobId, ProjectId, SpanId, TraceId},
    money::NanoUsd,
    price::{Charge, NoPrice},
    time::{TimeNs, TimeRange, TimeUs},
    trace::{SpanKind, SpanVersion, TokenBuckets},
};

use super::SketchKeys;
use crate::StoreError;

/// What a span costs, as far as it is known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Amounts {
    /// All of it.
    pub total: Option<NanoUsd>,
    /// What was read.
    pub input: Option<NanoUsd>,
    /// What was written.
    pub output: Option<NanoUsd>,
}

/// A stored span as far as its cost goes.
#[derive(Clone, Debug, PartialEq)]
pub struct ChargedSpan {
    /// Its trace.
    pub trace_id: TraceId,
    /// Its id.
    pub span_id: SpanId,
    /// Which content it has.
    pub version: SpanVersion,
    /// What it is.
    pub kind: SpanKind,
    /// When it began.
    pub start_ns: TimeNs,
    /// Its model.
    pub model: Option<String>,
    /// Its tokens.
    pub tokens: TokenBuckets,
    /// What it costs now.
    pub amounts: Amounts,
    /// What that rests on.
    pub charge: Charge,
}

/// Spans among those looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct ChargePage {
    /// The ones that have tokens and began inside the range.
    pub spans: Vec<ChargedSpan>,
    /// How many were looked at.
    pub looked_at: u64,
    /// Up to where everything was looked at; pass it back to go on.
    pub at: u64,
}

/// Another cost for a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Recharge {
    /// The span's trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// The content it was worked out from; when the span has another by now, it stays as it is.
    pub version: SpanVersion,
    /// What it costs from now on.
    pub amounts: Amounts,
    /// What that rests on.
    pub charge: Charge,
    /// Keys of the three amounts; the others stay.
    pub keys: SketchKeys,
}

/// Other costs for spans of a project, all of them or none.
#[derive(Clone, Debug, PartialEq)]
pub struct RechargeBatch {
    /// Whose.
    pub project: ProjectId,
    /// On behalf of which job.
    pub job: JobId,
    /// When.
    pub at_us: TimeUs,
    /// At most [`RECHARGES`].
    pub changes: Vec<Recharge>,
}

/// How many changes a batch has at most.
pub const RECHARGES: usize = 2_000;

/// What became of a batch of changes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Recharged {
    /// Spans that cost something else now.
    pub changed: u64,
    /// Spans that stayed as they were: they cost that already, or have other content by now, or are gone.
    pub unchanged: u64,
}

/// What a span cost before a job changed that.
#[derive(Clone, Debug, PartialEq)]
pub struct PastCost {
    /// Which job.
    pub job: JobId,
    /// When it changed.
    pub at_us: TimeUs,
    /// What it cost until then.
    pub amounts: Amounts,
    /// What that rested on.
    pub charge: Charge,
}

/// A model whose tokens have no price.
#[derive(Clone, Debug, PartialEq)]
pub struct UnpricedModel {
    /// The model as spans name it; none when they do not.
    pub model: Option<String>,
    /// Who serves it, as spans say.
    pub provider: Option<String>,
    /// Why it has no price.
    pub reason: NoPrice,
    /// How many stored spans there are.
    pub spans: u64,
    /// When the newest of them was received.
    pub last_us: TimeUs,
}

/// Storage of what spans cost, besides what they came with. What a span costs may change while its content stands; totals
/// follow as they follow a changed span.
#[async_trait]
pub trait ChargeStore: Send + Sync {
    /// Where everything stored until now ends, for [`Self::charged_spans`].
    async fn stored_until(&self) -> Result<u64, StoreError>;

    /// Looks at stored spans beyond `after` and up to `until`, in order of arrival, a bounded number at once. One that is stored
    /// stays at its place whatever becomes of it.
    async fn charged_spans(
        &self,
        project: ProjectId,
        range: TimeRange,
        after: u64,
        until: u64,
    ) -> Result<ChargePage, StoreError>;

    /// Changes what spans cost, and keeps what they cost before. The same again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Full`] when nothing was changed for want of space.
    async fn recharge(&self, batch: RechargeBatch) -> Result<Recharged, StoreError>;

    /// What a span cost before, oldest first. Stays when the content of the span changes.
    async fn past_costs(&self, project: ProjectId, trace: TraceId, span: SpanId) -> Result<Vec<PastCost>, StoreError>;

    /// Models whose tokens have no price, the ones with most spans first, then by name; at most `limit`.
    async fn unpriced(&self, project: ProjectId, limit: u16) -> Result<Vec<UnpricedModel>, StoreError>;
}
