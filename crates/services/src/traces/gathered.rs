//! Sessions and users: their traces added up, and a session's traces in the order they happened.

use domain::{
    auth::{Actor, Permission},
    ids::{ProjectId, TraceId},
    page::{Page, PageSize},
    time::TimeNs,
};
use serde_json::Value;
use store::event::{Gather, Gathered, GatheredList, ScoreRecord, TraceKey, TraceRecord};

use super::{Traces, cursor};
use crate::{ServiceError, context::authorize};

/// Newest traces of each that are added up in a list.
const IN_LIST: u16 = 100;
/// Newest traces that are added up for one.
const OF_ONE: u16 = 5_000;
/// Spans of a trace looked at for what went in and came out of it.
const SPANS: usize = 100;

/// A page of sessions or users.
#[derive(Clone, Debug, PartialEq)]
pub struct GatheredPage {
    /// By their newest trace, newest first; by id when a beginning of it was asked for.
    pub page: Page<Gathered>,
    /// Set when the page ended early: traces that began before this were not looked at. The next page goes on there.
    pub looked_back_to: Option<TimeNs>,
}

/// One trace of a session: what went in, what came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The trace.
    pub trace: TraceRecord,
    /// What its spans say went in, else the input of its root.
    pub input: Option<Value>,
    /// What came out, likewise.
    pub output: Option<Value>,
    /// Scores on it and its observations, and on the session.
    pub scores: Vec<ScoreRecord>,
}

impl Traces {
    /// Sessions or users, page by page. Their numbers are those of their newest 100 traces.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a cursor of another list.
    pub async fn gathered(
        &self,
        actor: &Actor,
        project: ProjectId,
        by: Gather,
        prefix: Option<&str>,
        cursor: Option<&str>,
        size: PageSize,
    ) -> Result<GatheredPage, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let list = match prefix {
            Some(prefix) => GatheredList::Prefix(prefix.to_owned(), cursor.map(str::to_owned)),
            None => GatheredList::Newest(cursor.map(cursor::read).transpose()?),
        };
        // One more than asked for tells whether there is another page.
        let slice = self.context.events.gathered(project, by, &list, size.rows() + 1, IN_LIST).await?;
        let (mut items, mut reached) = (slice.items, slice.reached);
        let mut next = reached.map(cursor::write);
        if items.len() > usize::from(size.rows()) {
            items.truncate(usize::from(size.rows()));
            reached = None;
            next = items.last().map(|last| match &list {
                GatheredList::Prefix(..) => last.id.clone(),
                GatheredList::Newest(_) => cursor::write(TraceKey::of(&last.newest)),
            });
        }
        Ok(GatheredPage { page: Page { items, next }, looked_back_to: reached.map(|reached| reached.start_ns) })
    }

    /// One session or user. Its numbers are those of its newest 5,000 traces.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when no trace belongs to it.
    pub async fn gathered_one(
        &self,
        actor: &Actor,
        project: ProjectId,
        by: Gather,
        id: &str,
    ) -> Result<Gathered, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let entity = match by {
            Gather::Session => "session",
            Gather::User => "user",
        };
        let found = self.context.events.gathered_one(project, by, id, OF_ONE).await?;
        found.ok_or_else(|| ServiceError::NotFound { entity, id: id.chars().take(200).collect() })
    }

    /// Traces of a session with their input and output, earliest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a cursor of another list.
    pub async fn turns(
        &self,
        actor: &Actor,
        project: ProjectId,
        session: &str,
        cursor: Option<&str>,
        size: PageSize,
    ) -> Result<Page<Turn>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let after = cursor.map(cursor::read).transpose()?;
        let mut traces = self.context.events.of_session(project, session, after, size.rows() + 1).await?;
        let more = traces.len() > usize::from(size.rows());
        traces.truncate(usize::from(size.rows()));
        let next = traces.last().filter(|_| more).map(|last| cursor::write(TraceKey::of(last)));
        let ids: Vec<TraceId> = traces.into_iter().map(|trace| trace.trace_id).collect();
        let mut items = Vec::with_capacity(ids.len());
        for id in ids {
            let whole = self.whole_within(actor, project, id, SPANS).await?;
            items.push(Turn { trace: whole.trace, input: whole.input, output: whole.output, scores: whole.scores });
        }
        Ok(Page { items, next })
    }
}
