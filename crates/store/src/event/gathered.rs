use async_trait::async_trait;
use domain::{ids::ProjectId, money::NanoUsd, time::TimeNs};

use super::{TraceKey, TraceRecord};
use crate::StoreError;

/// What traces are gathered by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Gather {
    /// The session they belong to.
    Session,
    /// The user they served.
    User,
}

/// A session or a user, by their traces.
#[derive(Clone, Debug, PartialEq)]
pub struct Gathered {
    /// As the sender names it.
    pub id: String,
    /// Start of the earliest trace.
    pub first_ns: TimeNs,
    /// The newest trace.
    pub newest: TraceRecord,
    /// The newest traces added up, as many as were asked for.
    pub totals: GatheredTotals,
}

/// Several traces added up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct GatheredTotals {
    /// How many.
    pub traces: u32,
    /// Those with a failed span.
    pub failed: u32,
    /// Generations in them.
    pub generations: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// What they cost; `None` when none says.
    pub cost: Option<NanoUsd>,
    /// Whether there are older traces, which are not in these numbers.
    pub more: bool,
}

impl GatheredTotals {
    /// Adds a trace.
    pub fn add(&mut self, trace: &TraceRecord) {
        self.traces = self.traces.saturating_add(1);
        self.failed = self.failed.saturating_add(u32::from(trace.errors > 0));
        self.generations = self.generations.saturating_add(u64::from(trace.generations));
        self.input_tokens = self.input_tokens.saturating_add(trace.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(trace.output_tokens);
        if let Some(cost) = trace.cost {
            self.cost = Some(NanoUsd(self.cost.unwrap_or_default().0.saturating_add(cost.0)));
        }
    }
}

/// Which sessions or users to list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GatheredList {
    /// All, by their newest trace, newest first; after a trace in that order.
    Newest(Option<TraceKey>),
    /// Those whose id begins like this, by id; after an id in that order.
    Prefix(String, Option<String>),
}

/// Some of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatheredSlice {
    /// In the list's order.
    pub items: Vec<Gathered>,
    /// Where the store stopped looking through the newest traces, when it did before it had found as many as asked for.
    pub reached: Option<TraceKey>,
}

/// Traces by session and by user.
#[async_trait]
pub trait GatherStore: Send + Sync {
    /// Sessions or users, at most `limit`; of each at most `traces` are added up.
    async fn gathered(
        &self,
        project: ProjectId,
        by: Gather,
        list: &GatheredList,
        limit: u16,
        traces: u16,
    ) -> Result<GatheredSlice, StoreError>;

    /// One session or user; `None` when no trace belongs to it.
    async fn gathered_one(
        &self,
        project: ProjectId,
        by: Gather,
        id: &str,
        traces: u16,
    ) -> Result<Option<Gathered>, StoreError>;

    /// Traces of a session, earliest first, strictly after `after` in that order, at most `limit`.
    async fn of_session(
        &self,
        project: ProjectId,
        session: &str,
        after: Option<TraceKey>,
        limit: u16,
    ) -> Result<Vec<TraceRecord>, StoreError>;
}
