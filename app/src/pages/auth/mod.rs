//! Signing in, and the one-time links: the first owner's, and new passwords. These pages work without WASM.

pub mod model;
pub mod server;

use leptos::{form::ActionForm, prelude::*};
use leptos_meta::Title;
use leptos_router::{LazyRoute, components::Redirect, hooks::use_query_map, lazy_route};
use ui::{Button, ButtonKind, InputKind, ProblemPanel, SkeletonShape, TextField};

use self::server::{LinkOpens, SetPassword, SetUp, SignIn as SignInAction, open_link, start};
use crate::{error::AppError, panel::Panel};

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
        let action = ServerAction::<SignInAction>::new();
        let value = Signal::derive(move || action.value().get());
        view! {
            <Title text="Sign in"/>
            <Sheet title="Sign in to Assay" lead="Ship a better prompt with proof.">
                <ActionForm action attr:class="form">
                    <Failure value/>
                    <input type="hidden" name="next" value=next/>
                    <TextField name="email" label="E-mail" kind=InputKind::Email required=true autocomplete="username"/>
                    <TextField
                        name="password"
                        label="Password"
                        kind=InputKind::Password
                        required=true
                        autocomplete="current-password"
                    />
                    <Button kind=ButtonKind::Primary submit=true wide=true busy=action.pending()>"Sign in"</Button>
                </ActionForm>
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
    link: Resource<Result<LinkOpens, AppError>>,
}

#[lazy_route]
impl LazyRoute for Setup {
    fn data() -> Self {
        let query = use_query_map();
        Self { link: Resource::new_blocking(move || query.read().get("token").unwrap_or_default(), open_link) }
    }

    fn view(this: Self) -> AnyView {
        let query = use_query_map();
        let token = move || query.read_untracked().get("token").unwrap_or_default();
        let opened = move || {
            Suspend::new(async move {
                match this.link.await {
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
                }
            })
        };
        view! {
            <Title text="Set up Assay"/>
            <Suspense>{opened}</Suspense>
        }
        .into_any()
    }
}

#[component]
fn FirstOwner(token: String) -> impl IntoView {
    let action = ServerAction::<SetUp>::new();
    let value = Signal::derive(move || action.value().get());
    view! {
        <Sheet title="Set up Assay" lead="You are the first here: make your account and your first project.">
            <ActionForm action attr:class="form">
                <Failure value/>
                <input type="hidden" name="token" value=token/>
                <TextField
                    name="email"
                    label="E-mail"
                    kind=InputKind::Email
                    required=true
                    autocomplete="username"
                    error=field_error(value, "email")
                />
                <TextField
                    name="password"
                    label="Password"
                    kind=InputKind::Password
                    hint="At least 10 characters."
                    required=true
                    autocomplete="new-password"
                    error=field_error(value, "password")
                />
                <TextField
                    name="project"
                    label="Project"
                    hint="The product whose prompts you improve, such as “Support bot”."
                    required=true
                    error=field_error(value, "project")
                />
                <Button kind=ButtonKind::Primary submit=true wide=true busy=action.pending()>"Create account and project"</Button>
            </ActionForm>
        </Sheet>
    }
}

#[component]
fn NewPassword(token: String, email: String) -> impl IntoView {
    let action = ServerAction::<SetPassword>::new();
    let value = Signal::derive(move || action.value().get());
    view! {
        <Sheet title="Choose a password" lead=format!("For {email}. You stay signed in here; everywhere else you are signed out.")>
            <ActionForm action attr:class="form">
                <Failure value/>
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
                    error=field_error(value, "password")
                />
                <Button kind=ButtonKind::Primary submit=true wide=true busy=action.pending()>"Set password"</Button>
            </ActionForm>
        </Sheet>
    }
}

/// Route of `/`: sends a member to their first project and anybody else to `/signin`.
#[derive(Debug)]
pub struct Root {
    target: Resource<Result<String, AppError>>,
}

#[lazy_route]
impl LazyRoute for Root {
    fn data() -> Self {
        Self { target: Resource::new_blocking(|| (), |()| start()) }
    }

    fn view(this: Self) -> AnyView {
        view! {
            <Title text="Assay"/>
            <Panel resource=this.target skeleton=SkeletonShape::Text draw=|path| view! { <Redirect path/> }.into_any()/>
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

type Outcome = Signal<Option<Result<(), AppError>>>;

/// Why the form did not go through, unless a field says it.
#[component]
fn Failure(value: Outcome) -> impl IntoView {
    move || {
        let error = value.get()?.err()?;
        Some(view! { <ProblemPanel problem=error.0 title="That did not work"/> })
    }
}

fn field_error(value: Outcome, field: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || {
        let error = value.get()?.err()?;
        error.0.fields.into_iter().find(|problem| problem.field == field).map(|problem| problem.message)
    })
}
