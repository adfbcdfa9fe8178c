//! From exact sums over units to the moments every method takes.

use stats::moments::Parts;
use store::event::{UnitSums, Wide};

/// Exact sums as moments. Deviations are worked out in whole numbers: nothing is lost to a large mean.
pub(super) fn parts(sums: &UnitSums, paired: bool, scale: f64) -> Parts {
    let units = u64::try_from(sums.units).unwrap_or(0);
    let nonzero = u64::try_from(sums.nonzero).unwrap_or(0);
    if units == 0 {
        let none = [0.0; 2];
        return Parts {
            units,
            nonzero,
            removed: 0,
            mean_value: none,
            mean_rows: none,
            second: [0.0; 3],
            third: Some([0.0; 4]),
        };
    }
    let whole = Wide::from(i128::from(units));
    let n = units as f64;
    let [v, vv, vvv, r, vr, rr, vvr, vrr, rrr] = sums.products;
    let twice = |number: Wide| number * Wide::from(2);
    // n·Σab − Σa·Σb, and n²·Σabc − n(Σa·Σbc + Σb·Σac + Σc·Σab) + 2·Σa·Σb·Σc.
    let second = |ab: Wide, a: Wide, b: Wide| (whole * ab - a * b).to_f64() / n;
    let third = |abc: Wide, [a, b, c]: [Wide; 3], [bc, ac, ab]: [Wide; 3]| {
        let mut crossed = a * bc;
        crossed += b * ac;
        crossed += c * ab;
        let mut sum = whole * whole * abc - whole * crossed;
        sum += twice(a * b * c);
        sum.to_f64() / (n * n)
    };
    let value_cubed = scale * scale * scale * third(vvv, [v, v, v], [vv, vv, vv]);
    let second_value = scale * scale * second(vv, v, v);
    let (mean_rows, second, third) = if paired {
        (
            r.to_f64() / n,
            [second_value, second(rr, r, r), scale * second(vr, v, r)],
            [
                value_cubed,
                scale * scale * third(vvr, [v, v, r], [vr, vr, vv]),
                scale * third(vrr, [v, r, r], [rr, vr, vr]),
                third(rrr, [r, r, r], [rr, rr, rr]),
            ],
        )
    } else {
        (1.0, [second_value, 0.0, 0.0], [value_cubed, 0.0, 0.0, 0.0])
    };
    Parts {
        units,
        nonzero,
        removed: 0,
        mean_value: [scale * v.to_f64() / n, 0.0],
        mean_rows: [mean_rows, 0.0],
        second,
        third: Some(third),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stats::moments::Moments;
    use store::event::UnitValue;

    use super::*;

    fn close(one: f64, other: f64, size: f64) -> bool {
        (one - other).abs() <= 1e-9 * size.abs().max(1e-300)
    }

    proptest! {
        #[test]
        fn exact_sums_are_the_moments_of_their_units(
            units in prop::collection::vec((-1_000_000_000_i64..1_000_000_000, 1_u32..50), 3..40), paired: bool,
        ) {
            let scale = 1e-9;
            let (mut sums, mut moments) = (UnitSums::default(), Moments::new());
            for (value, rows) in &units {
                let rows = paired.then_some(u64::from(*rows));
                sums.count(UnitValue { value: i128::from(*value), rows, has_rows: true }, true);
                moments.insert(*value as f64 * scale, rows.map_or(1.0, |rows| rows as f64)).unwrap();
            }
            let (exact, running) = (parts(&sums, paired, scale), moments.parts());
            prop_assert_eq!((exact.units, exact.nonzero), (running.units, running.nonzero));
            prop_assert!((exact.mean_value[0] - running.mean_value[0]).abs() < 1e-12);
            prop_assert!((exact.mean_rows[0] - running.mean_rows[0]).abs() < 1e-12);
            let spread = [exact.second[0].sqrt(), exact.second[1].sqrt().max(1e-9)];
            let sizes = [spread[0] * spread[0], spread[1] * spread[1], spread[0] * spread[1]];
            for (place, size) in sizes.iter().enumerate() {
                prop_assert!(close(exact.second[place], running.second[place], *size), "{exact:?} {running:?}");
            }
            prop_assert!(Moments::from_parts(&exact).is_ok());
            let (one, other) = (exact.third.unwrap(), running.third.unwrap());
            let [v, r] = spread;
            for (place, size) in [v * v * v, v * v * r, v * r * r, r * r * r].iter().enumerate() {
                prop_assert!(close(one[place], other[place], *size), "{one:?} {other:?}");
            }
        }
    }
}
