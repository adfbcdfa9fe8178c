//! What surrounds the pages of a project: the shell with its navigation, and who is signed in.

use domain::problem::ProblemCode;
use leptos::prelude::*;
use leptos_router::{
    components::{Outlet, Redirect},
    hooks::{use_location, use_params_map},
};
use ui::{Button, ButtonKind, IconName, NavGroup, NavItem, Shell};

use crate::{
    error::AppError,
    frame::{Frame, LoadFrame, theme},
    pages::auth::server::SignOut,
    palette::{Opener, Palette},
    panel::{Answered, sign_in_href},
    routes::project_href,
    wire::{Act, ActForm, Asked},
};

/// Layout of every route under `/p/:project`.
#[component]
pub fn ProjectLayout() -> impl IntoView {
    let params = use_params_map();
    let location = use_location();
    let project = Memo::new(move |_| params.read().get("project").unwrap_or_default());
    let base = Memo::new(move |_| project_href(&project.get()));
    let visitor = Asked::new(move || LoadFrame { project: project.get() });
    let draw = move |visitor: Result<Frame, AppError>| match visitor {
        Ok(frame) => view! { <SignedIn email=frame.email/> }.into_any(),
        Err(error) if error.code() == ProblemCode::Unauthenticated => {
            let href = sign_in_href(&location.pathname.get_untracked(), &location.search.get_untracked());
            view! { <Redirect path=href/> }.into_any()
        }
        Err(_) => ().into_any(),
    };
    let places = Signal::derive(move || places(&base.get()));
    let opener = Opener::new();
    let foot = move || view! { <Answered asked=visitor draw/> };

    view! {
        <Shell
            project=project
            projects_href=Signal::derive(move || format!("{}/settings/projects", base.get()))
            places
            path=location.pathname
            theme=theme()
            find=move |()| opener.open()
            foot=foot
        >
            <Outlet/>
            <Palette project places opener/>
        </Shell>
    }
}

fn places(base: &str) -> Vec<NavGroup> {
    vec![
        NavGroup::new("", vec![NavItem::new("Home", base, IconName::Home).exact().go('h').dock()]),
        NavGroup::new(
            "Improve",
            vec![
                NavItem::new("Prompts", format!("{base}/prompts"), IconName::FileText).go('p').dock(),
                NavItem::new("Experiments", format!("{base}/experiments"), IconName::Flask).go('e'),
            ],
        ),
        NavGroup::new(
            "Observe",
            vec![
                NavItem::new("Traces", format!("{base}/traces"), IconName::Activity).go('t').dock(),
                NavItem::new("Sessions", format!("{base}/sessions"), IconName::Message).go('s'),
                NavItem::new("Users", format!("{base}/users"), IconName::User).go('u'),
            ],
        ),
        NavGroup::new(
            "Project",
            vec![
                NavItem::new("API reference", format!("{base}/docs/api"), IconName::Book).go('a'),
                NavItem::new("Settings", format!("{base}/settings"), IconName::Settings).go(','),
            ],
        ),
    ]
}

/// Who is signed in, and the way out.
#[component]
fn SignedIn(email: String) -> impl IntoView {
    let sign_out = Act::<SignOut>::new();
    view! {
        <div class="signed-in">
            <span class="truncate" title=email.clone()>{email.clone()}</span>
            <ActForm act=sign_out>
                <Button kind=ButtonKind::Quiet submit=true icon=IconName::LogOut label="Sign out"/>
            </ActForm>
        </div>
    }
}
