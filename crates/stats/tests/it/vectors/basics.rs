//! Special functions, moments, fixed-horizon tests, proportions, lifts, ratios and posteriors.

use crate::compare::{Input, number};
use serde_json::{Value, json};
use stats::Interval;
use stats::bayes::{Posterior, Prior};
use stats::contrast::{Direction, LiftSet, absolute, fieller, relative_delta};
use stats::estimate::{ArmEstimate, MetricKind, mean, ratio};
use stats::fixed::{Proportion, Welch, newcombe};
use stats::moments::Moments;
use stats::special;
use std::collections::BTreeMap;

pub(crate) fn ends(interval: Interval) -> Value {
    json!([number(interval.lower()), number(interval.upper())])
}

pub(crate) fn normal(input: &Input) -> Value {
    let x = input.number("x");
    json!({
        "cdf": special::normal_cdf(x).unwrap(),
        "sf": special::normal_sf(x).unwrap(),
        "logcdf": special::normal_ln_cdf(x).unwrap(),
    })
}

pub(crate) fn student(input: &Input) -> Value {
    let (t, dof) = (input.number("t"), input.number("dof"));
    json!({
        "cdf": special::student_cdf(t, dof).unwrap(),
        "sf": special::student_sf(t, dof).unwrap(),
        "two_sided_p": special::student_two_sided(t, dof).unwrap(),
    })
}

pub(crate) fn incomplete_beta(input: &Input) -> Value {
    let (a, b) = (input.number("a"), input.number("b"));
    json!({
        "log_beta": special::ln_beta(a, b).unwrap(),
        "reg_inc_beta": special::regularized_beta(a, b, input.number("x")).unwrap(),
    })
}

pub(crate) fn merge_moments(input: &Input) -> Value {
    let mut whole = Moments::new();
    for part in input.items("parts") {
        let mut block = Moments::new();
        for (x, y) in part.numbers("x").into_iter().zip(part.numbers("y")) {
            block.insert(x, y).unwrap();
        }
        whole = whole.merge(&block).unwrap();
    }
    json!({
        "n": whole.units(),
        "mean_x": whole.mean_value(),
        "mean_y": whole.mean_rows(),
        "var_x": whole.variance_value().unwrap(),
        "var_y": whole.variance_rows().unwrap(),
        "cov_xy": whole.covariance().unwrap(),
    })
}

pub(crate) fn block(values: &[f64]) -> Moments {
    let mut block = Moments::new();
    for value in values {
        block.insert(*value, 1.0).unwrap();
    }
    block
}

pub(crate) fn summary(arm: &Input) -> ArmEstimate {
    let units = arm.count("n");
    ArmEstimate::new(arm.number("mean"), arm.number("var") / units as f64, units).unwrap()
}

pub(crate) fn welch_raw(input: &Input) -> Value {
    let arms = [block(&input.numbers("control")), block(&input.numbers("treatment"))];
    let test = Welch::absolute(&mean(&arms[0]).unwrap(), &mean(&arms[1]).unwrap()).unwrap();
    welch(&test, input.number("alpha"))
}

pub(crate) fn welch(test: &Welch, alpha: f64) -> Value {
    let interval = test.interval(alpha).unwrap();
    json!({
        "diff": test.effect().estimate(),
        "estimate": test.effect().estimate(),
        "se": test.effect().standard_error(),
        "t": test.t(),
        "dof": test.dof(),
        "p_two_sided": test.p_two_sided(),
        "p_greater": test.p_greater(),
        "p_less": test.p_less(),
        "ci_lower": interval.lower(),
        "ci_upper": interval.upper(),
        "ci_lower_one_sided": test.lower_bound(alpha).unwrap(),
        // gbstats 0.8.0 reports the upper bound of the "lesser" test with the sign of its half-width lost, that is, the
        // upper bound at level α instead of 1 − α. The vectors pin it.
        "ci_upper_one_sided": test.upper_bound(1.0 - alpha).unwrap(),
    })
}

pub(crate) type Test = fn(&ArmEstimate, &ArmEstimate) -> stats::Result<Welch>;

pub(crate) fn welch_summary(input: &Input, test: Test) -> Value {
    let test = test(&summary(&input.get("control")), &summary(&input.get("treatment"))).unwrap();
    welch(&test, input.number("alpha"))
}

pub(crate) fn share(arm: &Input) -> Proportion {
    Proportion::new(arm.count("successes"), arm.count("n")).unwrap()
}

pub(crate) fn wilson_newcombe(input: &Input) -> Value {
    let alpha = input.number("alpha");
    let (control, treatment) = (share(&input.get("control")), share(&input.get("treatment")));
    json!({
        "control_wilson": ends(control.wilson(alpha).unwrap()),
        "treatment_wilson": ends(treatment.wilson(alpha).unwrap()),
        "newcombe_diff": ends(newcombe(&control, &treatment, alpha).unwrap()),
    })
}

pub(crate) fn proportion(input: &Input, test: Test) -> Value {
    let arm = |key: &str| share(&input.get(key)).growthbook_estimate().unwrap();
    welch(&test(&arm("control"), &arm("treatment")).unwrap(), input.number("alpha"))
}

pub(crate) fn fieller_relative(input: &Input) -> Value {
    let arm = |key: &str| {
        let arm = input.get(key);
        let se = arm.number("se");
        ArmEstimate::new(arm.number("mean"), se * se, 1).unwrap()
    };
    let lift = fieller(&arm("control"), &arm("treatment"), input.number("critical")).unwrap();
    let (kind, lower, upper) = match lift.set {
        LiftSet::Bounded(interval) => ("bounded", number(interval.lower()), number(interval.upper())),
        LiftSet::Exclusive => ("exclusive", Value::Null, Value::Null),
        LiftSet::WholeLine => ("whole_line", Value::Null, Value::Null),
    };
    json!({ "kind": kind, "estimate": lift.estimate, "lower": lower, "upper": upper })
}

pub(crate) fn units(arm: &Input) -> Moments {
    let mut sums: BTreeMap<u64, (f64, u64)> = BTreeMap::new();
    for (unit, value) in arm.counts("unit").into_iter().zip(arm.numbers("value")) {
        let sum = sums.entry(unit).or_default();
        sum.0 += value;
        sum.1 += 1;
    }
    let mut block = Moments::new();
    for (sum, rows) in sums.into_values() {
        let (value, rows) = MetricKind::Ratio.reduce(sum, rows).unwrap().unwrap();
        block.insert(value, rows).unwrap();
    }
    block
}

pub(crate) fn ratio_clustered(input: &Input) -> Value {
    let alpha = input.number("alpha");
    let blocks = [units(&input.get("control")), units(&input.get("treatment"))];
    let arms = blocks.map(|block| ratio(&block).unwrap());
    let arm = |estimate: &ArmEstimate| {
        let n = estimate.units() as f64;
        json!({
            "ratio": estimate.value(),
            "delta_se": estimate.standard_error(),
            "statsmodels_cluster_se_uncorrected": estimate.standard_error() * ((n - 1.0) / n).sqrt(),
        })
    };
    json!({
        "control": arm(&arms[0]),
        "treatment": arm(&arms[1]),
        "absolute": welch(&Welch::absolute(&arms[0], &arms[1]).unwrap(), alpha),
        "relative": welch(&Welch::relative(&arms[0], &arms[1]).unwrap(), alpha),
    })
}

pub(crate) fn ratio_summary(input: &Input, test: Test) -> Value {
    let n = input.count("n_per_arm");
    let arm = |key: &str| {
        let arm = input.get(key);
        let (s, k) = (arm.number("mean_num"), arm.number("mean_den"));
        let degrees = (n - 1) as f64;
        let parts = stats::moments::Parts {
            units: n,
            nonzero: n,
            removed: 0,
            mean_value: [s, 0.0],
            mean_rows: [k, 0.0],
            second: [arm.number("var_num") * degrees, arm.number("var_den") * degrees, arm.number("cov") * degrees],
            third: None,
        };
        ratio(&Moments::from_parts(&parts).unwrap()).unwrap()
    };
    welch(&test(&arm("control"), &arm("treatment")).unwrap(), input.number("alpha"))
}

pub(crate) fn posterior(input: &Input) -> Value {
    let (control, treatment) = (summary(&input.get("control")), summary(&input.get("treatment")));
    let relative = input.text("difference") == "relative";
    let given = input.get("prior");
    let prior = if given.flag("proper") {
        let prior = Prior::normal(given.number("mean"), given.number("var")).unwrap();
        if given.text("scale") == "relative" && !relative {
            prior.on_absolute_scale(control.value()).unwrap()
        } else {
            prior
        }
    } else {
        Prior::FLAT
    };
    let effect = if relative { relative_delta(&control, &treatment) } else { absolute(&control, &treatment) }.unwrap();
    let direction = if input.flag("lower_is_better") { Direction::LowerIsBetter } else { Direction::HigherIsBetter };
    let posterior = Posterior::new(&effect, prior).unwrap();
    let interval = posterior.interval(input.number("alpha")).unwrap();
    json!({
        "chance_to_win": posterior.chance_to_win(direction),
        "post_mean": posterior.mean(),
        "post_sd": posterior.deviation(),
        "ci_lower": interval.lower(),
        "ci_upper": interval.upper(),
        "risk_control": posterior.loss_of_control(direction),
        "risk_treatment": posterior.loss_of_treatment(direction),
    })
}
