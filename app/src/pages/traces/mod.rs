//! Placeholder.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};

/// Route of the page.
#[derive(Debug)]
pub struct Traces;

#[lazy_route]
impl LazyRoute for Traces {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        view! {
            <Title text="Traces"/>
            <h1 tabindex="-1">"Traces"</h1>
        }
        .into_any()
    }
}
