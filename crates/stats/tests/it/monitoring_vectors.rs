//! Reference vectors of quantiles, sketches, power, allocation, drift and hashing.

use crate::compare::Input;
use assign::hash::{bucket, fnv1a_32};
use assign::range::growthbook_ranges;
use serde_json::{Value, json};
use stats::adaptive::{Batch, Draw, adaptively_weighted, aipw, batched};
use stats::allocation::{Posterior, rank_arms, track_and_stop};
use stats::detector::{Cusum, LevelDetector, average_run_length, siegmund_run_length};
use stats::drift::{
    chi_square, jensen_shannon, kolmogorov_smirnov, population_stability, squared_discrepancy, wasserstein,
};
use stats::hash::{murmur3_x64_128, murmur3_x86_32};
use stats::power::{Design, SequentialPlan, minimum_detectable_effect, power, sample_size, sample_size_t_test};
use stats::quantile::{clustered_rows, sequential};
use stats::sketch::{DdSketch, KEY_OFFSET, key, value};

/// `None` for a method that nobody maps.
pub(crate) fn run(method: &str, input: &Input) -> Option<Value> {
    Some(match method {
        "ddsketch_quantiles" => sketch_quantiles(input),
        "ddsketch_key" => sketch_key(input),
        "quantile_cluster_raw" => cluster_quantiles(input),
        "double_stitching_quantile" => {
            let (p, t) = (input.number("p"), input.number("t"));
            let bound = sequential::double_stitching(p, t, input.number("alpha"), input.number("t_opt"));
            json!({ "bound_count": bound.unwrap() })
        }
        "empirical_process_lil" => {
            let (t, from) = (input.number("t"), input.number("t_min"));
            let bound = sequential::empirical_process(t, input.number("alpha"), from, input.number("A"));
            json!({ "bound": bound.unwrap() })
        }
        "quantile_ab_sequential_p" => {
            let (control, treatment) = (input.numbers("control"), input.numbers("treatment"));
            let (p, t_opt, alpha) = (input.number("p"), input.number("t_opt"), input.number("alpha_opt"));
            json!({ "p_value": sequential::equal_quantile_p_value(&control, &treatment, p, t_opt, alpha).unwrap() })
        }
        "sample_size_means" => sample_sizes(input),
        "power_proportions_unpooled" => power_of_proportions(input),
        "mde_means" => {
            let standard_error = input.number("sd") * (2.0 / input.number("n_per_arm")).sqrt();
            let mde = minimum_detectable_effect(standard_error, input.number("alpha"), input.number("power"));
            json!({ "mde": mde.unwrap() })
        }
        "sequential_single_look_power" => sequential_power(input),
        "prob_best_normal" => chances_of_being_best(input),
        "track_and_stop_weights" => {
            let found = track_and_stop(&input.numbers("mean"), &input.numbers("var")).unwrap();
            json!({ "weights": found.weights, "rate": found.rate })
        }
        "bols" => batched_least_squares(input),
        "aipw_adaptive" => augmented_weighting(input),
        "two_sample_distances" => {
            let (reference, current) = (input.numbers("reference"), input.numbers("current"));
            let (distance, p_value) = kolmogorov_smirnov(&reference, &current).unwrap();
            let moved = wasserstein(&reference, &current).unwrap();
            json!({ "ks": distance, "ks_p_asymptotic": p_value, "wasserstein1": moved })
        }
        "histogram_distances" => histogram_distances(input),
        "mmd2_unbiased_rbf" => {
            let sample = |key| -> Vec<Vec<f64>> {
                let floats = |row: &Input| row.0.as_array().unwrap().iter().map(|item| Input(item).float()).collect();
                input.items(key).iter().map(floats).collect()
            };
            json!({ "mmd2": squared_discrepancy(&sample("x"), &sample("y"), input.number("bandwidth")).unwrap() })
        }
        "cusum_arl_one_sided" => {
            let (k, h, shift) = (input.number("k"), input.number("h"), input.number("mean_shift"));
            json!({
                "arl_markov": average_run_length(k, h, shift).unwrap(),
                "arl_siegmund": siegmund_run_length(k, h, shift).unwrap(),
            })
        }
        "e_detector_sr_and_cusum" => detectors(input),
        "growthbook_hash" => growthbook_hash(input),
        "murmur3" => murmur(input),
        "bucket_ranges" => bucket_ranges(input),
        _ => return None,
    })
}

fn one_percent(input: &Input) {
    let accuracy = input.number("relative_accuracy");
    assert!((accuracy - 0.01).abs() < 1e-15, "the engine's sketch has one accuracy, 0.01; got {accuracy}");
}

fn sketch_quantiles(input: &Input) -> Value {
    one_percent(input);
    let mut sketch = DdSketch::new();
    for value in input.numbers("x") {
        sketch.add(value).unwrap();
    }
    let quantiles: Vec<f64> = input.numbers("q").into_iter().map(|q| sketch.quantile(q).unwrap()).collect();
    json!({ "quantile": quantiles })
}

/// The vectors number bins as the paper does; ours are shifted so that they sort like the values.
fn sketch_key(input: &Input) -> Value {
    one_percent(input);
    let own = key(input.number("value")).unwrap();
    json!({ "key": own - KEY_OFFSET, "representative": value(own) })
}

fn cluster_quantiles(input: &Input) -> Value {
    let (nu, alpha) = (input.number("nu"), input.number("alpha"));
    let arms = ["control", "treatment"].map(|name| {
        let arm = input.get(name);
        clustered_rows(&arm.counts("unit"), &arm.numbers("value"), nu, alpha).unwrap()
    });
    let shown = arms.map(|arm| {
        json!({
            "quantile": arm.value, "rank_se_cluster": arm.rank_standard_error, "se": arm.standard_error,
            "ci_lower": arm.interval.lower(), "ci_upper": arm.interval.upper(),
            "growthbook_se": arm.growthbook_standard_error,
        })
    });
    let [control, treatment] = arms;
    let estimate = treatment.value - control.value;
    let se = libm::hypot(control.standard_error, treatment.standard_error);
    json!({
        "control": shown[0], "treatment": shown[1],
        "difference": { "estimate": estimate, "se": se, "z": estimate / se },
    })
}

fn sample_sizes(input: &Input) -> Value {
    let effect = input.number("effect_sd");
    let (alpha, power) = (input.number("alpha"), input.number("power"));
    let ratio = input.number("ratio_treatment_over_control");
    let design = Design { control_variance: 1.0, treatment_variance: 1.0, ratio, alpha, power };
    json!({
        "n_control_t": sample_size_t_test(effect, ratio, alpha, power).unwrap(),
        "n_control_z": sample_size(effect, &design).unwrap(),
    })
}

fn power_of_proportions(input: &Input) -> Value {
    let (control, treatment) = (input.number("p_control"), input.number("p_treatment"));
    let variance = (control * (1.0 - control) + treatment * (1.0 - treatment)) / input.number("n_per_arm");
    json!({ "power": power(treatment - control, variance.sqrt(), input.number("alpha")).unwrap() })
}

fn sequential_power(input: &Input) -> Value {
    assert_eq!(input.text("split"), "50/50");
    let deviation = 2.0 * input.number("sd");
    let plan = SequentialPlan::new(input.number("alpha"), input.number("n_star"), deviation).unwrap();
    let effect = input.number("effect");
    let units = plan.sample_size(effect, input.number("target_power")).unwrap();
    json!({
        "n_total": units,
        "power_at_half": plan.single_look_power(effect, units / 2.0).unwrap(),
        "half_width_at_n": plan.half_width(units).unwrap(),
    })
}

fn chances_of_being_best(input: &Input) -> Value {
    let pairs = input.numbers("mean").into_iter().zip(input.numbers("sd"));
    let arms: Vec<Posterior> = pairs.map(|(mean, sd)| Posterior::new(mean, sd).unwrap()).collect();
    let ranking = rank_arms(&arms).unwrap();
    let weights = ranking.top_two_weights();
    json!({ "prob_best": ranking.best, "prob_second": ranking.second, "top_two_weights": weights })
}

fn batched_least_squares(input: &Input) -> Value {
    let batches: Vec<Batch> = input
        .items("batches")
        .iter()
        .map(|batch| Batch { difference: batch.number("diff"), standard_error: batch.number("se") })
        .collect();
    let found = batched(&batches, input.number("alpha")).unwrap();
    json!({
        "estimate": found.estimate, "se": found.standard_error, "z": found.z,
        "ci_lower": found.lower, "ci_upper": found.upper,
    })
}

fn augmented_weighting(input: &Input) -> Value {
    let [propensity, outcome] = ["propensity", "y"].map(|name| input.numbers(name));
    let [control, treatment] = ["mu0", "mu1"].map(|name| input.numbers(name));
    let draws: Vec<Draw> = (0..)
        .zip(input.counts("arm"))
        .map(|(index, arm): (usize, u64)| Draw {
            treated: arm == 1,
            outcome: outcome[index],
            control_propensity: 1.0 - propensity[index],
            treatment_propensity: propensity[index],
            control_mean: control[index],
            treatment_mean: treatment[index],
        })
        .collect();
    let uniform = aipw(&draws).unwrap();
    let weighted = adaptively_weighted(&draws).unwrap();
    json!({
        "uniform_estimate": uniform.estimate(), "uniform_se": uniform.standard_error(),
        "weighted_estimate": weighted.estimate(), "weighted_se": weighted.standard_error(),
    })
}

fn histogram_distances(input: &Input) -> Value {
    let (reference, current) = (input.counts("reference"), input.counts("current"));
    let smoothing = input.number("smoothing");
    let test = chi_square(&reference, &current).unwrap();
    json!({
        "psi": population_stability(&reference, &current, smoothing).unwrap(),
        "js_divergence_nats": jensen_shannon(&reference, &current, smoothing).unwrap(),
        "chi2": test.statistic, "chi2_p": test.p_value, "cramers_v": test.cramers_v,
    })
}

fn detectors(input: &Input) -> Value {
    let mut level = LevelDetector::with_lambdas(&input.numbers("lambdas"), 1e9).unwrap();
    let mut chart = Cusum::new(input.number("cusum_k")).unwrap();
    let (mut evidence, mut up, mut down) = (Vec::new(), Vec::new(), Vec::new());
    for z in input.numbers("z") {
        evidence.push(level.update(z).unwrap());
        let sums = chart.update(z).unwrap();
        up.push(sums.0);
        down.push(sums.1);
    }
    json!({ "log_e_sr": evidence, "cusum_up": up, "cusum_down": down })
}

/// Version 1 is composed from the primitive: the crate does not offer it.
fn growthbook_hash(input: &Input) -> Value {
    let (seed, unit) = (input.text("seed"), input.text("value"));
    let n = match input.count("version") {
        1 => f64::from(fnv1a_32(unit.encode_utf16().chain(seed.encode_utf16())) % 1000) / 1000.0,
        2 => bucket(seed, unit).fraction(),
        other => panic!("unknown version {other}"),
    };
    json!({ "n": n })
}

fn murmur(input: &Input) -> Value {
    let bytes = input.text("key").as_bytes();
    let seed = u32::try_from(input.count("seed")).unwrap();
    let [low, _] = murmur3_x64_128(bytes, seed);
    json!({
        "x86_32": murmur3_x86_32(bytes, seed),
        "x64_128_low": low.to_string(),
        "fnv1a_32_utf8": fnv1a_32(bytes.iter().copied().map(u16::from)),
        "unit_interval_53": (low >> 11) as f64 / 9_007_199_254_740_992.0,
    })
}

fn bucket_ranges(input: &Input) -> Value {
    let arms = usize::try_from(input.count("variations")).unwrap();
    let weights = match input.get("weights").0 {
        Value::Null => vec![1.0 / arms as f64; arms],
        _ => input.numbers("weights"),
    };
    json!({ "ranges": growthbook_ranges(&weights, input.number("coverage")) })
}
