//! Versions tab: the history at the left, one version at the right, labels to move.

pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod server;
pub mod unsaved;

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{
    Button, ButtonKind, Card, CardBody, Chip, Copy, Fact, Facts, FactsLayout, Instant, Json, Message, Messages, Moment,
    Part, ProblemPanel, Query, Role, SelectField, SelectOption, TextField, Toaster, Tone, live,
};

use self::{
    model::{BodyView, ItemView, LabelView, MoveLine, VersionLine, VersionView, VersionsView},
    server::{MoveLabel, RemoveLabel},
};
use crate::wire::{Act, ActForm};

/// The tab's content.
#[component]
pub fn Versions(project: String, name: String, query: Query, view: VersionsView, mover: LabelMover) -> impl IntoView {
    let now = TimeUs(view.now_us);
    let labels = view.head.labels.clone();
    let current = view.shown.number;
    let latest = view.head.latest;
    let items = view
        .versions
        .into_iter()
        .map(|line| {
            let href = query.set("v", line.number.to_string()).href();
            view! { <Item line href labels=labels.clone() current latest now/> }.into_any()
        })
        .collect_view();
    let form = view.may_write.then(|| {
        let owned = view.owned;
        view! { <LabelForm project=project.clone() name=name.clone() version=current labels=labels.clone() owned mover/> }
            .into_any()
    });
    view! {
        <div class="versions">
            <ol class="version-list" aria-label="Versions">{items}</ol>
            <div class="version">
                <Shown version=view.shown labels=labels.clone() now>{form}</Shown>
                <Moves moves=view.moves now/>
                <Slots labels/>
            </div>
        </div>
    }
}

#[component]
fn Item(
    line: VersionLine,
    href: String,
    labels: Vec<LabelView>,
    current: u32,
    latest: u32,
    now: TimeUs,
) -> impl IntoView {
    let is_current = (line.number == current).then_some("true");
    let chips = chips(&labels, line.number, latest);
    let message = line.message.unwrap_or_else(|| "No message".to_owned());
    view! {
        <li>
            <a class="version-list__item" href=href aria-current=is_current data-row="" data-follow="">
                <span class="version-list__number">{format!("v{}", line.number)}</span>
                <span class="version-list__message">{message}</span>
                <span class="sub">{line.author} ", " <Instant at=TimeUs(line.created_us) shown=Moment::Ago(now)/></span>
                {(!chips.is_empty()).then(|| view! { <span class="chips">{chips}</span> }.into_any())}
            </a>
        </li>
    }
}

fn chips(labels: &[LabelView], version: u32, latest: u32) -> Vec<AnyView> {
    let mut chips: Vec<AnyView> = labels
        .iter()
        .filter(|label| label.version == version)
        .map(|label| {
            let tone = if label.name == "production" { Tone::Good } else { Tone::Accent };
            let name = label.name.clone();
            view! { <Chip tone>{name}</Chip> }.into_any()
        })
        .collect();
    if version == latest {
        chips.push(view! { <Chip>"latest"</Chip> }.into_any());
    }
    chips
}

#[component]
fn Shown(version: VersionView, labels: Vec<LabelView>, now: TimeUs, children: Children) -> impl IntoView {
    let own = chips(&labels, version.number, 0);
    let whole = match &version.body {
        BodyView::Text(text) | BodyView::Chat(_, text) => text.clone(),
    };
    let body = match version.body {
        BodyView::Text(text) => view! {
            <Messages><Message role=Role::Other("text".to_owned()) parts=Part::of_template(&text)/></Messages>
        }
        .into_any(),
        BodyView::Chat(items, _) => {
            let items = items
                .into_iter()
                .map(|item| match item {
                    ItemView::Message { role, content } => {
                        view! { <Message role=Role::named(&role) parts=Part::of_template(&content)/> }.into_any()
                    }
                    ItemView::Placeholder { name } => {
                        let parts = vec![Part::Text(format!("The caller puts the messages “{name}” here."))];
                        view! { <Message role=Role::Placeholder parts/> }.into_any()
                    }
                })
                .collect_view();
            view! { <Messages>{items}</Messages> }.into_any()
        }
    };
    let variables = if version.variables.is_empty() { "none".to_owned() } else { version.variables.join(", ") };
    let author = version.author;
    let created = TimeUs(version.created_us);
    let config = (!version.config.is_empty()).then(|| {
        view! {
            <div class="detail__section">
                <h3>"Config"</h3>
                <Json value=version.config/>
            </div>
        }
        .into_any()
    });
    let facts = vec![
        Fact::text("Variables", variables),
        Fact::new("Saved", move || view! { {author} ", " <Instant at=created shown=Moment::Ago(now)/> }),
    ];
    view! {
        <Card
            title=format!("v{}", version.number)
            beside=move || view! { <span class="chips">{own}</span> }
            extra=move || view! { <Copy text=whole label="Copy text" shown=true key="c"/> }
        >
            <CardBody>
                <div class="version">
                    {version.message.map(|message| view! { <p>{message}</p> }.into_any())}
                    {body}
                    {config}
                    <Facts layout=FactsLayout::List items=facts/>
                    {children()}
                </div>
            </CardBody>
        </Card>
    }
}

/// Moves labels, and moves them back. Made by the page, because a toast with its way back outlives the tab that is redrawn.
#[derive(Clone, Copy)]
pub struct LabelMover {
    act: Act<MoveLabel>,
}

impl LabelMover {
    /// `changed` is told after every move. `project` and `name` say whose labels they are.
    pub fn new(project: Memo<String>, name: Memo<String>, changed: Callback<()>) -> Self {
        let toaster = Toaster::from_context();
        let act = Act::<MoveLabel>::new();
        let undo_move = Act::<MoveLabel>::new();
        let undo_new = Act::<RemoveLabel>::new();
        Effect::new(move |_| {
            let Some(Ok(moved)) = act.outcome() else { return };
            let (project, name) = (project.get_untracked(), name.get_untracked());
            if moved.from == Some(moved.to) {
                toaster.done(format!("{} was on v{} already", moved.label, moved.to));
                return;
            }
            let text = format!("{} moved to v{}", moved.label, moved.to);
            if moved.took_over {
                toaster.done(text);
                changed.run(());
                return;
            }
            let back = Callback::new(move |()| {
                let (project, name, label) = (project.clone(), name.clone(), moved.label.clone());
                match moved.from {
                    Some(version) => {
                        let reason = Some("undone".to_owned());
                        undo_move.send(&MoveLabel { project, name, label, version, reason, experiment: None });
                    }
                    None => undo_new.send(&RemoveLabel { project, name, label }),
                }
            });
            toaster.undoable(text, back);
            changed.run(());
        });
        Effect::new(move |_| {
            // Both are read in any case: what an effect does not read, it does not follow.
            if [undo_move.is_done(), undo_new.is_done()].contains(&true) {
                toaster.done("The label is back where it was");
                changed.run(());
            }
        });
        Self { act }
    }
}

/// Points a label at the version shown.
#[component]
fn LabelForm(
    project: String,
    name: String,
    version: u32,
    labels: Vec<LabelView>,
    owned: Vec<(String, String)>,
    mover: LabelMover,
) -> impl IntoView {
    let owner = takeover(owned);
    let act = mover.act;
    let refused = live(move || act.refused().map(|error| view! { <ProblemPanel problem=error.0/> }.into_any()));
    let suggested = if labels.iter().any(|label| label.name == "production" && label.version == version) {
        ""
    } else {
        "production"
    };
    view! {
        {refused}
        <ActForm act class="label-form">
            <input type="hidden" name="project" value=project/>
            <input type="hidden" name="name" value=name/>
            <input type="hidden" name="version" value=version.to_string()/>
            <TextField name="label" label="Point a label here" value=suggested required=true mono=true placeholder="staging"/>
            <TextField name="reason" label="Why" optional=true/>
            {owner}
            <Button kind=ButtonKind::Primary submit=true busy=act.pending()>{format!("Move to v{version}")}</Button>
        </ActForm>
    }
}

/// What becomes of an experiment whose label moves. Nothing while no experiment owns one.
fn takeover(owned: Vec<(String, String)>) -> Option<AnyView> {
    if owned.is_empty() {
        return None;
    }
    let owners = owned
        .into_iter()
        .map(|(said, href)| view! { <p class="small"><a href=href>{said}</a></p> }.into_any())
        .collect_view();
    let options = vec![
        SelectOption::new("", "Leave it: its label does not move"),
        SelectOption::new("stop", "Stop it, then move"),
        SelectOption::new("rebase", "Make this its control: a new phase"),
    ];
    let choice = view! { <SelectField name="experiment" label="The label’s experiment" options/> }.into_any();
    Some(view! { {choice} <div>{owners}</div> }.into_any())
}

#[component]
fn Moves(moves: Vec<MoveLine>, now: TimeUs) -> impl IntoView {
    if moves.is_empty() {
        return ().into_any();
    }
    let items = moves
        .into_iter()
        .map(|moved| {
            let what = match (moved.from, moved.to) {
                (Some(from), Some(to)) => format!("v{from} → v{to}"),
                (None, Some(to)) => format!("new on v{to}"),
                (Some(from), None) => format!("taken off v{from}"),
                (None, None) => String::new(),
            };
            let reason = moved.reason.map(|reason| format!(" · {reason}")).unwrap_or_default();
            view! {
                <li class="label-moves__item">
                    <Instant at=TimeUs(moved.at_us) shown=Moment::Ago(now)/>
                    <span><Chip>{moved.label}</Chip> " " {what} <span class="muted">{format!(" by {}{reason}", moved.by)}</span></span>
                </li>
            }.into_any()
        })
        .collect_view();
    view! {
        <Card title="Label moves">
            <CardBody><ol class="label-moves">{items}</ol></CardBody>
        </Card>
    }
    .into_any()
}

/// The flag key of each slot, for flag clients.
#[component]
fn Slots(labels: Vec<LabelView>) -> impl IntoView {
    if labels.is_empty() {
        return ().into_any();
    }
    let items = labels
        .into_iter()
        .map(|label| {
            let key = label.flag_key;
            Fact::new(label.name, move || view! { <code>{key.clone()}</code> <Copy text=key label="Copy flag key"/> })
        })
        .collect();
    view! {
        <Card title="Flag keys" extra=|| view! { <span class="muted small">"what a flag client asks for; they never change"</span> }>
            <CardBody><Facts layout=FactsLayout::List items/></CardBody>
        </Card>
    }
    .into_any()
}
