//! A fuzz run over the public functions: plausible inputs, mutated deterministically into extreme and broken ones. Nothing
//! may panic, and no answer may hold a `NaN`.
//!
//! Every public type derives `Debug`, so one look at the debug text finds a `NaN` anywhere in an answer.

mod monitoring;

use stats::anytime::{
    self, Floor, History, NormalMixture, OneSided, Sequence, Stitching, polynomial_stitching, tuning_constant,
};
use stats::bayes::{Posterior, Prior};
use stats::bounded::EmpiricalBernstein;
use stats::contrast::{self, Direction, Effect, Lift, LiftSet};
use stats::cuped::{self, Adjustment, Shape};
use stats::decision::{self, Canary, Guardrail, Margin, Plan, Primary, Treatment};
use stats::estimate::{self, ArmEstimate, MetricKind};
use stats::exact::{self, Epoch, SuccessLabels};
use stats::fixed::{self, Proportion, Welch};
use stats::guard::novelty::{self, Bucket};
use stats::guard::{Finding, Status, calibration, concentration, exposure, missing, sample_ratio, segments};
use stats::moments::{JointMoments, Moments, Parts, Sums};
use stats::multiplicity::{Correction, adjust, e_benjamini_hochberg};
use stats::random::Generator;
use stats::{Interval, special, stratify, winsor};
use std::fmt::Debug;

/// Mutates plausible values.
pub(crate) struct Mutator(pub(crate) Generator);

impl Mutator {
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.0.below(from.len() as u64)).unwrap()]
    }

    /// `plausible`, or something a caller should never send.
    pub(crate) fn number(&mut self, plausible: f64) -> f64 {
        match self.0.below(16) {
            0 => self.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
            1 => self.pick(&[0.0, -0.0, 1.0, -1.0, 0.5, f64::EPSILON, f64::MIN_POSITIVE, 5e-324]),
            2 => self.pick(&[f64::MAX, f64::MIN, 1e308, -1e308, 1e154, 1e-154, 1e-300, 1e15, 1e300]),
            3 => f64::from_bits(self.0.next_u64()),
            4 => -plausible,
            5 => plausible * (10.0_f64).powf(self.0.uniform() * 40.0 - 20.0),
            6 => f64::from_bits(plausible.to_bits() ^ (1 << self.0.below(64))),
            _ => plausible,
        }
    }

    /// A plausible draw from a standard normal, mutated.
    pub(crate) fn value(&mut self) -> f64 {
        let plausible = self.0.normal();
        self.number(plausible)
    }

    pub(crate) fn positive(&mut self) -> f64 {
        let plausible = self.0.normal().exp();
        self.number(plausible)
    }

    pub(crate) fn unit(&mut self) -> f64 {
        let plausible = self.0.uniform();
        self.number(plausible)
    }

    pub(crate) fn count(&mut self) -> u64 {
        match self.0.below(8) {
            0 => self.pick(&[0, 1, 2, 49, 50, u64::MAX, u64::MAX - 1, 1 << 53, 1 << 32]),
            1 => self.0.next_u64() >> self.0.below(64),
            _ => self.0.below(3_000),
        }
    }

    pub(crate) fn list<T>(&mut self, longest: u64, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.0.below(longest + 1)).map(|_| item(self)).collect()
    }

    pub(crate) fn arm(&mut self) -> Option<ArmEstimate> {
        let (value, variance, units) = (self.value(), self.positive(), self.count());
        sound(ArmEstimate::new(value, variance, units)).ok()
    }

    pub(crate) fn effect(&mut self) -> Option<Effect> {
        let (value, se, units) = (self.value(), self.positive(), self.count());
        sound(Effect::new(value, se, units)).ok()
    }

    fn block(&mut self) -> Moments {
        let mut block = Moments::new();
        let tame = self.0.below(2) == 0;
        for _ in 0..self.0.below(120) {
            let (value, rows) = if tame { (self.0.normal(), 1.0) } else { (self.value(), self.positive()) };
            let before = block;
            if sound(block.insert(value, rows)).is_err() {
                assert_eq!(before, block, "a refused insert must not change the block");
            }
            if self.0.below(4) == 0 {
                let (value, rows) = (self.value(), self.positive());
                let _ = sound(block.replace((value, rows), (rows, value)));
                let _ = sound(block.remove(rows, value));
            }
        }
        sound(block)
    }

    fn joint(&mut self) -> JointMoments {
        let mut block = JointMoments::new();
        for _ in 0..self.0.below(60) {
            let point = [self.value(), self.positive(), self.value(), self.positive()];
            let _ = sound(block.insert(point));
        }
        sound(block)
    }

    fn direction(&mut self) -> Direction {
        self.pick(&[Direction::HigherIsBetter, Direction::LowerIsBetter])
    }

    fn kind(&mut self) -> MetricKind {
        self.pick(&[
            MetricKind::MeanPerUnit,
            MetricKind::BinaryPerUnit,
            MetricKind::CountPerUnit,
            MetricKind::Ratio,
            MetricKind::UnitMean,
        ])
    }
}

pub(crate) fn sound<T: Debug>(value: T) -> T {
    let text = format!("{value:?}");
    assert!(!text.contains("NaN"), "an answer holds NaN: {text}");
    value
}

pub(crate) fn run(seed: u64, rounds: u64, body: impl Fn(&mut Mutator)) {
    let slow = std::env::var_os("ASSAY_SLOW").is_some_and(|value| value == "1");
    let rounds = if slow { rounds * 50 } else { rounds };
    for round in 0..rounds {
        body(&mut Mutator(Generator::new(seed << 32 | round)));
    }
}

#[test]
fn special_functions() {
    run(1, 4_000, |m| {
        let (x, p, a, b) = (m.value(), m.unit(), m.positive(), m.positive());
        let dof = 100.0 * m.positive();
        let _ = sound(special::normal_pdf(x));
        let _ = sound(special::normal_cdf(x));
        let _ = sound(special::normal_sf(x));
        let _ = sound(special::normal_ln_cdf(x));
        let _ = sound(special::normal_quantile(p));
        let _ = sound(special::student_cdf(x, dof));
        let _ = sound(special::student_sf(x, dof));
        let _ = sound(special::student_two_sided(x, dof));
        let _ = sound(special::student_quantile(p, dof));
        let _ = sound(special::chi_square_sf(a, dof));
        let _ = sound(special::ln_gamma(a));
        let _ = sound(special::ln_beta(a, b));
        let _ = sound(special::regularized_beta(a, dof, p));
        let count = m.count();
        let _ = sound(special::kolmogorov_sf(count, p));
    });
}

#[test]
fn moments_and_estimates() {
    run(2, 1_000, |m| {
        let (a, b) = (m.block(), m.block());
        let _ = sound(a.merge(&b));
        let ratio = m.value();
        let _ = sound((a.variance_value(), a.variance_rows(), a.covariance(), a.variance_residual(ratio)));
        let _ = sound((a.skewness(ratio), a.mean_value(), a.mean_rows(), a.rows(), a.wants_rebuild()));
        let parts = Parts {
            units: m.count(),
            nonzero: m.count(),
            removed: 0,
            mean_value: [m.value(), m.value()],
            mean_rows: [m.value(), m.value()],
            second: [m.positive(), m.positive(), m.value()],
            third: Some([m.value(), m.value(), m.value(), m.value()]),
        };
        let restored = sound(Moments::from_parts(&parts)).unwrap_or(b);
        let sums = Sums {
            units: m.count(),
            nonzero: m.count(),
            value: m.value(),
            rows: m.positive(),
            value_squared: m.positive(),
            rows_squared: m.positive(),
            value_rows: m.value(),
        };
        let summed = sound(Moments::from_sums(&sums)).unwrap_or(a);
        for block in [a, b, restored, summed] {
            let _ = sound((estimate::mean(&block), estimate::ratio(&block), estimate::rows_per_unit(&block)));
            let _ = sound((estimate::denominator_cv(&block), estimate::shares(&[block, a])));
            let _ = sound(block.merge(&a).and_then(|both| both.skewness(ratio)));
            let kind = m.kind();
            let _ = sound((Floor::new(kind, &a, &block), Floor::collecting(kind, &a, &block)));
            let strata = [[a, block], [b, block], [block, block]];
            let _ = sound((stratify::difference(kind, &strata), stratify::effects(kind, &strata)));
            let _ = sound(stratify::pool_small(&strata).and_then(|pooled| stratify::difference(kind, &pooled)));
        }
        let (sum, rows) = (m.value(), m.count());
        let _ = sound(m.kind().reduce(sum, rows));
        let (row_variance, rows) = (m.positive(), m.positive());
        if let Some(arm) = m.arm() {
            let _ = sound((estimate::design_effect(&arm, row_variance, rows), arm.standard_error()));
        }
    });
}

#[test]
fn contrasts_and_inference() {
    run(3, 6_000, |m| {
        let (Some(a), Some(b)) = (m.arm(), m.arm()) else { return };
        let (critical, alpha, tightest_at) = (m.positive(), m.unit() * 0.1, 5_000.0 * m.positive());
        let _ = sound((contrast::absolute(&a, &b), contrast::linear(&a, &b, critical)));
        let _ = sound(contrast::relative_delta(&a, &b).map(|effect| contrast::of_magnitude(effect, &a)));
        let lift = sound(contrast::fieller(&a, &b, critical));
        let _ = sound(lift.and_then(|lift| lift.of_magnitude(&a)?.interval()));
        for test in [Welch::absolute(&a, &b), Welch::relative(&a, &b)] {
            let Ok(test) = sound(test) else { continue };
            let _ = sound((test.t(), test.p_two_sided(), test.p_greater(), test.p_less()));
            let _ = sound((test.interval(alpha), test.lower_bound(alpha), test.upper_bound(alpha)));
            let _ = sound(test.critical_value(alpha));
        }
        let _ = sound((tuning_constant(alpha), anytime::growthbook_tuning_constant(alpha)));
        let _ = sound(fixed::normal_critical_value(alpha));
        let effect = sound(contrast::absolute(&a, &b)).ok().or_else(|| m.effect());
        let Some(effect) = effect else { return };
        for sequence in [Sequence::new(alpha, tightest_at), Sequence::growthbook(alpha, tightest_at)] {
            let Ok(sequence) = sound(sequence) else { continue };
            let interval = sound(sequence.interval(&effect));
            let _ = sound((sequence.ln_e(&effect), sequence.p_value(&effect), sequence.lift(&a, &b)));
            let _ = sound((sequence.critical_value(effect.units()), sequence.precision_ratio(effect.units())));
            let mut history = History::new();
            if let Ok(interval) = interval {
                let p = m.unit();
                let _ = sound(history.look(p, interval));
                let _ = sound(history.look(sequence.p_value(&effect), interval));
            }
            let _ = sound((history, history.finding(), history.p_value(), history.p_value_towards(effect.estimate())));
            let _ = sound(history.common());
            let _ = sound((missing::scores(&a, &b, &sequence), missing::rows_per_unit(&a, &b, &sequence)));
        }
        let margin = m.positive();
        if let Ok(one) = sound(OneSided::new(alpha, tightest_at)) {
            let _ = sound((one.lower_bound(&effect), one.upper_bound(&effect), one.ln_e(&effect)));
            let margin = if m.0.below(2) == 0 { Margin::Absolute(margin) } else { Margin::Relative(margin) };
            let _ = sound(decision::assess(&a, &b, margin, m.direction(), &one));
        }
        let _ = sound(fixed::non_inferiority(&effect, margin, m.direction(), alpha));
        let prior = Prior::normal(m.value(), m.positive()).unwrap_or(Prior::DEFAULT);
        let prior = sound(prior.on_absolute_scale(a.value())).unwrap_or(Prior::FLAT);
        for prior in [prior, Prior::FLAT] {
            let Ok(posterior) = sound(Posterior::new(&effect, prior)) else { continue };
            let direction = m.direction();
            let _ = sound((posterior.chance_to_win(direction), posterior.interval(alpha)));
            let _ = sound((posterior.loss_of_control(direction), posterior.loss_of_treatment(direction)));
        }
        let skewness = if m.0.below(2) == 0 { Some(m.value()) } else { None };
        let pooled = m.positive();
        let _ = sound(Floor::from_estimates([a, b], pooled, skewness));
    });
}

#[test]
fn boundaries_and_exact_tests() {
    run(4, 2_000, |m| {
        let (v, alpha) = (m.positive() * 100.0, m.unit() * 0.1);
        let s = m.value() * 10.0;
        let (v_opt, alpha_opt) = (m.positive() * 100.0, m.unit());
        for mixture in [NormalMixture::two_sided(v_opt, alpha_opt), NormalMixture::one_sided(v_opt, alpha_opt)] {
            let Ok(mixture) = sound(mixture) else { continue };
            let _ = sound((mixture.ln_e(s, v), mixture.bound(v, alpha)));
        }
        let stitching = Stitching {
            start: m.positive(),
            scale: m.positive(),
            exponent: 1.0 + m.positive(),
            epoch_ratio: 1.0 + m.positive(),
        };
        let _ = sound(polynomial_stitching(v, alpha, &stitching));
        let concentrations = m.list(4, |m| m.positive() * 10.0);
        if let Ok(labels) = sound(SuccessLabels::new(m.count(), m.count(), m.unit())) {
            let _ = sound((labels.ln_e(&concentrations), labels.p_value(&concentrations), labels.rate_ratio()));
            let _ = sound(labels.label_interval(&exact::CONCENTRATIONS, alpha));
            let _ = sound(labels.rate_ratio_interval(&concentrations, alpha));
        }
        let _ = sound(exact::rate_interval(m.count(), m.count(), alpha, v_opt, alpha_opt));
        let counts = m.list(5, Mutator::count);
        let weights = m.list(5, Mutator::positive);
        let _ = sound(exact::ln_e_counts(&counts, &weights, &concentrations));
        let epochs = m.list(3, |m| Epoch { counts: m.list(3, Mutator::count), weights: m.list(3, Mutator::positive) });
        let _ = sound(exact::ln_e_epochs(&epochs, &concentrations));
        let largest = if m.0.below(2) == 0 { Some(m.value()) } else { None };
        let _ = sound(sample_ratio::check(&epochs, largest, 3));
        let _ = sound(sample_ratio::check(&[Epoch { counts: counts.clone(), weights: weights.clone() }], largest, 0));
        let _ = sound(sample_ratio::chi_square(&counts, &weights));
        if let Ok(mut sequence) = sound(EmpiricalBernstein::new(alpha)) {
            for _ in 0..m.0.below(30) {
                let x = m.unit();
                let _ = sound(sequence.insert(x));
                let _ = sound(sequence.interval());
            }
        }
    });
}

#[test]
fn proportions_and_corrections() {
    run(5, 2_000, |m| {
        let alpha = m.unit();
        if let (Ok(a), Ok(b)) =
            (sound(Proportion::new(m.count(), m.count())), sound(Proportion::new(m.count() / 2, m.count())))
        {
            let _ = sound((a.wilson(alpha), fixed::newcombe(&a, &b, alpha), a.growthbook_estimate()));
            let _ = exact::leads(&a, &b);
            let _ = sound(calibration::sequence(a.successes(), a.units(), alpha));
            if a.units() < 1_000_000 {
                let _ = sound(a.clopper_pearson(alpha));
            }
        }
        let p = m.list(12, |m| if m.0.below(5) == 0 { None } else { Some(m.unit()) });
        for correction in [
            Correction::Bonferroni,
            Correction::Holm,
            Correction::Hommel,
            Correction::BenjaminiHochberg,
            Correction::BenjaminiYekutieli,
        ] {
            let _ = sound(adjust(correction, &p));
        }
        let ln_e = m.list(12, Mutator::value);
        let _ = sound(e_benjamini_hochberg(&ln_e, alpha));
        let values = m.list(30, Mutator::value);
        let _ = sound(winsor::percentile(&values, alpha));
        if let Ok(cap) = sound(winsor::Cap::new(m.positive())) {
            let value = m.value();
            let _ = sound(cap.apply(value));
        }
        let _ = winsor::is_due(Some(m.count()), m.count());
        let _ = sound(Interval::new(m.value(), m.value())).map(|interval| sound(interval.width()));
    });
}

#[test]
fn adjustments_and_guards() {
    run(6, 1_500, |m| {
        let arms = [m.joint(), m.joint()];
        let _ = sound((arms[0].merge(&arms[1]), arms[0].covariance(), arms[0].means()));
        for shape in [Shape::Mean, Shape::Ratio] {
            let _ = sound(cuped::balanced(&arms[0], &arms[1], shape, 5_000.0));
            let Ok(adjustment) = sound(Adjustment::new(&arms, shape)) else { continue };
            let _ = sound((adjustment.estimate(&arms[0]), adjustment.relative(&arms[0], &arms[1])));
            let _ = sound((adjustment.users_saved(), adjustment.pooled_variance(), adjustment.is_worthwhile()));
        }
        let points = |m: &mut Mutator| m.list(12, |m| (m.value(), m.value()));
        let (control, treatment) = (points(m), points(m));
        let _ = sound(cuped::lin(&control, &treatment));
        let effects: Vec<Effect> = m.list(6, Mutator::effect).into_iter().flatten().collect();
        let _ = sound((segments::heterogeneity(&effects), segments::explore(&effects)));
        let buckets: Vec<Bucket> = effects.iter().map(|effect| Bucket { day: m.positive(), effect: *effect }).collect();
        let _ = sound(novelty::check(&buckets));
        if let [one, other, ..] = effects.as_slice() {
            let width = m.0.below(4);
            let mix: Vec<Vec<u64>> = m.list(5, |m| (0..width).map(|_| m.count()).collect());
            let _ = sound(segments::simpson(one, other, &mix));
        }
        let p_values = m.list(200, Mutator::unit);
        let alpha = m.unit();
        let _ = sound(calibration::calibrate(&p_values, alpha));
        let tame: Vec<f64> = (0..50).map(|_| m.0.uniform()).collect();
        let _ = sound(calibration::calibrate(&tame, 0.05));
        let rows = m.list(20, Mutator::count);
        let _ = sound((concentration::check(&rows), concentration::outliers(&rows)));
        let limits = exposure::Limits { warn_share: m.unit(), broken_share: m.unit(), warn_units: m.count() };
        let _ = sound(exposure::multiple(m.count() / 100, m.count(), &limits));
        let _ = sound(exposure::early_rows(m.count(), m.count()));
    });
}

#[test]
fn decisions() {
    run(7, 3_000, |m| {
        let treatments = m.list(4, |m| Treatment {
            name: "B".to_owned(),
            findings: vec![Finding::new(m.pick(&[Status::Ok, Status::Ok, Status::Warn, Status::Broken]), 0.0, "why.")],
            primaries: m.list(3, |m| {
                let lift = match Interval::new(m.value(), m.value()) {
                    Ok(interval) => Some(Lift { estimate: 0.1, set: LiftSet::Bounded(interval) }),
                    Err(_) => Some(Lift { estimate: 0.1, set: LiftSet::Exclusive }),
                };
                Primary {
                    name: "quality".to_owned(),
                    direction: m.direction(),
                    effect: m.effect().ok_or(stats::Undefined::NoVariation),
                    p: m.unit(),
                    interval: Interval::new(m.value(), m.value()).ok(),
                    lift,
                    smallest_relevant: Some(m.value()),
                }
            }),
            guardrails: m.list(2, |m| Guardrail {
                name: "latency".to_owned(),
                margin: Margin::Relative(0.05),
                state: Ok(m.pick(&[
                    decision::GuardrailState::Passes,
                    decision::GuardrailState::Harmed,
                    decision::GuardrailState::SeriouslyHarmed,
                    decision::GuardrailState::Undecided,
                ])),
            }),
            canary: Some(Canary { ln_e: m.value(), harmful: m.0.below(2) == 0 }),
            units_per_arm: m.count(),
        });
        let plan = Plan {
            alpha: m.unit(),
            least_days: m.positive(),
            least_units: m.count(),
            most_units: m.count(),
            days: m.positive(),
            forecast: Some((m.value(), m.value())),
        };
        if let Ok(decisions) = decision::decide(&treatments, &plan) {
            assert_eq!(decisions.len(), treatments.len());
            assert!(decisions.iter().all(|own| !own.sentence.is_empty() && !own.sentence.contains("NaN")));
        }
    });
}
