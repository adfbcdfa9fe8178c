//! A tour through every module, on seeded data: what is printed must be the same in WASM, and what is linked is the whole
//! engine.

use crate::page::{Page, Size, Sure as _};
use assign::{Attribute, Definition, Experiment};
use stats::adaptive::{Batch, Draw, Unit, adaptively_weighted, aipw, aipw_floored, batched, has_won};
use stats::allocation::{self, rank_arms, track_and_stop, with_floor};
use stats::anytime::Floor;
use stats::attribution::{Cell, attribute};
use stats::bayes::{Posterior, Prior};
use stats::bounded::EmpiricalBernstein;
use stats::contrast::{Direction, Effect, fieller};
use stats::cuped::{Adjustment, Shape};
use stats::detector::{
    Baseline, BernoulliDetector, LevelDetector, Period, Season, Sides, average_run_length, change_index,
    siegmund_run_length,
};
use stats::drift::{
    RandomFeatures, chi_square, decile_counts, evidence, jensen_shannon, kolmogorov_smirnov, median_bandwidth,
    permutation_p_value, population_stability,
};
use stats::estimate::MetricKind;
use stats::exact::{CONCENTRATIONS, SuccessLabels};
use stats::fixed::{Proportion, Welch, newcombe, non_inferiority};
use stats::guard::novelty::{self, Bucket};
use stats::guard::{calibration, concentration, exposure};
use stats::hash::{h3, unit_group};
use stats::lift::{Table, explain};
use stats::moments::{JointMoments, Moments};
use stats::multiplicity::{Correction, adjust};
use stats::power::{
    Design, Forecast, UnitCurve, forecast, minimum_detectable_by_day, sample_size, sample_size_guardrail,
    sample_size_t_test, sequential_run,
};
use stats::quantile::sequential::{self, empirical_process, equal_quantile_p_value};
use stats::quantile::{Grouped, clustered_rows, difference};
use stats::random::Generator;
use stats::sketch::{DdSketch, ScoreBins, score_bin};
use stats::special::student_quantile;
use stats::{stratify, winsor};
use std::fmt::Debug;

/// Takes results in: prints them, or only keeps them from being optimised away.
pub(crate) trait Sink {
    fn put<T: Debug>(&mut self, result: T);
}

pub(crate) fn tour(out: &mut impl Sink) {
    let size = Size { metrics: 9, arms: 3, days: 3, segments: 2, units_per_block: 30 };
    out.put(Page::new(size, 1).decide());
    quantiles(out);
    planning(out);
    monitoring(out);
    explanations(out);
    inference(out);
    assignment(out);
}

fn quantiles(out: &mut impl Sink) {
    let mut generator = Generator::new(2);
    let sequence = stats::anytime::Sequence::new(0.05, 2_000.0).sure();
    let arms = [1.0, 1.2].map(|factor| {
        let mut groups = vec![DdSketch::new(); 64];
        for unit in 0..1_500 {
            let level = generator.normal();
            let group = &mut groups[usize::from(unit_group("tour", &format!("user-{unit}")) % 64)];
            for _ in 0..3 {
                group.add(factor * 700.0 * libm::exp(0.5 * level + 0.5 * generator.normal())).sure();
            }
        }
        Grouped::new(groups).sure()
    });
    let fixed = arms.each_ref().map(|arm| arm.fixed(0.9, 0.05));
    let anytime = arms.each_ref().map(|arm| arm.anytime(0.9, &sequence, 3_000).sure());
    out.put((&fixed, &anytime, difference(&anytime[0], &anytime[1], 3_000)));
    out.put(sequential::interval(arms[0].total(), 0.5, 0.05, 1_000.0));
    let scores = [1.0, 2.5, 2.5, 1.0 / 3.0, 400.0].map(|score| (score_bin(score).sure(), 3));
    out.put((ScoreBins::new(scores), DdSketch::from_bytes(&arms[0].total().to_bytes())));
}

fn planning(out: &mut impl Sink) {
    let curve = UnitCurve::fit(&[900, 1_700, 2_350, 3_000, 3_500, 4_100, 4_550]).sure();
    out.put((&curve, curve.day_of(20_000.0, 0.5), sequential_run(0.05, 0.8, 3)));
    out.put(minimum_detectable_by_day(&curve, 2.0, 5, 0.05, 0.8));
    let plan = Forecast {
        effect: Effect::new(0.05, 0.03, 2_000).sure(),
        sequence: stats::anytime::Sequence::new(0.05, 5_000.0).sure(),
        belief: (0.04, 0.02),
        units: &[3_000, 5_000, 9_000],
    };
    out.put((forecast(&plan, 4), with_floor(&[0.9, 0.1, 0.0])));
}

fn monitoring(out: &mut impl Sink) {
    let mut generator = Generator::new(5);
    let mut level = 0.0;
    let periods: Vec<Period> = (0..400_u32)
        .map(|hour| {
            level = 0.4 * level + generator.normal();
            let season = libm::sin(f64::from(hour % 24) / 24.0 * core::f64::consts::TAU);
            Period { hour, mean: 10.0 + season + 0.2 * level, rows: 20 + hour % 24 }
        })
        .collect();
    let baseline = Baseline::learn(&periods[..360], Season::HourOfWeek).sure();
    let scores: Vec<f64> =
        periods[359..].windows(2).map(|pair| baseline.score(&pair[1], Some(&pair[0])).sure()).collect();
    out.put((&baseline, &scores, change_index(&scores)));
    let mut errors = BernoulliDetector::new(Sides::Up, 0.01, 14_400.0).sure();
    let found: Vec<_> = [0, 1, 4, 9].into_iter().map(|events| errors.update(events, 100)).collect();
    out.put(&found);
    let sample = |generator: &mut Generator, shift: f64| -> Vec<Vec<f64>> {
        (0..40).map(|_| (0..3).map(|_| shift + generator.normal()).collect()).collect()
    };
    let (before, after) = (sample(&mut generator, 0.0), sample(&mut generator, 0.5));
    let bandwidth = median_bandwidth(&before, &after).sure();
    let features = RandomFeatures::new(3, 64, bandwidth, 6).sure();
    out.put((&bandwidth, features.squared_discrepancy(&before, &after)));
    let values: Vec<f64> = before.iter().chain(&after).map(|vector| vector[0]).collect();
    let blocks: Vec<u32> = (0..80).map(|row| row / 4).collect();
    let current: Vec<bool> = (0..20).map(|block| block >= 10).collect();
    let p_value = permutation_p_value(&blocks, &current, 50, 7, |rows| {
        let side = |wanted: bool| -> Vec<f64> {
            values.iter().zip(rows).filter(|&(_, &row)| row == wanted).map(|(&value, _)| value).collect()
        };
        stats::drift::wasserstein(&side(false), &side(true))
    });
    out.put((&p_value, evidence(0.03), decile_counts(&values, &values[..9])));
}

fn explanations(out: &mut impl Sink) {
    let mut generator = Generator::new(8);
    let units: Vec<u64> = (0..900).map(|row| row / 3).collect();
    let language: Vec<u32> = units.iter().map(|&unit| u32::from(h3("language", &unit.to_string()) < 0.3)).collect();
    let twin: Vec<u32> = language.iter().map(|code| code + 5).collect();
    let noise: Vec<u32> = units.iter().map(|_| generator.below(4) as u32).collect();
    let selected: Vec<bool> =
        language.iter().map(|&code| generator.uniform() < if code == 1 { 0.5 } else { 0.1 }).collect();
    let table = Table { units: &units, selected: &selected, attributes: &[&language, &twin, &noise] };
    out.put(explain(&table, 0.05));
    let cells: Vec<Cell> = (0..240_u32)
        .map(|index| {
            let (after, version, model) = (index % 2 == 1, u32::from(index % 4 > 0), u32::from(index % 8 > 2));
            let mean = 2.0 + f64::from(version) - 0.5 * f64::from(model) + 0.3 * generator.normal();
            let causes = vec![version, model];
            Cell { after, unit: u64::from(index / 2), stratum: index % 3, causes, sum: 4.0 * mean, rows: 4.0 }
        })
        .collect();
    out.put(attribute(&cells, 0.05, 9));
}

/// What neither the page nor the parts above reach.
fn inference(out: &mut impl Sink) {
    let mut generator = Generator::new(10);
    let mut arm = |shift: f64| {
        let mut joint = JointMoments::new();
        let mut plain = Moments::new();
        for _ in 0..300 {
            let before = generator.normal();
            let value = shift + 0.7 * before + generator.normal();
            joint.insert([value, 1.0, before, 1.0]).sure();
            plain.insert(value, 1.0).sure();
        }
        (joint, plain)
    };
    let ((control_joint, control_block), (own_joint, own_block)) = (arm(3.0), arm(3.2));
    let kind = MetricKind::MeanPerUnit;
    let (control, own) = (kind.estimate(&control_block).sure(), kind.estimate(&own_block).sure());
    let welch = Welch::absolute(&control, &own).sure();
    out.put((welch, welch.p_two_sided(), welch.interval(0.05), fieller(&control, &own, 1.96)));
    let prior = Prior::normal(0.0, 0.09).sure().on_absolute_scale(control.value()).sure();
    let posterior = Posterior::new(&welch.effect(), prior).sure();
    let better = Direction::HigherIsBetter;
    out.put((
        posterior,
        posterior.chance_to_win(better),
        posterior.loss_of_treatment(better),
        posterior.interval(0.05),
    ));
    let adjustment = Adjustment::new(&[control_joint, own_joint], Shape::Mean).sure();
    out.put((adjustment, adjustment.estimate(&own_joint), adjustment.relative(&control_joint, &own_joint)));
    let strata = [[control_block, own_block], [own_block, control_block]];
    out.put((stratify::difference(kind, &strata), winsor::percentile(&[3.0, 1.0, 2.0, 9.0], 0.9)));
    let labels = SuccessLabels::new(20, 35, 0.5).sure();
    out.put((labels.ln_e(&CONCENTRATIONS), labels.rate_ratio_interval(&CONCENTRATIONS, 0.05)));
    let (rare, common) = (Proportion::new(5, 80).sure(), Proportion::new(12, 90).sure());
    out.put((rare.wilson(0.05), rare.clopper_pearson(0.05), newcombe(&rare, &common, 0.05)));
    let mut bounded = EmpiricalBernstein::new(0.05).sure();
    for _ in 0..50 {
        bounded.insert(generator.uniform()).sure();
    }
    out.put((bounded.interval(), non_inferiority(&welch.effect(), 0.1, better, 0.05)));
    let p_values: Vec<f64> = (0..200).map(|_| generator.uniform()).collect();
    out.put((calibration::calibrate(&p_values, 0.05), exposure::early_rows(30, 900)));
    let buckets = [(0.0, 0.3), (4.0, 0.2), (14.0, 0.1)];
    let buckets = buckets.map(|(day, estimate)| Bucket { day, effect: Effect::new(estimate, 0.05, 500).sure() });
    out.put((novelty::check(&buckets), concentration::check(&[1, 2, 3, 900])));
    out.put(adjust(Correction::BenjaminiHochberg, &[Some(0.01), None, Some(0.04)]));
    let arms = [(0.1, 0.05), (0.2, 0.04), (0.15, 0.1)]
        .map(|(mean, deviation)| allocation::Posterior::new(mean, deviation).sure());
    out.put((rank_arms(&arms), track_and_stop(&[0.1, 0.2, 0.15], &[1.0, 0.9, 1.1])));
    let draws: Vec<Draw> = (0..60)
        .map(|index| Draw {
            treated: index % 3 == 0,
            outcome: generator.normal(),
            control_propensity: 0.6,
            treatment_propensity: 0.4,
            control_mean: 0.1,
            treatment_mean: 0.2,
        })
        .collect();
    let batch = Batch { difference: 0.2, standard_error: 0.1 };
    out.put((aipw(&draws), adaptively_weighted(&draws), batched(&[batch, batch], 0.05)));
    let unit = Unit { arm: 2, outcome: 0.7, propensities: &[0.2, 0.5, 0.3], earlier_means: &[0.1, 0.0, 0.4] };
    let floor = Floor::new(kind, &control_block, &own_block).sure();
    out.put((
        Draw::between(0, 2, &unit),
        aipw_floored(&draws, &floor).and_then(|effect| has_won(&[effect], 0.05, 60.0, 0.1)),
    ));
    let (units, values): (Vec<u64>, Vec<f64>) = (0..200).map(|row| (row / 4, generator.uniform())).unzip();
    out.put((
        clustered_rows(&units, &values, 0.5, 0.05),
        equal_quantile_p_value(&values, &values[..90], 0.5, 100.0, 0.05),
    ));
    out.put((empirical_process(500.0, 0.05, 100.0, 0.85), kolmogorov_smirnov(&values, &values[..50])));
    let design = Design { control_variance: 1.0, treatment_variance: 1.2, ratio: 1.0, alpha: 0.05, power: 0.8 };
    out.put((
        sample_size(0.1, &design),
        sample_size_guardrail(0.1, &design, 3),
        sample_size_t_test(0.2, 1.0, 0.05, 0.8),
    ));
    out.put((average_run_length(0.5, 4.0, 0.0), siegmund_run_length(0.5, 4.0, 0.0)));
    let mut level = LevelDetector::new(Sides::Both, 720.0).sure();
    out.put((
        level.update(2.5),
        population_stability(&[50, 30], &[40, 45], 0.5),
        jensen_shannon(&[5, 3], &[4, 4], 0.0),
    ));
    out.put((chi_square(&[50, 30], &[40, 45]), student_quantile(0.975, 11.0), lin_sample()));
}

fn lin_sample() -> stats::Result<Effect> {
    let pairs: Vec<(f64, f64)> = (0..40).map(|index| (f64::from(index % 7), f64::from(index % 5))).collect();
    stats::cuped::lin(&pairs, &pairs[..30])
}

fn assignment(out: &mut impl Sink) {
    // From a value, not from text: the text parser belongs to whoever receives the definition.
    let definition: Definition = serde_json::from_value(serde_json::json!({
        "key": "tour", "seed": "01JD0000000000000000000001", "unit": "id", "coverage": 0.6,
        "arms": [{"key": "a", "value": "1", "weight": 3333}, {"key": "b", "value": "2", "weight": 6667}],
        "condition": {"or": [
            {"prefix": {"attribute": "plan", "text": "pro"}}, {"ge": {"attribute": "age", "value": 7}},
        ]},
        "holdout": {"seed": "holdout", "share": 0.05},
        "exclusion": {"seed": "group", "ranges": [{"start": 0, "end": 8000}]},
    }))
    .sure();
    let experiment = Experiment::new(definition).sure();
    for unit in 0..50 {
        let age = [("age", Attribute::Number(f64::from(unit % 10)))];
        out.put(experiment.assign(Some(&format!("user-{unit}-é")), &age));
    }
    out.put(serde_json::to_string(&experiment.growthbook_rule().sure()).sure());
}
