-- The same statements serve SQLite and PostgreSQL, so both schemas say the same.

-- Who made an act: the name of the gateway, empty for those before gateways had names.
ALTER TABLE acts ADD COLUMN gateway TEXT NOT NULL DEFAULT '';
CREATE INDEX acts_by_gateway ON acts (gateway, id);

-- Counts the changes of one topic: who sees another number than before looks again.
CREATE TABLE changes (
    topic  TEXT   NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);
INSERT INTO changes (topic, number) VALUES ('control', 0);

-- Keys are bytes: an adapter's key may hold what a text of PostgreSQL may not, and bytes have one order everywhere.
CREATE TABLE key_values_as_bytes (
    adapter TEXT NOT NULL,
    key     BLOB NOT NULL,
    value   BLOB NOT NULL,
    PRIMARY KEY (adapter, key)
);
INSERT INTO key_values_as_bytes (adapter, key, value) SELECT adapter, CAST(key AS BLOB), value FROM key_values;
DROP TABLE key_values;
ALTER TABLE key_values_as_bytes RENAME TO key_values;
