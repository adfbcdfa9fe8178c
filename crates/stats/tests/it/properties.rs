//! Properties that must hold for every input: symmetry, scale, merging, removal, monotony, and the ties between interval,
//! p-value and e-value.

use proptest::prelude::*;
use stats::anytime::{Floor, OneSided, Sequence, tuning_constant};
use stats::bayes::{Posterior, Prior};
use stats::contrast::{Direction, Effect, LiftSet, absolute, fieller};
use stats::cuped::{Adjustment, Shape};
use stats::estimate::{ArmEstimate, MetricKind, mean, ratio};
use stats::exact::{CONCENTRATIONS, SuccessLabels};
use stats::fixed::{Proportion, Welch, newcombe};
use stats::moments::{JointMoments, Moments, Sums};
use stats::multiplicity::{Correction, adjust, e_benjamini_hochberg};
use stats::random::Generator;
use stats::special;

fn block(points: &[(f64, f64)]) -> Moments {
    let mut block = Moments::new();
    for (value, rows) in points {
        block.insert(*value, *rows).unwrap();
    }
    block
}

fn close(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-9 * (a.abs() + b.abs() + scale)
}

fn alike(a: &Moments, b: &Moments) -> Result<(), TestCaseError> {
    prop_assert_eq!(a.units(), b.units());
    prop_assert_eq!(a.nonzero(), b.nonzero());
    let (one, other) = (a.parts(), b.parts());
    let spread = (one.second[0] + other.second[0]).sqrt() + (one.second[1] + other.second[1]).sqrt() + 1e-9;
    prop_assert!(close(a.mean_value(), b.mean_value(), spread));
    prop_assert!(close(a.mean_rows(), b.mean_rows(), spread));
    for (x, y) in one.second.into_iter().zip(other.second) {
        prop_assert!(close(x, y, spread * spread), "{x} {y}");
    }
    for (x, y) in one.third.unwrap().into_iter().zip(other.third.unwrap()) {
        prop_assert!(close(x, y, spread * spread * spread), "{x} {y}");
    }
    Ok(())
}

fn points(least: usize) -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((-50.0..150.0_f64, 1_u32..20), least..80)
        .prop_map(|points| points.into_iter().map(|(value, rows)| (value, f64::from(rows))).collect())
}

fn arm() -> impl Strategy<Value = ArmEstimate> {
    (-100.0..100.0_f64, 1e-6..10.0_f64, 50_u64..100_000)
        .prop_map(|(value, variance, units)| ArmEstimate::new(value, variance, units).unwrap())
}

fn effect() -> impl Strategy<Value = Effect> {
    (-10.0..10.0_f64, 1e-3..5.0_f64, 100_u64..1_000_000).prop_map(|(d, se, units)| Effect::new(d, se, units).unwrap())
}

fn alpha() -> impl Strategy<Value = f64> {
    (-20.0..-1.4_f64).prop_map(f64::exp)
}

/// Users who come back all the time, with a spread that is a billionth of the mean.
#[test]
fn a_hundred_thousand_replacements_keep_the_digits() {
    let mut random = Generator::new(11);
    let mut point = || (1e9 + random.normal(), 1.0 + (4.0 * random.uniform()).floor());
    let mut all: Vec<(f64, f64)> = (0..500).map(|_| point()).collect();
    let mut changed = block(&all);
    for step in 0..100_000 {
        let unit = step * 7 % all.len();
        let new = point();
        changed.replace(all[unit], new).unwrap();
        all[unit] = new;
    }
    let (one, other) = (changed.parts(), block(&all).parts());
    assert!((changed.mean_value() - block(&all).mean_value()).abs() < 1e-6);
    for (x, y) in one.second.into_iter().zip(other.second) {
        assert!((x - y).abs() < 1e-9 * other.second[0], "{one:?} {other:?}");
    }
    for (x, y) in one.third.unwrap().into_iter().zip(other.third.unwrap()) {
        assert!((x - y).abs() < 1e-9 * other.second[0], "{one:?} {other:?}");
    }
    assert!(!changed.wants_rebuild());
}

#[test]
fn replacing_the_only_unit_leaves_exactly_the_new_one() {
    let mut block = block(&[(1e60, 3.0)]);
    block.replace((1e60, 3.0), (0.1, 2.0)).unwrap();
    assert_eq!((block.mean_value(), block.mean_rows(), block.parts().second), (0.1, 2.0, [0.0; 3]));
    assert!(Moments::new().replace((1.0, 1.0), (2.0, 1.0)).is_err());
}

proptest! {
    #[test]
    fn merging_parts_equals_the_whole(all in points(3), cut in 0.0..1.0_f64) {
        let at = (all.len() as f64 * cut) as usize;
        let whole = block(&all);
        let (left, right) = (block(&all[..at]), block(&all[at..]));
        alike(&left.merge(&right).unwrap(), &whole)?;
        alike(&right.merge(&left).unwrap(), &whole)?;
    }

    #[test]
    fn merging_is_associative(a in points(1), b in points(1), c in points(1)) {
        let (a, b, c) = (block(&a), block(&b), block(&c));
        let left = a.merge(&b).unwrap().merge(&c).unwrap();
        let right = a.merge(&b.merge(&c).unwrap()).unwrap();
        alike(&left, &right)?;
    }

    #[test]
    fn removal_inverts_insertion(all in points(6), extra in (-50.0..150.0_f64, 1_u32..20)) {
        let whole = block(&all);
        let mut changed = whole;
        changed.insert(extra.0, f64::from(extra.1)).unwrap();
        prop_assume!(changed.remove(extra.0, f64::from(extra.1)).is_ok());
        alike(&changed, &whole)?;
    }

    #[test]
    fn replacing_a_unit_equals_building_anew(all in points(6), new in (-50.0..150.0_f64, 1_u32..20)) {
        let mut changed = block(&all);
        let new = (new.0, f64::from(new.1));
        prop_assume!(changed.replace(all[2], new).is_ok());
        let mut other = all.clone();
        other[2] = new;
        alike(&changed, &block(&other))?;
    }

    #[test]
    fn replacing_back_restores_the_block(all in points(1), new in (-50.0..150.0_f64, 1_u32..20)) {
        let whole = block(&all);
        let new = (new.0, f64::from(new.1));
        let mut changed = whole;
        prop_assume!(changed.replace(all[0], new).is_ok() && changed.replace(new, all[0]).is_ok());
        alike(&changed, &whole)?;
        let mut same = whole;
        same.replace(all[0], all[0]).unwrap();
        prop_assert_eq!(same.parts().second, whole.parts().second);
    }

    #[test]
    fn parts_restore_the_same_block(all in points(1)) {
        let whole = block(&all);
        prop_assert_eq!(Moments::from_parts(&whole.parts()).unwrap(), whole);
    }

    #[test]
    fn sums_give_the_same_estimates(all in points(3)) {
        let whole = block(&all);
        let sum = |f: &dyn Fn(&(f64, f64)) -> f64| all.iter().map(f).sum::<f64>();
        let made = Moments::from_sums(&Sums {
            units: all.len() as u64,
            nonzero: whole.nonzero(),
            value: sum(&|p| p.0),
            rows: sum(&|p| p.1),
            value_squared: sum(&|p| p.0 * p.0),
            rows_squared: sum(&|p| p.1 * p.1),
            value_rows: sum(&|p| p.0 * p.1),
        });
        prop_assume!(made.is_ok());
        let (a, b) = (ratio(&made.unwrap()).unwrap(), ratio(&whole).unwrap());
        prop_assert!(close(a.value(), b.value(), 1e-6) && close(a.variance(), b.variance(), 1e-6));
    }

    #[test]
    fn swapping_arms_turns_the_difference(a in arm(), b in arm(), level in alpha()) {
        let (there, back) = (absolute(&a, &b).unwrap(), absolute(&b, &a).unwrap());
        prop_assert_eq!(there.estimate(), -back.estimate());
        prop_assert_eq!(there.standard_error(), back.standard_error());
        let sequence = Sequence::new(level, 5_000.0).unwrap();
        let (one, other) = (sequence.interval(&there).unwrap(), sequence.interval(&back).unwrap());
        prop_assert!(close(one.lower(), -other.upper(), 1e-12) && close(one.upper(), -other.lower(), 1e-12));
        prop_assert_eq!(sequence.ln_e(&there), sequence.ln_e(&back));
        let (t, u) = (Welch::absolute(&a, &b).unwrap(), Welch::absolute(&b, &a).unwrap());
        prop_assert!(close(t.p_greater(), u.p_less(), 0.0) && close(t.dof(), u.dof(), 0.0));
        let posterior = Posterior::new(&there, Prior::FLAT).unwrap();
        let mirrored = Posterior::new(&back, Prior::FLAT).unwrap();
        prop_assert_eq!(
            posterior.chance_to_win(Direction::HigherIsBetter),
            mirrored.chance_to_win(Direction::LowerIsBetter)
        );
        prop_assert_eq!(
            posterior.loss_of_treatment(Direction::HigherIsBetter),
            mirrored.loss_of_treatment(Direction::LowerIsBetter)
        );
    }

    #[test]
    fn scaling_scales_and_shifting_shifts(a in points(60), b in points(60), scale in 0.01..100.0_f64, shift in -1e4..1e4_f64) {
        let moved = |points: &[(f64, f64)]| block(&points.iter().map(|(v, k)| (v * scale + shift, *k)).collect::<Vec<_>>());
        let kind = MetricKind::UnitMean;
        let effect = |a: &Moments, b: &Moments| {
            let floor = Floor::new(kind, a, b).unwrap();
            absolute(&floor.control.estimate, &floor.treatment.estimate).unwrap()
        };
        let (plain, other) = (effect(&block(&a), &block(&b)), effect(&moved(&a), &moved(&b)));
        prop_assert!(close(plain.estimate() * scale, other.estimate(), 1e-3));
        prop_assert!(close(plain.standard_error() * scale, other.standard_error(), 1e-3));
        let sequence = Sequence::new(0.05, 5_000.0).unwrap();
        prop_assert!((sequence.ln_e(&plain) - sequence.ln_e(&other)).abs() < 1e-4);
    }

    #[test]
    fn a_ratio_does_not_depend_on_the_unit_of_its_rows(all in points(20), scale in 0.01..100.0_f64) {
        let plain = ratio(&block(&all)).unwrap();
        let scaled: Vec<_> = all.iter().map(|(v, k)| (v * scale, k * scale)).collect();
        let other = ratio(&block(&scaled)).unwrap();
        prop_assert!(close(plain.value(), other.value(), 1e-9) && close(plain.variance(), other.variance(), 1e-9));
    }

    #[test]
    fn the_sequence_contains_the_fixed_interval(a in arm(), b in arm(), level in alpha(), tightest_at in 100.0..1e6_f64) {
        // From 50 units per arm on.
        let sequence = Sequence::new(level, tightest_at).unwrap();
        let wide = sequence.interval(&absolute(&a, &b).unwrap()).unwrap();
        let narrow = Welch::absolute(&a, &b).unwrap().interval(level).unwrap();
        prop_assert!(wide.lower() <= narrow.lower() && narrow.upper() <= wide.upper());
    }

    #[test]
    fn the_interval_excludes_zero_exactly_when_the_e_value_says_so(effect in effect(), level in alpha(), tightest_at in 100.0..1e6_f64) {
        let sequence = Sequence::new(level, tightest_at).unwrap();
        let evidence = sequence.ln_e(&effect) + level.ln();
        prop_assume!(evidence.abs() > 1e-9);
        prop_assert_eq!(!sequence.interval(&effect).unwrap().contains(0.0), evidence > 0.0);
        prop_assert_eq!(sequence.p_value(&effect) <= level, evidence > 0.0);
        if level < 0.5 {
            let one = OneSided::new(level, tightest_at).unwrap();
            let evidence = one.ln_e(&effect) + level.ln();
            prop_assume!(evidence.abs() > 1e-9);
            prop_assert_eq!(one.lower_bound(&effect).unwrap() > 0.0, evidence > 0.0);
        }
    }

    #[test]
    fn the_interval_grows_with_confidence(effect in effect(), level in alpha(), factor in 0.01..0.99_f64) {
        let wide = Sequence::new(level * factor, 5_000.0).unwrap().interval(&effect).unwrap();
        let narrow = Sequence::new(level, 5_000.0).unwrap().interval(&effect).unwrap();
        prop_assert!(wide.width() >= narrow.width());
        prop_assert!(tuning_constant(level * factor).unwrap() >= tuning_constant(level).unwrap());
        let one = |level| OneSided::new(level, 5_000.0).unwrap().lower_bound(&effect).unwrap();
        prop_assert!(one(level * factor) <= one(level) + 1e-12 * effect.standard_error());
    }

    #[test]
    fn the_sequence_shrinks_with_units(level in alpha(), units in 100_u64..1_000_000, more in 2_u64..10) {
        // With se ∝ 1/√n the interval shrinks: f(r)/√r falls.
        let sequence = Sequence::new(level, 5_000.0).unwrap();
        let width = |n: u64| sequence.critical_value(n).unwrap() / (n as f64).sqrt();
        prop_assert!(width(units * more) < width(units));
    }

    #[test]
    fn the_two_sided_bound_is_tightest_at_its_tuning(level in alpha(), tightest_at in 1_000.0..1e5_f64, other in 0.05..20.0_f64) {
        let sequence = Sequence::new(level, tightest_at).unwrap();
        let n = |factor: f64| (tightest_at * factor) as u64;
        prop_assert!(sequence.critical_value(n(1.0)).unwrap() <= sequence.critical_value(n(other)).unwrap() + 1e-9);
    }

    #[test]
    fn fieller_and_the_absolute_interval_agree_on_zero(a in arm(), b in arm(), critical in 1.0..6.0_f64) {
        prop_assume!(a.value().abs() > 1e-6);
        let effect = absolute(&a, &b).unwrap();
        let lift = fieller(&a, &b, critical).unwrap();
        let distance = effect.z().abs() - critical;
        prop_assume!(distance.abs() > 1e-9);
        if let LiftSet::Bounded(interval) = lift.set {
            prop_assert_eq!(!interval.contains(0.0), distance > 0.0);
            prop_assert!(interval.contains(lift.estimate));
            let turned = lift.of_magnitude(&a).unwrap();
            prop_assert!(turned.estimate * effect.estimate() >= 0.0);
        } else {
            // Unbounded only when the control itself is not clear of zero.
            prop_assert!(a.value().abs() <= critical * a.standard_error());
        }
    }

    #[test]
    fn the_floor_only_widens(a in points(60), b in points(60)) {
        let (a, b) = (block(&a), block(&b));
        for kind in [MetricKind::MeanPerUnit, MetricKind::Ratio] {
            let floor = Floor::new(kind, &a, &b).unwrap();
            prop_assert!(floor.control.estimate.variance() >= kind.estimate(&a).unwrap().variance());
            prop_assert!(floor.treatment.estimate.variance() >= kind.estimate(&b).unwrap().variance());
        }
    }

    #[test]
    fn proportions_keep_to_the_unit_interval(k in 0_u64..200, more in 0_u64..200, level in alpha()) {
        let share = Proportion::new(k, k + more + 1).unwrap();
        for interval in [share.wilson(level).unwrap(), share.clopper_pearson(level).unwrap()] {
            prop_assert!(interval.lower() >= 0.0 && interval.upper() <= 1.0 && interval.contains(share.share()));
        }
        let other = Proportion::new(more, k + more + 1).unwrap();
        let (there, back) = (newcombe(&share, &other, level).unwrap(), newcombe(&other, &share, level).unwrap());
        prop_assert!(close(there.lower(), -back.upper(), 1e-12));
    }

    #[test]
    fn success_labels_are_symmetric(a in 0_u64..2_000, b in 0_u64..2_000, share in 0.02..0.98_f64, level in alpha()) {
        let (there, back) = (SuccessLabels::new(a, b, share).unwrap(), SuccessLabels::new(b, a, 1.0 - share).unwrap());
        let evidence = there.ln_e(&CONCENTRATIONS).unwrap();
        prop_assert!(close(evidence, back.ln_e(&CONCENTRATIONS).unwrap(), 1e-3));
        let interval = there.label_interval(&CONCENTRATIONS, level).unwrap();
        prop_assume!((evidence + level.ln()).abs() > 1e-6);
        prop_assert_eq!(!interval.contains(share), evidence + level.ln() > 0.0);
    }

    #[test]
    fn corrections_only_raise_p_values(p in prop::collection::vec(prop::option::of(0.0..=1.0_f64), 0..12)) {
        let all = [
            Correction::Hommel,
            Correction::Holm,
            Correction::Bonferroni,
            Correction::BenjaminiHochberg,
            Correction::BenjaminiYekutieli,
        ].map(|correction| adjust(correction, &p).unwrap());
        for (index, raw) in p.iter().enumerate() {
            let Some(raw) = raw else {
                prop_assert!(all.iter().all(|list| list[index].is_none()));
                continue;
            };
            let [hommel, holm, bonferroni, bh, by] = all.each_ref().map(|list| list[index].unwrap());
            prop_assert!(*raw <= hommel + 1e-15 && hommel <= holm + 1e-12 && holm <= bonferroni + 1e-15);
            prop_assert!(*raw <= bh + 1e-15 && bh <= by + 1e-15 && bh <= hommel + 1e-12);
        }
    }

    #[test]
    fn e_bh_rejects_more_at_larger_levels(ln_e in prop::collection::vec(-5.0..20.0_f64, 0..12), level in 0.001..0.5_f64) {
        let strict = e_benjamini_hochberg(&ln_e, level).unwrap();
        let lax = e_benjamini_hochberg(&ln_e, level * 1.5).unwrap();
        prop_assert!(strict.iter().all(|index| lax.contains(index)));
    }

    #[test]
    fn adjustment_by_an_unrelated_covariate_changes_nothing_much(all in prop::collection::vec((-5.0..5.0_f64, -5.0..5.0_f64), 40..80)) {
        let mut arms = [JointMoments::new(), JointMoments::new()];
        for (index, (y, x)) in all.iter().enumerate() {
            arms[index % 2].insert([*y, 1.0, *x, 1.0]).unwrap();
        }
        let adjustment = Adjustment::new(&arms, Shape::Mean).unwrap();
        // Least squares: the pooled adjusted variance is never above the plain one.
        let whole = arms[0].merge(&arms[1]).unwrap().covariance().unwrap()[0][0];
        prop_assert!(adjustment.pooled_variance() <= whole * (1.0 + 1e-12));
        prop_assert!((0.0..=1.0).contains(&adjustment.explained()));
    }

    #[test]
    fn quantiles_invert_distributions(p in 1e-12..1.0_f64, dof in 0.5..1e7_f64) {
        prop_assume!(p < 1.0 - 1e-12);
        let z = special::normal_quantile(p).unwrap();
        prop_assert!((special::normal_cdf(z).unwrap() - p).abs() <= 1e-12 * p.max(1e-3));
        let t = special::student_quantile(p, dof).unwrap();
        prop_assert!((special::student_cdf(t, dof).unwrap() - p).abs() <= 1e-9 * p.max(1e-3), "{t} {dof}");
    }

    #[test]
    fn tails_are_monotone(x in -30.0..30.0_f64, step in 1e-3..5.0_f64, dof in 1.0..1e7_f64) {
        prop_assert!(special::normal_sf(x + step).unwrap() <= special::normal_sf(x).unwrap());
        prop_assert!(special::normal_ln_cdf(x + step).unwrap() >= special::normal_ln_cdf(x).unwrap());
        prop_assert!(special::student_sf(x + step, dof).unwrap() <= special::student_sf(x, dof).unwrap() * (1.0 + 1e-10));
        prop_assert!(special::chi_square_sf((x + step).abs() + x.abs(), 3.0).unwrap() <= special::chi_square_sf(x.abs(), 3.0).unwrap());
    }

    #[test]
    fn the_beta_function_is_symmetric(a in 0.01..1e6_f64, b in 0.01..1e6_f64, x in 0.0..1.0_f64) {
        prop_assert!(close(special::ln_beta(a, b).unwrap(), special::ln_beta(b, a).unwrap(), 1e-12));
        let sum = special::regularized_beta(a, b, x).unwrap() + special::regularized_beta(b, a, 1.0 - x).unwrap();
        prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    }
}

#[test]
fn a_mean_near_a_billion_keeps_its_variance() {
    let plain: Vec<(f64, f64)> = (0..100).map(|i| (f64::from(i % 7), 1.0)).collect();
    let far: Vec<(f64, f64)> = plain.iter().map(|(v, k)| (v + 1e9, *k)).collect();
    let (a, b) = (mean(&block(&plain)).unwrap(), mean(&block(&far)).unwrap());
    assert!(((a.variance() - b.variance()) / a.variance()).abs() < 1e-12);
}

#[test]
fn the_published_constants_hold() {
    for (alpha, constant) in [(0.05, 8.211968), (0.01, 11.756371), (0.001, 16.688421)] {
        assert!((tuning_constant(alpha).unwrap() - constant).abs() < 1e-6);
    }
    let sequence = Sequence::new(0.05, 5_000.0).unwrap();
    for (units, critical) in [(250, 4.665), (1_250, 3.251), (5_000, 3.035), (20_000, 3.131)] {
        assert!((sequence.critical_value(units).unwrap() - critical).abs() < 5e-4);
    }
}
