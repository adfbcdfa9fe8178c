//! The hash is frozen: a live experiment's units keep their arms only while these hold.

use assign::hash::{Bucket, Seeded, bucket, fnv1a_32};
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

proptest! {
    #[test]
    fn hashing_in_two_steps_is_the_definition(seed in ".{0,40}", unit in ".{0,60}") {
        prop_assert_eq!(Seeded::new(&seed).bucket(&unit).number(), by_definition(&seed, &unit));
    }
}
