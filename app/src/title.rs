//! The title of a page that is known by its address.

use leptos::prelude::*;
use leptos_meta::Title;

/// A title that follows its page. Where it never changes, `leptos_meta::Title` is enough.
///
/// A page that is sent whole is put together after its signals are gone, and its title is read only then: on the server the
/// words are read while the page is drawn.
#[component]
pub fn PageTitle(
    /// What stands in the browser's tab, without the name of the program.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    #[cfg(feature = "ssr")]
    let text = text.get_untracked();
    view! { <Title text/> }
}
