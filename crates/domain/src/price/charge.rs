use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::PriceItem;
use crate::{
    Invalid,
    ids::PriceId,
    invalid::shown,
    money::NanoUsd,
    time::TimeUs,
    trace::{Cost, words},
};

words!(
    /// How a provider was asked to serve a request, where that changes the price.
    #[derive(Default, Ord, PartialOrd)]
    ServiceTier {
        /// As usual.
        #[default]
        Standard = 0, "standard";
        /// In a batch, later.
        Batch = 1, "batch";
        /// When there is room.
        Flex = 2, "flex";
        /// Before others.
        Priority = 3, "priority";
        /// On faster machines.
        Fast = 4, "fast";
    } "service tier"
);

words!(
    /// How tokens were counted when the sender did not say.
    Tokenizer {
        /// OpenAI's encoding of `gpt-4o` and later.
        O200k = 0, "o200k_base";
        /// OpenAI's encoding of `gpt-4` and `gpt-3.5`.
        Cl100k = 1, "cl100k_base";
        /// No public tokenizer is known: a count of `o200k_base`, which differs from the model's own by some 10 to 30 %.
        Approximate = 2, "approximate";
    } "tokenizer"
);

/// Tokens that were counted here, from the texts.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// By what.
    pub tokenizer: Tokenizer,
    /// Whether only the beginning of a text was counted and the rest taken in proportion.
    pub cut: bool,
}

/// The price a cost was worked out by.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PriceRef {
    /// One of the catalogue that comes with Assay.
    Catalogue {
        /// Provider and model: `openai/gpt-4o`.
        entry: String,
        /// The day that edition of the catalogue was made.
        edition: TimeUs,
        /// Since when this price is charged, where the catalogue says.
        valid_from: Option<TimeUs>,
    },
    /// One the project set.
    Project {
        /// Which.
        id: PriceId,
        /// Since when it holds.
        valid_from: TimeUs,
    },
}

/// What one item of a request cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct CostLine {
    /// What.
    pub item: PriceItem,
    /// How much, rounded.
    pub amount: NanoUsd,
}

/// Why tokens have no price.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum NoPrice {
    /// The span does not name its model.
    NoModel,
    /// Neither the project nor the catalogue has a price for the model.
    UnknownModel,
    /// The price says nothing of this item, and nothing can stand in for it.
    NoRate {
        /// Which.
        item: PriceItem,
    },
    /// More than nine billion dollars.
    TooLarge,
}

/// Where a span's cost comes from.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum CostOrigin {
    /// There is none: no tokens are known, or it is no call of a model.
    #[default]
    None,
    /// The sender gave it.
    Given,
    /// It was worked out.
    Computed {
        /// By this price.
        price: PriceRef,
        /// The amounts it is the sum of, in the order of the items.
        lines: Vec<CostLine>,
    },
    /// Tokens are known, their price is not.
    Unpriced(NoPrice),
}

/// What a span's tokens and cost rest on, and what is needed to work its cost out again.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Charge {
    /// Who serves the model, as the span says.
    pub provider: Option<String>,
    /// How the request was served.
    pub tier: ServiceTier,
    /// Set when the tokens were counted here.
    pub estimate: Option<Estimate>,
    /// Where the cost comes from.
    #[serde(flatten)]
    pub origin: CostOrigin,
}

impl Charge {
    /// Of a span as it came in, before anything is worked out.
    pub fn reported(cost: &Cost, provider: Option<&str>) -> Self {
        let origin = if cost.total.is_some() { CostOrigin::Given } else { CostOrigin::None };
        Self { provider: provider.map(str::to_owned), origin, ..Self::default() }
    }

    /// Whether tokens are known and their price is not.
    pub fn is_unpriced(&self) -> bool {
        matches!(self.origin, CostOrigin::Unpriced(_))
    }
}
