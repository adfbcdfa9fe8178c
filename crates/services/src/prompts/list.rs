use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    auth::{Actor, Permission},
    ids::ProjectId,
    page::{Page, PageSize},
    prompt::{Prompt, PromptName, PromptVersion},
};
use serde_json::Value;
use store::control::PromptFilter;

use super::{Prompts, known_name, missing_prompt};
use crate::{Numbered, ServiceError, context::authorize};

/// One row of the SDKs' list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedPrompt {
    /// The prompt.
    pub prompt: Prompt,
    /// Its version numbers, ascending.
    pub versions: Vec<u32>,
    /// The newest version's config.
    pub latest_config: Value,
}

/// Most prompts of one [`Prompts::all`].
const MOST: usize = 2_000;

/// Prompts without their texts, all that match.
#[derive(Clone, Debug, PartialEq)]
pub struct AllPrompts {
    /// By name, at most 2,000.
    pub prompts: Vec<Prompt>,
    /// Whether there are more.
    pub more: bool,
}

impl Prompts {
    /// All prompts that match, for lists in another order than by name. The control plane is small enough.
    ///
    /// # Errors
    /// As authorisation decides.
    pub async fn all(
        &self,
        actor: &Actor,
        project: ProjectId,
        filter: &PromptFilter,
    ) -> Result<AllPrompts, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let mut prompts: Vec<Prompt> = Vec::new();
        while prompts.len() <= MOST {
            let after = prompts.last().map(|last| last.name.clone());
            let next = self.context.control.prompts(project, filter, after.as_ref(), PageSize::MAX).await?;
            let is_last = next.len() < usize::from(PageSize::MAX);
            prompts.extend(next);
            if is_last {
                break;
            }
        }
        let more = prompts.len() > MOST;
        prompts.truncate(MOST);
        Ok(AllPrompts { prompts, more })
    }

    /// Prompts by name, page by page.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a `cursor` that no page gave out.
    pub async fn list(
        &self,
        actor: &Actor,
        project: ProjectId,
        filter: &PromptFilter,
        cursor: Option<&str>,
        size: PageSize,
    ) -> Result<Page<Prompt>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let after = cursor.map(name_of_cursor).transpose()?;
        // One more than asked for tells whether there is another page.
        let mut items =
            self.context.control.prompts(project, filter, after.as_ref(), size.rows().saturating_add(1)).await?;
        let more = items.len() > usize::from(size.rows());
        items.truncate(usize::from(size.rows()));
        let last = items.last().filter(|_| more);
        let next = last.map(|prompt| URL_SAFE_NO_PAD.encode(prompt.name.as_str()));
        Ok(Page { items, next })
    }

    /// Prompts by name, by page number and with totals: what the SDKs' list needs. The control plane is small enough to count.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for page 0.
    pub async fn list_numbered(
        &self,
        actor: &Actor,
        project: ProjectId,
        filter: &PromptFilter,
        page: u32,
        size: PageSize,
    ) -> Result<Numbered<ListedPrompt>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let control = &self.context.control;
        let rows = size.rows();
        let Some(before) = page.checked_sub(1) else {
            return Err(ServiceError::field("page", "pages count from 1"));
        };
        let total_items = control.count_prompts(project, filter).await?;
        let mut skip = u64::from(before).saturating_mul(u64::from(rows));
        let mut after: Option<PromptName> = None;
        // The store pages by key only; walking there reads no texts.
        while skip > 0 && skip < total_items {
            let step = u16::try_from(skip).unwrap_or(PageSize::MAX).min(PageSize::MAX);
            let passed = control.prompts(project, filter, after.as_ref(), step).await?;
            let Some(last) = passed.last() else {
                break;
            };
            after = Some(last.name.clone());
            skip = skip.saturating_sub(u64::try_from(passed.len()).unwrap_or(u64::MAX));
        }
        let prompts =
            if skip > 0 { Vec::new() } else { control.prompts(project, filter, after.as_ref(), rows).await? };
        let ids: Vec<_> = prompts.iter().map(|prompt| prompt.id).collect();
        let outlines = control.prompt_outlines(project, &ids).await?;
        let mut outlines: HashMap<_, _> = outlines.into_iter().map(|outline| (outline.prompt, outline)).collect();
        let items = prompts
            .into_iter()
            // One removed between the two questions is left out.
            .filter_map(|prompt| {
                let outline = outlines.remove(&prompt.id)?;
                Some(ListedPrompt { prompt, versions: outline.versions, latest_config: outline.latest_config })
            })
            .collect();
        Ok(Numbered { items, page, limit: rows, total_items, total_pages: total_items.div_ceil(u64::from(rows)) })
    }

    /// Versions of a prompt, newest first, page by page.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for an unknown prompt; [`ServiceError::Invalid`] for a `cursor` that no page gave out.
    pub async fn versions(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
        cursor: Option<&str>,
        size: PageSize,
    ) -> Result<Page<PromptVersion>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let name = known_name(name)?;
        let before = match cursor {
            Some(cursor) => Some(cursor.parse::<u32>().map_err(|_| wrong_cursor())?),
            None => None,
        };
        let control = &self.context.control;
        let mut items = control.versions(project, &name, before, size.rows().saturating_add(1)).await?;
        if items.is_empty() && control.prompt(project, &name).await?.is_none() {
            return Err(missing_prompt(name.as_str()));
        }
        let more = items.len() > usize::from(size.rows());
        items.truncate(usize::from(size.rows()));
        let next = items.last().filter(|_| more).map(|version| version.number.to_string());
        Ok(Page { items, next })
    }
}

fn name_of_cursor(cursor: &str) -> Result<PromptName, ServiceError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong_cursor())?;
    let name = String::from_utf8(bytes).map_err(|_| wrong_cursor())?;
    name.parse().map_err(|_| wrong_cursor())
}

fn wrong_cursor() -> ServiceError {
    ServiceError::field("cursor", "not a cursor of this list; start without one")
}
