//! Placeholder.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};

/// Route of the page.
#[derive(Debug)]
pub struct Trace;

#[lazy_route]
impl LazyRoute for Trace {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        view! {
            <Title text="Trace"/>
            <h1 tabindex="-1">"Trace"</h1>
        }
        .into_any()
    }
}
