//! Settings, Projects: those the visitor belongs to, a new one, and the demo.

pub mod model;
pub mod server;

use domain::{auth::Role, time::TimeUs};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};
use ui::{
    Button, ButtonKind, Card, CardBody, Cell, CellKind, Chip, Column, Dialog, DialogButton, Instant, Moment,
    ProblemPanel, Table, TextField, live,
};

use self::{
    model::{ProjectLine, ProjectsView},
    server::{CreateProject, ListProjects, MakeDemo, RemoveProject},
};
use crate::{
    pages::settings::nav::{self, Settings},
    panel::Panel,
    routes::project_href,
    wire::{Act, ActForm, Asked},
};

/// What can be done here. Each leads to another page when it is done.
#[derive(Clone, Copy)]
struct Acts {
    create: Act<CreateProject>,
    demo: Act<MakeDemo>,
    remove: Act<RemoveProject>,
}

/// Route of the page.
#[derive(Debug)]
pub struct Projects {
    view: Asked<ProjectsView>,
}

#[lazy_route]
impl LazyRoute for Projects {
    fn data() -> Self {
        let params = use_params_map();
        Self { view: Asked::new(move || ListProjects { project: params.read().get("project").unwrap_or_default() }) }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let acts = Acts { create: Act::new(), demo: Act::new(), remove: Act::new() };
        let asked = this.view;
        let draw = move |view: ProjectsView| {
            let here = params.read_untracked().get("project").unwrap_or_default();
            view! { <List here view acts/> }.into_any()
        };
        view! {
            <Settings here=nav::PROJECTS>
                <Panel asked draw/>
            </Settings>
        }
        .into_any()
    }
}

#[component]
fn List(here: String, view: ProjectsView, acts: Acts) -> impl IntoView {
    let now = TimeUs(view.now_us);
    let refused = live(move || {
        let refusals = [acts.create.refused(), acts.demo.refused(), acts.remove.refused()];
        let problem = refusals.into_iter().flatten().next()?;
        Some(view! { <ProblemPanel problem=problem.0/> }.into_any())
    });
    let has_demo = view.projects.iter().any(|project| project.demo);
    let rows = view
        .projects
        .into_iter()
        .map(|line| {
            let is_here = line.slug == here;
            view! { <Line line is_here now remove=acts.remove/> }.into_any()
        })
        .collect_view();
    let more = view.may_create.then(|| view! { <More here has_demo acts/> }.into_any());
    view! {
        {refused}
        <div class="card">
            <Table
                caption="Projects"
                columns=vec![
                    Column::text("Project"),
                    Column::text("Your role"),
                    Column::number("Made"),
                    Column::unnamed("Actions"),
                ]
            >
                {rows}
            </Table>
        </div>
        {more}
    }
}

#[component]
fn More(here: String, has_demo: bool, acts: Acts) -> impl IntoView {
    let demo = (!has_demo).then(|| {
        let project = here.clone();
        view! {
            <Card title="Demo project">
                <CardBody>
                    <p class="muted">
                        "Answers of real models to real tasks, with scores, over two weeks: four models on grade-school mathematics, eight on "
                        "instructions, and rated chats. Times, latency and cost are made up. It takes a few seconds, and is removed in one click."
                    </p>
                    <ActForm act=acts.demo>
                        <input type="hidden" name="project" value=project/>
                        <div class="actions">
                            <Button submit=true busy=acts.demo.pending()>"Make the demo project"</Button>
                        </div>
                    </ActForm>
                </CardBody>
            </Card>
        }
        .into_any()
    });
    view! {
        <div id="new-project"><Card title="New project">
            <CardBody>
                <ActForm act=acts.create class="inline-form">
                    <input type="hidden" name="project" value=here/>
                    <TextField name="name" label="Name" hint="Its address follows from it." required=true/>
                    <Button kind=ButtonKind::Primary submit=true busy=acts.create.pending()>"Make project"</Button>
                </ActForm>
            </CardBody>
        </Card></div>
        {demo}
    }
}

#[component]
fn Line(line: ProjectLine, is_here: bool, now: TimeUs, remove: Act<RemoveProject>) -> impl IntoView {
    let href = project_href(&line.slug);
    let marks = [is_here.then_some("open now"), line.demo.then_some("demo")]
        .into_iter()
        .flatten()
        .map(|mark| view! { <Chip>{mark}</Chip> }.into_any())
        .collect_view();
    let action = (line.role == Role::Owner).then(|| view! { <Removal line=line.clone() remove/> }.into_any());
    view! {
        <tr>
            <Cell kind=CellKind::Title>
                <a href=href data-row=""><b>{line.name}</b></a>
                {marks}
                <span class="sub">{line.slug}</span>
            </Cell>
            <Cell label="Your role">{line.role.as_str()}</Cell>
            <Cell kind=CellKind::Number label="Made"><Instant at=TimeUs(line.created_us) shown=Moment::Ago(now)/></Cell>
            <Cell kind=CellKind::Wide>{action}</Cell>
        </tr>
    }
}

/// A demo goes in one click; anything else is asked for by its name.
#[component]
fn Removal(line: ProjectLine, remove: Act<RemoveProject>) -> impl IntoView {
    let project = line.slug.clone();
    if line.demo {
        return view! {
            <ActForm act=remove>
                <input type="hidden" name="project" value=project.clone()/>
                <input type="hidden" name="confirm" value=project/>
                <Button kind=ButtonKind::Danger submit=true busy=remove.pending()>"Remove demo"</Button>
            </ActForm>
        }
        .into_any();
    }
    let dialog = format!("remove-{project}");
    let closing = dialog.clone();
    let confirm = format!("confirm-{project}");
    let label = format!("Type {project} to confirm");
    let title = format!("Remove “{}”?", line.name);
    view! {
        <DialogButton dialog=dialog.clone() kind=ButtonKind::Danger>"Remove"</DialogButton>
        <Dialog id=dialog title>
            <p>"Its prompts, traces, scores, keys and settings are deleted for good. Programs that use its keys are refused at once."</p>
            <ActForm act=remove class="form" closes=closing.clone()>
                <input type="hidden" name="project" value=project.clone()/>
                <TextField name="confirm" id=confirm.clone() label=label.clone() required=true autocomplete="off"/>
                <div class="actions"><Button kind=ButtonKind::Danger submit=true>"Remove project"</Button></div>
            </ActForm>
        </Dialog>
    }
    .into_any()
}
