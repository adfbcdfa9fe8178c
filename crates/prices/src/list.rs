use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use domain::{
    money::NanoUsd,
    price::{CostLine, ModelPrice, NoPrice, PriceItem, PriceRef, Rate, ServiceTier},
    time::TimeUs,
    trace::TokenBuckets,
};

use crate::{
    catalogue::Catalogue,
    entry::Entry,
    provider::provider_id,
    table::{RateSet, Table},
};

/// Names remembered before all are forgotten: senders can make up any number of them.
const REMEMBERED: usize = 10_000;

/// A call of a model to be priced.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who served it, as the span says.
    pub provider: Option<&'a str>,
    /// The model.
    pub model: Option<&'a str>,
    /// When it began: prices change with time.
    pub at: TimeUs,
    /// How it was served.
    pub tier: ServiceTier,
    /// What it used.
    pub tokens: &'a TokenBuckets,
}

/// What a call costs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Priced {
    /// By which price.
    pub price: PriceRef,
    /// Each item's amount; they sum to the total.
    pub lines: Vec<CostLine>,
    /// All of it.
    pub total: NanoUsd,
    /// What was read.
    pub input: NanoUsd,
    /// What was written.
    pub output: NanoUsd,
}

/// The prices of a project: its own, then the catalogue's.
#[derive(Debug)]
pub struct PriceList {
    catalogue: &'static Catalogue,
    own: Vec<Own>,
    /// By provider, then by model, as they come.
    found: RwLock<Found>,
}

#[derive(Debug, Default)]
struct Found {
    by_name: HashMap<String, HashMap<String, Arc<Candidates>>>,
    held: usize,
}

/// A price of the project with its rates in a quick form.
#[derive(Debug)]
struct Own {
    price: ModelPrice,
    table: Table,
}

/// What may price a model, whenever it was called.
#[derive(Debug)]
struct Candidates {
    /// Places in [`PriceList::own`], the one to be preferred first.
    own: Vec<usize>,
    entry: Option<&'static Entry>,
}

impl Own {
    fn new(price: ModelPrice) -> Self {
        let mut table = Table::default();
        price.rates.iter().for_each(|(item, rate)| table.set(*item, *rate));
        for tier in &price.tiers {
            tier.rates.iter().for_each(|(item, rate)| table.set_above(tier.above_input_tokens, *item, *rate));
        }
        Self { price, table }
    }

    /// The name and the provider fit; both in lower case, the provider as the catalogue calls it where it does.
    fn is_for(&self, provider: &str, model: &str) -> bool {
        let wanted = self.price.provider.as_deref();
        wanted.is_none_or(|wanted| wanted == provider) && self.price.pattern.matches(model)
    }

    /// The more specific first: in the model, the provider, the tier; then the later.
    fn rank(&self) -> impl Ord + use<> {
        let price = &self.price;
        let specific = (price.pattern.specificity(), price.provider.is_some(), price.tier.is_some());
        (specific, price.valid_from, price.created_us, price.id)
    }
}

impl PriceList {
    /// Own prices before a catalogue's.
    pub fn new(catalogue: &'static Catalogue, own: Vec<ModelPrice>) -> Self {
        let mut own: Vec<Own> = own.into_iter().map(Own::new).collect();
        own.sort_by_key(|own| std::cmp::Reverse(own.rank()));
        Self { catalogue, own, found: RwLock::default() }
    }

    /// The name a provider has in own prices: the catalogue's where it has one, else the span's in lower case.
    pub fn provider_name(provider: &str) -> String {
        provider_id(provider).map_or_else(|| provider.trim().to_lowercase(), str::to_owned)
    }

    /// Works out what a call costs.
    ///
    /// # Errors
    /// [`NoPrice`]: unknown is not zero.
    pub fn price(&self, request: &Request<'_>) -> Result<Priced, NoPrice> {
        let model = request.model.filter(|model| !model.trim().is_empty()).ok_or(NoPrice::NoModel)?;
        let candidates = self.candidates(request.provider.unwrap_or_default(), model);
        let input_tokens = request.tokens.all_input();
        let own = candidates.own.iter().filter_map(|at| self.own.get(*at));
        let own = own.filter(|own| own.price.tier.is_none_or(|tier| tier == request.tier));
        if let Some(own) = own.into_iter().find(|own| own.price.holds_at(request.at)) {
            let mut rates = RateSet::default();
            own.table.put_over(&mut rates, input_tokens);
            let price = PriceRef::Project { id: own.price.id, valid_from: own.price.valid_from };
            return charge(price, &rates, request.tokens);
        }
        let entry = candidates.entry.ok_or(NoPrice::UnknownModel)?;
        let (rates, valid_from) = entry.rates(request.at, request.tier, input_tokens).ok_or(NoPrice::UnknownModel)?;
        let entry = entry.key().to_owned();
        charge(PriceRef::Catalogue { entry, edition: self.catalogue.edition(), valid_from }, &rates, request.tokens)
    }

    /// Whether a model called at this instant has a price, whatever it used.
    pub fn knows(&self, provider: Option<&str>, model: &str, at: TimeUs) -> bool {
        let nothing = TokenBuckets::default();
        self.price(&Request { provider, model: Some(model), at, tier: ServiceTier::Standard, tokens: &nothing }).is_ok()
    }

    fn candidates(&self, provider: &str, model: &str) -> Arc<Candidates> {
        let known = {
            let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
            found.by_name.get(provider).and_then(|models| models.get(model)).cloned()
        };
        known.unwrap_or_else(|| {
            let candidates = Arc::new(self.look_up(provider, model));
            let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
            if found.held >= REMEMBERED {
                *found = Found::default();
            }
            found.held += 1;
            let models = found.by_name.entry(provider.to_owned()).or_default();
            models.insert(model.to_owned(), Arc::clone(&candidates));
            candidates
        })
    }

    fn look_up(&self, provider: &str, model: &str) -> Candidates {
        let (provider_name, name) = (Self::provider_name(provider), model.trim().to_lowercase());
        let fits = |(_, own): &(usize, &Own)| own.is_for(&provider_name, &name);
        let own = self.own.iter().enumerate().filter(fits).map(|(at, _)| at).collect();
        Candidates { own, entry: self.catalogue.find(Some(provider), model) }
    }
}

/// Multiplies, rounds each item once, and adds the rounded.
fn charge(price: PriceRef, rates: &RateSet, tokens: &TokenBuckets) -> Result<Priced, NoPrice> {
    let mut lines = Vec::with_capacity(3);
    let (mut total, mut input, mut output) = (0_i64, 0_i64, 0_i64);
    let mut add = |item: PriceItem, rate: Rate, count: u64| {
        let amount = rate.amount(count).ok_or(NoPrice::TooLarge)?;
        total = total.checked_add(amount.0).ok_or(NoPrice::TooLarge)?;
        if item.is_input() {
            input += amount.0;
        } else if item.is_output() {
            output += amount.0;
        }
        lines.push(CostLine { item, amount });
        Ok(())
    };
    for (item, count) in tokens.each() {
        add(item, rates.of(item).ok_or(NoPrice::NoRate { item })?, count)?;
    }
    if let Some(rate) = rates.get(PriceItem::Request) {
        add(PriceItem::Request, rate, 1)?;
    }
    Ok(Priced { price, lines, total: NanoUsd(total), input: NanoUsd(input), output: NanoUsd(output) })
}
