//! How somebody looks at a result. It is in the address, so that a link shows the same.

use domain::experiment::{Correction, Difference, Method, Plan};
use serde::{Deserialize, Serialize};
use ui::Query;

/// Names of the parameters that belong to a look.
pub const PARAMETERS: [&str; 7] = ["method", "alpha", "correction", "difference", "caps", "segment", "metric"];

/// How somebody looks. What is absent is as the plan has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Which intervals.
    pub method: Option<Method>,
    /// At which error level.
    pub level: Option<Level>,
    /// How the level is shared.
    pub correction: Option<Correction>,
    /// How differences are told.
    pub difference: Option<Difference>,
    /// Without the caps of metrics.
    pub uncapped: bool,
    /// Only units of this segment.
    pub segment: Option<String>,
    /// The metric whose row is open.
    pub metric: Option<String>,
}

/// Error levels on offer beside the plan's own.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Level {
    /// 10%.
    Ten,
    /// 5%.
    Five,
    /// 1%.
    One,
    /// 0.1%.
    Tenth,
}

impl Level {
    /// All, the loosest first.
    pub const ALL: [Self; 4] = [Self::Ten, Self::Five, Self::One, Self::Tenth];

    /// The word in the address.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ten => "0.1",
            Self::Five => "0.05",
            Self::One => "0.01",
            Self::Tenth => "0.001",
        }
    }

    /// The level.
    pub fn alpha(self) -> f64 {
        match self {
            Self::Ten => 0.1,
            Self::Five => 0.05,
            Self::One => 0.01,
            Self::Tenth => 0.001,
        }
    }
}

/// The methods with the words for address and page.
pub const METHODS: [(Method, &str, &str); 3] = [
    (Method::Anytime, "anytime", "Always valid"),
    (Method::FixedHorizon, "fixed", "Fixed horizon"),
    (Method::Bayesian, "bayesian", "Bayesian"),
];

/// The corrections likewise.
pub const CORRECTIONS: [(Correction, &str, &str); 3] = [
    (Correction::Holm, "holm", "Holm"),
    (Correction::Bonferroni, "bonferroni", "Bonferroni"),
    (Correction::None, "none", "No correction"),
];

/// The two ways to tell a difference likewise.
pub const DIFFERENCES: [(Difference, &str, &str); 2] =
    [(Difference::Relative, "relative", "Relative"), (Difference::Absolute, "absolute", "Absolute")];

fn read<T: Copy>(query: &Query, name: &str, all: &[(T, &'static str, &'static str)]) -> Option<T> {
    let word = query.get(name)?;
    all.iter().find(|(_, own, _)| *own == word).map(|(choice, ..)| *choice)
}

/// Where a choice stands in its list, as address and page write it.
pub fn words<T: Copy + PartialEq>(all: &[(T, &'static str, &'static str)], choice: T) -> (&'static str, &'static str) {
    all.iter().find(|(own, ..)| *own == choice).map_or(("", ""), |(_, word, title)| (*word, *title))
}

impl Look {
    /// What an address asks for. Words nobody knows are the plan's choice: a result is shown for every address.
    pub fn of(query: &Query) -> Self {
        let text = |name| query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            method: read(query, "method", &METHODS),
            level: query.get("alpha").and_then(|word| Level::ALL.into_iter().find(|level| level.word() == word)),
            correction: read(query, "correction", &CORRECTIONS),
            difference: read(query, "difference", &DIFFERENCES),
            uncapped: query.get("caps") == Some("off"),
            segment: text("segment"),
            metric: text("metric"),
        }
    }

    /// The intervals looked at.
    pub fn method(&self, plan: &Plan) -> Method {
        self.method.unwrap_or(plan.method)
    }

    /// The error level looked at.
    pub fn alpha(&self, plan: &Plan) -> f64 {
        self.level.map_or(plan.alpha, Level::alpha)
    }

    /// The correction looked at.
    pub fn correction(&self, plan: &Plan) -> Correction {
        self.correction.unwrap_or(plan.correction)
    }

    /// How differences are told.
    pub fn difference(&self, plan: &Plan) -> Difference {
        self.difference.unwrap_or(plan.difference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_how_to_look_and_nonsense_is_the_plan() {
        let query = Query::from_pairs([
            ("method", "bayesian"),
            ("alpha", "0.01"),
            ("correction", "none"),
            ("difference", "absolute"),
            ("caps", "off"),
            ("segment", "de"),
            ("metric", "thumbs"),
        ]);
        let look = Look::of(&query);
        let plan = Plan::default();
        assert_eq!((look.method(&plan), look.correction(&plan)), (Method::Bayesian, Correction::None));
        assert!((look.alpha(&plan) - 0.01).abs() < 1e-12 && look.uncapped);
        assert_eq!((look.segment.as_deref(), look.metric.as_deref()), (Some("de"), Some("thumbs")));
        assert!(query.pairs().iter().all(|(name, _)| PARAMETERS.contains(&name.as_str())));
        let nonsense = Query::from_pairs([("method", "magic"), ("alpha", "7"), ("segment", "")]);
        assert_eq!(Look::of(&nonsense), Look::default());
    }
}
