//! Prices: a project's own before the catalogue's, what has none, and pricing again.

mod catalogue;
mod charge;
mod draft;
mod lists;
mod reprice;

use std::sync::Arc;

use domain::{
    auth::{Actor, Permission},
    ids::{PriceId, ProjectId, SpanId, TraceId},
    price::{ModelPrice, NoPrice},
    time::TimeUs,
};
use store::event::UnpricedModel;
use tokio::sync::Notify;

pub use catalogue::{CatalogueAnswer, CatalogueModel, RateTable, Scheduled};
pub(crate) use charge::{calls_model, price};
pub use draft::{NewPrice, NewTier};
pub(crate) use lists::PriceLists;
pub use reprice::{NewRepricing, Repricing};
pub use store::event::{Amounts, PastCost};

use crate::{Context, ServiceError, access::author, context::authorize};

/// Models listed at most among those without a price.
const UNPRICED: u16 = 500;
/// Own prices a project has at most, closed ones too: all of them are held in memory while the project is in use.
const OWN_PRICES: usize = 2_000;

/// A model whose tokens have no price, and whether that would change now.
#[derive(Clone, Debug, PartialEq)]
pub struct Unpriced {
    /// What is stored.
    pub model: UnpricedModel,
    /// A price exists by now: pricing again would find it.
    pub priced_now: bool,
}

/// What has become of a project's own price.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PriceState {
    /// It is charged.
    Holds,
    /// It begins later.
    Later,
    /// A later one for the same models is charged instead; it still holds for what began before that.
    Replaced,
    /// It was ended; it still holds for what began before.
    Ended,
    /// It was ended at its own start: it holds for nothing.
    Undone,
}

/// A project's own price as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnPrice {
    /// The price.
    pub price: ModelPrice,
    /// What has become of it.
    pub state: PriceState,
}

/// When a price ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PriceEnd {
    /// Now.
    Now,
    /// At an instant: what began before keeps it.
    At(TimeUs),
    /// At its own start, as if it had never been set.
    Start,
}

/// Use cases around prices. Cheap to clone.
#[derive(Clone)]
pub struct Prices {
    context: Arc<Context>,
    lists: Arc<PriceLists>,
    asked: Arc<Notify>,
}

impl Prices {
    pub(crate) fn new(context: Arc<Context>, lists: Arc<PriceLists>) -> Self {
        Self { context, lists, asked: Arc::default() }
    }

    /// A project's own prices, ended ones too; the latest to begin first.
    ///
    /// # Errors
    /// As the actor may not read the project.
    pub async fn list(&self, actor: &Actor, project: ProjectId) -> Result<Vec<OwnPrice>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let now = self.context.clock.now();
        let prices = self.context.control.prices(project).await?;
        let states: Vec<PriceState> = prices.iter().map(|price| state(price, &prices, now)).collect();
        Ok(prices.into_iter().zip(states).map(|(price, state)| OwnPrice { price, state }).collect())
    }

    /// Sets a price for the spans that begin from its start on. Stored spans keep their cost until they are priced again.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every field at fault (`model`, `provider`, `tier`, `rates.input`, `tiers[0].rates.input`,
    /// `valid_from`); [`ServiceError::Conflict`] when the project has 2,000.
    pub async fn create(&self, actor: &Actor, project: ProjectId, new: NewPrice) -> Result<OwnPrice, ServiceError> {
        authorize(actor, project, Permission::WritePrices)?;
        let context = &*self.context;
        let now = context.clock.now();
        let checked = new.checked()?;
        let mut prices = context.control.prices(project).await?;
        if prices.len() >= OWN_PRICES {
            return Err(ServiceError::Conflict(format!(
                "The project has {OWN_PRICES} prices, ended ones included. One pattern with `*` stands for many models."
            )));
        }
        let price = ModelPrice {
            id: PriceId(context.new_id()?),
            project,
            pattern: checked.pattern,
            provider: checked.provider,
            tier: checked.tier,
            rates: checked.rates,
            tiers: checked.tiers,
            valid_from: checked.valid_from.unwrap_or(now),
            closed_us: None,
            created_by: author(context, actor).await?,
            created_us: now,
            closed_by: None,
        };
        context.control.create_price(&price).await?;
        self.lists.changed(project);
        tracing::info!(project.id = %project, price.id = %price.id, "set a price");
        prices.push(price.clone());
        let state = state(&price, &prices, now);
        Ok(OwnPrice { price, state })
    }

    /// Ends a price; one that ended already stays as it is. Stored spans keep their cost until they are priced again.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the project has no such price.
    pub async fn close(
        &self,
        actor: &Actor,
        project: ProjectId,
        id: PriceId,
        end: PriceEnd,
    ) -> Result<OwnPrice, ServiceError> {
        authorize(actor, project, Permission::WritePrices)?;
        let context = &*self.context;
        let now = context.clock.now();
        let at = match end {
            PriceEnd::Now => now,
            PriceEnd::At(at) => at,
            // The store never ends a price before its start.
            PriceEnd::Start => TimeUs(i64::MIN),
        };
        let by = author(context, actor).await?;
        let price = context.control.close_price(project, id, at, &by).await?;
        self.lists.changed(project);
        tracing::info!(project.id = %project, price.id = %id, "ended a price");
        let prices = context.control.prices(project).await?;
        let state = state(&price, &prices, now);
        Ok(OwnPrice { price, state })
    }

    /// Models whose tokens have no price, the ones with most spans first; at most 500.
    ///
    /// # Errors
    /// As the actor may not read the project.
    pub async fn unpriced(&self, actor: &Actor, project: ProjectId) -> Result<Vec<Unpriced>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let models = self.context.events.unpriced(project, UNPRICED).await?;
        let list = self.lists.of(&self.context, project).await?;
        // As of when they came: a price that begins later changes nothing for them.
        let priced_now = |model: &UnpricedModel| {
            let name = model.model.as_deref();
            let known = name.is_some_and(|name| list.knows(model.provider.as_deref(), name, model.last_us));
            known && matches!(model.reason, NoPrice::UnknownModel)
        };
        Ok(models.into_iter().map(|model| Unpriced { priced_now: priced_now(&model), model }).collect())
    }

    /// What a span cost before it was priced again, oldest first.
    ///
    /// # Errors
    /// As the actor may not read the project.
    pub async fn past_costs(
        &self,
        actor: &Actor,
        project: ProjectId,
        trace: TraceId,
        span: SpanId,
    ) -> Result<Vec<PastCost>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        Ok(self.context.events.past_costs(project, trace, span).await?)
    }
}

/// What has become of `price` among `all` of its project at `now`.
fn state(price: &ModelPrice, all: &[ModelPrice], now: TimeUs) -> PriceState {
    if price.closed_us == Some(price.valid_from) {
        return PriceState::Undone;
    }
    if price.closed_us.is_some_and(|closed| closed <= now) {
        return PriceState::Ended;
    }
    if price.valid_from > now {
        return PriceState::Later;
    }
    let rank = |price: &ModelPrice| (price.valid_from, price.created_us, price.id);
    let same = |other: &&ModelPrice| {
        (&other.pattern, &other.provider, other.tier) == (&price.pattern, &price.provider, price.tier)
    };
    let newer = all.iter().filter(same).any(|other| other.holds_at(now) && rank(other) > rank(price));
    if newer { PriceState::Replaced } else { PriceState::Holds }
}
