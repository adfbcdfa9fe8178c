//! From a file to records, one at a time.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
};

use serde_json::Value;

use super::{ImportFormat, json, record::Record};
use crate::ServiceError;

/// Longest line of JSON lines, and longest record of a JSON file: one is held at a time, the file never.
pub(super) const RECORD_BYTES: u64 = 16 * 1024 * 1024;

/// Where a record is in its file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Place {
    Line(u64),
    Entry { list: String, index: usize },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Entry { list, index } => write!(f, "{list}[{index}]"),
        }
    }
}

/// One record of a file.
pub(super) struct Item {
    pub(super) place: Place,
    /// Share of the file read so far.
    pub(super) done: f64,
    /// Its size in the file, about.
    pub(super) bytes: u64,
    /// The record, or why it is none.
    pub(super) record: Result<Record, String>,
}

/// Reads a file and gives each record to `take` until that says no.
pub(super) fn read(path: &Path, format: ImportFormat, mut take: impl FnMut(Result<Item, ServiceError>) -> bool) {
    let outcome = match format {
        ImportFormat::Langfuse => json::read(path, &mut take),
        ImportFormat::Jsonl => lines(path, &mut take),
        ImportFormat::Csv => csv(path, &mut take),
    };
    if let Err(error) = outcome {
        take(Err(error));
    }
}

pub(super) type Take<'a> = &'a mut dyn FnMut(Result<Item, ServiceError>) -> bool;

pub(super) fn unreadable(error: impl fmt::Display) -> ServiceError {
    ServiceError::field("file", format!("it cannot be read: {error}"))
}

pub(super) fn open(path: &Path) -> Result<(File, u64), ServiceError> {
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    Ok((file, length))
}

pub(super) fn share(done: u64, length: u64) -> f64 {
    if length == 0 { 1.0 } else { (done as f64 / length as f64).min(1.0) }
}

fn lines(path: &Path, take: Take<'_>) -> Result<(), ServiceError> {
    let (file, length) = open(path)?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut number = 0;
    let mut done = 0;
    loop {
        line.clear();
        let read = reader.by_ref().take(RECORD_BYTES).read_until(b'\n', &mut line).map_err(unreadable)? as u64;
        if read == 0 {
            return Ok(());
        }
        number += 1;
        done += read;
        let record = if read == RECORD_BYTES && line.last() != Some(&b'\n') {
            done += skip_line(&mut reader).map_err(unreadable)?;
            Err(format!("it is longer than {} MiB", RECORD_BYTES / 1024 / 1024))
        } else if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        } else {
            match serde_json::from_slice(&line) {
                Ok(Value::Object(fields)) => Record::of(fields, None),
                Ok(_) => Err("it is not a JSON object".to_owned()),
                Err(error) => Err(format!("it is not JSON: {error}")),
            }
        };
        if !take(Ok(Item { place: Place::Line(number), done: share(done, length), bytes: read, record })) {
            return Ok(());
        }
    }
}

fn skip_line(reader: &mut impl io::BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(taken);
        skipped += taken as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

fn csv(path: &Path, take: Take<'_>) -> Result<(), ServiceError> {
    let (file, length) = open(path)?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let columns: Vec<String> = reader.headers().map_err(unreadable)?.iter().map(str::to_owned).collect();
    for row in reader.into_records() {
        let (place, done, bytes, record) = match row {
            Ok(row) => {
                let position = row.position();
                let place = Place::Line(position.map_or(0, csv::Position::line));
                let done = share(position.map_or(0, csv::Position::byte), length);
                let record = if row.len() == columns.len() {
                    let cells = columns.iter().zip(&row).filter(|(_, cell)| !cell.is_empty());
                    let fields = cells.map(|(column, cell)| (column.clone(), Value::String(cell.to_owned())));
                    Record::of(fields.collect(), None)
                } else {
                    Err(format!("it has {} cells where the first line names {}", row.len(), columns.len()))
                };
                (place, done, row.as_slice().len() as u64, record)
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                (Place::Line(line), 0.0, 0, Err(error.to_string()))
            }
        };
        if !take(Ok(Item { place, done, bytes, record })) {
            return Ok(());
        }
    }
    Ok(())
}
