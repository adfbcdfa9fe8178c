use super::*;

#[test]
fn whole_numbers_are_grouped() {
    for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (12_345, "12,345"), (-1_234_567, "−1,234,567")] {
        assert_eq!(count(number), text);
    }
    assert_eq!(count(i64::MIN), "−9,223,372,036,854,775,808");
    assert_eq!(plural(1, "span", "spans"), "1 span");
    assert_eq!(plural(1200, "span", "spans"), "1,200 spans");
}

#[test]
fn compact_numbers_stay_short() {
    for (number, text) in [
        (9_999, "9,999"),
        (10_000, "10K"),
        (12_345, "12.3K"),
        (999_499, "999K"),
        (999_949, "1M"),
        (99_960, "100K"),
        (1_200_000, "1.2M"),
        (123_456_789, "123M"),
        (-2_500_000_000, "−2.5B"),
        (4_000_000_000_000, "4T"),
    ] {
        assert_eq!(compact(number), text, "{number}");
    }
    assert!(compact(i64::MAX).ends_with('T'));
}

#[test]
fn numbers_keep_three_significant_digits() {
    for (value, text) in [
        (0.653_4, "0.653"),
        (214.4, "214"),
        (12_300.4, "12,300"),
        (0.000_412_3, "0.000412"),
        (-0.1, "−0.1"),
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (9.999, "10"),
        (99.96, "100"),
        (f64::NAN, "–"),
    ] {
        assert_eq!(number(value), text, "{value}");
    }
    assert_eq!(fixed(-0.001, 2), "0.00");
    assert_eq!(fixed(-4.6, 1), "−4.6");
    assert_eq!(score(0.6534), "0.653");
    assert_eq!(plus_minus(-0.0191, 3), "±0.019");
}

#[test]
fn percentages_and_changes_carry_their_sign() {
    for (share, text) in [(0.008, "0.8%"), (0.612, "61.2%"), (1.0, "100%"), (0.0, "0%"), (0.2, "20.0%"), (0.05, "5.0%")]
    {
        assert_eq!(percent(share), text);
    }
    assert_eq!(percent_whole(0.204), "20%");
    assert_eq!(percent_whole(0.001), "<1%");
    assert_eq!(change(0.067), "+6.7%");
    assert_eq!(change(-0.046), "−4.6%");
    assert_eq!(change(0.0001), "0.0%");
    assert_eq!(change(f64::INFINITY), "–");
    assert_eq!(points(0.041), "+4.1 pts");
    assert_eq!(points(-0.001), "−0.1 pts");
}

#[test]
fn durations_choose_their_unit() {
    for (ns, text) in [
        (0, "0 ms"),
        (840, "840 ns"),
        (12_300, "12.3 µs"),
        (1_000_000, "1 ms"),
        (1_500_000, "1.5 ms"),
        (9_996_000, "10 ms"),
        (87_300_000, "87.3 ms"),
        (840_000_000, "840 ms"),
        (999_600_000, "1.00 s"),
        (1_210_000_000, "1.21 s"),
        (12_440_000_000, "12.4 s"),
        (59_940_000_000, "59.9 s"),
        (59_960_000_000, "1 min"),
        (125_000_000_000, "2 min 5 s"),
        (11_520_000_000_000, "3 h 12 min"),
        (187_200_000_000_000, "2 d 4 h"),
        (-2_000_000_000, "−2.00 s"),
    ] {
        assert_eq!(duration_ns(ns), text, "{ns}");
    }
    assert_eq!(duration_ms(1210.0), "1.21 s");
    assert_eq!(duration_ms(f64::NAN), "–");
}

#[test]
fn money_shows_sensible_digits() {
    for (nano, text) in [
        (0, "$0"),
        (4_200_000, "$0.0042"),
        (4_000_000, "$0.0040"),
        (40_000_000, "$0.040"),
        (4_123_456, "$0.00412"),
        (12_100_000, "$0.0121"),
        (500_000_000, "$0.50"),
        (994_900_000, "$0.995"),
        (999_999_999, "$1.00"),
        (8_900_000_000, "$8.90"),
        (999_994_000_000, "$999.99"),
        (1_234_400_000_000, "$1,234"),
        (1, "$0.000000001"),
        (-4_200_000, "−$0.0042"),
    ] {
        assert_eq!(money(nano), text, "{nano}");
    }
}

#[test]
fn sizes_and_ids_are_short() {
    assert_eq!(bytes(412), "412 B");
    assert_eq!(bytes(1_234), "1.23 KB");
    assert_eq!(bytes(3_400_000), "3.4 MB");
    assert_eq!(short_id("7f3aaaaaaaaaaaaaaaaaaaaaaaaa91c2"), "7f3a…91c2");
    assert_eq!(short_id("order-12"), "order-12");
    assert_eq!(short_id("überlange-kennung-mit-umlaut"), "überlange-kennung-mit-umlaut");
}

/// 2026-11-21T14:02:11.482Z
const AT: i64 = 1_795_269_731_482_000;

#[test]
fn instants_are_written_in_utc() {
    assert_eq!(rfc3339(AT), "2026-11-21T14:02:11.482000Z");
    assert_eq!(date(AT), "Nov 21, 2026");
    assert_eq!(date_time(AT), "Nov 21, 14:02:11");
    assert_eq!(full_time(AT), "Nov 21, 2026, 14:02:11.482 UTC");
    assert_eq!(datetime_local(AT), "2026-11-21T14:02");
    assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000000Z");
    assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999999Z");
    assert_eq!(date(951_782_400_000_000), "Feb 29, 2000");
}

#[test]
fn instants_agree_with_the_domain() {
    for us in [AT, 0, 951_782_399_999_999, 4_102_444_800_000_000, -86_400_000_001] {
        assert_eq!(rfc3339(us), domain::time::TimeUs(us).to_string());
    }
}

#[test]
fn distances_are_told_from_now() {
    let second = 1_000_000;
    for (before, text) in [
        (0, "just now"),
        (4, "just now"),
        (42, "42 s ago"),
        (240, "4 min ago"),
        (7_200, "2 h ago"),
        (90_000, "1 day ago"),
        (172_800, "2 days ago"),
        (-300, "in 5 min"),
        (19 * 86_400 + 12 * 3600, "19 days ago"),
        (60 * 86_400, "Sep 22"),
        (400 * 86_400, "Oct 17, 2025"),
    ] {
        assert_eq!(relative(AT - before * second, AT), text, "{before}");
    }
}

#[test]
fn decimals_are_those_of_the_standard_library_but_for_halves() {
    for (value, decimals) in
        [(0.0, 0), (0.1, 1), (0.999, 2), (12.345, 2), (-0.26, 1), (123_456.789, 3), (1e-9, 9), (9e9, 3)]
    {
        assert_eq!(decimal(value, decimals), format!("{value:.*}", decimals as usize), "{value}");
    }
    for thousandth in 0_i32..5_000 {
        let value = f64::from(thousandth) / 997.0;
        assert_eq!(decimal(value, 3), format!("{value:.3}"));
    }
    assert_eq!(decimal(0.25, 1), "0.3");
    assert_eq!(decimal(-0.04, 1), "0.0");
    assert_eq!(decimal(1e21, 1), "1000000000000000000000.0");
    assert_eq!(decimal(f64::INFINITY, 2), "0.00");
    assert_eq!(width(33.3333), "33.33%");
}
