//! Shapley values of causes within a stratum.

use std::collections::BTreeMap;

/// What is known about a stratum: each combination of causes with its mean and its rows in both periods.
#[derive(Default)]
pub(super) struct Profile {
    cells: BTreeMap<Vec<u32>, Combination>,
}

#[derive(Clone, Copy, Default)]
struct Combination {
    sum: f64,
    rows: [f64; 2],
}

/// An additive model of a stratum.
struct Additive {
    overall: f64,
    effects: Vec<BTreeMap<u32, f64>>,
}

impl Additive {
    fn predict(&self, causes: &[u32]) -> f64 {
        let effects = self.effects.iter().zip(causes);
        self.overall + effects.map(|(effects, value)| effects.get(value).copied().unwrap_or(0.0)).sum::<f64>()
    }
}

/// Each cause's part, and the share of the predictions that was extrapolated.
pub(super) struct Division {
    pub(super) parts: Vec<f64>,
    pub(super) extrapolated: f64,
}

impl Profile {
    pub(super) fn add(&mut self, causes: &[u32], period: usize, sum: f64, rows: f64) {
        let cell = self.cells.entry(causes.to_vec()).or_default();
        cell.sum += sum;
        if let Some(own) = cell.rows.get_mut(period) {
            *own += rows;
        }
    }

    /// How often each combination of the causes in `set` (bit by bit) occurs in a period.
    fn marginal(&self, set: usize, period: usize) -> BTreeMap<Vec<u32>, f64> {
        let mut shares: BTreeMap<Vec<u32>, f64> = BTreeMap::new();
        let total: f64 = self.cells.values().map(|cell| cell.rows[period]).sum();
        for (causes, cell) in &self.cells {
            if cell.rows[period] > 0.0 {
                let chosen = causes.iter().enumerate().filter(|&(cause, _)| set >> cause & 1 == 1);
                *shares.entry(chosen.map(|(_, &value)| value).collect()).or_default() += cell.rows[period] / total;
            }
        }
        shares
    }

    /// The additive fit: overall mean plus an effect of each cause's value, by weighted least squares over the cells.
    ///
    /// Damped simultaneous steps from 0, so that causes which cannot be told apart share what they explain.
    fn additive(&self, causes: usize) -> Additive {
        const STEPS: usize = 200;
        let cells: Vec<(&Vec<u32>, f64, f64)> = self
            .cells
            .iter()
            .map(|(values, cell)| {
                let rows = cell.rows[0] + cell.rows[1];
                (values, cell.sum / rows, rows)
            })
            .collect();
        let total: f64 = cells.iter().map(|cell| cell.2).sum();
        let overall = cells.iter().map(|cell| cell.1 * cell.2).sum::<f64>() / total;
        let mut fit = Additive { overall, effects: vec![BTreeMap::new(); causes] };
        for _ in 0..STEPS {
            let residuals: Vec<f64> = cells.iter().map(|cell| cell.1 - fit.predict(cell.0)).collect();
            for (cause, effects) in fit.effects.iter_mut().enumerate() {
                let mut means: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
                for (cell, residual) in cells.iter().zip(&residuals) {
                    if let Some(&value) = cell.0.get(cause) {
                        let mean = means.entry(value).or_default();
                        *mean = (mean.0 + cell.2 * residual, mean.1 + cell.2);
                    }
                }
                for (value, (sum, rows)) in means {
                    *effects.entry(value).or_default() += sum / rows / causes as f64;
                }
            }
        }
        fit
    }

    /// The mean of a combination, and whether it was never seen and had to be extrapolated.
    fn predict(&self, causes: &[u32], additive: &Additive) -> (f64, bool) {
        match self.cells.get(causes) {
            Some(cell) => (cell.sum / (cell.rows[0] + cell.rows[1]), false),
            None => (additive.predict(causes), true),
        }
    }

    /// The metric when the causes in `set` are as after and the others as before, each side with its own joint shares.
    fn worth(&self, set: usize, causes: usize, additive: &Additive) -> (f64, f64) {
        let all = (1_usize << causes) - 1;
        let new = self.marginal(set, 1);
        let old = self.marginal(all & !set, 0);
        let (mut worth, mut extrapolated) = (0.0, 0.0);
        let mut combined = vec![0; causes];
        for (new_values, new_share) in &new {
            for (old_values, old_share) in &old {
                let (mut from_new, mut from_old) = (new_values.iter(), old_values.iter());
                for (cause, slot) in combined.iter_mut().enumerate() {
                    let next = if set >> cause & 1 == 1 { from_new.next() } else { from_old.next() };
                    *slot = next.copied().unwrap_or(0);
                }
                let (prediction, guessed) = self.predict(&combined, additive);
                worth += new_share * old_share * prediction;
                extrapolated += if guessed { new_share * old_share } else { 0.0 };
            }
        }
        (worth, extrapolated)
    }
}

/// φ_c = Σ_{A without c} |A|!(C−|A|−1)!/C! · (v(A ∪ c) − v(A)) (Shapley 1953). They sum to v(all) − v(none).
pub(super) fn divide(profile: &Profile, causes: usize) -> Division {
    let sets = 1_usize << causes;
    let additive = profile.additive(causes);
    let worths: Vec<(f64, f64)> = (0..sets).map(|set| profile.worth(set, causes, &additive)).collect();
    let worth = |set: usize| worths.get(set).map_or(0.0, |entry| entry.0);
    let parts = (0..causes)
        .map(|cause| {
            let without = (0..sets).filter(|set| set >> cause & 1 == 0);
            without.map(|set| ordering_share(set.count_ones(), causes) * (worth(set | 1 << cause) - worth(set))).sum()
        })
        .collect();
    let extrapolated = worths.iter().map(|entry| entry.1).sum::<f64>() / sets as f64;
    Division { parts, extrapolated }
}

/// |A|!(C−|A|−1)!/C! = 1/(C·binomial(C−1, |A|)).
fn ordering_share(size: u32, causes: usize) -> f64 {
    let mut binomial = 1.0;
    for step in 0..size {
        binomial *= (causes as f64 - 1.0 - f64::from(step)) / (f64::from(step) + 1.0);
    }
    1.0 / (causes as f64 * binomial)
}
