//! What holds for whatever the units did.

use domain::experiment::{Correction, Margin, Method, MetricRole};
use experiment::{Block, Choices, Comparison, Sheet};
use proptest::prelude::*;

use crate::sheets::{arm, metric, sheet};

const METRICS: [(&str, &str); 7] = [
    ("score:thumbs", "ratio"),
    ("event:buy", "rate"),
    ("cost", "mean"),
    ("errors", "ratio"),
    ("generations", "count"),
    ("score:thumbs", "unit_mean"),
    ("latency", "p95"),
];

/// Units of one arm: sum and rows; some did nothing.
fn units() -> impl Strategy<Value = Vec<(f64, u64)>> {
    let sum = prop_oneof![Just(0.0), -1e3..1e3, Just(1e15), Just(1e-12)];
    prop::collection::vec((sum, 0_u64..4), 0..150)
}

fn blocks(place: usize, arms: &[Vec<(f64, u64)>]) -> (domain::experiment::ExperimentMetric, Vec<Block>) {
    let (source, how) = METRICS[place];
    let role = if place == 0 { MetricRole::Goal } else { MetricRole::Guardrail };
    let margin = (place != 0).then_some(Margin::Relative(0.05));
    let metric = metric(source, how, role, margin);
    let unit = |(sum, rows): &(f64, u64)| {
        let key = stats::sketch::key(sum.abs().max(1.0)).unwrap_or_default();
        if *rows > 0 { (*sum, *rows, vec![(i32::from(key), *rows)]) } else { (0.0, 0, Vec::new()) }
    };
    let blocks = arms.iter().map(|units| arm(&metric, units.iter().map(unit))).collect();
    (metric, blocks)
}

fn of(arms: &[Vec<(f64, u64)>]) -> Sheet {
    let (metrics, blocks): (Vec<_>, Vec<_>) = (0..METRICS.len()).map(|place| blocks(place, arms)).unzip();
    let mut sheet = sheet(metrics, blocks);
    for (arm, units) in sheet.arms.iter_mut().zip(arms) {
        arm.units = units.len() as u64;
    }
    sheet
}

fn numbers(comparison: &Comparison) -> Vec<f64> {
    let single = [
        comparison.difference,
        comparison.standard_error,
        comparison.lift,
        comparison.p,
        comparison.adjusted_p,
        comparison.chance_to_win,
        comparison.expected_loss,
    ];
    let pairs = [comparison.interval, comparison.lift_interval, comparison.belief];
    single.into_iter().flatten().chain(pairs.into_iter().flatten().flatten()).collect()
}

fn looks() -> impl Strategy<Value = (Method, f64, Correction)> {
    let method = prop_oneof![Just(Method::Anytime), Just(Method::FixedHorizon), Just(Method::Bayesian)];
    let correction = prop_oneof![Just(Correction::Holm), Just(Correction::Bonferroni), Just(Correction::None)];
    (method, 0.001..0.2, correction)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Empty arms, constant ones, values of all sizes: a number is a number or absent, chances are chances, ends are in order.
    #[test]
    fn every_number_is_a_number(arms in prop::collection::vec(units(), 2..4), (method, alpha, correction) in looks()) {
        let sheet = of(&arms);
        let table = sheet.table(&Choices { method, alpha, correction, capped: true }).unwrap();
        for comparison in table.rows.iter().flat_map(|row| &row.comparisons) {
            prop_assert!(numbers(comparison).iter().all(|number| number.is_finite()), "{comparison:?}");
            for chance in [comparison.p, comparison.adjusted_p, comparison.chance_to_win].into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&chance), "{comparison:?}");
            }
            for [low, high] in [comparison.interval, comparison.lift_interval].into_iter().flatten() {
                prop_assert!(low <= high, "{comparison:?}");
            }
            prop_assert!(comparison.difference.is_some() != comparison.why_not.is_some(), "{comparison:?}");
        }
        for value in table.rows.iter().flat_map(|row| &row.values) {
            prop_assert!(value.value.is_none_or(f64::is_finite) && value.rows.is_finite());
        }
        prop_assert!(!sheet.csv(&table.choices, &table.rows).contains("NaN"));
    }

    /// Which treatment stands first changes nothing for any of them.
    #[test]
    fn the_order_of_treatments_does_not_matter(
        control in units(), one in units(), other in units(), (method, alpha, correction) in looks(),
    ) {
        let choices = Choices { method, alpha, correction, capped: true };
        let straight = of(&[control.clone(), one.clone(), other.clone()]).table(&choices).unwrap();
        let turned = of(&[control, other, one]).table(&choices).unwrap();
        for (row, mirrored) in straight.rows.iter().zip(&turned.rows) {
            prop_assert_eq!(&row.comparisons[0], &mirrored.comparisons[1]);
            prop_assert_eq!(&row.comparisons[1], &mirrored.comparisons[0]);
        }
    }

    /// The arms the other way round: the difference turns, how sure it is does not.
    #[test]
    fn arms_the_other_way_round_turn_the_difference(control in units(), treatment in units()) {
        let choices = |sheet: &Sheet| Choices::of(&sheet.plan);
        let (straight, turned) = (of(&[control.clone(), treatment.clone()]), of(&[treatment, control]));
        let (straight, turned) = (straight.rows(&choices(&straight)).unwrap(), turned.rows(&choices(&turned)).unwrap());
        let (one, other) = (&straight[0].comparisons[0], &turned[0].comparisons[0]);
        prop_assert_eq!(one.difference.is_some(), other.difference.is_some());
        if let (Some(one), Some(other)) = (one.difference, other.difference) {
            prop_assert!((one + other).abs() <= 1e-9 * one.abs().max(1e-300));
        }
        if let (Some(one), Some(other)) = (one.p, other.p) {
            prop_assert!((one - other).abs() <= 1e-6, "{one} {other}");
        }
    }

    /// A stricter level never makes an interval narrower.
    #[test]
    fn a_stricter_level_is_never_narrower(arms in prop::collection::vec(units(), 2..3), (method, _, correction) in looks()) {
        let sheet = of(&arms);
        let width = |alpha: f64| -> Vec<Option<f64>> {
            let rows = sheet.rows(&Choices { method, alpha, correction, capped: true }).unwrap();
            // Of a quantile the interval comes from the data again at every level.
            let means = rows.iter().take(METRICS.len() - 1).flat_map(|row| &row.comparisons);
            means.map(|own| own.interval.map(|[low, high]| high - low)).collect()
        };
        for (strict, loose) in width(0.01).into_iter().zip(width(0.1)) {
            if let (Some(strict), Some(loose)) = (strict, loose) {
                prop_assert!(strict >= loose * (1.0 - 1e-9), "{strict} {loose}");
            }
        }
    }
}
