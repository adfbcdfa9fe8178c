//! `math/solve`: a school problem, a model's real solution, and whether it is right.

use domain::{
    Invalid,
    score::{ScoreTarget, ScoreValue},
    time::{TimeNs, TimeUs},
    trace::SpanKind,
};
use serde_json::{Value, json};
use stats::random::Generator;

use crate::{
    Episode,
    data::Problem,
    history::MATH_TIMELINE,
    model::{MATH, nanos},
    traffic::Moment,
    write::{Asked, Visit, Writer, fail, score},
};

/// One call in so many fails.
const FAILURES: f64 = 0.008;
/// Share of people who say whether they liked the answer.
const VOTERS: f64 = 0.15;
/// Most calculator calls shown for one solution.
const MOST_TOOLS: usize = 4;

pub(crate) fn episode(
    problem: &Problem,
    visit: &Visit,
    moment: &Moment<'_>,
    random: &mut Generator,
) -> Result<Episode, Invalid> {
    let version = MATH_TIMELINE.version_at(&visit.user, moment, random);
    let solution = problem.solution(version);
    let Some(model) = MATH.get(version as usize - 1) else { return Ok(Episode::default()) };
    let call = model.call(problem.question.len() + 120, solution.solution.len(), random);
    let failed = random.uniform() < FAILURES;
    let voter = random.uniform() < VOTERS;
    let liked = random.uniform() < if solution.is_correct { 0.86 } else { 0.31 };
    let vote_after_s = 4.0 + 90.0 * (0.9 * random.normal()).exp();

    let mut writer = Writer::new("solve-problem", visit, random)?;
    let start = moment.at.to_ns().0;
    let mut root = writer.span(None, "solve-problem", SpanKind::Agent, start, start)?;
    root.input = Some(json!({ "question": problem.question }));
    let asked = Asked {
        prompt: MATH_TIMELINE.prompt,
        version,
        model: model.name,
        input: json!([{ "role": "user", "content": problem.question }]),
        call,
    };
    let mut generation =
        writer.generation(root.span_id, "write-solution", start + nanos(2.4), asked, &solution.solution)?;
    let mut tools = Vec::new();
    if failed {
        fail(&mut generation);
    } else {
        root.output = Some(Value::String(solution.solution.clone()));
        let writing_ns = (call.duration_ns - call.first_token_ns) as f64;
        for (place, sum) in calculations(&solution.solution).take(MOST_TOOLS) {
            let (question, result) = sum.split_once('=').unwrap_or((sum, ""));
            let called = generation.start_ns.0 + call.first_token_ns + (writing_ns * place) as i64;
            let mut tool =
                writer.span(Some(generation.span_id), "calculator", SpanKind::Tool, called, called + nanos(0.3))?;
            tool.input = Some(Value::String(question.to_owned()));
            tool.output = Some(Value::String(result.to_owned()));
            tools.push(tool);
        }
    }
    root.end_ns = TimeNs(generation.end_ns.0 + nanos(1.1));

    let mut scores = Vec::new();
    if !failed {
        let target = ScoreTarget::Observation { trace: root.trace_id, span: generation.span_id };
        let checked = TimeUs(generation.end_ns.to_us().0 + 1_500_000);
        scores.push(score("correct", target, ScoreValue::Boolean(solution.is_correct), checked, visit.environment)?);
        let voted = TimeUs(root.end_ns.to_us().0 + (vote_after_s * 1e6) as i64);
        if voter && voted < moment.end {
            let target = ScoreTarget::Trace { trace: root.trace_id };
            scores.push(score("thumbs_up", target, ScoreValue::Boolean(liked), voted, visit.environment)?);
        }
    }
    let mut spans = vec![root, generation];
    spans.append(&mut tools);
    Ok(Episode { spans, scores })
}

/// The calculations marked `<<2*3=6>>` in a solution, each with its place from 0 to 1.
fn calculations(solution: &str) -> impl Iterator<Item = (f64, &str)> {
    solution.match_indices("<<").filter_map(|(from, _)| {
        let rest = solution.get(from + 2..)?;
        let inside = rest.get(..rest.find(">>")?)?;
        Some((from as f64 / solution.len() as f64, inside))
    })
}
