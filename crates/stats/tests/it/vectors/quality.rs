//! Variance reduction and guards.

use super::basics::{ends, welch};
use crate::compare::Input;
use serde_json::{Value, json};
use stats::contrast::{Direction, Effect};
use stats::cuped;
use stats::estimate::{ArmEstimate, MetricKind};
use stats::exact;
use stats::fixed::{Welch, non_inferiority};
use stats::guard::{Status, calibration, exposure, sample_ratio, segments};
use stats::moments::{JointMoments, Moments};
use stats::{stratify, winsor};
use std::collections::BTreeMap;

pub(crate) fn joint(arm: &Input) -> JointMoments {
    let mut block = JointMoments::new();
    for (y, pre) in arm.numbers("y").into_iter().zip(arm.numbers("pre")) {
        block.insert([y, 1.0, pre, 1.0]).unwrap();
    }
    block
}

pub(crate) fn cuped_raw(input: &Input) -> Value {
    let arms = [joint(&input.get("control")), joint(&input.get("treatment"))];
    let adjustment = cuped::Adjustment::new(&arms, cuped::Shape::Mean).unwrap();
    let adjusted: Vec<ArmEstimate> = arms.iter().map(|arm| adjustment.estimate(arm).unwrap()).collect();
    let test = Welch::absolute(&adjusted[0], &adjusted[1]).unwrap();
    let relative = adjustment.relative(&arms[0], &arms[1]).unwrap();
    let points = |key: &str| {
        let arm = input.get(key);
        arm.numbers("y").into_iter().zip(arm.numbers("pre")).collect::<Vec<_>>()
    };
    let lin = cuped::lin(&points("control"), &points("treatment")).unwrap();
    json!({
        "theta_pooled_total": adjustment.theta(),
        "absolute": welch(&test, input.number("alpha")),
        "relative": { "estimate": relative.estimate(), "se": relative.standard_error() },
        "lin_regression": { "estimate": lin.estimate(), "se_hc2": lin.standard_error() },
    })
}

pub(crate) fn post_stratified(input: &Input) -> Value {
    let (strata, arms) = (input.counts("stratum"), input.counts("arm"));
    let mut blocks: BTreeMap<u64, [Moments; 2]> = BTreeMap::new();
    for ((stratum, arm), y) in strata.into_iter().zip(arms).zip(input.numbers("y")) {
        let pair = blocks.entry(stratum).or_insert([Moments::new(), Moments::new()]);
        pair[usize::try_from(arm).unwrap()].insert(y, 1.0).unwrap();
    }
    let strata: Vec<stratify::Stratum> = blocks.into_values().collect();
    let result = stratify::difference(MetricKind::MeanPerUnit, &strata).unwrap();
    json!({
        "estimate": result.effect.estimate(),
        "var_within": result.within,
        "var_between_weights": result.between,
        "se": result.effect.standard_error(),
    })
}

pub(crate) fn winsorize(input: &Input) -> Value {
    let x = input.numbers("x");
    let cap = winsor::percentile(&x, input.number("percentile")).unwrap();
    let mut block = Moments::new();
    let mut capped = 0;
    for value in &x {
        let (value, was_capped) = winsor::Cap::new(cap).unwrap().apply(*value).unwrap();
        block.insert(value, 1.0).unwrap();
        capped += u64::from(was_capped);
    }
    json!({
        "cap": cap,
        "mean": block.mean_value(),
        "var": block.variance_value().unwrap(),
        "n_capped": capped,
    })
}

pub(crate) fn sample_ratio_mismatch(input: &Input) -> Value {
    let (counts, weights) = (input.counts("counts"), input.numbers("weights"));
    let fixed = sample_ratio::chi_square(&counts, &weights).unwrap();
    let evidence = |concentrations: &[f64]| exact::ln_e_counts(&counts, &weights, concentrations).unwrap();
    json!({
        "chi2": fixed.statistic,
        "dof": fixed.dof,
        "p_value": fixed.p,
        "log_e_conc100": evidence(&[100.0]),
        "log_e_conc1000": evidence(&[1_000.0]),
        "log_e_mixture_10_100_1000_10000": evidence(&sample_ratio::CONCENTRATIONS),
    })
}

pub(crate) fn heterogeneity(input: &Input) -> Value {
    let effects: Vec<Effect> = input
        .numbers("effect")
        .into_iter()
        .zip(input.numbers("var"))
        .map(|(effect, variance)| Effect::new(effect, variance.sqrt(), 1).unwrap())
        .collect();
    let result = segments::heterogeneity(&effects).unwrap();
    json!({
        "fixed_effect": result.common.estimate(),
        "fixed_se": result.common.standard_error(),
        "cochran_q": result.q,
        "q_dof": result.dof,
        "q_p": result.p,
        "i2": result.i_squared,
    })
}

pub(crate) fn margin_test(input: &Input) -> Value {
    let effect = Effect::new(input.number("estimate"), input.number("se"), 1).unwrap();
    let direction = if input.flag("lower_is_better") { Direction::LowerIsBetter } else { Direction::HigherIsBetter };
    let result = non_inferiority(&effect, input.number("margin"), direction, input.number("alpha")).unwrap();
    json!({
        "z": result.z,
        "p_one_sided": result.p,
        "non_inferior": result.non_inferior,
        "one_sided_bound": result.bound,
    })
}

pub(crate) fn multiple_exposure(input: &Input) -> Value {
    let limits = exposure::Limits {
        warn_share: input.number("threshold"),
        warn_units: input.count("min_count"),
        ..exposure::Limits::DEFAULT
    };
    let result = exposure::multiple(input.count("multi"), input.count("total"), &limits).unwrap();
    json!({
        "share": result.share,
        "warn": result.finding.status != Status::Ok,
        "wilson_upper": result.interval.upper(),
    })
}

pub(crate) fn aa_calibration(input: &Input) -> Value {
    let result = calibration::calibrate(&input.numbers("p_values"), 0.05).unwrap();
    json!({
        "ks": result.ks,
        "ks_p": result.ks_p,
        "decile_chi2": result.decile_chi_square,
        "decile_p": result.decile_p,
        "false_positive_rate": result.false_positive_rate,
        "clopper_pearson": ends(result.interval),
    })
}
