use axum::{Json, extract::State, http::StatusCode};
use domain::{ids::PriceId, page::PageSize, time::TimeUs};
use serde::Deserialize;
use services::{ServiceError, prices::PriceEnd};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    draft::PriceDraft,
    model::{CatalogueView, PriceView, Prices, UnpricedModels},
};
use crate::{
    extract::{Body, Caller, Path, Query},
    refusal::Refusal,
    state::ApiState,
};

mod draft;
mod model;
mod reprice;

pub(super) use model::reason;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(close))
        .routes(routes!(catalogue))
        .routes(routes!(unpriced))
        .merge(reprice::routes())
}

/// The project's own prices, ended ones too
///
/// The latest to begin first. They come before every price of the catalogue: the most specific pattern, then the latest that
/// held when a request began.
#[utoipa::path(get, path = "/api/v1/prices", tag = "Prices", operation_id = "list_prices",
    responses((status = 200, body = Prices)))]
async fn list(State(state): State<ApiState>, caller: Caller) -> Result<Json<Prices>, Refusal> {
    let prices = state.services.prices.list(&caller.actor, caller.project).await?;
    Ok(Json(Prices { items: prices.into_iter().map(PriceView::from).collect() }))
}

/// Set a price
///
/// It holds for spans that begin from `valid_from` on. Stored spans keep their cost until they are priced again. Prices are never
/// changed: set another, or end one.
#[utoipa::path(post, path = "/api/v1/prices", tag = "Prices", operation_id = "create_price", request_body = PriceDraft,
    responses((status = 201, body = PriceView)))]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Body(draft): Body<PriceDraft>,
) -> Result<(StatusCode, Json<PriceView>), Refusal> {
    let set = state.services.prices.create(&caller.actor, caller.project, draft.into()).await?;
    Ok((StatusCode::CREATED, Json(set.into())))
}

/// When a price ends; an empty object: now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct End {
    /// What begins at this instant or later is charged otherwise. At or before the price's own start it is as if the price had
    /// never been set.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<TimeUs>,
}

/// End a price
///
/// The first end stands: ending it again changes nothing. Stored spans keep their cost until they are priced again.
#[utoipa::path(post, path = "/api/v1/prices/{price}/close", tag = "Prices", operation_id = "close_price",
    params(("price" = String, Path)), request_body = End, responses((status = 200, body = PriceView)))]
async fn close(
    State(state): State<ApiState>,
    caller: Caller,
    Path(price): Path<String>,
    Body(end): Body<End>,
) -> Result<Json<PriceView>, Refusal> {
    let price: PriceId = price.parse().map_err(ServiceError::of("price"))?;
    let end = end.at.map_or(PriceEnd::Now, PriceEnd::At);
    let ended = state.services.prices.close(&caller.actor, caller.project, price, end).await?;
    Ok(Json(ended.into()))
}

/// What to look for in the catalogue.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CatalogueQuery {
    /// Words that are all part of the model's name; a whole name also finds what a span with that model is priced by.
    q: Option<String>,
    /// Served by this provider: any of the names instrumentations have for it.
    provider: Option<String>,
    limit: Option<u32>,
}

/// Search the catalogue of published prices
///
/// It comes with Assay and is the same for every project.
#[utoipa::path(get, path = "/api/v1/prices/catalogue", tag = "Prices", operation_id = "search_catalogue",
    params(CatalogueQuery), responses((status = 200, body = CatalogueView)))]
async fn catalogue(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<CatalogueQuery>,
) -> Result<Json<CatalogueView>, Refusal> {
    let size = query.limit.map_or(Ok(PageSize::default()), PageSize::new).map_err(ServiceError::of("limit"))?;
    let text = query.q.unwrap_or_default();
    let prices = &state.services.prices;
    let found = prices.search(&caller.actor, caller.project, &text, query.provider.as_deref(), size)?;
    Ok(Json(found.into()))
}

/// Models whose tokens have no price
///
/// The ones with most spans first, at most 500. Their spans have no cost, which is not a cost of zero: totals leave them out.
#[utoipa::path(get, path = "/api/v1/prices/unpriced", tag = "Prices", operation_id = "list_unpriced_models",
    responses((status = 200, body = UnpricedModels)))]
async fn unpriced(State(state): State<ApiState>, caller: Caller) -> Result<Json<UnpricedModels>, Refusal> {
    let models = state.services.prices.unpriced(&caller.actor, caller.project).await?;
    Ok(Json(UnpricedModels::of(models)))
}
