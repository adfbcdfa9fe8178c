//! The recursions: always in logarithms, because M overflows within days of a large change.

use crate::error::{Result, Undefined, computed, finite, open_unit, positive};

/// Which changes count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// Rises and falls.
    Both,
    /// Rises only: latency, cost, errors.
    Up,
    /// Falls only: scores.
    Down,
}

/// One alarm's state: a Shiryaev–Roberts sum of evidence, restarted after each alarm.
///
/// Feed it e-values (mean at most 1 while nothing changes, given the past), for example from
/// [`drift::evidence`](crate::drift::evidence).
#[derive(Clone, Debug, PartialEq)]
pub struct EDetector {
    /// ln M of each component; −∞ at the start.
    components: Vec<f64>,
    ln_threshold: f64,
}

impl EDetector {
    /// A detector of one stream of e-values with a [`threshold`](super::threshold).
    ///
    /// # Errors
    /// The threshold is not above 0.
    pub fn new(threshold: f64) -> Result<Self> {
        Self::with_components(1, threshold)
    }

    fn with_components(count: usize, threshold: f64) -> Result<Self> {
        let ln_threshold = libm::log(positive("threshold", threshold)?);
        Ok(Self { components: vec![f64::NEG_INFINITY; count], ln_threshold })
    }

    /// Takes one e-value in; returns ln of the evidence. M ← (1 + M)·e.
    ///
    /// # Errors
    /// The e-value is not above 0 or not finite; nothing changes then.
    pub fn update(&mut self, e_value: f64) -> Result<f64> {
        let increment = libm::log(positive("e_value", e_value)?);
        self.advance(&[increment])
    }

    /// ln of the mean of the components; −∞ before the first value.
    #[must_use]
    pub fn ln_evidence(&self) -> f64 {
        let top = self.components.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if top == f64::NEG_INFINITY {
            return top;
        }
        let sum: f64 = self.components.iter().map(|ln_m| libm::exp(ln_m - top)).sum();
        top + libm::log(sum / self.components.len() as f64)
    }

    /// Whether the evidence has reached the threshold.
    #[must_use]
    pub fn alarms(&self) -> bool {
        self.ln_evidence() >= self.ln_threshold
    }

    /// Starts again at 0, as after an alarm.
    pub fn restart(&mut self) {
        self.components.fill(f64::NEG_INFINITY);
    }

    /// ln M ← ln(1 + M) + increment for each component.
    fn advance(&mut self, increments: &[f64]) -> Result<f64> {
        let mut next = Vec::with_capacity(self.components.len());
        for (&ln_m, &increment) in self.components.iter().zip(increments) {
            // ln(1 + M), stable for large and small M.
            let ln_one_more =
                if ln_m > 0.0 { ln_m + libm::log1p(libm::exp(-ln_m)) } else { libm::log1p(libm::exp(ln_m)) };
            next.push(computed(ln_one_more + increment)?);
        }
        self.components = next;
        Ok(self.ln_evidence())
    }
}

/// The e-SR detector for standard scores: the mixture over λ ∈ ±{¼, ½, 1, 2}, or half of it for one side.
///
/// Median delay at T = 720: 4 periods for a shift of 2 standard deviations, 12 for 1, 32 for ½, 86 for ¼.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelDetector {
    detector: EDetector,
    lambdas: Vec<f64>,
}

impl LevelDetector {
    /// A detector with a [`threshold`](super::threshold).
    ///
    /// # Errors
    /// The threshold is not above 0.
    pub fn new(sides: Sides, threshold: f64) -> Result<Self> {
        let lambdas: &[f64] = match sides {
            Sides::Both => &[-2.0, -1.0, -0.5, -0.25, 0.25, 0.5, 1.0, 2.0],
            Sides::Up => &[0.25, 0.5, 1.0, 2.0],
            Sides::Down => &[-0.25, -0.5, -1.0, -2.0],
        };
        Self::with_lambdas(lambdas, threshold)
    }

    /// A detector with tilts of your own.
    ///
    /// # Errors
    /// No tilts, one that is not finite, or a threshold not above 0.
    pub fn with_lambdas(lambdas: &[f64], threshold: f64) -> Result<Self> {
        if lambdas.is_empty() {
            return Err(Undefined::invalid("lambdas", "at least one"));
        }
        for &lambda in lambdas {
            finite("lambdas", lambda)?;
        }
        Ok(Self { detector: EDetector::with_components(lambdas.len(), threshold)?, lambdas: lambdas.to_vec() })
    }

    /// Takes one standard score in; returns ln of the evidence.
    ///
    /// # Errors
    /// The score is not finite, or so large that the evidence overflows; nothing changes then.
    pub fn update(&mut self, z: f64) -> Result<f64> {
        let z = finite("z", z)?;
        let increments: Vec<f64> = self.lambdas.iter().map(|lambda| lambda * z - 0.5 * lambda * lambda).collect();
        self.detector.advance(&increments)
    }

    /// Whether the evidence has reached the threshold.
    #[must_use]
    pub fn alarms(&self) -> bool {
        self.detector.alarms()
    }

    /// Starts again at 0, as after an alarm.
    pub fn restart(&mut self) {
        self.detector.restart();
    }
}

/// The same for counts of events with few of them, such as errors: exact, with the odds multiplied by ½, ⅔, 1.5, 2 or 4.
///
/// Assumes independent trials at the known baseline rate while nothing changes.
#[derive(Clone, Debug, PartialEq)]
pub struct BernoulliDetector {
    detector: EDetector,
    /// ln of the likelihood ratio of an event and of a non-event, by multiplier.
    ratios: Vec<(f64, f64)>,
}

impl BernoulliDetector {
    /// A detector around a baseline rate with a [`threshold`](super::threshold).
    ///
    /// # Errors
    /// The rate is not between 0 and 1, or the threshold not above 0.
    pub fn new(sides: Sides, baseline_rate: f64, threshold: f64) -> Result<Self> {
        let rate = open_unit("baseline_rate", baseline_rate)?;
        let multipliers: &[f64] = match sides {
            Sides::Both => &[0.5, 2.0 / 3.0, 1.5, 2.0, 4.0],
            Sides::Up => &[1.5, 2.0, 4.0],
            Sides::Down => &[0.5, 2.0 / 3.0],
        };
        // With odds times m the rate is mp/(1 + (m−1)p); both ratios share that denominator.
        let ratios = multipliers.iter().map(|&multiplier| {
            let shared = libm::log1p((multiplier - 1.0) * rate);
            (libm::log(multiplier) - shared, -shared)
        });
        let ratios: Vec<(f64, f64)> = ratios.collect();
        Ok(Self { detector: EDetector::with_components(ratios.len(), threshold)?, ratios })
    }

    /// Takes a period's events and trials in; returns ln of the evidence.
    ///
    /// # Errors
    /// More events than trials; nothing changes then.
    pub fn update(&mut self, events: u64, trials: u64) -> Result<f64> {
        let Some(others) = trials.checked_sub(events) else {
            return Err(Undefined::invalid("events", "at most `trials`"));
        };
        let increments: Vec<f64> =
            self.ratios.iter().map(|ratio| events as f64 * ratio.0 + others as f64 * ratio.1).collect();
        self.detector.advance(&increments)
    }

    /// Whether the evidence has reached the threshold.
    #[must_use]
    pub fn alarms(&self) -> bool {
        self.detector.alarms()
    }

    /// Starts again at 0, as after an alarm.
    pub fn restart(&mut self) {
        self.detector.restart();
    }
}
