//! A part of a page that shows what a resource brings: a skeleton while it loads, the problem when it was refused.

use domain::problem::ProblemCode;
use leptos::{either::Either, prelude::*};
use leptos_router::hooks::use_location;
use ui::{LinkButton, ProblemPanel, Skeleton, SkeletonShape};

use crate::error::AppError;

/// Draws what `resource` brings. While something new loads, what is shown stays: nothing jumps.
#[component]
pub fn Panel<T, F>(
    /// What is shown.
    resource: Resource<Result<T, AppError>>,
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
    T: Clone + Send + Sync + 'static,
    F: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
{
    view! {
        <Transition fallback=move || view! { <Skeleton shape=skeleton rows/> }>
            {move || {
                let draw = draw.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(value) => draw(value),
                        Err(error) => view! { <Refused error/> }.into_any(),
                    }
                })
            }}
        </Transition>
    }
}

/// Why a part of a page is not there, and what to do.
#[component]
pub fn Refused(
    /// The refusal.
    error: AppError,
) -> impl IntoView {
    if error.code() == ProblemCode::Unauthenticated {
        let location = use_location();
        let href = Signal::derive(move || sign_in_href(&location.pathname.get(), &location.search.get()));
        return Either::Left(view! {
            <ProblemPanel problem=error.0 title="You are signed out">
                <LinkButton href>"Sign in"</LinkButton>
            </ProblemPanel>
        });
    }
    Either::Right(view! { <ProblemPanel problem=error.0/> })
}

/// Where to sign in and come back from.
pub fn sign_in_href(path: &str, search: &str) -> String {
    let back = if search.is_empty() { path.to_owned() } else { format!("{path}?{search}") };
    format!("/signin{}", ui::Query::from_pairs([("next", back)]).href())
}
