//! Prices as a caller sees them. (`cfg(test)` tells clippy that the helpers, too, are tests.)

#[cfg(test)]
mod ask;
#[cfg(test)]
mod finding;
#[cfg(test)]
mod own;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod vectors;
