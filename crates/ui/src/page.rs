//! A page within the shell: the bar with breadcrumbs and actions, then `<main>`.

use leptos::{children::ViewFnOnce, prelude::*};

use crate::text::MaybeText;

/// One step of the way to a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Crumb {
    text: String,
    href: Option<String>,
    mono: bool,
}

impl Crumb {
    /// A page above.
    pub fn link(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: Some(href.into()), mono: false }
    }

    /// A step without a page, such as a folder.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), href: None, mono: false }
    }

    /// This page.
    pub fn here(text: impl Into<String>) -> Self {
        Self::text(text)
    }

    /// In the monospaced face, for ids.
    #[must_use]
    pub fn mono(mut self) -> Self {
        self.mono = true;
        self
    }
}

/// Width and padding of `<main>`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PageLayout {
    /// Up to 88 rem, padded.
    #[default]
    Wide,
    /// For reading and forms.
    Narrow,
    /// All there is, without padding: panes.
    Fill,
}

/// A page.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <Page
///         crumbs=vec![Crumb::link("Prompts", "/p/demo/prompts"), Crumb::text("support"), Crumb::here("answer")]
///         actions=|| view! { <LinkButton href="?tab=editor" kind=ButtonKind::Primary>"New version"</LinkButton> }
///     >
///         <PageHead title="support/answer" lead="8 versions · 2,140 generations today · $8.90">
///             <Chip>"chat"</Chip>
///         </PageHead>
///     </Page>
/// }
/// # }
/// ```
#[component]
pub fn Page(
    /// The way here; the last one is this page.
    #[prop(into)]
    crumbs: Signal<Vec<Crumb>>,
    /// At the right of the bar.
    #[prop(optional, into)]
    actions: Option<ViewFnOnce>,
    /// Width and padding.
    #[prop(optional)]
    layout: PageLayout,
    /// Content, with one `<h1>`.
    children: Children,
) -> impl IntoView {
    let layout = match layout {
        PageLayout::Wide => None,
        PageLayout::Narrow => Some("narrow"),
        PageLayout::Fill => Some("fill"),
    };
    view! {
        <header class="top">
            <nav class="crumbs" aria-label="Breadcrumbs">
                <ol>{move || way(crumbs.get())}</ol>
            </nav>
            {actions.map(|actions| view! { <div class="top__actions">{actions.run()}</div> }.into_any())}
        </header>
        <main class="page" id="main" data-layout=layout>
            {children()}
        </main>
    }
    .into_any()
}

fn way(crumbs: Vec<Crumb>) -> AnyView {
    let last = crumbs.len().saturating_sub(1);
    crumbs
        .into_iter()
        .enumerate()
        .map(|(index, crumb)| {
            let class = crumb.mono.then_some("mono");
            let inside = if let Some(href) = crumb.href {
                view! { <a class=class href=href>{crumb.text}</a> }.into_any()
            } else {
                let here = (index == last).then_some("page");
                view! { <span class=class aria-current=here>{crumb.text}</span> }.into_any()
            };
            view! { <li>{inside}</li> }.into_any()
        })
        .collect_view()
        .into_any()
}

/// The heading of a page: title, chips beside it, a line of figures.
#[component]
pub fn PageHead(
    /// The one `<h1>`.
    #[prop(into)]
    title: String,
    /// Figures: `8 versions · 2,140 generations today`.
    #[prop(optional, into)]
    lead: MaybeText,
    /// Chips and badges.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let MaybeText(lead) = lead;
    view! {
        <div class="page__head">
            <h1 tabindex="-1">{title}</h1>
            {children.map(|children| children())}
            {lead.map(|lead| view! { <span class="page__lead">{lead}</span> }.into_any())}
        </div>
    }
    .into_any()
}
