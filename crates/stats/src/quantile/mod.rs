//! Quantiles of rows whose units are independent: p50, p90, p95, p99 of latency, tokens or cost.
//!
//! A user's rows resemble each other, so an interval that counts rows as independent is too narrow: it covered 51–86%
//! where 95% was promised (`STATS.md` A.6). Two ways that are right:
//! * [`Grouped`]: units are hashed into 256 groups with a sketch each ([`unit_group`](crate::hash::unit_group)); the
//!   groups are independent clusters. One pass, no state per unit, mergeable. This is what the product uses.
//! * [`clustered_rows`]: the same from raw rows with their units, for scans.
//!
//! When every row is its own unit, [`sequential`] has nonparametric bounds without any asymptotics.

mod grouped;
mod rows;
pub mod sequential;

pub use grouped::{Grouped, QuantileEstimate, bounds, difference};
pub use rows::{RowQuantile, clustered_rows};
