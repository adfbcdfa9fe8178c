-- What log records say went into and came out of spans. By the ids of the sender: the span may come later, or never.
CREATE TABLE message (
    project INTEGER NOT NULL,
    trace_id BLOB NOT NULL,
    span_id INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    -- Of its content: the same again is the same message.
    digest INTEGER NOT NULL,
    place INTEGER NOT NULL,
    -- 0 input, 1 output.
    side INTEGER NOT NULL CHECK (side IN (0, 1)),
    -- 0 a piece, 1 the whole.
    extent INTEGER NOT NULL CHECK (extent IN (0, 1)),
    data BLOB NOT NULL,
    PRIMARY KEY (project, trace_id, span_id, at_ns, digest)
) STRICT, WITHOUT ROWID;

-- A removed score stays, without its content, so that what is sent again is not taken for new.
ALTER TABLE score ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
-- Lists in the order of arrival; `seq` is the rest of every index.
CREATE INDEX score_arrival ON score (project);
