-- The sealed segments of every gateway's record, so that each gateway can search all of them and none is lost with a
-- disk. A gateway that shares its database with nobody has no need of it.

CREATE TABLE record_gateways (
    gateway   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- The public key of its record: whoever comes under this name with another one is somebody else.
    key       TEXT   NOT NULL,
    -- The last segment that is here, its last entry, and when it was sealed; all 0 as long as none is.
    segment   BIGINT NOT NULL,
    entry     BIGINT NOT NULL,
    sealed_ms BIGINT NOT NULL
);

CREATE TABLE record_segments (
    gateway TEXT COLLATE "C" NOT NULL REFERENCES record_gateways (gateway),
    segment BIGINT NOT NULL,
    -- The first and the last line, without their newlines: all that is left of a segment that was emptied.
    header  BYTEA  NOT NULL,
    seal    BYTEA  NOT NULL,
    emptied BIGINT NOT NULL CHECK (emptied IN (0, 1)),
    PRIMARY KEY (gateway, segment)
);
CREATE INDEX record_segments_kept ON record_segments (gateway, segment) WHERE emptied = 0;

-- What is between the two lines, in parts, so that no statement is long.
CREATE TABLE record_parts (
    gateway TEXT COLLATE "C" NOT NULL,
    segment BIGINT NOT NULL,
    part    BIGINT NOT NULL,
    bytes   BYTEA  NOT NULL,
    PRIMARY KEY (gateway, segment, part),
    FOREIGN KEY (gateway, segment) REFERENCES record_segments (gateway, segment)
);

-- The index: in which segments an exchange is.
CREATE TABLE record_exchanges (
    id      BYTEA  NOT NULL,
    gateway TEXT COLLATE "C" NOT NULL,
    segment BIGINT NOT NULL,
    PRIMARY KEY (id, gateway, segment),
    FOREIGN KEY (gateway, segment) REFERENCES record_segments (gateway, segment)
);
CREATE INDEX record_exchanges_by_segment ON record_exchanges (gateway, segment);
