//! Sequences, boundaries, the floor, exact tests and corrections.

use super::basics::{block, ends, summary, units};
use crate::compare::{Input, number};
use serde_json::{Value, json};
use stats::anytime::{
    Floor, History, NormalMixture, OneSided, Sequence, Stitching, polynomial_stitching, tuning_constant,
};
use stats::bounded::EmpiricalBernstein;
use stats::contrast::{Effect, absolute};
use stats::estimate::{ArmEstimate, MetricKind, mean, ratio};
use stats::exact::{self, SuccessLabels};
use stats::moments::Moments;
use stats::multiplicity::{Correction, adjust, e_benjamini_hochberg};

pub(crate) type Compare = fn(&ArmEstimate, &ArmEstimate) -> stats::Result<Effect>;

pub(crate) fn sequence_growthbook(input: &Input, compare: Compare) -> Value {
    let effect = compare(&summary(&input.get("control")), &summary(&input.get("treatment"))).unwrap();
    let (alpha, tightest_at) = (input.number("alpha"), input.number("n_star"));
    let sequence = match input.text("c") {
        "growthbook" => Sequence::growthbook(alpha, tightest_at),
        _ => Sequence::new(alpha, tightest_at),
    }
    .unwrap();
    let interval = sequence.interval(&effect).unwrap();
    json!({
        "estimate": effect.estimate(),
        "se": effect.standard_error(),
        "ci_lower": interval.lower(),
        "ci_upper": interval.upper(),
        "p_value": sequence.p_value(&effect),
    })
}

pub(crate) fn sequence_default(input: &Input) -> Value {
    let effect = Effect::new(input.number("estimate"), input.number("se"), input.count("n_total")).unwrap();
    let sequence = Sequence::new(input.number("alpha"), input.number("n_star")).unwrap();
    let interval = sequence.interval(&effect).unwrap();
    json!({
        "r": sequence.precision_ratio(effect.units()),
        "half_width": sequence.critical_value(effect.units()).unwrap() * effect.standard_error(),
        "ci_lower": interval.lower(),
        "ci_upper": interval.upper(),
        "log_e": number(sequence.ln_e(&effect)),
        "p_value": sequence.p_value(&effect),
    })
}

pub(crate) fn one_sided(input: &Input) -> Value {
    // The vector gives r itself: one unit with n* = c/r has that precision ratio.
    let (alpha, r) = (input.number("alpha"), input.number("r"));
    let sequence = OneSided::new(alpha, tuning_constant(2.0 * alpha).unwrap() / r).unwrap();
    let effect = Effect::new(input.number("estimate"), input.number("se"), 1).unwrap();
    json!({
        "log_e_positive": number(sequence.ln_e(&effect)),
        "lower_bound": sequence.lower_bound(&effect).unwrap(),
    })
}

pub(crate) fn normal_mixture(input: &Input) -> Value {
    let (s, v, alpha) = (input.number("s"), input.number("v"), input.number("alpha"));
    let (v_opt, alpha_opt) = (input.number("v_opt"), input.number("alpha_opt"));
    let both = NormalMixture::two_sided(v_opt, alpha_opt).unwrap();
    let one = NormalMixture::one_sided(v_opt, alpha_opt).unwrap();
    json!({
        "log_two_sided": both.ln_e(s, v).unwrap(),
        "bound_two_sided": both.bound(v, alpha).unwrap(),
        "log_one_sided": one.ln_e(s, v).unwrap(),
        "bound_one_sided": one.bound(v, alpha).unwrap(),
    })
}

pub(crate) fn rate_interval(input: &Input) -> Value {
    let interval = exact::rate_interval(
        input.count("successes"),
        input.count("n"),
        input.number("alpha"),
        input.number("t_opt"),
        input.number("alpha_opt"),
    )
    .unwrap();
    json!({ "lower": interval.lower(), "upper": interval.upper() })
}

pub(crate) fn stitching(input: &Input) -> Value {
    let stitching = Stitching {
        start: input.number("v_min"),
        scale: input.number("c"),
        exponent: input.number("s"),
        epoch_ratio: input.number("eta"),
    };
    json!({ "bound": polynomial_stitching(input.number("v"), input.number("alpha"), &stitching).unwrap() })
}

pub(crate) fn empirical_bernstein(input: &Input) -> Value {
    let mut sequence = EmpiricalBernstein::new(input.number("alpha")).unwrap();
    let at = input.counts("at");
    let (mut lower, mut upper) = (Vec::new(), Vec::new());
    for (x, count) in input.numbers("x").into_iter().zip(1_u64..) {
        sequence.insert(x).unwrap();
        if at.contains(&count) {
            let interval = sequence.interval().unwrap();
            lower.push(interval.lower());
            upper.push(interval.upper());
        }
    }
    json!({ "lower": lower, "upper": upper })
}

pub(crate) fn stream(input: &Input) -> Value {
    let sequence = Sequence::new(input.number("alpha"), input.number("n_star")).unwrap();
    let looks = input.counts("looks");
    let mut arms = [Moments::new(), Moments::new()];
    let mut history = History::new();
    let mut out = Vec::new();
    let observations = input.counts("arm").into_iter().zip(input.numbers("y"));
    for ((arm, y), count) in observations.zip(1_u64..) {
        arms[usize::try_from(arm).unwrap()].insert(y, 1.0).unwrap();
        if !looks.contains(&count) {
            continue;
        }
        let effect = absolute(&mean(&arms[0]).unwrap(), &mean(&arms[1]).unwrap()).unwrap();
        let interval = sequence.interval(&effect).unwrap();
        history.look(sequence.p_value(&effect), interval).unwrap();
        let common = history.common().unwrap();
        out.push(json!({
            "n": count,
            "estimate": effect.estimate(),
            "lower": interval.lower(),
            "upper": interval.upper(),
            "running_p": history.p_value(),
            "running_lower": common.lower(),
            "running_upper": common.upper(),
        }));
    }
    json!({ "looks": out })
}

pub(crate) fn floor(input: &Input) -> Value {
    let (control, treatment) = (block(&input.numbers("control")), block(&input.numbers("treatment")));
    let floor = Floor::new(MetricKind::MeanPerUnit, &control, &treatment).unwrap();
    let effect = absolute(&floor.control.estimate, &floor.treatment.estimate).unwrap();
    let sequence = Sequence::new(input.number("alpha"), input.number("n_star")).unwrap();
    let interval = sequence.interval(&effect).unwrap();
    json!({
        "pooled_var": floor.pooled_variance,
        "pooled_skew": floor.pooled_skewness,
        "units_needed": floor.units_needed,
        "floor_control": floor.control.floored,
        "floor_treatment": floor.treatment.floored,
        "estimate": effect.estimate(),
        "se": effect.standard_error(),
        "ci_lower": interval.lower(),
        "ci_upper": interval.upper(),
    })
}

pub(crate) fn floor_of_ratio(input: &Input) -> Value {
    let (control, treatment) = (units(&input.get("control")), units(&input.get("treatment")));
    let floor = Floor::new(MetricKind::Ratio, &control, &treatment).unwrap();
    let unit_variance = |block: &Moments| {
        let estimate = ratio(block).unwrap();
        estimate.variance() * estimate.units() as f64
    };
    json!({
        "pooled_ratio": ratio(&control.merge(&treatment).unwrap()).unwrap().value(),
        "pooled_var": floor.pooled_variance,
        "pooled_skew": floor.pooled_skewness,
        "control_var": unit_variance(&control),
        "treatment_var": unit_variance(&treatment),
    })
}

pub(crate) fn success_labels(input: &Input) -> Value {
    let labels = SuccessLabels::new(
        input.count("control_successes"),
        input.count("treatment_successes"),
        input.number("treatment_share"),
    )
    .unwrap();
    let alpha = input.number("alpha");
    let single = [input.number("concentration")];
    json!({
        "log_e": labels.ln_e(&single).unwrap(),
        "p_value": labels.p_value(&single).unwrap(),
        "label_prob_ci": ends(labels.label_interval(&single, alpha).unwrap()),
        "rate_ratio": number(labels.rate_ratio().unwrap()),
        "rate_ratio_ci": ends(labels.rate_ratio_interval(&single, alpha).unwrap()),
        "mixture_log_e": labels.ln_e(&exact::CONCENTRATIONS).unwrap(),
        "mixture_rate_ratio_ci": ends(labels.rate_ratio_interval(&exact::CONCENTRATIONS, alpha).unwrap()),
    })
}

pub(crate) fn adjust_p(input: &Input) -> Value {
    let p: Vec<Option<f64>> = input.items("p").iter().map(|item| item.0.as_f64()).collect();
    let by = |correction| adjust(correction, &p).unwrap();
    json!({
        "bonferroni": by(Correction::Bonferroni),
        "holm": by(Correction::Holm),
        "hommel": by(Correction::Hommel),
        "benjamini_hochberg": by(Correction::BenjaminiHochberg),
        "benjamini_yekutieli": by(Correction::BenjaminiYekutieli),
    })
}

pub(crate) fn e_bh(input: &Input) -> Value {
    let logs: Vec<f64> = input.numbers("e").into_iter().map(f64::ln).collect();
    json!({ "rejected": e_benjamini_hochberg(&logs, input.number("alpha")).unwrap() })
}
