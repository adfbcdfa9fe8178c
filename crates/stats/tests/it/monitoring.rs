//! Planning, detectors, drift, attribution and lift: the behaviour no reference case pins.

use stats::anytime::Sequence;
use stats::attribution::{Cell, attribute};
use stats::contrast::Effect;
use stats::detector::{
    Baseline, BernoulliDetector, LevelDetector, Period, Season, Sides, average_run_length, change_index, threshold,
};
use stats::drift::{RandomFeatures, evidence, permutation_p_value, squared_discrepancy, wasserstein};
use stats::hash::{UNIT_GROUPS, h3, murmur3_x64_128, unit_group};
use stats::lift::{Table, Term, explain};
use stats::power::{Forecast, UnitCurve, forecast, sequential_run};
use stats::quantile::Grouped;
use stats::random::Generator;
use stats::sketch::DdSketch;
use stats::{Undefined, hash};

/// Groups are stored with their data. Never edit a line, only add. Reference: mmh3 5.
#[test]
fn unit_hashes_are_frozen() {
    for (salt, unit, place, group) in [
        ("", "", 0.577912287847495, 246),
        ("salt", "user-1", 0.37539272968775483, 12),
        ("ab", "c", 0.1958288652543514, 32),
        ("a", "bc", 0.8067965373271249, 8),
        ("groups", "日本", 0.34423097427126925, 231),
    ] {
        assert_eq!(h3(salt, unit).to_bits(), f64::to_bits(place), "{salt} {unit}");
        assert_eq!(unit_group(salt, unit), group);
    }
    let long = "exp-tone\u{1f}".to_owned() + &"x".repeat(40);
    assert_eq!(murmur3_x64_128(long.as_bytes(), 7), [16_233_742_596_833_112_621, 5_315_333_820_898_979_026]);
    assert_eq!(hash::murmur3_x86_32(long.as_bytes(), 0), 3_363_976_464);
}

#[test]
fn unit_groups_are_even() {
    let mut counts = vec![0_u32; UNIT_GROUPS];
    for unit in 0..25_600 {
        counts[usize::from(unit_group("salt", &unit.to_string()))] += 1;
    }
    // χ² with 255 degrees of freedom: mean 255, standard deviation 23.
    let statistic: f64 = counts.iter().map(|&count| (f64::from(count) - 100.0).powi(2) / 100.0).sum();
    assert!((170.0..350.0).contains(&statistic), "{statistic}");
}

/// The generator's output is part of stored results. Reference: the published xoshiro256++ with a SplitMix64 seed.
#[test]
fn the_generator_is_frozen_and_uniform() {
    let mut generator = Generator::new(0);
    assert_eq!(generator.next_u64(), 0x53175d61490b23df);
    assert_eq!(generator.next_u64(), 0x61da6f3dc380d507);
    let mut counts = [0_u32; 7];
    for _ in 0..70_000 {
        counts[usize::try_from(generator.below(7)).unwrap()] += 1;
    }
    assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
    assert_eq!(generator.below(0), 0);
    let mean = (0..100_000).map(|_| generator.normal()).sum::<f64>() / 1e5;
    assert!(mean.abs() < 0.015, "{mean}");
}

#[test]
fn watching_all_along_takes_what_the_plan_says() {
    // STATS.md A.9: needed 1.67, 1.58 and 1.51 times the fixed sample, typically 0.98, 0.74 and 0.96.
    for (alpha, power, planned, typical) in [(0.05, 0.8, 1.67, 0.98), (0.05, 0.9, 1.58, 0.74), (0.01, 0.8, 1.51, 0.96)]
    {
        let run = sequential_run(alpha, power, 1).unwrap();
        assert!((run.planned - planned).abs() < 0.1 && (run.typical - typical).abs() < 0.08, "{run:?}");
        assert_eq!(run, sequential_run(alpha, power, 1).unwrap());
    }
}

#[test]
fn a_unit_curve_finds_its_own_exponent() {
    let cumulative: Vec<u64> = (1..=28).map(|day| (1_000.0 * f64::from(day).powf(0.7)).round() as u64).collect();
    let curve = UnitCurve::fit(&cumulative).unwrap();
    assert!((curve.units_by(28.0).unwrap() / 1_000.0 / 28.0_f64.powf(0.7) - 1.0).abs() < 1e-3);
    let day = curve.day_of(10_000.0, 0.5).unwrap();
    assert!(curve.units_by(day).unwrap() >= 20_000.0 && curve.units_by(day - 1.0).unwrap() < 20_000.0);
    assert!(UnitCurve::fit(&[5, 4, 3]).is_err());
    assert!(UnitCurve::fit(&[5, 5, 5]).unwrap().day_of(10.0, 1.0).is_err());
}

#[test]
fn a_forecast_rises_and_knows_what_is_decided() {
    let sequence = Sequence::new(0.05, 5_000.0).unwrap();
    let plan = |z: f64| Forecast {
        effect: Effect::new(z * 0.02, 0.02, 2_000).unwrap(),
        sequence,
        belief: (z * 0.02, 0.02),
        units: &[2_000, 3_000, 6_000, 20_000],
    };
    let open = forecast(&plan(2.0), 1).unwrap();
    assert!(open.is_sorted() && open[0] == 0.0 && open[3] > 0.5, "{open:?}");
    assert!(forecast(&plan(9.0), 1).unwrap().iter().all(|&chance| chance > 0.999));
}

#[test]
fn the_run_length_agrees_with_simulation() {
    let mut generator = Generator::new(3);
    let runs = 2_000;
    let mut total = 0_u32;
    for _ in 0..runs {
        let mut sum = 0.0_f64;
        while sum < 3.0 {
            sum = (sum + generator.normal() - 0.5).max(0.0);
            total += 1;
        }
    }
    let simulated = f64::from(total) / f64::from(runs);
    let exact = average_run_length(0.5, 3.0, 0.0).unwrap();
    assert!((simulated / exact - 1.0).abs() < 0.08, "{simulated} {exact}");
}

/// `STATS.md` §8.1: at most one alarm in T periods while nothing changes, and soon after a change.
#[test]
fn the_detector_keeps_its_budget_and_finds_a_shift() {
    let alarms_at = threshold(1, 720.0, 1.0).unwrap();
    let mut generator = Generator::new(4);
    let mut detector = LevelDetector::new(Sides::Both, alarms_at).unwrap();
    let mut alarms = 0;
    for _ in 0..720 * 100 {
        detector.update(generator.normal()).unwrap();
        if detector.alarms() {
            alarms += 1;
            detector.restart();
        }
    }
    assert!(alarms <= 100, "{alarms} alarms in 100 months");
    let mut delay = 0;
    while !detector.alarms() {
        detector.update(2.0 + generator.normal()).unwrap();
        delay += 1;
    }
    assert!(delay <= 15, "{delay}");
}

#[test]
fn a_seasonal_correlated_series_becomes_white() {
    let mut generator = Generator::new(5);
    let mut noise = 0.0;
    let periods: Vec<Period> = (0..2_000_u32)
        .map(|hour| {
            noise = 0.5 * noise + generator.normal();
            let season = 3.0 * (f64::from(hour % 24) / 24.0 * std::f64::consts::TAU).sin();
            Period { hour, mean: 100.0 + season + noise, rows: 50 }
        })
        .collect();
    let baseline = Baseline::learn(&periods[..1_000], Season::HourOfWeek).unwrap();
    assert!((baseline.correlation() - 0.5).abs() < 0.1, "{}", baseline.correlation());
    let scores: Vec<f64> =
        periods[999..].windows(2).map(|pair| baseline.score(&pair[1], Some(&pair[0])).unwrap()).collect();
    let variance = scores.iter().map(|z| z * z).sum::<f64>() / scores.len() as f64;
    assert!((0.8..1.25).contains(&variance), "{variance}");
    let lag = scores.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / scores.len() as f64;
    assert!(lag.abs() < 0.12, "{lag}");
    assert!(Baseline::learn(&periods[..100], Season::None).is_err());
}

#[test]
fn the_change_is_placed_where_it_happened() {
    let mut generator = Generator::new(6);
    let z: Vec<f64> = (0..100).map(|index| generator.normal() + if index >= 60 { 1.5 } else { 0.0 }).collect();
    let found = change_index(&z).unwrap();
    assert!((57..=63).contains(&found), "{found}");
}

#[test]
fn rising_errors_raise_the_evidence_and_falling_ones_do_not() {
    let mut detector = BernoulliDetector::new(Sides::Up, 0.01, 1_000.0).unwrap();
    for _ in 0..200 {
        detector.update(0, 10).unwrap();
    }
    assert!(!detector.alarms());
    for _ in 0..10 {
        detector.update(1, 10).unwrap();
    }
    assert!(detector.alarms());
    assert!(detector.update(3, 2).is_err());
}

#[test]
fn random_features_come_near_the_kernel() {
    let mut generator = Generator::new(7);
    let mut sample = |shift: f64| -> Vec<Vec<f64>> {
        (0..300).map(|_| (0..4).map(|_| shift + generator.normal()).collect()).collect()
    };
    let (before, after) = (sample(0.0), sample(0.7));
    let exact = squared_discrepancy(&before, &after, 2.0).unwrap();
    let near = RandomFeatures::new(4, 4_096, 2.0, 8).unwrap().squared_discrepancy(&before, &after).unwrap();
    assert!((near - exact).abs() < 0.15 * exact, "{near} {exact}");
}

#[test]
fn permuting_units_is_honest_where_permuting_rows_is_not() {
    let mut generator = Generator::new(9);
    let mut rejected = [0, 0];
    for round in 0..200 {
        // 40 units of 10 rows that differ by unit only: nothing changed between the windows.
        let levels: Vec<f64> = (0..40).map(|_| generator.normal()).collect();
        let values: Vec<f64> = (0..400).map(|row| levels[row / 10] + 0.3 * generator.normal()).collect();
        let distance = |current: &[bool]| {
            let side = |wanted| -> Vec<f64> {
                values.iter().zip(current).filter(|&(_, &is)| is == wanted).map(|(&value, _)| value).collect()
            };
            wasserstein(&side(false), &side(true))
        };
        let by_unit: Vec<u32> = (0..400).map(|row| row / 10).collect();
        let by_row: Vec<u32> = (0..400).collect();
        let units: Vec<bool> = (0..40).map(|unit| unit >= 20).collect();
        let rows: Vec<bool> = (0..400).map(|row| row >= 200).collect();
        rejected[0] += u32::from(permutation_p_value(&by_unit, &units, 99, round, distance).unwrap() <= 0.05);
        rejected[1] += u32::from(permutation_p_value(&by_row, &rows, 99, round, distance).unwrap() <= 0.05);
    }
    // 5% of 200, plus three standard deviations.
    assert!(rejected[0] <= 20, "{rejected:?}");
    assert!(rejected[1] > 80, "{rejected:?}");
}

#[test]
fn evidence_from_a_p_value_has_mean_one() {
    let steps = 1_000_000;
    let mean = (0..steps).map(|step| evidence((f64::from(step) + 0.5) / f64::from(steps)).unwrap()).sum::<f64>();
    assert!((mean / f64::from(steps) - 1.0).abs() < 1e-3);
    assert!(evidence(0.0).is_err() && evidence(1.1).is_err());
}

/// Cells of `users` users with two rows each.
fn cells(
    users: u64,
    mean: impl Fn(bool, u32, u32, u32) -> f64,
    traffic: impl Fn(bool, u64) -> (u32, u32, u32),
) -> Vec<Cell> {
    let mut generator = Generator::new(10);
    (0..2 * users)
        .map(|index| {
            let after = index >= users;
            let (stratum, prompt, model) = traffic(after, index);
            let level = mean(after, stratum, prompt, model) + 0.2 * generator.normal();
            Cell { after, unit: index, stratum, causes: vec![prompt, model], sum: 2.0 * level, rows: 2.0 }
        })
        .collect()
}

#[test]
fn a_change_is_divided_among_its_causes_and_the_mix() {
    // Prompt +1, model −0.4, stratum 1 is worth 2 more and grows from 20% to 40%; prompt and model overlap in time.
    let found = attribute(
        &cells(
            1_000,
            |_, stratum, prompt, model| 2.0 * f64::from(stratum) + f64::from(prompt) - 0.4 * f64::from(model),
            |after, index| {
                let share = if after { 4 } else { 2 };
                (u32::from(index % 10 < share), u32::from(after || index % 7 == 0), u32::from(after && index % 3 > 0))
            },
        ),
        0.05,
        1,
    )
    .unwrap();
    let sum = found.mix.value + found.causes.iter().map(|part| part.value).sum::<f64>() + found.unexplained.value;
    assert!((sum - found.total.value).abs() < 1e-9);
    assert!((found.mix.value - 0.4).abs() < 0.05, "{found:?}");
    assert!((found.causes[0].value - 6.0 / 7.0).abs() < 0.08, "{found:?}");
    assert!((found.causes[1].value + 0.4 * 2.0 / 3.0).abs() < 0.08, "{found:?}");
    assert!(found.unexplained.value.abs() < 0.05 && found.confounded.is_empty(), "{found:?}");
    assert!(found.causes[0].interval.contains(found.causes[0].value) && found.causes[0].interval.lower() > 0.5);
}

#[test]
fn causes_that_change_together_are_named() {
    let together = cells(200, |_, _, prompt, _| f64::from(prompt), |after, _| (0, u32::from(after), u32::from(after)));
    let found = attribute(&together, 0.05, 1).unwrap();
    assert_eq!(found.confounded, [(0, 1)]);
    assert!(found.extrapolated > 0.4);
    assert!((found.causes[0].value - found.causes[1].value).abs() < 1e-9);
}

#[test]
fn what_no_cause_explains_is_shown_as_such() {
    let drift = cells(300, |after, _, _, _| f64::from(u8::from(after)), |_, _| (0, 0, 0));
    let found = attribute(&drift, 0.05, 1).unwrap();
    assert!((found.unexplained.value - 1.0).abs() < 0.05 && found.causes.iter().all(|part| part.value.abs() < 1e-9));
    assert!(attribute(&drift[..300], 0.05, 1).is_err());
}

#[test]
fn lift_finds_the_difference_its_twin_and_nothing_else() {
    let mut generator = Generator::new(11);
    let units: Vec<u64> = (0..6_000).map(|row| row / 3).collect();
    let german: Vec<u32> = units.iter().map(|unit| u32::from(h3("german", &unit.to_string()) < 0.3)).collect();
    let twin: Vec<u32> = german.iter().map(|code| 7 - code).collect();
    let noise: Vec<Vec<u32>> = (0..10).map(|_| units.iter().map(|_| generator.below(5) as u32).collect()).collect();
    let selected: Vec<bool> =
        german.iter().map(|&code| generator.uniform() < if code == 1 { 0.3 } else { 0.1 }).collect();
    let mut attributes: Vec<&[u32]> = vec![&german, &twin];
    attributes.extend(noise.iter().map(Vec::as_slice));
    let findings = explain(&Table { units: &units, selected: &selected, attributes: &attributes }, 0.05).unwrap();
    let first = &findings[0];
    assert!(first.terms[0].attribute < 2 && first.also.len() == 1, "{first:?}");
    assert!(findings.iter().all(|finding| finding.terms.iter().all(|term| term.attribute < 2)), "{findings:?}");
    let present = findings.iter().find(|finding| finding.terms == [Term { attribute: 0, value: 1 }]).unwrap();
    assert!(present.interval.contains(present.lift) && present.lift > 1.5, "{present:?}");
}

#[test]
fn chance_alone_rarely_looks_like_a_difference() {
    let mut generator = Generator::new(12);
    let mut lists_with_findings = 0;
    for _ in 0..60 {
        // The selection is of whole users and so are the attributes: rows would mislead.
        let units: Vec<u64> = (0..2_000).map(|row| row / 8).collect();
        let selection: Vec<bool> = (0..250).map(|_| generator.uniform() < 0.3).collect();
        let selected: Vec<bool> = units.iter().map(|&unit| selection[usize::try_from(unit).unwrap()]).collect();
        let columns: Vec<Vec<u32>> = (0..6)
            .map(|_| {
                let of_user: Vec<u32> = (0..250).map(|_| generator.below(4) as u32).collect();
                units.iter().map(|&unit| of_user[usize::try_from(unit).unwrap()]).collect()
            })
            .collect();
        let attributes: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
        let table = Table { units: &units, selected: &selected, attributes: &attributes };
        lists_with_findings += u32::from(!explain(&table, 0.05).unwrap().is_empty());
    }
    assert!(lists_with_findings <= 8, "{lists_with_findings} of 60");
}

#[test]
fn quantile_gates_say_what_is_missing() {
    let groups = |rows: u32, grid: bool| {
        let mut generator = Generator::new(13);
        let mut groups = vec![DdSketch::new(); 256];
        for row in 0..rows {
            let value = if grid { 3.0 } else { (0.5 * generator.normal()).exp() };
            groups[usize::from(unit_group("g", &row.to_string()))].add(value).unwrap();
        }
        Grouped::new(groups).unwrap()
    };
    assert_eq!(groups(400, false).fixed(0.99, 0.05), Err(Undefined::QuantileOutOfReach));
    assert!(groups(5_000, false).fixed(0.99, 0.05).is_ok());
    assert!(matches!(groups(10, false).fixed(0.5, 0.05), Err(Undefined::TooFewUnits { .. })));
    assert!(groups(5_000, true).fixed(0.5, 0.05).is_err());
    let sequence = Sequence::new(0.05, 5_000.0).unwrap();
    let arm = groups(5_000, false);
    let (fixed, anytime) = (arm.fixed(0.9, 0.05).unwrap(), arm.anytime(0.9, &sequence, 10_000).unwrap());
    assert!(anytime.interval.lower() <= fixed.interval.lower() && fixed.interval.upper() <= anytime.interval.upper());
}
