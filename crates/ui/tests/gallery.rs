//! Renders every component to static pages, checks what holds for all of them, and leaves the pages in
//! `target/gallery/*.html` to be looked at (serve the folder with the style sheet, fonts and sprite beside it).

use std::{fs, path::PathBuf, thread};

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use leptos::prelude::*;

mod screens;

fn document(title: &str, body: String) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"assay-pkg\" content=\"./\">\
         <title>{title}</title><link rel=\"stylesheet\" href=\"assay.css\"></head><body>{body}\
         <script type=\"module\" src=\"gallery.js\"></script></body></html>"
    )
}

/// Pages are drawn once; nothing that they start later runs.
struct NoTasks;

impl CustomExecutor for NoTasks {
    fn spawn(&self, _: PinnedFuture<()>) {}
    fn spawn_local(&self, _: PinnedLocalFuture<()>) {}
    fn poll_local(&self) {}
}

/// The page as HTML. What belongs to it is let go of on another thread, as a server does when an answer is complete.
fn rendered(view: impl FnOnce() -> AnyView) -> String {
    // Fails when another test was first, which is as good.
    let _ = Executor::init_custom_executor(NoTasks);
    let owner = Owner::new();
    let html = owner.with(|| {
        provide_context(ui::PkgBase("./".into()));
        view().to_html()
    });
    let dropped = thread::spawn(move || drop(owner)).join();
    assert!(dropped.is_ok(), "something in the page is bound to the thread that drew it");
    html
}

fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("components", rendered(screens::components::page)),
        ("prompt", rendered(screens::prompt::metrics)),
        ("versions", rendered(screens::prompt::versions)),
        ("prompts", rendered(screens::lists::prompts)),
        ("traces", rendered(screens::lists::traces)),
        ("trace", rendered(screens::trace::page)),
        ("home", rendered(screens::others::home)),
        ("keys", rendered(screens::others::keys)),
        ("members", rendered(screens::others::members)),
        ("sign-in", rendered(screens::others::sign_in)),
    ]
}

#[test]
fn pages_are_written_to_be_looked_at() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../gallery");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("spec.json"), screens::prompt::trend().option).unwrap();
    for (name, body) in pages() {
        fs::write(folder.join(format!("{name}.html")), document(name, body)).unwrap();
    }
}

#[test]
fn nothing_needs_inline_style_or_script() {
    for (name, html) in pages() {
        for tag in html.split('<').filter_map(|part| part.split_once('>')).map(|(tag, _)| tag) {
            assert!(!tag.contains(" style="), "{name}: <{tag}>");
            assert!(!tag.contains(" onclick=") && !tag.contains("javascript:"), "{name}: <{tag}>");
        }
    }
}

#[test]
fn ids_are_unique_and_what_refers_to_them_finds_them() {
    for (name, html) in pages() {
        let values = |attribute: &str| -> Vec<String> {
            html.split(&format!(" {attribute}=\""))
                .skip(1)
                .filter_map(|rest| rest.split_once('"'))
                .flat_map(|(value, _)| value.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
                .collect()
        };
        let mut ids = values("id");
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name}: an id appears twice");
        for attribute in ["for", "aria-describedby", "aria-labelledby", "popovertarget", "commandfor"] {
            for value in values(attribute) {
                assert!(ids.binary_search(&value).is_ok(), "{name}: {attribute}=\"{value}\" finds nothing");
            }
        }
    }
}

#[test]
fn every_icon_button_has_a_name() {
    for (name, html) in pages() {
        for tag in html.split('<').filter_map(|part| part.split_once('>')).map(|(tag, _)| tag) {
            if tag.contains("data-shape=\"icon\"") {
                assert!(tag.contains("aria-label="), "{name}: <{tag}>");
            }
        }
    }
}
