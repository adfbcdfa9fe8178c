//! Token counts, where a provider did not say them: by the model's own tokenizer where that is public, else by one that
//! comes near.
//!
//! An estimate is bounded: of a text longer than [`TEXT_BYTES`] the beginning is counted and the rest taken in proportion,
//! and a [`Counter`] counts [`ALL_BYTES`] in all before it goes on by length alone. Both are said with the result.

mod content;

use domain::price::{Estimate, Tokenizer};
use serde_json::Value;
use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

/// Bytes of one text that are counted.
pub const TEXT_BYTES: usize = 64 << 10;
/// Bytes that one [`Counter`] counts in all: a tenth of a second of work.
pub const ALL_BYTES: usize = 4 << 20;
/// Bytes a token has where nothing is counted any more; English prose has 4 to 5, other languages and code fewer.
const BYTES_PER_TOKEN: u64 = 4;
/// What a chat format adds to each message, and to prime the answer (OpenAI's cookbook, "How to count tokens").
const PER_MESSAGE: u64 = 3;
const PER_ANSWER: u64 = 3;

/// The tokenizer of a model by its name, with or without a provider before it.
pub fn tokenizer_of(model: &str) -> Tokenizer {
    let model = model.trim().to_lowercase();
    let name = model.rsplit('/').next().unwrap_or(&model);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if starts(&["gpt-4o", "gpt-4.", "chatgpt-", "gpt-oss", "gpt-realtime", "gpt-audio", "codex-"]) {
        return Tokenizer::O200k;
    }
    if starts(&["gpt-4", "gpt-3", "text-embedding-"]) {
        return Tokenizer::Cl100k;
    }
    // `gpt-5` and whatever comes after it; `o1`, `o3-mini` and the like.
    let number_after =
        |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if number_after("gpt-") || number_after("o") { Tokenizer::O200k } else { Tokenizer::Approximate }
}

/// Tokens of what a call read or wrote.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counted {
    /// How many.
    pub tokens: u64,
    /// Whether some of it was taken in proportion.
    pub cut: bool,
}

/// Counts the texts of one request to the server, up to a bound.
#[derive(Debug)]
pub struct Counter {
    left: usize,
}

impl Default for Counter {
    fn default() -> Self {
        Self::bounded(ALL_BYTES)
    }
}

impl Counter {
    /// Counts so many bytes in all.
    pub fn bounded(bytes: usize) -> Self {
        Self { left: bytes }
    }

    /// Tokens of what a model was given: a text, or messages in any of the usual forms, or any other JSON as it is written.
    /// Pictures, sound and files are left out: what they cost is no question of text.
    pub fn input(&mut self, tokenizer: Tokenizer, value: &Value) -> Counted {
        let content = content::read(value);
        let mut counted = self.texts(tokenizer, &content.texts);
        if content.messages > 0 {
            counted.tokens += content.messages * PER_MESSAGE + PER_ANSWER;
        }
        counted
    }

    /// Tokens of what a model gave back.
    pub fn output(&mut self, tokenizer: Tokenizer, value: &Value) -> Counted {
        // The role of an answer is part of what primed it.
        self.texts(tokenizer, &content::read(value).without_roles())
    }

    fn texts<T: AsRef<str>>(&mut self, tokenizer: Tokenizer, texts: &[T]) -> Counted {
        let mut all = Counted::default();
        for text in texts {
            let one = self.text(tokenizer, text.as_ref());
            all.tokens = all.tokens.saturating_add(one.tokens);
            all.cut |= one.cut;
        }
        all
    }

    /// Tokens of a text. Words that steer a model, such as `<|endoftext|>`, count as the text they are.
    pub fn text(&mut self, tokenizer: Tokenizer, text: &str) -> Counted {
        let end = text.floor_char_boundary(text.len().min(TEXT_BYTES).min(self.left));
        let counted = text.get(..end).unwrap_or_default();
        let length = text.len() as u64;
        if counted.is_empty() {
            return Counted { tokens: length.div_ceil(BYTES_PER_TOKEN), cut: !text.is_empty() };
        }
        self.left -= counted.len();
        let tokens = encoding(tokenizer).encode_ordinary(counted).len() as u64;
        let cut = counted.len() < text.len();
        let whole = if cut { (tokens * length).div_ceil(counted.len() as u64) } else { tokens };
        Counted { tokens: whole, cut }
    }
}

/// How the counts of a call were come by.
pub fn estimate(tokenizer: Tokenizer, counts: &[Counted]) -> Estimate {
    Estimate { tokenizer, cut: counts.iter().any(|counted| counted.cut) }
}

/// Read on first use: each takes some 35 MB and a sixth of a second.
fn encoding(tokenizer: Tokenizer) -> &'static CoreBPE {
    match tokenizer {
        Tokenizer::O200k | Tokenizer::Approximate => o200k_base_singleton(),
        Tokenizer::Cl100k => cl100k_base_singleton(),
    }
}
