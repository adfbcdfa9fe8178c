//! Gathers a prompt's history. Server only.

use domain::{
    auth::Role,
    experiment::State,
    metric::{Dimension, Filter, Measure, MetricQuery},
    page::PageSize,
    prompt::{ChatItem, LabelMove, LabelName, Prompt, PromptBody, PromptVersion, VersionChoice},
    time::RangeChoice,
};
use services::{ServiceError, experiments::ListExperiments};

use super::model::{
    BodyView, ItemView, LabelView, MoveLine, OpenedPrompt, PromptHead, UnsavedView, VersionLine, VersionView,
    VersionsView,
};
use crate::{
    context::{self, Visit},
    error::AppError,
    routes::experiment_href,
};

/// What counts as in use.
const LATELY: RangeChoice = RangeChoice::Last { minutes: 90 * 1440 };

pub(super) async fn opened(visit: &Visit, name: &str, version: Option<u32>) -> Result<OpenedPrompt, AppError> {
    let (services, actor, project) = (&visit.services, &visit.actor, visit.project.id);
    match services.prompts.prompt(actor, project, name).await {
        Err(missing @ ServiceError::NotFound { entity: "prompt", .. }) => {
            let known = services.traces.words(actor, project).await.map_err(context::refusal)?.prompts;
            if known.iter().any(|known| known == name) {
                return Ok(OpenedPrompt::Unsaved(unsaved(visit, name).await?));
            }
            Err(context::refusal(missing))
        }
        Err(error) => Err(context::refusal(error)),
        Ok(prompt) => Ok(OpenedPrompt::Saved(Box::new(view(visit, prompt, version).await?))),
    }
}

async fn unsaved(visit: &Visit, name: &str) -> Result<UnsavedView, AppError> {
    let query = MetricQuery {
        measures: vec![Measure::Count],
        dimensions: vec![Dimension::Version],
        filters: vec![Filter::one(Dimension::Prompt, name)],
        ..MetricQuery::over(LATELY.resolve(visit.now))
    };
    let answer =
        visit.services.metrics.query(&visit.actor, visit.project.id, &query).await.map_err(context::refusal)?;
    let mut versions: Vec<(String, u64)> = answer
        .rows
        .into_iter()
        .filter_map(|row| Some((row.group.into_iter().next()?, row.values.first().map_or(0, |value| value.n))))
        .collect();
    versions.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
    Ok(UnsavedView { versions, address: context::address() })
}

async fn view(visit: &Visit, prompt: Prompt, version: Option<u32>) -> Result<VersionsView, AppError> {
    let (prompts, actor, project) = (&visit.services.prompts, &visit.actor, visit.project.id);
    let name = prompt.name.as_str();
    let newest = PageSize::new(PageSize::MAX.into()).unwrap_or_default();
    let versions = prompts.versions(actor, project, name, None, newest).await.map_err(context::refusal)?;
    let production = prompt.labels.iter().find(|label| label.name.as_str() == LabelName::PRODUCTION);
    let number = version.or(production.map(|label| label.version)).unwrap_or(prompt.latest);
    let shown = prompts.fetch(actor, project, name, &VersionChoice::Number(number)).await.map_err(context::refusal)?;
    let moves = prompts.label_moves(actor, project, name).await.map_err(context::refusal)?;
    Ok(VersionsView {
        head: head(&prompt),
        versions: versions.items.into_iter().map(line).collect(),
        shown: self::shown(&shown.version),
        moves: moves.into_iter().map(moved).collect(),
        owned: owned(visit, name).await?,
        may_write: visit.role >= Role::Editor,
        now_us: visit.now.0,
    })
}

/// What is said of each label that an experiment owns, and where that experiment is.
async fn owned(visit: &Visit, name: &str) -> Result<Vec<(String, String)>, AppError> {
    let owning = State::ALL.into_iter().filter(|state| state.owns_slot()).collect();
    let list = ListExperiments { states: owning, prompt: Some(name.to_owned()) };
    // One a label at most.
    let all = PageSize::new(PageSize::MAX.into()).unwrap_or_default();
    let experiments = &visit.services.experiments;
    let found =
        experiments.list(&visit.actor, visit.project.id, list, None, all).await.map_err(context::refusal)?.items;
    let said = found.into_iter().map(|one| {
        let (label, key) = (&one.slot.label, one.key.as_str());
        let href = experiment_href(visit.project.slug.as_str(), key);
        (format!("{label} belongs to the experiment {key}."), href)
    });
    Ok(said.collect())
}

fn head(prompt: &Prompt) -> PromptHead {
    PromptHead {
        kind: prompt.kind,
        latest: prompt.latest,
        tags: prompt.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
        labels: prompt
            .labels
            .iter()
            .map(|label| LabelView {
                name: label.name.as_str().to_owned(),
                version: label.version,
                flag_key: label.flag_key.as_str().to_owned(),
                protected: label.protected,
            })
            .collect(),
    }
}

fn line(version: PromptVersion) -> VersionLine {
    VersionLine {
        number: version.number,
        message: version.commit_message,
        author: version.author,
        created_us: version.created_us.0,
    }
}

fn shown(version: &PromptVersion) -> VersionView {
    VersionView {
        number: version.number,
        variables: variables(&version.body),
        body: body(&version.body),
        config: version.config.clone().into(),
        author: version.author.clone(),
        created_us: version.created_us.0,
        message: version.commit_message.clone(),
    }
}

fn moved(moved: LabelMove) -> MoveLine {
    MoveLine {
        label: moved.label.as_str().to_owned(),
        from: moved.from,
        to: moved.to,
        by: moved.by,
        at_us: moved.at_us.0,
        reason: moved.reason,
        source: moved.source,
    }
}

fn body(body: &PromptBody) -> BodyView {
    match body {
        PromptBody::Text(text) => BodyView::Text(text.clone()),
        PromptBody::Chat(items) => {
            // Texts and names only: writing them cannot fail.
            let whole = serde_json::to_string_pretty(items).unwrap_or_default();
            BodyView::Chat(items.iter().map(item).collect(), whole)
        }
    }
}

fn item(item: &ChatItem) -> ItemView {
    match item {
        ChatItem::Message { role, content } => ItemView::Message { role: role.clone(), content: content.clone() },
        ChatItem::Placeholder { name } => ItemView::Placeholder { name: name.clone() },
    }
}

/// Names of the variables of a body, each once, in order of appearance.
fn variables(body: &PromptBody) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for text in body.texts() {
        for part in ui::Part::of_template(text) {
            if let ui::Part::Variable { name, .. } = part
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_listed_once_in_order() {
        let body = PromptBody::Text("{{b}} and {{ a }} and {{b}}".to_owned());
        assert_eq!(variables(&body), ["b", "a"]);
    }
}
