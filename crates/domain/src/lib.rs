#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod auth;
pub mod chart;
pub mod dataset;
pub mod experiment;
pub mod ids;
pub mod job;
pub mod media;
pub mod metric;
pub mod money;
pub mod outcome;
pub mod page;
pub mod price;
pub mod problem;
pub mod project;
pub mod prompt;
pub mod score;
pub mod segment;
pub mod time;
pub mod trace;

mod as_text;
mod invalid;
mod word;

pub use invalid::Invalid;
pub use problem::Problem;
