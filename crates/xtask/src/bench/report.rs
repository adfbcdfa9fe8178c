//! The figures as a page of Markdown, beside the budgets of ARCHITECTURE §7 and the product page.

use std::{fmt::Write as _, fs, process::Command, thread};

use serde_json::{Value, json};

use crate::{process, workspace::Workspace};

const MEGABYTE: f64 = 1024.0 * 1024.0;

/// What was measured on, and when.
pub(super) fn machine(workspace: &Workspace) -> Value {
    let said = |command: &mut Command| process::output(command).map(|text| text.trim().to_owned()).unwrap_or_default();
    let commit = said(Command::new("git").current_dir(&workspace.root).args(["rev-parse", "--short", "HEAD"]));
    let changed = said(Command::new("git").current_dir(&workspace.root).args(["status", "--porcelain"]));
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line =
            text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':').map(|(_, value)| value.trim()));
        line.unwrap_or("unknown").to_owned()
    };
    json!({
        "when": said(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"])),
        "commit": if changed.is_empty() { commit } else { format!("{commit} with changes") },
        "cores": thread::available_parallelism().map_or(0, usize::from),
        "processor": field("/proc/cpuinfo", "model name"),
        "memory": field("/proc/meminfo", "MemTotal"),
    })
}

/// A number at a place of the figures; 0 where there is none, as on systems that do not say.
fn number(figures: &Value, place: &str) -> f64 {
    figures.pointer(place).and_then(Value::as_f64).unwrap_or_default()
}

fn words<'a>(figures: &'a Value, place: &str) -> &'a str {
    figures.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

/// `12,345`.
fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The page. Writing to a string cannot fail, so what `writeln` returns is left aside throughout.
pub(super) fn write(figures: &Value, spans: u64, seed: u64) -> String {
    let mut page = String::new();
    let of = |place: &str| number(figures, place);
    let _ = writeln!(
        page,
        "# Benchmark\n\n`cargo xtask bench --spans {spans} --seed {seed}`, {}, commit {}.\n{} cores of {}, {} of memory; \
         tasks wanting to run: {:.1} before, {:.1} after.\n",
        words(figures, "/machine/when"),
        words(figures, "/machine/commit"),
        of("/machine/cores"),
        words(figures, "/machine/processor"),
        words(figures, "/machine/memory"),
        of("/load/load_average/0"),
        of("/load/load_average/1"),
    );
    ingest(&mut page, figures);
    pages(&mut page, figures);
    rest(&mut page, figures);
    beside(&mut page, figures);
    page
}

fn ingest(page: &mut String, figures: &Value) {
    let of = |place: &str| number(figures, place);
    let _ = writeln!(
        page,
        "## Durable ingest\n\nAcknowledged after commit, client on the same machine, 8 connections, 512 spans a request; the \
         bare loop inserts the same rows in the same run and decodes, looks up and compresses nothing.\n\n\
         | | spans/s | of the bare loop | bare loop | CPU of the server, µs a span | request p50 / p99, ms |\n|---|--:|--:|--:|--:|--:|"
    );
    let runs = [
        ("plain", "OTLP/HTTP protobuf"),
        ("gzip", "OTLP/HTTP protobuf, gzip"),
        ("json", "OTLP/HTTP JSON"),
        ("again", "the same spans again, unchanged"),
        ("changed", "the same spans again, changed"),
        ("long", "one long trace"),
    ];
    for (run, name) in runs {
        let load = |place: &str| of(&format!("/load/ingest/{run}/{place}"));
        let bare = of(&format!("/bare/{run}/bare_per_s"));
        let (ratio, bare) = if bare > 0.0 {
            (format!("{:.2}", load("per_s") / bare), whole(bare))
        } else {
            (String::new(), String::new())
        };
        let _ = writeln!(
            page,
            "| {name}, {} spans | {} | {ratio} | {bare} | {:.1} | {:.0} / {:.0} |",
            whole(load("spans")),
            whole(load("per_s")),
            load("server_cpu_micros_per_span"),
            load("request/p50_ms"),
            load("request/p99_ms"),
        );
    }
    let _ = writeln!(
        page,
        "| the store alone, {} spans | {} | {:.2} | {} | | |",
        whole(of("/store/spans")),
        whole(of("/store/ingest_per_s")),
        of("/store/ratio"),
        whole(of("/store/bare_per_s")),
    );
    let _ = writeln!(
        page,
        "\nTotals were complete {:.2} s after the last acknowledgement; requests put off with 429 or 503: {}.\n\n\
         Where the time goes, in µs a span, all threads together:\n\n| phase | plain | gzip |\n|---|--:|--:|",
        of("/load/ingest/plain/totals_behind_s"),
        of("/load/ingest/plain/put_off") + of("/load/ingest/gzip/put_off"),
    );
    let phases = figures.pointer("/load/ingest/plain/phases").and_then(Value::as_array);
    for (place, phase) in phases.into_iter().flatten().enumerate() {
        let gzip = of(&format!("/load/ingest/gzip/phases/{place}/micros_per_span"));
        let _ = writeln!(page, "| {} | {:.1} | {gzip:.1} |", words(phase, "/what"), number(phase, "/micros_per_span"));
    }
}

fn pages(page: &mut String, figures: &Value) {
    let measured = figures.pointer("/load/pages").and_then(Value::as_array);
    for (kind, title) in [("page", "Pages, whole HTML as a browser gets it"), ("api", "Questions of programs")] {
        let _ = writeln!(
            page,
            "\n## {title}, at {} spans\n\n| | p50 ms | p95 ms | p99 ms | KB sent |\n|---|--:|--:|--:|--:|",
            whole(number(figures, "/load/spans"))
        );
        for one in measured.into_iter().flatten().filter(|one| words(one, "/kind") == kind) {
            let _ = writeln!(
                page,
                "| {} | {:.1} | {:.1} | {:.1} | {:.1} |",
                words(one, "/name"),
                number(one, "/times/p50_ms"),
                number(one, "/times/p95_ms"),
                number(one, "/times/p99_ms"),
                number(one, "/bytes") / 1024.0,
            );
        }
    }
}

fn rest(page: &mut String, figures: &Value) {
    let of = |place: &str| number(figures, place);
    let fetch = |place: &str| of(&format!("/load/prompt_fetch/{place}"));
    let resolve = |place: &str| of(&format!("/load/resolve/{place}"));
    let million = 1e6 / of("/load/spans").max(1.0);
    let slowest = figures.pointer("/load/pages").and_then(Value::as_array).into_iter().flatten();
    let slowest = slowest.filter(|one| words(one, "/kind") == "page").map(|one| number(one, "/times/p95_ms"));
    let lines = [
        (
            "slowest page, p95",
            format!("{:.1} ms", slowest.fold(0.0, f64::max)),
            "50 ms at a million spans, 200 ms at ten",
        ),
        (
            "prompt fetch, open loop",
            format!(
                "p50 {:.2} ms, p99 {:.2} ms, worst {:.0} ms at {}/s for {} s; {:.0} µs of CPU each",
                fetch("times/p50_ms"),
                fetch("times/p99_ms"),
                fetch("times/max_ms"),
                whole(fetch("per_s")),
                fetch("seconds"),
                fetch("server_cpu_micros_each"),
            ),
            "p99 2 ms at 2,000/s",
        ),
        (
            "resolve for a unit, open loop, while exposures arrive",
            format!(
                "p50 {:.2} ms, p99 {:.2} ms, worst {:.0} ms at {}/s for {} s, {} units exposed; {:.0} µs of CPU each",
                resolve("times/p50_ms"),
                resolve("times/p99_ms"),
                resolve("times/max_ms"),
                whole(resolve("per_s")),
                resolve("seconds"),
                whole(resolve("exposed")),
                resolve("server_cpu_micros_each"),
            ),
            "p99 2 ms at 2,000/s",
        ),
        ("start on this file, until ready", format!("{:.2} s", of("/load/start_s")), "1 s at ten million spans"),
        ("stop after the ingest", format!("{:.2} s", of("/load/stop_s")), ""),
        ("memory of an empty server", format!("{:.0} MB", of("/load/memory/empty_bytes") / MEGABYTE), ""),
        (
            "memory, idle after all of this",
            format!("{:.0} MB", of("/load/memory/idle_bytes") / MEGABYTE),
            "256 MB at ten million spans",
        ),
        (
            "memory, peak of the ingest",
            format!("{:.0} MB", of("/load/memory/peak_of_ingest_bytes") / MEGABYTE),
            "512 MB",
        ),
        ("binary with the site inside", format!("{:.1} MB", of("/load/sizes/binary_bytes") / MEGABYTE), ""),
        ("file", format!("{:.0} bytes a span (2 KB raw)", of("/load/sizes/bytes_per_span")), ""),
        (
            "totals, for a million spans",
            format!(
                "{} rows, {:.1} MB",
                whole(of("/bare/plain/total_rows") * million),
                of("/bare/plain/total_bytes") * million / MEGABYTE
            ),
            "",
        ),
    ];
    let _ = writeln!(page, "\n## The rest\n\n| what | measured | budget |\n|---|---|---|");
    for (what, measured, budget) in lines {
        let _ = writeln!(page, "| {what} | {measured} | {budget} |");
    }
}

/// What others do with the same bytes on the same machine; nothing where that was not asked for.
fn beside(page: &mut String, figures: &Value) {
    let others = figures.pointer("/beside/others").and_then(Value::as_array).into_iter().flatten();
    let own = number(figures, "/beside/assay/per_s");
    let spans = number(figures, "/beside/spans");
    for (place, other) in others.enumerate() {
        if place == 0 {
            let _ = writeln!(
                page,
                "\n## Beside others\n\nThe same {} spans, one after the other on the same machine, each with its defaults on a \
                 SQLite file, until all rows are committed in it.\n\n| | spans/s stored | Assay does | acknowledged, s | stored, s \
                 |\n|---|--:|--:|--:|--:|\n| Assay | {} | | {:.2} | {:.2} |",
                whole(spans),
                whole(own),
                number(figures, "/beside/assay/stored_s"),
                number(figures, "/beside/assay/stored_s"),
            );
        }
        let _ = writeln!(
            page,
            "| {} {}, {} of them | {:.0} | {:.0} times | {:.1} | {:.1} |",
            words(other, "/name"),
            words(other, "/version"),
            whole(number(other, "/stored")),
            number(other, "/per_s"),
            own / number(other, "/per_s"),
            number(other, "/acknowledged_s"),
            number(other, "/stored_s"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0.4, 999.0, 1_000.0, 1_234_567.0].map(whole),
            ["0", "999", "1,000", "1,234,567"].map(str::to_owned)
        );
    }

    #[test]
    fn others_stand_beside_with_their_ratio() {
        let phoenix = json!({"name": "Phoenix", "version": "1", "stored": 10_240, "per_s": 100.0});
        let figures = json!({"beside": {"spans": 10_240, "assay": {"per_s": 25_000.0}, "others": [phoenix]}});
        let page = write(&figures, 1_000, 7);
        assert!(page.contains("| Phoenix 1, 10,240 of them | 100 | 250 times |"), "{page}");
        assert!(!write(&json!({}), 1_000, 7).contains("Beside"));
    }

    #[test]
    fn a_report_without_figures_is_still_a_report() {
        let page = write(&json!({}), 1_000, 7);
        assert!(
            page.contains("cargo xtask bench --spans 1000 --seed 7") && page.contains("| what | measured | budget |")
        );
    }
}
