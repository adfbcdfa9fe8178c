//! Models whose calls have no cost, and how to give them one in place.

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{
    Button, Card, CardBody, Cell, CellKind, Column, Instant, LinkButton, Moment, Notice, Query, Table, Tone, format,
};

use super::{
    Acts,
    form::PriceForm,
    model::{Begun, UnpricedLine},
};
use crate::{routes::project_href, wire::ActForm};

/// The card. `begun` is the price the address asks for.
#[component]
pub fn UnpricedCard(
    project: String,
    lines: Vec<UnpricedLine>,
    may_write: bool,
    begun: Option<Begun>,
    query: Query,
    now: TimeUs,
    acts: Acts,
) -> impl IntoView {
    if lines.is_empty() {
        return view! { <Notice tone=Tone::Good>"Every call with tokens has a cost: each model that was called has a price."</Notice> }
            .into_any();
    }
    let calls: u64 = lines.iter().map(|line| line.calls).sum();
    let lead = format!(
        "{} without a cost. They are left out of every cost, not counted as zero.",
        format::plural(i64::try_from(calls).unwrap_or(i64::MAX), "call", "calls")
    );
    // One model may stand here twice, for two reasons.
    let place = begun.as_ref().and_then(|begun| lines.iter().position(|line| line.is_for(begun)));
    let rows = lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let begun = begun.clone().filter(|_| place == Some(index) && may_write);
            view! { <Line project=project.clone() line may_write begun query=query.clone() now acts/> }.into_any()
        })
        .collect_view();
    view! {
        <Card title="Models without a price" tone=Tone::Warn>
            <CardBody><p class="muted">{lead}</p></CardBody>
            <Table
                caption="Models without a price"
                columns=vec![
                    Column::text("Model"),
                    Column::number("Calls"),
                    Column::text("Why"),
                    Column::number("Last call"),
                    Column::unnamed("Actions"),
                ]
            >
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}

impl UnpricedLine {
    /// Whether a price that was begun is for this model; without a provider it is for any.
    pub(super) fn is_for(&self, begun: &Begun) -> bool {
        let provider = self.provider.as_deref().unwrap_or_default();
        self.model.as_ref() == Some(&begun.model) && (begun.provider.is_empty() || provider == begun.provider)
    }
}

#[component]
fn Line(
    project: String,
    line: UnpricedLine,
    may_write: bool,
    begun: Option<Begun>,
    query: Query,
    now: TimeUs,
    acts: Acts,
) -> impl IntoView {
    let nameless = line.model.is_none();
    let name = line.model.clone().unwrap_or_else(|| "no model named".to_owned());
    let provider = line.provider.clone().map(|provider| view! { <span class="sub">{provider}</span> }.into_any());
    let calls = format::count(i64::try_from(line.calls).unwrap_or(i64::MAX));
    let calls = match &line.model {
        Some(model) => {
            let href = format!("{}/traces{}", project_href(&project), Query::from_pairs([("model", model)]).href());
            view! { <a href=href>{calls}</a> }.into_any()
        }
        None => calls.into_any(),
    };
    let action = match line.model {
        Some(model) if may_write && line.priced_now => {
            let project = project.clone();
            view! {
                <ActForm act=acts.reprice>
                    <input type="hidden" name="project" value=project/>
                    <input type="hidden" name="model" value=model/>
                    <input type="hidden" name="only_unpriced" value="true"/>
                    <Button submit=true busy=acts.reprice.pending()>"Price stored calls"</Button>
                </ActForm>
            }
            .into_any()
        }
        Some(model) if may_write && begun.is_none() => {
            let href = query.set("price", model).set("provider", line.provider.unwrap_or_default()).href();
            view! { <LinkButton href>"Set price"</LinkButton> }.into_any()
        }
        _ => ().into_any(),
    };
    let why = if line.priced_now { "priced by now; these calls came before".to_owned() } else { line.why };
    let form = begun.map(|begun| {
        let back = Some(query.href());
        view! {
            <tr>
                <td colspan=5 data-cell="wide">
                    <div class="price-here">
                        <PriceForm project begun id="here" act=acts.set back/>
                    </div>
                </td>
            </tr>
        }
        .into_any()
    });
    view! {
        <tr>
            <Cell kind=CellKind::Title>
                <b class="mono" data-state=nameless.then_some("off")>{name}</b>
                {provider}
            </Cell>
            <Cell kind=CellKind::Number label="Calls">{calls}</Cell>
            <Cell label="Why"><span class="muted">{why}</span></Cell>
            <Cell kind=CellKind::Number label="Last call"><Instant at=TimeUs(line.last_us) shown=Moment::Ago(now)/></Cell>
            <Cell kind=CellKind::Wide>{action}</Cell>
        </tr>
        {form}
    }
    .into_any()
}
