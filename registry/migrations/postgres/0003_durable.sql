-- Exchanges that are accepted to be done later, and those that are done once by their idempotency key.
CREATE TABLE durable (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    caller          TEXT COLLATE "C" NOT NULL,
    -- SHA-256 of the idempotency key: what the caller wrote in it is nobody's business.
    key             TEXT COLLATE "C",
    service         TEXT COLLATE "C" NOT NULL,
    function        TEXT COLLATE "C" NOT NULL,
    purpose         TEXT,
    trace           TEXT NOT NULL,
    request         TEXT NOT NULL,
    -- The parameters, as long as they may be needed for another try.
    body            BYTEA,
    body_bytes      BIGINT NOT NULL,
    lane            TEXT COLLATE "C",
    -- The order of acceptance; none of one that was not accepted to be done later.
    number          BIGINT UNIQUE,
    -- Whether it may be tried: nobody is before it in its lane.
    ready           BIGINT NOT NULL CHECK (ready IN (0, 1)),
    state           TEXT COLLATE "C" NOT NULL
        CHECK (state IN ('claimed', 'free', 'waiting', 'trying', 'done', 'dead', 'discarded')),
    attempts        BIGINT NOT NULL,
    -- How many of the attempts were made before an operator had it tried again, and since when it waits.
    attempts_before BIGINT NOT NULL,
    accepted_ms     BIGINT NOT NULL,
    since_ms        BIGINT NOT NULL,
    next_ms         BIGINT,
    -- Who does it, and until when that is believed.
    gateway         TEXT,
    boot            TEXT COLLATE "C",
    held_until_ms   BIGINT,
    answer          BYTEA,
    fault           TEXT,
    code            TEXT COLLATE "C",
    story           TEXT NOT NULL,
    finished_ms     BIGINT,
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
    one           BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    number        BIGINT NOT NULL,
    waiting       BIGINT NOT NULL CHECK (waiting >= 0),
    waiting_bytes BIGINT NOT NULL CHECK (waiting_bytes >= 0),
    dead          BIGINT NOT NULL CHECK (dead >= 0),
    dead_bytes    BIGINT NOT NULL CHECK (dead_bytes >= 0)
);
INSERT INTO durable_usage (one, number, waiting, waiting_bytes, dead, dead_bytes) VALUES (1, 0, 0, 0, 0, 0);

-- Where each schedule is: the last run that was decided upon, and the runs that are to be made.
CREATE TABLE schedules (
    adapter       TEXT COLLATE "C" NOT NULL,
    name          TEXT COLLATE "C" NOT NULL,
    -- Expression and time zone: another one begins anew.
    cron          TEXT NOT NULL,
    last_run_ms   BIGINT NOT NULL,
    -- A JSON list of the planned times, the earliest first.
    pending       TEXT NOT NULL,
    gateway       TEXT,
    boot          TEXT COLLATE "C",
    held_until_ms BIGINT,
    PRIMARY KEY (adapter, name),
    CHECK ((boot IS NULL) = (held_until_ms IS NULL))
);
