//! Setting up an experiment, and changing one: what is tested, who takes part, what decides, when.

pub mod decides;
pub mod draft;
#[cfg(feature = "ssr")]
mod fill;
pub mod metric;
pub mod model;
#[cfg(feature = "ssr")]
mod offered;
pub mod parse;
pub mod plan;
#[cfg(feature = "ssr")]
mod plan_read;
pub mod preview;
#[cfg(feature = "ssr")]
mod read;
pub mod sections;
pub mod server;

use domain::problem::ProblemCode;
use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    Button, ButtonKind, Card, CardBody, Chip, Crumb, EmptyRow, LinkButton, Notice, Page, ProblemPanel, Table, Tone,
    live, page::PageHead,
};

use self::{
    decides::Decides,
    draft::Draft,
    model::FormView,
    preview::Preview,
    sections::{Tested, When, Who},
    server::{OpenForm, SaveExperiment},
};
use crate::{
    form::{self, kept::Kept, rows::Rows},
    panel::Panel,
    routes::{experiment_href, new_experiment_href, project_href},
    title::PageTitle,
    wire::{Act, ActForm, Asked},
};

/// Route of the form, new or of an experiment.
#[derive(Debug)]
pub struct ExperimentForm {
    view: Asked<FormView>,
}

#[lazy_route]
impl LazyRoute for ExperimentForm {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let view = Asked::new(move || {
            let (params, query) = (params.read(), query.read());
            OpenForm {
                project: params.get("project").unwrap_or_default(),
                key: params.get("key"),
                prompt: query.get("prompt"),
                label: query.get("label"),
            }
        });
        Self { view }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let project = Memo::new(move |_| params.read().get("project").unwrap_or_default());
        let key = Memo::new(move |_| params.read().get("key"));
        let crumbs = Signal::derive(move || {
            let list = format!("{}/experiments", project_href(&project.get()));
            let mut crumbs = vec![Crumb::link("Experiments", list)];
            match key.get() {
                Some(key) => {
                    let href = experiment_href(&project.get(), &key);
                    crumbs.extend([Crumb::link(key, href).mono(), Crumb::here("Edit")]);
                }
                None => crumbs.push(Crumb::here("New")),
            }
            crumbs
        });
        let title = move || if key.get().is_some() { "Edit experiment" } else { "New experiment" };
        let draw = move |view: FormView| {
            let project = project.get_untracked();
            if view.slot.is_some() {
                view! { <Form project view/> }.into_any()
            } else {
                view! { <ChooseSlot project prompts=view.prompts/> }.into_any()
            }
        };
        view! {
            <PageTitle text=Signal::derive(move || title().to_owned())/>
            <Page crumbs>
                {move || view! { <PageHead title=title()/> }}
                <Panel asked=this.view draw/>
            </Page>
        }
        .into_any()
    }
}

/// An experiment runs on a prompt and a label: which?
#[component]
fn ChooseSlot(project: String, prompts: Vec<(String, Vec<String>)>) -> impl IntoView {
    let none = prompts.is_empty();
    let rows = prompts
        .into_iter()
        .map(|(prompt, labels)| {
            let links = labels
                .into_iter()
                .map(|label| {
                    let href = new_experiment_href(&project, &prompt, &label);
                    view! { <Chip href>{label}</Chip> }.into_any()
                })
                .collect::<Vec<_>>();
            let links = if links.is_empty() {
                view! { <span class="faint">"no label yet: give a version one on the prompt’s page"</span> }.into_any()
            } else {
                view! { <span class="chips">{links}</span> }.into_any()
            };
            view! { <tr><ui::Cell kind=ui::CellKind::Title><b>{prompt}</b></ui::Cell><ui::Cell label="Test on label">{links}</ui::Cell></tr> }
                .into_any()
        })
        .collect_view();
    let rows = if none {
        view! { <EmptyRow columns=2>"There is no prompt to test yet. Save one first."</EmptyRow> }.into_any()
    } else {
        rows.into_any()
    };
    view! {
        <Card title="Which prompt and label?" extra=|| view! { <span class="muted small">"the label’s version becomes the control"</span> }>
            <Table caption="Prompts and labels" columns=vec![ui::Column::text("Prompt"), ui::Column::text("Test on label")]>
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}

/// What the fields need beside what was typed.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The view the form began with.
    pub view: StoredValue<FormView>,
    /// The project, for links.
    pub project: StoredValue<String>,
}

/// What the parts of the form share.
pub type Typed = form::Typed<Draft>;

#[component]
fn Form(project: String, view: FormView) -> impl IntoView {
    let act = Act::<SaveExperiment>::new();
    let slot = view.slot.clone().unwrap_or_else(|| model::FormSlot {
        prompt: String::new(),
        label: String::new(),
        points_at: 0,
        versions: Vec::new(),
    });
    let revision = view.edited.as_ref().map(|edited| edited.revision.to_string());
    let known = view.edited.as_ref().map(|edited| edited.problems.clone()).unwrap_or_default();
    let kept = Kept::of(&[
        "experiment",
        &project,
        &slot.prompt,
        &slot.label,
        revision.as_ref().map_or("", |_| &view.draft.key),
        revision.as_deref().unwrap_or_default(),
    ]);
    let about = About { view: StoredValue::new(view.clone()), project: StoredValue::new(project.clone()) };
    let typed = Typed::new(view.draft.clone(), known, about, kept);
    typed.follow(act);
    let edited = view.edited.clone();
    let reload = edited.is_some();
    let refused = live(move || {
        let problem = act.refused()?.0;
        if problem.code == ProblemCode::Conflict && reload {
            let panel = view! {
                <ProblemPanel problem title="Somebody changed it meanwhile; nothing was saved">
                    <LinkButton href="">"Look at it as it is now"</LinkButton>
                </ProblemPanel>
            };
            return Some(panel.into_any());
        }
        Some(view! { <ProblemPanel problem/> }.into_any())
    });
    let launched = edited.as_ref().is_some_and(|edited| edited.launched);
    let hint = view.hints.launched.clone();
    let running = launched.then(|| view! { <Notice tone=Tone::Warn>{hint}</Notice> }.into_any());
    let back = match &edited {
        Some(_) => experiment_href(&project, &view.draft.key),
        None => format!("{}/experiments", project_href(&project)),
    };
    let viewer =
        (!view.may_write).then(|| view! { <Notice>"Saving experiments needs the role editor."</Notice> }.into_any());
    let revision = revision.map(|revision| view! { <input type="hidden" name="revision" value=revision/> }.into_any());
    let may_write = view.may_write;
    let whole_words = if launched { "Save changes" } else { "Save and check" };
    let draft_button = (!launched).then(|| {
        view! { <Button submit=true busy=act.pending() disabled=!may_write>"Save as it is"</Button> }.into_any()
    });
    view! {
        {refused}
        {typed.restored()}
        {running}
        {viewer}
        <ActForm act class="experiment-form">
            <input type="hidden" name="project" value=project/>
            <input type="hidden" name="prompt" value=slot.prompt.clone()/>
            <input type="hidden" name="label" value=slot.label.clone()/>
            {revision}
            <div class="experiment-form__fields" node_ref=typed.inside on:input=move |_| typed.read()>
                {typed.fields(move |draft| fields(typed, draft))}
            </div>
            <aside class="experiment-form__aside">
                <Preview typed/>
                <Card>
                    <CardBody>
                        <div class="stack">
                            <p class="muted small">{view.hints.saving.clone()}</p>
                            <div class="actions">
                                <Button kind=ButtonKind::Primary submit=true busy=act.pending() disabled=!may_write attr:name="whole" attr:value="yes">{whole_words}</Button>
                                {draft_button}
                                <LinkButton kind=ButtonKind::Quiet href=back>"Cancel"</LinkButton>
                            </div>
                        </div>
                    </CardBody>
                </Card>
            </aside>
        </ActForm>
    }
    .into_any()
}

fn fields(typed: Typed, draft: Draft) -> AnyView {
    let metrics = Rows::new(draft.metrics.clone());
    view! {
        <Tested typed draft=draft.clone() metrics/>
        <Who typed draft=draft.clone()/>
        <Decides typed metrics/>
        <When typed draft/>
    }
    .into_any()
}
