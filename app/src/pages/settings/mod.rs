//! Settings of a project: keys and members.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};

/// Route of the API keys.
#[derive(Debug)]
pub struct Keys;

#[lazy_route]
impl LazyRoute for Keys {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        view! {
            <Title text="API keys"/>
            <h1 tabindex="-1">"API keys"</h1>
        }
        .into_any()
    }
}

/// Route of the members.
#[derive(Debug)]
pub struct Members;

#[lazy_route]
impl LazyRoute for Members {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        view! {
            <Title text="Members"/>
            <h1 tabindex="-1">"Members"</h1>
        }
        .into_any()
    }
}
