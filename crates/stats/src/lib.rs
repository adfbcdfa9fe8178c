#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod interval;

pub mod adaptive;
pub mod allocation;
pub mod anytime;
pub mod attribution;
pub mod bayes;
pub mod bounded;
pub mod contrast;
pub mod cuped;
pub mod decision;
pub mod detector;
pub mod drift;
pub mod estimate;
pub mod exact;
pub mod fixed;
pub mod guard;
pub mod hash;
pub mod lift;
pub mod moments;
pub mod multiplicity;
mod order;
pub mod power;
pub mod quantile;
pub mod random;
mod search;
pub mod sketch;
pub mod special;
pub mod stratify;
pub mod winsor;

pub use error::{Result, Undefined};
pub use interval::Interval;
