use std::collections::BTreeMap;

use domain::{
    price::{ModelPattern, PriceItem, Rate, RateTier, Rates, ServiceTier},
    problem::FieldProblem,
    time::TimeUs,
};
use prices::PriceList;

use crate::ServiceError;

/// Steps of a price by the length of the input at most.
const MAX_TIERS: usize = 8;
/// Longest name of a provider.
const MAX_PROVIDER_CHARS: usize = 100;

/// A price as a person or program wrote it, not yet checked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NewPrice {
    /// For which models: a name, in which `*` stands for anything.
    pub model: String,
    /// Only where this provider serves them; any of the names instrumentations have for it.
    pub provider: Option<String>,
    /// Only for requests served like this: `standard`, `batch`, `flex`, `priority`, `fast`.
    pub tier: Option<String>,
    /// Dollars a million, by item: `input`, `output`, `cache_read` and so on; `request` is what a request costs, times a million.
    pub rates: BTreeMap<String, String>,
    /// What changes with long inputs.
    pub tiers: Vec<NewTier>,
    /// First instant it holds; none for the present.
    pub valid_from: Option<TimeUs>,
}

/// Rates for long inputs, not yet checked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NewTier {
    /// For requests that read more tokens than this.
    pub above_input_tokens: u64,
    /// The rates that change, as [`NewPrice::rates`].
    pub rates: BTreeMap<String, String>,
}

/// The same, checked.
pub(super) struct CheckedPrice {
    pub(super) pattern: ModelPattern,
    pub(super) provider: Option<String>,
    pub(super) tier: Option<ServiceTier>,
    pub(super) rates: Rates,
    pub(super) tiers: Vec<RateTier>,
    pub(super) valid_from: Option<TimeUs>,
}

impl NewPrice {
    pub(super) fn checked(self) -> Result<CheckedPrice, ServiceError> {
        let mut wrong = Vec::new();
        let pattern: Option<ModelPattern> =
            self.model.parse().map_err(|error| wrong.push(FieldProblem::new("model", error))).ok();
        let named = self.provider.as_deref().map(str::trim).filter(|name| !name.is_empty());
        if let Some(name) = named
            && (name.chars().count() > MAX_PROVIDER_CHARS || name.chars().any(char::is_control))
        {
            let message = format!("a provider's name has 1 to {MAX_PROVIDER_CHARS} printable characters");
            wrong.push(FieldProblem::new("provider", message));
        }
        let tier = self.tier.as_deref().map(str::trim).filter(|word| !word.is_empty());
        let tier = tier.map(str::parse).transpose();
        let tier = tier.map_err(|error| wrong.push(FieldProblem::new("tier", error))).unwrap_or_default();
        let rates = rates("rates", &self.rates, &mut wrong);
        // Every request reads something: without this rate the price would leave all of them without a cost.
        if !self.rates.contains_key(PriceItem::Input.as_str()) {
            let message =
                "a price needs a rate for `input`, in dollars a million tokens; `0` where reading costs nothing";
            wrong.push(FieldProblem::new("rates.input", message));
        }
        let tiers = tiers(&self.tiers, &mut wrong);
        match pattern {
            Some(pattern) if wrong.is_empty() => Ok(CheckedPrice {
                pattern,
                provider: named.map(PriceList::provider_name),
                tier,
                rates,
                tiers,
                valid_from: self.valid_from,
            }),
            _ => Err(ServiceError::Invalid(wrong)),
        }
    }
}

fn rates(path: &str, given: &BTreeMap<String, String>, wrong: &mut Vec<FieldProblem>) -> Rates {
    let mut rates = Rates::new();
    for (item, rate) in given {
        let field = || format!("{path}.{item}");
        match (item.parse::<PriceItem>(), rate.trim().parse::<Rate>()) {
            (Ok(item), Ok(rate)) => {
                rates.insert(item, rate);
            }
            (Err(error), _) | (_, Err(error)) => wrong.push(FieldProblem::new(field(), error)),
        }
    }
    rates
}

fn tiers(given: &[NewTier], wrong: &mut Vec<FieldProblem>) -> Vec<RateTier> {
    if given.len() > MAX_TIERS {
        wrong.push(FieldProblem::new("tiers", format!("a price has at most {MAX_TIERS} tiers, not {}", given.len())));
        return Vec::new();
    }
    let mut tiers: Vec<RateTier> = Vec::with_capacity(given.len());
    for (place, tier) in given.iter().enumerate() {
        let above = tier.above_input_tokens;
        if tiers.last().is_some_and(|last| last.above_input_tokens >= above) {
            let message = format!("`{above}` is not above the tier before; tiers stand by rising length");
            wrong.push(FieldProblem::new(format!("tiers[{place}].above_input_tokens"), message));
        }
        let path = format!("tiers[{place}].rates");
        if tier.rates.is_empty() {
            wrong.push(FieldProblem::new(path.clone(), "a tier needs a rate that changes"));
        }
        let rates = rates(&path, &tier.rates, wrong);
        tiers.push(RateTier { above_input_tokens: above, rates });
    }
    tiers
}
