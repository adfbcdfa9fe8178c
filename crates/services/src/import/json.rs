//! JSON as Langfuse's API and exports give it, read record by record: however large the file is, one record of it is held.

use std::{
    cell::Cell,
    fmt,
    io::{self, BufReader, Read},
    path::Path,
    rc::Rc,
};

use serde::{
    Deserialize as _,
    de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value};

use super::{
    record::Record,
    source::{Item, Place, RECORD_BYTES, Take, open, share, unreadable},
};
use crate::ServiceError;

/// Lists that a trace has as its own, when the file is one trace. They may come before what shows that it is.
const OF_A_TRACE: [&str; 4] = ["tags", "input", "output", "metadata"];

/// Gives each record of an array, of the lists of an object, or of a trace as the API gives one, with its observations and
/// scores inside.
pub(super) fn read(path: &Path, take: Take<'_>) -> Result<(), ServiceError> {
    let (file, length) = open(path)?;
    let meter = Rc::new(Meter::default());
    let metered = Metered { from: file, meter: Rc::clone(&meter) };
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(metered));
    let mut stream = Stream { take, meter, length, stopped: false };
    let read = json.deserialize_any(Top(&mut stream)).and_then(|()| json.end());
    match read {
        Err(_) if stream.stopped => Ok(()),
        read => read.map_err(unreadable),
    }
}

/// How much of the file was read.
#[derive(Default)]
struct Meter {
    at: Cell<u64>,
    /// Where the record under way began.
    began: Cell<u64>,
}

impl Meter {
    /// Another record begins.
    fn begin(&self) {
        self.began.set(self.at.get());
    }

    fn bytes(&self) -> u64 {
        self.at.get() - self.began.get()
    }
}

/// Stops where a record is larger than is held.
struct Metered<R> {
    from: R,
    meter: Rc<Meter>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.meter.at.set(self.meter.at.get() + read as u64);
        if self.meter.bytes() > RECORD_BYTES {
            let reason = format!("one of its records is longer than {} MiB", RECORD_BYTES / 1024 / 1024);
            return Err(io::Error::other(reason));
        }
        Ok(read)
    }
}

/// Where records go.
struct Stream<'a> {
    take: Take<'a>,
    meter: Rc<Meter>,
    length: u64,
    /// Nobody wants more.
    stopped: bool,
}

impl Stream<'_> {
    fn give<E: Error>(&mut self, list: &str, index: usize, entry: Value) -> Result<(), E> {
        let record = match entry {
            Value::Object(fields) => Record::of(fields, Some(list)),
            _ => Err("it is not an object".to_owned()),
        };
        let place = Place::Entry { list: list.to_owned(), index };
        let done = share(self.meter.at.get(), self.length);
        if (self.take)(Ok(Item { place, done, bytes: self.meter.bytes(), record })) {
            return Ok(());
        }
        self.stopped = true;
        Err(E::custom("nobody reads on"))
    }

    fn give_all<'de, A: SeqAccess<'de>>(&mut self, list: &str, mut entries: A) -> Result<(), A::Error> {
        for index in 0.. {
            self.meter.begin();
            let Some(entry) = entries.next_element::<Value>()? else { break };
            self.give(list, index, entry)?;
        }
        Ok(())
    }
}

/// The whole file.
struct Top<'s, 'a>(&'s mut Stream<'a>);

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of records, or an object with lists of them")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        self.0.give_all("", entries)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(stream) = self;
        let mut fields = Map::new();
        let mut lists = 0;
        while let Some(name) = map.next_key::<String>()? {
            stream.meter.begin();
            if OF_A_TRACE.contains(&name.as_str()) {
                fields.insert(name, map.next_value()?);
                continue;
            }
            match map.next_value_seed(Field { name: &name, stream: &mut *stream })? {
                Some(value) => {
                    fields.insert(name, value);
                }
                None => lists += 1,
            }
        }
        if fields.contains_key("timestamp") && fields.contains_key("id") {
            return stream.give("trace", 0, Value::Object(fields));
        }
        for (name, value) in fields {
            let Value::Array(entries) = value else { continue };
            lists += 1;
            for (index, entry) in entries.into_iter().enumerate() {
                stream.give(&name, index, entry)?;
            }
        }
        if lists == 0 {
            let reason = "its object holds no list; expected `data`, `prompts`, `traces`, `observations` or `scores`";
            return Err(A::Error::custom(reason));
        }
        Ok(())
    }
}

/// A field of the file's object: `None` for a list, whose records were given; else its value.
struct Field<'s, 'a> {
    name: &'s str,
    stream: &'s mut Stream<'a>,
}

impl<'de> DeserializeSeed<'de> for Field<'_, '_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<Value>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field<'_, '_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, entries: A) -> Result<Option<Value>, A::Error> {
        self.stream.give_all(self.name, entries)?;
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<Value>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<Value>, E> {
        Ok(Some(Value::from(text)))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Option<Value>, E> {
        Ok(Some(Value::from(value)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<Value>, E> {
        Ok(Some(Value::from(number)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<Value>, E> {
        Ok(Some(Value::from(number)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Option<Value>, E> {
        Ok(Some(Value::from(number)))
    }

    fn visit_unit<E: Error>(self) -> Result<Option<Value>, E> {
        Ok(Some(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places and kinds of what a file gives, and how it ended.
    fn given(text: &str, most: usize) -> (Vec<String>, Result<(), String>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut all = Vec::new();
        let ended = read(file.path(), &mut |item| {
            let Item { place, record, .. } = item.unwrap();
            let kind = match record {
                Ok(Record::Prompt(_)) => "prompt",
                Ok(Record::Trace(_)) => "trace",
                Ok(Record::Observation(_)) => "observation",
                Ok(Record::Score(_)) => "score",
                Err(_) => "none",
            };
            all.push(format!("{place} {kind}"));
            all.len() < most
        });
        (all, ended.map_err(|error| format!("{error:?}")))
    }

    #[test]
    fn lists_are_given_by_their_names_and_other_fields_are_passed_over() {
        let (all, ended) = given(
            r#"{"meta": {"page": 1, "of": [1]}, "total": 2.5, "at": null, "ok": true, "data": [{"prompt": "a", "name": "b"}],
                "scores": [{"name": "x", "value": 1}, 5]}"#,
            99,
        );
        assert_eq!(all, ["data[0] prompt", "scores[0] score", "scores[1] none"]);
        assert_eq!(ended, Ok(()));
        assert_eq!(given("[{\"startTime\": \"x\"}]", 99).0, ["[0] observation"]);
    }

    #[test]
    fn a_trace_with_its_observations_is_told_by_its_fields_wherever_they_stand() {
        let (all, ended) = given(
            r#"{"tags": ["a"], "input": [{"role": "user"}], "observations": [{"id": "o"}], "id": "1", "scores": [],
                "timestamp": "2026-01-01T00:00:00Z"}"#,
            99,
        );
        assert_eq!(all, ["observations[0] observation", "trace[0] trace"]);
        assert_eq!(ended, Ok(()));
    }

    #[test]
    fn what_is_broken_further_down_is_said_after_what_came_before_it() {
        let (all, ended) = given(r#"[{"startTime": "x"}, {"startTime" 5}]"#, 99);
        assert_eq!(all.len(), 1);
        assert!(ended.unwrap_err().contains("line 1 column"));
        assert!(given("5", 99).1.unwrap_err().contains("an array of records"));
        assert!(given("{\"a\": 1}", 99).1.unwrap_err().contains("holds no list"));
        assert!(given("[] []", 99).1.unwrap_err().contains("trailing"));
    }

    #[test]
    fn reading_ends_when_nobody_wants_more() {
        let (all, ended) = given("[{}, {}, {} this is no JSON", 2);
        assert_eq!((all.len(), ended), (2, Ok(())));
    }

    #[test]
    fn a_record_larger_than_is_held_is_refused_and_others_of_any_number_are_not() {
        let small = format!("[{}{{}}]", format!("{{\"a\": \"{}\"}},", "x".repeat(1 << 20)).repeat(20));
        assert_eq!(given(&small, 99).1, Ok(()));
        let large = format!("[{{}}, {{\"a\": \"{}\"}}]", "x".repeat(17 << 20));
        let (all, ended) = given(&large, 99);
        assert_eq!(all.len(), 1);
        assert!(ended.unwrap_err().contains("longer than 16 MiB"));
    }
}
