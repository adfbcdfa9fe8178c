use crate::word::words;

words!(
    /// Names an experiment to people, clients and addresses. Unique in a project, also among archived ones.
    ExperimentKey, 80, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'),
    "an experiment's key; use 1 to 80 lower-case letters, digits, `-`, `_` or `.`";
    /// Names an arm inside its experiment, in exposures and in what clients report.
    ArmKey, 60, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'),
    "an arm's key; use 1 to 60 letters, digits, `-`, `_` or `.`";
    /// Names a metric inside its experiment.
    MetricKey, 60, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'),
    "a metric's key; use 1 to 60 lower-case letters, digits, `-`, `_` or `.`";
    /// Names an exclusion group: experiments of one group share no unit.
    GroupName, 60, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'),
    "an exclusion group; use 1 to 60 lower-case letters, digits, `-`, `_` or `.`";
    /// Names an outcome event, such as `checkout.completed`.
    EventName, 120, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/'),
    "an event name; use 1 to 120 letters, digits, `-`, `_`, `.`, `:` or `/`";
    /// An attribute whose value is the unit's id. Clients hash on it, so it is plain, never a path.
    AttributeName, 60, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'),
    "an attribute; use 1 to 60 letters, digits, `-` or `_`";
);
