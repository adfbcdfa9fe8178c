//! Outcome events in.

use domain::{
    auth::{Actor, Permission},
    experiment::EventName,
    ids::{EventId, ProjectId},
    outcome::{EventUnit, OutcomeEvent},
    problem::FieldProblem,
    time::TimeUs,
};
use serde_json::{Map, Value};
use store::event::{EventBatch, OutcomeCount};

use super::{AHEAD, Ingest, MAX_AHEAD_US};
use crate::{ServiceError, context::authorize};

/// Most names of events offered.
const NAMES: u16 = 200;

/// An event as its sender tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOutcome {
    /// The same id again is an update; made here when absent.
    pub id: Option<EventId>,
    /// What happened.
    pub name: EventName,
    /// To whom.
    pub unit: EventUnit,
    /// How much; it counts as 1 when absent.
    pub value: Option<f64>,
    /// Free JSON.
    pub properties: Map<String, Value>,
    /// When; now when absent.
    pub at: Option<TimeUs>,
}

impl Ingest {
    /// Settles id and time of an event and checks its bounds.
    ///
    /// # Errors
    /// With the field that is wrong.
    pub fn outcome(&self, new: NewOutcome) -> Result<OutcomeEvent, FieldProblem> {
        let now = self.context.clock.now();
        let at_us = new.at.unwrap_or(now);
        if at_us.0.saturating_sub(now.0) > MAX_AHEAD_US {
            return Err(FieldProblem::new("at", format!("`{at_us}` is {AHEAD}")));
        }
        let id = match new.id {
            Some(id) => id,
            None => self
                .context
                .new_id()
                .ok()
                .and_then(|id| id.to_string().parse().ok())
                .ok_or_else(|| FieldProblem::new("id", "none could be made; send one"))?,
        };
        let event =
            OutcomeEvent { id, name: new.name, unit: new.unit, value: new.value, properties: new.properties, at_us };
        event.check()?;
        Ok(event)
    }

    /// Stores events, all of them or none. Returns their ids in order.
    ///
    /// # Errors
    /// As the store.
    pub async fn outcomes(
        &self,
        actor: &Actor,
        project: ProjectId,
        events: Vec<OutcomeEvent>,
    ) -> Result<Vec<EventId>, ServiceError> {
        authorize(actor, project, Permission::Annotate)?;
        let ids = events.iter().map(|event| event.id.clone()).collect();
        self.append(EventBatch { outcomes: events, ..EventBatch::empty(project, self.context.clock.now()) }).await?;
        Ok(ids)
    }

    /// The names of a project's events with how often each happened, for forms that offer them.
    ///
    /// # Errors
    /// As authorisation decides, or the store.
    pub async fn outcome_counts(&self, actor: &Actor, project: ProjectId) -> Result<Vec<OutcomeCount>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        Ok(self.context.events.outcome_counts(project, NAMES).await?)
    }
}
