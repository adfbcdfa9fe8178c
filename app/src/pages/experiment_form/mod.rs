//! Setting up an experiment, and changing one: what is tested, who takes part, what decides, when.

pub mod draft;
#[cfg(feature = "ssr")]
mod fill;
pub mod kept;
pub mod model;
pub mod parse;
pub mod plan;
#[cfg(feature = "ssr")]
mod plan_read;
pub mod preview;
#[cfg(feature = "ssr")]
mod read;
pub mod rows;
pub mod sections;
pub mod server;

use domain::problem::{FieldProblem, ProblemCode};
use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    Button, ButtonKind, Card, CardBody, Chip, Crumb, EmptyRow, IconName, LinkButton, Notice, Page, ProblemPanel, Table,
    Tone, live, page::PageHead, problem::sentence,
};
use wasm_bindgen::JsCast as _;

use self::{
    draft::Draft,
    kept::Kept,
    model::FormView,
    preview::Preview,
    sections::{Decides, Tested, When, Who},
    server::{OpenForm, SaveExperiment},
};
use crate::{
    panel::Panel,
    routes::{experiment_href, new_experiment_href, project_href},
    title::PageTitle,
    wire::{Act, ActForm, Asked, act::form_text},
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

/// What the parts of the form share.
#[derive(Clone, Copy)]
pub struct Typed {
    /// The form as typed.
    pub draft: RwSignal<Draft>,
    /// What is wrong with it, shown at its fields.
    pub problems: RwSignal<Vec<FieldProblem>>,
    /// The view it began with.
    pub view: StoredValue<FormView>,
    /// The project, for links.
    pub project: StoredValue<String>,
    /// An element of the form, to read it by.
    inside: NodeRef<leptos::html::Div>,
    kept: StoredValue<Kept>,
}

impl Typed {
    /// What is wrong with a field.
    pub fn error(self, field: impl Fn() -> String + Send + Sync + 'static) -> Signal<Option<String>> {
        Signal::derive(move || {
            let field = field();
            self.problems.with(|problems| {
                problems.iter().find(|problem| problem.field == field).map(|problem| sentence(&problem.message))
            })
        })
    }

    /// The same of a field that has no rows.
    pub fn error_of(self, field: &'static str) -> Signal<Option<String>> {
        self.error(move || field.to_owned())
    }

    /// The form as it would be sent. Browser only.
    pub fn text(self) -> Option<String> {
        let element = self.inside.get_untracked()?;
        form_text(&element.closest("form").ok().flatten()?.dyn_into().ok()?, None)
    }

    /// Reads the form again, and keeps it for a reload. Browser only.
    pub fn read(self) {
        let Some(text) = self.text() else { return };
        let draft = Draft::of_form(&text);
        self.kept.with_value(|kept| kept.keep(&text));
        self.draft.set(draft);
    }

    /// Reads the form once rows have come or gone.
    pub fn read_soon(self) {
        request_animation_frame(move || self.read());
    }
}

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
        &project,
        &slot.prompt,
        &slot.label,
        revision.as_ref().map_or("", |_| &view.draft.key),
        revision.as_deref().unwrap_or_default(),
    ]);
    let typed = Typed {
        draft: RwSignal::new(view.draft.clone()),
        problems: RwSignal::new(known),
        view: StoredValue::new(view.clone()),
        project: StoredValue::new(project.clone()),
        inside: NodeRef::new(),
        kept: StoredValue::new(kept),
    };
    // The fields are made anew when a kept form is put back.
    let begun = RwSignal::new((0_u32, view.draft.clone()));
    let put_back = RwSignal::new(false);
    Effect::new(move |_| {
        let Some(text) = typed.kept.with_value(Kept::found) else { return };
        let draft = Draft::of_form(&text);
        if draft != typed.draft.get_untracked() {
            typed.draft.set(draft.clone());
            begun.set((1, draft));
            put_back.set(true);
        }
    });
    Effect::new(move |_| {
        if act.is_done() {
            typed.kept.with_value(Kept::forget);
        }
        if let Some(error) = act.refused() {
            typed.problems.set(error.0.fields);
        }
    });
    let start_over = move |_| {
        typed.kept.with_value(Kept::forget);
        let first = typed.view.with_value(|view| view.draft.clone());
        typed.draft.set(first.clone());
        begun.update(|(generation, draft)| {
            *generation = generation.wrapping_add(1);
            *draft = first;
        });
        put_back.set(false);
    };
    let restored = live(move || {
        put_back.get().then(|| {
            view! {
                <Notice>
                    "This is what you had typed when you left. "
                    <Button kind=ButtonKind::Quiet icon=IconName::Undo on:click=start_over>"Start over"</Button>
                </Notice>
            }
            .into_any()
        })
    });
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
    let running = launched.then(|| {
        view! {
            <Notice tone=Tone::Warn>
                "It is launched: metrics and plan are fixed. Changing arms, audience or unit begins a new phase, and the analysis with it; \
                 changing the traffic share begins an epoch."
            </Notice>
        }
        .into_any()
    });
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
        {restored}
        {running}
        {viewer}
        <ActForm act class="experiment-form">
            <input type="hidden" name="project" value=project/>
            <input type="hidden" name="prompt" value=slot.prompt.clone()/>
            <input type="hidden" name="label" value=slot.label.clone()/>
            {revision}
            <div class="experiment-form__fields" node_ref=typed.inside on:input=move |_| typed.read()>
                <For each=move || [begun.get()] key=|(generation, _)| *generation let:begun>
                    {fields(typed, begun.1)}
                </For>
            </div>
            <aside class="experiment-form__aside">
                <Preview typed/>
                <Card>
                    <CardBody>
                        <div class="stack">
                            <p class="muted small">
                                "Saving launches nothing. “Save and check” asks for everything a launch needs; “as it is” keeps a draft with gaps."
                            </p>
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
    view! {
        <Tested typed draft=draft.clone()/>
        <Who typed draft=draft.clone()/>
        <Decides typed draft=draft.clone()/>
        <When typed draft/>
    }
    .into_any()
}
