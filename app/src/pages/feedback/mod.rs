//! Settings, Feedback: the lines that let the users of an application judge its answers, and the real thing to try.

pub mod model;
pub mod server;

use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};
use ui::{Card, CardBody, Code, LinkButton, Notice, ProblemPanel, Snippet, Tone, live};

use self::{
    model::{Example, FeedbackView, html, own_buttons},
    server::{CreateClientKey, ShowFeedback},
};
use crate::{
    pages::settings::{
        client_key::ClientKeyForm,
        nav::{self, Settings},
    },
    panel::Panel,
    routes::{project_href, trace_href},
    wire::{Act, Asked},
};

/// Route of the page.
#[derive(Debug)]
pub struct Feedback {
    view: Asked<FeedbackView>,
}

#[lazy_route]
impl LazyRoute for Feedback {
    fn data() -> Self {
        let params = use_params_map();
        Self { view: Asked::new(move || ShowFeedback { project: params.read().get("project").unwrap_or_default() }) }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let asked = this.view;
        let create = Act::<CreateClientKey>::new();
        Effect::new(move |_| {
            if create.is_done() {
                asked.again();
            }
        });
        let draw = move |view: FeedbackView| {
            let project = params.read_untracked().get("project").unwrap_or_default();
            view! { <Shown project view create/> }.into_any()
        };
        view! {
            <Settings here=nav::FEEDBACK>
                <Panel asked draw/>
            </Settings>
        }
        .into_any()
    }
}

#[component]
fn Shown(project: String, view: FeedbackView, create: Act<CreateClientKey>) -> impl IntoView {
    let FeedbackView { address, key, may_make_keys, example } = view;
    let Some(key) = key else {
        return view! { <FirstKey project address may_make_keys create/> }.into_any();
    };
    let origins = key.origins.join(", ");
    let keys = format!("{}/settings/keys", project_href(&project));
    let snippets = vec![
        Snippet::new("HTML", html(&address, &key.public_key)),
        Snippet::new("Your own buttons", own_buttons(&address, &key.public_key)),
    ];
    let trial = match example {
        Some(example) => view! { <Live project key=key.public_key example/> }.into_any(),
        None => view! {
            <p class="muted">"There is no trace to judge yet. The home page has a program that sends one."</p>
            <p><LinkButton href=project_href(&project)>"Open the set-up"</LinkButton></p>
        }
        .into_any(),
    };
    view! {
        <Card title="Put it on your page">
            <CardBody>
                <p class="muted">
                    "Thumbs, or one to five stars, and a comment: each becomes a score of the trace, beside everything else you measure. "
                    "The key is public; it may only do this, and only from " <b>{origins}</b> ". "
                    <a href=keys>"Keys and their origins"</a>
                </p>
                <Code id="feedback-code" label="Feedback on a web page" snippets/>
            </CardBody>
        </Card>
        <Card title="Try it">
            <CardBody>
                {trial}
            </CardBody>
        </Card>
    }
    .into_any()
}

/// The element of the snippet itself, on the newest trace.
#[component]
fn Live(project: String, key: String, example: Example) -> impl IntoView {
    Effect::new(|_| load_element());
    let href = trace_href(&project, &example.trace);
    view! {
        <p class="muted">
            "These are the lines above at work, on the newest trace: " <a href=href>{example.name}</a>
            ". What you press is stored as a score by the user “settings-page”."
        </p>
        <div class="try-feedback">
            <assay-feedback key=key.clone() trace=example.trace.clone() user="settings-page"></assay-feedback>
            <assay-feedback
                key=key
                trace=example.trace
                user="settings-page"
                kind="rating"
                comment="off"
            ></assay-feedback>
        </div>
    }
}

/// Fetches the element's script once; the browser itself remembers what it has run.
fn load_element() {
    let document = document();
    let Some((script, head)) = document.create_element("script").ok().zip(document.head()) else { return };
    let described = script.set_attribute("type", "module").and_then(|()| script.set_attribute("src", "/feedback.js"));
    if described.is_ok() {
        // Without a place to put it the example stays empty; nothing else depends on it.
        let _ = head.append_child(&script);
    }
}

#[component]
fn FirstKey(project: String, address: String, may_make_keys: bool, create: Act<CreateClientKey>) -> impl IntoView {
    let refused = live(move || create.refused().map(|error| view! { <ProblemPanel problem=error.0/> }.into_any()));
    let form = if may_make_keys {
        view! { <ClientKeyForm project create/> }.into_any()
    } else {
        view! { <Notice tone=Tone::Plain>"An owner of the project has to make a client key first."</Notice> }.into_any()
    };
    view! {
        {refused}
        <Card title="First, a client key">
            <CardBody>
                <p class="muted">
                    "A web page cannot keep a secret. A client key is made to be seen: it may give feedback and nothing else, "
                    "and only from the origins you name."
                </p>
                {form}
            </CardBody>
        </Card>
        <Card title="Then, a few lines on your page">
            <CardBody>
                <Code
                    id="feedback-code"
                    label="Feedback on a web page"
                    snippets=vec![Snippet::new("HTML", html(&address, "ck-assay-…"))]
                />
            </CardBody>
        </Card>
    }
}
