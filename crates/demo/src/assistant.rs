//! `assistant/follow`: an instruction, a model's real answer, and how much of a person's answer is in it.

use std::collections::BTreeMap;

use domain::{
    Invalid,
    score::{ScoreTarget, ScoreValue},
    time::TimeNs,
    trace::SpanKind,
};
use serde_json::{Value, json};
use stats::random::Generator;

use crate::{
    Episode,
    data::{Answers, Instruction},
    history::ASSISTANT_TIMELINE,
    model::{ASSISTANT, nanos},
    traffic::Moment,
    write::{Asked, Visit, Writer, fail, score},
};

const FAILURES: f64 = 0.012;

/// One model's answers with their overlaps, in the order of the versions.
#[derive(Debug)]
pub(crate) struct Judged {
    answers: Answers,
    overlaps: Vec<f64>,
}

/// Puts the models in the order of their versions and judges every answer once.
pub(crate) fn judge(mut all: Vec<Answers>) -> Vec<Judged> {
    let version = |answers: &Answers| ASSISTANT.iter().position(|model| model.name == answers.model);
    all.retain(|answers| version(answers).is_some());
    all.sort_by_key(version);
    let judged = all.into_iter().map(|answers| {
        let overlaps = answers.lines.iter().map(|line| overlap(answer(line), &line.target)).collect();
        Judged { answers, overlaps }
    });
    judged.collect()
}

pub(crate) fn episode(
    judged: &[Judged],
    visit: &Visit,
    moment: &Moment<'_>,
    random: &mut Generator,
) -> Result<Episode, Invalid> {
    let version = ASSISTANT_TIMELINE.version_at(&visit.user, moment, random);
    let index = version as usize - 1;
    let (Some(Judged { answers, overlaps }), Some(model)) = (judged.get(index), ASSISTANT.get(index)) else {
        return Ok(Episode::default());
    };
    let which = random.below(answers.lines.len() as u64) as usize;
    let (Some(line), Some(overlap)) = (answers.lines.get(which), overlaps.get(which)) else {
        return Ok(Episode::default());
    };
    let answer = answer(line);
    let prompt = format!("{}\n\n{}", line.text.trim(), line.input);
    let call = model.call(prompt.len(), answer.len(), random);
    let failed = random.uniform() < FAILURES;

    let mut writer = Writer::new("answer-request", visit, random)?;
    let start = moment.at.to_ns().0;
    let mut root = writer.span(None, "answer-request", SpanKind::Chain, start, start)?;
    root.input = Some(json!({ "instruction": line.text, "input": line.input }));
    let asked =
        Asked { prompt: ASSISTANT_TIMELINE.prompt, version, model: model.name, input: Value::String(prompt), call };
    let mut generation = writer.generation(root.span_id, "write-answer", start + nanos(1.2), asked, answer)?;
    if failed {
        fail(&mut generation);
        root.end_ns = TimeNs(generation.end_ns.0 + nanos(0.4));
        return Ok(Episode { spans: vec![root, generation], scores: Vec::new() });
    }
    root.output = Some(Value::String(answer.to_owned()));
    let compared = generation.end_ns.0 + nanos(0.2);
    let mut judge = writer.span(
        Some(root.span_id),
        "compare-with-reference",
        SpanKind::Evaluator,
        compared,
        compared + nanos(0.9),
    )?;
    judge.input = Some(json!({ "reference": line.target }));
    judge.output = Some(json!({ "overlap": overlap }));
    root.end_ns = TimeNs(judge.end_ns.0 + nanos(0.2));
    let target = ScoreTarget::Observation { trace: root.trace_id, span: generation.span_id };
    let value = ScoreValue::numeric(*overlap)?;
    let scores = vec![score("overlap", target, value, judge.end_ns.to_us(), visit.environment)?];
    Ok(Episode { spans: vec![root, generation, judge], scores })
}

fn answer(line: &Instruction) -> &str {
    line.response.as_deref().unwrap_or_default().trim()
}

/// F1 of the words two texts share, as SQuAD counts it (Rajpurkar et al. 2016, §6.1), to four decimals.
fn overlap(answer: &str, reference: &str) -> f64 {
    let words = |text: &str| {
        let mut counts = BTreeMap::<String, u32>::new();
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
        counts
    };
    let (answer, reference) = (words(answer), words(reference));
    let shared: u32 = answer.iter().map(|(word, count)| (*count).min(reference.get(word).copied().unwrap_or(0))).sum();
    let all = answer.values().sum::<u32>() + reference.values().sum::<u32>();
    if all == 0 {
        return 1.0;
    }
    (f64::from(2 * shared) / f64::from(all) * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn overlap_counts_words_as_often_as_both_have_them() {
        // Two of three and two of two words: 2·2 / (3 + 2).
        assert!((overlap("The cat sat.", "the CAT") - 0.8).abs() < 1e-12);
        assert!((overlap("no no no", "no") - 0.5).abs() < 1e-12);
        assert!(overlap("", "something").abs() < 1e-12);
        assert!((overlap("", "") - 1.0).abs() < 1e-12);
    }
}
