//! When who asks what: two weeks of it, in order of time.

use domain::{score::Score, time::TimeUs, trace::Span};
use stats::random::Generator;

use crate::{
    DAYS, DemoError, assistant, chat,
    data::{Chat, Data, Problem},
    math,
    write::Visit,
};

/// What to make.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Plan {
    /// The same seed makes the same traffic.
    pub seed: u64,
    /// About how many spans, within a tenth from a thousand on.
    pub spans: u64,
    /// The moment up to which there is traffic. Everything in it lies before.
    pub end: TimeUs,
}

/// Which version a prompt's running trial gives a user at a moment; none when nothing splits the prompt then.
pub type Split = dyn Fn(&str, &str, TimeUs) -> Option<u32> + Send;

/// When a visit begins, and what its calls depend on beside chance.
pub(crate) struct Moment<'s> {
    pub(crate) at: TimeUs,
    /// Nothing happens from here on.
    pub(crate) end: TimeUs,
    pub(crate) split: &'s Split,
}

/// What happened in one visit: the spans of one trace, or of a whole conversation, and the scores given to them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Episode {
    /// Parents first.
    pub spans: Vec<Span>,
    /// By time.
    pub scores: Vec<Score>,
}

/// Two weeks of traffic, oldest first.
pub struct Traffic {
    plan: Plan,
    split: Box<Split>,
    problems: Vec<Problem>,
    assistants: Vec<assistant::Judged>,
    chats: Vec<Chat>,
    /// Share of the traffic that has passed at the end of each hour.
    passed: Vec<f64>,
    episodes: u64,
    next: u64,
}

/// Spans of an episode on average over the mix below.
const MEAN_SPANS: f64 = 5.35;
/// Up to these shares an episode is a problem, an instruction; the rest are conversations.
const MIX: (f64, f64) = (0.45, 0.75);
const HOUR_US: i64 = 3_600_000_000;
/// The last visit begins this long before the end, so that it is over by then.
const REST_US: i64 = HOUR_US / 4;

impl Traffic {
    /// Unpacks the data and lays out the time.
    ///
    /// # Errors
    /// When the embedded data cannot be read.
    pub fn new(plan: Plan, split: Box<Split>) -> Result<Self, DemoError> {
        let Data { problems, answers, chats } = Data::load()?;
        let episodes = (plan.spans as f64 / MEAN_SPANS).ceil() as u64;
        Ok(Self {
            plan,
            split,
            problems,
            assistants: assistant::judge(answers),
            chats,
            passed: day_cycle(plan.end),
            episodes,
            next: 0,
        })
    }

    /// How much of it has been made, from 0 to 1.
    pub fn progress(&self) -> f64 {
        if self.episodes == 0 { 1.0 } else { self.next as f64 / self.episodes as f64 }
    }

    /// The moment at which this share of the traffic has passed.
    fn moment(&self, share: f64) -> TimeUs {
        let hour = self.passed.partition_point(|passed| *passed < share).min(self.passed.len().saturating_sub(1));
        let before = hour.checked_sub(1).and_then(|before| self.passed.get(before)).copied().unwrap_or(0.0);
        let width = self.passed.get(hour).copied().unwrap_or(1.0) - before;
        let within = if width > 0.0 { (share - before) / width } else { 0.0 };
        let start = self.plan.end.0 - REST_US - i64::from(DAYS) * 24 * HOUR_US;
        TimeUs(start + hour as i64 * HOUR_US + (within.clamp(0.0, 1.0) * HOUR_US as f64) as i64)
    }

    fn episode(&self, number: u64) -> Result<Episode, DemoError> {
        let mut random = Generator::new(self.plan.seed ^ (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let at = self.moment((number as f64 + random.uniform()) / self.episodes as f64);
        let users = (self.plan.spans / 40).clamp(150, 100_000);
        let visit = Visit::draw(users, self.plan.seed, &mut random);
        let kind = random.uniform();
        let moment = Moment { at, end: self.plan.end, split: &*self.split };
        let made = if kind < MIX.0 {
            math::episode(pick(&self.problems, "gsm8k", &mut random)?, &visit, &moment, &mut random)
        } else if kind < MIX.1 {
            assistant::episode(&self.assistants, &visit, &moment, &mut random)
        } else {
            chat::episode(pick(&self.chats, "chats", &mut random)?, number, &visit, &moment, &mut random)
        };
        Ok(made?)
    }
}

impl Iterator for Traffic {
    type Item = Result<Episode, DemoError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.episodes {
            return None;
        }
        let number = self.next;
        self.next += 1;
        Some(self.episode(number))
    }
}

fn pick<'a, T>(list: &'a [T], name: &'static str, random: &mut Generator) -> Result<&'a T, DemoError> {
    list.get(random.below(list.len() as u64) as usize).ok_or(DemoError::Empty(name))
}

/// People are awake by day and off at weekends: the share of two weeks' traffic that has passed after each hour.
fn day_cycle(end: TimeUs) -> Vec<f64> {
    let hours = i64::from(DAYS) * 24;
    let first = (end.0 - REST_US).div_euclid(HOUR_US) - hours;
    let mut sum = 0.0;
    let mut passed: Vec<f64> = (first..first + hours)
        .map(|hour| {
            let of_day = (hour.rem_euclid(24) as f64 - 14.0) / 24.0 * std::f64::consts::TAU;
            // 1970-01-01 was a Thursday.
            let weekend = matches!((hour.div_euclid(24) + 4).rem_euclid(7), 0 | 6);
            sum += (1.0 + 0.75 * of_day.cos()) * if weekend { 0.55 } else { 1.0 };
            sum
        })
        .collect();
    for share in &mut passed {
        *share /= sum;
    }
    passed
}
