//! Code to read and copy, in one language or several.

use leptos::prelude::*;

use crate::copy::Copy;

/// Code in one language.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Snippet {
    /// Name on its tab: `Python`.
    pub language: String,
    /// The text, as copied.
    pub text: String,
}

impl Snippet {
    /// A snippet.
    pub fn new(language: impl Into<String>, text: impl Into<String>) -> Self {
        Self { language: language.into(), text: text.into() }
    }
}

/// A block of code. With several languages (four at most) tabs choose one, without script.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <Code id="setup-code" label="Send a first trace" snippets=vec![
///         Snippet::new("Python", "pip install langfuse"),
///         Snippet::new("JavaScript", "npm i @langfuse/client"),
///     ]/>
/// }
/// # }
/// ```
#[component]
pub fn Code(
    /// Id, once a page.
    #[prop(into)]
    id: String,
    /// What the code does.
    #[prop(into)]
    label: String,
    /// The code.
    snippets: Vec<Snippet>,
    /// Breaks long lines instead of scrolling.
    #[prop(optional)]
    wrap: bool,
) -> impl IntoView {
    let is_only = snippets.len() == 1;
    let group = format!("{id}-language");
    let picks = snippets
        .iter()
        .enumerate()
        .map(|(index, snippet)| {
            if is_only {
                return view! { <span class="code__title">{snippet.language.clone()}</span> }.into_any();
            }
            view! {
                <label class="code__pick">
                    <input
                        type="radio"
                        name=group.clone()
                        value=snippet.language.clone()
                        data-pick=index.to_string()
                        checked=index == 0
                    />
                    {snippet.language.clone()}
                </label>
            }
            .into_any()
        })
        .collect_view();
    let panels = snippets
        .into_iter()
        .enumerate()
        .map(|(index, snippet)| {
            let copy_label = format!("Copy {} code", snippet.language);
            view! {
                <div class="code__panel" data-panel=index.to_string() data-only=is_only.then_some("")>
                    <pre class="code__text" data-wrap=wrap.then_some("") tabindex="0" aria-label=format!("{} code", snippet.language) role="group">
                        <code>{snippet.text.clone()}</code>
                    </pre>
                    <div class="code__copy">
                        <Copy text=snippet.text label=copy_label/>
                    </div>
                </div>
            }.into_any()
        })
        .collect_view();
    view! {
        <div class="code" id=id role="group" aria-label=label>
            <div class="code__bar">{picks}</div>
            {panels}
        </div>
    }
    .into_any()
}
