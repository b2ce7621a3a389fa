-- The same statements serve SQLite and PostgreSQL, so both schemas say the same.

-- Exchanges that are accepted to be done later, and those that are done once by their idempotency key.
CREATE TABLE durable (
    id              TEXT    NOT NULL PRIMARY KEY,
    caller          TEXT    NOT NULL,
    -- SHA-256 of the idempotency key: what the caller wrote in it is nobody's business.
    key             TEXT,
    service         TEXT    NOT NULL,
    function        TEXT    NOT NULL,
    purpose         TEXT,
    trace           TEXT    NOT NULL,
    request         TEXT    NOT NULL,
    -- The parameters, as long as they may be needed for another try.
    body            BLOB,
    body_bytes      INTEGER NOT NULL,
    lane            TEXT,
    -- The order of acceptance; none of one that was not accepted to be done later.
    number          INTEGER UNIQUE,
    -- Whether it may be tried: nobody is before it in its lane.
    ready           INTEGER NOT NULL CHECK (ready IN (0, 1)),
    state           TEXT    NOT NULL
        CHECK (state IN ('claimed', 'free', 'waiting', 'trying', 'done', 'dead', 'discarded')),
    attempts        INTEGER NOT NULL,
    -- How many of the attempts were made before an operator had it tried again, and since when it waits.
    attempts_before INTEGER NOT NULL,
    accepted_ms     INTEGER NOT NULL,
    since_ms        INTEGER NOT NULL,
    next_ms         INTEGER,
    -- Who does it, and until when that is believed.
    gateway         TEXT,
    boot            TEXT,
    held_until_ms   INTEGER,
    answer          BLOB,
    fault           TEXT,
    code            TEXT,
    story           TEXT    NOT NULL,
    finished_ms     INTEGER,
    CHECK (state NOT IN ('waiting', 'trying', 'dead') OR (number IS NOT NULL AND body IS NOT NULL)),
    CHECK (state <> 'waiting' OR next_ms IS NOT NULL),
    CHECK ((state IN ('claimed', 'trying')) = (boot IS NOT NULL AND held_until_ms IS NOT NULL)),
    CHECK (state <> 'done' OR (answer IS NULL) <> (fault IS NULL)),
    CHECK (state NOT IN ('dead', 'discarded') OR fault IS NOT NULL)
);
CREATE UNIQUE INDEX durable_by_key ON durable (caller, key) WHERE key IS NOT NULL;
CREATE INDEX durable_due ON durable (service, next_ms, number) WHERE state = 'waiting' AND ready = 1;
CREATE INDEX durable_lanes ON durable (lane, number) WHERE state IN ('waiting', 'trying') AND lane IS NOT NULL;
CREATE INDEX durable_tried ON durable (held_until_ms) WHERE state = 'trying';
CREATE INDEX durable_claimed ON durable (accepted_ms) WHERE state = 'claimed';
CREATE INDEX durable_open ON durable (state, service, since_ms) WHERE state IN ('waiting', 'trying', 'dead');
CREATE INDEX durable_dead ON durable (finished_ms, number) WHERE state = 'dead';
CREATE INDEX durable_ended ON durable (finished_ms) WHERE state IN ('free', 'done', 'discarded');

-- How much waits or is tried, how much lies as dead letters, and the last number given: kept with each change.
CREATE TABLE durable_usage (
    one           INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    number        INTEGER NOT NULL,
    waiting       INTEGER NOT NULL CHECK (waiting >= 0),
    waiting_bytes INTEGER NOT NULL CHECK (waiting_bytes >= 0),
    dead          INTEGER NOT NULL CHECK (dead >= 0),
    dead_bytes    INTEGER NOT NULL CHECK (dead_bytes >= 0)
);
INSERT INTO durable_usage (one, number, waiting, waiting_bytes, dead, dead_bytes) VALUES (1, 0, 0, 0, 0, 0);

-- Where each schedule is: the last run that was decided upon, and the runs that are to be made.
CREATE TABLE schedules (
    adapter       TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    -- Expression and time zone: another one begins anew.
    cron          TEXT    NOT NULL,
    last_run_ms   INTEGER NOT NULL,
    -- A JSON list of the planned times, the earliest first.
    pending       TEXT    NOT NULL,
    gateway       TEXT,
    boot          TEXT,
    held_until_ms INTEGER,
    PRIMARY KEY (adapter, name),
    CHECK ((boot IS NULL) = (held_until_ms IS NULL))
);
