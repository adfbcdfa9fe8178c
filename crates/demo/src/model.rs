//! What is made up about the models: how fast they are and what they cost. Their answers are real.

use domain::money::NanoUsd;
use stats::random::Generator;

/// A model's pace and price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    /// The name on its spans.
    pub(crate) name: &'static str,
    /// Middle time to the first token, in milliseconds.
    first_token_ms: f64,
    /// Milliseconds a token after that.
    token_ms: f64,
    /// Nano-dollars a token read.
    input_nano: i64,
    /// Nano-dollars a token written.
    output_nano: i64,
}

const fn model(name: &'static str, first_token_ms: f64, token_ms: f64, input_nano: i64, output_nano: i64) -> Model {
    Model { name, first_token_ms, token_ms, input_nano, output_nano }
}

/// Behind the versions of `math/solve`. The ones that check rank a hundred samples: slow to begin, and dear.
pub(crate) const MATH: [Model; 4] = [
    model("gpt3-6b-finetuned", 160.0, 5.5, 400, 800),
    model("gpt3-6b-verified", 640.0, 6.0, 900, 1_800),
    model("gpt3-175b-finetuned", 410.0, 19.0, 4_000, 12_000),
    model("gpt3-175b-verified", 980.0, 14.0, 3_000, 9_000),
];

/// Behind the versions of `assistant/follow`, by the names of their files.
pub(crate) const ASSISTANT: [Model; 8] = [
    model("davinci", 420.0, 17.0, 20_000, 20_000),
    model("davinci-t0-ft", 380.0, 17.0, 20_000, 20_000),
    model("davinci-superni-ft", 380.0, 17.0, 20_000, 20_000),
    model("davinci-self-instruct", 390.0, 17.0, 20_000, 20_000),
    model("davinci-self-instruct-and-superni-ft", 390.0, 17.0, 20_000, 20_000),
    model("text-davinci-001", 330.0, 14.0, 20_000, 20_000),
    model("text-davinci-002", 300.0, 12.0, 20_000, 20_000),
    model("text-davinci-003", 310.0, 12.0, 20_000, 20_000),
];

/// Behind both versions of `chat/companion`: people, so the name says so.
pub(crate) const PEOPLE: Model = model("people", 240.0, 9.0, 150, 600);

/// One call, as far as it is made up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) first_token_ns: i64,
    pub(crate) duration_ns: i64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) input_cost: NanoUsd,
    pub(crate) output_cost: NanoUsd,
}

impl Model {
    /// A call that reads and writes so many characters. Times are log-normal about their middle.
    pub(crate) fn call(&self, read: usize, written: usize, random: &mut Generator) -> Call {
        let input_tokens = tokens(read);
        let output_tokens = tokens(written);
        let first = self.first_token_ms * (0.28 * random.normal()).exp();
        let rest = self.token_ms * output_tokens as f64 * (0.16 * random.normal()).exp();
        Call {
            first_token_ns: nanos(first),
            duration_ns: nanos(first + rest),
            input_tokens,
            output_tokens,
            input_cost: NanoUsd(self.input_nano * input_tokens as i64),
            output_cost: NanoUsd(self.output_nano * output_tokens as i64),
        }
    }
}

/// English runs at about four characters a token.
fn tokens(characters: usize) -> u64 {
    characters.div_ceil(4) as u64
}

pub(crate) fn nanos(milliseconds: f64) -> i64 {
    (milliseconds * 1e6).round() as i64
}
