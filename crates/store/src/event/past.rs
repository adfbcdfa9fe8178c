//! Past traffic looked at the way an experiment looks at units: who met a prompt, and what would have become of them.

use async_trait::async_trait;
use domain::{
    experiment::UnitKind,
    ids::{ProjectId, TraceId},
    time::{TimeRange, TimeUs},
};

use super::{UnitState, Watch};
use crate::StoreError;

/// Who met a prompt in a range of time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Meetings {
    /// Units by their id, each once.
    pub units: Vec<Meeting>,
    /// Traces with a generation on the prompt.
    pub traces: u64,
    /// Those that name no unit of the kind asked for.
    pub without_unit: u64,
    /// When there were more traces than are looked at: the earliest instant from which on all are.
    pub reached: Option<TimeUs>,
}

/// A unit and the first trace in which it met the prompt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Meeting {
    /// Its id.
    pub unit: String,
    /// The start of the trace.
    pub first_us: TimeUs,
    /// The trace.
    pub trace: TraceId,
}

/// What past traffic would have been to an experiment.
#[async_trait]
pub trait PastStore {
    /// Units whose traces with a generation on the prompt, or on one of these versions of it, began in the range. It looks at the
    /// newest traces, over all versions together at most `limit`, and holds no more than twice that many; where there are more,
    /// [`Meetings::reached`] says so. Units that are an attribute are not found in traces: nobody.
    async fn meetings(
        &self,
        project: ProjectId,
        prompt: &str,
        versions: Option<&[u32]>,
        unit: &UnitKind,
        range: TimeRange,
        limit: u32,
    ) -> Result<Meetings, StoreError>;

    /// What would have become of units exposed at these instants, in their order: as [`super::UnitStore::units`] says it of
    /// units that were, without segments. Nothing is stored.
    async fn would_have_become(
        &self,
        project: ProjectId,
        watch: &Watch,
        exposed: &[(String, TimeUs)],
    ) -> Result<Vec<UnitState>, StoreError>;
}
