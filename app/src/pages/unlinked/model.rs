//! What is not linked, as the page shows it.

use serde::{Deserialize, Serialize};

use crate::range::RangeShown;

/// How far back the page looks when the address does not say.
pub const DEFAULT_RANGE: &str = "7d";

/// What the query string says.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnlinkedQuery {
    /// `24h`, `7d`, …
    pub range: Option<String>,
    /// Start of a fixed range, RFC 3339.
    pub from: Option<String>,
    /// End of it.
    pub to: Option<String>,
}

/// Everything on the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnlinkedPage {
    /// The range the counts are of.
    pub range: RangeShown,
    /// The server's present.
    pub now_us: i64,
    /// All generations.
    pub generations: u64,
    /// Those that count for no version.
    pub unlinked: u64,
    /// How many of these, the newest, the reasons speak of.
    pub looked_at: u64,
    /// Most frequent first.
    pub reasons: Vec<ReasonLine>,
    /// Linked to versions the registry does not have.
    pub unknown: Vec<UnknownLine>,
    /// Why the counts are not whole.
    pub partial: Option<String>,
    /// Whether the project has ever received a span.
    pub any: bool,
}

impl UnlinkedPage {
    /// The share of generations that count for no version.
    pub fn share(&self) -> Option<f64> {
        (self.generations > 0).then(|| self.unlinked as f64 / self.generations as f64)
    }

    /// Generations linked to versions nobody knows.
    pub fn unknown_count(&self) -> u64 {
        self.unknown.iter().map(|line| line.count).sum()
    }
}

/// What generations lack.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Lack {
    /// Neither prompt nor version.
    Everything,
    /// The same, under the name of calls that are linked elsewhere.
    Fallback {
        /// That name.
        name: String,
    },
    /// A version of the prompt that is named.
    Version {
        /// The attribute that names it.
        attribute: String,
        /// The prompt.
        prompt: String,
    },
    /// The prompt of the version that is given.
    Name {
        /// The attribute that gives it.
        attribute: String,
        /// The version.
        version: String,
    },
    /// Nothing, but a value cannot be used.
    Use {
        /// The attribute at fault.
        attribute: String,
        /// Its value.
        value: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl Lack {
    /// What is the matter, in a few words.
    pub fn title(&self) -> String {
        match self {
            Self::Everything => "No prompt is named".to_owned(),
            Self::Fallback { name } => format!("“{name}” may have used a fallback"),
            Self::Version { prompt, .. } => format!("“{prompt}” without a version"),
            Self::Name { version, .. } => format!("Version “{version}” of no prompt"),
            Self::Use { value, .. } => format!("“{value}” cannot be used"),
        }
    }

    /// Why, and what links them; `absent` are the attributes to set.
    pub fn advice(&self, absent: &[String]) -> String {
        let set = if absent.is_empty() { String::new() } else { format!("Set {}.", absent.join(" and ")) };
        match self {
            Self::Everything => format!("Hand the fetched prompt to the call. {set}"),
            Self::Fallback { .. } => {
                "Calls of this name are linked elsewhere in the range. An SDK that cannot fetch a prompt \
                                      uses its fallback and sends no link: look for failing fetches."
                    .to_owned()
            }
            Self::Version { attribute, .. } | Self::Name { attribute, .. } => format!("{attribute} came alone. {set}"),
            Self::Use { attribute, problem, .. } => format!("{attribute}: {}", ui::problem::sentence(problem)),
        }
        .trim()
        .to_owned()
    }
}

/// Generations that lack the same.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ReasonLine {
    /// What.
    pub lack: Lack,
    /// Attributes that would link them.
    pub absent: Vec<String>,
    /// How many.
    pub count: u64,
    /// The instrumentations that sent them.
    pub scopes: Vec<String>,
    /// Trace and span of the newest, from different traces.
    pub examples: Vec<(String, String)>,
}

/// Generations of a version the registry does not have.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct UnknownLine {
    /// The prompt's name as sent.
    pub prompt: String,
    /// The version.
    pub version: u32,
    /// Whether the registry has the prompt.
    pub prompt_known: bool,
    /// How many.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lack_says_what_would_be_right() {
        let absent = ["gen_ai.prompt.version".to_owned()];
        let version = Lack::Version { attribute: "gen_ai.prompt.name".to_owned(), prompt: "greet".to_owned() };
        assert_eq!(version.title(), "“greet” without a version");
        assert_eq!(version.advice(&absent), "gen_ai.prompt.name came alone. Set gen_ai.prompt.version.");
        let unusable = Lack::Use {
            attribute: "gen_ai.prompt.version".to_owned(),
            value: "newest".to_owned(),
            problem: "`newest` is not a version; it is written as `2` or `v2`".to_owned(),
        };
        let advice = unusable.advice(&[]);
        assert_eq!(advice, "gen_ai.prompt.version: `newest` is not a version; it is written as `2` or `v2`.");
    }

    #[test]
    fn nothing_has_no_share() {
        let page = UnlinkedPage {
            range: RangeShown::Last { minutes: 60 },
            now_us: 0,
            generations: 0,
            unlinked: 0,
            looked_at: 0,
            reasons: Vec::new(),
            unknown: Vec::new(),
            partial: None,
            any: false,
        };
        assert_eq!(page.share(), None);
        assert_eq!(UnlinkedPage { generations: 8, unlinked: 2, ..page }.share(), Some(0.25));
    }
}
