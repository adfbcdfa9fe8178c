//! The catalogue as people and programs look things up in it.

use domain::{
    auth::{Actor, Permission},
    ids::ProjectId,
    page::PageSize,
    price::{PriceItem, Rate, RateTier, Rates, ServiceTier},
    time::TimeUs,
};
use prices::{Entry, PriceList, Table};

use super::{Prices, lists::catalogue};
use crate::{ServiceError, context::authorize};

/// Rates as they are published.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RateTable {
    /// By item.
    pub rates: Rates,
    /// What changes with long inputs, by rising length.
    pub tiers: Vec<RateTier>,
}

/// Rates with the time they are charged at.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduled {
    /// Since when; none: always.
    pub from: Option<TimeUs>,
    /// Minutes after midnight UTC between which they are charged; the first after the second when midnight lies inside. None: at
    /// any time of the day.
    pub window: Option<(u16, u16)>,
    /// The rates.
    pub table: RateTable,
    /// Whether they are charged at present.
    pub now: bool,
}

/// A model of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogueModel {
    /// Its name here: `openai/gpt-4o`.
    pub entry: String,
    /// Who serves it.
    pub provider: String,
    /// What the provider calls it.
    pub model: String,
    /// Tokens it can read at once.
    pub context: Option<u64>,
    /// What it costs in the course of time.
    pub schedule: Vec<Scheduled>,
    /// What changes with the service tier, and since when.
    pub variants: Vec<(ServiceTier, Option<TimeUs>, RateTable)>,
}

/// What a search of the catalogue found.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogueAnswer {
    /// The day this edition was made.
    pub edition: TimeUs,
    /// The entry a span is priced by that names its model exactly as it was searched for.
    pub used: Option<String>,
    /// The models found: the one that is used first, then by how much of their name was searched for.
    pub models: Vec<CatalogueModel>,
    /// How many there are in all.
    pub total: u32,
}

impl Prices {
    /// Searches the catalogue for models whose name has every word of `text` in it. `provider` may be any of the names that
    /// instrumentations have for it.
    ///
    /// # Errors
    /// As the actor may not read the project.
    pub fn search(
        &self,
        actor: &Actor,
        project: ProjectId,
        text: &str,
        provider: Option<&str>,
        size: PageSize,
    ) -> Result<CatalogueAnswer, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let catalogue = catalogue()?;
        let now = self.context.clock.now();
        let text = text.trim().to_lowercase();
        let provider = provider.map(str::trim).filter(|name| !name.is_empty());
        let used = if text.is_empty() { None } else { catalogue.find(provider, &text) };
        let wanted = provider.map(PriceList::provider_name);
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut found: Vec<&Entry> = catalogue
            .entries()
            .into_iter()
            .filter(|entry| wanted.as_deref().is_none_or(|wanted| entry.provider() == wanted))
            .filter(|entry| {
                let key = entry.key().to_lowercase();
                words.iter().all(|word| key.contains(word))
            })
            .collect();
        if let Some(used) = used
            && !found.iter().any(|entry| entry.key() == used.key())
        {
            found.push(used);
        }
        let is_used = |entry: &Entry| used.is_some_and(|used| used.key() == entry.key());
        // Stable: of equal length they stay by provider, then by name. Without a text all are equal.
        found.sort_by_key(|entry| (!is_used(entry), if words.is_empty() { 0 } else { entry.model().len() }));
        let total = u32::try_from(found.len()).unwrap_or(u32::MAX);
        found.truncate(usize::from(size.rows()));
        Ok(CatalogueAnswer {
            edition: catalogue.edition(),
            used: used.map(|entry| entry.key().to_owned()),
            models: found.into_iter().map(|entry| model(entry, now)).collect(),
            total,
        })
    }
}

fn model(entry: &Entry, now: TimeUs) -> CatalogueModel {
    let current = entry.dated(now);
    let schedule = entry.schedule().iter().map(|dated| Scheduled {
        from: dated.from,
        window: dated.window.map(|window| (window.from_minute, window.to_minute)),
        table: table(&dated.table),
        now: current.is_some_and(|current| std::ptr::eq(current, dated)),
    });
    let variants = entry.variants().iter().map(|variant| (variant.tier, variant.from, table(&variant.table)));
    CatalogueModel {
        entry: entry.key().to_owned(),
        provider: entry.provider().to_owned(),
        model: entry.model().to_owned(),
        context: entry.context(),
        schedule: schedule.collect(),
        variants: variants.collect(),
    }
}

fn table(table: &Table) -> RateTable {
    let rates: Rates = PriceItem::ALL.iter().filter_map(|item| Some((*item, table.base().get(*item)?))).collect();
    let mut tiers: Vec<RateTier> = Vec::new();
    for (above, item, rate) in table.tiers() {
        let change: (PriceItem, Rate) = (*item, *rate);
        match tiers.last_mut().filter(|tier| tier.above_input_tokens == *above) {
            Some(tier) => {
                tier.rates.insert(change.0, change.1);
            }
            None => tiers.push(RateTier { above_input_tokens: *above, rates: Rates::from([change]) }),
        }
    }
    RateTable { rates, tiers }
}
