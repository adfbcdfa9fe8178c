//! Looks in all the places things have names. Server only.

use domain::{ids::TraceId, page::PageSize, prompt::VersionChoice};
use services::{ServiceError, prompts::PromptFilter, traces::Gather};
use ui::{Query, format};

use super::model::{Hit, HitKind, trace_asked, version_asked};
use crate::{
    context::{self, Visit},
    error::AppError,
    pages::gathered::model::Kind,
    routes::{gathered_href, project_href, prompt_href, trace_href},
};

/// Prompts shown.
const PROMPTS: usize = 8;
/// Sessions, users and other projects shown, each.
const OTHERS: u32 = 5;
/// Versions shown of the one prompt that is found.
const VERSIONS: u32 = 4;
/// Longest text that is looked for.
const MOST_CHARS: usize = 200;

pub(super) async fn find(visit: &Visit, text: &str) -> Result<Vec<Hit>, AppError> {
    let text: String = text.trim().chars().take(MOST_CHARS).collect();
    let mut hits = Vec::new();
    if !text.is_empty() {
        hits.extend(trace(visit, &text).await?);
        hits.extend(prompts(visit, &text).await?);
        for kind in [Kind::Session, Kind::User] {
            hits.extend(gathered(visit, kind, &text).await?);
        }
    }
    hits.extend(projects(visit, &text).await?);
    Ok(hits)
}

async fn trace(visit: &Visit, text: &str) -> Result<Option<Hit>, AppError> {
    let Some(id) = trace_asked(text).and_then(|id| id.parse::<TraceId>().ok()) else { return Ok(None) };
    match visit.services.traces.open(&visit.actor, visit.project.id, id).await {
        Ok(found) => {
            let start = found.trace.start_ns.to_us().0;
            Ok(Some(Hit {
                kind: HitKind::Trace,
                text: found.trace.name,
                note: Some(format!("{} UTC", format::date_time(start))),
                href: trace_href(visit.project.slug.as_str(), &id.to_string()),
            }))
        }
        Err(ServiceError::NotFound { .. }) => Ok(None),
        Err(error) => Err(context::refusal(error)),
    }
}

async fn prompts(visit: &Visit, text: &str) -> Result<Vec<Hit>, AppError> {
    let (registry, actor, project) = (&visit.services.prompts, &visit.actor, visit.project.id);
    let slug = visit.project.slug.as_str();
    let version = version_asked(text);
    let mut hits = Vec::new();
    if let Some((name, number)) = version {
        for prompt in matching(visit, name).await? {
            match registry.fetch(actor, project, prompt.name.as_str(), &VersionChoice::Number(number)).await {
                Ok(found) => {
                    hits.push(of_version(slug, prompt.name.as_str(), number, found.version.commit_message.clone()));
                }
                Err(ServiceError::NotFound { .. }) => {}
                Err(error) => return Err(context::refusal(error)),
            }
        }
    }
    let found = matching(visit, text).await?;
    for prompt in &found {
        let name = prompt.name.as_str();
        let labels: Vec<String> =
            prompt.labels.iter().take(3).map(|label| format!("{} v{}", label.name.as_str(), label.version)).collect();
        hits.push(Hit {
            kind: HitKind::Prompt,
            text: name.to_owned(),
            note: Some(if labels.is_empty() { format!("v{}", prompt.latest) } else { labels.join(" · ") }),
            href: prompt_href(slug, name),
        });
    }
    if let [only] = found.as_slice() {
        let size = PageSize::new(VERSIONS).unwrap_or_default();
        let versions = registry.versions(actor, project, only.name.as_str(), None, size).await;
        for version in versions.map_err(context::refusal)?.items {
            hits.push(of_version(slug, only.name.as_str(), version.number, version.commit_message));
        }
    }
    Ok(hits)
}

/// Prompts with the text in their name: those that begin with it first, then those where a folder or the last part does.
async fn matching(visit: &Visit, text: &str) -> Result<Vec<domain::prompt::Prompt>, AppError> {
    let filter = PromptFilter { contains: Some(text.to_owned()), ..PromptFilter::default() };
    let all = visit.services.prompts.all(&visit.actor, visit.project.id, &filter).await.map_err(context::refusal)?;
    let mut found = all.prompts;
    let text = text.to_lowercase();
    found.sort_by_cached_key(|prompt| {
        let name = prompt.name.as_str().to_lowercase();
        let part_begins = name.split('/').any(|part| part.starts_with(&text));
        (name != text, !name.starts_with(&text), !part_begins, name)
    });
    found.truncate(PROMPTS);
    Ok(found)
}

fn of_version(slug: &str, name: &str, number: u32, message: Option<String>) -> Hit {
    let query = Query::from_pairs([("tab", "versions".to_owned()), ("v", number.to_string())]);
    Hit {
        kind: HitKind::Version,
        text: format!("{name} v{number}"),
        note: message,
        href: format!("{}{}", prompt_href(slug, name), query.href()),
    }
}

async fn gathered(visit: &Visit, kind: Kind, text: &str) -> Result<Vec<Hit>, AppError> {
    let (by, hit) = match kind {
        Kind::Session => (Gather::Session, HitKind::Session),
        Kind::User => (Gather::User, HitKind::User),
    };
    let size = PageSize::new(OTHERS).unwrap_or_default();
    let found = visit.services.traces.gathered(&visit.actor, visit.project.id, by, Some(text), None, size).await;
    let line = |found: services::traces::Gathered| Hit {
        kind: hit,
        href: gathered_href(visit.project.slug.as_str(), kind, &found.id),
        note: Some(format!("last seen {} UTC", format::date_time(found.newest.start_ns.to_us().0))),
        text: found.id,
    };
    Ok(found.map_err(context::refusal)?.page.items.into_iter().map(line).collect())
}

async fn projects(visit: &Visit, text: &str) -> Result<Vec<Hit>, AppError> {
    let all = visit.services.access.projects(&visit.actor).await.map_err(context::refusal)?;
    let text = text.to_lowercase();
    let others = all.into_iter().filter(|project| project.id != visit.project.id);
    let named =
        others.filter(|project| project.name.to_lowercase().contains(&text) || project.slug.as_str().contains(&text));
    let hits = named.take(usize::try_from(OTHERS).unwrap_or(usize::MAX)).map(|project| Hit {
        kind: HitKind::Project,
        href: project_href(project.slug.as_str()),
        note: (project.name != project.slug.as_str()).then(|| project.slug.as_str().to_owned()),
        text: project.name,
    });
    Ok(hits.collect())
}
