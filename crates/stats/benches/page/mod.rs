//! The work behind a result page: many small blocks merged, compared and decided. Shared by the benchmark and the check
//! that WASM gives the same answers.

use stats::anytime::{Floor, OneSided, Sequence};
use stats::contrast::{Direction, absolute};
use stats::decision::{Decision, Guardrail, Margin, Plan, Primary, Treatment, assess, decide};
use stats::estimate::{ArmEstimate, MetricKind};
use stats::exact::Epoch;
use stats::guard::{sample_ratio, segments};
use stats::moments::Moments;
use stats::random::Generator;

/// What must not fail here, without the text an `unwrap` would drag into a WASM module that is weighed.
pub(crate) trait Sure {
    type Value;

    fn sure(self) -> Self::Value;
}

impl<T, E> Sure for Result<T, E> {
    type Value = T;

    fn sure(self) -> T {
        let Ok(value) = self else { panic!("undefined on sound data") };
        value
    }
}

impl<T> Sure for Option<T> {
    type Value = T;

    fn sure(self) -> T {
        let Some(value) = self else { panic!("undefined on sound data") };
        value
    }
}

/// Metrics that decide, and those that protect; the rest are reported only.
const PRIMARIES: usize = 3;
const GUARDRAILS: usize = 5;

/// How much a page shows.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) metrics: usize,
    pub(crate) arms: usize,
    pub(crate) days: usize,
    pub(crate) segments: usize,
    pub(crate) units_per_block: usize,
}

/// Blocks by metric, arm, segment and day.
pub(crate) struct Page {
    size: Size,
    blocks: Vec<Moments>,
}

impl Page {
    pub(crate) fn new(size: Size, seed: u64) -> Self {
        let mut generator = Generator::new(seed);
        let mut blocks = Vec::new();
        for _ in 0..size.metrics {
            for arm in 0..size.arms {
                for _ in 0..size.segments * size.days {
                    let mut block = Moments::new();
                    for _ in 0..size.units_per_block {
                        let rows = 1.0 + generator.below(5) as f64;
                        let value = rows * (2.0 + 0.05 * arm as f64 + generator.normal());
                        block.insert(value, rows).sure();
                    }
                    blocks.push(block);
                }
            }
        }
        Self { size, blocks }
    }

    /// Merges every block once and decides.
    pub(crate) fn decide(&self) -> Vec<Decision> {
        let Size { metrics, arms, days, segments, .. } = self.size;
        let sequence = Sequence::new(0.05, 5_000.0).sure();
        let one_sided = OneSided::new(0.05, 5_000.0).sure();
        let mut treatments: Vec<Treatment> = (1..arms)
            .map(|arm| Treatment {
                name: format!("arm {arm}"),
                findings: Vec::new(),
                primaries: Vec::new(),
                guardrails: Vec::new(),
                canary: None,
                units_per_arm: 0,
            })
            .collect();
        let mut metric_blocks = self.blocks.chunks(arms * segments * days);
        for metric in 0..metrics {
            let merged: Vec<Vec<Moments>> = metric_blocks
                .next()
                .sure()
                .chunks(segments * days)
                .map(|arm| arm.chunks(days).map(merge_all).collect())
                .collect();
            let totals: Vec<Moments> = merged.iter().map(|segments| merge_all(segments)).collect();
            for (index, treatment) in treatments.iter_mut().enumerate() {
                let (control, own) = (&totals[0], &totals[index + 1]);
                let floor = Floor::new(MetricKind::Ratio, control, own).sure();
                let arms = [floor.control.estimate, floor.treatment.estimate];
                treatment.units_per_arm = own.units();
                if metric < PRIMARIES {
                    treatment.primaries.push(primary(metric, &sequence, arms));
                } else if metric < PRIMARIES + GUARDRAILS {
                    let margin = Margin::Relative(0.05);
                    let state = assess(&arms[0], &arms[1], margin, Direction::HigherIsBetter, &one_sided);
                    treatment.guardrails.push(Guardrail { name: format!("metric {metric}"), margin, state });
                } else {
                    let effect = absolute(&arms[0], &arms[1]).sure();
                    assert!(sequence.p_value(&effect) <= 1.0);
                }
                let by_segment: Vec<_> = merged[0]
                    .iter()
                    .zip(&merged[index + 1])
                    .filter_map(|(left, right)| {
                        let [left, right] = [left, right].map(|block| MetricKind::Ratio.estimate(block));
                        absolute(&left.ok()?, &right.ok()?).ok()
                    })
                    .collect();
                let between = segments::heterogeneity(&by_segment).sure();
                assert!(between.p <= 1.0);
            }
            if metric == 0 {
                let counts = totals.iter().map(Moments::units).collect();
                let epoch = Epoch { counts, weights: vec![1.0 / arms as f64; arms] };
                let finding = sample_ratio::check(&[epoch], None, 1).sure().finding;
                for treatment in &mut treatments {
                    treatment.findings.push(finding.clone());
                }
            }
        }
        let plan = Plan {
            alpha: 0.05,
            least_days: 7.0,
            least_units: 100,
            most_units: 100_000_000,
            days: days as f64,
            forecast: Some((4.0, 9.0)),
        };
        decide(&treatments, &plan).sure()
    }
}

fn merge_all(blocks: &[Moments]) -> Moments {
    blocks.iter().fold(Moments::new(), |sum, block| sum.merge(block).sure())
}

fn primary(metric: usize, sequence: &Sequence, [control, treatment]: [ArmEstimate; 2]) -> Primary {
    let effect = absolute(&control, &treatment).sure();
    Primary {
        name: format!("metric {metric}"),
        direction: Direction::HigherIsBetter,
        p: sequence.p_value(&effect),
        interval: sequence.interval(&effect).ok(),
        lift: sequence.lift(&control, &treatment).ok(),
        smallest_relevant: Some(0.01),
        effect: Ok(effect),
    }
}
