//! The document around every page. Drawn by the server only; the browser hydrates the body.

use axum::http::{header::COOKIE, request::Parts};
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::{routes::App, site::Site};

/// Name of the cookie that remembers an explicit theme; `light`, `dark` or absent for the system's.
pub const THEME_COOKIE: &str = "assay_theme";

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
        <html lang="en" data-theme=chosen_theme()>
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
                // Shown by the panic hook and by boot.js; outside of what is hydrated, so it survives a crash.
                <div id="crash" class="crash" role="alert" hidden>
                    <p>"Something went wrong on this page. What you saved is safe."</p>
                    <p><a href="">"Reload the page"</a></p>
                </div>
            </body>
        </html>
    }
}

/// The theme the visitor chose, read from the cookie so that the first paint is right.
fn chosen_theme() -> Option<&'static str> {
    let parts = use_context::<Parts>()?;
    let cookies = parts.headers.get_all(COOKIE);
    let value = cookies
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == THEME_COOKIE).then_some(value))?;
    match value {
        "light" => Some("light"),
        "dark" => Some("dark"),
        _ => None,
    }
}
