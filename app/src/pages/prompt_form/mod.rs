//! A new prompt, and a new version of one, written in the browser.

pub mod check;
pub mod fields;
pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod server;

use domain::problem::ProblemCode;
use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    Badge, Button, ButtonKind, Card, CardBody, Crumb, LinkButton, Notice, Page, ProblemPanel, live, page::PageHead,
};

use self::{
    check::check,
    fields::{back, fields},
    model::{About, Base, Draft, FormView},
    server::{OpenPromptForm, SavePrompt},
};
use crate::{
    form::{self, kept::Kept},
    panel::Panel,
    routes::{project_href, prompt_href},
    title::PageTitle,
    wire::{Act, ActForm, Asked},
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
pub type Typed = form::Typed<Draft>;

/// Says what is wrong when a field is left; what is still to be filled in is not wrong yet.
fn look(typed: Typed) {
    let draft = typed.draft.get_untracked();
    let mut problems = check(&draft, typed.about.is_new);
    problems.retain(|problem| match problem.field.as_str() {
        "name" => !draft.name.is_empty(),
        "text" => false,
        field => !field.starts_with("messages"),
    });
    typed.problems.set(problems);
}

#[component]
fn Form(project: String, view: FormView) -> impl IntoView {
    let act = Act::<SavePrompt>::new();
    let FormView { draft: first, base, may_write } = view;
    let is_new = base.is_none();
    let from = base.as_ref().map(|base| base.from);
    let place = from.map_or_else(String::new, |from| from.to_string());
    let kept = Kept::of(&["prompt", &project, &first.name, &place]);
    let typed = Typed::new(first.clone(), Vec::new(), About { is_new }, kept);
    typed.follow(act);
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
        {typed.restored()}
        {viewer}
        <ActForm act class="prompt-form">
            <input type="hidden" name="project" value=project/>
            {latest}
            <div class="prompt-form__fields" node_ref=typed.inside on:input=move |_| typed.read() on:change=move |_| look(typed)>
                {typed.fields(move |draft| fields(typed, draft))}
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
