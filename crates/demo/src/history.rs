//! The prompts: who wrote which version when, and when production moved to it.

use domain::{
    prompt::{ChatItem, PromptBody},
    time::TimeUs,
};
use serde_json::{Value, json};
use stats::random::Generator;

use crate::{
    model::{ASSISTANT, MATH, Model, PEOPLE},
    traffic::Moment,
};

/// A prompt of the demo.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoPrompt {
    /// Its name.
    pub name: &'static str,
    /// Its tags.
    pub tags: &'static [&'static str],
    /// Version 1 first.
    pub versions: Vec<DemoVersion>,
}

/// A version of it.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoVersion {
    /// What it says.
    pub body: PromptBody,
    /// Model and parameters.
    pub config: Value,
    /// Why it was written.
    pub message: &'static str,
    /// When it was saved.
    pub saved: TimeUs,
    /// The labels people moved to it, when, and why; trials move theirs themselves.
    pub labels: Vec<Rise>,
}

/// A label that moved to a version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rise {
    /// Which label.
    pub label: &'static str,
    /// When.
    pub at: TimeUs,
    /// Why.
    pub reason: &'static str,
}

/// A prompt's versions in time, in days before the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    pub(crate) prompt: &'static str,
    steps: &'static [Step],
    /// Share of traffic a saved version gets before it is in production.
    canary: f64,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    saved: f64,
    /// None: it never got there.
    production: Option<f64>,
    message: &'static str,
    rise: Why,
}

/// What moved production to a version.
#[derive(Clone, Copy, Debug)]
enum Why {
    /// A person, for this reason.
    Moved(&'static str),
    /// A trial that shipped it, or has not yet.
    Trial,
}

const fn step(saved: f64, production: f64, message: &'static str, reason: &'static str) -> Step {
    Step { saved, production: Some(production), message, rise: Why::Moved(reason) }
}

const fn tried(saved: f64, production: Option<f64>, message: &'static str) -> Step {
    Step { saved, production, message, rise: Why::Trial }
}

pub(crate) const MATH_TIMELINE: Timeline = Timeline {
    prompt: "math/solve",
    steps: &[
        step(16.0, 16.0, "First version, on the small model", "first release"),
        step(10.6, 10.0, "Sample many answers and keep the one the verifier trusts", "more right in the canary"),
        step(6.5, 6.0, "The large model, one answer: simpler to run", "one call instead of a hundred"),
        tried(5.6, Some(1.5), "The large model, checked by the verifier"),
    ],
    canary: 0.1,
};

pub(crate) const ASSISTANT_TIMELINE: Timeline = Timeline {
    prompt: "assistant/follow",
    steps: &[
        step(16.0, 16.0, "Plain completion", "first release"),
        step(13.0, 12.5, "Tuned on T0", "short answers at last"),
        step(11.3, 10.8, "Tuned on SuperNI", "t0 left answers empty"),
        step(9.6, 9.1, "Tuned on its own instructions", "follows more kinds of requests"),
        step(7.9, 7.4, "Own instructions and SuperNI together", "a little better on both"),
        step(6.2, 5.7, "Instruct model 001", "the vendor's first instruct model"),
        step(4.5, 4.0, "Instruct model 002", "the vendor's second"),
        step(2.8, 2.3, "Instruct model 003", "the vendor's third"),
    ],
    canary: 0.1,
};

pub(crate) const CHAT_TIMELINE: Timeline = Timeline {
    prompt: "chat/companion",
    steps: &[step(16.0, 16.0, "First version", "first release"), tried(9.0, None, "Ask back more often")],
    canary: 0.1,
};

impl Timeline {
    /// Which version a call of a user at `at` uses: their arm's while a trial splits the prompt.
    pub(crate) fn version_at(&self, user: &str, moment: &Moment<'_>, random: &mut Generator) -> u32 {
        let Moment { at, end, split } = *moment;
        let reached = |days: f64| at >= before(end, days);
        let live = self.steps.iter().rposition(|step| step.production.is_some_and(reached)).unwrap_or(0);
        let waits = self.steps.get(live + 1).is_some_and(|next| reached(next.saved));
        // Drawn in any case, so that a call's other numbers do not depend on the time line.
        let canary = random.uniform() < self.canary;
        split(self.prompt, user, at).unwrap_or(live as u32 + 1 + u32::from(waits && canary))
    }

    fn prompt(
        &self,
        tags: &'static [&'static str],
        end: TimeUs,
        models: &[Model],
        bodies: &[PromptBody],
    ) -> DemoPrompt {
        let versions = self.steps.iter().enumerate().map(|(index, step)| {
            let model = models.get(index).or(models.last()).map_or("", |model| model.name);
            let body = bodies.get(index).or(bodies.last()).cloned();
            let saved = before(end, step.saved);
            let labels = match (step.production, step.rise) {
                (Some(days), Why::Moved(reason)) => vec![Rise { label: "production", at: before(end, days), reason }],
                _ => Vec::new(),
            };
            DemoVersion {
                body: body.unwrap_or_else(|| PromptBody::Text(String::new())),
                config: json!({ "model": model, "temperature": if index % 2 == 0 { 0.0 } else { 0.7 } }),
                message: step.message,
                saved,
                labels,
            }
        });
        DemoPrompt { name: self.prompt, tags, versions: versions.collect() }
    }
}

/// The prompts with their history up to `end`.
pub fn prompts(end: TimeUs) -> Vec<DemoPrompt> {
    let chat = |system: &str| {
        PromptBody::Chat(vec![
            ChatItem::Message { role: "system".into(), content: system.into() },
            ChatItem::Placeholder { name: "history".into() },
        ])
    };
    let solve = |system: &str| {
        PromptBody::Chat(vec![
            ChatItem::Message { role: "system".into(), content: system.into() },
            ChatItem::Message { role: "user".into(), content: "{{question}}".into() },
        ])
    };
    vec![
        MATH_TIMELINE.prompt(
            &["school", "numbers"],
            end,
            &MATH,
            &[solve(SOLVE), solve(SOLVE_CHECKED), solve(SOLVE), solve(SOLVE_CHECKED)],
        ),
        ASSISTANT_TIMELINE.prompt(
            &["writing"],
            end,
            &ASSISTANT,
            &[PromptBody::Text("{{instruction}}\n\n{{input}}".into())],
        ),
        CHAT_TIMELINE.prompt(
            &["talk"],
            end,
            &[PEOPLE],
            &[
                chat("Talk with a stranger. Start from: {{opening}}"),
                chat("Talk with a stranger. Ask back more often than you tell. Start from: {{opening}}"),
            ],
        ),
    ]
}

const SOLVE: &str = "Solve the problem step by step. Write each calculation as <<…>>. End with \"A: \" and the number.";

const SOLVE_CHECKED: &str = "Solve the problem step by step. Write each calculation as <<…>>. Check every step before \
                             the next. End with \"A: \" and the number.";

pub(crate) fn before(end: TimeUs, days: f64) -> TimeUs {
    TimeUs(end.0 - (days * 86_400e6) as i64)
}
