//! The fuzz run over quantiles, sketches, planning, allocation, detectors, drift, attribution and hashing.

use super::{Mutator, run, sound};
use stats::adaptive::{ArmMean, Batch, Draw, Unit, adaptively_weighted, aipw, aipw_floored, batched, has_won};
use stats::allocation::{self, rank_arms, track_and_stop, with_floor};
use stats::anytime::{Floor, Sequence};
use stats::attribution::{Cell, attribute};
use stats::contrast::Effect;
use stats::detector::{
    self, Baseline, BernoulliDetector, Cusum, EDetector, LevelDetector, Period, Season, Sides, average_run_length,
    siegmund_run_length, two_sided_run_length,
};
use stats::drift;
use stats::estimate::ArmEstimate;
use stats::hash::{h3, murmur3_x64_128, murmur3_x86_32, unit_group};
use stats::lift::{Table, decile_codes, explain};
use stats::power::{
    self, Design, Forecast, SequentialPlan, UnitCurve, forecast, minimum_detectable_by_day, minimum_detectable_effect,
    sample_size, sample_size_guardrail, sample_size_t_test, sequential_run,
};
use stats::quantile::{Grouped, bounds, clustered_rows, difference, sequential};
use stats::sketch::{self, DdSketch, ScoreBins};

fn sketch_of(m: &mut Mutator) -> DdSketch {
    let mut sketch = DdSketch::new();
    for _ in 0..m.0.below(40) {
        let value = m.value();
        let _ = sound(sketch.add(value));
        if m.0.below(8) == 0 {
            let (value, count) = (m.value(), m.count());
            let _ = sound(sketch.add_n(value, count));
            let _ = sound(sketch.remove_n(value, count / 2));
        }
    }
    sketch
}

#[test]
fn sketches_and_quantiles() {
    run(11, 500, |m| {
        let (mut one, other) = (sketch_of(m), sketch_of(m));
        let (q, x) = (m.unit(), m.value());
        let _ = sound((one.quantile(q), one.rank(x), one.at_rank(m.count())));
        let (critical, rows) = (m.value(), m.count());
        let _ = sound(bounds(q, m.positive(), critical, rows, m.value(), |share| one.quantile(share)));
        let _ = sound(one.merge(&other));
        let _ = sound(one.subtract(&other));
        let _ = sound(DdSketch::merged([&one, &other]));
        let mut bytes = one.to_bytes();
        assert_eq!(DdSketch::from_bytes(&bytes).unwrap(), one);
        if !bytes.is_empty() {
            let at = usize::try_from(m.0.below(bytes.len() as u64)).unwrap();
            bytes[at] ^= 1 << m.0.below(8);
            let _ = sound(DdSketch::from_bytes(&bytes));
            bytes.truncate(at);
            let _ = sound(DdSketch::from_bytes(&bytes));
        }
        let _ = sound((sketch::key(x), sketch::score_bin(x)));
        let bits = m.0.next_u64();
        let _ = sound((sketch::value(bits as i16), sketch::score_bin_value(bits as i32)));
        let bins = m.list(6, |m| (m.0.next_u64() as i32, m.count()));
        if let Ok(bins) = sound(ScoreBins::new(bins)) {
            let _ = sound((bins.min(), bins.max(), bins.quantile(q), bins.is_exact()));
        }
        let _ = sound(DdSketch::from_bins(m.list(6, |m| (m.0.next_u64() as i16, m.count()))));
        let groups: Vec<DdSketch> = (0..m.0.below(40)).map(|_| sketch_of(m)).collect();
        if let Ok(grouped) = sound(Grouped::new(groups)) {
            let (nu, alpha) = (m.unit(), m.unit());
            let fixed = sound(grouped.fixed(nu, alpha));
            let sequence = Sequence::new(0.05, 5_000.0).unwrap();
            let anytime = sound(grouped.anytime(nu, &sequence, m.count()));
            if let (Ok(a), Ok(b)) = (fixed, anytime) {
                let _ = sound(difference(&a, &b, 100));
            }
        }
        let units = m.list(30, |m| m.0.below(8));
        let values = m.list(30, Mutator::value);
        let _ = sound(clustered_rows(&units, &values, q, 0.05));
        let (rows, alpha) = (m.positive() * 100.0, m.unit());
        let _ = sound(sequential::double_stitching(q, rows, alpha, m.positive() * 100.0));
        let _ = sound(sequential::interval(&one, q, alpha, 100.0));
        let _ = sound(sequential::empirical_process(rows, alpha, m.positive() * 10.0, 0.85));
        let _ = sound(sequential::equal_quantile_p_value(&values, &m.list(30, Mutator::value), q, 100.0, alpha));
    });
}

#[test]
fn planning() {
    run(12, 400, |m| {
        let (effect, se, alpha, wanted) = (m.value(), m.positive(), m.unit() * 0.2, m.unit());
        let design = Design {
            control_variance: m.positive(),
            treatment_variance: m.positive(),
            ratio: m.positive(),
            alpha,
            power: wanted,
        };
        let _ = sound((power::power(effect, se, alpha), minimum_detectable_effect(se, alpha, wanted)));
        let _ = sound((sample_size(effect, &design), sample_size_guardrail(effect, &design, 3)));
        let _ = sound(sample_size_t_test(effect, design.ratio, alpha, wanted));
        if let Ok(plan) = sound(SequentialPlan::new(alpha, 5_000.0 * m.positive(), se)) {
            let units = 1_000.0 * m.positive();
            let _ = sound((plan.half_width(units), plan.single_look_power(effect, units)));
            let _ = sound(plan.sample_size(effect, wanted));
        }
        let mut total = 0_u64;
        let cumulative = m.list(20, |m| {
            total = if m.0.below(9) == 0 { m.count() } else { total.saturating_add(m.0.below(100)) };
            total
        });
        if let Ok(curve) = sound(UnitCurve::fit(&cumulative)) {
            let _ = sound((curve.units_by(m.positive()), curve.day_of(1_000.0 * m.positive(), m.unit())));
            let _ = sound(minimum_detectable_by_day(&curve, se, 28, alpha, wanted));
        }
    });
    run(13, 6, |m| {
        let (alpha, wanted) = (m.unit() * 0.2, m.unit());
        let _ = sound(sequential_run(alpha, wanted, m.count()));
        let Some(effect) = m.effect() else { return };
        let units: Vec<u64> = m.list(10, Mutator::count);
        let belief = (m.value(), m.positive());
        let plan = Forecast { effect, sequence: Sequence::new(0.05, 5_000.0).unwrap(), belief, units: &units };
        let _ = sound(forecast(&plan, 1));
    });
}

#[test]
fn adaptive_allocation() {
    run(14, 400, |m| {
        let arms: Vec<_> = m
            .list(5, |m| sound(allocation::Posterior::new(m.value(), m.positive())))
            .into_iter()
            .filter_map(Result::ok)
            .collect();
        let ranking = sound(rank_arms(&arms));
        if let Ok(ranking) = ranking {
            let _ = sound(with_floor(&sound(ranking.top_two_weights())));
        }
        let _ = sound(with_floor(&m.list(5, Mutator::unit)));
        let _ = sound(track_and_stop(&m.list(4, Mutator::value), &m.list(4, Mutator::positive)));
        let means = m.list(4, Mutator::value);
        let variances: Vec<f64> = means.iter().map(|_| m.positive()).collect();
        let _ = sound(track_and_stop(&means, &variances));
        let draws = m.list(20, |m| Draw {
            treated: m.0.below(2) == 0,
            outcome: m.value(),
            control_propensity: m.unit(),
            treatment_propensity: m.unit(),
            control_mean: m.value(),
            treatment_mean: m.value(),
        });
        let _ = sound((aipw(&draws), adaptively_weighted(&draws)));
        let estimates = [(); 2].map(|()| sound(ArmEstimate::new(m.value(), m.positive(), m.count())));
        if let [Ok(control), Ok(treatment)] = estimates
            && let Ok(floor) = Floor::from_estimates([control, treatment], m.positive(), Some(m.value()))
        {
            let _ = sound(aipw_floored(&draws, &floor));
        }
        let (propensities, earlier_means) = (m.list(4, Mutator::unit), m.list(4, Mutator::value));
        let [arm, control, treatment] = [0; 3].map(|_: u64| m.0.below(5) as usize);
        let unit = Unit { arm, outcome: m.value(), propensities: &propensities, earlier_means: &earlier_means };
        let _ = sound(Draw::between(control, treatment, &unit));
        let advantages: Vec<_> = m
            .list(4, |m| sound(Effect::new(m.value(), m.positive(), m.count())))
            .into_iter()
            .filter_map(Result::ok)
            .collect();
        let _ = sound(has_won(&advantages, m.unit(), m.positive(), m.value()));
        let batches = m.list(6, |m| Batch { difference: m.value(), standard_error: m.positive() });
        let _ = sound(batched(&batches, m.unit()));
        let mut mean = ArmMean::new();
        for _ in 0..m.0.below(20) {
            let outcome = if m.0.below(2) == 0 { Some(m.value()) } else { None };
            let _ = sound(mean.insert(outcome, m.unit(), m.value()));
        }
        let _ = sound(mean.estimate());
    });
}

#[test]
fn monitoring() {
    run(15, 500, |m| {
        let sides = m.pick(&[Sides::Both, Sides::Up, Sides::Down]);
        let threshold = 1_000.0 * m.positive();
        let mut level = sound(LevelDetector::new(sides, threshold)).ok();
        let mut binary = sound(BernoulliDetector::new(sides, m.unit(), threshold)).ok();
        let mut general = sound(EDetector::new(threshold)).ok();
        let mut cusum = sound(Cusum::new(m.positive())).ok();
        let mut custom = sound(LevelDetector::with_lambdas(&m.list(4, Mutator::value), threshold)).ok();
        for _ in 0..m.0.below(30) {
            let z = m.value();
            for detector in [&mut level, &mut custom].into_iter().flatten() {
                let _ = sound(detector.update(z));
                if detector.alarms() {
                    detector.restart();
                }
            }
            if let Some(detector) = &mut binary {
                let _ = sound(detector.update(m.count(), m.count()));
            }
            if let Some(detector) = &mut general {
                let _ = sound(detector.update(m.positive()));
                let _ = sound((detector.ln_evidence(), detector.alarms()));
            }
            if let Some(cusum) = &mut cusum {
                let _ = sound(cusum.update(z));
            }
        }
        let (k, h, shift) = (m.positive(), 4.0 * m.positive(), m.value());
        let _ = sound((siegmund_run_length(k, h, shift), two_sided_run_length(k, h)));
        let _ = sound((
            detector::threshold(20, m.positive(), m.positive()),
            detector::change_index(&m.list(9, Mutator::value)),
        ));
        let season = m.pick(&[Season::HourOfWeek, Season::HourOfDay, Season::None]);
        let mut hour = 0;
        let periods = m.list(400, |m| {
            hour += 1;
            let wild = m.0.below(20) == 0;
            Period { hour, mean: if wild { m.value() } else { m.0.normal() }, rows: m.0.below(50) as u32 }
        });
        if let Ok(baseline) = sound(Baseline::learn(&periods, season)) {
            let period = Period { hour: m.0.next_u64() as u32, mean: m.value(), rows: m.count() as u32 };
            let _ = sound((baseline.level(period.hour), baseline.score(&period, None)));
            let _ = sound((baseline.score(&period, periods.last()), baseline.long_run_score(&period)));
        }
    });
    run(16, 20, |m| {
        let _ = sound(average_run_length(m.positive(), 4.0 * m.positive(), m.value()));
    });
}

#[test]
fn distances() {
    run(17, 500, |m| {
        let (a, b) = (m.list(20, Mutator::value), m.list(20, Mutator::value));
        let _ = sound((drift::kolmogorov_smirnov(&a, &b), drift::wasserstein(&a, &b), drift::decile_counts(&a, &b)));
        let (c, d, smoothing) = (m.list(6, Mutator::count), m.list(6, Mutator::count), m.positive());
        let _ = sound((drift::population_stability(&c, &d, smoothing), drift::jensen_shannon(&c, &d, smoothing)));
        let _ = sound((drift::chi_square(&c, &d), drift::evidence(m.unit())));
        let width = m.0.below(4);
        let rows = |m: &mut Mutator| m.list(8, |m| (0..width).map(|_| m.value()).collect::<Vec<f64>>());
        let (x, y, bandwidth) = (rows(m), rows(m), m.positive());
        let _ = sound((drift::squared_discrepancy(&x, &y, bandwidth), drift::median_bandwidth(&x, &y)));
        if let Ok(features) = drift::RandomFeatures::new(usize::try_from(width).unwrap(), 8, bandwidth, 1) {
            let _ = sound(features.squared_discrepancy(&x, &y));
        }
        let blocks: Vec<u32> = (0..a.len()).map(|_| m.0.below(5) as u32).collect();
        let labels = m.list(5, |m| m.0.below(2) == 0);
        let distance = m.value();
        let _ = sound(drift::permutation_p_value(&blocks, &labels, 20, 1, |_| Ok(distance)));
    });
}

#[test]
fn explanations_and_hashes() {
    run(18, 40, |m| {
        let causes = m.0.below(4);
        let cells = m.list(30, |m| Cell {
            after: m.0.below(2) == 0,
            unit: m.0.below(10),
            stratum: m.0.below(3) as u32,
            causes: (0..causes).map(|_| m.0.below(2) as u32).collect(),
            sum: m.value(),
            rows: m.positive(),
        });
        let _ = sound(attribute(&cells, m.unit(), 1));
        let rows = m.0.below(200);
        let units: Vec<u64> = (0..rows).map(|_| m.0.below(60)).collect();
        let selected: Vec<bool> = (0..rows).map(|_| m.0.below(3) == 0).collect();
        let columns: Vec<Vec<u32>> = (0..3).map(|_| (0..rows).map(|_| m.0.below(4) as u32).collect()).collect();
        let attributes: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
        let table = Table { units: &units, selected: &selected, attributes: &attributes };
        let _ = sound(explain(&table, m.unit()));
        let _ = sound(decile_codes(&m.list(30, Mutator::value)));
        let text =
            m.list(20, |m| char::from_u32(m.0.below(0x11_0000) as u32).unwrap_or('ß')).into_iter().collect::<String>();
        let hashed = h3("salt", &text);
        assert!((0.0..1.0).contains(&hashed));
        let _ = (unit_group("salt", &text), murmur3_x64_128(text.as_bytes(), 3), murmur3_x86_32(text.as_bytes(), 3));
    });
}
