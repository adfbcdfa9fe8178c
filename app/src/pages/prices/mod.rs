//! Settings, prices: models without one, the project's own, pricing stored calls again, the catalogue.

pub mod catalogue;
pub mod form;
pub mod model;
pub mod own;
#[cfg(feature = "ssr")]
pub(super) mod read;
pub mod repricing;
pub mod server;
pub mod unpriced;

use domain::time::TimeUs;
use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{Card, CardBody, Notice, ProblemPanel, Query, live};

use self::{
    catalogue::CatalogueCard,
    form::{PriceForm, outcome},
    model::{Begun, CatalogueView, ITEMS, JobsView, PricesView, RateLine},
    own::OwnCard,
    repricing::RepricingCard,
    server::{CancelRepricing, EndPrice, ListPrices, ListRepricings, SearchCatalogue, SetPrice, StartRepricing},
    unpriced::UnpricedCard,
};
use crate::{
    pages::settings::nav::{self, Settings},
    panel::Panel,
    wire::{Act, Asked},
};

/// Route of the page.
#[derive(Debug)]
pub struct Prices {
    own: Asked<PricesView>,
    jobs: Asked<JobsView>,
    catalogue: Asked<CatalogueView>,
}

/// What can be done here.
#[derive(Clone, Copy)]
pub struct Acts {
    set: Act<SetPrice>,
    end: Act<EndPrice>,
    reprice: Act<StartRepricing>,
    cancel: Act<CancelRepricing>,
}

#[lazy_route]
impl LazyRoute for Prices {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let project = Memo::new(move |_| params.read().get("project").unwrap_or_default());
        let text = Memo::new(move |_| query.read().get("q"));
        Self {
            own: Asked::new(move || ListPrices { project: project.get() }),
            jobs: Asked::new(move || ListRepricings { project: project.get() }),
            catalogue: Asked::new(move || SearchCatalogue { project: project.get(), q: text.get() }),
        }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let query = use_query_map();
        let project = move || params.read_untracked().get("project").unwrap_or_default();
        let (prices, jobs, catalogue) = (this.own, this.jobs, this.catalogue);
        let acts = Acts { set: Act::new(), end: Act::new(), reprice: Act::new(), cancel: Act::new() };
        let finished = RwSignal::new(0);
        Effect::new(move |_| {
            // All are read in any case: what an effect does not read, it does not follow.
            let changed = [acts.set.is_done(), acts.end.is_done()];
            let asked = [acts.set.is_done(), acts.reprice.is_done(), acts.cancel.is_done()];
            if changed.contains(&true) {
                prices.again();
            }
            if asked.contains(&true) {
                jobs.again();
            }
        });
        Effect::new(move |_| {
            if finished.get() > 0 {
                prices.again();
            }
        });
        let draw_prices = move |view: PricesView| {
            live(move || {
                let query = Query::from_pairs(query.get());
                Some(view! { <Own project=project() view=view.clone() query acts/> }.into_any())
            })
        };
        let draw_jobs =
            move |view: JobsView| view! { <RepricingCard project=project() view acts finished/> }.into_any();
        let draw_catalogue = move |view: CatalogueView| {
            let query = kept(&Query::from_pairs(query.get_untracked()));
            view! { <CatalogueCard view query/> }.into_any()
        };
        view! {
            <Settings here=nav::PRICES>
                {outcome(acts.set)}
                {live(move || acts.end.refused().map(|error| view! { <ProblemPanel problem=error.0/> }.into_any()))}
                <Panel asked=prices draw=draw_prices/>
                <Panel asked=jobs draw=draw_jobs/>
                <Panel asked=catalogue draw=draw_catalogue/>
            </Settings>
        }
        .into_any()
    }
}

/// The address without the price that was begun.
fn kept(query: &Query) -> Query {
    ITEMS.iter().fold(query.without("price").without("provider"), |query, (item, _)| query.without(item))
}

/// The price the address asks for.
fn begun(query: &Query) -> Option<Begun> {
    let model = query.get("price").filter(|model| !model.is_empty())?.to_owned();
    let rates = ITEMS.iter().filter_map(|(item, _)| Some(((*item).to_owned(), query.get(item)?.to_owned())));
    let provider = query.get("provider").unwrap_or_default().to_owned();
    Some(Begun { model, provider, rates: rates.collect() })
}

#[component]
fn Own(project: String, view: PricesView, query: Query, acts: Acts) -> impl IntoView {
    let now = TimeUs(view.now_us);
    let may_write = view.may_write;
    let begun = begun(&query);
    let kept = kept(&query);
    // A model without a price is priced where it stands; everything else in the form below.
    let here = begun.as_ref().is_some_and(|begun| view.unpriced.iter().any(|line| line.is_for(begun)));
    let form = if may_write {
        let elsewhere = begun.clone().filter(|_| !here);
        let back = elsewhere.as_ref().map(|_| kept.href());
        let begun = elsewhere.unwrap_or_default();
        let project = project.clone();
        view! {
            <div id="set-price">
                <Card title="Set a price">
                    <CardBody><PriceForm project begun id="set" act=acts.set back/></CardBody>
                </Card>
            </div>
        }
        .into_any()
    } else {
        view! { <Notice>"Setting prices needs the role editor."</Notice> }.into_any()
    };
    view! {
        <UnpricedCard project=project.clone() lines=view.unpriced may_write begun query=kept now acts/>
        <OwnCard project=project.clone() lines=view.own may_write now acts/>
        {form}
    }
    .into_any()
}

/// Rates in a row: what each is for, and dollars a million.
#[component]
pub fn Rates(rates: Vec<RateLine>) -> impl IntoView {
    let items = rates
        .into_iter()
        .map(|rate| {
            view! { <li><span class="faint">{rate.item}</span> " " <span class="num">{rate.usd}</span></li> }.into_any()
        })
        .collect_view();
    view! { <ul class="rates">{items}</ul> }.into_any()
}
