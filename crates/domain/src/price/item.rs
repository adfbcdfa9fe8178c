use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Invalid, invalid::shown, trace::words};

words!(
    /// Something with a price of its own: a bucket of tokens, or the request itself.
    #[derive(Ord, PartialOrd)]
    PriceItem {
        /// Input read fresh.
        Input = 0, "input";
        /// Input read from a cache.
        CacheRead = 1, "cache_read";
        /// Input written to a cache.
        CacheWrite = 2, "cache_write";
        /// Input written to a cache that keeps it for an hour.
        CacheWrite1h = 3, "cache_write_1h";
        /// Sound read fresh.
        InputAudio = 4, "input_audio";
        /// Sound read from a cache.
        CacheReadAudio = 5, "cache_read_audio";
        /// Pictures read.
        InputImage = 6, "input_image";
        /// Output, without what follows.
        Output = 7, "output";
        /// Output spent on reasoning.
        Reasoning = 8, "reasoning";
        /// Sound written.
        OutputAudio = 9, "output_audio";
        /// Pictures written.
        OutputImage = 10, "output_image";
        /// Whatever the provider counts beside these.
        Other = 11, "other";
        /// The request itself, once.
        Request = 12, "request";
    } "price item"
);

impl PriceItem {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Its place in arrays with one slot an item.
    pub fn index(self) -> usize {
        usize::from(self.code())
    }

    /// Whether it is something the model read.
    pub fn is_input(self) -> bool {
        matches!(
            self,
            Self::Input
                | Self::CacheRead
                | Self::CacheWrite
                | Self::CacheWrite1h
                | Self::InputAudio
                | Self::CacheReadAudio
                | Self::InputImage
        )
    }

    /// Whether it is something the model wrote.
    pub fn is_output(self) -> bool {
        matches!(self, Self::Output | Self::Reasoning | Self::OutputAudio | Self::OutputImage)
    }

    /// Items whose rate stands in when this one has none, nearest first. Cached and spoken tokens cost at most what fresh or
    /// written ones do unless a price says otherwise; for what is counted beside everything nothing can stand in.
    pub fn stand_ins(self) -> &'static [Self] {
        match self {
            Self::Input | Self::Output | Self::Other | Self::Request => &[],
            Self::CacheRead | Self::CacheWrite | Self::InputAudio | Self::InputImage => &[Self::Input],
            Self::CacheWrite1h => &[Self::CacheWrite, Self::Input],
            Self::CacheReadAudio => &[Self::CacheRead, Self::InputAudio, Self::Input],
            Self::Reasoning | Self::OutputAudio | Self::OutputImage => &[Self::Output],
        }
    }
}
