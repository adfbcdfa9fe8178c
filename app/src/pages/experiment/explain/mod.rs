//! Why a unit got what it got: the rule of any time, its exposures, what came of it.

pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod server;

use domain::time::TimeUs;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use ui::{Button, Card, CardBody, Cell, CellKind, Column, InputKind, Instant, Moment, Query, Table, TextField, live};

use self::{model::ExplainView, server::ExplainUnit};
use crate::{panel::Panel, wire::Asked};

/// Names of its parameters in the address.
const UNIT: &str = "unit";
const AT: &str = "at";

/// What the page asks about a unit.
pub fn ask() -> Asked<ExplainView> {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let query = query.read();
        (query.get(UNIT).filter(|unit| !unit.trim().is_empty()), query.get(AT))
    });
    Asked::when(move || {
        let (unit, at) = asked.get();
        let param = |name: &str| params.read().get(name).unwrap_or_default();
        Some(ExplainUnit { project: param("project"), key: param("key"), unit: unit?.trim().to_owned(), at })
    })
}

/// The form and its answer.
#[component]
pub fn ExplainCard(
    /// The answer.
    asked: Asked<ExplainView>,
) -> impl IntoView {
    let query = Query::from_pairs(use_query_map().get_untracked());
    let (unit, at) = (query.get(UNIT).unwrap_or_default().to_owned(), query.get(AT).unwrap_or_default().to_owned());
    // Of the address as it is when the form is sent: how somebody looks may have changed since.
    let address = use_query_map();
    let others = live(move || {
        let pairs = Query::from_pairs(address.get()).without(UNIT).without(AT).pairs();
        let field = |(name, value)| view! { <input type="hidden" name=name value=value/> }.into_any();
        Some(pairs.into_iter().map(field).collect_view().into_any())
    });
    let draw = |view: ExplainView| explained(view);
    view! {
        <div id="explain">
            <Card title="Explain an assignment">
                <CardBody>
                    <form class="explain" method="get" action="#explain">
                        {others}
                        <TextField name=UNIT label="Unit" value=unit mono=true autocomplete="off" hint="The id a program sends."/>
                        <TextField name=AT label="At" kind=InputKind::DateTime value=at optional=true hint="UTC; now if empty."/>
                        <Button submit=true>"Explain"</Button>
                    </form>
                    <Panel asked rows=3 draw/>
                </CardBody>
            </Card>
        </div>
    }
    .into_any()
}

fn explained(view: ExplainView) -> AnyView {
    let met = view
        .met
        .into_iter()
        .map(|line| {
            view! {
                <tr>
                    <Cell kind=CellKind::Title><b>{line.arm}</b> <span class="sub">{line.door}</span></Cell>
                    <Cell label="Met at"><Instant at=TimeUs(line.at_us) shown=Moment::DateTime/></Cell>
                    <Cell label="Place">{line.place}</Cell>
                </tr>
            }
            .into_any()
        })
        .collect::<Vec<_>>();
    let met = (!met.is_empty()).then(|| {
        let columns = vec![Column::text("Arm"), Column::text("Met at"), Column::text("Place")];
        view! { <Table caption="Exposures" columns compact=true>{met}</Table> }.into_any()
    });
    let sums = view
        .sums
        .into_iter()
        .map(|[what, value, rows]| {
            view! { <li><code>{what}</code> " " <b class="num">{value}</b> " " <span class="muted">{rows}</span></li> }
                .into_any()
        })
        .collect::<Vec<_>>();
    let sums = (!sums.is_empty()).then(|| view! { <ul class="plain-list small explain__sums">{sums}</ul> }.into_any());
    view! {
        <div class="stack explain__answer" role="status">
            <p><code>{view.unit}</code> " " {view.rule}</p>
            <p class="muted">{view.counts}</p>
            {met}
            {sums}
        </div>
    }
    .into_any()
}
