//! Special functions against 40-digit arithmetic (mpmath 1.3) and, where that was too slow, scipy 1.17.1; beyond the
//! reference vectors: far tails, large parameters, and both sides of every switch between two algorithms.

use stats::special;

fn near(what: &str, got: f64, expected: f64, relative: f64) {
    assert!((got - expected).abs() <= relative * expected.abs() + 1e-300, "{what}: got {got}, expected {expected}");
}

#[test]
fn the_normal_tails_are_exact() {
    let cases = [
        (-38.0, 1.0, -726.5572160188201),
        (-20.5, 1.0, -214.0667289632638),
        (-7.0, 0.9999999999987201, -27.384307498811076),
        (-4.999, 0.9999997118579859, -15.059812373671576),
        (-5.001, 0.9999997148314368, -15.07018538160944),
        (-1.0, 0.8413447460685429, -1.8410216450092636),
        (0.1, 0.460172162722971, -0.6165050101150263),
        (4.9, 4.79183276590319e-07, -4.79183391398662e-07),
        (5.1, 1.6982674071476014e-07, -1.698267551353227e-07),
        (12.0, 1.776482112077679e-33, -1.776482112077679e-33),
        (37.0, 5.725571222524577e-300, -5.725571222524577e-300),
    ];
    for (x, sf, ln_cdf) in cases {
        near("sf", special::normal_sf(x).unwrap(), sf, 1e-12);
        near("ln cdf", special::normal_ln_cdf(x).unwrap(), ln_cdf, 1e-12);
    }
}

#[test]
fn the_normal_quantile_is_exact() {
    let cases = [
        (1e-320, -38.26912534303265),
        (1e-290, -36.420731673207996),
        (1e-50, -14.933337534788489),
        (1e-15, -7.941345326170997),
        (1e-05, -4.264890793922825),
        (0.0749, -1.4402382675279637),
        (0.0751, -1.43882539275254),
        (0.3, -0.5244005127080408),
        (0.49999, -2.5066282748960008e-05),
        (0.7, 0.5244005127080407),
        (0.999, 3.090232306167813),
    ];
    for (p, x) in cases {
        near("quantile", special::normal_quantile(p).unwrap(), x, 1e-12);
    }
}

#[test]
fn students_tail_is_exact_for_all_degrees_of_freedom() {
    let cases = [
        (0.5, 0.3, 0.4003553963107388),
        (3.0, 1.0, 0.10241638234956672),
        (1e6, 2.0, 4.9999999999925e-13),
        (40.0, 3.5, 4.38322055468651e-06),
        (0.001, 7.0, 0.4996150086224994),
        (-2.0, 11.0, 0.9645980224659827),
        (8.0, 99.5, 1.1677406898159508e-12),
        (2.5, 1000.0, 0.006289283900545398),
        (30.0, 5000.0, 2.845829058930851e-182),
        (1.2, 99999.0, 0.11507109167402044),
        (1.2, 100001.0, 0.11507109164559175),
        (6.0, 100001.0, 9.89964693980674e-10),
        (25.0, 1e6, 3.371179083771837e-138),
        (4.0, 3e8, 3.167124941683336e-05),
    ];
    for (t, dof, sf) in cases {
        near("sf", special::student_sf(t, dof).unwrap(), sf, 1e-11);
        if t > 0.1 {
            near("quantile", special::student_quantile(sf, dof).unwrap(), -t, 1e-9);
        }
    }
}

#[test]
fn the_chi_square_tail_is_exact() {
    let cases = [
        (1e-08, 1.0, 0.9999202115440526),
        (0.1, 0.5, 0.4834446791695344),
        (30.0, 10.0, 0.0008566412107753004),
        (10.0, 30.0, 0.9997737463238232),
        (500.0, 400.0, 0.00048221275959343376),
        (1500.0, 1000.0, 1.0454640385979658e-22),
        (90000.0, 100000.0, 1.0),
        (101000.0, 100000.0, 0.012868840377233669),
        (1002000.0, 1000000.0, 0.07871866138612964),
        (2004000.0, 2000000.0, 0.022804095898769864),
        (1990000.0, 2000000.0, 0.9999997250419641),
        (4010000.0, 4000000.0, 0.00020557026636930782),
    ];
    for (x, dof, sf) in cases {
        near("sf", special::chi_square_sf(x, dof).unwrap(), sf, if dof > 2e6 { 1e-7 } else { 1e-10 });
    }
}

#[test]
fn the_beta_functions_are_exact_for_large_parameters() {
    let logs = [
        (1e-3, 1e-3, 7.600900817008347),
        (0.5, 7.9, -0.4452541655615427),
        (8.0, 8.0, -10.848948661710063),
        (8.1, 3.0, -5.9195267184884655),
        (3.0, 2000.0, -22.111059573441036),
        (1e5, 1e5, -138633.92706134808),
        (1e6, 2e6, -1909548.290968533),
        (5e6, 0.5, -7.140109267274487),
        (50.0, 1e6, -546.2110089316568),
        (1e8, 1e8, -138629444.05681732),
        (9.5, 3e8, -173.74395052368058),
    ];
    for (a, b, log) in logs {
        near("ln beta", special::ln_beta(a, b).unwrap(), log, 1e-14);
    }
    let regularized = [
        (1e-3, 1e-3, 0.4, 0.49979755072797205),
        (0.5, 7.9, 0.01, 0.30512291013659776),
        (8.0, 8.0, 0.5, 0.5),
        (8.1, 3.0, 0.9, 0.9279655600086654),
        (3.0, 2000.0, 0.001, 0.3238651730871041),
        (2000.0, 3.0, 0.9995, 0.9195605772279829),
        (1e5, 1e5, 0.501, 0.8144532554424423),
        (1e6, 2e6, 0.333, 0.11032283951662562),
        (5e6, 0.5, 0.999999, 0.001565398432595212),
        (50.0, 1e6, 4e-05, 0.07037447340517654),
        (1e8, 1e8, 0.50003, 0.8019280453412152),
    ];
    for (a, b, x, value) in regularized {
        near("I", special::regularized_beta(a, b, x).unwrap(), value, 1e-9);
    }
}

#[test]
fn the_kolmogorov_tail_agrees_with_scipy() {
    let cases = [
        (1, 0.7, 0.6),
        (5, 0.3, 0.664),
        (20, 0.15, 0.7044671549442872),
        (60, 0.2, 0.014023403960275127),
        (140, 0.05, 0.8576480297656114),
        (200, 0.05, 0.6802625495871704),
        (200, 0.15, 0.0002154191244887308),
        (500, 0.03, 0.7473166700457021),
        (2000, 0.02, 0.3953133626892045),
        (2000, 0.03, 0.05354694793932557),
        (100, 0.1, 0.2526927570063874),
        (150_000, 0.003, 0.1341018124495077),
        (150_000, 0.005, 0.001102453936024622),
    ];
    for (n, d, sf) in cases {
        near("kolmogorov", special::kolmogorov_sf(n, d).unwrap(), sf, if n > 100_000 { 1e-4 } else { 1e-9 });
    }
}

#[test]
fn nothing_in_the_engine_uses_the_platforms_own_functions() {
    // `f64::ln` and its kin come from the platform's library and differ between native and WASM; `libm` does not. Square
    // roots are exact everywhere.
    let forbidden =
        [".ln()", ".exp()", ".powf(", ".powi(", ".ln_1p(", ".exp_m1(", ".sin()", ".cos()", ".cbrt()", ".log10("];
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                for call in forbidden {
                    assert!(!line.contains(call), "{}: `{}` in: {line}", path.display(), call);
                }
            }
        }
    }
}
