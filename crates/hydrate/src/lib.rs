#![doc = include_str!("../README.md")]

use std::panic;

use leptos::{
    mount::hydrate_from_async,
    tachys::dom::{body, document},
};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

/// Takes over the page the server drew. Called by `boot.js`.
#[wasm_bindgen]
pub fn hydrate() {
    panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        show_crash_banner();
    }));
    // What `hydrate_lazy` does, and a mark for tests: from here on the page answers to events.
    spawn_local(async {
        hydrate_from_async(body(), app::App).await.forget();
        let _ = document().document_element().map(|root| root.set_attribute("data-hydrated", ""));
    });
}

/// After a panic no event handler runs any more; the shell keeps a hidden banner with a plain reload link for that.
fn show_crash_banner() {
    let _ = document().get_element_by_id("crash").map(|banner| banner.remove_attribute("hidden"));
}
