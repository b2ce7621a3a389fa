-- Times are milliseconds since 1970, digests are `sha256:` and 64 hex digits, JSON is text.

CREATE TABLE versions (
    adapter       TEXT   NOT NULL,
    version       TEXT   NOT NULL,
    component     TEXT   NOT NULL,
    manifest      TEXT   NOT NULL,
    contracts     TEXT   NOT NULL,
    size          BIGINT NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    PRIMARY KEY (adapter, version)
);

CREATE TABLE deployments (
    id          BIGINT NOT NULL PRIMARY KEY,
    adapter     TEXT   NOT NULL,
    version     TEXT   NOT NULL,
    kind        TEXT   NOT NULL CHECK (kind IN ('deploy', 'rollback')),
    restores    BIGINT REFERENCES deployments (id),
    policy      TEXT   NOT NULL,
    policy_text TEXT   NOT NULL,
    manifest    TEXT   NOT NULL,
    services    TEXT   NOT NULL,
    actor       TEXT   NOT NULL,
    created_ms  BIGINT NOT NULL,
    CHECK ((kind = 'rollback') = (restores IS NOT NULL)),
    FOREIGN KEY (adapter, version) REFERENCES versions (adapter, version)
);
CREATE INDEX deployments_by_adapter ON deployments (adapter, id);

-- What serves now: an adapter without a row here is not in service.
CREATE TABLE live (
    adapter    TEXT   NOT NULL PRIMARY KEY,
    deployment BIGINT NOT NULL UNIQUE REFERENCES deployments (id)
);

-- The public names of the adapters in service: one name, one adapter.
CREATE TABLE services (
    name     TEXT NOT NULL PRIMARY KEY,
    adapter  TEXT NOT NULL REFERENCES live (adapter),
    contract TEXT NOT NULL
);
CREATE INDEX services_by_adapter ON services (adapter);

CREATE TABLE acts (
    id         BIGINT NOT NULL PRIMARY KEY,
    at_ms      BIGINT NOT NULL,
    actor      TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    refused    BIGINT NOT NULL CHECK (refused IN (0, 1)),
    -- The deployment that this act made.
    deployment BIGINT UNIQUE REFERENCES deployments (id),
    detail     TEXT   NOT NULL
);
CREATE INDEX acts_by_subject ON acts (subject, id);

CREATE TABLE callers (
    name       TEXT   NOT NULL PRIMARY KEY,
    created_ms BIGINT NOT NULL
);

CREATE TABLE caller_keys (
    id         BIGINT NOT NULL PRIMARY KEY,
    caller     TEXT   NOT NULL REFERENCES callers (name),
    -- SHA-256 of the key's text; the key itself is nowhere.
    hash       BLOB   NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL,
    revoked_ms BIGINT
);
CREATE INDEX caller_keys_by_caller ON caller_keys (caller, id);

CREATE TABLE exchanges (
    id        TEXT   NOT NULL PRIMARY KEY,
    opened_ms BIGINT NOT NULL,
    service   TEXT   NOT NULL,
    caller    TEXT,
    outcome   TEXT   NOT NULL,
    record    TEXT   NOT NULL
);
CREATE INDEX exchanges_by_time ON exchanges (opened_ms);
CREATE INDEX exchanges_by_service ON exchanges (service, opened_ms);
CREATE INDEX exchanges_by_caller ON exchanges (caller, opened_ms);
CREATE INDEX exchanges_by_outcome ON exchanges (outcome, opened_ms);

CREATE TABLE key_values (
    adapter TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   BLOB NOT NULL,
    PRIMARY KEY (adapter, key)
);

-- How many keys, and the bytes of keys and values, kept with each change.
CREATE TABLE key_value_usage (
    adapter TEXT   NOT NULL PRIMARY KEY,
    bytes   BIGINT NOT NULL CHECK (bytes >= 0),
    keys    BIGINT NOT NULL CHECK (keys >= 0)
);

-- What happened stays as it was written, whoever has the file open.
CREATE TRIGGER acts_stay BEFORE UPDATE ON acts
BEGIN SELECT RAISE(ABORT, 'a control act is never changed'); END;
CREATE TRIGGER acts_remain BEFORE DELETE ON acts
BEGIN SELECT RAISE(ABORT, 'a control act is never removed'); END;
CREATE TRIGGER deployments_stay BEFORE UPDATE ON deployments
BEGIN SELECT RAISE(ABORT, 'a deployment is never changed'); END;
CREATE TRIGGER deployments_remain BEFORE DELETE ON deployments
BEGIN SELECT RAISE(ABORT, 'a deployment is never removed'); END;
CREATE TRIGGER versions_stay BEFORE UPDATE ON versions
BEGIN SELECT RAISE(ABORT, 'a version is never changed'); END;
CREATE TRIGGER versions_remain BEFORE DELETE ON versions
BEGIN SELECT RAISE(ABORT, 'a version is never removed'); END;
