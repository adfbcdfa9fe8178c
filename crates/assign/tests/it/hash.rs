//! The hash is frozen: a live experiment's units keep their arms only while these hold.

use assign::hash::{Bucket, Seeded, bucket, buckets, fnv1a_32};
use proptest::prelude::*;

/// Never edit a line, only add.
#[test]
fn buckets_are_frozen() {
    let golden = [
        ("", "a", 216),
        ("seed", "a", 505),
        ("seed", "b", 2696),
        ("foo", "ab", 2575),
        ("foo", "def", 2019),
        ("89123klj", "8952klfjas09ujkasdf", 1240),
        ("90850943850283058242805", "123", 7516),
        ("seed", "user-1", 4232),
        ("exp-1-seed", "user-42", 5781),
        ("exp-tone", "user_1", 6714),
        ("exp-tone", "日本", 6787),
        ("exp-tone", "é-1", 5329),
        ("s", "é", 8605),
        ("s", "😀", 2801),
        ("exp-tone", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 4660),
    ];
    for (seed, unit, expected) in golden {
        assert_eq!(bucket(seed, unit).number(), expected, "{seed:?} {unit:?}");
    }
}

#[test]
fn buckets_end_below_ten_thousand() {
    assert!(Bucket::new(9_999).is_some());
    assert!(Bucket::new(10_000).is_none());
    assert!(serde_json::from_str::<Bucket>("10000").is_err());
}

/// The definition, spelled out with strings.
fn by_definition(seed: &str, unit: &str) -> u16 {
    let first = fnv1a_32(format!("{seed}{unit}").encode_utf16());
    (fnv1a_32(first.to_string().encode_utf16()) % 10_000) as u16
}

/// Digits are produced without the formatting machinery; short numbers are rare, so many units are tried.
#[test]
fn first_hashes_of_every_length_are_hashed_as_their_digits() {
    let mut lengths = [0; 11];
    for unit in (0..200_000_u32).map(|number| number.to_string()) {
        lengths[fnv1a_32(format!("seed{unit}").encode_utf16()).to_string().len()] += 1;
        assert_eq!(bucket("seed", &unit).number(), by_definition("seed", &unit), "{unit}");
    }
    assert!(lengths[6..].iter().all(|&units| units > 0), "{lengths:?}");
}

proptest! {
    #[test]
    fn hashing_in_two_steps_is_the_definition(seed in ".{0,40}", unit in ".{0,60}") {
        prop_assert_eq!(Seeded::new(&seed).bucket(&unit).number(), by_definition(&seed, &unit));
    }

    #[test]
    fn hashing_side_by_side_changes_nothing(seeds in prop::array::uniform3(".{0,40}"), unit in ".{0,60}") {
        let together = buckets(seeds.each_ref().map(|seed| Seeded::new(seed)), &unit);
        prop_assert_eq!(together, seeds.each_ref().map(|seed| bucket(seed, &unit)));
    }
}
