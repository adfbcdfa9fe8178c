//! Names over values: the facts of a trace, a span, a version.

use leptos::{children::ViewFnOnce, prelude::*};

/// How facts are arranged.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum FactsLayout {
    /// Columns that fill the box.
    #[default]
    Grid,
    /// One wrapping line, for the head of a page.
    Strip,
    /// Name left, value right.
    List,
}

/// One fact. The value may be any view.
pub struct Fact {
    name: String,
    value: ViewFnOnce,
}

impl Fact {
    /// A fact with a view as its value.
    pub fn new(name: impl Into<String>, value: impl Into<ViewFnOnce>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    /// A fact whose value is text.
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        let value: String = value.into();
        Self::new(name, move || value)
    }
}

/// A description list.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <Facts layout=FactsLayout::Strip items=vec![
///         Fact::text("Duration", format::duration_ns(4_820_000_000)),
///         Fact::new("User", || view! { <a href="traces?user=u-20418">"u-20418"</a> }),
///     ]/>
/// }
/// # }
/// ```
#[component]
pub fn Facts(
    /// Arrangement.
    #[prop(optional)]
    layout: FactsLayout,
    /// The facts in order of importance.
    items: Vec<Fact>,
) -> impl IntoView {
    let layout = match layout {
        FactsLayout::Grid => "grid",
        FactsLayout::Strip => "strip",
        FactsLayout::List => "list",
    };
    let items = items
        .into_iter()
        .map(|fact| {
            view! {
                <div class="facts__fact">
                    <dt class="facts__name">{fact.name}</dt>
                    <dd class="facts__value">{fact.value.run()}</dd>
                </div>
            }
            .into_any()
        })
        .collect_view();
    view! { <dl class="facts" data-layout=layout>{items}</dl> }.into_any()
}
