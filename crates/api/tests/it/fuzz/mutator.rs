//! Spoils bytes, texts and JSON, the same way for the same seed.

use serde_json::{Map, Value, json};

/// What breaks readers more often than chance would.
const TOKENS: [&str; 26] = [
    "NaN",
    "-Infinity",
    "1e999",
    "-1",
    "-0",
    "0",
    "9223372036854775808",
    "18446744073709551616",
    "1e-400",
    "null",
    "true",
    "\"\"",
    "{}",
    "[]",
    "[[[[[[[[",
    "\\u0000",
    "\\ud800",
    "\\udfff",
    "\u{0}",
    "\u{202e}",
    "{{",
    "}}",
    "%00",
    "%ff",
    "9999-12-31T23:59:59Z",
    "../../etc/passwd",
];
/// Deeper than any sender goes.
const DEEP: usize = 300;

/// A source of damage.
pub(super) struct Mutator(u64);

impl Mutator {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { usize::try_from(self.next() % end as u64).unwrap_or(0) }
    }

    pub(super) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// One of the seeds, spoiled in one to four places.
    pub(super) fn bytes(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.pick(seeds).clone();
        for _ in 0..=self.below(4) {
            self.spoil(&mut bytes, seeds);
        }
        bytes
    }

    /// As [`Self::bytes`], with the damage within the JSON half of the time.
    pub(super) fn json_bytes(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let seed = self.pick(seeds);
        match serde_json::from_slice::<Value>(seed) {
            Ok(mut value) if self.below(2) == 0 => {
                for _ in 0..=self.below(3) {
                    self.spoil_value(&mut value);
                }
                value.to_string().into_bytes()
            }
            _ => self.bytes(seeds),
        }
    }

    /// A spoiled text.
    pub(super) fn text(&mut self, seeds: &[&str]) -> String {
        let seeds: Vec<Vec<u8>> = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
        String::from_utf8_lossy(&self.bytes(&seeds)).into_owned()
    }

    fn spoil(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(bytes.len() + 1);
        match self.below(8) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            2 if at < bytes.len() => bytes[at] = self.next() as u8,
            3 => {
                let token = self.pick(&TOKENS).as_bytes();
                bytes.splice(at..at, token.iter().copied());
            }
            4 => {
                let (from, to) = self.range(bytes.len());
                bytes.drain(from..to);
            }
            5 => {
                let (from, to) = self.range(bytes.len());
                let again = bytes[from..to].to_vec();
                bytes.splice(at..at, again);
            }
            6 => {
                let other = self.pick(seeds).clone();
                let (from, to) = self.range(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                let (from, to) = self.range(bytes.len());
                let token = self.pick(&TOKENS).as_bytes();
                bytes.splice(from..to, token.iter().copied());
            }
        }
    }

    /// A short stretch of something that long.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        let to = (from + self.below(24)).min(length);
        (from, to)
    }

    /// Spoils one place of a document, found by walking down at random.
    fn spoil_value(&mut self, value: &mut Value) {
        let stop = self.below(4) == 0;
        match value {
            Value::Object(fields) if !stop && !fields.is_empty() => {
                let key = fields.keys().nth(self.below(fields.len())).cloned().unwrap_or_default();
                match self.below(6) {
                    0 => {
                        fields.remove(&key);
                    }
                    1 => {
                        let taken = fields.remove(&key).unwrap_or_default();
                        fields.insert((*self.pick(&TOKENS)).to_owned(), taken);
                    }
                    _ => self.spoil_value(fields.entry(key).or_insert(Value::Null)),
                }
            }
            Value::Array(items) if !stop && !items.is_empty() => {
                let index = self.below(items.len());
                match self.below(6) {
                    0 => {
                        items.remove(index);
                    }
                    1 => {
                        let again = items[index].clone();
                        items.extend(std::iter::repeat_n(again, self.below(40)));
                    }
                    _ => self.spoil_value(&mut items[index]),
                }
            }
            other => *other = self.strange(),
        }
    }

    fn strange(&mut self) -> Value {
        match self.below(14) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(-1),
            3 => json!(u64::MAX),
            4 => json!(i64::MIN),
            5 => json!(1.797_693_134_862_315_7e308),
            6 => json!(5e-324),
            7 => json!(0.1),
            8 => json!(""),
            9 => json!("a".repeat(self.below(70_000))),
            10 => json!([1, [2, [3, {"four": 5}]]]),
            11 => (0..DEEP).fold(json!(1), |inner, _| json!([inner])),
            12 => Value::Object((0..self.below(300)).map(|n| (format!("k{n}"), json!(n))).collect::<Map<_, _>>()),
            _ => json!(*self.pick(&TOKENS)),
        }
    }
}
