#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod catalogue;
mod entry;
mod error;
mod list;
mod provider;
mod read;
mod rule;
mod table;

pub use catalogue::Catalogue;
pub use entry::{Dated, Entry, Variant, Window};
pub use error::CatalogueError;
pub use list::{PriceList, Priced, Request};
pub use provider::provider_id;
pub use table::{RateSet, Table};
