//! API keys: make one, see which are used, revoke.

use domain::{
    auth::{KeyKind, Scope},
    time::TimeUs,
};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};
use ui::{
    Button, ButtonKind, Card, CardBody, Cell, CellKind, Checkbox, Chip, Code, Column, CopyLine, Dialog, DialogButton,
    EmptyRow, Instant, Moment, Notice, ProblemPanel, Snippet, Table, TextField, Tone, live,
};

use super::{
    client_key::ClientKeyForm,
    model::{KeyLine, KeysView, NewKey, scope_words},
    nav::{self, Settings},
    server::{CreateKey, ListKeys, RevokeKey},
};
use crate::{
    pages::feedback::server::CreateClientKey,
    panel::Panel,
    routes::project_href,
    wire::{Act, ActForm, Asked},
};

/// Route of the page.
#[derive(Debug)]
pub struct Keys {
    keys: Asked<KeysView>,
}

#[lazy_route]
impl LazyRoute for Keys {
    fn data() -> Self {
        let params = use_params_map();
        Self { keys: Asked::new(move || ListKeys { project: params.read().get("project").unwrap_or_default() }) }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let keys = this.keys;
        let create = Act::<CreateKey>::new();
        let create_client = Act::<CreateClientKey>::new();
        let revoke = Act::<RevokeKey>::new();
        Effect::new(move |_| {
            // All are read in any case: what an effect does not read, it does not follow.
            let changed = [create.is_done(), create_client.is_done(), revoke.is_done()];
            if changed.contains(&true) {
                keys.again();
            }
        });
        let draw = move |view: KeysView| {
            let project = params.read_untracked().get("project").unwrap_or_default();
            view! { <List project view create create_client revoke/> }.into_any()
        };
        view! {
            <Settings here=nav::KEYS>
                <Panel asked=keys draw/>
            </Settings>
        }
        .into_any()
    }
}

#[component]
fn List(
    project: String,
    view: KeysView,
    create: Act<CreateKey>,
    create_client: Act<CreateClientKey>,
    revoke: Act<RevokeKey>,
) -> impl IntoView {
    let now = TimeUs(view.now_us);
    let address = view.address;
    let made = live(move || match create.outcome() {
        Some(Ok(key)) => Some(view! { <Made key address=address.clone()/> }.into_any()),
        Some(Err(error)) => Some(view! { <ProblemPanel problem=error.0/> }.into_any()),
        None => None,
    });
    let made_client = live(move || match create_client.outcome() {
        Some(Ok(key)) => Some(
            view! { <Notice tone=Tone::Good>{format!("“{}” is ready: {}", key.name, key.public_key)}</Notice> }
                .into_any(),
        ),
        Some(Err(error)) => Some(view! { <ProblemPanel problem=error.0/> }.into_any()),
        None => None,
    });
    let refused = live(move || revoke.refused().map(|error| view! { <ProblemPanel problem=error.0/> }.into_any()));
    let rows = if view.keys.is_empty() {
        view! { <EmptyRow columns=5>"No key yet. Make one below: a program needs it to fetch prompts and to send traces."</EmptyRow> }.into_any()
    } else {
        view.keys
            .into_iter()
            .map(|key| view! { <Line project=project.clone() key now revoke/> }.into_any())
            .collect_view()
            .into_any()
    };
    let client_project = project.clone();
    let feedback = format!("{}/settings/feedback", project_href(&project));
    let scopes = Scope::ALL
        .into_iter()
        .enumerate()
        .map(|(place, scope)| {
            view! {
                <Checkbox
                    name=format!("scopes[{place}]")
                    value=scope.as_str()
                    label=scope.as_str()
                    hint=scope_words(scope)
                    checked=true
                />
            }
            .into_any()
        })
        .collect_view();
    view! {
        {made}
        {made_client}
        {refused}
        <div class="card">
            <Table
                caption="API keys"
                columns=vec![
                    Column::text("Name"),
                    Column::text("Public key"),
                    Column::text("May"),
                    Column::number("Used"),
                    Column::unnamed("Actions"),
                ]
            >
                {rows}
            </Table>
        </div>
        <div id="new-key"><Card title="New key pair for a program">
            <CardBody>
                <ActForm act=create class="form">
                    <input type="hidden" name="project" value=project/>
                    <TextField name="name" label="Name" hint="Which program uses it, such as “support bot, production”." required=true/>
                    <fieldset class="scopes-set">
                        <legend>"It may"</legend>
                        <div class="scopes">{scopes}</div>
                    </fieldset>
                    <div class="actions">
                        <Button kind=ButtonKind::Primary submit=true busy=create.pending()>"Make key"</Button>
                    </div>
                </ActForm>
            </CardBody>
        </Card></div>
        <Card title="New client key for a web page">
            <CardBody>
                <p class="muted">
                    "Public: it gives feedback, and resolves versions, from the origins you name. " <a href=feedback>"How to use it"</a>
                </p>
                <ClientKeyForm project=client_project create=create_client/>
            </CardBody>
        </Card>
    }
}

/// The one time the secret is shown.
#[component]
fn Made(key: NewKey, address: String) -> impl IntoView {
    let environment = format!(
        "export LANGFUSE_BASE_URL=\"{address}\"\nexport LANGFUSE_PUBLIC_KEY=\"{}\"\nexport LANGFUSE_SECRET_KEY=\"{}\"",
        key.public_key, key.secret_key
    );
    view! {
        <Notice tone=Tone::Good>
            <div class="new-key">
                <p><b>{format!("“{}” is ready.", key.name)}</b> " Copy the secret now: it is kept only as a digest and never shown again."</p>
                <dl class="new-key__pair">
                    <dt>"Public key"</dt>
                    <dd><CopyLine text=key.public_key label="Copy public key"/></dd>
                    <dt>"Secret key"</dt>
                    <dd><CopyLine text=key.secret_key label="Copy secret key"/></dd>
                </dl>
                <Code id="environment" label="Environment variables" snippets=vec![Snippet::new("Environment", environment)]/>
            </div>
        </Notice>
    }
}

#[component]
fn Line(project: String, key: KeyLine, now: TimeUs, revoke: Act<RevokeKey>) -> impl IntoView {
    let scopes = key.scopes.into_iter().map(|scope| view! { <Chip>{scope.as_str()}</Chip> }.into_any()).collect_view();
    let used = match key.last_used_us {
        Some(at) => view! { <Instant at=TimeUs(at) shown=Moment::Ago(now)/> }.into_any(),
        None => view! { <span class="faint">"never"</span> }.into_any(),
    };
    let hint = match key.kind {
        KeyKind::Pair => format!("secret ends in {}", key.secret_hint),
        KeyKind::Client => format!("on {}", key.origins.join(", ")),
    };
    let dialog = format!("revoke-{}", key.id);
    let action = if let Some(at) = key.revoked_us {
        view! { <span class="muted">"revoked " <Instant at=TimeUs(at) shown=Moment::Ago(now)/></span> }.into_any()
    } else {
        view! {
                <DialogButton dialog=dialog.clone() kind=ButtonKind::Danger>"Revoke"</DialogButton>
                <Dialog id=dialog.clone() title=format!("Revoke “{}”?", key.name)>
                    <p>"Programs that use it are refused at once: their traces are not taken in and they fall back to cached prompts. This cannot be undone."</p>
                    <ActForm act=revoke closes=dialog.clone()>
                        <input type="hidden" name="project" value=project/>
                        <input type="hidden" name="key" value=key.id/>
                        <div class="actions"><Button kind=ButtonKind::Danger submit=true>"Revoke key"</Button></div>
                    </ActForm>
                </Dialog>
            }
            .into_any()
    };
    view! {
        <tr data-state=key.revoked_us.map(|_| "off")>
            <Cell kind=CellKind::Title>
                <b>{key.name}</b>
                <span class="sub">{key.created_by} ", " <Instant at=TimeUs(key.created_us) shown=Moment::Ago(now)/></span>
            </Cell>
            <Cell label="Public key"><CopyLine text=key.public_key label="Copy public key"/> <span class="sub">{hint}</span></Cell>
            <Cell label="May"><span class="chips">{scopes}</span></Cell>
            <Cell kind=CellKind::Number label="Used">{used}</Cell>
            <Cell kind=CellKind::Wide>{action}</Cell>
        </tr>
    }
}
