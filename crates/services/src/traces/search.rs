//! Traces and sessions by page number, as the SDKs of generation 3 list them.

use std::collections::HashSet;

use domain::{
    auth::{Actor, Permission},
    ids::ProjectId,
    page::PageSize,
};
use store::event::{TraceFilter, TraceKey, TraceRecord};

use super::Traces;
use crate::{
    ServiceError,
    context::authorize,
    sieve::{BATCH, Numbered, Sieve},
};

/// Traces of a session that are shown with it.
const OF_SESSION: u16 = 100;

/// Which traces to list; what [`TraceFilter`] cannot say is looked at trace by trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceSearch {
    /// What the store finds by itself.
    pub filter: TraceFilter,
    /// Of this name.
    pub name: Option<String>,
    /// With all of these tags.
    pub tags: Vec<String>,
    /// Of this release.
    pub release: Option<String>,
    /// Of this version of the application.
    pub version: Option<String>,
    /// In one of these environments.
    pub environments: Vec<String>,
}

/// A session, with its traces newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenSession {
    /// Its earliest trace.
    pub first: TraceRecord,
    /// Its newest traces, at most 100.
    pub traces: Vec<TraceRecord>,
}

impl Traces {
    /// Traces newest first, by page number.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for page 0, and for one too far down.
    pub async fn numbered(
        &self,
        actor: &Actor,
        project: ProjectId,
        search: &TraceSearch,
        page: u32,
        size: PageSize,
    ) -> Result<Numbered<TraceRecord>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let mut sieve = Sieve::numbered(page, size)?;
        let mut after = None;
        while sieve.wants_more() {
            let batch = self.context.events.traces(project, &search.filter, after, BATCH).await?;
            let Some(end) = batch.end() else { break };
            after = Some(end);
            for trace in batch.traces {
                let keep = search.admits(&trace);
                if !sieve.look(TraceKey::of(&trace), trace, keep) {
                    break;
                }
            }
        }
        Ok(sieve.by_number())
    }

    /// Sessions by their newest trace, by page number; each with its earliest trace.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for page 0, and for one too far down.
    pub async fn sessions(
        &self,
        actor: &Actor,
        project: ProjectId,
        search: &TraceSearch,
        page: u32,
        size: PageSize,
    ) -> Result<Numbered<TraceRecord>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let mut sieve: Sieve<TraceKey, String> = Sieve::numbered(page, size)?;
        let mut seen = HashSet::new();
        let mut after = None;
        while sieve.wants_more() {
            let batch = self.context.events.traces(project, &search.filter, after, BATCH).await?;
            let Some(end) = batch.end() else { break };
            after = Some(end);
            for trace in batch.traces {
                let session = trace.session_id.clone().unwrap_or_default();
                let keep = !session.is_empty() && search.admits(&trace) && seen.insert(session.clone());
                if !sieve.look(TraceKey::of(&trace), session, keep) {
                    break;
                }
            }
        }
        let Numbered { items, page, limit, total_items, total_pages } = sieve.by_number();
        let mut firsts = Vec::with_capacity(items.len());
        for session in items {
            firsts.extend(self.context.events.of_session(project, &session, None, 1).await?);
        }
        Ok(Numbered { items: firsts, page, limit, total_items, total_pages })
    }

    /// One session.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when no trace belongs to it.
    pub async fn session(&self, actor: &Actor, project: ProjectId, id: &str) -> Result<OpenSession, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let events = &self.context.events;
        let first = events.of_session(project, id, None, 1).await?.pop();
        let missing = || ServiceError::NotFound { entity: "session", id: id.chars().take(200).collect() };
        let first = first.ok_or_else(missing)?;
        let filter = TraceFilter { session_id: Some(id.to_owned()), ..TraceFilter::default() };
        let traces = events.traces(project, &filter, None, OF_SESSION).await?.traces;
        Ok(OpenSession { first, traces })
    }
}

impl TraceSearch {
    fn admits(&self, trace: &TraceRecord) -> bool {
        let same = |asked: &Option<String>, said: &Option<String>| asked.is_none() || asked == said;
        self.name.as_ref().is_none_or(|name| *name == trace.name)
            && self.tags.iter().all(|tag| trace.tags.contains(tag))
            && same(&self.release, &trace.release)
            && same(&self.version, &trace.version)
            && (self.environments.is_empty() || self.environments.contains(&trace.environment))
    }
}
