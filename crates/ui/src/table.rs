//! Tables: a caption, sortable headings whose order is in the URL, cells that align numbers and become cards where the
//! table is narrow.

use leptos::prelude::*;

use crate::{
    icon::{Icon, IconName},
    text::MaybeText,
};

/// Order of a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SortDirection {
    /// Small first.
    Ascending,
    /// Large first.
    Descending,
}

/// Width of a column. A table in which any column has one is laid out by its headings alone: the others share what is
/// left alike, and rows that arrive in a later part of the page move none of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Width {
    /// A number: `$0.0042`.
    Short,
    /// A word or a time: `50 min ago`.
    Medium,
    /// A number and what is under it: `1,204 in · 96 out`.
    Long,
}

/// A column heading.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Column {
    text: String,
    number: bool,
    hidden: bool,
    width: Option<Width>,
    sort: Option<(String, Option<SortDirection>)>,
    title: Option<String>,
}

impl Column {
    /// A column of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), number: false, hidden: false, width: None, sort: None, title: None }
    }

    /// A column of numbers: right-aligned.
    pub fn number(text: impl Into<String>) -> Self {
        Self { number: true, ..Self::text(text) }
    }

    /// A column of actions or drawings: its heading is only for those who do not see.
    pub fn unnamed(text: impl Into<String>) -> Self {
        Self { hidden: true, ..Self::text(text) }
    }

    /// Gives it a width of its own.
    #[must_use]
    pub fn width(mut self, width: Width) -> Self {
        self.width = Some(width);
        self
    }

    /// Makes the heading a link to the list in another order; `now` is this column's order in the list shown.
    #[must_use]
    pub fn sort(mut self, href: impl Into<String>, now: Option<SortDirection>) -> Self {
        self.sort = Some((href.into(), now));
        self
    }

    /// What the numbers mean, shown on hover.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    fn into_view(self) -> AnyView {
        let align = self.number.then_some("end");
        let width = self.width.map(|width| match width {
            Width::Short => "short",
            Width::Medium => "medium",
            Width::Long => "long",
        });
        let order = self.sort.as_ref().and_then(|(_, now)| *now).map(|direction| match direction {
            SortDirection::Ascending => "ascending",
            SortDirection::Descending => "descending",
        });
        let inside = match self.sort {
            Some((href, now)) => {
                let name = match now {
                    Some(SortDirection::Ascending) => IconName::ArrowUp,
                    Some(SortDirection::Descending) => IconName::ArrowDown,
                    None => IconName::ArrowUpDown,
                };
                view! { <a href=href>{self.text} <Icon name/></a> }.into_any()
            }
            None if self.hidden => view! { <span class="visually-hidden">{self.text}</span> }.into_any(),
            None => self.text.into_any(),
        };
        view! { <th scope="col" data-align=align data-width=width aria-sort=order title=self.title>{inside}</th> }
            .into_any()
    }
}

/// A table. Rows are `<tr>` with [`Cell`]s; an empty one has an [`EmptyRow`].
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <Table caption="Versions of support/answer" columns=vec![
///         Column::text("Version"),
///         Column::number("Generations").sort("?sort=-count", None),
///     ]>
///         <tr>
///             <Cell kind=CellKind::Title><a href="?v=8" data-row=""><b>"v8"</b></a></Cell>
///             <Cell kind=CellKind::Number label="Generations">
///                 <Estimate value=format::count(4_790) under="20% of traffic"/>
///             </Cell>
///         </tr>
///     </Table>
/// }
/// # }
/// ```
#[component]
pub fn Table(
    /// Names the table for those who do not see the heading above it.
    #[prop(into)]
    caption: String,
    /// Headings.
    columns: Vec<Column>,
    /// Rows of one line.
    #[prop(optional)]
    compact: bool,
    /// Stays a table where it is narrow, and scrolls.
    #[prop(optional)]
    keep_table: bool,
    /// Rows.
    children: Children,
) -> impl IntoView {
    let columns = columns.into_iter().map(Column::into_view).collect_view();
    view! {
        <div class="table-box">
            <div class="table-scroll">
                <table class="table" data-density=compact.then_some("compact") data-cards=keep_table.then_some("never")>
                    <caption class="visually-hidden">{caption}</caption>
                    <thead>
                        <tr>{columns}</tr>
                    </thead>
                    <tbody>{children()}</tbody>
                </table>
            </div>
        </div>
    }
    .into_any()
}

/// What a cell is; decides its alignment and its place when the row becomes a card.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CellKind {
    /// Text.
    #[default]
    Text,
    /// The row's name: heads the card.
    Title,
    /// A number, right-aligned.
    Number,
    /// A drawing or actions: a line of its own in the card.
    Wide,
    /// Not in the card.
    Extra,
}

/// A cell.
#[component]
pub fn Cell(
    /// What it is.
    #[prop(optional)]
    kind: CellKind,
    /// The column's name, shown in the card.
    #[prop(optional, into)]
    label: MaybeText,
    /// Content.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let MaybeText(label) = label;
    let align = (kind == CellKind::Number).then_some("end");
    let place = match kind {
        CellKind::Text | CellKind::Number => None,
        CellKind::Title => Some("title"),
        CellKind::Wide => Some("wide"),
        CellKind::Extra => Some("hide"),
    };
    view! { <td data-align=align data-cell=place data-label=label>{children.map(|children| children())}</td> }
        .into_any()
}

/// A row that says why there are no rows.
#[component]
pub fn EmptyRow(
    /// Number of columns.
    columns: u32,
    /// What is not there, and what would make it appear.
    children: Children,
) -> impl IntoView {
    view! {
        <tr>
            <td colspan=columns data-cell="wide">
                <div class="empty" data-size="line">{children()}</div>
            </td>
        </tr>
    }
    .into_any()
}

/// A row that names the rows below it.
#[component]
pub fn GroupRow(
    /// Number of columns.
    columns: u32,
    /// Name of the group.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! {
        <tr class="table__group">
            <td colspan=columns>{text}</td>
        </tr>
    }
    .into_any()
}
