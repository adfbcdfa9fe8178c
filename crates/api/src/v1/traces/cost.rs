//! Where a cost comes from, as the interface says it.

use domain::{
    ids::{JobId, PriceId},
    money::NanoUsd,
    price::{Charge, CostLine, CostOrigin, PriceItem, PriceRef, ServiceTier, Tokenizer},
    time::TimeUs,
};
use serde::Serialize;
use services::prices::PastCost;
use utoipa::ToSchema;

use crate::v1::prices::reason;

/// The price a cost was worked out by.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum PriceRefView {
    /// One of the catalogue that comes with Assay.
    Catalogue {
        /// Provider and model: `openai/gpt-4o`.
        entry: String,
        /// The day that edition of the catalogue was made.
        #[schema(value_type = String, format = DateTime)]
        edition: TimeUs,
        /// Since when this price is charged; none: always.
        #[schema(value_type = Option<String>, format = DateTime)]
        valid_from: Option<TimeUs>,
    },
    /// One the project set.
    Project {
        #[schema(value_type = String, format = "uuid")]
        id: PriceId,
        #[schema(value_type = String, format = DateTime)]
        valid_from: TimeUs,
    },
}

/// What one item of a request cost.
#[derive(Serialize, ToSchema)]
struct LineView {
    #[schema(value_type = String)]
    item: PriceItem,
    /// Decimal dollars.
    #[schema(value_type = String)]
    usd: NanoUsd,
}

/// How tokens were counted that the sender did not say.
#[derive(Serialize, ToSchema)]
struct EstimateView {
    /// `o200k_base`, `cl100k_base` or `approximate`.
    #[schema(value_type = String)]
    tokenizer: &'static str,
    /// Whether only the beginning of a text was counted and the rest taken in proportion.
    cut: bool,
}

/// Where a cost comes from.
#[derive(Serialize, ToSchema)]
pub(super) struct OriginView {
    /// `given` by the sender, `computed` here, `unpriced` (tokens are known, their price is not) or `none`.
    origin: &'static str,
    /// By which price.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<PriceRefView>,
    /// The amounts it is the sum of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<LineView>,
    /// Why there is no price: `no_model`, `unknown_model`, `no_rate` or `too_large`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Which item has no rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    item: Option<PriceItem>,
    /// How the request was served: `standard`, `batch`, `flex`, `priority` or `fast`.
    #[schema(value_type = String)]
    tier: ServiceTier,
    /// Set when the sender said no tokens and they were counted here.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_estimated: Option<EstimateView>,
}

/// What a span cost before it was priced again.
#[derive(Serialize, ToSchema)]
pub(super) struct PastCostView {
    /// The job that changed it.
    #[schema(value_type = String, format = "uuid")]
    job: JobId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    until: TimeUs,
    /// Decimal dollars until then.
    #[schema(value_type = Option<String>)]
    cost_usd: Option<NanoUsd>,
    #[schema(value_type = Option<String>)]
    input_cost_usd: Option<NanoUsd>,
    #[schema(value_type = Option<String>)]
    output_cost_usd: Option<NanoUsd>,
    /// What that rested on.
    cost_origin: OriginView,
}

/// What a span cost before, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct PastCosts {
    pub(super) items: Vec<PastCostView>,
}

impl OriginView {
    pub(super) fn of(charge: &Charge) -> Self {
        let mut view = Self {
            origin: "none",
            price: None,
            lines: Vec::new(),
            reason: None,
            item: None,
            tier: charge.tier,
            tokens_estimated: charge
                .estimate
                .map(|estimate| EstimateView { tokenizer: Tokenizer::as_str(estimate.tokenizer), cut: estimate.cut }),
        };
        match &charge.origin {
            CostOrigin::None => {}
            CostOrigin::Given => view.origin = "given",
            CostOrigin::Computed { price, lines } => {
                let line = |line: &CostLine| LineView { item: line.item, usd: line.amount };
                view.origin = "computed";
                view.price = Some(PriceRefView::of(price));
                view.lines = lines.iter().map(line).collect();
            }
            CostOrigin::Unpriced(why) => {
                view.origin = "unpriced";
                let (reason, item) = reason(*why);
                (view.reason, view.item) = (Some(reason), item);
            }
        }
        view
    }
}

impl PriceRefView {
    fn of(price: &PriceRef) -> Self {
        match price {
            PriceRef::Catalogue { entry, edition, valid_from } => {
                Self::Catalogue { entry: entry.clone(), edition: *edition, valid_from: *valid_from }
            }
            PriceRef::Project { id, valid_from } => Self::Project { id: *id, valid_from: *valid_from },
        }
    }
}

impl From<PastCost> for PastCostView {
    fn from(past: PastCost) -> Self {
        Self {
            job: past.job,
            until: past.at_us,
            cost_usd: past.amounts.total,
            input_cost_usd: past.amounts.input,
            output_cost_usd: past.amounts.output,
            cost_origin: OriginView::of(&past.charge),
        }
    }
}
