//! What the address says of the Metrics tab. Server only.

use ui::Query;

/// Zones offered; any other name can be typed.
pub(super) const ZONES: [&str; 20] = [
    "UTC",
    "Africa/Johannesburg",
    "America/Chicago",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Dubai",
    "Asia/Jakarta",
    "Asia/Kolkata",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Paris",
    "Pacific/Auckland",
];

/// What the query string says of the Metrics tab. Absent and empty mean the same.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct MetricsQuery {
    /// `24h`, `7d`, …
    pub(super) range: Option<String>,
    /// Start of a fixed range, RFC 3339.
    pub(super) from: Option<String>,
    /// End of it.
    pub(super) to: Option<String>,
    /// Where days begin: a zone's name or offset.
    pub(super) zone: Option<String>,
    /// Only this environment.
    pub(super) environment: Option<String>,
    /// Only this model.
    pub(super) model: Option<String>,
    /// Only this segment.
    pub(super) segment: Option<String>,
    /// Only this user.
    pub(super) user: Option<String>,
    /// What rows are: `version`, `model`, `environment`, `segment`, `user`.
    pub(super) by: Option<String>,
    /// Which numbers the table has: `overview`, `quality`, `speed`, `tokens`, `cost`, `traffic`.
    pub(super) show: Option<String>,
    /// What the chart shows: a measure such as `latency.p50` or `score:correct.mean`; `all` for small charts of the main ones.
    pub(super) metric: Option<String>,
    /// What the distribution is of: `score:correct`, `latency`, …
    pub(super) spread: Option<String>,
    /// The baseline of the comparison.
    pub(super) a: Option<String>,
    /// What is compared with it.
    pub(super) b: Option<String>,
}

impl MetricsQuery {
    /// What an address says.
    pub(super) fn of(query: &Query) -> Self {
        let said = |name: &str| query.get(name).map(str::to_owned);
        Self {
            range: said("range"),
            from: said("from"),
            to: said("to"),
            zone: said("zone"),
            environment: said("environment"),
            model: said("model"),
            segment: said("segment"),
            user: said("user"),
            by: said("by"),
            show: said("show"),
            metric: said("metric"),
            spread: said("spread"),
            a: said("a"),
            b: said("b"),
        }
    }
}
