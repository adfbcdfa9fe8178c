//! Telling an experiment that units left it.

use domain::{
    auth::Actor,
    experiment::{ActivityKind, ExperimentKey},
    ids::ProjectId,
};

use super::{Experiments, save::Told};
use crate::ServiceError;

/// Somebody may change the experiment at the same time.
const TRIES: u32 = 5;

impl Experiments {
    /// Writes into the log that so many units left with their events: whoever looks at its numbers sees why they moved. Who the
    /// units were is not said, since they asked to be forgotten.
    ///
    /// # Errors
    /// As the store; [`ServiceError::Conflict`] when somebody changes the experiment all the time.
    pub(crate) async fn tell_erased(
        &self,
        project: ProjectId,
        key: &ExperimentKey,
        units: u64,
        why: &str,
    ) -> Result<(), ServiceError> {
        let said = if units == 1 { "1 unit".to_owned() } else { format!("{units} units") };
        for left in (0..TRIES).rev() {
            let experiment = self.load(project, key.as_str()).await?;
            let told = Told::new(ActivityKind::Erased, format!("{said} left: {why}."));
            match self.save(&Actor::System, project, experiment, self.context.clock.now(), told).await {
                Err(ServiceError::Conflict(_)) if left > 0 => {}
                outcome => return outcome.map(drop),
            }
        }
        Ok(())
    }
}
