//! Decompression that counts as it goes: a bomb costs the limit and no more.

use std::io::{self, Write};

use axum::http::{HeaderMap, header::CONTENT_ENCODING};
use domain::{Problem, problem::ProblemCode};
use flate2::{Decompress, FlushDecompress, Status, write::MultiGzDecoder};
use services::ServiceError;

use crate::refusal::Failure;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Deflate,
}

impl Coding {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let mut coding = Self::Identity;
        for line in headers.get_all(CONTENT_ENCODING) {
            for name in line.to_str().unwrap_or("?").split(',').map(str::trim) {
                let next = match name.to_ascii_lowercase().as_str() {
                    "" | "identity" => continue,
                    "gzip" | "x-gzip" => Self::Gzip,
                    "deflate" => Self::Deflate,
                    _ => return Err(unknown(name)),
                };
                if coding != Self::Identity {
                    return Err(unknown("a body compressed twice"));
                }
                coding = next;
            }
        }
        Ok(coding)
    }
}

fn unknown(name: &str) -> Failure {
    let shown: String = name.chars().take(40).collect();
    let message = format!("The content encoding `{shown}` is not known; known are `identity`, `gzip` and `deflate`.");
    Problem::new(ProblemCode::UnsupportedMediaType, message).into()
}

/// Takes a body piece by piece and keeps it decompressed.
pub(super) struct Inflater {
    stream: Stream,
    limit: usize,
}

enum Stream {
    Identity(Sink),
    Gzip(Box<MultiGzDecoder<Sink>>),
    /// Its first two bytes tell a zlib header from a raw stream; both are sent under this name.
    Unsure(Vec<u8>, Sink),
    Deflate {
        decoder: Box<Decompress>,
        sink: Sink,
        ended: bool,
    },
}

struct Sink {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Sink {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + piece.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inflater {
    pub(super) fn new(coding: Coding, limit: usize) -> Self {
        let sink = Sink { bytes: Vec::new(), limit };
        let stream = match coding {
            Coding::Identity => Stream::Identity(sink),
            Coding::Gzip => Stream::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Coding::Deflate => Stream::Unsure(Vec::new(), sink),
        };
        Self { stream, limit }
    }

    /// Makes room for what is still to come of a body that is not compressed, so that its bytes are not moved as it grows.
    pub(super) fn expect(&mut self, more: usize) {
        if let Stream::Identity(sink) = &mut self.stream {
            sink.bytes.reserve_exact(more);
        }
    }

    /// Bytes kept so far.
    pub(super) fn len(&self) -> usize {
        match &self.stream {
            Stream::Identity(sink) | Stream::Unsure(_, sink) | Stream::Deflate { sink, .. } => sink.bytes.len(),
            Stream::Gzip(decoder) => decoder.get_ref().bytes.len(),
        }
    }

    pub(super) fn take(&mut self, piece: &[u8]) -> Result<(), Failure> {
        let limit = self.limit;
        self.write(piece).map_err(|error| refused(&error, limit))
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Identity(sink) => sink.write_all(piece),
            Stream::Gzip(decoder) => decoder.write_all(piece),
            Stream::Deflate { decoder, sink, ended } => inflate(decoder, piece, sink, ended),
            Stream::Unsure(start, sink) => {
                start.extend_from_slice(piece);
                let [first, second, ..] = start.as_slice() else { return Ok(()) };
                // RFC 1950, section 2.2: method 8 and a check that makes the two bytes a multiple of 31.
                let zlib = first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0;
                let start = std::mem::take(start);
                let sink = Sink { bytes: std::mem::take(&mut sink.bytes), limit: sink.limit };
                self.stream = Stream::Deflate { decoder: Box::new(Decompress::new(zlib)), sink, ended: false };
                self.write(&start)
            }
        }
    }

    /// The whole body; a stream cut short is refused.
    pub(super) fn finish(self) -> Result<Vec<u8>, Failure> {
        let limit = self.limit;
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let bytes = match self.stream {
            Stream::Identity(sink) | Stream::Deflate { sink, ended: true, .. } => Ok(sink.bytes),
            Stream::Gzip(decoder) if decoder.get_ref().bytes.is_empty() => {
                // An empty stream is no gzip at all.
                decoder.finish().and_then(|sink| if sink.bytes.is_empty() { Err(cut()) } else { Ok(sink.bytes) })
            }
            Stream::Gzip(decoder) => decoder.finish().map(|sink| sink.bytes),
            Stream::Deflate { .. } | Stream::Unsure(..) => Err(cut()),
        };
        bytes.map_err(|error| refused(&error, limit))
    }
}

fn inflate(decoder: &mut Decompress, mut piece: &[u8], sink: &mut Sink, ended: &mut bool) -> io::Result<()> {
    let mut buffer = [0_u8; 16 * 1024];
    while !*ended {
        let (read_before, written_before) = (decoder.total_in(), decoder.total_out());
        let status = decoder.decompress(piece, &mut buffer, FlushDecompress::None)?;
        let read = usize::try_from(decoder.total_in() - read_before).unwrap_or(usize::MAX);
        let written = usize::try_from(decoder.total_out() - written_before).unwrap_or(usize::MAX);
        sink.write_all(buffer.get(..written).unwrap_or_default())?;
        piece = piece.get(read..).unwrap_or_default();
        *ended = status == Status::StreamEnd;
        if read == 0 && written == 0 {
            break;
        }
    }
    if piece.is_empty() { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

fn refused(error: &io::Error, limit: usize) -> Failure {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return too_large(limit).into();
    }
    Problem::new(ProblemCode::Invalid, "The compressed body is damaged or cut short.").into()
}

/// The body is over its limit.
pub(super) fn too_large(limit: usize) -> ServiceError {
    let limit = if limit >= 1024 * 1024 { format!("{} MiB", limit / 1024 / 1024) } else { format!("{limit} bytes") };
    ServiceError::TooLarge(format!("The body is over its limit of {limit} (counted after decompression)."))
}

#[cfg(test)]
mod tests {
    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn raw(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Fed in pieces of every size, so that no boundary matters.
    fn through(coding: Coding, body: &[u8], piece: usize, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut inflater = Inflater::new(coding, limit);
        for piece in body.chunks(piece) {
            inflater.take(piece)?;
        }
        inflater.finish()
    }

    #[test]
    fn every_coding_gives_back_what_went_in() {
        let text: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        for piece in [1, 7, 4096, usize::MAX] {
            for (coding, body) in [
                (Coding::Identity, text.clone()),
                (Coding::Gzip, gzip(&text)),
                (Coding::Deflate, zlib(&text)),
                (Coding::Deflate, raw(&text)),
            ] {
                assert!(through(coding, &body, piece, 1 << 20).is_ok_and(|out| out == text), "{coding:?} by {piece}");
            }
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = vec![0_u8; 10 << 20];
        for (coding, body) in
            [(Coding::Gzip, gzip(&bomb)), (Coding::Deflate, zlib(&bomb)), (Coding::Deflate, raw(&bomb))]
        {
            let mut inflater = Inflater::new(coding, 1 << 20);
            let stopped = body.chunks(512).any(|piece| inflater.take(piece).is_err());
            assert!(stopped && inflater.len() <= 1 << 20, "{coding:?}");
        }
    }

    #[test]
    fn a_body_cut_anywhere_is_refused() {
        for (coding, body) in
            [(Coding::Gzip, gzip(b"hello")), (Coding::Deflate, zlib(b"hello")), (Coding::Deflate, raw(b"hello"))]
        {
            // zlib's four check bytes at the end included.
            for length in 0..body.len() {
                assert!(through(coding, &body[..length], 3, 1024).is_err(), "{coding:?} of {length}");
            }
        }
    }
}
