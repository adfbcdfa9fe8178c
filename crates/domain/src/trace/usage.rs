use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::NanoUsd;

/// Token counts that never overlap: they sum to the total.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct TokenBuckets {
    /// Input read fresh.
    pub input: u64,
    /// Input read from a cache.
    pub cache_read: u64,
    /// Input written to a cache.
    pub cache_write: u64,
    /// Output, without reasoning.
    pub output: u64,
    /// Output spent on reasoning.
    pub reasoning: u64,
    /// Whatever the provider counts beside these.
    pub other: u64,
}

impl TokenBuckets {
    /// Everything the model read.
    pub fn all_input(&self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }

    /// Everything the model wrote.
    pub fn all_output(&self) -> u64 {
        self.output.saturating_add(self.reasoning)
    }

    /// The sum.
    pub fn total(&self) -> u64 {
        self.all_input().saturating_add(self.all_output()).saturating_add(self.other)
    }
}

/// Tokens of a span: as reported, for reading back word for word, and as exclusive buckets, for counting.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The sender's own keys (flattened with `_` when nested), without losing any.
    pub reported: BTreeMap<String, u64>,
    /// What they mean; `None` when nothing was reported.
    pub buckets: Option<TokenBuckets>,
}

/// Cost of a span as the sender reported it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The sender's own keys, such as `input`, `output`, `total`.
    pub reported: BTreeMap<String, NanoUsd>,
    /// The reported total, else the sum of the parts; `None` when nothing was reported.
    pub total: Option<NanoUsd>,
    /// The part spent on input, when reported.
    pub input: Option<NanoUsd>,
    /// The part spent on output, when reported.
    pub output: Option<NanoUsd>,
}
