//! Native dialogs. A [`DialogButton`] opens one by `command`/`commandfor`, without script where the browser knows them.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use crate::{
    button::{Button, ButtonKind},
    icon::IconName,
};

/// A dialog. Escape and the cross close it; focus goes back to what opened it.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <DialogButton dialog="revoke-key" kind=ButtonKind::Danger>"Revoke"</DialogButton>
///     <Dialog id="revoke-key" title="Revoke key pk-lf-12…?">
///         <p>"Programs that use it get 401 at once. 2,140 requests came with it today."</p>
///         <form method="post"><Button kind=ButtonKind::Danger submit=true>"Revoke key"</Button></form>
///     </Dialog>
/// }
/// # }
/// ```
#[component]
pub fn Dialog(
    /// Id that a [`DialogButton`] names.
    #[prop(into)]
    id: String,
    /// Heading.
    #[prop(into)]
    title: String,
    /// For tables and diffs.
    #[prop(optional)]
    wide: bool,
    /// The element, to listen to `close`.
    #[prop(optional)]
    node_ref: NodeRef<leptos::html::Dialog>,
    /// Content.
    children: Children,
) -> impl IntoView {
    let title_id = format!("{id}-title");
    let labelled_by = title_id.clone();
    view! {
        <dialog
            class="dialog"
            id=id
            data-size=wide.then_some("wide")
            aria-labelledby=labelled_by
            node_ref=node_ref
        >
            <div class="dialog__head">
                <h2 id=title_id>{title}</h2>
                <form method="dialog">
                    <Button kind=ButtonKind::Quiet icon=IconName::X label="Close" submit=true/>
                </form>
            </div>
            <div class="dialog__body">{children()}</div>
        </dialog>
    }
    .into_any()
}

/// A button that opens a dialog.
#[component]
pub fn DialogButton(
    /// Id of the dialog.
    #[prop(into)]
    dialog: String,
    /// How much it asks for attention.
    #[prop(optional)]
    kind: ButtonKind,
    /// Before the text.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// The single key that opens it.
    #[prop(optional, into)]
    key: Option<&'static str>,
    /// Name for buttons that show an icon only.
    #[prop(optional, into)]
    label: Option<String>,
    /// Text.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let target = dialog.clone();
    // Spread here rather than on `Button`, whose children are optional.
    let shape = children.is_none().then_some("icon");
    let shown_key = children.is_some().then_some(key).flatten();
    view! {
        <button
            type="button"
            class="button"
            data-kind=kind.name()
            data-shape=shape
            data-key=key
            aria-keyshortcuts=key
            aria-label=label.clone()
            title=label
            aria-haspopup="dialog"
            commandfor=dialog
            command="show-modal"
            on:click=move |_| open_dialog(&target)
        >
            {icon.map(|name| view! { <crate::icon::Icon name/> }.into_any())}
            {children.map(|children| children())}
            {shown_key.map(|key| view! { <kbd aria-hidden="true">{key}</kbd> }.into_any())}
        </button>
    }
    .into_any()
}

fn element(id: &str) -> Option<web_sys::HtmlDialogElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Opens a dialog; does nothing if it is open. Only in event handlers and effects.
pub fn open_dialog(id: &str) {
    if let Some(dialog) = element(id).filter(|dialog| !dialog.open()) {
        // Fails only for a dialog that was taken out of the document meanwhile.
        let _ = dialog.show_modal();
    }
}

/// Closes a dialog, such as after its form was sent. Only in event handlers and effects.
pub fn close_dialog(id: &str) {
    if let Some(dialog) = element(id) {
        dialog.close();
    }
}
