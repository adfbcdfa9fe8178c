//! What the registry knows of a prompt's versions. Server only.

use std::collections::BTreeMap;

use domain::{
    page::PageSize,
    prompt::{LabelMove, LabelName},
};
use services::ServiceError;

use super::model::Change;
use crate::{
    context::{self, Visit},
    error::AppError,
};

/// What the registry says: it may know versions that were never used, and not know ones that were.
pub(super) struct Known {
    pub(super) versions: BTreeMap<u32, Change>,
    pub(super) moves: Vec<LabelMove>,
}

impl Known {
    /// The newest version, and the one it is naturally compared with: production's, else the one before.
    pub(super) fn newest_and_baseline(&self) -> Option<(u32, u32)> {
        let (newest, _) = self.versions.last_key_value()?;
        let of_production = |change: &Change| match change {
            Change::Known { labels, .. } => labels.iter().any(|label| label == LabelName::PRODUCTION),
            Change::Unknown => false,
        };
        let production = self.versions.iter().find(|(_, change)| of_production(change)).map(|(version, _)| *version);
        let before = self.versions.range(..newest).next_back().map(|(version, _)| *version);
        Some((*newest, production.filter(|version| version != newest).or(before)?))
    }
}

/// Asks the registry; it may not know the prompt at all.
pub(super) async fn known_versions(visit: &Visit, name: &str) -> Result<Known, AppError> {
    let mut known = Known { versions: BTreeMap::new(), moves: Vec::new() };
    let (prompts, actor, project) = (&visit.services.prompts, &visit.actor, visit.project.id);
    let prompt = match prompts.prompt(actor, project, name).await {
        Ok(prompt) => prompt,
        // Spans may name a prompt the registry does not have: their numbers are shown all the same.
        Err(ServiceError::NotFound { .. } | ServiceError::Invalid(_)) => return Ok(known),
        Err(error) => return Err(context::refusal(error)),
    };
    let newest = PageSize::new(PageSize::MAX.into()).unwrap_or_default();
    let versions = prompts.versions(actor, project, name, None, newest).await.map_err(context::refusal)?;
    for version in versions.items {
        let labels = prompt.labels.iter().filter(|label| label.version == version.number);
        known.versions.insert(
            version.number,
            Change::Known {
                labels: labels.map(|label| label.name.as_str().to_owned()).collect(),
                message: version.commit_message,
                author: version.author,
                created_us: version.created_us.0,
            },
        );
    }
    known.moves = prompts.label_moves(actor, project, name).await.map_err(context::refusal)?;
    Ok(known)
}
