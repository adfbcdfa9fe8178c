//! A new prompt, and a new version of one, written in the browser.

pub mod check;
pub mod fields;
pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod server;

use domain::problem::{FieldProblem, ProblemCode};
use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    Badge, Button, ButtonKind, Card, CardBody, Crumb, IconName, LinkButton, Notice, Page, ProblemPanel, live,
    page::PageHead, problem::sentence,
};
use wasm_bindgen::JsCast as _;

use self::{
    check::check,
    fields::{back, fields},
    model::{Base, Draft, FormView},
    server::{OpenPromptForm, SavePrompt},
};
use crate::{
    pages::experiment_form::kept::Kept,
    panel::Panel,
    routes::{project_href, prompt_href},
    title::PageTitle,
    wire::{Act, ActForm, Asked, act::form_text},
};

/// Route of the form, of a new prompt or of a version.
#[derive(Debug)]
pub struct PromptForm {
    view: Asked<FormView>,
}

#[lazy_route]
impl LazyRoute for PromptForm {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let view = Asked::new(move || {
            let (params, query) = (params.read(), query.read());
            OpenPromptForm {
                project: params.get("project").unwrap_or_default(),
                prompt: params.get("name"),
                from: query.get("from").and_then(|from| from.parse().ok()),
                name: query.get("name"),
            }
        });
        Self { view }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let project = Memo::new(move |_| params.read().get("project").unwrap_or_default());
        let name = Memo::new(move |_| params.read().get("name"));
        let crumbs = Signal::derive(move || {
            let mut crumbs = vec![Crumb::link("Prompts", format!("{}/prompts", project_href(&project.get())))];
            match name.get() {
                Some(name) => {
                    let href = prompt_href(&project.get(), &name);
                    crumbs.extend([Crumb::link(name, href), Crumb::here("New version")]);
                }
                None => crumbs.push(Crumb::here("New prompt")),
            }
            crumbs
        });
        let title = move || if name.get().is_some() { "New version" } else { "New prompt" };
        let draw = move |view: FormView| {
            let project = project.get_untracked();
            view! { <Form project view/> }.into_any()
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

/// What the parts of the form share.
#[derive(Clone, Copy)]
pub struct Typed {
    /// The form as typed.
    pub draft: RwSignal<Draft>,
    /// What is wrong with it, shown at its fields.
    pub problems: RwSignal<Vec<FieldProblem>>,
    /// Whether it is of a new prompt.
    pub is_new: bool,
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

    /// Reads the form again, and keeps it for a reload. Browser only.
    pub fn read(self) {
        let element = self.inside.get_untracked();
        let form =
            element.and_then(|element| element.closest("form").ok().flatten()).and_then(|form| form.dyn_into().ok());
        let Some(text) = form.and_then(|form| form_text(&form, None)) else { return };
        self.kept.with_value(|kept| kept.keep(&text));
        self.draft.set(Draft::of_form(&text));
    }

    /// Reads the form once rows have come or gone.
    pub fn read_soon(self) {
        request_animation_frame(move || self.read());
    }

    /// Says what is wrong when a field is left; what is still to be filled in is not wrong yet.
    fn look(self) {
        let draft = self.draft.get_untracked();
        let mut problems = check(&draft, self.is_new);
        problems.retain(|problem| match problem.field.as_str() {
            "name" => !draft.name.is_empty(),
            "text" => false,
            field => !field.starts_with("messages"),
        });
        self.problems.set(problems);
    }
}

#[component]
fn Form(project: String, view: FormView) -> impl IntoView {
    let act = Act::<SavePrompt>::new();
    let FormView { draft: first, base, may_write } = view;
    let is_new = base.is_none();
    let from = base.as_ref().map(|base| base.from);
    let place = from.map_or_else(String::new, |from| format!("{}\n{from}", first.name));
    let typed = Typed {
        draft: RwSignal::new(first.clone()),
        problems: RwSignal::new(Vec::new()),
        is_new,
        inside: NodeRef::new(),
        kept: StoredValue::new(Kept::of(&["prompt", &project, &place])),
    };
    // The fields are made anew when a kept form is put back.
    let begun = RwSignal::new((0_u32, first.clone()));
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
    let beginning = StoredValue::new(first.clone());
    let start_over = move |_| {
        typed.kept.with_value(Kept::forget);
        let first = beginning.get_value();
        typed.draft.set(first.clone());
        typed.problems.set(Vec::new());
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
    let newest = prompt_href(&project, &first.name);
    let refused = live(move || {
        let problem = act.refused()?.0;
        if problem.code == ProblemCode::Conflict && !is_new {
            let href = newest.clone();
            let panel = view! {
                <ProblemPanel problem title="Nothing was saved">
                    <LinkButton href>"Look at the prompt as it is now"</LinkButton>
                </ProblemPanel>
            };
            return Some(panel.into_any());
        }
        Some(view! { <ProblemPanel problem/> }.into_any())
    });
    let viewer = (!may_write).then(|| view! { <Notice>"Saving prompts needs the role editor."</Notice> }.into_any());
    let latest = base
        .as_ref()
        .map(|base| view! { <input type="hidden" name="latest" value=base.latest.to_string()/> }.into_any());
    let leave = back(&project, &first, is_new, from);
    let (button, words) = said(base);
    view! {
        {refused}
        {restored}
        {viewer}
        <ActForm act class="prompt-form">
            <input type="hidden" name="project" value=project/>
            {latest}
            <div class="prompt-form__fields" node_ref=typed.inside on:input=move |_| typed.read() on:change=move |_| typed.look()>
                <For each=move || [begun.get()] key=|(generation, _)| *generation let:begun>
                    {fields(typed, begun.1)}
                </For>
            </div>
            <aside class="prompt-form__aside">
                <Variables typed/>
                <Card>
                    <CardBody>
                        <div class="stack">
                            <p class="muted small">{words}</p>
                            <div class="actions">
                                <Button kind=ButtonKind::Primary submit=true busy=act.pending() disabled=!may_write>{button}</Button>
                                <LinkButton kind=ButtonKind::Quiet href=leave>"Cancel"</LinkButton>
                            </div>
                        </div>
                    </CardBody>
                </Card>
            </aside>
        </ActForm>
    }
    .into_any()
}

/// Words of the button, and what it does.
fn said(base: Option<Base>) -> (String, String) {
    let Some(Base { from, latest }) = base else {
        let words = "This makes version 1. What labels point at is what programs get.";
        return ("Save the prompt".to_owned(), words.to_owned());
    };
    let next = latest.saturating_add(1);
    let words = format!(
        "The text is that of v{from}. A version never changes: this makes v{next}, which gets no traffic until a label points at it."
    );
    (format!("Save as v{next}"), words)
}

/// The variables as they are typed.
#[component]
fn Variables(typed: Typed) -> impl IntoView {
    let names = Memo::new(move |_| typed.draft.with(Draft::variables));
    let shown = live(move || {
        let names = names.get();
        if names.is_empty() {
            return Some(view! { <p class="muted small">"None yet: write one as {{name}}."</p> }.into_any());
        }
        let badges = names.into_iter().map(|name| view! { <Badge>{name}</Badge> }.into_any()).collect_view();
        Some(view! { <p class="chips" data-variables="">{badges}</p> }.into_any())
    });
    view! { <Card title="Variables"><CardBody>{shown}</CardBody></Card> }.into_any()
}
