//! Decoding as a caller sees it. (`cfg(test)` tells clippy that the helpers, too, are tests.)

#[cfg(test)]
mod build;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod empty;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod scores;
