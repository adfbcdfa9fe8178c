//! What surrounds the pages of a project: skip link, navigation, and the `<main>` the page is drawn in.

use leptos::prelude::*;
use leptos_router::{
    components::{A, Outlet},
    hooks::use_params_map,
};

use crate::routes::project_href;

/// Layout of every route under `/p/:project`.
#[component]
pub fn ProjectLayout() -> impl IntoView {
    let params = use_params_map();
    let base = Memo::new(move |_| project_href(&params.read().get("project").unwrap_or_default()));

    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <nav class="side" aria-label="Project">
            <A href=move || base.get() exact=true>"Home"</A>
            <A href=move || format!("{}/prompts", base.get())>"Prompts"</A>
            <A href=move || format!("{}/traces", base.get())>"Traces"</A>
            <A href=move || format!("{}/settings/keys", base.get())>"API keys"</A>
            <A href=move || format!("{}/settings/members", base.get())>"Members"</A>
        </nav>
        <main id="main" class="page">
            <Outlet/>
        </main>
    }
}
