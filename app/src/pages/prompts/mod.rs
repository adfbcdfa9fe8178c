//! Placeholder.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};

/// Route of the page.
#[derive(Debug)]
pub struct Prompts;

#[lazy_route]
impl LazyRoute for Prompts {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        view! {
            <Title text="Prompts"/>
            <h1 tabindex="-1">"Prompts"</h1>
        }
        .into_any()
    }
}
