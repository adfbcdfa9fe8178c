//! Prices as the page shows them. Rates are dollars a million, written out on the server.

use domain::job::JobState;
use serde::{Deserialize, Serialize};

/// The project's own prices, and the models that have none.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PricesView {
    /// The latest to begin first, ended ones too.
    pub own: Vec<OwnLine>,
    /// The ones with most calls first.
    pub unpriced: Vec<UnpricedLine>,
    /// Whether the visitor may change prices.
    pub may_write: bool,
    /// The server's present.
    pub now_us: i64,
}

/// One rate.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct RateLine {
    /// For what, in words.
    pub item: String,
    /// Dollars a million: `2.50`.
    pub usd: String,
}

/// What has become of an own price.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum OwnState {
    /// It is charged.
    Holds,
    /// It begins later.
    Later,
    /// A later one for the same models is charged instead.
    Replaced,
    /// It was ended.
    Ended,
    /// It was ended at its own start.
    Undone,
}

/// A price the project set.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct OwnLine {
    /// Id.
    pub id: String,
    /// For which models.
    pub model: String,
    /// Only for this provider, only for this tier, in words.
    pub only: Vec<String>,
    /// The rates.
    pub rates: Vec<RateLine>,
    /// What changes with long inputs: above how many tokens, which rates.
    pub tiers: Vec<(u64, Vec<RateLine>)>,
    /// What has become of it.
    pub state: OwnState,
    /// First instant it holds; `None`: always.
    pub from_us: Option<i64>,
    /// First instant it holds no longer.
    pub until_us: Option<i64>,
    /// Who set it.
    pub created_by: String,
    /// When.
    pub created_us: i64,
    /// Who ended it.
    pub ended_by: Option<String>,
}

/// A model whose calls have no cost.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct UnpricedLine {
    /// As spans name it.
    pub model: Option<String>,
    /// Who serves it, as spans say.
    pub provider: Option<String>,
    /// Why there is no price, in words.
    pub why: String,
    /// Calls without a cost.
    pub calls: u64,
    /// When the newest came.
    pub last_us: i64,
    /// Whether there is a price by now.
    pub priced_now: bool,
}

/// What was found in the catalogue.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct CatalogueView {
    /// The day this edition was made.
    pub edition_us: i64,
    /// What was searched for.
    pub text: String,
    /// The entry a span is priced by that names its model exactly so.
    pub used: Option<String>,
    /// The models found.
    pub models: Vec<CatalogueLine>,
    /// How many there are in all.
    pub total: u32,
    /// Whether the visitor may change prices.
    pub may_write: bool,
}

/// A model of the catalogue.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct CatalogueLine {
    /// Provider and model.
    pub entry: String,
    /// Who serves it.
    pub provider: String,
    /// What the provider calls it.
    pub model: String,
    /// Tokens it can read at once.
    pub context: Option<u64>,
    /// What is charged at present.
    pub rates: Vec<RateLine>,
    /// The same under the names of fields, to begin an own price with.
    pub fields: Vec<(String, String)>,
    /// What changes with the length of the input, the time of the day, the tier of service, or changed before: in words.
    pub notes: Vec<String>,
}

/// Stored calls being priced again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobsView {
    /// Newest first.
    pub jobs: Vec<JobLine>,
    /// Whether the visitor may change prices.
    pub may_write: bool,
    /// The server's present.
    pub now_us: i64,
}

/// One time stored calls were priced again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobLine {
    /// Id.
    pub id: String,
    /// Where it stands.
    pub state: JobState,
    /// Which calls, in words.
    pub what: String,
    /// How far it is, whole percent.
    pub percent: u8,
    /// Calls that cost something else since.
    pub changed: u64,
    /// Calls whose cost was right already.
    pub unchanged: u64,
    /// Among both, calls that still have no price.
    pub unpriced: u64,
    /// Why it failed.
    pub error: Option<String>,
    /// Who asked for it.
    pub created_by: String,
    /// When.
    pub created_us: i64,
}

impl JobsView {
    /// The one under way.
    pub fn under_way(&self) -> Option<&JobLine> {
        self.jobs.first().filter(|job| !job.state.is_final())
    }
}

/// A price just set.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PriceSet {
    /// For which models.
    pub model: String,
    /// What happens to the calls stored already.
    pub stored: StoredCalls,
}

/// What happens to stored calls after a price was set.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum StoredCalls {
    /// They are being priced by it.
    Repriced,
    /// They keep their cost, as was wished.
    Kept,
    /// They are being priced already, by the prices of before.
    Busy,
}

/// What the address says of a price to be set: `?price=gpt-4o&provider=openai&input=2.5`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Begun {
    /// For which model.
    pub model: String,
    /// Who serves it.
    pub provider: String,
    /// Rates by item.
    pub rates: Vec<(String, String)>,
}

impl Begun {
    /// The rate an item begins with.
    pub fn rate(&self, item: &str) -> String {
        self.rates.iter().find(|(name, _)| name == item).map(|(_, rate)| rate.clone()).unwrap_or_default()
    }
}

/// Items a rate can be given for on the page, most used first: the name of the field, and what it is called. The first four are
/// always shown.
pub const ITEMS: [(&str, &str); 13] = [
    ("input", "Input"),
    ("output", "Output"),
    ("cache_read", "Cache read"),
    ("cache_write", "Cache write"),
    ("cache_write_1h", "Cache write, 1 h"),
    ("reasoning", "Reasoning"),
    ("input_audio", "Audio in"),
    ("cache_read_audio", "Audio from cache"),
    ("output_audio", "Audio out"),
    ("input_image", "Images in"),
    ("output_image", "Images out"),
    ("other", "Other tokens"),
    ("request", "A million requests"),
];

/// What an item is called.
pub fn item_words(item: &str) -> &str {
    ITEMS.iter().find(|(name, _)| *name == item).map_or(item, |(_, words)| words)
}
