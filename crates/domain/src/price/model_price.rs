use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize, de};

use super::{PriceItem, Rate, ServiceTier};
use crate::{
    Invalid,
    ids::{PriceId, ProjectId},
    invalid::shown,
    time::TimeUs,
};

/// Which models a price is for: a model's name, in which `*` stands for anything. Case does not matter.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct ModelPattern(String);

impl ModelPattern {
    /// The pattern, lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for this model. `model` is lower case.
    pub fn matches(&self, model: &str) -> bool {
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = model.strip_prefix(first) else { return false };
        let Some(mut last) = pieces.next() else { return rest.is_empty() };
        // Each piece at its earliest place leaves the most room for the next.
        for next in pieces {
            match rest.split_once(last) {
                Some((_, after)) => rest = after,
                None => return false,
            }
            last = next;
        }
        rest.ends_with(last)
    }

    /// How much it says: a name without `*` before any pattern, then by the characters that are fixed.
    pub fn specificity(&self) -> (bool, usize) {
        (!self.0.contains('*'), self.0.chars().filter(|c| *c != '*').count())
    }
}

impl FromStr for ModelPattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim().to_lowercase();
        let length = text.chars().count();
        if length == 0 || length > 200 || text.chars().any(char::is_control) {
            return Err(Invalid::new(format!(
                "`{}` is not a model; it has 1 to 200 printable characters, `*` stands for anything, such as `gpt-4o*`",
                shown(&text)
            )));
        }
        if text.matches('*').count() > 8 {
            return Err(Invalid::new("a model pattern has at most 8 `*`"));
        }
        Ok(Self(text))
    }
}

impl fmt::Display for ModelPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ModelPattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The rate of each item that has one.
pub type Rates = BTreeMap<PriceItem, Rate>;

/// Rates for requests with a long input: they hold for all tokens of such a request.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateTier {
    /// For requests that read more tokens than this.
    pub above_input_tokens: u64,
    /// The rates that change.
    pub rates: Rates,
}

/// A price a project set itself. It comes before every price of the catalogue, holds for spans that began at `valid_from` or
/// later and before `closed_us`, and is never changed or removed: history stays.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ModelPrice {
    /// Its id.
    pub id: PriceId,
    /// Whose.
    pub project: ProjectId,
    /// For which models.
    pub pattern: ModelPattern,
    /// Only for spans served by this provider.
    pub provider: Option<String>,
    /// Only for requests served like this.
    pub tier: Option<ServiceTier>,
    /// What each item costs.
    pub rates: Rates,
    /// What changes with long inputs, by rising length.
    pub tiers: Vec<RateTier>,
    /// First instant it holds.
    pub valid_from: TimeUs,
    /// First instant it holds no longer, once it is closed.
    pub closed_us: Option<TimeUs>,
    /// Who set it.
    pub created_by: String,
    /// When.
    pub created_us: TimeUs,
    /// Who closed it.
    pub closed_by: Option<String>,
}

impl ModelPrice {
    /// Whether it holds for a request that began at this instant.
    pub fn holds_at(&self, at: TimeUs) -> bool {
        self.valid_from <= at && self.closed_us.is_none_or(|closed| at < closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        let pattern = |text: &str| text.parse::<ModelPattern>().unwrap();
        for (text, model, expected) in [
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("GPT-4o*", "gpt-4o-mini", true),
            ("*", "", true),
            ("*mini", "gpt-4o-mini", true),
            ("*mini", "minimax", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "axxbyybzzc", true),
            ("a*b*c", "acb", false),
            ("aa*aa", "aaa", false),
            ("*a*a", "a", false),
            ("**", "x", true),
        ] {
            assert_eq!(pattern(text).matches(model), expected, "{text} {model}");
        }
        assert!(pattern("gpt-4o").specificity() > pattern("gpt-4o-mini*").specificity());
        assert!(pattern("gpt-4o*").specificity() > pattern("gpt*").specificity());
        for wrong in ["", " ", "a\nb", "*********", &"x".repeat(201)] {
            assert!(wrong.parse::<ModelPattern>().is_err(), "{wrong}");
        }
    }
}
