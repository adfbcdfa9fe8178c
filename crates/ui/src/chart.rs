//! Draws a [`ChartSpec`] with ECharts, which is loaded when the first chart appears. Server and no-script readers get the
//! summary and the data as a table.

use domain::chart::{ChartSpec, DataTable};
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlElement;

use crate::{
    asset,
    icon::{Icon, IconName},
};

#[wasm_bindgen(module = "/js/chart_host.js")]
extern "C" {
    type ChartHost;
    /// Takes over an empty element: loads the bundle once, draws, follows size and theme.
    #[wasm_bindgen(constructor)]
    fn new(element: &HtmlElement, bundle: &str, option: &str) -> ChartHost;
    /// Draws another option.
    #[wasm_bindgen(method)]
    fn draw(this: &ChartHost, option: &str);
    /// Lets go of element and listeners.
    #[wasm_bindgen(method)]
    fn dispose(this: &ChartHost);
}

/// What ECharts draws, let go of with the chart.
struct Drawing(ChartHost);

impl Drop for Drawing {
    fn drop(&mut self) {
        self.0.dispose();
    }
}

/// Height of the drawing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ChartSize {
    /// 15 rem.
    #[default]
    Normal,
    /// 10 rem.
    Short,
    /// 22 rem.
    Tall,
}

/// A chart with its text alternative.
///
/// ```
/// # use leptos::prelude::*; use ui::*; use domain::chart::ChartSpec;
/// # fn example(spec: ChartSpec) -> impl IntoView {
/// view! { <Card title="Thumbs up"><CardBody><Chart caption="Thumbs up by version" titled=true spec/></CardBody></Card> }
/// # }
/// ```
#[component]
pub fn Chart(
    /// What it shows.
    #[prop(into)]
    caption: String,
    /// From `charts`, through a server function.
    #[prop(into)]
    spec: Signal<ChartSpec>,
    /// A heading above says the same as the caption, which then is only for those who do not see.
    #[prop(optional)]
    titled: bool,
    /// Height.
    #[prop(optional)]
    size: ChartSize,
) -> impl IntoView {
    let size = match size {
        ChartSize::Normal => None,
        ChartSize::Short => Some("short"),
        ChartSize::Tall => Some("tall"),
    };
    let canvas = NodeRef::<leptos::html::Div>::new();
    // The effect itself holds the drawing: it runs in browsers only, where there is one thread. On a server what a page holds is
    // dropped wherever the answer ends, and nothing from JavaScript may be among it.
    Effect::new(move |drawing: Option<Option<Drawing>>| {
        let element = canvas.get()?;
        spec.with(|spec| match drawing.flatten() {
            Some(drawing) => {
                drawing.0.draw(&spec.option);
                Some(drawing)
            }
            None => Some(Drawing(ChartHost::new(&element, &asset::url("charts.js"), &spec.option))),
        })
    });
    let class = if titled { "visually-hidden" } else { "chart__caption" };
    let named = caption.clone();
    view! {
        <figure class="chart" data-size=size>
            <figcaption class=class>{caption}</figcaption>
            <p class="chart__summary">{move || spec.with(|spec| spec.summary.clone())}</p>
            <div class="chart__canvas" aria-hidden="true" node_ref=canvas></div>
            <details class="chart__data">
                <summary><Icon name=IconName::ChevronRight/> "Data"</summary>
                {move || data_table(&named, spec.with(|spec| spec.table.clone()))}
            </details>
        </figure>
    }
    .into_any()
}

fn data_table(caption: &str, table: DataTable) -> AnyView {
    let caption = format!("{caption}: data");
    let region = caption.clone();
    let columns =
        table.columns.into_iter().map(|column| view! { <th scope="col">{column}</th> }.into_any()).collect_view();
    let rows = table
        .rows
        .into_iter()
        .map(|row| {
            let cells = row.into_iter().map(|cell| view! { <td class="num">{cell}</td> }.into_any()).collect_view();
            view! { <tr>{cells}</tr> }.into_any()
        })
        .collect_view();
    view! {
        <div class="chart__scroll" tabindex="0" role="region" aria-label=region>
            <table class="table" data-density="compact">
                <caption class="visually-hidden">{caption}</caption>
                <thead>
                    <tr>{columns}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
