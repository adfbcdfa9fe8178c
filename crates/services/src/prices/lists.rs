use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{ids::ProjectId, price::ModelPrice, time::TimeUs};
use prices::{Catalogue, PriceList};

use crate::{Context, ServiceError};

/// How long a list is believed without asking again: a price set by another process takes this long to be felt.
const BELIEVED_US: i64 = 5_000_000;
/// How many projects' lists are held; beyond that it starts over.
const PROJECTS: usize = 1024;

/// The price lists of projects in use, so that ingest does not ask the database for each batch.
#[derive(Debug, Default)]
pub(crate) struct PriceLists {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    held: HashMap<ProjectId, Held>,
    /// Raised by each change of a price: what was read before is not kept.
    changes: u64,
}

#[derive(Debug)]
struct Held {
    list: Arc<PriceList>,
    own: Vec<ModelPrice>,
    read_us: i64,
}

impl PriceLists {
    /// The prices of a project as they are, or were a few seconds ago.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`] when they cannot be read, so that senders come again.
    pub(crate) async fn of(&self, context: &Context, project: ProjectId) -> Result<Arc<PriceList>, ServiceError> {
        let now = context.clock.now();
        let changes = {
            let known = self.lock();
            if let Some(list) = known.fresh(project, now) {
                return Ok(list);
            }
            known.changes
        };
        let own = context.control.prices(project).await.map_err(|error| {
            tracing::error!(project.id = %project, %error, "could not read the prices of a project");
            ServiceError::Unavailable {
                reason: "The prices cannot be read now. Send the same again.",
                retry_after_s: 1,
            }
        })?;
        let mut known = self.lock();
        // The same prices: the list goes on, with the names it has looked up.
        if let Some(held) = known.held.get_mut(&project).filter(|held| held.own == own) {
            held.read_us = now.0;
            return Ok(Arc::clone(&held.list));
        }
        let list = Arc::new(PriceList::new(catalogue()?, own.clone()));
        if known.held.len() >= PROJECTS {
            known.held.clear();
        }
        if known.changes == changes {
            known.held.insert(project, Held { list: Arc::clone(&list), own, read_us: now.0 });
        }
        Ok(list)
    }

    /// Forgets a project's list because its prices changed.
    pub(crate) fn changed(&self, project: ProjectId) {
        let mut known = self.lock();
        known.changes += 1;
        known.held.remove(&project);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn fresh(&self, project: ProjectId, now: TimeUs) -> Option<Arc<PriceList>> {
        let held = self.held.get(&project)?;
        (0..BELIEVED_US).contains(&now.0.saturating_sub(held.read_us)).then(|| Arc::clone(&held.list))
    }
}

/// The catalogue that comes with Assay.
pub(super) fn catalogue() -> Result<&'static Catalogue, ServiceError> {
    Catalogue::embedded().map_err(|error| ServiceError::Internal(error.to_string().into()))
}
