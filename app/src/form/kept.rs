//! A half-filled form kept in the browser, so that a reload loses nothing.

use leptos::prelude::window;
use web_sys::Storage;

/// Where one form is kept: the text it would send, under a name of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kept(String);

impl Kept {
    /// The place of the form these parts name: the form's own name first.
    pub fn of(parts: &[&str]) -> Self {
        Self(format!("assay-form:{}", parts.join("\n")))
    }

    /// What was kept. Browser only.
    pub fn found(&self) -> Option<String> {
        storage()?.get_item(&self.0).ok().flatten()
    }

    /// Keeps it. Browser only; where the browser keeps nothing, a reload begins anew.
    pub fn keep(&self, text: &str) {
        if let Some(storage) = storage() {
            let _ = storage.set_item(&self.0, text);
        }
    }

    /// Forgets it. Browser only.
    pub fn forget(&self) {
        if let Some(storage) = storage() {
            let _ = storage.remove_item(&self.0);
        }
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}
