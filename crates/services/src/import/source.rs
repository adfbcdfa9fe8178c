//! From a file to records, one at a time.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead as _, BufReader, Read, Seek as _},
    path::Path,
};

use serde_json::{Map, Value};

use super::{ImportFormat, record::Record};
use crate::ServiceError;

/// Longest line of JSON lines.
const LINE_BYTES: u64 = 16 * 1024 * 1024;
/// Largest JSON file, which is held in memory. JSON lines and CSV may be of any size.
const JSON_BYTES: u64 = 256 * 1024 * 1024;

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
    /// The record, or why it is none.
    pub(super) record: Result<Record, String>,
}

/// Reads a file and gives each record to `take` until that says no.
pub(super) fn read(path: &Path, format: ImportFormat, mut take: impl FnMut(Result<Item, ServiceError>) -> bool) {
    let outcome = match format {
        ImportFormat::Langfuse => json(path, &mut take),
        ImportFormat::Jsonl => lines(path, &mut take),
        ImportFormat::Csv => csv(path, &mut take),
    };
    if let Err(error) = outcome {
        take(Err(error));
    }
}

type Take<'a> = &'a mut dyn FnMut(Result<Item, ServiceError>) -> bool;

fn unreadable(error: impl fmt::Display) -> ServiceError {
    ServiceError::field("file", format!("it cannot be read: {error}"))
}

fn open(path: &Path) -> Result<(File, u64), ServiceError> {
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    Ok((file, length))
}

fn share(done: u64, length: u64) -> f64 {
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
        let read = reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line).map_err(unreadable)? as u64;
        if read == 0 {
            return Ok(());
        }
        number += 1;
        done += read;
        let record = if read == LINE_BYTES && line.last() != Some(&b'\n') {
            done += skip_line(&mut reader).map_err(unreadable)?;
            Err(format!("it is longer than {} MiB", LINE_BYTES / 1024 / 1024))
        } else if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        } else {
            match serde_json::from_slice(&line) {
                Ok(Value::Object(fields)) => Record::of(fields, None),
                Ok(_) => Err("it is not a JSON object".to_owned()),
                Err(error) => Err(format!("it is not JSON: {error}")),
            }
        };
        if !take(Ok(Item { place: Place::Line(number), done: share(done, length), record })) {
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
        let (place, done, record) = match row {
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
                (place, done, record)
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                (Place::Line(line), 0.0, Err(error.to_string()))
            }
        };
        if !take(Ok(Item { place, done, record })) {
            return Ok(());
        }
    }
    Ok(())
}

fn json(path: &Path, take: Take<'_>) -> Result<(), ServiceError> {
    let (mut file, length) = open(path)?;
    if length > JSON_BYTES {
        let reason =
            format!("it has {length} bytes; a JSON file may have 256 MiB: save it as one object a line instead");
        return Err(ServiceError::field("file", reason));
    }
    file.rewind().map_err(unreadable)?;
    let whole: Value = serde_json::from_reader(BufReader::new(file)).map_err(unreadable)?;
    let lists: Vec<(String, Vec<Value>)> = match whole {
        Value::Array(all) => vec![(String::new(), all)],
        Value::Object(fields) => lists(fields)?,
        _ => return Err(ServiceError::field("file", "it is neither an array nor an object with lists of records")),
    };
    let total = lists.iter().map(|(_, list)| list.len()).sum::<usize>() as u64;
    let mut done = 0;
    for (list, entries) in lists {
        for (index, entry) in entries.into_iter().enumerate() {
            done += 1;
            let record = match entry {
                Value::Object(fields) => Record::of(fields, Some(&list)),
                _ => Err("it is not an object".to_owned()),
            };
            let place = Place::Entry { list: list.clone(), index };
            if !take(Ok(Item { place, done: share(done, total), record })) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The lists of an object: by name, or the one in `data`. A trace as the API gives one has its observations and scores inside.
fn lists(mut fields: Map<String, Value>) -> Result<Vec<(String, Vec<Value>)>, ServiceError> {
    if fields.contains_key("timestamp") && fields.contains_key("id") {
        let inside = ["observations", "scores"].map(|name| (name.to_owned(), list_in(fields.remove(name))));
        let mut lists = vec![("trace".to_owned(), vec![Value::Object(fields)])];
        lists.extend(inside);
        return Ok(lists);
    }
    let lists: Vec<_> = fields.into_iter().filter(|(_, value)| value.is_array()).collect();
    if lists.is_empty() {
        return Err(ServiceError::field(
            "file",
            "its object holds no list; expected `data`, `prompts`, `traces`, `observations` or `scores`",
        ));
    }
    Ok(lists.into_iter().map(|(name, value)| (name, list_in(Some(value)))).collect())
}

fn list_in(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}
