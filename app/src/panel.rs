//! A part of a page that shows what was asked: a skeleton while it loads, the problem when it was refused.

use std::sync::Arc;

use domain::problem::ProblemCode;
use leptos::{children::ViewFnOnce, prelude::*};
use leptos_router::hooks::use_location;
use serde::de::DeserializeOwned;
use ui::{LinkButton, ProblemPanel, Skeleton, SkeletonShape};

use crate::{
    error::AppError,
    wire::{Answer, AnswerResource, Asked},
};

/// Draws what was asked. While something new loads, what is shown stays: nothing jumps.
#[component]
pub fn Panel<T, F>(
    /// What is shown.
    asked: Asked<T>,
    /// The shape of the placeholder.
    #[prop(default = SkeletonShape::Table)]
    skeleton: SkeletonShape,
    /// Lines of the placeholder.
    #[prop(default = 6)]
    rows: u32,
    /// Draws it.
    draw: F,
) -> impl IntoView
where
    T: DeserializeOwned + 'static,
    F: Fn(T) -> AnyView + Send + Sync + 'static,
{
    let draw = move |answer: Result<T, AppError>| match answer {
        Ok(value) => draw(value),
        Err(error) => view! { <Refused error/> }.into_any(),
    };
    let fallback = move || view! { <Skeleton shape=skeleton rows/> }.into_any();
    view! { <Answered asked fallback draw/> }
}

/// Draws what was asked or why it was refused, its own way.
#[component]
pub fn Answered<T, F>(
    /// What is shown.
    asked: Asked<T>,
    /// Stands there until the first answer.
    #[prop(optional, into)]
    fallback: ViewFnOnce,
    /// Draws it.
    draw: F,
) -> impl IntoView
where
    T: DeserializeOwned + 'static,
    F: Fn(Result<T, AppError>) -> AnyView + Send + Sync + 'static,
{
    let draw = move |answer: &Answer| answer.read().map_or_else(|| ().into_any(), &draw);
    answered(asked.resource(), fallback, Arc::new(draw))
}

/// Of one type for all panels.
fn answered(
    resource: AnswerResource,
    fallback: ViewFnOnce,
    draw: Arc<dyn Fn(&Answer) -> AnyView + Send + Sync>,
) -> AnyView {
    view! {
        <Transition fallback>
            {move || {
                let draw = Arc::clone(&draw);
                Suspend::new(async move { draw(&resource.await) })
            }}
        </Transition>
    }
    .into_any()
}

/// Why a part of a page is not there, and what to do.
#[component]
pub fn Refused(
    /// The refusal.
    error: AppError,
) -> impl IntoView {
    if error.code() != ProblemCode::Unauthenticated {
        return view! { <ProblemPanel problem=error.0/> }.into_any();
    }
    let location = use_location();
    let href = Signal::derive(move || sign_in_href(&location.pathname.get(), &location.search.get()));
    view! {
        <ProblemPanel problem=error.0 title="You are signed out">
            <LinkButton href>"Sign in"</LinkButton>
        </ProblemPanel>
    }
    .into_any()
}

/// Where to sign in and come back from.
pub fn sign_in_href(path: &str, search: &str) -> String {
    let back = if search.is_empty() { path.to_owned() } else { format!("{path}?{search}") };
    format!("/signin{}", ui::Query::from_pairs([("next", back)]).href())
}
