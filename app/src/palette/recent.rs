//! What was chosen before, kept by this browser for each project.

use leptos::prelude::window;
use serde::{Deserialize, Serialize};
use web_sys::Storage;

/// As many are kept.
const KEPT: usize = 8;

/// A page that was opened from here.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Recent {
    /// Its name.
    pub text: String,
    /// Beside it.
    pub note: Option<String>,
    /// Its address.
    pub href: String,
}

/// The choices of a project, newest first. Browser only.
pub fn recent(project: &str) -> Vec<Recent> {
    let kept = storage().and_then(|storage| storage.get_item(&key(project)).ok().flatten());
    kept.map(|text| read(&text)).unwrap_or_default()
}

/// Remembers a choice. Browser only; where the browser keeps nothing, nothing is remembered.
pub fn remember(project: &str, chosen: Recent) {
    let mut all = recent(project);
    all.retain(|other| other.href != chosen.href);
    all.insert(0, chosen);
    all.truncate(KEPT);
    if let Some(storage) = storage() {
        // Full or forbidden: then the list is what it was.
        let _ = storage.set_item(&key(project), &write(&all));
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn key(project: &str) -> String {
    format!("assay-recent-{project}")
}

/// A line for each: address, name, note. None of them has a tab or a line break that matters.
fn write(all: &[Recent]) -> String {
    let plain = |text: &str| text.replace(['\t', '\n'], " ");
    let line = |recent: &Recent| {
        format!(
            "{}\t{}\t{}",
            plain(&recent.href),
            plain(&recent.text),
            plain(recent.note.as_deref().unwrap_or_default())
        )
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn read(text: &str) -> Vec<Recent> {
    let line = |line: &str| {
        let mut parts = line.split('\t');
        // Only addresses of this server: what is stored may have been changed by hand.
        let href = parts.next().filter(|href| href.starts_with("/p/"))?.to_owned();
        let text = parts.next()?.to_owned();
        let note = parts.next().filter(|note| !note.is_empty()).map(str::to_owned);
        Some(Recent { text, note, href })
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_read_back_and_other_addresses_do_not() {
        let all = vec![
            Recent { text: "support/answer".into(), note: Some("production v2".into()), href: "/p/a/prompts/x".into() },
            Recent { text: "tab\tin it".into(), note: None, href: "/p/a".into() },
        ];
        let back = read(&write(&all));
        assert_eq!(back[0], all[0]);
        assert_eq!(back[1].text, "tab in it");
        assert!(read("javascript:alert(1)\tx\t\nnonsense").is_empty());
    }
}
