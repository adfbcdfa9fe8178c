//! CUSUM, kept as a chart with a familiar meaning. Alarms come from the e-detector, whose promise needs no model of the run
//! length.

use crate::error::{Result, Undefined, computed, finite, non_negative, positive};
use crate::special::normal;

/// Page's two cumulative sums (Page 1954): up ← max(0, up + z − k), down ← max(0, down − z − k).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cusum {
    allowance: f64,
    up: f64,
    down: f64,
}

impl Cusum {
    /// A chart with allowance k: half the shift, in standard deviations, that matters.
    ///
    /// # Errors
    /// k is negative or not finite.
    pub fn new(allowance: f64) -> Result<Self> {
        Ok(Self { allowance: non_negative("allowance", allowance)?, up: 0.0, down: 0.0 })
    }

    /// Takes one standard score in; returns both sums.
    ///
    /// # Errors
    /// The score is not finite, or the sums overflow; nothing changes then.
    pub fn update(&mut self, z: f64) -> Result<(f64, f64)> {
        let z = finite("z", z)?;
        let up = computed(self.up + (z - self.allowance))?.max(0.0);
        let down = computed(self.down - (z + self.allowance))?.max(0.0);
        (self.up, self.down) = (up, down);
        Ok((up, down))
    }
}

/// Siegmund's approximation of a one-sided chart's mean time to alarm: (e^{−2Δb} + 2Δb − 1)/(2Δ²) with Δ = shift − k and
/// b = h + 1.166 (Siegmund 1985, §2.6); b² at Δ = 0.
///
/// # Errors
/// A number is not finite, h is negative, or the result overflows.
pub fn siegmund_run_length(allowance: f64, limit: f64, shift: f64) -> Result<f64> {
    let drift = finite("shift", shift)? - non_negative("allowance", allowance)?;
    let limit = non_negative("limit", limit)? + 1.166;
    let x = 2.0 * drift * limit;
    // e^{−x} + x − 1 cancels near 0, where it is x²/2 − x³/6.
    if x.abs() < 1e-5 {
        return computed(limit * limit * (1.0 - x / 3.0));
    }
    computed((libm::expm1(-x) + x) / (2.0 * drift * drift))
}

/// A one-sided chart's mean time to alarm from 0, exact to about 1e-9: the integral equation of Page (1954),
/// L(u) = 1 + L(0)·Φ(k − u − shift) + ∫₀ʰ L(y)·φ(y + k − u − shift) dy, solved at Gauss–Legendre points (Nyström). The limit
/// of the Markov chain of Brook & Evans (1972).
///
/// # Errors
/// A number is not finite, h is not in (0, 50], or the run is too long for the equation to be solved (beyond about 1e12).
pub fn average_run_length(allowance: f64, limit: f64, shift: f64) -> Result<f64> {
    const PANELS: usize = 12;
    let limit = positive("limit", limit)?;
    if limit > 50.0 {
        return Err(Undefined::invalid("limit", "at most 50"));
    }
    let start = non_negative("allowance", allowance)? - finite("shift", shift)?;
    // Points and weights: 0 first, with the mass of the atom, then eight to a panel.
    let panel = limit / PANELS as f64;
    let mut points = vec![(0.0, 0.0)];
    for index in 0..PANELS {
        for &(node, weight) in &GAUSS_LEGENDRE {
            for side in [-1.0, 1.0] {
                let place = (index as f64 + 0.5 + 0.5 * side * node) * panel;
                points.push((place, 0.5 * weight * panel));
            }
        }
    }
    let mut system: Vec<Vec<f64>> = Vec::with_capacity(points.len());
    for (row, &(from, _)) in points.iter().enumerate() {
        let mut equation = Vec::with_capacity(points.len() + 1);
        for (column, &(to, weight)) in points.iter().enumerate() {
            let moved = if column == 0 { normal::cdf(start - from) } else { weight * normal::pdf(to + start - from) };
            equation.push(if row == column { 1.0 - moved } else { -moved });
        }
        equation.push(1.0);
        system.push(equation);
    }
    let solution = solve(system)?;
    let length = solution.first().copied().unwrap_or(0.0);
    if (1.0..1e12).contains(&length) { Ok(length) } else { Err(Undefined::Overflow) }
}

/// The mean time to alarm of both sides together: 1/ARL = 1/ARL⁺ + 1/ARL⁻.
///
/// # Errors
/// A length is not above 0.
pub fn two_sided_run_length(up: f64, down: f64) -> Result<f64> {
    let rate = 1.0 / positive("up", up)? + 1.0 / positive("down", down)?;
    computed(1.0 / rate)
}

/// Nodes and weights of the eight-point Gauss–Legendre rule on [−1, 1], positive half (Abramowitz & Stegun 25.4.30).
const GAUSS_LEGENDRE: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// Gaussian elimination with partial pivoting; each row ends with its right-hand side.
fn solve(mut system: Vec<Vec<f64>>) -> Result<Vec<f64>> {
    let size = system.len();
    for column in 0..size {
        let pivot =
            (column..size).max_by(|&left, &right| system[left][column].abs().total_cmp(&system[right][column].abs()));
        let pivot = pivot.unwrap_or(column);
        if system[pivot][column] == 0.0 {
            return Err(Undefined::PrecisionLost);
        }
        system.swap(column, pivot);
        let (above, below) = system.split_at_mut(column + 1);
        let top = &above[column];
        for row in below {
            let factor = row[column] / top[column];
            for (entry, own) in row.iter_mut().zip(top).skip(column) {
                *entry -= factor * own;
            }
        }
    }
    let mut solution = vec![0.0; size];
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|column| system[row][column] * solution[column]).sum();
        solution[row] = (system[row][size] - known) / system[row][row];
    }
    Ok(solution)
}
