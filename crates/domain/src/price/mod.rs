//! Prices: what a token costs, which price a span was charged by, and what a project sets itself.

mod charge;
mod item;
mod model_price;
mod rate;

pub use charge::{Charge, CostLine, CostOrigin, Estimate, NoPrice, PriceRef, ServiceTier, Tokenizer};
pub use item::PriceItem;
pub use model_price::{ModelPattern, ModelPrice, RateTier, Rates};
pub use rate::Rate;
