//! Rates, and how they depend on the length of the input.

use domain::price::{PriceItem, Rate};

/// A rate for each item that has one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RateSet([Option<Rate>; PriceItem::COUNT]);

impl RateSet {
    /// The rate of an item itself.
    pub fn get(&self, item: PriceItem) -> Option<Rate> {
        self.0.get(item.index()).copied().flatten()
    }

    /// The rate of an item, else of the nearest that stands in for it.
    pub fn of(&self, item: PriceItem) -> Option<Rate> {
        self.get(item).or_else(|| item.stand_ins().iter().find_map(|other| self.get(*other)))
    }

    /// Sets a rate.
    pub fn set(&mut self, item: PriceItem, rate: Rate) {
        if let Some(slot) = self.0.get_mut(item.index()) {
            *slot = Some(rate);
        }
    }
}

/// Rates that may change with the length of the input.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Table {
    base: RateSet,
    /// From how many tokens of input exclusive, which item, which rate; by rising length.
    tiers: Vec<(u64, PriceItem, Rate)>,
}

impl Table {
    /// Sets the rate that holds for short inputs.
    pub fn set(&mut self, item: PriceItem, rate: Rate) {
        self.base.set(item, rate);
    }

    /// Sets the rate that holds for requests that read more than `above` tokens.
    pub fn set_above(&mut self, above: u64, item: PriceItem, rate: Rate) {
        let at = self.tiers.partition_point(|(start, ..)| *start <= above);
        self.tiers.insert(at, (above, item, rate));
    }

    /// The rates for short inputs.
    pub fn base(&self) -> &RateSet {
        &self.base
    }

    /// What changes with long inputs: beyond how many tokens, which item, which rate; by rising length.
    pub fn tiers(&self) -> &[(u64, PriceItem, Rate)] {
        &self.tiers
    }

    /// Puts the rates for a request with this many input tokens over those in `rates`: the highest tier below that count holds
    /// for all tokens of the request.
    pub fn put_over(&self, rates: &mut RateSet, input_tokens: u64) {
        for item in PriceItem::ALL {
            if let Some(rate) = self.base.get(*item) {
                rates.set(*item, rate);
            }
        }
        for (_, item, rate) in self.tiers.iter().take_while(|(above, ..)| *above < input_tokens) {
            rates.set(*item, *rate);
        }
    }
}
