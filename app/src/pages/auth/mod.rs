//! Signing in, and the first owner's one-time link. These pages work without WASM.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};

/// Route of the page.
#[derive(Debug)]
pub struct SignIn;

#[lazy_route]
impl LazyRoute for SignIn {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        view! {
            <Title text="Sign in"/>
            <main id="main">
                <h1 tabindex="-1">"Sign in"</h1>
            </main>
        }
        .into_any()
    }
}

/// Route of the page.
#[derive(Debug)]
pub struct Setup;

#[lazy_route]
impl LazyRoute for Setup {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        view! {
            <Title text="Set up Assay"/>
            <main id="main">
                <h1 tabindex="-1">"Set up Assay"</h1>
            </main>
        }
        .into_any()
    }
}

/// Route of the page.
#[derive(Debug)]
pub struct Root;

#[lazy_route]
impl LazyRoute for Root {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        view! {
            <Title text="Assay"/>
            <main id="main">
                <h1 tabindex="-1">"Assay"</h1>
            </main>
        }
        .into_any()
    }
}
