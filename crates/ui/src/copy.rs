//! Copies a text to the clipboard and says so.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast as _, JsValue, prelude::wasm_bindgen};

use crate::{
    button::ButtonKind,
    icon::{Icon, IconName},
    live_region::Announcer,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["navigator", "clipboard"], js_name = writeText, catch)]
    async fn write_text(text: &str) -> Result<JsValue, JsValue>;
}

/// Puts `text` on the clipboard. Pages served over plain HTTP have no clipboard API: there a hidden field and the old
/// command do it.
async fn to_clipboard(text: &str) -> bool {
    let is_secure = js_sys::Reflect::get(&window(), &"isSecureContext".into()).is_ok_and(|value| value.is_truthy());
    if is_secure { write_text(text).await.is_ok() } else { by_command(text).unwrap_or(false) }
}

fn by_command(text: &str) -> Option<bool> {
    let field: web_sys::HtmlTextAreaElement = document().create_element("textarea").ok()?.dyn_into().ok()?;
    field.set_value(text);
    field.set_class_name("visually-hidden");
    // Within the open dialog, if any: outside of it nothing can be selected.
    let host = document().query_selector("dialog[open]").ok().flatten();
    let host: web_sys::Node = match host {
        Some(dialog) => dialog.into(),
        None => document().body()?.into(),
    };
    host.append_child(&field).ok()?;
    field.select();
    let copied = document().dyn_into::<web_sys::HtmlDocument>().ok()?.exec_command("copy").ok();
    field.remove();
    copied
}

/// A button that copies.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <Copy text="pk-lf-1234" label="Copy public key"/>
///     <Copy text="https://…/traces/7f3a" label="Copy link" shown=true key="c"/>
/// }
/// # }
/// ```
#[component]
pub fn Copy(
    /// What to copy.
    #[prop(into)]
    text: Signal<String>,
    /// Name of the button.
    #[prop(default = "Copy".to_owned(), into)]
    label: String,
    /// Shows the label beside the icon.
    #[prop(optional)]
    shown: bool,
    /// The single key that copies.
    #[prop(optional, into)]
    key: Option<&'static str>,
    /// Weight of the button.
    #[prop(default = ButtonKind::Quiet)]
    kind: ButtonKind,
) -> impl IntoView {
    let announcer = Announcer::from_context();
    let state = RwSignal::new(None::<&'static str>);
    let copy = move |_| {
        let text = text.get_untracked();
        spawn_local(async move {
            let (outcome, sentence) =
                if to_clipboard(&text).await { ("copied", "Copied") } else { ("failed", "Could not copy") };
            // The component may be gone by now.
            let _ = state.try_set(Some(outcome));
            if let Some(announcer) = announcer {
                announcer.say(sentence);
            }
            set_timeout(
                move || {
                    let _ = state.try_set(None);
                },
                Duration::from_secs(2),
            );
        });
    };
    let text_label = label.clone();
    view! {
        <button
            type="button"
            class="button copy"
            data-kind=kind.name()
            data-shape=(!shown).then_some("icon")
            data-state=move || state.get()
            data-key=key
            aria-keyshortcuts=key
            aria-label=(!shown).then(|| label.clone())
            title=(!shown).then_some(label)
            on:click=copy
        >
            <span class="copy__idle">
                <Icon name=IconName::Copy/>
                {shown.then_some(text_label)}
            </span>
            <span class="copy__done" aria-hidden="true">
                <Icon name=IconName::Check/>
                {shown.then_some("Copied")}
            </span>
            {key.filter(|_| shown).map(|key| view! { <kbd aria-hidden="true">{key}</kbd> }.into_any())}
        </button>
    }
    .into_any()
}

/// A short text in the monospaced face with its copy button: an id, an address, a key.
#[component]
pub fn CopyLine(
    /// The text.
    #[prop(into)]
    text: String,
    /// Name of the button: `Copy public key`.
    #[prop(into)]
    label: String,
    /// Shown in place of the text, such as a shortened id.
    #[prop(optional, into)]
    display: Option<String>,
) -> impl IntoView {
    let display = display.unwrap_or_else(|| text.clone());
    view! {
        <span class="copyline">
            <code class="truncate" title=text.clone()>{display}</code>
            <Copy text label/>
        </span>
    }
    .into_any()
}
