//! Server functions of the prices page.

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::model::{CatalogueView, JobsView, PriceSet, PricesView};
use crate::{
    error::AppError,
    wire::{Command, Question},
};

/// The project's own prices and the models without one.
#[server(protocol = Question)]
pub async fn list_prices(project: String) -> Result<PricesView, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let (prices, actor, project) = (&visit.services.prices, &visit.actor, visit.project.id);
    let own = prices.list(actor, project).await.map_err(context::refusal)?;
    let unpriced = prices.unpriced(actor, project).await.map_err(context::refusal)?;
    Ok(super::read::prices(own, unpriced, visit.role, visit.now))
}

/// Models of the catalogue whose name has every word of `q` in it.
#[server(protocol = Question)]
pub async fn search_catalogue(project: String, q: Option<String>) -> Result<CatalogueView, AppError> {
    use domain::page::PageSize;
    use services::ServiceError;

    use crate::context;

    let visit = context::visit(&project).await?;
    let text = q.unwrap_or_default();
    // What one looks for stands at the top; who wants all of it asks the interface for programs.
    let size = PageSize::new(20).map_err(|error| context::refusal(ServiceError::of("limit")(error)))?;
    let found = visit.services.prices.search(&visit.actor, visit.project.id, &text, None, size);
    Ok(super::read::catalogue(text, found.map_err(context::refusal)?, visit.role))
}

/// The last times stored calls were priced again.
#[server(protocol = Question)]
pub async fn list_repricings(project: String) -> Result<JobsView, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let jobs = visit.services.prices.repricings(&visit.actor, visit.project.id).await.map_err(context::refusal)?;
    Ok(super::read::jobs(jobs, visit.role, visit.now))
}

/// Sets a price: from `from` (a local time read as UTC) on, or for ever without; and prices the calls stored already by it where
/// `stored` is set.
#[server(protocol = Command)]
pub async fn set_price(
    project: String,
    model: String,
    provider: Option<String>,
    tier: Option<String>,
    rates: Option<BTreeMap<String, String>>,
    from: Option<String>,
    stored: Option<String>,
) -> Result<PriceSet, AppError> {
    use domain::time::TimeUs;
    use services::{
        ServiceError,
        prices::{NewPrice, NewRepricing},
    };

    use super::model::StoredCalls;
    use crate::context;

    let visit = context::visit(&project).await?;
    let (prices, actor, project) = (&visit.services.prices, &visit.actor, visit.project.id);
    let valid_from = match from.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        // Before anything was ever called.
        None => TimeUs(0),
        Some(text) => {
            // Browsers leave the seconds out where they are none.
            let seconds = if text.matches(':').count() < 2 { ":00" } else { "" };
            context::parse("valid_from", &format!("{text}{seconds}Z"))?
        }
    };
    let mut rates = rates.unwrap_or_default();
    rates.retain(|_, rate| !rate.trim().is_empty());
    let new = NewPrice { model, provider, tier, rates, tiers: Vec::new(), valid_from: Some(valid_from) };
    let set = prices.create(actor, project, new).await.map_err(context::refusal)?;
    let pattern = set.price.pattern;
    let stored = if stored.is_none() {
        StoredCalls::Kept
    } else {
        let asked = NewRepricing { model: Some(pattern.clone()), ..NewRepricing::default() };
        match prices.reprice(actor, project, asked).await {
            Ok(_) => StoredCalls::Repriced,
            Err(ServiceError::Conflict(_)) => StoredCalls::Busy,
            Err(error) => return Err(context::refusal(error)),
        }
    };
    Ok(PriceSet { model: pattern.to_string(), stored })
}

/// Ends a price: `at` is `now`, or `start` as if it had never been set.
#[server(protocol = Command)]
pub async fn end_price(project: String, price: String, at: String) -> Result<(), AppError> {
    use domain::ids::PriceId;
    use services::{ServiceError, prices::PriceEnd};

    use crate::context;

    let visit = context::visit(&project).await?;
    let price: PriceId = context::parse("price", &price)?;
    let end = match at.as_str() {
        "now" => PriceEnd::Now,
        "start" => PriceEnd::Start,
        other => {
            let message = format!("`{other}` is no end of a price; use `now` or `start`");
            return Err(context::refusal(ServiceError::field("at", message)));
        }
    };
    visit.services.prices.close(&visit.actor, visit.project.id, price, end).await.map_err(context::refusal)?;
    Ok(())
}

/// Prices stored calls again.
#[server(protocol = Command)]
pub async fn start_repricing(
    project: String,
    model: Option<String>,
    range: Option<String>,
    only_unpriced: Option<String>,
) -> Result<(), AppError> {
    use domain::{price::ModelPattern, time::RangeChoice};
    use services::prices::NewRepricing;

    use crate::context;

    let visit = context::visit(&project).await?;
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let model = given(model).map(|model| context::parse::<ModelPattern>("model", &model)).transpose()?;
    let range = given(range).map(|range| context::parse::<RangeChoice>("range", &range)).transpose()?;
    let asked = NewRepricing {
        model,
        range: range.map(|range| range.resolve(visit.now)),
        only_unpriced: only_unpriced.is_some(),
    };
    visit.services.prices.reprice(&visit.actor, visit.project.id, asked).await.map_err(context::refusal)?;
    Ok(())
}

/// Stops pricing again; what was done until then stays.
#[server(protocol = Command)]
pub async fn cancel_repricing(project: String, job: String) -> Result<(), AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let job = context::parse("job", &job)?;
    visit.services.prices.cancel_repricing(&visit.actor, visit.project.id, job).await.map_err(context::refusal)?;
    Ok(())
}
