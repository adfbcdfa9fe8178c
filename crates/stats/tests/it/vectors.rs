//! The reference vectors: 270 cases in 21 suites, computed with scipy, statsmodels, gbstats, confseq, mpmath and mmh3.
//!
//! `ASSAY_STATS_VECTORS` names another folder of cases in the same format. A method that nobody maps fails.

use crate::compare::{Input, differences};
use crate::monitoring_vectors;
use serde_json::{Value, json};
use stats::anytime::{growthbook_tuning_constant, tuning_constant};
use stats::contrast::{absolute, relative_delta};
use stats::fixed::Welch;
use stats::special;
use std::path::PathBuf;

// The WASM module includes this file by path, where nested modules would be looked for elsewhere.
#[path = "vectors/basics.rs"]
mod basics;
#[cfg(test)]
#[path = "vectors/errata.rs"]
mod errata;
#[path = "vectors/quality.rs"]
mod quality;
#[path = "vectors/sequences.rs"]
mod sequences;

#[test]
fn all_reference_cases_pass() {
    let folder = std::env::var_os("ASSAY_STATS_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors"), PathBuf::from);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let mut failures = Vec::new();
    let mut passed = 0;
    let mut mended = 0;
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a readable suite");
        let suite: Value = serde_json::from_str(&text).expect("a JSON suite");
        for case in suite["cases"].as_array().expect("cases") {
            let id = case["id"].as_str().expect("an id");
            let method = case["method"].as_str().expect("a method");
            let tolerance = Input(&case["tolerance"]);
            let (rel, abs) = (tolerance.number("rel"), tolerance.number("abs"));
            let outcome = std::panic::catch_unwind(|| run(method, &Input(&case["input"])));
            match outcome {
                Ok(Some(got)) => {
                    let mut expected = case["expected"].clone();
                    mended += errata::mend(id, &mut expected);
                    let found = differences(&got, &expected, rel, abs);
                    if found.is_empty() {
                        passed += 1;
                    } else {
                        failures.push(format!("{id} {method}: {}", found.join("; ")));
                    }
                }
                Ok(None) => failures.push(format!("{id}: unknown method `{method}`")),
                Err(_) => failures.push(format!("{id} {method}: panicked")),
            }
        }
    }
    assert!(failures.is_empty(), "{passed} passed, {} failed:\n{}", failures.len(), failures.join("\n"));
    assert!(passed > 0, "no cases in {}", folder.display());
    if std::env::var_os("ASSAY_STATS_VECTORS").is_none() {
        assert_eq!(passed, 270, "the frozen suites hold 270 cases");
        assert_eq!(mended, errata::ERRATA.len(), "an erratum does not apply any more: remove it");
    }
}

/// The dispatch table: `None` for a method that nobody maps.
pub(crate) fn run(method: &str, input: &Input) -> Option<Value> {
    Some(match method {
        "norm" => basics::normal(input),
        "norm_ppf" => json!({ "x": special::normal_quantile(input.number("p")).unwrap() }),
        "student_t" => basics::student(input),
        "student_t_ppf" => {
            json!({ "t": special::student_quantile(input.number("p"), input.number("dof")).unwrap() })
        }
        "chi2_sf" => json!({ "sf": special::chi_square_sf(input.number("x"), input.number("dof")).unwrap() }),
        "beta" => basics::incomplete_beta(input),
        "lgamma" => json!({ "lgamma": special::ln_gamma(input.number("x")).unwrap() }),
        "merge_moments" => basics::merge_moments(input),
        "welch_absolute_raw" => basics::welch_raw(input),
        "welch_absolute_summary" => basics::welch_summary(input, Welch::absolute),
        "welch_relative_summary" => basics::welch_summary(input, Welch::relative),
        "wilson_newcombe" => basics::wilson_newcombe(input),
        "proportion_absolute_gb" => basics::proportion(input, Welch::absolute),
        "proportion_relative_gb" => basics::proportion(input, Welch::relative),
        "fieller_relative" => basics::fieller_relative(input),
        "ratio_clustered_raw" => basics::ratio_clustered(input),
        "ratio_absolute_summary" => basics::ratio_summary(input, Welch::absolute),
        "ratio_relative_summary" => basics::ratio_summary(input, Welch::relative),
        "normal_posterior" => basics::posterior(input),
        "tuning_constant" => {
            let alpha = input.number("alpha");
            json!({
                "c_exact": tuning_constant(alpha).unwrap(),
                "c_growthbook": growthbook_tuning_constant(alpha).unwrap(),
            })
        }
        "asympcs_absolute_gb" => sequences::sequence_growthbook(input, absolute),
        "asympcs_relative_gb" => sequences::sequence_growthbook(input, relative_delta),
        "asympcs_engine_default" => sequences::sequence_default(input),
        "asympcs_one_sided_greater" => sequences::one_sided(input),
        "normal_mixture_confseq" => sequences::normal_mixture(input),
        "bernoulli_cs_confseq" => sequences::rate_interval(input),
        "poly_stitching" => sequences::stitching(input),
        "predmix_empirical_bernstein_01" => sequences::empirical_bernstein(input),
        "asympcs_stream" => sequences::stream(input),
        "cs_with_variance_floor" => sequences::floor(input),
        "ratio_pooled_variance" => sequences::floor_of_ratio(input),
        "success_label_eprocess" => sequences::success_labels(input),
        "adjust_p" => sequences::adjust_p(input),
        "e_bh" => sequences::e_bh(input),
        "cuped_raw" => quality::cuped_raw(input),
        "post_stratified_difference" => quality::post_stratified(input),
        "winsorize_upper" => quality::winsorize(input),
        "srm" => quality::sample_ratio_mismatch(input),
        "segment_heterogeneity" => quality::heterogeneity(input),
        "non_inferiority_fixed" => quality::margin_test(input),
        "multiple_exposure" => quality::multiple_exposure(input),
        "aa_calibration" => quality::aa_calibration(input),
        _ => return monitoring_vectors::run(method, input),
    })
}
