//! Placeholder.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};

/// Route of the page.
#[derive(Debug)]
pub struct Prompt;

#[lazy_route]
impl LazyRoute for Prompt {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        view! {
            <Title text="Prompt"/>
            <h1 tabindex="-1">"Prompt"</h1>
        }
        .into_any()
    }
}
