-- The event plane. Packed records (`data`) are described where they are read and written: src/event/{record,summary,cell}.rs.

CREATE TABLE project (
    id INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL UNIQUE,
    -- When the newest event of each sort was received: the set-up checklist, without looking at events.
    last_span_us INTEGER,
    last_linked_us INTEGER,
    last_score_us INTEGER
) STRICT;

-- Words that repeat, per project: prompts 1, models 2, environments 3, score names 4. The empty prompt is "no link".
CREATE TABLE word (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL REFERENCES project (id),
    kind INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (project, kind, text)
) STRICT;

CREATE TABLE trace (
    -- By arrival, so that everything keyed by it grows at its end.
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    trace_id BLOB NOT NULL,
    start_ns INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    user_id TEXT,
    session_id TEXT,
    data BLOB NOT NULL
) STRICT;
-- The only index in random order.
CREATE UNIQUE INDEX trace_key ON trace (project, trace_id);
-- Environment and failures are in it so that lists filtered by them read the index alone.
CREATE INDEX trace_list ON trace (project, start_ns, trace_id, environment, failed);
CREATE INDEX trace_user ON trace (project, user_id, start_ns, trace_id) WHERE user_id IS NOT NULL;
CREATE INDEX trace_session ON trace (project, session_id, start_ns, trace_id) WHERE session_id IS NOT NULL;

-- Which traces have a generation that counts for a prompt version, by the start of the trace.
CREATE TABLE trace_link (
    prompt INTEGER NOT NULL,
    version INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    trace_id BLOB NOT NULL,
    trace INTEGER NOT NULL,
    PRIMARY KEY (prompt, version, start_ns, trace_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE span (
    -- In order of arrival; the watermark of the fold is one of these.
    seq INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    trace INTEGER NOT NULL,
    span_id INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    -- What a generation counts for; NULL on other kinds.
    prompt INTEGER,
    version INTEGER,
    data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX span_key ON span (trace, span_id);
CREATE INDEX span_link ON span (prompt, version, start_ns) WHERE prompt IS NOT NULL;

CREATE TABLE payload (
    seq INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

CREATE TABLE score (
    seq INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    id TEXT NOT NULL,
    trace_id BLOB,
    span_id INTEGER,
    session_id TEXT,
    data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX score_key ON score (project, id);
CREATE INDEX score_trace ON score (project, trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX score_session ON score (project, session_id) WHERE session_id IS NOT NULL;

-- Totals, folded from the rows above. Hours since 1970; segment and arm are 0 until they are used.
CREATE TABLE cell_span (
    project INTEGER NOT NULL,
    prompt INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    version INTEGER NOT NULL,
    model INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    arm INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (project, prompt, hour, version, model, environment, segment, arm)
) STRICT, WITHOUT ROWID;
CREATE TABLE cell_score (
    project INTEGER NOT NULL,
    prompt INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    version INTEGER NOT NULL,
    model INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    arm INTEGER NOT NULL,
    name INTEGER NOT NULL,
    level INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (project, prompt, hour, version, model, environment, segment, arm, name, level)
) STRICT, WITHOUT ROWID;

-- Spans up to here are in the totals.
CREATE TABLE watermark (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    span INTEGER NOT NULL
) STRICT;
INSERT INTO watermark (one, span) VALUES (1, 0);
-- What a folded span that has changed since contributed, until the fold has taken it out. Empty: nothing.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    before BLOB NOT NULL
) STRICT;
-- Cells that lost their first or last generation while the journal was not yet empty.
CREATE TABLE stale_cell (
    key BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
-- What each score contributed.
CREATE TABLE score_fold (
    seq INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;
-- Scores to be looked at again, and sessions whose scores are.
CREATE TABLE dirty_score (seq INTEGER PRIMARY KEY) STRICT;
CREATE TABLE dirty_session (
    project INTEGER NOT NULL,
    session_id TEXT NOT NULL,
    PRIMARY KEY (project, session_id)
) STRICT, WITHOUT ROWID;
