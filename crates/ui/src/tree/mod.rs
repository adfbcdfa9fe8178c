//! A tree of rows by the ARIA pattern: one row is in the tab order, arrows move, left and right fold. Rows are links, so
//! choosing one works without script; then everything is unfolded.

use std::collections::BTreeSet;

use leptos::{attr::custom::custom_attribute, prelude::*};
use wasm_bindgen::JsCast as _;

use crate::icon::{Icon, IconName};

/// A row, in reading order: parents before their children.
pub struct TreeNode {
    id: String,
    level: u32,
    href: String,
    error: bool,
    name: AnyView,
    beside: Option<AnyView>,
}

impl TreeNode {
    /// A row `level` deep (1 is the root) that `href` chooses. `name` is what stands in its first column: a dot of its kind,
    /// `<span class="tree__label">`, badges, `<span class="tree__error">`.
    pub fn new(id: impl Into<String>, level: u32, href: impl Into<String>, name: impl IntoView + 'static) -> Self {
        Self {
            id: id.into(),
            level: level.max(1),
            href: href.into(),
            error: false,
            name: name.into_view().into_any(),
            beside: None,
        }
    }

    /// With a second column, such as a [`crate::WaterfallBar`].
    #[must_use]
    pub fn beside(mut self, view: impl IntoView + 'static) -> Self {
        self.beside = Some(view.into_view().into_any());
        self
    }

    /// Ended in an error: the key `e` finds it.
    #[must_use]
    pub fn error(mut self, error: bool) -> Self {
        self.error = error;
        self
    }
}

/// The shape of a tree: levels in reading order.
#[derive(Clone, Debug, Default)]
struct Shape(Vec<u32>);

/// What a key did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Move {
    To(usize),
    Fold(usize),
    Unfold(usize),
    Choose(usize),
    None,
}

impl Shape {
    fn level(&self, row: usize) -> u32 {
        self.0.get(row).copied().unwrap_or(1)
    }

    fn has_children(&self, row: usize) -> bool {
        self.0.get(row + 1).is_some_and(|next| *next > self.level(row))
    }

    fn parent(&self, row: usize) -> Option<usize> {
        (0..row).rev().find(|before| self.level(*before) < self.level(row))
    }

    /// Which rows show when those in `folded` are closed.
    fn shown(&self, folded: &BTreeSet<usize>) -> Vec<bool> {
        let mut shown = Vec::with_capacity(self.0.len());
        // The level of the closed row we are below, if any.
        let mut below: Option<u32> = None;
        for (row, level) in self.0.iter().enumerate() {
            if below.is_some_and(|closed| *level <= closed) {
                below = None;
            }
            shown.push(below.is_none());
            if below.is_none() && folded.contains(&row) {
                below = Some(*level);
            }
        }
        shown
    }

    fn key(&self, key: &str, at: usize, folded: &BTreeSet<usize>) -> Move {
        let shown = self.shown(folded);
        let is_shown = |row: &usize| shown.get(*row).copied().unwrap_or(false);
        let count = self.0.len();
        let to = |row: Option<usize>| row.map_or(Move::None, Move::To);
        match key {
            "ArrowDown" => to((at + 1..count).find(is_shown)),
            "ArrowUp" => to((0..at).rev().find(is_shown)),
            "Home" => to((0..count).find(is_shown)),
            "End" => to((0..count).rev().find(is_shown)),
            "ArrowRight" | "l" if !self.has_children(at) => Move::None,
            "ArrowRight" | "l" if folded.contains(&at) => Move::Unfold(at),
            "ArrowRight" | "l" => Move::To(at + 1),
            "ArrowLeft" | "h" if self.has_children(at) && !folded.contains(&at) => Move::Fold(at),
            "ArrowLeft" | "h" => to(self.parent(at)),
            " " => Move::Choose(at),
            _ => Move::None,
        }
    }
}

/// A tree view.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example(span: Signal<Option<String>>) -> impl IntoView {
/// view! {
///     <Tree label="Spans" selected=span nodes=vec![
///         TreeNode::new("a1", 1, "?span=a1", view! {
///             <span class="dot" data-kind="agent"></span><span class="tree__label">"handle_ticket"</span>
///         }).beside(view! { <WaterfallBar kind="agent" start_ns=0 duration_ns=48 total_ns=48 text="4.82 s"/> }),
///     ]/>
/// }
/// # }
/// ```
#[component]
pub fn Tree(
    /// What the rows are.
    #[prop(into)]
    label: String,
    /// Id of the row chosen.
    #[prop(into)]
    selected: Signal<Option<String>>,
    /// The rows.
    nodes: Vec<TreeNode>,
) -> impl IntoView {
    let shape = Shape(nodes.iter().map(|node| node.level).collect());
    let columns = if nodes.iter().any(|node| node.beside.is_some()) { "2" } else { "1" };
    let ids: Vec<String> = nodes.iter().map(|node| node.id.clone()).collect();
    let start = selected.get_untracked().and_then(|id| ids.iter().position(|own| *own == id)).unwrap_or(0);

    let folded = RwSignal::new(BTreeSet::<usize>::new());
    let focused = RwSignal::new(start);
    let in_tab_order = Selector::new(move || focused.get());
    let is_selected = Selector::new(move || selected.get());
    let shape = StoredValue::new(shape);
    let shown = Memo::new(move |_| shape.with_value(|shape| folded.with(|folded| shape.shown(folded))));

    let on_key = move |event: web_sys::KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let at = focused.get_untracked();
        let asked = shape.with_value(|shape| folded.with_untracked(|folded| shape.key(&event.key(), at, folded)));
        match asked {
            Move::None => return,
            Move::To(row) => row_element(&event, row, |element| drop(element.focus())),
            Move::Choose(row) => row_element(&event, row, |element| element.click()),
            Move::Fold(row) => folded.update(|folded| {
                folded.insert(row);
            }),
            Move::Unfold(row) => folded.update(|folded| {
                folded.remove(&row);
            }),
        }
        event.prevent_default();
        event.stop_propagation();
    };

    let rows = nodes
        .into_iter()
        .enumerate()
        .map(|(row, node)| {
            let has_children = shape.with_value(|shape| shape.has_children(row));
            let (in_tab_order, is_selected) = (in_tab_order.clone(), is_selected.clone());
            let own = Some(node.id);
            let expanded = move || has_children.then(|| if folded.with(|folded| folded.contains(&row)) { "false" } else { "true" });
            let toggle = move |event: web_sys::MouseEvent| {
                // The row around it is a link.
                event.prevent_default();
                event.stop_propagation();
                folded.update(|folded| {
                    if !folded.remove(&row) {
                        folded.insert(row);
                    }
                });
            };
            let arrow = has_children.then(|| {
                view! { <span class="tree__toggle" on:click=toggle><Icon name=IconName::ChevronRight/></span> }.into_any()
            });
            // Deeper levels are told by `aria-level`; the indent ends at ten.
            let indent = node.level.min(10).to_string();
            let level = custom_attribute("aria-level", node.level.to_string());
            view! {
                <a
                    class="tree__row"
                    role="treeitem"
                    href=node.href
                    data-noscroll=""
                    data-row=""
                    data-follow=""
                    data-level=indent
                    data-state=node.error.then_some("error")
                    {..level}
                    aria-expanded=expanded
                    aria-selected=move || if is_selected.selected(&own) { "true" } else { "false" }
                    tabindex=move || if in_tab_order.selected(&row) { "0" } else { "-1" }
                    hidden=move || !shown.with(|shown| shown.get(row).copied().unwrap_or(true))
                    on:focus=move |_| focused.set(row)
                >
                    <span class="tree__name">
                        {arrow.map_or_else(|| view! { <span class="tree__toggle"></span> }.into_any(), IntoAny::into_any)}
                        {node.name}
                    </span>
                    {node.beside}
                </a>
            }.into_any()
        })
        .collect_view();
    view! {
        <div class="tree" role="tree" aria-label=label data-columns=columns on:keydown=on_key>
            {rows}
        </div>
    }
    .into_any()
}

fn row_element(event: &web_sys::KeyboardEvent, row: usize, act: impl FnOnce(web_sys::HtmlElement)) {
    let tree = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let rows = tree.and_then(|tree| tree.query_selector_all("[role=treeitem]").ok());
    let element = rows.and_then(|rows| rows.item(u32::try_from(row).ok()?)?.dyn_into().ok());
    if let Some(element) = element {
        act(element);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// root, [a, [a1, a2], b]
    fn shape() -> Shape {
        Shape(vec![1, 2, 3, 3, 2])
    }

    #[test]
    fn folding_hides_all_below() {
        assert_eq!(shape().shown(&BTreeSet::from([1])), [true, true, false, false, true]);
        assert_eq!(shape().shown(&BTreeSet::from([0, 1])), [true, false, false, false, false]);
        assert_eq!(shape().shown(&BTreeSet::new()), [true; 5]);
    }

    #[test]
    fn arrows_move_over_what_is_shown() {
        let folded = BTreeSet::from([1]);
        let shape = shape();
        assert_eq!(shape.key("ArrowDown", 1, &folded), Move::To(4));
        assert_eq!(shape.key("ArrowUp", 4, &folded), Move::To(1));
        assert_eq!(shape.key("ArrowDown", 4, &folded), Move::None);
        assert_eq!(shape.key("End", 0, &folded), Move::To(4));
        assert_eq!(shape.key("Home", 4, &folded), Move::To(0));
    }

    #[test]
    fn left_and_right_fold_and_climb() {
        let (open, folded) = (BTreeSet::new(), BTreeSet::from([1]));
        let shape = shape();
        assert_eq!(shape.key("ArrowRight", 1, &folded), Move::Unfold(1));
        assert_eq!(shape.key("ArrowRight", 1, &open), Move::To(2));
        assert_eq!(shape.key("l", 2, &open), Move::None);
        assert_eq!(shape.key("ArrowLeft", 1, &open), Move::Fold(1));
        assert_eq!(shape.key("h", 3, &open), Move::To(1));
        assert_eq!(shape.key("ArrowLeft", 1, &folded), Move::To(0));
        assert_eq!(shape.key(" ", 3, &open), Move::Choose(3));
    }

    #[test]
    fn an_empty_tree_answers_no_key() {
        assert_eq!(Shape::default().key("ArrowDown", 0, &BTreeSet::new()), Move::None);
    }
}
