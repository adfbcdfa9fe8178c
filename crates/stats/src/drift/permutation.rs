//! Whether a distance is more than chance, when rows come in clusters.

use crate::error::{Result, Undefined, finite};
use crate::random::Generator;

/// The p-value of a distance by permuting *units* between the windows: (1 + number of permutations with a distance at
/// least as large)/(1 + permutations).
///
/// `row_blocks` names each row's block, 0 to the number of blocks − 1, and `block_is_current` each block's window; a block
/// is a unit's rows in one window. `distance` is called with, for each row, whether it counts as current. Exact when
/// blocks are exchangeable if nothing changed; 200 permutations do. Reproducible: the seed is part of the answer.
///
/// # Errors
/// No permutations, a row of a block that does not exist, a window without blocks, or an error of `distance`.
pub fn permutation_p_value(
    row_blocks: &[u32],
    block_is_current: &[bool],
    permutations: u32,
    seed: u64,
    mut distance: impl FnMut(&[bool]) -> Result<f64>,
) -> Result<f64> {
    if permutations == 0 {
        return Err(Undefined::invalid("permutations", "at least 1"));
    }
    let mut labels = block_is_current.to_vec();
    if !(labels.contains(&true) && labels.contains(&false)) {
        return Err(Undefined::TooFewUnits { have: labels.len() as u64, need: 2 });
    }
    let mut rows = vec![false; row_blocks.len()];
    let mut spread = |labels: &[bool]| -> Result<f64> {
        for (row, &block) in rows.iter_mut().zip(row_blocks) {
            *row = *labels.get(block as usize).ok_or(Undefined::invalid("row_blocks", "below the number of blocks"))?;
        }
        finite("distance", distance(&rows)?)
    };
    let observed = spread(&labels)?;
    let mut generator = Generator::new(seed);
    let mut as_far = 0_u32;
    for _ in 0..permutations {
        generator.shuffle(&mut labels);
        as_far += u32::from(spread(&labels)? >= observed);
    }
    Ok((1.0 + f64::from(as_far)) / (1.0 + f64::from(permutations)))
}

/// Evidence from a p-value: e = ½p^(−½), the calibrator κp^(κ−1) at κ = ½ (Vovk & Wang 2021). Its mean under "nothing
/// changed" is at most 1, so it may enter the recursion of the [`detector`](crate::detector).
///
/// # Errors
/// p is not in (0, 1].
pub fn evidence(p_value: f64) -> Result<f64> {
    let p = finite("p_value", p_value)?;
    if p > 0.0 && p <= 1.0 { Ok(0.5 / p.sqrt()) } else { Err(Undefined::invalid("p_value", "above 0 and at most 1")) }
}
