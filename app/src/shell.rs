//! The document around every page. Drawn by the server only; the browser hydrates the body.

use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::{
    context::{services, session_token},
    frame,
    routes::App,
    site::Site,
};

/// Draws the document. Needs [`Site`] in context.
pub fn shell() -> impl IntoView {
    let site: Site = expect_context();
    let fonts = site
        .fonts()
        .iter()
        .map(|font| view! { <link rel="preload" href=site.url(font) r#as="font" r#type="font/woff2" crossorigin="anonymous"/> })
        .collect_view();

    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=frame::theme().attribute()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="assay-pkg" content=site.url("")/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=site.url("assay.css")/>
                {fonts}
                <link rel="modulepreload" href=site.url("assay.js")/>
                <link rel="preload" href=site.url("assay_bg.wasm") r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <script type="module" src=site.url("boot.js")></script>
                <MetaTags/>
            </head>
            <body>
                <App/>
                {disk_full()}
                // Shown by the panic hook and by boot.js; outside of what is hydrated, so it survives a crash.
                <div id="crash" class="crash" role="alert" hidden>
                    <p>"Something went wrong on this page. What you saved is safe."</p>
                    <p><a href="">"Reload the page"</a></p>
                </div>
            </body>
        </html>
    }
}

/// What signed-in people are told while nothing can be stored. Outside of what is hydrated and with a script of its own, so
/// that it costs nothing as long as there is space.
fn disk_full() -> Option<impl IntoView> {
    let told = session_token().is_some() && services().disk_full();
    told.then(|| {
        view! {
            <div id="disk-full" class="disk-full" role="status">
                <p>
                    <strong>"The disk is full: "</strong>
                    "new traces are refused and senders retry. Free space and it continues by itself."
                </p>
            </div>
            <link rel="stylesheet" href="/disk.css"/>
            <script type="module" src="/disk.js"></script>
        }
    })
}
