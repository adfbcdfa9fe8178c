//! From a sender's counts to buckets that do not overlap.

use domain::trace::TokenBuckets;

use super::{
    Convention,
    keys::{
        self, Counts, Keys,
        Place::{self, Beside, Inside},
    },
};

/// Sound or pictures. Nested among details they are always inside the whole; under a key of their own they go where the
/// other parts go.
#[derive(Clone, Copy)]
struct Medium {
    count: u64,
    nested: bool,
}

/// The parts of one side.
#[derive(Clone, Copy)]
struct Input {
    whole: u64,
    read: u64,
    read_audio: u64,
    write: u64,
    write_1h: u64,
    audio: Medium,
    image: Medium,
}

/// Likewise.
#[derive(Clone, Copy)]
struct Output {
    whole: u64,
    reasoning: u64,
    audio: Medium,
    image: Medium,
}

/// What is left of a whole when parts of it are taken out; all of it when they cannot be in it.
fn without(whole: u64, parts: u64, place: Place) -> u64 {
    match place {
        Inside => whole.checked_sub(parts).unwrap_or(whole),
        Beside => whole,
    }
}

impl Medium {
    /// The medium, which cannot be more than what is left of its whole, and what is left after it. Where the cache already took
    /// some of it out, the sender does not say how much.
    fn within(self, left: u64, place: Place) -> (u64, u64) {
        match place {
            Beside if !self.nested => (self.count, left),
            Inside | Beside => (self.count.min(left), left - self.count.min(left)),
        }
    }

    fn without(self, part: u64) -> Self {
        Self { count: self.count.saturating_sub(part), ..self }
    }
}

fn read(input: &Input, input_place: Place, output: &Output, output_place: Place) -> TokenBuckets {
    let cached = input.read.saturating_add(input.write).saturating_add(input.write_1h);
    let left = without(input.whole, cached, input_place);
    let read_audio = input.read_audio.min(input.read);
    let (input_audio, left) = input.audio.without(read_audio).within(left, input_place);
    let (input_image, fresh) = input.image.within(left, input_place);
    let left = without(output.whole, output.reasoning, output_place);
    let (output_audio, left) = output.audio.within(left, output_place);
    let (output_image, written) = output.image.within(left, output_place);
    TokenBuckets {
        input: fresh,
        cache_read: input.read - read_audio,
        cache_read_audio: read_audio,
        cache_write: input.write,
        cache_write_1h: input.write_1h,
        input_audio,
        input_image,
        output: written,
        reasoning: output.reasoning,
        output_audio,
        output_image,
        other: 0,
    }
}

/// Reads counts by the rule of the module above; `None` when there is no count of tokens among them.
pub(super) fn buckets(counts: &Counts, convention: Convention) -> Option<TokenBuckets> {
    let (input, output, total) = (counts.first(keys::INPUT), counts.first(keys::OUTPUT), counts.first(keys::TOTAL));
    let mut any = input.is_some() || output.is_some() || total.is_some();
    let mut part = |keys: Keys, beside: &mut bool| {
        let found = counts.part(keys);
        any |= found.is_some();
        *beside |= found.is_some_and(|(_, place)| place == Beside);
        found.unwrap_or((0, Inside))
    };
    let mut input_beside = false;
    let mut of_input = |keys: Keys| part(keys, &mut input_beside);
    let (read_all, read_audio) = (of_input(keys::CACHE_READ).0, of_input(keys::CACHED_AUDIO).0);
    let write_all = of_input(keys::CACHE_WRITE).0;
    let (write_5m, write_1h) = (of_input(keys::CACHE_WRITE_5M).0, of_input(keys::CACHE_WRITE_1H).0);
    let medium = |(count, place): (u64, Place)| Medium { count, nested: place == Inside };
    let sent = Input {
        whole: input.unwrap_or(0),
        read: read_all,
        read_audio,
        // What is kept for an hour is part of all that was written, where that is said.
        write: write_all.max(write_1h.saturating_add(write_5m)) - write_1h,
        write_1h,
        audio: medium(of_input(keys::INPUT_AUDIO)),
        image: medium(of_input(keys::INPUT_IMAGE)),
    };
    let mut output_beside = false;
    let mut of_output = |keys: Keys| part(keys, &mut output_beside);
    let came = Output {
        whole: output.unwrap_or(0),
        reasoning: of_output(keys::REASONING).0,
        audio: medium(of_output(keys::OUTPUT_AUDIO)),
        image: medium(of_output(keys::OUTPUT_IMAGE)),
    };
    if !any {
        return None;
    }
    let inclusive =
        convention == Convention::Inclusive || counts.has("prompt_tokens") || counts.has("completion_tokens");
    let place = |beside: bool| if beside && !inclusive { Beside } else { Inside };
    let more = counts.first(keys::MORE_INPUT).unwrap_or(0);
    let reading = |input_place: Place, output_place: Place| {
        let mut buckets = read(&sent, input_place, &came, output_place);
        buckets.input = buckets.input.saturating_add(more);
        buckets
    };
    let mut buckets = reading(place(input_beside), place(output_beside));
    let Some(total) = total else { return Some(buckets) };
    if buckets.total() != total {
        let readings = [(Inside, Inside), (Beside, Beside), (Inside, Beside), (Beside, Inside)];
        let fitting = readings.iter().map(|(input, output)| reading(*input, *output));
        buckets = fitting.into_iter().find(|reading| reading.total() == total).unwrap_or(buckets);
    }
    buckets.other = total.saturating_sub(buckets.total());
    Some(buckets)
}
