//! The sketch: frozen keys and bytes, its error bound, and that merging and removing are exact.

use proptest::prelude::*;
use stats::sketch::{
    DdSketch, EXACT_ZERO, GAMMA, KEY_OFFSET, LN_GAMMA, MAX_KEY, ScoreBins, SketchError, key, score_bin,
    score_bin_value, value,
};

fn sketch_of(values: &[f64]) -> DdSketch {
    let mut sketch = DdSketch::new();
    for &value in values {
        sketch.add(value).unwrap();
    }
    sketch
}

/// Finite values over many scales and both signs, with the small integers people really send.
fn values() -> impl Strategy<Value = Vec<f64>> {
    let one = prop_oneof![
        3 => (-80.0..80.0_f64, any::<bool>()).prop_map(|(ln, negative)| if negative { -ln.exp() } else { ln.exp() }),
        2 => (-5..20_i32).prop_map(f64::from),
        1 => Just(0.0),
    ];
    prop::collection::vec(one, 1..120)
}

/// Stored data depend on these numbers: never edit a line, only add.
#[test]
fn keys_are_frozen() {
    let golden: [(f64, i16); 26] = [
        (0.0, 0),
        (-0.0, 0),
        (5e-324, 0),
        (6.9e-72, 0),
        (7e-72, 1),
        (1e-30, 4739),
        (1e-9, 7156),
        (1e-6, 7502),
        (0.001, 7847),
        (0.01, 7962),
        (0.1, 8077),
        (0.5, 8158),
        (0.99, 8192),
        (1.0, 8192),
        (1.0000001, 8193),
        (2.0, 8227),
        (100.0, 8423),
        (123.456, 8433),
        (1000.0, 8538),
        (60_000.0, 8743),
        (990_000_000.0, 9228),
        (1e18, 10265),
        (1e71, 16366),
        (1.5e71, 16383),
        (f64::MAX, 16383),
        (-1000.0, -8538),
    ];
    let found: Vec<(f64, i16)> = golden.iter().map(|&(value, _)| (value, key(value).unwrap())).collect();
    assert_eq!(found, golden);
    assert_eq!(key(f64::NAN), None);
    assert_eq!(key(f64::INFINITY), None);
    assert_eq!(key(f64::NEG_INFINITY), None);
}

#[test]
fn bytes_are_frozen() {
    let sketch = DdSketch::from_bins([(-8538, 1), (0, 300), (8192, 2), (8193, 70_000)]).unwrap();
    let golden = [1, 1, 4, 0xb3, 0x85, 0x01, 1, 0xda, 0x42, 0xac, 0x02, 0x80, 0x40, 2, 1, 0xf0, 0xa2, 0x04];
    assert_eq!(sketch.to_bytes(), golden);
    assert_eq!(DdSketch::from_bytes(&golden), Ok(sketch));
    assert_eq!(DdSketch::new().to_bytes(), [1, 1, 0]);
}

#[test]
fn score_bins_are_frozen() {
    let golden = [
        (0.0, 1_000_000),
        (-0.0, 1_000_000),
        (1.0, 1_000_100),
        (0.29, 1_000_029),
        (-0.5, 999_950),
        (100.0, 1_010_000),
        (-100.0, 990_000),
        (100.01, 8423),
        (0.001, 7847),
        (1.0 / 3.0, 8138),
        (-1000.0, -8538),
    ];
    for (score, bin) in golden {
        assert_eq!(score_bin(score), Some(bin), "{score}");
    }
    assert_eq!(score_bin(f64::NAN), None);
}

#[test]
fn the_logarithm_of_gamma_is_that_of_gamma() {
    assert_eq!(libm::log(GAMMA).to_bits(), LN_GAMMA.to_bits());
}

#[test]
fn keys_do_not_decrease_across_any_edge() {
    for index in -8191..8190_i32 {
        let edge = libm::exp(f64::from(index) * LN_GAMMA);
        let keys: Vec<i16> = [edge.next_down().next_down(), edge.next_down(), edge, edge.next_up(), edge * 1.000001]
            .iter()
            .map(|&value| key(value).unwrap())
            .collect();
        assert!(keys.is_sorted(), "{index}: {keys:?}");
        assert_eq!(keys[2], i16::try_from(index).unwrap() + KEY_OFFSET);
        assert_eq!(keys[4], keys[2] + 1);
    }
}

#[test]
fn every_key_is_the_key_of_its_value() {
    for bin in -MAX_KEY..=MAX_KEY {
        assert_eq!(key(value(bin)), Some(bin));
    }
    assert_eq!(value(i16::MIN), value(-MAX_KEY));
}

#[test]
fn every_score_bin_is_the_bin_of_its_value() {
    for bin in EXACT_ZERO - 10_000..=EXACT_ZERO + 10_000 {
        assert_eq!(score_bin(score_bin_value(bin)), Some(bin));
    }
}

#[test]
fn exact_scores_have_exact_quantiles_and_extremes() {
    let stars = [(1.0, 10), (2.0, 20), (4.5, 30), (5.0, 40)].map(|(score, count)| (score_bin(score).unwrap(), count));
    let bins = ScoreBins::new(stars).unwrap();
    assert!(bins.is_exact());
    assert_eq!(bins.quantile(0.5), Ok(4.5));
    assert_eq!(bins.quantile(0.1), Ok(1.0));
    assert_eq!(bins.quantile(0.11), Ok(2.0));
    assert!(bins.min().unwrap().exact);
    assert_eq!((bins.min().unwrap().value, bins.max().unwrap().value), (1.0, 5.0));
}

#[test]
fn mixed_scores_are_in_the_order_of_their_values() {
    let scores = [-250.0, -3.0, 0.0, 0.001, 1.0 / 3.0, 0.34, 99.0, 4000.0];
    let bins = ScoreBins::new(scores.iter().rev().map(|&score| (score_bin(score).unwrap(), 1))).unwrap();
    for (rank, score) in (1..).zip(scores) {
        let found = bins.quantile(f64::from(rank) / 8.0).unwrap();
        assert!((found - score).abs() <= 0.01 * score.abs(), "{found} for {score}");
    }
    assert!(!bins.max().unwrap().exact);
}

#[test]
fn removing_what_is_not_there_changes_nothing() {
    let mut sketch = sketch_of(&[1.0, 1.0, 5.0]);
    let before = sketch.clone();
    assert_eq!(sketch.remove_n(1.0, 3), Err(SketchError::NotPresent { key: 8192 }));
    assert_eq!(sketch.remove_n(7.0, 1), Err(SketchError::NotPresent { key: key(7.0).unwrap() }));
    assert!(sketch.subtract(&sketch_of(&[1.0, 6.0])).is_err());
    assert!(sketch.subtract(&sketch_of(&[0.5])).is_err());
    assert!(sketch.subtract(&sketch_of(&[50.0])).is_err());
    assert_eq!(sketch, before);
}

#[test]
fn counts_never_overflow() {
    let mut sketch = DdSketch::new();
    sketch.add_n(1.0, u64::MAX).unwrap();
    let before = sketch.clone();
    assert_eq!(sketch.add(2.0), Err(SketchError::CountOverflow));
    assert_eq!(sketch.merge(&before), Err(SketchError::CountOverflow));
    assert_eq!(DdSketch::merged([&before, &before]), Err(SketchError::CountOverflow));
    assert_eq!(DdSketch::from_bins([(1, u64::MAX), (2, 1)]), Err(SketchError::CountOverflow));
    assert_eq!(sketch, before);
    assert_eq!(sketch.quantile(1.0), Ok(value(8192)));
}

#[test]
fn an_empty_sketch_has_no_quantile() {
    assert!(DdSketch::new().quantile(0.5).is_err());
    assert!(sketch_of(&[1.0]).quantile(f64::NAN).is_err());
    assert!(sketch_of(&[1.0]).quantile(1.5).is_err());
    assert_eq!(DdSketch::new().rank(3.0), Ok(0.0));
}

#[test]
fn a_claimed_length_reserves_nothing() {
    let hostile = [1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0];
    assert_eq!(DdSketch::from_bytes(&hostile), Err(SketchError::Truncated));
}

#[test]
fn only_the_canonical_form_is_read() {
    for (bytes, why) in [
        (&[][..], SketchError::Truncated),
        (&[2, 1, 0], SketchError::UnknownVersion { found: 2 }),
        (&[1, 9, 0], SketchError::UnknownGamma { found: 9 }),
        (&[1, 1, 0, 0], SketchError::NotCanonical),
        (&[1, 1, 0x80, 0x00], SketchError::NotCanonical),
        (&[1, 1, 1, 0, 0], SketchError::NotCanonical),
        (&[1, 1, 2, 0, 1, 0, 1], SketchError::NotCanonical),
        (&[1, 1, 1, 0xff, 0xff, 0x03, 1], SketchError::KeyOutOfRange { key: -32768 }),
    ] {
        assert_eq!(DdSketch::from_bytes(bytes), Err(why), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn quantiles_are_within_one_percent(mut values in values(), q in 0.0..=1.0_f64) {
        let sketch = sketch_of(&values);
        values.sort_by(f64::total_cmp);
        let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len());
        let exact = values[rank - 1];
        let found = sketch.quantile(q).unwrap();
        prop_assert!((found - exact).abs() <= 0.01 * exact.abs() * (1.0 + 1e-12), "{} for {}", found, exact);
    }

    #[test]
    fn merging_in_any_order_and_grouping_equals_the_whole(parts in prop::collection::vec(values(), 1..6)) {
        let whole = sketch_of(&parts.concat());
        let sketches: Vec<DdSketch> = parts.iter().map(|part| sketch_of(part)).collect();
        let mut forward = DdSketch::new();
        for sketch in &sketches {
            forward.merge(sketch).unwrap();
        }
        let mut backward = DdSketch::new();
        for sketch in sketches.iter().rev() {
            backward.merge(sketch).unwrap();
        }
        prop_assert_eq!(&forward, &whole);
        prop_assert_eq!(&backward, &whole);
        prop_assert_eq!(&DdSketch::merged(&sketches).unwrap(), &whole);
        prop_assert_eq!(DdSketch::from_bins(sketches.iter().flat_map(|sketch| sketch.bins().to_vec())).unwrap(), whole);
    }

    #[test]
    fn removal_inverts_insertion(kept in values(), gone in values()) {
        let mut sketch = sketch_of(&kept);
        let before = sketch.clone();
        let other = sketch_of(&gone);
        sketch.merge(&other).unwrap();
        let mut one_by_one = sketch.clone();
        sketch.subtract(&other).unwrap();
        for &value in &gone {
            one_by_one.remove_n(value, 1).unwrap();
        }
        prop_assert_eq!(&sketch, &before);
        prop_assert_eq!(&one_by_one, &before);
    }

    #[test]
    fn bytes_round_trip(values in values()) {
        let sketch = sketch_of(&values);
        prop_assert_eq!(DdSketch::from_bytes(&sketch.to_bytes()), Ok(sketch));
    }

    #[test]
    fn any_bytes_are_safe(tail in prop::collection::vec(any::<u8>(), 0..64)) {
        let bytes = [vec![1, 1], tail].concat();
        if let Ok(sketch) = DdSketch::from_bytes(&bytes) {
            prop_assert_eq!(sketch.to_bytes(), bytes);
        }
    }

    #[test]
    fn keys_sort_like_values(left in any::<f64>(), right in any::<f64>()) {
        let (Some(left_key), Some(right_key)) = (key(left), key(right)) else { return Ok(()); };
        if left <= right {
            prop_assert!(left_key <= right_key);
        } else {
            prop_assert!(left_key >= right_key);
        }
    }

    #[test]
    fn ranks_rise_and_find_their_bin(values in values(), x in -200.0..200.0_f64, y in -200.0..200.0_f64) {
        let sketch = sketch_of(&values);
        let (low, high) = if x <= y { (x, y) } else { (y, x) };
        prop_assert!(sketch.rank(low).unwrap() <= sketch.rank(high).unwrap());
        let own = key(x).unwrap();
        let in_bin = values.iter().filter(|&&value| key(value).unwrap() == own).count() as f64;
        let exact = values.iter().filter(|&&value| value <= x).count() as f64;
        prop_assert!((sketch.rank(x).unwrap() - exact).abs() <= in_bin);
    }
}
