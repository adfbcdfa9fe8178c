-- Models whose tokens have no price. Counted in the transaction that stores, replaces or charges their spans.
CREATE TABLE unpriced (
    project INTEGER NOT NULL,
    -- The empty text stands for none.
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    -- As JSON.
    reason TEXT NOT NULL,
    spans INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    PRIMARY KEY (project, model, provider, reason)
) STRICT, WITHOUT ROWID;

-- What spans cost before a job changed that. Packed as src/event/charge.rs describes.
CREATE TABLE past_cost (
    seq INTEGER NOT NULL,
    job BLOB NOT NULL,
    at_us INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (seq, job)
) STRICT, WITHOUT ROWID;
