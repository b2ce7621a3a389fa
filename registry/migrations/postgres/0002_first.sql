-- Times are milliseconds since 1970, digests are `sha256:` and 64 hex digits, JSON is text. Names and numbers are
-- those of the SQLite schema of the same number, so that the same statements serve both. The collation is "C"
-- wherever order matters, as it is in SQLite: by bytes.

CREATE TABLE versions (
    adapter       TEXT COLLATE "C" NOT NULL,
    version       TEXT COLLATE "C" NOT NULL,
    component     TEXT   NOT NULL,
    manifest      TEXT   NOT NULL,
    contracts     TEXT   NOT NULL,
    size          BIGINT NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    PRIMARY KEY (adapter, version)
);

CREATE TABLE deployments (
    id          BIGINT NOT NULL PRIMARY KEY,
    adapter     TEXT COLLATE "C" NOT NULL,
    version     TEXT COLLATE "C" NOT NULL,
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
    adapter    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    deployment BIGINT NOT NULL UNIQUE REFERENCES deployments (id)
);

-- The public names of the adapters in service: one name, one adapter.
CREATE TABLE services (
    name     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    adapter  TEXT COLLATE "C" NOT NULL REFERENCES live (adapter),
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
    detail     TEXT   NOT NULL,
    -- The gateway that made it.
    gateway    TEXT   NOT NULL
);
CREATE INDEX acts_by_subject ON acts (subject, id);
CREATE INDEX acts_by_gateway ON acts (gateway, id);

CREATE TABLE callers (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    created_ms BIGINT NOT NULL
);

CREATE TABLE caller_keys (
    id         BIGINT NOT NULL PRIMARY KEY,
    caller     TEXT COLLATE "C" NOT NULL REFERENCES callers (name),
    -- SHA-256 of the key's text; the key itself is nowhere.
    hash       BYTEA  NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL,
    revoked_ms BIGINT
);
CREATE INDEX caller_keys_by_caller ON caller_keys (caller, id);

CREATE TABLE exchanges (
    id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
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
    adapter TEXT COLLATE "C" NOT NULL,
    key     BYTEA NOT NULL,
    value   BYTEA NOT NULL,
    PRIMARY KEY (adapter, key)
);

-- How many keys, and the bytes of keys and values, kept with each change.
CREATE TABLE key_value_usage (
    adapter TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    bytes   BIGINT NOT NULL CHECK (bytes >= 0),
    keys    BIGINT NOT NULL CHECK (keys >= 0)
);

-- Counts the changes of one topic: who sees another number than before looks again.
CREATE TABLE changes (
    topic  TEXT   NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);
INSERT INTO changes (topic, number) VALUES ('control', 0);

-- Components, for all gateways. In parts, so that no statement is long.
CREATE TABLE blobs (
    digest TEXT   NOT NULL PRIMARY KEY,
    size   BIGINT NOT NULL
);
CREATE TABLE blob_parts (
    digest TEXT   NOT NULL REFERENCES blobs (digest),
    part   BIGINT NOT NULL,
    bytes  BYTEA  NOT NULL,
    PRIMARY KEY (digest, part)
);
-- Components hardly get smaller, and trying costs.
ALTER TABLE blob_parts ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- What happened stays as it was written, whoever is connected.
CREATE FUNCTION nhip_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never %', TG_ARGV[0], CASE TG_OP WHEN 'UPDATE' THEN 'changed' ELSE 'removed' END;
END
$$;
CREATE TRIGGER acts_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON acts
FOR EACH STATEMENT EXECUTE FUNCTION nhip_stays('a control act');
CREATE TRIGGER deployments_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON deployments
FOR EACH STATEMENT EXECUTE FUNCTION nhip_stays('a deployment');
CREATE TRIGGER versions_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON versions
FOR EACH STATEMENT EXECUTE FUNCTION nhip_stays('a version');
