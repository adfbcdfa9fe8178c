//! Token counts against tiktoken's own (`shared/eval-vectors/token-counts.json`), and bounds.

use domain::price::Tokenizer;
use serde::Deserialize;
use serde_json::{Value, json};
use text::tokens::{Counted, Counter, TEXT_BYTES, tokenizer_of};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    schema: String,
    #[serde(rename = "reference")]
    _reference: Value,
    tolerance: Value,
    #[serde(rename = "notes")]
    _notes: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    text: String,
    o200k_base: u64,
    cl100k_base: u64,
    #[serde(rename = "o200k_ids")]
    _o200k_ids: Value,
    #[serde(rename = "cl100k_ids")]
    _cl100k_ids: Value,
}

fn count(tokenizer: Tokenizer, text: &str) -> Counted {
    Counter::default().text(tokenizer, text)
}

#[test]
fn every_text_has_as_many_tokens_as_the_reference_says() {
    let vectors: Vectors = serde_json::from_str(include_str!("../vectors/token-counts.json")).unwrap();
    assert_eq!((vectors.schema.as_str(), vectors.tolerance), ("eval-vectors/1", json!({"exact": true})));
    assert_eq!(vectors.cases.len(), 20);
    for case in vectors.cases {
        for (tokenizer, tokens) in [
            (Tokenizer::O200k, case.o200k_base),
            (Tokenizer::Cl100k, case.cl100k_base),
            (Tokenizer::Approximate, case.o200k_base),
        ] {
            assert_eq!(count(tokenizer, &case.text), Counted { tokens, cut: false }, "{tokenizer:?} {:?}", case.text);
        }
    }
}

#[test]
fn models_have_their_tokenizer_and_others_are_approximated() {
    for (model, tokenizer) in [
        ("gpt-4o-mini-2024-07-18", Tokenizer::O200k),
        ("gpt-4.1", Tokenizer::O200k),
        ("gpt-5", Tokenizer::O200k),
        ("openai/gpt-6-sol", Tokenizer::O200k),
        ("o3-mini", Tokenizer::O200k),
        ("ft:gpt-4o:mine", Tokenizer::O200k),
        ("GPT-4-turbo", Tokenizer::Cl100k),
        ("gpt-35-turbo", Tokenizer::Cl100k),
        ("text-embedding-3-small", Tokenizer::Cl100k),
        ("claude-sonnet-4-5", Tokenizer::Approximate),
        ("ollama", Tokenizer::Approximate),
        ("", Tokenizer::Approximate),
    ] {
        assert_eq!(tokenizer_of(model), tokenizer, "{model}");
    }
}

#[test]
fn a_conversation_counts_as_the_chat_format_writes_it() {
    // OpenAI's cookbook: 3 for each message, 1 for its role, its content; 3 for the answer to come.
    let input = json!([{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "Hello, world!"}]);
    let counted = Counter::default().input(Tokenizer::O200k, &input);
    assert_eq!(counted, Counted { tokens: (3 + 1 + 6) + (3 + 1 + 4) + 3, cut: false });
    let counted =
        Counter::default().output(Tokenizer::O200k, &json!({"role": "assistant", "content": "Hello, world!"}));
    assert_eq!(counted.tokens, 4);
}

#[test]
fn long_texts_are_counted_in_part_and_say_so() {
    let words = "the customer asked about delivery ".repeat(20_000);
    let counted = count(Tokenizer::O200k, &words);
    assert!(counted.cut);
    assert!(counted.tokens.abs_diff(100_000) < 100, "{}", counted.tokens);
    let fits = words.get(..TEXT_BYTES).unwrap();
    assert!(!count(Tokenizer::O200k, fits).cut);
    // A text of characters that do not end at the bound.
    assert!(count(Tokenizer::O200k, &"請".repeat(TEXT_BYTES)).cut);
}

#[test]
fn a_counter_counts_so_much_and_no_more() {
    let text = "word ".repeat(1000);
    let mut counter = Counter::bounded(12_000);
    let counts: Vec<Counted> = (0..4).map(|_| counter.text(Tokenizer::O200k, &text)).collect();
    assert_eq!(counts.iter().map(|counted| counted.cut).collect::<Vec<_>>(), [false, false, true, true]);
    assert_eq!((counts[0].tokens, counts[1].tokens), (1001, 1001));
    assert!(counts[2].tokens.abs_diff(1001) < 5, "in proportion: {}", counts[2].tokens);
    assert_eq!(counts[3].tokens, 1250, "by length");
    assert_eq!(counter.text(Tokenizer::O200k, ""), Counted { tokens: 0, cut: false });
}

/// The library stops at expressions that go back and forth too long: at this bound none does.
#[test]
fn no_text_of_the_longest_kind_panics() {
    for piece in [
        " ",
        "\n",
        " \n",
        "\t\r\n ",
        "a",
        "A",
        "aA",
        "'s",
        "1",
        "!",
        "é",
        "\u{301}",
        "ｱ",
        "請",
        "😀",
        "\u{a0}",
        " \u{2003}",
        "!\n/",
    ] {
        let text = piece.repeat((TEXT_BYTES - 1) / piece.len());
        for tokenizer in [Tokenizer::O200k, Tokenizer::Cl100k] {
            assert!(count(tokenizer, &format!("{text}x")).tokens > 0, "{piece:?}");
        }
    }
}
