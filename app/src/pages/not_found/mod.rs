//! What stands at an address that leads nowhere. Small enough to live in the entry bundle.

use leptos::prelude::*;
use leptos_meta::Title;
use ui::{ButtonKind, LinkButton};

/// The 404 page; also sets the HTTP status when the server draws it.
#[component]
pub fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::error::set_status(404);

    view! {
        <Title text="Not found"/>
        <main id="main" class="auth">
            <div class="auth__box not-found">
                <p class="num faint">"404"</p>
                <h1 tabindex="-1">"There is no page at this address"</h1>
                <p class="muted">
                    "It may have been renamed or deleted, or it belongs to a project you are not a member of."
                </p>
                <p><LinkButton kind=ButtonKind::Primary href="/">"Go to your project"</LinkButton></p>
            </div>
        </main>
    }
}
