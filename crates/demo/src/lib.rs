#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod assistant;
mod chat;
mod data;
mod history;
mod math;
mod model;
mod traffic;
mod trial;
mod write;

pub use history::{DemoPrompt, DemoVersion, Rise, prompts};
pub use traffic::{Episode, Plan, Split, Traffic};
pub use trial::{DemoTrial, Shipped, trials};

/// What is real and what is not, for people.
pub const NOTICE: &str = "Demo: the questions, answers, conversations and ratings are real; times, users, tokens, cost, \
                          failures and thumbs are generated.";

/// Days of traffic before the end of a plan.
pub const DAYS: u32 = 14;

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The embedded data cannot be unpacked or read: the build is broken.
    #[error("the demo data cannot be read")]
    Data(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A name or id of the demo is not one: likewise.
    #[error("the demo makes something that is not allowed: {0}")]
    Value(#[from] domain::Invalid),
    /// An experiment of the demo is none: likewise.
    #[error("an experiment of the demo cannot be read")]
    Design(#[source] serde_json::Error),
    /// A set of data has nothing in it.
    #[error("the demo data `{0}` is empty")]
    Empty(&'static str),
}
