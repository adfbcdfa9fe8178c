//! What was just done, with ten seconds to undo it.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    button::{Button, ButtonKind},
    icon::{Icon, IconName},
    tone::Tone,
};

/// Seconds a toast stays. The clock stands still while the pointer or the focus is on it.
const SECONDS: u32 = 10;

#[derive(Clone)]
struct Toast {
    id: u32,
    tone: Tone,
    text: String,
    undo: Option<Callback<()>>,
}

/// Shows toasts.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example(move_back: Action<(), ()>) {
/// let toaster = Toaster::from_context();
/// toaster.undoable("production moved to v8", Callback::new(move |()| { move_back.dispatch(()); }));
/// toaster.failure("The label was not moved: it is protected.");
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Toaster {
    toasts: RwSignal<Vec<Toast>>,
    last_id: StoredValue<u32>,
}

impl std::fmt::Debug for Toast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Toast").field("id", &self.id).field("text", &self.text).finish_non_exhaustive()
    }
}

impl Toaster {
    /// Makes one and puts it into context; `Shell` does this.
    pub fn provide() -> Self {
        let toaster = Self { toasts: RwSignal::new(Vec::new()), last_id: StoredValue::new(0) };
        provide_context(toaster);
        toaster
    }

    /// The one in context; outside of a shell a new one that nobody sees.
    pub fn from_context() -> Self {
        use_context().unwrap_or_else(Self::provide)
    }

    /// Says that something was done.
    pub fn done(self, text: impl Into<String>) {
        self.show(Tone::Good, text.into(), None);
    }

    /// Says that something was done, with a way back.
    pub fn undoable(self, text: impl Into<String>, undo: Callback<()>) {
        self.show(Tone::Good, text.into(), Some(undo));
    }

    /// Says that something failed, and why.
    pub fn failure(self, text: impl Into<String>) {
        self.show(Tone::Bad, text.into(), None);
    }

    fn show(self, tone: Tone, text: String, undo: Option<Callback<()>>) {
        let id = self.last_id.get_value().wrapping_add(1);
        self.last_id.set_value(id);
        self.toasts.update(|toasts| {
            toasts.push(Toast { id, tone, text, undo });
            // More than three at once nobody reads.
            let surplus = toasts.len().saturating_sub(3);
            toasts.drain(..surplus);
        });
    }

    fn dismiss(self, id: u32) {
        // The timer of a toast may outlive the page it was shown on.
        let _ = self.toasts.try_update(|toasts| toasts.retain(|toast| toast.id != id));
    }
}

/// Where toasts appear; one a page, drawn by `Shell`.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toaster = Toaster::from_context();
    view! {
        <div class="toasts" role="region" aria-label="Messages">
            <div role="status" aria-live="polite">
                <For each=move || toaster.toasts.get() key=|toast| toast.id let:toast>
                    {card(toaster, toast)}
                </For>
            </div>
        </div>
    }
    .into_any()
}

fn card(toaster: Toaster, toast: Toast) -> AnyView {
    let id = toast.id;
    let left = RwSignal::new(SECONDS);
    let held = RwSignal::new(false);
    let tick = move || {
        if held.try_get_untracked().unwrap_or(true) {
            return;
        }
        let now = left.try_update(|left| {
            *left = left.saturating_sub(1);
            *left
        });
        if now == Some(0) {
            toaster.dismiss(id);
        }
    };
    Effect::new(move |_| {
        if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
    let ring = move || (100 * (SECONDS - left.get().min(SECONDS)) / SECONDS).to_string();
    let undo = toast.undo.map(|undo| {
        let back = move |_| {
            undo.run(());
            toaster.dismiss(id);
        };
        view! {
            <svg class="toast__ring" viewBox="0 0 16 16" aria-hidden="true">
                <circle cx="8" cy="8" r="6"></circle>
                <circle cx="8" cy="8" r="6" pathLength="100" stroke-dashoffset=ring></circle>
            </svg>
            <Button on:click=back>"Undo"</Button>
        }
        .into_any()
    });
    let name = if toast.tone == Tone::Bad { IconName::CircleAlert } else { IconName::CircleCheck };
    view! {
        <div
            class="toast"
            on:pointerenter=move |_| held.set(true)
            on:pointerleave=move |_| held.set(false)
            on:focusin=move |_| held.set(true)
            on:focusout=move |_| held.set(false)
        >
            <Icon name/>
            <span class="toast__text">{toast.text}</span>
            {undo}
            <Button kind=ButtonKind::Quiet icon=IconName::X label="Dismiss" on:click=move |_| toaster.dismiss(id)/>
        </div>
    }
    .into_any()
}
