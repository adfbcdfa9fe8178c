//! What stands in a panel while its data is on the way: the same size as what comes.

use leptos::prelude::*;

/// What is coming.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SkeletonShape {
    /// Lines of text.
    #[default]
    Text,
    /// Rows of a table.
    Table,
    /// A chart.
    Chart,
}

/// Grey bars. Use as the fallback of a `<Suspense>`.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! { <Skeleton shape=SkeletonShape::Table rows=8 label="Loading traces"/> }
/// # }
/// ```
#[component]
pub fn Skeleton(
    /// What is coming.
    #[prop(optional)]
    shape: SkeletonShape,
    /// How many rows or lines.
    #[prop(default = 3)]
    rows: u32,
    /// Said to those who do not see it.
    #[prop(default = "Loading".to_owned(), into)]
    label: String,
) -> impl IntoView {
    let widths = ["l", "m", "s"];
    let bars = widths.into_iter().cycle().take(rows as usize);
    let (name, inside) = match shape {
        SkeletonShape::Text => (
            "text",
            bars.map(|width| view! { <div class="skeleton__bar" data-width=width></div> }.into_any())
                .collect_view()
                .into_any(),
        ),
        SkeletonShape::Table => (
            "table",
            bars.map(|width| {
                view! { <div class="skeleton__row"><div class="skeleton__bar" data-width=width></div></div> }.into_any()
            })
            .collect_view()
            .into_any(),
        ),
        SkeletonShape::Chart => ("chart", view! { <div class="skeleton__bar"></div> }.into_any()),
    };
    view! {
        <div class="skeleton" data-shape=name aria-busy="true">
            <span class="visually-hidden">{label}</span>
            {inside}
        </div>
    }
    .into_any()
}
