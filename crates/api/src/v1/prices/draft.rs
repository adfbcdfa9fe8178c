use std::collections::BTreeMap;

use domain::time::TimeUs;
use serde::Deserialize;
use serde_json::Number;
use services::prices::{NewPrice, NewTier};
use utoipa::ToSchema;

/// Dollars, as a text or a number: both are read to the last digit written.
#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "a rate is dollars a million tokens: a decimal such as `2.5`, as a text or a number")]
enum Dollars {
    /// `"2.5"`.
    Text(String),
    /// `2.5`.
    #[schema(value_type = f64)]
    Number(Number),
}

/// A price to be set. It is never changed afterwards: set another, or end it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceDraft {
    /// For which models: a name, in which `*` stands for anything. Case does not matter.
    model: String,
    /// Only where this provider serves them.
    provider: Option<String>,
    /// Only for requests served like this: `standard`, `batch`, `flex`, `priority`, `fast`.
    tier: Option<String>,
    /// Dollars a million, by item; `input` has to be among them. Items: `input`, `cache_read`, `cache_write`, `cache_write_1h`,
    /// `input_audio`, `cache_read_audio`, `input_image`, `output`, `reasoning`, `output_audio`, `output_image`, `other`, `request`.
    rates: BTreeMap<String, Dollars>,
    /// What changes with long inputs, by rising length.
    #[serde(default)]
    tiers: Vec<TierDraft>,
    /// First instant it holds; the present when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_from: Option<TimeUs>,
}

/// Rates for long inputs: they hold for all tokens of such a request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TierDraft {
    /// For requests that read more tokens than this.
    above_input_tokens: u64,
    /// The rates that change.
    rates: BTreeMap<String, Dollars>,
}

fn written(rates: BTreeMap<String, Dollars>) -> BTreeMap<String, String> {
    let text = |dollars| match dollars {
        Dollars::Text(text) => text,
        Dollars::Number(number) => number.to_string(),
    };
    rates.into_iter().map(|(item, dollars)| (item, text(dollars))).collect()
}

impl From<PriceDraft> for NewPrice {
    fn from(draft: PriceDraft) -> Self {
        let tier =
            |tier: TierDraft| NewTier { above_input_tokens: tier.above_input_tokens, rates: written(tier.rates) };
        Self {
            model: draft.model,
            provider: draft.provider,
            tier: draft.tier,
            rates: written(draft.rates),
            tiers: draft.tiers.into_iter().map(tier).collect(),
            valid_from: draft.valid_from,
        }
    }
}
