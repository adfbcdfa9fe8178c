use std::collections::BTreeMap;

use domain::{
    ids::PriceId,
    price::{ModelPattern, NoPrice, PriceItem, Rate, RateTier, Rates, ServiceTier},
    time::TimeUs,
};
use serde::Serialize;
use services::prices::{CatalogueAnswer, CatalogueModel, OwnPrice, PriceState, RateTable, Scheduled, Unpriced};
use utoipa::ToSchema;

/// Rates for long inputs.
#[derive(Serialize, ToSchema)]
struct TierView {
    /// For requests that read more tokens than this; all tokens of such a request are charged by it.
    above_input_tokens: u64,
    /// The rates that change.
    #[schema(value_type = BTreeMap<String, String>)]
    rates: BTreeMap<PriceItem, Rate>,
}

/// A price the project set itself.
#[derive(Serialize, ToSchema)]
pub(super) struct PriceView {
    #[schema(value_type = String, format = "uuid")]
    id: PriceId,
    /// For which models; `*` stands for anything.
    #[schema(value_type = String)]
    model: ModelPattern,
    /// Only where this provider serves them.
    provider: Option<String>,
    /// Only for requests served like this.
    #[schema(value_type = Option<String>)]
    tier: Option<ServiceTier>,
    /// Dollars a million, by item; exact decimals.
    #[schema(value_type = BTreeMap<String, String>)]
    rates: Rates,
    tiers: Vec<TierView>,
    /// `holds`, `later`, `replaced`, `ended` or `undone`.
    state: &'static str,
    #[schema(value_type = String, format = DateTime)]
    valid_from: TimeUs,
    /// First instant it holds no longer.
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<TimeUs>,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: TimeUs,
    ended_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Prices {
    pub(super) items: Vec<PriceView>,
}

/// A model whose tokens have no price.
#[derive(Serialize, ToSchema)]
struct UnpricedView {
    /// As spans name it; none when they do not.
    model: Option<String>,
    provider: Option<String>,
    /// `no_model`, `unknown_model`, `no_rate` or `too_large`.
    reason: &'static str,
    /// Which item has no rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    item: Option<PriceItem>,
    /// Stored spans without a cost for this reason.
    spans: u64,
    /// When the newest of them was received.
    #[schema(value_type = String, format = DateTime)]
    last_at: TimeUs,
    /// Whether there is a price by now, so that pricing again would find it.
    priced_now: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct UnpricedModels {
    items: Vec<UnpricedView>,
}

/// Published rates with the time they are charged at.
#[derive(Serialize, ToSchema)]
struct ScheduledView {
    /// Since when; none: always.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<TimeUs>,
    /// The part of each day (UTC) they are charged in, such as `16:30-00:30`; none: all of it.
    daily: Option<String>,
    #[schema(value_type = BTreeMap<String, String>)]
    rates: Rates,
    tiers: Vec<TierView>,
    /// Whether they are charged at present.
    now: bool,
}

/// Rates that change for a service tier.
#[derive(Serialize, ToSchema)]
struct VariantView {
    /// `batch`, `flex`, `priority` or `fast`.
    #[schema(value_type = String)]
    tier: ServiceTier,
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<TimeUs>,
    #[schema(value_type = BTreeMap<String, String>)]
    rates: Rates,
    tiers: Vec<TierView>,
}

/// A model of the catalogue with its published prices, in dollars a million.
#[derive(Serialize, ToSchema)]
struct CatalogueModelView {
    /// Its name here: `openai/gpt-4o`.
    entry: String,
    provider: String,
    model: String,
    /// Tokens it can read at once.
    context_tokens: Option<u64>,
    /// In the course of time; of those that hold, the last counts.
    schedule: Vec<ScheduledView>,
    variants: Vec<VariantView>,
}

/// What was found in the catalogue.
#[derive(Serialize, ToSchema)]
pub(super) struct CatalogueView {
    /// The day this edition was made.
    #[schema(value_type = String, format = DateTime)]
    edition: TimeUs,
    /// The entry a span is priced by that names its model exactly as it was searched for.
    used: Option<String>,
    items: Vec<CatalogueModelView>,
    /// How many there are in all.
    total: u32,
}

impl UnpricedModels {
    pub(super) fn of(models: Vec<Unpriced>) -> Self {
        Self { items: models.into_iter().map(UnpricedView::from).collect() }
    }
}

fn tiers(tiers: Vec<RateTier>) -> Vec<TierView> {
    let view = |tier: RateTier| TierView { above_input_tokens: tier.above_input_tokens, rates: tier.rates };
    tiers.into_iter().map(view).collect()
}

impl From<OwnPrice> for PriceView {
    fn from(own: OwnPrice) -> Self {
        let price = own.price;
        Self {
            id: price.id,
            model: price.pattern,
            provider: price.provider,
            tier: price.tier,
            rates: price.rates,
            tiers: tiers(price.tiers),
            state: match own.state {
                PriceState::Holds => "holds",
                PriceState::Later => "later",
                PriceState::Replaced => "replaced",
                PriceState::Ended => "ended",
                PriceState::Undone => "undone",
            },
            valid_from: price.valid_from,
            valid_until: price.closed_us,
            created_by: price.created_by,
            created_at: price.created_us,
            ended_by: price.closed_by,
        }
    }
}

impl From<Unpriced> for UnpricedView {
    fn from(unpriced: Unpriced) -> Self {
        let Unpriced { model, priced_now } = unpriced;
        let (reason, item) = reason(model.reason);
        Self {
            model: model.model,
            provider: model.provider,
            reason,
            item,
            spans: model.spans,
            last_at: model.last_us,
            priced_now,
        }
    }
}

/// Why there is no price, in a word, and of which item.
pub(in crate::v1) fn reason(reason: NoPrice) -> (&'static str, Option<PriceItem>) {
    match reason {
        NoPrice::NoModel => ("no_model", None),
        NoPrice::UnknownModel => ("unknown_model", None),
        NoPrice::NoRate { item } => ("no_rate", Some(item)),
        NoPrice::TooLarge => ("too_large", None),
    }
}

impl From<CatalogueAnswer> for CatalogueView {
    fn from(answer: CatalogueAnswer) -> Self {
        Self {
            edition: answer.edition,
            used: answer.used,
            items: answer.models.into_iter().map(CatalogueModelView::from).collect(),
            total: answer.total,
        }
    }
}

impl From<CatalogueModel> for CatalogueModelView {
    fn from(model: CatalogueModel) -> Self {
        let variant = |(tier, from, table): (ServiceTier, Option<TimeUs>, RateTable)| VariantView {
            tier,
            from,
            rates: table.rates,
            tiers: tiers(table.tiers),
        };
        Self {
            entry: model.entry,
            provider: model.provider,
            model: model.model,
            context_tokens: model.context,
            schedule: model.schedule.into_iter().map(ScheduledView::from).collect(),
            variants: model.variants.into_iter().map(variant).collect(),
        }
    }
}

impl From<Scheduled> for ScheduledView {
    fn from(scheduled: Scheduled) -> Self {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        Self {
            from: scheduled.from,
            daily: scheduled.window.map(|(from, to)| format!("{}-{}", clock(from), clock(to))),
            rates: scheduled.table.rates,
            tiers: tiers(scheduled.table.tiers),
            now: scheduled.now,
        }
    }
}
