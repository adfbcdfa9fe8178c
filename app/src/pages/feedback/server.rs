//! Server functions of the feedback page.

use leptos::prelude::*;

use super::model::FeedbackView;
use crate::{
    error::AppError,
    pages::settings::model::NewClientKey,
    wire::{Command, Question},
};

/// Everything the page shows.
#[server(protocol = Question)]
pub async fn show_feedback(project: String) -> Result<FeedbackView, AppError> {
    use domain::{
        auth::{KeyKind, Role, Scope},
        page::PageSize,
    };
    use services::{ServiceError, traces::TraceFilter};

    use super::model::{ClientKey, Example};
    use crate::context;

    let visit = context::visit(&project).await?;
    let (actor, project) = (&visit.actor, visit.project.id);
    let keys = match visit.services.access.keys(actor, project).await {
        Ok(keys) => keys,
        // Keys are shown to owners; to all others the page explains.
        Err(ServiceError::Forbidden(_)) => Vec::new(),
        Err(error) => return Err(context::refusal(error)),
    };
    let key = keys
        .into_iter()
        .find(|key| key.kind == KeyKind::Client && key.revoked_us.is_none() && key.scopes.contains(&Scope::Ingest));
    let size = PageSize::new(1).unwrap_or_default();
    let newest = visit
        .services
        .traces
        .list(actor, project, &TraceFilter::default(), None, size)
        .await
        .map_err(context::refusal)?;
    Ok(FeedbackView {
        address: context::address(),
        key: key.map(|key| ClientKey { public_key: key.public_key, origins: key.origins }),
        may_make_keys: visit.role >= Role::Owner,
        example: newest
            .page
            .items
            .into_iter()
            .next()
            .map(|trace| Example { trace: trace.trace_id.to_string(), name: trace.name }),
    })
}

/// Makes a client key. `origins` holds one a line.
#[server(protocol = Command)]
pub async fn create_client_key(project: String, name: String, origins: String) -> Result<NewClientKey, AppError> {
    use domain::auth::Scope;

    use crate::context;

    let visit = context::visit(&project).await?;
    let origins: Vec<String> =
        origins.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    let access = &visit.services.access;
    let key = access
        .create_client_key(&visit.actor, visit.project.id, &name, &[Scope::Ingest, Scope::Resolve], &origins)
        .await
        .map_err(context::refusal)?;
    Ok(NewClientKey { name: key.name, public_key: key.public_key })
}
