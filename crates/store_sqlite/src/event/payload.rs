//! Payloads at rest: a leading format byte, then the bytes as they came or compressed, whichever is smaller.

use std::borrow::Cow;

use store::StoreError;

const RAW: u8 = 0;
const ZSTD: u8 = 1;
/// Level 1 takes a third of the time of level 3 and gives nearly the same size on JSON of a few kilobytes.
const LEVEL: i32 = 1;
/// Below this a frame's header eats the gain.
const SMALLEST: usize = 64;
/// Larger than any payload the decoder lets through; a damaged length must not reserve more.
const LARGEST: usize = 256 << 20;

/// Packs payloads with one compressor; it keeps its working memory between calls.
pub(super) struct Press {
    compressor: Option<zstd::bulk::Compressor<'static>>,
}

impl Press {
    pub(super) fn new() -> Self {
        // Without memory for a compressor payloads are stored as they are.
        Self { compressor: zstd::bulk::Compressor::new(LEVEL).ok() }
    }

    pub(super) fn pack(&mut self, payload: &[u8]) -> Vec<u8> {
        if payload.len() >= SMALLEST
            && let Some(compressor) = &mut self.compressor
        {
            let mut packed = vec![0; 5 + zstd::zstd_safe::compress_bound(payload.len())];
            if let Some((head, body)) = packed.split_at_mut_checked(5)
                && let Ok(length) = compressor.compress_to_buffer(payload, body)
                && let Ok(original) = u32::try_from(payload.len())
                && length + 5 < payload.len()
            {
                let (format, size) = head.split_at_mut(1);
                format.fill(ZSTD);
                size.copy_from_slice(&original.to_le_bytes());
                packed.truncate(length + 5);
                packed.shrink_to_fit();
                return packed;
            }
        }
        let mut raw = Vec::with_capacity(payload.len() + 1);
        raw.push(RAW);
        raw.extend_from_slice(payload);
        raw
    }
}

/// Back from [`Press::pack`].
pub(super) fn unpack(stored: &[u8]) -> Result<Cow<'_, [u8]>, StoreError> {
    let damaged = || StoreError::Corrupt("a payload cannot be read".to_owned());
    let (format, body) = stored.split_first().ok_or_else(damaged)?;
    match *format {
        RAW => Ok(Cow::Borrowed(body)),
        ZSTD => {
            let (size, frame) = body.split_at_checked(4).ok_or_else(damaged)?;
            let size = u32::from_le_bytes(size.try_into().map_err(|_| damaged())?) as usize;
            if size > LARGEST {
                return Err(damaged());
            }
            zstd::bulk::decompress(frame, size).map(Cow::Owned).map_err(|_| damaged())
        }
        _ => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_come_back_as_they_were() {
        let mut press = Press::new();
        let long = "{\"input\":\"the same words over and over\"}".repeat(100).into_bytes();
        for payload in [Vec::new(), b"{}".to_vec(), long.clone(), (0..=255).collect()] {
            assert_eq!(unpack(&press.pack(&payload)).unwrap().as_ref(), payload);
        }
        assert!(press.pack(&long).len() < long.len() / 10);
    }

    #[test]
    fn a_damaged_payload_is_an_error() {
        for wrong in [&[][..], &[9, 1, 2], &[1, 0, 0], &[1, 255, 255, 255, 255, 0], &[1, 4, 0, 0, 0, 1, 2, 3]] {
            assert!(unpack(wrong).is_err());
        }
    }
}
