//! Numbers of a table against `stats` and against plain arithmetic.

use domain::experiment::{Cap, Correction, Margin, Method, MetricRole};
use experiment::{Choices, GuardrailState, Sheet};
use stats::{
    anytime::{Floor, OneSided, Sequence},
    bayes::{Posterior, Prior},
    contrast::{Direction, absolute},
    decision,
    estimate::MetricKind,
    fixed::Welch,
};

use crate::sheets::{arm, binary, block, goal, guardrail, metric, sheet, usual};

fn close(got: Option<f64>, expected: f64) {
    let got = got.unwrap();
    assert!((got - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{got} is not {expected}");
}

fn choices(sheet: &Sheet, method: Method) -> Choices {
    Choices { method, correction: Correction::None, ..Choices::of(&sheet.plan) }
}

#[test]
fn the_anytime_view_is_the_sequence_with_the_variance_floor() {
    let sheet = usual(400, 0.02, 0.0);
    let [one, other] = [0, 1].map(|arm| sheet.blocks[0][arm].moments().unwrap());
    let floor = Floor::new(MetricKind::Ratio, &one, &other).unwrap();
    let effect = absolute(&floor.control.estimate, &floor.treatment.estimate).unwrap();
    let sequence = Sequence::new(0.05, 2_000.0).unwrap();
    let interval = sequence.interval(&effect).unwrap();
    let table = sheet.table(&choices(&sheet, Method::Anytime)).unwrap();
    let got = &table.rows[0].comparisons[0];
    close(got.difference, effect.estimate());
    close(got.standard_error, effect.standard_error());
    close(got.interval.map(|ends| ends[0]), interval.lower());
    close(got.interval.map(|ends| ends[1]), interval.upper());
    close(got.p, sequence.p_value(&effect));
}

#[test]
fn the_fixed_view_is_welch() {
    let sheet = usual(400, 0.02, 0.0);
    let [control, treatment] =
        [0, 1].map(|arm| MetricKind::Ratio.estimate(&sheet.blocks[0][arm].moments().unwrap()).unwrap());
    let welch = Welch::absolute(&control, &treatment).unwrap();
    let table = sheet.table(&choices(&sheet, Method::FixedHorizon)).unwrap();
    let got = &table.rows[0].comparisons[0];
    close(got.p, welch.p_two_sided());
    close(got.interval.map(|ends| ends[1]), welch.interval(0.05).unwrap().upper());
    close(table.rows[0].values[0].value, control.value());
}

#[test]
fn the_bayesian_view_has_a_belief_and_no_p_value() {
    let sheet = usual(400, 0.02, 0.0);
    let [control, treatment] =
        [0, 1].map(|arm| MetricKind::Ratio.estimate(&sheet.blocks[0][arm].moments().unwrap()).unwrap());
    let effect = absolute(&control, &treatment).unwrap();
    let prior = Prior::DEFAULT.on_absolute_scale(control.value()).unwrap();
    let posterior = Posterior::new(&effect, prior).unwrap();
    let table = sheet.table(&choices(&sheet, Method::Bayesian)).unwrap();
    let got = &table.rows[0].comparisons[0];
    assert_eq!(got.p, None);
    close(got.chance_to_win, posterior.chance_to_win(Direction::HigherIsBetter));
    close(got.belief.map(|own| own[0]), posterior.mean());
    close(got.belief.map(|own| own[1]), posterior.deviation());
}

#[test]
fn lower_is_better_where_the_metric_says_so() {
    let sheet = usual(400, 0.0, -0.2);
    let table = sheet.table(&Choices::of(&sheet.plan)).unwrap();
    let cost = &table.rows[1].comparisons[0];
    assert!(cost.difference.unwrap() < 0.0 && cost.better == Some(true) && cost.chance_to_win.unwrap() > 0.99);
}

#[test]
fn a_guardrail_is_judged_at_the_whole_level() {
    let sheet = usual(1_500, 0.0, 0.03);
    let [one, other] = [0, 1].map(|arm| sheet.blocks[1][arm].moments().unwrap());
    let floor = Floor::new(MetricKind::MeanPerUnit, &one, &other).unwrap();
    let one_sided = OneSided::new(0.05, 2_000.0).unwrap();
    let expected = decision::assess(
        &floor.control.estimate,
        &floor.treatment.estimate,
        decision::Margin::Relative(0.1),
        Direction::LowerIsBetter,
        &one_sided,
    );
    assert_eq!(expected.unwrap(), decision::GuardrailState::Passes);
    let table = sheet.table(&Choices::of(&sheet.plan)).unwrap();
    assert_eq!(table.rows[1].comparisons[0].guardrail, Some(GuardrailState::Passes));
}

#[test]
fn goals_share_the_level_and_their_p_values_are_corrected_together() {
    let (one, mut other) = (goal(), goal());
    other.metric.key = "other".parse().unwrap();
    let blocks = vec![
        vec![block(&one, 1, 500, 0.6, 0.2), block(&one, 2, 500, 0.63, 0.2), block(&one, 3, 500, 0.6, 0.2)],
        vec![block(&other, 4, 500, 0.6, 0.2), block(&other, 5, 500, 0.61, 0.2), block(&other, 6, 500, 0.66, 0.2)],
    ];
    let sheet = sheet(vec![one, other], blocks);
    let table = |correction| sheet.table(&Choices { correction, ..Choices::of(&sheet.plan) }).unwrap();
    let all = |correction| -> Vec<(f64, f64)> {
        let table = table(correction);
        let comparisons = table.rows.iter().flat_map(|row| &row.comparisons);
        comparisons.map(|own| (own.p.unwrap(), own.adjusted_p.unwrap())).collect()
    };
    for (p, adjusted) in all(Correction::None) {
        assert!((p - adjusted).abs() < 1e-15);
    }
    for (p, adjusted) in all(Correction::Bonferroni) {
        assert!((adjusted - (4.0 * p).min(1.0)).abs() < 1e-12);
    }
    // Holm: sorted, the smallest times 4, the next times 3, never falling.
    let mut holm = all(Correction::Holm);
    holm.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut held = 0.0_f64;
    for (rank, (p, adjusted)) in holm.into_iter().enumerate() {
        held = held.max((p * (4 - rank) as f64).min(1.0));
        assert!((adjusted - held).abs() < 1e-12, "{adjusted} is not {held}");
    }
    let width = |correction| {
        let ends = table(correction).rows[0].comparisons[0].interval.unwrap();
        ends[1] - ends[0]
    };
    assert!(width(Correction::Holm) > width(Correction::None));
}

#[test]
fn the_exact_test_leads_while_successes_are_few() {
    let bought = metric("event:buy", "rate", MetricRole::Goal, None);
    let few = sheet(vec![bought.clone()], vec![vec![binary(&bought, 2_000, 10), binary(&bought, 2_000, 18)]]);
    let table = few.table(&Choices::of(&few.plan)).unwrap();
    let got = &table.rows[0].comparisons[0];
    assert!(got.exact);
    let [low, high] = got.interval.unwrap();
    assert!(got.p.unwrap() > 0.05 && low <= 0.0 && high >= 0.0, "{got:?}");
    close(table.rows[0].values[0].value, 0.005);
    let many = sheet(vec![bought.clone()], vec![vec![binary(&bought, 2_000, 600), binary(&bought, 2_000, 800)]]);
    assert!(!many.table(&Choices::of(&many.plan)).unwrap().rows[0].comparisons[0].exact);
}

#[test]
fn a_quantile_is_that_of_the_rows() {
    let p95 = metric("latency", "p95", MetricRole::Guardrail, Some(Margin::Relative(0.1)));
    let even = |scale: f64| {
        let key = |unit: u32| stats::sketch::key(1e9 * scale * f64::from(unit + 1) / 1_000.0).unwrap();
        arm(&p95, (0..1_000_u32).map(|unit| (0.0, 1, vec![(i32::from(key(unit)), 1)])))
    };
    let sheet = sheet(vec![p95.clone()], vec![vec![even(1.0), even(2.0)]]);
    let table = sheet.table(&Choices::of(&sheet.plan)).unwrap();
    let [one, other] = [0, 1].map(|at| table.rows[0].values[at].value.unwrap());
    assert!((one / 0.95e9 - 1.0).abs() < 0.02 && (other / 1.9e9 - 1.0).abs() < 0.02, "{one} {other}");
    assert_eq!(table.rows[0].comparisons[0].guardrail, Some(GuardrailState::SeriouslyHarmed));
}

#[test]
fn caps_are_left_out_only_where_the_sheet_can() {
    let mut sheet = usual(400, 0.0, 0.0);
    let guard = guardrail();
    sheet.metrics[1].metric.cap = Some(Cap::Value(5e6));
    let off = Choices { capped: false, ..Choices::of(&sheet.plan) };
    let capped = sheet.table(&Choices::of(&sheet.plan)).unwrap().rows;
    assert_eq!(sheet.table(&off).unwrap().rows, capped);
    sheet.uncapped = vec![None, Some(vec![block(&guard, 8, 400, 5e6, 8e5), block(&guard, 9, 400, 5e6, 8e5)])];
    let free = sheet.table(&off).unwrap().rows;
    assert_eq!(free[0], capped[0]);
    assert_ne!(free[1], capped[1]);
    assert_eq!(sheet.table(&Choices::of(&sheet.plan)).unwrap().rows, capped);
}

#[test]
fn a_sheet_says_the_same_after_it_travelled() {
    let sheet = usual(400, 0.03, 0.02);
    let text = serde_json::to_string(&sheet).unwrap();
    let back: Sheet = serde_json::from_str(&text).unwrap();
    assert_eq!(back, sheet);
    assert_eq!(back.table(&Choices::of(&back.plan)), sheet.table(&Choices::of(&sheet.plan)));
}

#[test]
fn the_csv_has_a_line_for_each_metric_and_treatment() {
    let mut sheet = usual(400, 0.03, 0.02);
    sheet.metrics[0].metric.source = "score:a, \"b\"".parse().unwrap();
    let choices = Choices::of(&sheet.plan);
    let table = sheet.table(&choices).unwrap();
    let csv = sheet.csv(&choices, &table.rows);
    let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains(",\"score:a, \"\"b\"\"\",ratio,higher,one,control,"), "{}", lines[1]);
    assert!(lines[2].contains(",passes,anytime,0.05"), "{}", lines[2]);
    let difference = table.rows[1].comparisons[0].difference.unwrap();
    assert!(lines[2].contains(&format!(",{difference},")), "{}", lines[2]);
    assert_eq!(lines[2].split(',').count(), lines[0].split(',').count());
}
