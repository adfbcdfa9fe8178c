//! Nothing here yet, and how to change that.

use leptos::{children::ViewFnOnce, prelude::*};

use crate::icon::{Icon, IconName};

/// An empty state that teaches: what will be here, the code that makes it appear, an action.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <Empty icon=IconName::Activity title="No traces yet" text="They appear here as soon as your program sends one."
///         actions=|| view! { <LinkButton href="?sample=1">"Send a sample trace"</LinkButton> }>
///         <Code id="first-trace" label="Send a first trace" snippets=vec![Snippet::new("Python", "…")]/>
///     </Empty>
/// }
/// # }
/// ```
#[component]
pub fn Empty(
    /// Before the title.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// What is not there.
    #[prop(into)]
    title: String,
    /// What makes it appear.
    #[prop(into)]
    text: String,
    /// Buttons below.
    #[prop(optional, into)]
    actions: Option<ViewFnOnce>,
    /// Code or a list.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <div>
                <h2 class="empty__title">{icon.map(|name| view! { <Icon name/> }.into_any())} {title}</h2>
                <p class="empty__text">{text}</p>
            </div>
            {children.map(|children| children())}
            {actions.map(|actions| view! { <div class="actions">{actions.run()}</div> }.into_any())}
        </div>
    }
    .into_any()
}
