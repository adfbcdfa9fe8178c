//! One model in the catalogue.

use domain::{price::ServiceTier, time::TimeUs};

use crate::{
    rule::Rule,
    table::{RateSet, Table},
};

const DAY_US: i64 = 86_400_000_000;

/// A part of every day, UTC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    /// Minutes after midnight it begins.
    pub from_minute: u16,
    /// Minutes after midnight it ends; before `from_minute` when midnight lies inside.
    pub to_minute: u16,
}

impl Window {
    fn contains(self, at: TimeUs) -> bool {
        let minute = at.0.rem_euclid(DAY_US) / 60_000_000;
        let (from, to) = (i64::from(self.from_minute), i64::from(self.to_minute));
        if from <= to { from <= minute && minute < to } else { from <= minute || minute < to }
    }
}

/// Rates with the time they are charged at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Dated {
    /// Since when; `None`: always.
    pub from: Option<TimeUs>,
    /// At which time of the day; `None`: at any.
    pub window: Option<Window>,
    /// The rates.
    pub table: Table,
}

impl Dated {
    fn holds_at(&self, at: TimeUs) -> bool {
        self.from.is_none_or(|from| from <= at) && self.window.is_none_or(|window| window.contains(at))
    }
}

/// Rates that change for a service tier.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Variant {
    /// Which.
    pub tier: ServiceTier,
    /// Since when; `None`: always.
    pub from: Option<TimeUs>,
    /// The rates that change.
    pub table: Table,
}

/// A model with its prices.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) key: String,
    /// Where the provider's part of the key ends.
    pub(crate) provider_length: usize,
    pub(crate) rule: Rule,
    pub(crate) context: Option<u64>,
    pub(crate) schedule: Vec<Dated>,
    pub(crate) variants: Vec<Variant>,
}

impl Entry {
    /// Its name: provider and model, `openai/gpt-4o`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Who serves it.
    pub fn provider(&self) -> &str {
        self.key.get(..self.provider_length).unwrap_or_default()
    }

    /// What the provider calls it.
    pub fn model(&self) -> &str {
        self.key.get(self.provider_length + 1..).unwrap_or_default()
    }

    /// Tokens it can read at once, where the catalogue says.
    pub fn context(&self) -> Option<u64> {
        self.context
    }

    /// Its prices in the course of time; of those that hold the last counts.
    pub fn schedule(&self) -> &[Dated] {
        &self.schedule
    }

    /// What changes with the service tier.
    pub fn variants(&self) -> &[Variant] {
        &self.variants
    }

    /// What is charged at this instant; `None` when the model had no price then.
    pub fn dated(&self, at: TimeUs) -> Option<&Dated> {
        self.schedule.iter().rev().find(|dated| dated.holds_at(at))
    }

    /// The rates for a request and since when they are charged; `None` when the model had no price then.
    pub(crate) fn rates(&self, at: TimeUs, tier: ServiceTier, input_tokens: u64) -> Option<(RateSet, Option<TimeUs>)> {
        let dated = self.dated(at)?;
        let mut rates = RateSet::default();
        dated.table.put_over(&mut rates, input_tokens);
        for variant in &self.variants {
            if variant.tier == tier && variant.from.is_none_or(|from| from <= at) {
                variant.table.put_over(&mut rates, input_tokens);
            }
        }
        Some((rates, dated.from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_may_hold_midnight() {
        let at = |text: &str| format!("2026-11-21T{text}:00Z").parse::<TimeUs>().unwrap();
        let day = Window { from_minute: 30, to_minute: 16 * 60 + 30 };
        let night = Window { from_minute: 16 * 60 + 30, to_minute: 30 };
        for (text, by_day) in [("00:29", false), ("00:30", true), ("16:29", true), ("16:30", false), ("23:59", false)] {
            assert_eq!(day.contains(at(text)), by_day, "{text}");
            assert_eq!(night.contains(at(text)), !by_day, "{text}");
        }
        assert!(day.contains(TimeUs(-DAY_US + 60 * 60_000_000)));
    }
}
