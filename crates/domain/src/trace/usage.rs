use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{money::NanoUsd, price::PriceItem};

/// Token counts that never overlap: they sum to the total.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Input written to a cache that keeps it for an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_1h: u64,
    /// Sound read fresh.
    #[serde(skip_serializing_if = "is_zero")]
    pub input_audio: u64,
    /// Sound read from a cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_read_audio: u64,
    /// Pictures read.
    #[serde(skip_serializing_if = "is_zero")]
    pub input_image: u64,
    /// Sound written.
    #[serde(skip_serializing_if = "is_zero")]
    pub output_audio: u64,
    /// Pictures written.
    #[serde(skip_serializing_if = "is_zero")]
    pub output_image: u64,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference; how large a trivial copy is depends on the target"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl TokenBuckets {
    /// The count of an item; 0 of the request itself, which is no bucket.
    pub fn get(&self, item: PriceItem) -> u64 {
        match item {
            PriceItem::Input => self.input,
            PriceItem::CacheRead => self.cache_read,
            PriceItem::CacheWrite => self.cache_write,
            PriceItem::CacheWrite1h => self.cache_write_1h,
            PriceItem::InputAudio => self.input_audio,
            PriceItem::CacheReadAudio => self.cache_read_audio,
            PriceItem::InputImage => self.input_image,
            PriceItem::Output => self.output,
            PriceItem::Reasoning => self.reasoning,
            PriceItem::OutputAudio => self.output_audio,
            PriceItem::OutputImage => self.output_image,
            PriceItem::Other => self.other,
            PriceItem::Request => 0,
        }
    }

    /// Sets the count of an item; the request itself has none.
    pub fn set(&mut self, item: PriceItem, count: u64) {
        let bucket = match item {
            PriceItem::Input => &mut self.input,
            PriceItem::CacheRead => &mut self.cache_read,
            PriceItem::CacheWrite => &mut self.cache_write,
            PriceItem::CacheWrite1h => &mut self.cache_write_1h,
            PriceItem::InputAudio => &mut self.input_audio,
            PriceItem::CacheReadAudio => &mut self.cache_read_audio,
            PriceItem::InputImage => &mut self.input_image,
            PriceItem::Output => &mut self.output,
            PriceItem::Reasoning => &mut self.reasoning,
            PriceItem::OutputAudio => &mut self.output_audio,
            PriceItem::OutputImage => &mut self.output_image,
            PriceItem::Other => &mut self.other,
            PriceItem::Request => return,
        };
        *bucket = count;
    }

    /// The buckets that are not empty, in the order of the items.
    pub fn each(&self) -> impl Iterator<Item = (PriceItem, u64)> {
        PriceItem::ALL.iter().map(|item| (*item, self.get(*item))).filter(|(_, count)| *count > 0)
    }

    fn sum(&self, of: impl Fn(PriceItem) -> bool) -> u64 {
        self.each().filter(|(item, _)| of(*item)).fold(0, |sum, (_, count)| sum.saturating_add(count))
    }

    /// Everything the model read.
    pub fn all_input(&self) -> u64 {
        self.sum(PriceItem::is_input)
    }

    /// Everything the model wrote.
    pub fn all_output(&self) -> u64 {
        self.sum(PriceItem::is_output)
    }

    /// The sum.
    pub fn total(&self) -> u64 {
        self.sum(|_| true)
    }
}

/// Tokens of a span: as reported, for reading back word for word, and as exclusive buckets, for counting.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The sender's own keys (flattened with `_` when nested), without losing any.
    pub reported: BTreeMap<String, u64>,
    /// What they mean; `None` when nothing is known.
    pub buckets: Option<TokenBuckets>,
}

/// Cost of a span: as the sender reported it, or worked out.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The sender's own keys, such as `input`, `output`, `total`.
    pub reported: BTreeMap<String, NanoUsd>,
    /// The reported total, else the sum of the parts, else what was worked out; `None` when nothing is known.
    pub total: Option<NanoUsd>,
    /// The part spent on input, when known.
    pub input: Option<NanoUsd>,
    /// The part spent on output, when known.
    pub output: Option<NanoUsd>,
}
