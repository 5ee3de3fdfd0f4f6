-- Instants are whole nanoseconds since 1970-01-01T00:00:00Z; spans are nanoseconds.
-- Prices, quantities and money are exact decimals as text: digits, a point where needed, no trailing zeros.

CREATE TABLE runs (
    run            INTEGER PRIMARY KEY,
    mode           TEXT    NOT NULL,
    seed           TEXT    NOT NULL,
    config_hash    TEXT    NOT NULL,
    engine_version TEXT    NOT NULL,
    started_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    end_reason     TEXT,
    fingerprint    TEXT
) STRICT;

CREATE TABLE instruments (
    run         INTEGER NOT NULL REFERENCES runs (run),
    id          INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    settle      TEXT    NOT NULL,
    price_scale INTEGER NOT NULL,
    qty_scale   INTEGER NOT NULL,
    PRIMARY KEY (run, id),
    UNIQUE (run, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    run             INTEGER NOT NULL,
    client_order_id TEXT    NOT NULL,
    instrument      INTEGER NOT NULL,
    role            TEXT    NOT NULL,
    target          INTEGER,
    side            TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    qty             TEXT    NOT NULL,
    filled          TEXT    NOT NULL,
    limit_price     TEXT,
    trigger_price   TEXT,
    trigger_source  TEXT,
    reduce_only     INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (run, client_order_id),
    FOREIGN KEY (run, instrument) REFERENCES instruments (run, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX orders_by_time ON orders (updated_at);

CREATE TABLE order_events (
    number          INTEGER PRIMARY KEY,
    run             INTEGER NOT NULL,
    client_order_id TEXT    NOT NULL,
    at              INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    qty             TEXT    NOT NULL,
    filled          TEXT    NOT NULL,
    limit_price     TEXT,
    trigger_price   TEXT,
    FOREIGN KEY (run, client_order_id) REFERENCES orders (run, client_order_id)
) STRICT;

-- The same change told twice is one change.
CREATE UNIQUE INDEX order_events_once ON order_events
    (client_order_id, run, at, state, filled, qty, coalesce(limit_price, ''), coalesce(trigger_price, ''));

CREATE TABLE fills (
    run             INTEGER NOT NULL,
    instrument      INTEGER NOT NULL,
    fill_id         TEXT    NOT NULL,
    client_order_id TEXT,
    side            TEXT    NOT NULL,
    qty             TEXT    NOT NULL,
    price           TEXT    NOT NULL,
    fee             TEXT    NOT NULL,
    liquidity       TEXT    NOT NULL,
    cause           TEXT    NOT NULL,
    venue_time      INTEGER NOT NULL,
    PRIMARY KEY (run, instrument, fill_id),
    FOREIGN KEY (run, instrument) REFERENCES instruments (run, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX fills_by_time ON fills (venue_time);

CREATE TABLE positions (
    run        INTEGER NOT NULL,
    instrument INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    qty        TEXT    NOT NULL,
    stop       TEXT,
    protected  INTEGER NOT NULL,
    escalating INTEGER NOT NULL,
    proven_at  INTEGER,
    unrealised TEXT    NOT NULL,
    PRIMARY KEY (run, instrument),
    FOREIGN KEY (run, instrument) REFERENCES instruments (run, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE trades (
    run            INTEGER NOT NULL,
    id             INTEGER NOT NULL,
    instrument     INTEGER NOT NULL,
    side           TEXT    NOT NULL,
    setup          TEXT    NOT NULL,
    regime         TEXT    NOT NULL,
    score          REAL,
    decided_at     INTEGER NOT NULL,
    entry_at       INTEGER NOT NULL,
    entry_value    TEXT    NOT NULL,
    entry_qty      TEXT    NOT NULL,
    decision_price TEXT    NOT NULL,
    initial_stop   TEXT,
    exits          TEXT    NOT NULL,
    closed_at      INTEGER,
    fees           TEXT    NOT NULL,
    funding        TEXT    NOT NULL,
    pnl            TEXT    NOT NULL,
    risk           TEXT    NOT NULL,
    worst_price    TEXT    NOT NULL,
    best_price     TEXT    NOT NULL,
    naked          INTEGER NOT NULL,
    PRIMARY KEY (run, id),
    FOREIGN KEY (run, instrument) REFERENCES instruments (run, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX trades_by_time ON trades (entry_at);

CREATE TABLE decisions (
    run        INTEGER NOT NULL,
    instrument INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    price      TEXT    NOT NULL,
    refused_by TEXT,
    setup      TEXT,
    exit       TEXT,
    gates      TEXT    NOT NULL,
    PRIMARY KEY (run, instrument, at),
    FOREIGN KEY (run, instrument) REFERENCES instruments (run, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX decisions_by_time ON decisions (at);

CREATE TABLE equity (
    run    INTEGER NOT NULL REFERENCES runs (run),
    at     INTEGER NOT NULL,
    equity TEXT    NOT NULL,
    PRIMARY KEY (run, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
    number     INTEGER PRIMARY KEY,
    run        INTEGER NOT NULL REFERENCES runs (run),
    at         INTEGER NOT NULL,
    severity   TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    instrument INTEGER,
    detail     TEXT    NOT NULL,
    FOREIGN KEY (run, instrument) REFERENCES instruments (run, id)
) STRICT;

CREATE UNIQUE INDEX alerts_once ON alerts (run, at, kind, coalesce(instrument, -1), severity, detail);

CREATE INDEX alerts_by_time ON alerts (at);
