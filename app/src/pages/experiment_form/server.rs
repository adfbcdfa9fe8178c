//! Server functions of the form.

use leptos::prelude::*;

use super::{
    draft::Draft,
    model::{DryRunCard, FormView, PlanCard},
};
use crate::{
    error::AppError,
    wire::{Command, Question},
};

/// The form of an experiment, or of a new one on a prompt and label.
#[server(protocol = Question)]
pub async fn open_form(
    project: String,
    key: Option<String>,
    prompt: Option<String>,
    label: Option<String>,
) -> Result<FormView, AppError> {
    let visit = crate::context::visit(&project).await?;
    match key {
        Some(key) => super::read::edited(&visit, &key).await,
        None => super::read::new(&visit, prompt, label).await,
    }
}

/// What the experiment in the form would take, by the traffic of the last 14 days. Changes nothing; a form is too long for an
/// address.
#[server(protocol = Command)]
pub async fn plan_draft(
    project: String,
    prompt: String,
    label: String,
    revision: Option<u32>,
    #[server(default)] draft: Draft,
) -> Result<PlanCard, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::plan_read::plan(&visit, super::plan_read::Form { prompt, label, revision, draft }).await
}

/// Which units of the last day the experiment in the form would have given what. Changes nothing.
#[server(protocol = Command)]
pub async fn dry_run_draft(
    project: String,
    prompt: String,
    label: String,
    revision: Option<u32>,
    #[server(default)] draft: Draft,
) -> Result<DryRunCard, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::plan_read::dry_run(&visit, super::plan_read::Form { prompt, label, revision, draft }).await
}

/// Saves the form and opens the experiment. `revision` is the one an edit was made from; `whole` asks for everything a launch
/// needs. Where that or anything else is missing, nothing is saved and each field says what.
#[server(protocol = Command)]
pub async fn save_experiment(
    project: String,
    prompt: String,
    label: String,
    revision: Option<u32>,
    whole: Option<String>,
    #[server(default)] draft: Draft,
) -> Result<(), AppError> {
    use domain::experiment::Design;
    use services::{
        ServiceError,
        experiments::{Edit, NewExperiment},
    };

    use super::parse::parse;
    use crate::{context, routes::experiment_href};

    let visit = context::visit(&project).await?;
    let (experiments, actor, id) = (&visit.services.experiments, &visit.actor, visit.project.id);
    let base = match revision {
        Some(_) => experiments.get(actor, id, &draft.key).await.map_err(context::refusal)?.design,
        None => Design::default(),
    };
    let parsed = parse(&draft, &base);
    let mut problems = if whole.is_some() { parsed.all_problems() } else { parsed.problems.clone() };
    if revision.is_none() {
        // The address of the form itself.
        if draft.key == "new" {
            problems.push(domain::problem::FieldProblem::new("key", "`new` is taken by this page; choose another"));
        }
        if let Err(invalid) = draft.key.trim().parse::<domain::experiment::ExperimentKey>() {
            problems.push(domain::problem::FieldProblem::new("key", invalid));
        }
    }
    if !problems.is_empty() {
        return Err(context::refusal(ServiceError::Invalid(problems)));
    }
    let design = parsed.design;
    let saved = if let Some(revision) = revision {
        experiments.edit(actor, id, &draft.key, Edit { revision, design, note: None, reshuffle: false }).await
    } else {
        let key = draft.key.trim().to_owned();
        experiments.create(actor, id, NewExperiment { key, prompt, label: Some(label), design }).await
    };
    let saved = saved.map_err(context::refusal)?;
    leptos_axum::redirect(&experiment_href(&project, saved.key.as_str()));
    Ok(())
}
