//! Gathers what the form needs: versions, metrics to choose, a first draft. Server only.

use domain::{
    experiment::{Arm, ArmKey, Design, State},
    page::PageSize,
    prompt::{LabelName, Prompt},
    time::TimeUs,
};
use services::{ServiceError, prompts::PromptFilter};
use ui::format;

use super::{
    draft::Draft,
    fill,
    model::{Edited, FormSlot, FormView, Hints, Teach},
    offered::{Offered, offered, usual},
};
use crate::{
    context::{self, Visit},
    error::AppError,
    pages::experiments::read::{may_write, public_keys},
};

/// What an adaptive split is for, and what it costs.
const ADAPTIVE: &str = "Fixed keeps the weights. Adaptive moves traffic to better arms batch by batch, to pick the best of several with \
    few losses. Telling the whole effect then takes longer; ratios, quantiles and segments get no interval; units keep their arm, which \
    only resolve and single OFREP evaluations can deal.";
/// What such a split can decide by.
const UNFIT: &str = "An adaptive split decides by what every unit has, also one that did nothing: metrics that end in “a unit” or “share \
    of units”. Others can be secondary. These cannot decide:";
const ROLES: &str = "The goal is what the experiment is for; its margin is the smallest difference that matters. A guardrail may get worse by \
    its margin at most. Secondary metrics are shown and decide nothing. Outcome events count for the unit they name, from its exposure on.";
const LAUNCHED: &str = "It is launched: metrics and plan are fixed. Changing arms, audience or unit begins a new phase, and the analysis with \
    it; changing the traffic share begins an epoch.";
const SAVING: &str =
    "Saving launches nothing. “Save and check” asks for everything a launch needs; “as it is” keeps a draft with gaps.";
const EVENTS: &str = "Purchases, clicks, edits, whatever users do after they met an arm: send each as it happens, about the unit the experiment \
    splits by. The name can then be chosen here: as share of units, count, sum or mean of the values.";

pub(super) async fn new(visit: &Visit, prompt: Option<String>, label: Option<String>) -> Result<FormView, AppError> {
    let prompts = &visit.services.prompts;
    let Some(name) = prompt.filter(|name| !name.is_empty()) else {
        let all =
            prompts.all(&visit.actor, visit.project.id, &PromptFilter::default()).await.map_err(context::refusal)?;
        let names = |prompt: Prompt| {
            let labels = prompt.labels.iter().map(|label| label.name.to_string()).collect();
            (prompt.name.to_string(), labels)
        };
        let listed = all.prompts.into_iter().map(names).collect();
        return view(visit, None, listed, Draft::default(), Offered::default(), None).await;
    };
    let prompt = prompts.prompt(&visit.actor, visit.project.id, &name).await.map_err(context::refusal)?;
    let label = label.filter(|label| !label.is_empty()).unwrap_or_else(|| LabelName::PRODUCTION.to_owned());
    let slot = slot(visit, &prompt, &label).await?;
    let metrics = offered(visit, &name).await?;
    let design = first(&slot);
    let mut draft = fill::draft(&suggested_key(&slot, visit.now), &design);
    draft.metrics = usual(&metrics.choices);
    let labels = prompt.labels.iter().map(|label| label.name.to_string()).collect();
    view(visit, Some(slot), vec![(name, labels)], draft, metrics, None).await
}

pub(super) async fn edited(visit: &Visit, key: &str) -> Result<FormView, AppError> {
    let (experiments, actor, project) = (&visit.services.experiments, &visit.actor, visit.project.id);
    let experiment = experiments.get(actor, project, key).await.map_err(context::refusal)?;
    let report = experiments.report(actor, project, key).await.map_err(context::refusal)?;
    let name = experiment.slot.prompt_name.as_str();
    let prompt = visit.services.prompts.prompt(actor, project, name).await.map_err(context::refusal)?;
    let slot = slot(visit, &prompt, experiment.slot.label.as_str()).await?;
    let mut metrics = offered(visit, name).await?;
    metrics.with_own(&experiment.design);
    let launched = experiment.state != State::Draft;
    let edited = Edited {
        id: experiment.id.to_string(),
        revision: experiment.revision,
        launched,
        problems: if launched { Vec::new() } else { report.problems },
    };
    let draft = fill::draft(key, &experiment.design);
    view(visit, Some(slot), Vec::new(), draft, metrics, Some(edited)).await
}

async fn view(
    visit: &Visit,
    slot: Option<FormSlot>,
    prompts: Vec<(String, Vec<String>)>,
    draft: Draft,
    metrics: Offered,
    edited: Option<Edited>,
) -> Result<FormView, AppError> {
    let teach = if slot.is_some() && !metrics.events { Some(teach(visit).await?) } else { None };
    let hints = Hints {
        adaptive: ADAPTIVE.to_owned(),
        unfit: UNFIT.to_owned(),
        roles: ROLES.to_owned(),
        launched: LAUNCHED.to_owned(),
        saving: SAVING.to_owned(),
    };
    Ok(FormView {
        slot,
        prompts,
        draft,
        metrics: metrics.choices,
        edited,
        may_write: may_write(visit),
        hints,
        teach,
        project_id: visit.project.id.to_string(),
    })
}

/// How a first outcome event is sent.
async fn teach(visit: &Visit) -> Result<Teach, AppError> {
    let [public, _] = public_keys(visit).await?;
    let (public, address) = (public.as_deref().unwrap_or("pk-…"), context::address());
    let code = format!(
        r#"curl -u {public}:sk-… {address}/api/v1/events \
  -H 'content-type: application/json' \
  -d '{{"name": "purchase", "unit": {{"kind": "user", "id": "user-1"}}, "value": 12.5}}'
"#
    );
    Ok(Teach { title: "No outcome events yet: how to send one".to_owned(), text: EVENTS.to_owned(), code })
}

async fn slot(visit: &Visit, prompt: &Prompt, label: &str) -> Result<FormSlot, AppError> {
    let Some(found) = prompt.labels.iter().find(|found| found.name.as_str() == label) else {
        let message = format!("`{}` has no label `{label}`; give it one on the prompt’s page", prompt.name);
        return Err(context::refusal(ServiceError::field("label", message)));
    };
    let newest = PageSize::new(PageSize::MAX.into()).unwrap_or_default();
    let (prompts, actor, project) = (&visit.services.prompts, &visit.actor, visit.project.id);
    let versions =
        prompts.versions(actor, project, prompt.name.as_str(), None, newest).await.map_err(context::refusal)?;
    let versions =
        versions.items.into_iter().map(|version| (version.number, version.commit_message.unwrap_or_default()));
    Ok(FormSlot {
        prompt: prompt.name.to_string(),
        label: label.to_owned(),
        points_at: found.version,
        versions: versions.collect(),
    })
}

/// The label's version against the newest other one, half and half.
fn first(slot: &FormSlot) -> Design {
    let other = slot.versions.iter().map(|(number, _)| *number).find(|number| *number != slot.points_at);
    let arm = |key: &str, version: u32| {
        let key: ArmKey = key.parse().ok()?;
        Some(Arm { key, name: String::new(), version, weight: 5_000 })
    };
    let arms = [arm("control", slot.points_at), arm("treatment", other.unwrap_or(0))];
    Design { arms: arms.into_iter().flatten().collect(), ..Design::default() }
}

/// A key that says where and when: `support-answer-nov-21`.
fn suggested_key(slot: &FormSlot, now: TimeUs) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let name: String = slot.prompt.chars().map(plain).take(50).collect();
    let day: String = format::date(now.0).split(',').next().unwrap_or_default().chars().map(plain).collect();
    format!("{name}-{day}")
}
