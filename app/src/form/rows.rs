//! Lists in the form: rows come and go, and keep what was typed.

use leptos::prelude::*;
use ui::{Button, ButtonKind, IconName};
use wasm_bindgen::JsCast as _;

use super::{Draft, Typed};

/// Rows of one list, each under a number that stays its own.
pub struct Rows<T: Send + Sync + 'static> {
    list: RwSignal<Vec<(u32, T)>>,
    next: StoredValue<u32>,
}

impl<T: Send + Sync + 'static> Clone for Rows<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Rows<T> {}

impl<T: Clone + Send + Sync + 'static> Rows<T> {
    /// With these rows at first.
    pub fn new(first: Vec<T>) -> Self {
        let list: Vec<(u32, T)> = (0..).zip(first).collect();
        let next = u32::try_from(list.len()).unwrap_or(u32::MAX);
        Self { list: RwSignal::new(list), next: StoredValue::new(next) }
    }

    /// All rows. Tracked.
    pub fn all(self) -> Vec<(u32, T)> {
        self.list.get()
    }

    /// How many there are. Tracked.
    pub fn count(self) -> usize {
        self.list.with(Vec::len)
    }

    /// The place of a row from 0, which is how problems name it. Tracked.
    pub fn place(self, id: u32) -> usize {
        self.list.with(|list| list.iter().position(|(own, _)| *own == id)).unwrap_or(usize::MAX)
    }

    /// One more row; its number.
    pub fn append(self, row: T) -> u32 {
        let id = self.next.get_value();
        self.next.set_value(id.saturating_add(1));
        self.list.update(|list| list.push((id, row)));
        id
    }

    /// Without a row.
    pub fn remove(self, id: u32) {
        self.list.update(|list| list.retain(|(own, _)| *own != id));
    }
}

/// Takes a row away. The focus goes to the button that adds rows.
#[component]
pub fn RemoveRow<T: Clone + Send + Sync + 'static, D: Draft>(
    /// The list.
    rows: Rows<T>,
    /// The row.
    id: u32,
    /// Name of the button.
    #[prop(into)]
    label: String,
    /// Id of the button that adds rows.
    add: &'static str,
    /// The form.
    typed: Typed<D>,
) -> impl IntoView {
    let remove = move |_| {
        rows.remove(id);
        typed.read_soon();
        focus_soon(add.to_owned());
    };
    view! { <div class="row-remove"><Button kind=ButtonKind::Quiet icon=IconName::Trash label on:click=remove/></div> }
        .into_any()
}

/// Puts the focus on an element once it is there. Browser only.
pub fn focus_soon(id: String) {
    request_animation_frame(move || {
        let element =
            document().get_element_by_id(&id).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
        if let Some(element) = element {
            // An element that is gone again keeps no focus.
            let _ = element.focus();
        }
    });
}
