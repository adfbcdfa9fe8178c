//! Settings, General: the project's name, what it is segmented by.

use domain::time::TimeUs;
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};
use ui::{
    Button, Card, CardBody, CopyLine, Fact, Facts, FactsLayout, Instant, Moment, Notice, ProblemPanel, TextField,
    Toaster, format, live,
};

use super::{
    data::{DataActs, Erasure, Retention},
    model::GeneralView,
    nav::{self, Settings},
    server::{RenameProject, SetSegment, ShowProject},
};
use crate::{
    panel::Panel,
    wire::{Act, ActForm, Acts, Asked},
};

/// Route of the page.
#[derive(Debug)]
pub struct General {
    view: Asked<GeneralView>,
}

#[lazy_route]
impl LazyRoute for General {
    fn data() -> Self {
        let params = use_params_map();
        Self { view: Asked::new(move || ShowProject { project: params.read().get("project").unwrap_or_default() }) }
    }

    fn view(this: Self) -> AnyView {
        let asked = this.view;
        let (rename, segment) = (Act::<RenameProject>::new(), Act::<SetSegment>::new());
        let data = DataActs { retain: Act::new(), erase: Act::new() };
        let toaster = Toaster::from_context();
        says(rename, asked, toaster, "The project has its new name");
        says(segment, asked, toaster, "Segments are being sorted anew");
        says(data.retain, asked, toaster, "Saved");
        says(data.erase, asked, toaster, "Events are being deleted");
        let draw = move |view: GeneralView| view! { <Shown view rename segment data/> }.into_any();
        view! { <Settings here=nav::GENERAL><Panel asked draw/></Settings> }.into_any()
    }
}

/// Says that a change went through, and asks for the page as it is now.
fn says<F: Acts>(act: Act<F>, asked: Asked<GeneralView>, toaster: Toaster, words: &'static str) {
    Effect::new(move |_| {
        if act.is_done() {
            toaster.done(words);
            asked.again();
        }
    });
}

#[component]
fn Shown(view: GeneralView, rename: Act<RenameProject>, segment: Act<SetSegment>, data: DataActs) -> impl IntoView {
    let GeneralView { name, slug, id, created_us, may_manage, now_us, .. } = view.clone();
    let renaming = live(move || rename.refused().map(|error| view! { <ProblemPanel problem=error.0/> }.into_any()));
    let form = may_manage.then(|| {
        let (project, name) = (slug.clone(), name.clone());
        view! {
            <ActForm act=rename class="inline-form">
                <input type="hidden" name="project" value=project/>
                <TextField name="name" label="Name" value=name required=true autocomplete="off"/>
                <Button submit=true busy=rename.pending()>"Rename"</Button>
            </ActForm>
        }
        .into_any()
    });
    let reader = (!may_manage).then(|| view! { <Notice>"Changing these needs the role owner."</Notice> }.into_any());
    let address = slug.clone();
    // Whoever may change the name sees it in its field.
    let shown = (!may_manage).then(|| Fact::text("Name", name));
    let facts = [
        Fact::new("Address", move || view! { <CopyLine text=address label="Copy the project's address"/> }),
        Fact::new("Id", move || view! { <CopyLine text=id label="Copy the project's id"/> }),
        Fact::new("Made", move || view! { <Instant at=TimeUs(created_us) shown=Moment::Ago(TimeUs(now_us))/> }),
    ];
    let facts = shown.into_iter().chain(facts).collect();
    view! {
        {reader}
        <Card title="Project">
            <CardBody>
                <div class="stack">
                    <Facts layout=FactsLayout::List items=facts/>
                    {renaming}
                    {form}
                </div>
            </CardBody>
        </Card>
        <Segments view=view.clone() segment/>
        <Retention project=view.slug.clone() view=view.data.clone() may_manage acts=data/>
        <Erasure project=view.slug view=view.data may_manage now=TimeUs(now_us) acts=data/>
    }
    .into_any()
}

/// The one attribute users add to the dimensions.
#[component]
fn Segments(view: GeneralView, segment: Act<SetSegment>) -> impl IntoView {
    let refused = live(move || segment.refused().map(|error| view! { <ProblemPanel problem=error.0/> }.into_any()));
    let chosen = view.segment.clone();
    let now = match &chosen {
        None => view! { <p class="muted">"Nothing is chosen: every generation is in one segment."</p> }.into_any(),
        Some(attribute) if view.segments.iter().all(|(name, _)| name.is_empty()) => view! {
            <p class="muted">"No generation of the last 90 days says " <code>{attribute.clone()}</code> "."</p>
        }
        .into_any(),
        Some(_) => view! { <Seen segments=view.segments/> }.into_any(),
    };
    let form = view.may_manage.then(|| {
        view! {
            <ActForm act=segment class="form">
                <input type="hidden" name="project" value=view.slug/>
                <input type="hidden" name="revision" value=view.revision.to_string()/>
                <TextField
                    name="segment"
                    label="Attribute"
                    value=chosen.unwrap_or_default()
                    hint="metadata.KEY, tag.PREFIX (of a tag written PREFIX:value), release or version. Empty: no segments."
                    placeholder="metadata.plan"
                    optional=true
                    mono=true
                    autocomplete="off"
                />
                <div class="actions"><Button submit=true busy=segment.pending()>"Save"</Button></div>
            </ActForm>
        }
        .into_any()
    });
    view! {
        <Card title="Segments">
            <CardBody>
                <div class="stack">
                    <p class="muted">
                        "One attribute of your traces that every number can be split and filtered by: the customer's plan, the country, the release. "
                        "What is stored already is sorted anew in the background."
                    </p>
                    {now}
                    {refused}
                    {form}
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}

/// Segments and their share of the last 90 days.
#[component]
fn Seen(segments: Vec<(String, u64)>) -> impl IntoView {
    let facts = segments
        .into_iter()
        .map(|(name, count)| {
            let name = if name.is_empty() { "none said".to_owned() } else { name };
            Fact::text(name, format::plural(i64::try_from(count).unwrap_or(i64::MAX), "generation", "generations"))
        })
        .collect();
    view! {
        <p class="small faint">"Generations of the last 90 days"</p>
        <Facts layout=FactsLayout::Grid items=facts/>
    }
    .into_any()
}
