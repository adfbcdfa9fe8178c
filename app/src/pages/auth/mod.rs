//! Signing in, and the one-time links: the first owner's, and new passwords. These pages work without WASM.

pub mod model;
pub mod server;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, components::Redirect, hooks::use_query_map, lazy_route};
use ui::{Button, ButtonKind, InputKind, ProblemPanel, SkeletonShape, TextField, live};

use self::server::{LinkOpens, OpenLink, SetPassword, SetUp, SignIn as SignInCommand, Start};
use crate::{
    error::AppError,
    panel::{Answered, Panel},
    wire::{Act, ActForm, Asked},
};

/// Route of `/signin?next=`.
#[derive(Debug)]
pub struct SignIn {
    next: Memo<String>,
}

#[lazy_route]
impl LazyRoute for SignIn {
    fn data() -> Self {
        let query = use_query_map();
        Self { next: Memo::new(move |_| query.read().get("next").unwrap_or_default()) }
    }

    fn view(this: Self) -> AnyView {
        let next = this.next;
        let act = Act::<SignInCommand>::new();
        let refusal = Signal::derive(move || act.refused());
        view! {
            <Title text="Sign in"/>
            <Sheet title="Sign in to Assay" lead="Ship a better prompt with proof.">
                <ActForm act class="form">
                    <Failure refusal/>
                    <input type="hidden" name="next" value=next/>
                    <TextField name="email" label="E-mail" kind=InputKind::Email required=true autocomplete="username"/>
                    <TextField
                        name="password"
                        label="Password"
                        kind=InputKind::Password
                        required=true
                        autocomplete="current-password"
                    />
                    <Button kind=ButtonKind::Primary submit=true wide=true busy=act.pending()>"Sign in"</Button>
                </ActForm>
                <p class="auth__foot">
                    "Forgot the password? An owner can make a new link under Members, or run "
                    <code>"assay user reset"</code> " on the server."
                </p>
            </Sheet>
        }
        .into_any()
    }
}

/// Route of `/setup?token=`: makes the first owner, or sets a password.
#[derive(Debug)]
pub struct Setup {
    link: Asked<LinkOpens>,
}

#[lazy_route]
impl LazyRoute for Setup {
    fn data() -> Self {
        let query = use_query_map();
        Self { link: Asked::new(move || OpenLink { token: query.read().get("token").unwrap_or_default() }) }
    }

    fn view(this: Self) -> AnyView {
        let query = use_query_map();
        let token = move || query.read_untracked().get("token").unwrap_or_default();
        let draw = move |opened: Result<LinkOpens, AppError>| match opened {
            Ok(LinkOpens::FirstOwner) => view! { <FirstOwner token=token()/> }.into_any(),
            Ok(LinkOpens::Password { email }) => view! { <NewPassword token=token() email/> }.into_any(),
            Err(error) => view! {
                <Sheet title="This link does not work" lead="A link works once and for a limited time.">
                    <ProblemPanel problem=error.0/>
                    <p class="auth__foot">
                        "Ask an owner for a new one, or " <a href="/signin">"sign in"</a> "."
                    </p>
                </Sheet>
            }
            .into_any(),
        };
        view! {
            <Title text="Set up Assay"/>
            <Answered asked=this.link draw/>
        }
        .into_any()
    }
}

#[component]
fn FirstOwner(token: String) -> impl IntoView {
    let act = Act::<SetUp>::new();
    let refusal = Signal::derive(move || act.refused());
    view! {
        <Sheet title="Set up Assay" lead="You are the first here: make your account and your first project.">
            <ActForm act class="form">
                <Failure refusal/>
                <input type="hidden" name="token" value=token/>
                <TextField
                    name="email"
                    label="E-mail"
                    kind=InputKind::Email
                    required=true
                    autocomplete="username"
                    error=field_error(refusal, "email")
                />
                <TextField
                    name="password"
                    label="Password"
                    kind=InputKind::Password
                    hint="At least 10 characters."
                    required=true
                    autocomplete="new-password"
                    error=field_error(refusal, "password")
                />
                <TextField
                    name="project"
                    label="Project"
                    hint="The product whose prompts you improve, such as “Support bot”."
                    required=true
                    error=field_error(refusal, "project")
                />
                <Button kind=ButtonKind::Primary submit=true wide=true busy=act.pending()>"Create account and project"</Button>
            </ActForm>
        </Sheet>
    }
}

#[component]
fn NewPassword(token: String, email: String) -> impl IntoView {
    let act = Act::<SetPassword>::new();
    let refusal = Signal::derive(move || act.refused());
    view! {
        <Sheet title="Choose a password" lead=format!("For {email}. You stay signed in here; everywhere else you are signed out.")>
            <ActForm act class="form">
                <Failure refusal/>
                <input type="hidden" name="token" value=token/>
                // Tells password managers whose password it is.
                <input type="hidden" name="username" autocomplete="username" value=email/>
                <TextField
                    name="password"
                    label="New password"
                    kind=InputKind::Password
                    hint="At least 10 characters."
                    required=true
                    autocomplete="new-password"
                    error=field_error(refusal, "password")
                />
                <Button kind=ButtonKind::Primary submit=true wide=true busy=act.pending()>"Set password"</Button>
            </ActForm>
        </Sheet>
    }
}

/// Route of `/`: sends a member to their first project and anybody else to `/signin`.
#[derive(Debug)]
pub struct Root {
    target: Asked<String>,
}

#[lazy_route]
impl LazyRoute for Root {
    fn data() -> Self {
        Self { target: Asked::new(|| Start {}) }
    }

    fn view(this: Self) -> AnyView {
        view! {
            <Title text="Assay"/>
            <Panel asked=this.target skeleton=SkeletonShape::Text draw=|path| view! { <Redirect path/> }.into_any()/>
        }
        .into_any()
    }
}

/// The one sheet in the middle of these pages.
#[component]
fn Sheet(#[prop(into)] title: String, #[prop(into)] lead: String, children: Children) -> impl IntoView {
    view! {
        <main class="auth" id="main">
            <div class="auth__box">
                <div class="auth__brand"><span class="side__mark" aria-hidden="true">"A"</span>"Assay"</div>
                <div class="card">
                    <div class="auth__body">
                        <div>
                            <h1 tabindex="-1">{title}</h1>
                            <p class="auth__lead">{lead}</p>
                        </div>
                        {children()}
                    </div>
                </div>
            </div>
        </main>
    }
}

type Refusal = Signal<Option<AppError>>;

/// Why the form did not go through, unless a field says it.
#[component]
fn Failure(refusal: Refusal) -> impl IntoView {
    live(move || {
        refusal.get().map(|error| view! { <ProblemPanel problem=error.0 title="That did not work"/> }.into_any())
    })
}

fn field_error(refusal: Refusal, field: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || {
        let error = refusal.get()?;
        error.0.fields.into_iter().find(|problem| problem.field == field).map(|problem| problem.message)
    })
}
