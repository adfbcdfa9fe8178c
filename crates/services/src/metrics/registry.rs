//! What events do not know of themselves: the types of prompts, and labels.

use std::collections::HashMap;

use domain::{
    ids::ProjectId,
    metric::{Dimension, Filter, MetricQuery},
    prompt::PromptName,
};
use store::control::PromptFilter;

use super::notice::OTHER_NAMES;
use crate::{Context, ServiceError};

/// Prompts read at a time.
const PAGE: u16 = 500;

/// Whether a dimension is told by the registry of prompts rather than by events.
pub(super) fn is_of_registry(dimension: Dimension) -> bool {
    matches!(dimension, Dimension::Label | Dimension::PromptType)
}

/// The types of a project's prompts, as far as a question needs them.
pub(super) struct Kinds {
    /// Name to `text` or `chat`.
    by_name: HashMap<String, &'static str>,
}

impl Kinds {
    pub(super) async fn of(
        context: &Context,
        project: ProjectId,
        question: &MetricQuery,
    ) -> Result<Self, ServiceError> {
        let filtered = question.filters.iter().map(|filter| filter.dimension);
        let needed = question.dimensions.iter().copied().chain(filtered).any(|of| of == Dimension::PromptType);
        let mut by_name = HashMap::new();
        if !needed {
            return Ok(Self { by_name });
        }
        let mut after: Option<PromptName> = None;
        loop {
            let page = context.control.prompts(project, &PromptFilter::default(), after.as_ref(), PAGE).await?;
            by_name.extend(page.iter().map(|prompt| (prompt.name.as_str().to_owned(), prompt.kind.as_str())));
            if page.len() < usize::from(PAGE) {
                return Ok(Self { by_name });
            }
            after = page.into_iter().last().map(|prompt| prompt.name);
        }
    }

    /// The filters with prompts in the place of their types.
    pub(super) fn filters(&self, filters: &[Filter]) -> Vec<Filter> {
        let of_events = |filter: &Filter| {
            if filter.dimension != Dimension::PromptType {
                return filter.clone();
            }
            let of_kind = |kind: &str| filter.values.iter().any(|value| value == kind);
            let mut values: Vec<String> =
                self.by_name.iter().filter(|(_, kind)| of_kind(kind)).map(|(name, _)| name.clone()).collect();
            values.sort();
            Filter { dimension: Dimension::Prompt, values }
        };
        filters.iter().map(of_events).collect()
    }

    /// The key people asked for, from the key events answered with.
    pub(super) fn completed(
        &self,
        dimensions: &[Dimension],
        asked: &[Dimension],
        key: &[String],
        label: Option<&str>,
    ) -> Vec<String> {
        let known = |of: Dimension| {
            let at = asked.iter().position(|dimension| *dimension == of);
            at.and_then(|at| key.get(at)).map_or("", String::as_str)
        };
        let word = |dimension: &Dimension| match dimension {
            Dimension::Label => label.unwrap_or(""),
            Dimension::PromptType => self.by_name.get(known(Dimension::Prompt)).copied().unwrap_or(""),
            Dimension::ScoreName if known(Dimension::ScoreName).is_empty() => OTHER_NAMES,
            other => known(*other),
        };
        dimensions.iter().map(|dimension| word(dimension).to_owned()).collect()
    }
}
